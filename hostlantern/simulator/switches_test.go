// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// sides is a switch seen both ways: what an answer has and lacks by default,
// and once the switch is changed.
type sides struct {
	name   string
	change func(*simulator.Switches)
	answer func(*world) string
	has    string // by default; absent after the change
	gets   string // after the change; absent by default
}

func TestEverySwitchHasAnEffect(t *testing.T) {
	t.Parallel()
	type switches = simulator.Switches
	create := func(w *world) string { return w.send("ssl.create", "Years", "1", "Type", "PositiveSSL") }
	wrong := func(w *world) string { return w.send("ssl.create", "Years", "9", "Type", "PositiveSSL") }
	list := func(w *world) string { return w.send("ssl.getList") }
	info := func(id func(*world) string, pairs ...string) func(*world) string {
		return func(w *world) string {
			return w.send("ssl.getInfo", append([]string{"CertificateID", id(w)}, pairs...)...)
		}
	}
	fresh := func(w *world) string { return w.bought("PositiveSSL") }
	live := func(w *world) string { return w.issued("PositiveSSL", "example.com") }
	multi := func(w *world) string { return w.bought("PositiveSSL Multi Domain", "SANStoADD", "3") }
	submit := func(w *world) string {
		return w.send("ssl.activate", "CertificateID", w.bought("PositiveSSL"), "CSR", csr(w.t, "example.com"), "HTTPDCValidation", "true")
	}
	reissued := func(w *world) (old, answer string) {
		old = live(w)
		return old, w.send("ssl.reissue", "CertificateID", old, "CSR", csr(w.t, "example.com"), "DNSDCValidation", "true")
	}
	replaced := func(w *world) string { old, _ := reissued(w); return old }
	expired := func(w *world) string { id := live(w); w.days(400); return id }
	full := []string{"Returncertificate", "true", "Returntype", "Individual"}
	pkcs7 := []string{"Returncertificate", "true", "Returntype", "PKCS7"}
	ov := func(w *world) string {
		err := w.sim.Approve(w.pending("InstantSSL", "example.com", "AdminOrganizationName", "Example BV"))
		if err != nil {
			return err.Error()
		}
		return "OV was issued"
	}
	renewedAt := func(days int) func(*world) string {
		return func(w *world) string {
			id := live(w)
			w.days(days)
			return w.send("ssl.renew", "CertificateID", id, "Years", "1", "SSLType", "PositiveSSL")
		}
	}
	renewedTwice := func(w *world) string {
		id := live(w)
		w.days(350)
		first := w.okay("ssl.renew", "CertificateID", id, "Years", "1", "SSLType", "PositiveSSL")
		again := w.send("ssl.renew", "CertificateID", id, "Years", "1", "SSLType", "PositiveSSL")
		if attribute(w.t, first, "CertificateID") == "" {
			w.t.Fatal("no id")
		}
		return again
	}
	leaf := func(at string) func(*world) string {
		return func(w *world) string { w.sim.SetTime(day(at)); return w.send("ssl.getInfo", "CertificateID", live(w)) }
	}

	table := []sides{
		{"command_prefix", func(s *switches) { s.CommandPrefix = "hostlantern." }, list, `<SSLListResult`, `"1011104"`},
		{"namespace", func(s *switches) { s.Namespace = false }, list, `xmlns="http://api.namecheap.com/xml.response"`, `Status="OK">`},
		{"namespace_uri", func(s *switches) { s.NamespaceURI = "urn:x" }, list, `xmlns="http://api.n`, `xmlns="urn:x"`},
		{"html_body", func(s *switches) { s.HTMLBody = true }, list, `<ApiResponse`, `<!DOCTYPE html>`},
		{"wrong_key", func(s *switches) { s.WrongKey = true }, list, `Status="OK"`, `"1011102"`},
		{"wrong_address", func(s *switches) { s.WrongAddress = true }, list, `Status="OK"`, `"1011150">Invalid request IP: 127.0.0.1<`},
		{"is_success_false", func(s *switches) { s.IsSuccessFalse = true }, create, `IsSuccess="true"`, `Status="OK" xmlns="http://api.namecheap.com/xml.response"><Errors /><Warnings /><RequestedCommand>namecheap.ssl.create</RequestedCommand><CommandResponse Type="namecheap.ssl.create"><SSLCreateResult IsSuccess="false"`},
		{"error_with_result", func(s *switches) { s.ErrorWithResult = true }, wrong, `<RequestedCommand>namecheap.ssl.create</RequestedCommand><Server>`, `<SSLCreateResult IsSuccess="true"`},
		{"multiple_errors", func(s *switches) { s.MultipleErrors = true }, wrong, `Parameter Years is OutOfRange</Error></Errors>`, `</Error><Error Number="2011300">`},
		{"warnings filled", func(s *switches) { s.Warnings = simulator.WarningsFilled }, list, `<Warnings />`, `<Warning Number="`},
		{"warnings absent", func(s *switches) { s.Warnings = simulator.WarningsAbsent }, list, `<Warnings />`, `<Errors /><RequestedCommand>`},
		{"server production", func(s *switches) { s.Server = simulator.ServerProduction }, list, `SBAPIEXT05`, `PHX01APIEXT02`},
		{"server hex", func(s *switches) { s.Server = simulator.ServerHex }, list, `SBAPIEXT05`, `5eda89c931f6`},
		{"server absent", func(s *switches) { s.Server = simulator.ServerAbsent }, list, `<Server>`, `</CommandResponse><GMTTimeDifference>`},
		{"time_difference", func(s *switches) { s.TimeDifference = "+5:30" }, list, `--5:00`, `+5:30`},
		{"touching_info", func(s *switches) { s.TouchingInfo = true }, info(fresh), `" ReplacedBy="`, `"ReplacedBy="`},
		{"unclosed_revoke", func(s *switches) { s.UnclosedRevoke = true }, func(w *world) string {
			return w.send("ssl.revokecertificate", "CertificateID", replaced(w), "CertificateType", "PositiveSSL")
		}, `" /></CommandResponse>`, `"></CommandResponse>`},
		{"funds never", func(s *switches) { s.Funds = simulator.FundsNever }, create, `IsSuccess="true"`, `INSUFFICIENTFUNDS`},
		{"funds always", func(s *switches) { s.Funds = simulator.FundsAlways }, func(w *world) string {
			return w.send("ssl.create", "Years", "5", "Type", "EV Multi Domain SSL", "SANStoADD", "97")
		}, `INSUFFICIENTFUNDS`, `IsSuccess="true"`},
		{"year_ban_above", func(s *switches) { s.YearBanAbove = 2 }, func(w *world) string {
			return w.send("ssl.create", "Years", "3", "Type", "PositiveSSL")
		}, `IsSuccess="true"`, `"2015167">Number of years should be maximum 2`},
		{"year_ban_number 2013167", func(s *switches) { s.YearBanAbove, s.YearBanNumber = 2, "2013167" }, func(w *world) string {
			return w.send("ssl.create", "Years", "3", "Type", "PositiveSSL")
		}, `IsSuccess="true"`, `"2013167">Parameter Years is OutOfRange. Max Years value for this Type is 2.`},
		{"year_ban_number 4080167", func(s *switches) { s.YearBanAbove, s.YearBanNumber = 2, "4080167" }, func(w *world) string {
			return w.send("ssl.create", "Years", "3", "Type", "PositiveSSL")
		}, `IsSuccess="true"`, `"4080167"`},
		{"product_replaced_on", func(s *switches) { s.ProductReplacedOn = day("2025-01-01") }, create, `SSLType="PositiveSSL"`, `SSLType="Standard SSL"`},
		{"list empty", func(s *switches) { s.List = simulator.ListEmpty }, func(w *world) string { w.bought("PositiveSSL"); return list(w) }, `<SSL `, `<SSLListResult />`},
		{"list single", func(s *switches) { s.List = simulator.ListSingle }, threeRows, `<TotalItems>3<`, `<TotalItems>1<`},
		{"list two", func(s *switches) { s.List = simulator.ListTwo }, threeRows, `<TotalItems>3<`, `<TotalItems>2<`},
		{"list many", func(s *switches) { s.List = simulator.ListMany }, threeRows, `<TotalItems>3<`, `<TotalItems>250<`},
		{"page_beyond_end last_page", func(s *switches) { s.PageBeyondEnd = simulator.BeyondLastPage }, pageNine, `<SSLListResult />`, `<CurrentPage>1<`},
		{"page_beyond_end error", func(s *switches) { s.PageBeyondEnd = simulator.BeyondError }, pageNine, `<SSLListResult />`, `"5050900"`},
		{"list_changes", func(s *switches) { s.ListChanges = true }, pageNine, `<TotalItems>1<`, `<TotalItems>2<`},
		{"provider_order_id", func(s *switches) { s.ProviderOrderID = false }, func(w *world) string { live(w); return list(w) }, ` ProviderOrderID="`, `Status="active" Years="1"`},
		{"years_attribute", func(s *switches) { s.YearsAttribute = false }, info(fresh), ` Years="`, `IssuedOn="" Expires`},
		{"create_dates", func(s *switches) { s.CreateDates = simulator.Unpadded }, create, `Created="01/05/2026"`, `Created="1/5/2026"`},
		{"list_dates", func(s *switches) { s.ListDates = simulator.Unpadded }, func(w *world) string { w.bought("PositiveSSL"); return list(w) }, `PurchaseDate="01/05/2026"`, `PurchaseDate="1/5/2026"`},
		{"info_dates", func(s *switches) { s.InfoDates = simulator.Padded }, info(live), `IssuedOn="1/5/2026"`, `IssuedOn="01/05/2026"`},
		{"create_status_case", func(s *switches) { s.CreateStatusCase = simulator.LowerCase }, create, `"NewPurchase"`, `"newpurchase"`},
		{"info_status_case", func(s *switches) { s.InfoStatusCase = simulator.MixedCase }, info(live), `Status="active"`, `Status="Active"`},
		{"list_status_case", func(s *switches) { s.ListStatusCase = simulator.UpperCase }, func(w *world) string { w.bought("PositiveSSL"); return list(w) }, `Status="newpurchase"`, `Status="NEWPURCHASE"`},
		{"sans_status_case", func(s *switches) { s.SANsStatusCase = simulator.MixedCase }, func(w *world) string {
			return w.send("ssl.purchasemoresans", "CertificateID", multi(w), "NumberOfSANSToAdd", "1")
		}, `"NEWPURCHASE"`, `"NewPurchase"`},
		{"expired_word", func(s *switches) { s.ExpiredWord = false }, info(expired), `Status="expired"`, `Status="active"`},
		{"revoked_word", func(s *switches) { s.RevokedWord = false }, info(func(w *world) string {
			id := replaced(w)
			w.okay("ssl.revokecertificate", "CertificateID", id, "CertificateType", "PositiveSSL")
			return id
		}), `Status="revoked"`, `Status="replaced"`},
		{"legacy_status_words", func(s *switches) { s.LegacyStatusWords = true }, info(func(w *world) string { return w.pending("PositiveSSL", "example.com") }), `Status="purchased"`, `Status="inprogress"`},
		{"foreign_id", func(s *switches) { s.ForeignID = "5050900" }, foreignInfo, `"2011294"`, `"5050900"`},
		{"pkcs7", func(s *switches) { s.PKCS7 = simulator.PKCS7WithCAElements }, info(live, pkcs7...), `-----END PKCS7-----` + "\n]]></Certificate></Certificates>", `<CaCertificates>`},
		{"expires", func(s *switches) { s.Expires = simulator.ExpiresTerm }, leaf("2026-04-01"), `Expires="10/18/2026"`, `Expires="4/1/2027"`},
		{"vetted_issuing", func(s *switches) { s.VettedIssuing = simulator.VettedAlways }, ov, `never issued`, `OV was issued`},
		{"leaf200_from", func(s *switches) { s.Leaf200From = day("2026-06-01") }, leaf("2026-04-01"), `Expires="10/18/2026"`, `Expires="4/1/2027"`},
		{"leaf100_from", func(s *switches) { s.Leaf100From = day("2026-03-15") }, leaf("2026-04-01"), `Expires="10/18/2026"`, `Expires="7/10/2026"`},
		{"leaf47_from", func(s *switches) { s.Leaf47From = day("2026-03-15") }, leaf("2026-04-01"), `Expires="10/18/2026"`, `Expires="5/18/2026"`},
		{"purchase_error", func(s *switches) { s.PurchaseError = true }, submit, `IsSuccess="true"`, `"3027295"`},
		{"activation_days", func(s *switches) { s.ActivationDays = 30 }, info(fresh), `ActivationExpireDate="1/5/2027"`, `ActivationExpireDate="2/4/2026"`},
		{"deadline_passed", func(s *switches) { s.DeadlinePassed = true }, submit, `IsSuccess="true"`, `"4020294"`},
		{"admin_email_required", func(s *switches) { s.AdminEmailRequired = true }, submit, `IsSuccess="true"`, `"2010214">Parameter AdminEmailAddress is Missing`},
		{"dcv_shape", func(s *switches) { s.DCVShape = simulator.ShapeOpaque }, func(w *world) string {
			w.sim.SetTime(day("2026-08-01"))
			return submit(w)
		}, ` comodoca.com `, `sslcom-`},
		{"dcv_wrapper", func(s *switches) { s.DCVWrapper = simulator.WrapperFlat }, submit, `<DNS domain="example.com">`, `ValueAvailable="true"><FileName>`},
		{"http_separator", func(s *switches) { s.HTTPSeparator = simulator.SeparatorNewline }, submit, ` comodoca.com `, "\ncomodoca.com\n"},
		{"replaced_on", func(s *switches) { s.ReplacedOn = simulator.ReplacedOnIssuance }, info(replaced), `Status="replaced"`, `Status="active"`},
		{"active_with_replaced_by", func(s *switches) { s.ActiveWithReplacedBy = true }, info(replaced), `Status="replaced"`, `Status="active"`},
		{"reissue_element", func(s *switches) { s.ReissueElement = "SSLActivateResult" }, func(w *world) string { _, answer := reissued(w); return answer }, `<SSLReissueResult`, `<SSLActivateResult`},
		{"reissue_issues_at_once", func(s *switches) { s.ReissueIssuesAtOnce = true }, info(func(w *world) string {
			_, answer := reissued(w)
			return attribute(w.t, answer, "ID")
		}), `Status="purchased"`, `Status="active"`},
		{"sans_count", func(s *switches) { s.SANsCount = simulator.CountAdded }, info(multi), `SANSCount="5"`, `SANSCount="3"`},
		{"renewal_days_before", func(s *switches) { s.RenewalDaysBefore = 30 }, renewedAt(300), `<SSLRenewResult`, `"4011294"`},
		{"renewal_days_after", func(s *switches) { s.RenewalDaysAfter = 10 }, renewedAt(400), `<SSLRenewResult`, `"4011294"`},
		{"renewal_window_by_leaf", func(s *switches) { s.RenewalWindowByLeaf = true }, func(w *world) string {
			w.sim.SetTime(day("2026-04-01"))
			return renewedAt(150)(w)
		}, `"4011294"`, `<SSLRenewResult`},
		{"duplicate_renew_guard", func(s *switches) { s.DuplicateRenewGuard = false }, renewedTwice, `"4028294"`, `<SSLRenewResult`},
		{"chain_length", func(s *switches) { s.ChainLength = 2 }, info(live, full...), `</Certificate></Certificate></CaCertificates>`, `</Certificate></Certificate><Certificate Type="INTERMEDIATE">`},
	}
	wantAllSwitches(t, table)
	for _, one := range table {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			byDefault := one.answer(open(t, "2026-01-05"))
			if !strings.Contains(byDefault, one.has) || strings.Contains(byDefault, one.gets) {
				t.Errorf("by default: want %q, not %q, in %s", one.has, one.gets, byDefault)
			}
			w := open(t, "2026-01-05", with(one.change))
			if changed := one.answer(w); !strings.Contains(changed, one.gets) {
				t.Errorf("changed: want %q in %s", one.gets, changed)
			}
		})
	}
}

