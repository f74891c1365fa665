// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

func usd(units int64) provisioning.Money { return provisioning.Money{Units: units, Currency: "USD"} }

func day(year int, month time.Month, d int) provisioning.Date {
	return provisioning.Date{Year: year, Month: month, Day: d}
}

// TestAnswersAreRead takes every example and compares what a call makes of it.
func TestAnswersAreRead(t *testing.T) {
	t.Parallel()
	list := func(c *hostlantern.Client) (any, error) {
		return c.GetList(t.Context(), hostlantern.ListRequest{Page: 1, PageSize: 100})
	}
	info := func(c *hostlantern.Client) (any, error) { return c.GetInfo(t.Context(), "7001") }
	create := func(c *hostlantern.Client) (any, error) {
		return c.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
	}
	reissue := func(c *hostlantern.Client) (any, error) {
		return c.Reissue(t.Context(), hostlantern.ConfigurationRequest{CertificateID: "7001", AllByDNS: true})
	}
	activate := func(c *hostlantern.Client) (any, error) {
		return c.Activate(t.Context(), hostlantern.ConfigurationRequest{CertificateID: "7001", AllByDNS: true})
	}
	revoke := func(c *hostlantern.Client) (any, error) {
		return nil, c.RevokeCertificate(t.Context(), "7001", "PositiveSSL")
	}
	active := hostlantern.Row{
		CertificateID: "7001", HostName: "example.com", Type: "PositiveSSL", Status: "active", Years: 1,
		PurchasedOn: day(2026, time.February, 9), ExpiresOn: day(2026, time.August, 27), ProviderOrderID: "900001",
	}
	for _, row := range []struct {
		example string
		call    func(*hostlantern.Client) (any, error)
		want    any
	}{
		{"create", create, hostlantern.Order{
			CertificateID: "7001", OrderID: "501", TransactionID: "601", Charged: usd(78800),
			Created: day(2026, time.February, 9), Type: "PositiveSSL", Years: 1, Status: "NewPurchase",
		}},
		{"create-flat", create, hostlantern.Order{CertificateID: "7001", OrderID: "501", TransactionID: "601", Charged: usd(78800)}},
		{"renew", func(c *hostlantern.Client) (any, error) {
			return c.Renew(t.Context(), hostlantern.RenewRequest{CertificateID: "7001", Type: "PositiveSSL", Years: 2})
		}, hostlantern.Order{
			CertificateID: "7002", OrderID: "502", TransactionID: "602", Charged: usd(157600), Type: "PositiveSSL", Years: 2,
		}},
		{"purchasemoresans", func(c *hostlantern.Client) (any, error) { return c.PurchaseMoreSANs(t.Context(), "7001", 2) },
			hostlantern.Order{
				CertificateID: "7001", OrderID: "503", TransactionID: "603", Charged: usd(233000),
				Type: "positivessl multi domain", Years: 1, Status: "NEWPURCHASE", SANsCount: 5,
			}},
		{"activate", activate, hostlantern.Accepted{ID: "7001", Instructions: hostlantern.Instructions{
			Files:   []hostlantern.FileInstruction{{Domain: "www.example.com", Name: "ABCDEF.txt", Content: "first\nsecond"}},
			Records: []hostlantern.RecordInstruction{{Domain: "example.com", HostName: "_abc.example.com", Target: "one.two.authority.example"}},
		}}},
		{"activate-email", activate, hostlantern.Accepted{ID: "7001"}},
		{"reissue", reissue, hostlantern.Accepted{ID: "7003", Instructions: hostlantern.Instructions{
			Records: []hostlantern.RecordInstruction{{Domain: "example.com", HostName: "_def.example.com", Target: "three.four.authority.example"}},
		}}},
		{"reissue-documented", reissue, hostlantern.Accepted{ID: "7003"}},
		{"getinfo-new", info, hostlantern.Info{
			Status: "newpurchase", Type: "positivessl", Years: 1, ActivationEndsOn: day(2027, time.February, 9), OrderID: "501",
		}},
		{"getinfo-touching", info, hostlantern.Info{
			Status: "active", StatusDescription: "Certificate is Active.", Type: "positivessl",
			IssuedOn: day(2026, time.February, 9), Expires: day(2026, time.August, 27), OrderID: "501", ReplacedBy: "7003",
			CommonName: "example.com", Approver: "CNAMECSRHASH", ProviderOrderID: "900001", ProviderName: "COMODO",
		}},
		{"getlist", list, hostlantern.List{Total: 2, Rows: []hostlantern.Row{
			{
				CertificateID: "7002", Type: "PositiveSSL", Status: "newrenewal", Years: 1,
				PurchasedOn: day(2026, time.February, 10), ActivationEndsOn: day(2027, time.February, 10),
			},
			active,
		}}},
		{"getlist-one", list, hostlantern.List{Total: 1, Rows: []hostlantern.Row{{
			CertificateID: "7001", HostName: "example.com", Type: "PositiveSSL", Status: "Active",
			PurchasedOn: day(2026, time.February, 9),
		}}}},
		{"getlist-empty", list, hostlantern.List{Rows: []hostlantern.Row{}}},
		{"parsecsr", func(c *hostlantern.Client) (any, error) { return c.ParseCSR(t.Context(), "csr", "") }, hostlantern.ParsedCSR{
			CommonName: "example.com", DomainName: "example.com", Country: "US", State: "IL", Locality: "Springfield",
			Organization: "Example Inc", ValidTrueDomain: true, DNSNames: []string{"example.com", "www.example.com"},
		}},
		{"approvers", func(c *hostlantern.Client) (any, error) {
			return c.ApproverEmails(t.Context(), "example.com", "PositiveSSL")
		}, []string{"admin@example.com", "pki@example.com"}},
		{"resend", func(c *hostlantern.Client) (any, error) { return nil, c.ResendApproverEmail(t.Context(), "7001") }, nil},
		{"fulfilment", func(c *hostlantern.Client) (any, error) { return nil, c.ResendCertificate(t.Context(), "7001") }, nil},
		{"revoke", revoke, nil},
		{"revoke-unclosed", revoke, nil},
		{"editdcv", func(c *hostlantern.Client) (any, error) {
			return c.EditDCVMethod(t.Context(), hostlantern.EditDCVRequest{CertificateID: "7001", Method: hostlantern.EditToDNS})
		}, hostlantern.Instructions{
			Records: []hostlantern.RecordInstruction{{HostName: "_abc.example.com", Target: "one.two.authority.example"}},
		}},
		{"balances", func(c *hostlantern.Client) (any, error) { return c.GetBalances(t.Context()) }, hostlantern.Balances{
			Available: usd(9081600), Account: usd(9100000), Earned: usd(0), Withdrawable: usd(0), FundsRequiredForAutoRenew: usd(0),
		}},
		{"pricing", func(c *hostlantern.Client) (any, error) { return c.Prices(t.Context(), false) }, []hostlantern.Price{
			{Action: "purchase", Product: "positivessl", ProductName: "positivessl", Years: 1, PerYear: true, Amount: usd(78800), Regular: usd(90000)},
			{Action: "purchase", Product: "positivessl", ProductName: "positivessl", Years: 2, PerYear: true, Amount: usd(75000), Regular: usd(90000)},
			{Action: "purchase", Product: "multi-domain-ssl", ProductName: "comodossl-multi-domain-ssl", Years: 2, Amount: usd(1200000), Regular: usd(1300000)},
			{Action: "purchase", Product: "positivessl-multi-domain", ProductName: "positivessl-multi-domain-moresans", MoreSANs: true, Years: 1, PerYear: true, Amount: usd(0), Regular: usd(0)},
			{Action: "renew", Product: "positivessl", ProductName: "positivessl", Years: 1, PerYear: true, Amount: usd(88800), Regular: usd(90000)},
		}},
	} {
		t.Run(row.example, func(t *testing.T) {
			t.Parallel()
			got, err := row.call(newStub(t, example(t, row.example)).client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAPriceIsForTheWholeTerm(t *testing.T) {
	t.Parallel()
	perYear := hostlantern.Price{Years: 2, PerYear: true, Amount: usd(78800)}
	whole := hostlantern.Price{Years: 2, Amount: usd(78800)}
	if perYear.Total() != usd(157600) || whole.Total() != usd(78800) {
		t.Errorf("got %v and %v", perYear.Total(), whole.Total())
	}
}

// TestNothingElseIsTakenForASuccess damages a good answer in one place.
func TestNothingElseIsTakenForASuccess(t *testing.T) {
	t.Parallel()
	good := example(t, "create")
	damaged := map[string]string{
		"nothing":                   "",
		"blanks":                    " \n ",
		"HTML":                      "<html><body>Status=\"OK\"</body></html>",
		"JSON":                      `{"Status":"OK"}`,
		"another root":              strings.ReplaceAll(good, "ApiResponse", "Response"),
		"no status":                 strings.Replace(good, ` Status="OK"`, "", 1),
		"an empty status":           strings.Replace(good, ` Status="OK"`, ` Status=""`, 1),
		"a status of another kind":  strings.Replace(good, ` Status="OK"`, ` Status="WARNING"`, 1),
		"two statuses":              strings.Replace(good, ` Status="OK"`, ` Status="OK" status="ERROR"`, 1),
		"an error beside":           strings.Replace(good, "<Errors />", `<Errors><Error Number="2011294">x</Error></Errors>`, 1),
		"an error without wrapper":  strings.Replace(good, "<Errors />", `<Error Number="2011294">x</Error>`, 1),
		"an empty error":            strings.Replace(good, "<Errors />", `<Errors><Error/></Errors>`, 1),
		"status error":              strings.Replace(good, ` Status="OK"`, ` Status="ERROR"`, 1),
		"another command":           strings.Replace(good, "<RequestedCommand>namecheap.ssl.create", "<RequestedCommand>namecheap.ssl.renew", 1),
		"another response":          strings.Replace(good, `Type="namecheap.ssl.create"`, `Type="namecheap.ssl.reissue"`, 1),
		"no response":               good[:strings.Index(good, "<CommandResponse")] + "</ApiResponse>",
		"two responses":             strings.Replace(good, "</CommandResponse>", "</CommandResponse><CommandResponse/>", 1),
		"no result":                 success("ssl.create", ""),
		"another result":            success("ssl.create", `<SSLRenewResult CertificateID="7001"/>`),
		"two results":               success("ssl.create", strings.Repeat(`<SSLCreateResult IsSuccess="true" CertificateID="7001"/>`, 2)),
		"success false":             strings.Replace(good, `IsSuccess="true"`, `IsSuccess="false"`, 1),
		"success missing":           strings.Replace(good, ` IsSuccess="true"`, ``, 1),
		"success empty":             strings.Replace(good, `IsSuccess="true"`, `IsSuccess=""`, 1),
		"success in other words":    strings.Replace(good, `IsSuccess="true"`, `IsSuccess="1"`, 1),
		"success twice":             strings.Replace(good, `IsSuccess="true"`, `IsSuccess="true" issuccess="false"`, 1),
		"no id":                     strings.Replace(good, ` CertificateID="7001"`, "", 1),
		"an empty id":               strings.Replace(good, `"7001"`, `""`, 1),
		"the id zero":               example(t, "create-zero"),
		"the id zero at length":     strings.Replace(good, `"7001"`, `"0000"`, 1),
		"a negative id":             strings.Replace(good, `"7001"`, `"-7001"`, 1),
		"an id with a sign":         strings.Replace(good, `"7001"`, `"+7001"`, 1),
		"an id with a fraction":     strings.Replace(good, `"7001"`, `"7001.0"`, 1),
		"an id in words":            strings.Replace(good, `"7001"`, `"seven"`, 1),
		"an id that is too long":    strings.Replace(good, `"7001"`, `"70010000001"`, 1),
		"an id in other digits":     strings.Replace(good, `"7001"`, `"٧٠٠١"`, 1),
		"two certificates":          strings.Replace(good, "<SSLCertificate ", `<SSLCertificate CertificateID="7009"/><SSLCertificate `, 1),
		"two ids":                   strings.Replace(good, "<SSLCreateResult ", `<SSLCreateResult CertificateID="7009" `, 1),
		"an error that is filled":   example(t, "error-filled"),
		"an error of the account":   example(t, "error-key"),
		"cut after the result":      good[:strings.Index(good, "</CommandResponse>")],
		"cut before the last tag":   good[:strings.Index(good, "</ApiResponse>")],
		"cut inside of the last":    good[:len(good)-4],
		"an unclosed result":        strings.Replace(good, "</SSLCreateResult>", "", 1),
		"an unopened element":       strings.Replace(good, "<Warnings />", "</Warnings>", 1),
		"a second document":         good + good,
		"text after the end":        good + "x",
		"text before the start":     "x" + good[strings.Index(good, "<ApiResponse"):],
		"a document type":           strings.Replace(good, "<ApiResponse", "<!DOCTYPE ApiResponse><ApiResponse", 1),
		"an entity of its own":      strings.Replace(good, "PHX01APIEXT02", "&name;", 1),
		"another character set":     strings.Replace(good, `encoding="utf-8"`, `encoding="utf-16"`, 1),
		"bytes that are not UTF-8":  strings.Replace(good, "PHX01APIEXT02", "\xff\xfe", 1),
		"a control character":       strings.Replace(good, "PHX01APIEXT02", "\x00", 1),
		"elements without end":      strings.Repeat("<a>", 100_000),
		"elements beyond any depth": good[:strings.Index(good, "<Warnings")] + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20) + good[strings.Index(good, "<Warnings"):],
	}
	for name, text := range damaged {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			order, err := newStub(t, text).client.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
			if err == nil {
				t.Fatalf("taken for a success: %+v", order)
			}
			want := provisioning.Unknown
			if strings.HasPrefix(name, "an error that") || strings.HasPrefix(name, "an error of") {
				want = provisioning.Refused // in so many words
			}
			if failed := providerError(t, err); failed.Outcome != want {
				t.Errorf("got %v, want the outcome %s", failed, want)
			}
			if order != (hostlantern.Order{}) {
				t.Errorf("a failure came with %+v", order)
			}
		})
	}
}

func TestWhatVariesBetweenServersIsTolerated(t *testing.T) {
	t.Parallel()
	good := example(t, "create")
	for name, text := range map[string]string{
		"no declaration":          good[strings.Index(good, "<ApiResponse"):],
		"a byte order mark":       "\ufeff" + good,
		"no warnings":             strings.Replace(good, "<Warnings />", "", 1),
		"a warning":               strings.Replace(good, "<Warnings />", `<Warnings><Warning Number="2011302">soon replaced</Warning></Warnings>`, 1),
		"no server":               strings.Replace(good, "<Server>PHX01APIEXT02</Server>", "", 1),
		"no errors node":          strings.Replace(good, "<Errors />", "", 1),
		"a lower-case status":     strings.Replace(good, `"OK"`, `"ok"`, 1),
		"an upper-case success":   strings.Replace(good, `"true"`, `"True"`, 1),
		"lower-case elements":     strings.ToLower(good),
		"a lower-case command":    strings.Replace(good, "namecheap.ssl.create<", "NAMECHEAP.SSL.CREATE<", 1),
		"another prefix":          strings.ReplaceAll(good, "namecheap.ssl", "hostlantern.ssl"),
		"no requested command":    strings.Replace(good, "namecheap.ssl.create<", "<", 1),
		"no type":                 strings.Replace(good, ` Type="namecheap.ssl.create"`, "", 1),
		"a namespace prefix":      strings.NewReplacer("<ApiResponse", "<n:ApiResponse", "</ApiResponse", "</n:ApiResponse", "xmlns=", "xmlns:n=").Replace(good),
		"a date without zeros":    strings.Replace(good, "02/09/2026", "2/9/2026", 1),
		"a charge in cents":       strings.Replace(good, "7.8800", "7.88", 1),
		"a charge in small parts": strings.Replace(good, "7.8800", "7.880000", 1),
		"ids in blanks":           strings.Replace(good, `"7001"`, `" 7001 "`, 1),
		"an expiry that is empty": strings.Replace(good, "<SSLCertificate ", `<SSLCertificate Expires="" `, 1),
		"a comment":               strings.Replace(good, "<Errors />", "<!-- <Error/> --><Errors />", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := newStub(t, text).client.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got.CertificateID != "7001" || got.OrderID != "501" || got.Charged != usd(78800) || got.Created != day(2026, time.February, 9) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// TestADetailIsNotWorthAnID: the money is spent, whatever else is wrong.
func TestADetailIsNotWorthAnID(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("7.8800", "seven", "02/09/2026", "02/30/2026", `"501"`, `"x"`, `Years="1"`, `Years="one"`).
		Replace(example(t, "create"))
	got, err := newStub(t, text).client.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := hostlantern.Order{CertificateID: "7001", TransactionID: "601", Type: "PositiveSSL", Status: "NewPurchase"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDatesAreReadOrLeftOut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]provisioning.Date{
		"1/2/2026": day(2026, time.January, 2), "01/02/2026": day(2026, time.January, 2), "12/31/2026": day(2026, time.December, 31),
		"2/29/2028": day(2028, time.February, 29), " 1/2/2026 ": day(2026, time.January, 2),
		"": {}, "2/29/2026": {}, "13/1/2026": {}, "0/1/2026": {}, "1/0/2026": {}, "1/2/26": {}, "2026-01-02": {}, "1/2/2026/3": {},
		"1/2": {}, "--": {}, "//": {}, "1/2/0000": {}, "+1/2/2026": {}, "001/2/2026": {}, "1/2/2026 10:00": {}, "01-02-2026": {},
	} {
		answer := success("ssl.getList", `<SSLListResult><SSL CertificateID="7001" Status="active" ExpireDate="`+text+`"/></SSLListResult>`+
			`<Paging><TotalItems>1</TotalItems><CurrentPage>1</CurrentPage><PageSize>100</PageSize></Paging>`)
		list, err := newStub(t, answer).client.GetList(t.Context(), hostlantern.ListRequest{Page: 1, PageSize: 100})
		if err != nil {
			t.Fatal(err)
		}
		if got := list.Rows[0].ExpiresOn; got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestAPageIsTheOneThatWasAskedFor(t *testing.T) {
	t.Parallel()
	row := `<SSL CertificateID="7001" Status="active"/>`
	paging := func(total, current, size string) string {
		return `<Paging><TotalItems>` + total + `</TotalItems><CurrentPage>` + current + `</CurrentPage><PageSize>` + size + `</PageSize></Paging>`
	}
	for name, body := range map[string]string{
		"page one again":   `<SSLListResult>` + row + `</SSLListResult>` + paging("300", "1", "100"),
		"no paging":        `<SSLListResult>` + row + `</SSLListResult>`,
		"no total":         `<SSLListResult>` + row + `</SSLListResult>` + paging("", "2", "100"),
		"no page":          `<SSLListResult>` + row + `</SSLListResult>` + paging("300", "", "100"),
		"a negative total": `<SSLListResult>` + row + `</SSLListResult>` + paging("-1", "2", "100"),
		"another size":     `<SSLListResult>` + row + `</SSLListResult>` + paging("300", "2", "20"),
		"too many rows":    `<SSLListResult>` + strings.Repeat(row, 101) + `</SSLListResult>` + paging("300", "2", "100"),
		"no list":          paging("300", "2", "100"),
	} {
		_, err := newStub(t, success("ssl.getList", body)).client.GetList(t.Context(), hostlantern.ListRequest{Page: 2, PageSize: 100})
		if err == nil {
			t.Errorf("%s: taken for page 2", name)
			continue
		}
		uncertain(t, err)
	}
}

// TestARowWithoutAnIDIsCounted: it must not end a synchronization, and nobody
// may think that the page was complete.
func TestARowWithoutAnIDIsCounted(t *testing.T) {
	t.Parallel()
	answer := strings.Replace(example(t, "getlist"), `CertificateID="7002"`, `CertificateID="n/a"`, 1)
	page, err := newStub(t, answer).provider.Certificates(t.Context(), 1, 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Certificates) != 1 || page.Certificates[0].CertificateID != "7001" || page.Unreadable != 1 || page.Total != 2 {
		t.Errorf("got %+v", page)
	}
}