// wantAllSwitches fails if a switch is seen both ways neither in a table nor in
// a test of its own.
func wantAllSwitches(t *testing.T, table []sides) {
	t.Helper()
	seen := map[string]bool{}
	for _, name := range []string{
		"latency", "command_latency", "connection_drop", "replaced_by", "reissue_price", "reissue_validation", "renew_copies_sans",
		"throttle_form", "throttle_per_minute", "throttle_per_hour", "throttle_per_day", "throttle_ban",
	} {
		seen[name] = true
	}
	for _, one := range table {
		name, _, _ := strings.Cut(one.name, " ")
		seen[name] = true
	}
	data, err := json.Marshal(simulator.DefaultSwitches())
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for name := range all {
		if !seen[name] {
			t.Errorf("no test turns the switch %s", name)
		}
		delete(seen, name)
	}
	for name := range seen {
		t.Errorf("%s is no switch", name)
	}
}

func threeRows(w *world) string {
	for range 3 {
		w.bought("PositiveSSL")
	}
	return w.send("ssl.getList")
}

func pageNine(w *world) string {
	w.bought("PositiveSSL")
	return w.send("ssl.getList", "Page", "9")
}

func foreignInfo(w *world) string {
	sim, err := simulator.New(simulator.Options{Now: w.sim.Now(), Switches: w.sim.Switches(), Accounts: []simulator.Account{
		{ApiUser: "stranger", ApiKey: "simulator-key", Balance: "100"}, {ApiUser: "reseller", ApiKey: "simulator-key", Balance: "100"},
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	id, err := sim.PurchaseByHand("PositiveSSL", 1)
	if err != nil {
		w.t.Fatal(err)
	}
	w.server.Config.Handler = sim
	return w.send("ssl.getInfo", "CertificateID", id)
}

func TestReplacedByMayFormAChainOrACycle(t *testing.T) {
	t.Parallel()
	reissue := func(w *world) (old, successor string) {
		old = w.issued("PositiveSSL", "example.com")
		body := w.okay("ssl.reissue", "CertificateID", old, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
		return old, attribute(t, body, "ID")
	}
	follow := func(w *world, id string) string {
		return attribute(t, w.okay("ssl.getInfo", "CertificateID", id), "ReplacedBy")
	}
	w := open(t, "2026-01-05")
	if old, successor := reissue(w); follow(w, old) != successor || follow(w, successor) != "" {
		t.Error("single: the old id does not lead to the new one")
	}
	w = open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ReplacedBy = simulator.TopologyChain }))
	if old, successor := reissue(w); follow(w, old) == successor || follow(w, follow(w, old)) != successor {
		t.Error("chain: the new id is not two steps away")
	}
	w = open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ReplacedBy = simulator.TopologyCycle }))
	if old, successor := reissue(w); follow(w, old) != successor || follow(w, successor) != old {
		t.Error("cycle: the ids do not lead to each other")
	}
}

func TestAnOldIdIsReplacedOnIssuanceWhereTheSwitchSaysSo(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ReplacedOn = simulator.ReplacedOnIssuance }))
	old := w.issued("PositiveSSL", "example.com")
	successor := attribute(t, w.okay("ssl.reissue", "CertificateID", old, "CSR", csr(t, "example.com"), "DNSDCValidation", "true"), "ID")
	contains(t, w.okay("ssl.getInfo", "CertificateID", old), `Status="active"`, `ReplacedBy=""`)
	if err := w.sim.Approve(successor); err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", old), `Status="replaced"`, `ReplacedBy="`+successor+`"`)
}

func TestReissuesMayBeCharged(t *testing.T) {
	t.Parallel()
	for price, charges := range map[simulator.ReissuePrice]int{simulator.ReissueFree: 1, simulator.ReissueCharged: 2} {
		w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ReissuePrice = price }))
		id := w.issued("PositiveSSL", "example.com")
		w.okay("ssl.reissue", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
		if got := len(w.sim.Ledger()); got != charges {
			t.Errorf("%s: %d charges, want %d", price, got, charges)
		}
	}
}

func TestARenewalCopiesDomainsAcrossProductNamesOrNot(t *testing.T) {
	t.Parallel()
	for copies, count := range map[bool]string{true: "5", false: "2"} {
		w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.RenewCopiesSANs = copies }))
		id := w.bought("PositiveSSL Multi Domain", "SANStoADD", "3")
		w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
		if err := w.sim.Approve(id); err != nil {
			t.Fatal(err)
		}
		w.days(330) // past the replacement of product names
		renewal := attribute(t, w.okay("ssl.renew", "CertificateID", id, "Years", "1", "SSLType", "SAN Certificate"), "CertificateID")
		contains(t, w.okay("ssl.getInfo", "CertificateID", renewal), `Type="san certificate"`, `SANSCount="`+count+`"`)
	}
}

func TestLatencyIsPerCommand(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		switches := unthrottled()
		switches.Latency, switches.CommandLatency = time.Second, map[string]time.Duration{"getlist": time.Hour}
		sim, err := simulator.New(simulator.Options{Switches: switches})
		if err != nil {
			t.Fatal(err)
		}
		for command, want := range map[string]time.Duration{"users.getBalances": time.Second, "ssl.getList": time.Hour + time.Second} {
			started := time.Now()
			contains(t, direct(t.Context(), sim, command).Body.String(), `Status="OK"`)
			if took := time.Since(started); took != want {
				t.Errorf("%s took %s, want %s", command, took, want)
			}
		}
	})
}

func TestConnectionDropIsASwitchToo(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ConnectionDrop = true }))
	if _, _, err := w.post("ssl.create", "Years", "1", "Type", "PositiveSSL"); err == nil {
		t.Error("there was an answer")
	}
	if len(w.sim.Ledger()) != 1 {
		t.Error("the purchase was not executed")
	}
}

func TestIsSuccessFalseExecutesNothing(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.IsSuccessFalse = true }))
	for _, command := range []string{
		"ssl.create", "ssl.activate", "ssl.reissue", "ssl.purchasemoresans", "ssl.revokecertificate",
		"ssl.editDCVMethod", "ssl.resendApproverEmail", "ssl.resendfulfillmentemail",
	} {
		contains(t, w.okay(command, "Years", "1", "Type", "PositiveSSL", "CertificateID", "5"), `IsSuccess="false"`)
	}
	contains(t, w.okay("ssl.renew"), `CertificateID="0"`)
	if len(w.sim.Ledger()) != 0 {
		t.Error("something was charged")
	}
}

// A refusal may carry a result that looks like success; nothing of it is true.
func TestARefusalMayCarryAResult(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ErrorWithResult = true }))
	for command, result := range map[string]string{
		"ssl.create": `<SSLCreateResult IsSuccess="true"`, "ssl.renew": `<SSLRenewResult CertificateID="`,
		"ssl.activate": `<SSLActivateResult ID="`, "ssl.reissue": `<SSLReissueResult ID="`, "ssl.getInfo": `<SSLGetInfoResult Status="active"`,
		"ssl.purchasemoresans": `<SSLPurchaseMoreSANSResult IsSuccess="true"`, "ssl.revokecertificate": `<RevokeCertificateResult ID="`,
		"ssl.editDCVMethod": `<SSLEditDCVMethodResult ID="`, "ssl.resendApproverEmail": `<SSLResendApproverEmailResult ID="`,
		"ssl.resendfulfillmentemail": `<SSLResendFulfillmentEmailResult ID="`,
	} {
		body := w.send(command)
		contains(t, body, `Status="ERROR"`, "<Error Number=", `<CommandResponse Type="namecheap.`+command+`">`+result)
	}
	contains(t, w.send("ssl.getList", "ListType", "x"), `Status="ERROR"`, `<SSLListResult /><Paging><TotalItems>0<`)
	if len(w.sim.Certificates()) != 0 {
		t.Error("something was made")
	}
}

func TestLegacyWordsReplaceTodays(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.LegacyStatusWords = true }))
	rejected, gone := w.pending("PositiveSSL", "a.example.com"), w.bought("PositiveSSL")
	if err := errors.Join(w.sim.RejectByCA(rejected), w.sim.Cancel(gone)); err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", rejected), `Status="technicalproblem"`)
	contains(t, w.okay("ssl.getList", "ListType", "Deactivated"), `<SSL CertificateID="`+gone+`"`, `Status="deactivated"`)
	old := w.issued("PositiveSSL", "b.example.com")
	w.days(340)
	renewal := attribute(t, w.okay("ssl.renew", "CertificateID", old, "Years", "1", "SSLType", "PositiveSSL"), "CertificateID")
	w.okay("ssl.activate", "CertificateID", renewal, "CSR", csr(t, "b.example.com"), "DNSDCValidation", "true")
	contains(t, w.okay("ssl.getInfo", "CertificateID", renewal), `Status="inprogress" StatusDescription="Renewal is in progress."`)
}

func TestOpaqueValuesAreWhatValidationLooksFor(t *testing.T) {
	t.Parallel()
	names := &zone{cnames: map[string]string{}}
	w := open(t, "2026-08-05", func(o *simulator.Options) { o.Resolver, o.Switches.DCVShape = names, simulator.ShapeOpaque })
	id := w.bought("Standard SSL")
	body := w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
	lacks(t, body, "comodoca")
	w.sim.Configure(func(s *simulator.Switches) { s.DCVShape = simulator.ShapeComodo }) // what was given out stays valid
	names.set(between(t, body, "<HostName><![CDATA[", "]]>"), between(t, body, "<Target><![CDATA[", "]]>"))
	if issued := w.sim.Validate(t.Context()); len(issued) != 1 {
		t.Errorf("issued %q", issued)
	}
}

func TestTheZeroValueStandsForTheDefaults(t *testing.T) {
	t.Parallel()
	sim, err := simulator.New(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(sim.Switches(), simulator.DefaultSwitches()) {
		t.Error("the switches are not the defaults")
	}
}

func TestNewRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	odd := simulator.DefaultSwitches()
	odd.ReplacedOn = "tomorrow"
	long := simulator.DefaultSwitches()
	long.ChainLength = 4
	for name, options := range map[string]simulator.Options{
		"environment":      {Environment: "staging"},
		"word":             {Switches: odd},
		"chain":            {Switches: long},
		"no account":       {Accounts: []simulator.Account{}},
		"nameless account": {Accounts: []simulator.Account{{ApiKey: "k"}}},
		"twice":            {Accounts: []simulator.Account{{ApiUser: "a", ApiKey: "k"}, {ApiUser: "A", ApiKey: "k"}}},
		"balance":          {Accounts: []simulator.Account{{ApiUser: "a", ApiKey: "k", Balance: "1,5"}}},
		"address":          {Accounts: []simulator.Account{{ApiUser: "a", ApiKey: "k", AllowedIPs: []string{"10.0.0.0/8"}}}},
		"promotion":        {Promotions: []simulator.Promotion{{Code: "X", Percent: 101}}},
	} {
		if _, err := simulator.New(options); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestConfigurePanicsOnAnUnknownWordAndChangesNothing(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
		if w.sim.Switches().ReplacedOn != simulator.ReplacedOnAcceptance {
			t.Error("the switch was changed")
		}
	}()
	w.sim.Configure(func(s *simulator.Switches) { s.ReplacedOn = "tomorrow" })
}
