// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// shelf holds one certificate in every state, for the rows of the error tables.
type shelf struct {
	*world
	newDV, newWildcard, newMulti, newOV, newEV string
	pending, pendingMulti, pendingWildcard     string
	active, replaced, revoked, cancelled       string
	faulty, overdue, expired, renewal          string
	foreign                                    string
	rejectedMulti, expiredMulti                string
	csr, star                                  string
}

func stock(t *testing.T) *shelf {
	t.Helper()
	w := open(t, "2024-01-10", func(o *simulator.Options) {
		o.Accounts = []simulator.Account{
			{ApiUser: "reseller", ApiKey: "simulator-key", Balance: "100000"},
			{ApiUser: "stranger", ApiKey: "other-key", Balance: "100"},
		}
	})
	s := &shelf{world: w, csr: csr(t, "shop.example.net"), star: csr(t, "*.example.net")}
	s.expired = s.issued("PositiveSSL", "old.example.net")
	s.expiredMulti = s.issued("PositiveSSL Multi Domain", "old.example.net")
	s.overdue = s.bought("PositiveSSL")
	w.sim.SetTime(day("2025-11-20"))
	s.newDV, s.newWildcard, s.newMulti = s.bought("PositiveSSL"), s.bought("PositiveSSL Wildcard"), s.bought("PositiveSSL Multi Domain")
	s.newOV, s.newEV = s.bought("InstantSSL"), s.bought("EV SSL")
	s.pending = s.world.pending("PositiveSSL", "wait.example.net")
	s.pendingMulti = s.world.pending("PositiveSSL Multi Domain", "wait.example.net", "DNSNames", "a.example.net,b.example.net")
	s.pendingWildcard = s.world.pending("PositiveSSL Wildcard", "*.example.net")
	s.active = s.issued("PositiveSSL", "live.example.net")
	for _, target := range []*string{&s.replaced, &s.revoked} {
		*target = s.issued("PositiveSSL", "gone.example.net")
		s.okay("ssl.reissue", "CertificateID", *target, "CSR", s.csr, "DNSDCValidation", "true")
	}
	s.okay("ssl.revokecertificate", "CertificateID", s.revoked, "CertificateType", "PositiveSSL")
	s.rejectedMulti = s.world.pending("PositiveSSL Multi Domain", "bad.example.net")
	s.cancelled, s.faulty = s.bought("PositiveSSL"), s.world.pending("PositiveSSL", "bad.example.net")
	ending := s.issued("PositiveSSL", "soon.example.net")
	w.days(300)
	s.renewal = attribute(t, s.okay("ssl.renew", "CertificateID", ending, "Years", "1", "SSLType", "PositiveSSL"), "CertificateID")
	w.sim.SetTime(day("2025-11-20"))
	for _, err := range []error{w.sim.Cancel(s.cancelled), w.sim.RejectByCA(s.faulty), w.sim.RejectByCA(s.rejectedMulti)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s.foreign = attribute(t, s.okay("ssl.create", "ApiUser", "stranger", "UserName", "stranger", "ApiKey", "other-key",
		"Years", "1", "Type", "PositiveSSL"), "CertificateID")
	return s
}

// row is a call and how it is refused.
type row struct {
	number, text, command string
	pairs                 []string
}

func long(n int) string { return strings.Repeat("x", n) }

func (s *shelf) check(t *testing.T, rows []row) {
	t.Helper()
	before := len(s.sim.Ledger())
	for _, one := range rows {
		t.Run(one.number+" "+one.text, func(t *testing.T) {
			w := &world{t: t, sim: s.sim, server: s.server}
			w.refused(one.number, one.text, one.command, one.pairs...)
		})
	}
	if after := len(s.sim.Ledger()); after != before {
		t.Errorf("refused calls were charged %d times", after-before)
	}
}

func TestGlobalErrors(t *testing.T) {
	t.Parallel()
	s := stock(t)
	s.check(t, []row{
		{"1010101", "Parameter APIUser is missing", "ssl.getList", []string{"ApiUser", ""}},
		{"1010102", "Parameter APIKey is missing", "ssl.getList", []string{"ApiKey", ""}},
		{"1010104", "Parameter Command is missing", "", []string{"Command", ""}},
		{"1010105", "Parameter ClientIP is missing", "ssl.getList", []string{"ClientIp", ""}},
		{"1011101", "APIUser is invalid", "ssl.getList", []string{"ApiUser", "nobody"}},
		{"1011101", "APIUser is invalid", "ssl.getList", []string{"ApiUser", long(21)}},
		{"1011102", "API Key is invalid or API access has not been enabled", "ssl.getList", []string{"ApiKey", "wrong"}},
		{"1011105", "ClientIP is invalid", "ssl.getList", []string{"ClientIp", "2001:db8::1"}},
		{"1011105", "ClientIP is invalid", "ssl.getList", []string{"ClientIp", "localhost"}},
		{"1019103", "Parameter UserName is not available", "ssl.getList", []string{"UserName", ""}},
		{"1016103", "Parameter UserName is unauthorized", "ssl.getList", []string{"UserName", "stranger"}},
		{"1011104", "Parameter Command is invalid", "ssl.cancel", nil},
		{"1011104", "Parameter Command is invalid", "", []string{"Command", "ssl.create"}},
	})
	lacks(t, s.send("ssl.getList", "ApiKey", "wrong"), "<CommandResponse")
	contains(t, s.send("ssl.getList", "ApiKey", "wrong"), "<RequestedCommand />", "<ExecutionTime>0</ExecutionTime>")
}

func TestTheKeyIsCheckedBeforeTheAddress(t *testing.T) {
	t.Parallel()
	w := open(t, "2025-11-20", func(o *simulator.Options) {
		o.Accounts = []simulator.Account{
			{ApiUser: "reseller", ApiKey: "simulator-key", AllowedIPs: []string{"198.51.100.7"}},
			{ApiUser: "locked", ApiKey: "k", Locked: true},
		}
	})
	w.refused("1011102", "API Key is invalid", "ssl.getList", "ApiKey", "wrong")
	w.refused("1011150", "Invalid request IP: 127.0.0.1", "ssl.getList", "ClientIp", "198.51.100.7")
	w.refused("1017101", "Parameter ApiUser is disabled or locked", "ssl.getList", "ApiUser", "locked", "UserName", "locked", "ApiKey", "k")
}

func TestErrorsOfCreate(t *testing.T) {
	t.Parallel()
	s := stock(t)
	create := func(pairs ...string) []string { return append([]string{"Years", "1", "Type", "PositiveSSL"}, pairs...) }
	s.check(t, []row{
		{"2010167", "Parameter Years is Missing", "ssl.create", create("Years", "")},
		{"2010298", "Parameter Type is Missing", "ssl.create", create("Type", "")},
		{"2011167", "Parameter Years is Invalid", "ssl.create", create("Years", "x")},
		{"2013167", "Parameter Years is OutOfRange", "ssl.create", create("Years", "6")},
		{"2013167", "Parameter Years is OutOfRange", "ssl.create", create("Years", "10")},
		{"2011301", "Parameter Type is not valid", "ssl.create", create("Type", "Quantum SSL")},
		{"2011301", "Parameter Type is not valid", "ssl.create", create("Type", "Standard SSL")}, // not sold yet
		{"2011301", "We're sorry, the requested SSL type has been discontinued", "ssl.create", create("Type", "RapidSSL")},
		{"2011301", "discontinued", "ssl.create", create("Type", "EV SSL SGC")},
		{"2011767", "Addon details is not available for the SSLType", "ssl.create", create("SANStoADD", "1")},
		{"2011767", "Number of SANS To add is not within the limit.", "ssl.create", create("Type", "Multi Domain SSL", "SANSToAdd", "98")},
		{"2011900", "Parameter SANSToAdd is Invalid", "ssl.create", create("SANStoADD", "x")},
		{"2013900", "Parameter SANSToAdd is OutOfRange", "ssl.create", create("SANStoADD", "100")},
		{"2013170", "Parameter PromotionCode is TooLong", "ssl.create", create("PromotionCode", long(21))},
		{"2011170", "Promotion code is not available", "ssl.create", create("PromotionCode", "UNHEARDOF")},
		{"2011170", "Promotion code is not started yet.", "ssl.create", create("PromotionCode", "notyet")},
		{"2011170", "Promotion code is expired", "ssl.create", create("PromotionCode", "BYGONE")},
		{"2011170", "Promotion code requires username.", "ssl.create", create("PromotionCode", "NAMELESS")},
		{"2011170", "Access denied for the promotion code", "ssl.create", create("PromotionCode", "NOTYOURS")},
		{"2011170", "Promotion code is not active", "ssl.create", create("PromotionCode", "WITHDRAWN")},
		{"2011170", "Error occured while validating promotion code", "ssl.create", create("PromotionCode", "BROKEN")}, //nolint:misspell // the provider's spelling
	})
	contains(t, s.okay("ssl.create", create("PromotionCode", "onceonly")...), `ChargedAmount="3.9400"`)
	s.refused("2011170", "Promotion code usage exceeded", "ssl.create", create("PromotionCode", "ONCEONLY")...)
	if err := s.sim.SetBalance("reseller", "7.87"); err != nil {
		t.Fatal(err)
	}
	s.refused("2528166", "ORDER CREATION FAILED; INSUFFICIENTFUNDS;Insufficient funds in account; "+
		"Sorry! Your available balance is insufficient to cover the current billing amount;", "ssl.create", create()...)
}

func TestErrorsOfRenew(t *testing.T) {
	t.Parallel()
	s := stock(t)
	s.sim.SetTime(day("2025-11-20"))
	renew := func(id string, pairs ...string) []string {
		return append([]string{"CertificateID", id, "Years", "1", "SSLType", "PositiveSSL"}, pairs...)
	}
	s.check(t, []row{
		{"2010167", "Parameter Years is Missing", "ssl.renew", renew(s.active, "Years", "")},
		{"2010294", "Parameter CertificateID is Missing", "ssl.renew", renew("")},
		{"2010301", "Parameter SSLType is Missing", "ssl.renew", renew(s.active, "SSLType", "")},
		{"2011167", "Parameter Years is Invalid", "ssl.renew", renew(s.active, "Years", "x")},
		{"2013167", "Years is TooLong", "ssl.renew", renew(s.active, "Years", "10")},
		{"2013167", "OutOfRange", "ssl.renew", renew(s.active, "Years", "0")},
		{"2011294", "Parameter CertificateID is Invalid", "ssl.renew", renew("12x")},
		{"2013294", "CertificateID is TooLong", "ssl.renew", renew("1234567890")},
		{"2013301", "SSLType is TooLong", "ssl.renew", renew(s.active, "SSLType", long(51))},
		{"2013170", "PromotionCode is TooLong", "ssl.renew", renew(s.active, "PromotionCode", long(21))},
		{"2011170", "Promotion code is not available", "ssl.renew", renew(s.active, "PromotionCode", "UNHEARDOF")},
		{"2011301", "Parameter SSLType is not valid", "ssl.renew", renew(s.active, "SSLType", "Quantum SSL")},
		{"2011301", "discontinued", "ssl.renew", renew(s.active, "SSLType", "QuickSSL Premium")},
		{"2012301", "SSLType Mismatch", "ssl.renew", renew(s.active, "SSLType", "EssentialSSL")},
		{"4011294", "CertificateID is invalid", "ssl.renew", renew("11")},
		{"4011294", "CertificateID is invalid", "ssl.renew", renew(s.foreign)},
		{"4011294", "Certificate not meet the ExpireDate. So cannot Renew", "ssl.renew", renew(s.active)},
		{"4011294", "Certificate not meet the ExpireDate. So cannot Renew", "ssl.renew", renew(s.expired)}, // 315 days ago
		{
			"4011294", "Cannot renew with Year=3 when certificate's days to expire &gt; 90. Try again when certificate's days to expire &lt;= 90",
			"ssl.renew", renew(s.active, "Years", "3"),
		},
		{"4011331", "Certificate status is invalid", "ssl.renew", renew(s.pending)},
		{"4011331", "Certificate status is invalid", "ssl.renew", renew(s.replaced)},
	})
	s.sim.SetTime(day("2026-09-01"))
	s.okay("ssl.renew", renew(s.active, "Years", "2")...) // in the window only later
}

func TestErrorsOfActivate(t *testing.T) {
	t.Parallel()
	s := stock(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	activate := func(id string, pairs ...string) []string {
		return append([]string{"CertificateID", id, "CSR", s.csr, "DNSDCValidation", "true"}, pairs...)
	}
	perName := func(id string, pairs ...string) []string {
		return append([]string{"CertificateID", id, "CSR", s.csr}, pairs...)
	}
	ev := []string{
		"AdminOrganizationName", "Example BV", "AdminAddress1", "Street 1", "AdminCity", "Amsterdam", "AdminStateProvince", "NH",
		"AdminCountry", "NL", "AdminPostalCode", "1000AA",
	}
	s.check(t, []row{
		{"2010294", "CertificateID is Missing", "ssl.activate", activate("")},
		{"2011294", "Parameter CertificateID is Invalid", "ssl.activate", activate("1e3")},
		{"2011294", "CertificateID is invalid", "ssl.activate", activate("11")},
		{"2013294", "CertificateID is TooLong", "ssl.activate", activate("12345678901")},
		{"4011294", "CertificateId is not valid", "ssl.activate", activate(s.foreign)},
		{"4011331", "Status is InValid.", "ssl.activate", activate(s.pending)},
		{"4011331", "Status is InValid.", "ssl.activate", activate(s.active)},
		{"4011331", "Status is InValid.", "ssl.activate", activate(s.cancelled)},
		{"4011331", "Status is InValid.", "ssl.activate", activate(s.faulty)},
		{"4020294", "Activation period for this certificate has expired.", "ssl.activate", activate(s.overdue)},
		{"2010296", "Parameter CSR is Missing", "ssl.activate", activate(s.newDV, "CSR", "")},
		{"2013296", "Parameter CSR is TooLong", "ssl.activate", activate(s.newDV, "CSR", long(32768))},
		{"3011296", "Invalid CSR. The CSR is not a PEM block", "ssl.activate", activate(s.newDV, "CSR", "hello")},
		{"3011296", "Invalid CSR. The CSR could not be decoded", "ssl.activate", activate(s.newDV, "CSR",
			"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----")},
		{"3011296", "Invalid CSR. The PEM block is not a certificate request", "ssl.activate", activate(s.newDV, "CSR", string(s.sim.RootPEM()))},
		{"3011296", "Invalid CSR. The RSA key has 1024 bits", "ssl.activate", activate(s.newDV, "CSR", csrFor(t, weak, "shop.example.net"))},
		{"3011296", "Invalid CSR. The type of the key is not supported", "ssl.activate", activate(s.newDV, "CSR", csrFor(t, edwards, "shop.example.net"))},
		{"3011296", "Invalid CSR. The common name is missing", "ssl.activate", activate(s.newDV, "CSR", csr(t, ""))},
		{"2011166", "Invalid Renewal Order Domain", "ssl.activate", activate(s.renewal)},
		{"2011767", "internal name", "ssl.activate", activate(s.newDV, "CSR", csr(t, "intranet.local"))},
		{"2011767", "internal name", "ssl.activate", activate(s.newDV, "CSR", csr(t, "192.0.2.1"))},
		{"2011767", "internal name", "ssl.activate", activate(s.newMulti, "DNSNames", "a.example.net,server")},
		{"2014296", "Duplicate Values in Common Names detected.", "ssl.activate", activate(s.newMulti, "DNSNames", "a.example.net,SHOP.example.net")},
		{"2030296", "Invalid CSR - Wildcard not supported with this type of certificate.", "ssl.activate", activate(s.newDV, "CSR", s.star)},
		{"2030296", "Invalid CSR - Wildcard not supported", "ssl.activate", activate(s.newMulti, "DNSNames", "*.example.org")},
		{"2011296", "CSR is not for a wildcard", "ssl.activate", activate(s.newWildcard)},
		{
			"2010767", "The additional domain names provided in DNSNames exceeded the purchased SANS.Only 2 SANS can be activated for this certificate.",
			"ssl.activate", activate(s.newMulti, "DNSNames", "a.example.net,b.example.net,c.example.net"),
		},
		{"2010767", "Only 0 SANS", "ssl.activate", activate(s.newDV, "DNSNames", "a.example.net")},
		{"2011784", "Both File-Based and DNS-Based authentication can't be enabled", "ssl.activate", activate(s.newDV, "HTTPDCValidation", "true")},
		{"2013900", "Parameter HTTPDCValidation is Invalid", "ssl.activate", activate(s.newDV, "HTTPDCValidation", "yes")},
		{"2013900", "Parameter DNSDCValidation is Invalid", "ssl.activate", activate(s.newDV, "DNSDCValidation", "1")},
		{
			"3011784", "HTTP DCV method is not allowed for Wildcard certificates", "ssl.activate",
			[]string{"CertificateID", s.newWildcard, "CSR", s.star, "HTTPDCValidation", "true"},
		},
		{
			"3011784", "HTTP DCV method is not allowed for Wildcard certificates", "ssl.activate",
			[]string{"CertificateID", s.newWildcard, "CSR", s.star, "ApproverEmail", "HTTPCSRHASH"},
		},
		{"2010295", "Approver email is required", "ssl.activate", perName(s.newDV)},
		{"2010295", "DNSApproverEmails is required", "ssl.activate", perName(s.newMulti, "ApproverEmail", "CNAMECSRHASH", "DNSNames", "a.example.net")},
		{
			"2010767", "The additional DNSNames and their corresponding approver emails are not equal", "ssl.activate",
			perName(s.newMulti, "ApproverEmail", "CNAMECSRHASH", "DNSNames", "a.example.net", "DNSApproverEmails", "CNAMECSRHASH,CNAMECSRHASH"),
		},
		{"2011295", "Approver email is invalid", "ssl.activate", perName(s.newDV, "ApproverEmail", "somebody")},
		{"3011295", "Approver email is not valid", "ssl.activate", perName(s.newDV, "ApproverEmail", "ceo@example.net")},
		{"3011295", "Approver email is not valid", "ssl.activate", perName(s.newDV, "ApproverEmail", "admin@example.org")},
		{"3011295", "Approver email is not valid", "ssl.activate", perName(s.newDV, "ApproverEmail", "CNAME_CSR_HASH")},
		{"3011295", "Approver email for the DomainName b.example.org is not valid", "ssl.activate", perName(s.newMulti, "ApproverEmail", "admin@example.net",
			"DNSNames", "a.example.net,b.example.org", "DNSApproverEmails", "admin@example.net,admin@example.net")},
		{"2010396", "Either CSR Organization or AdminOrganizationName must be specified", "ssl.activate", activate(s.newOV)},
		{"2010326", "Parameter AdminAddress1 is missing", "ssl.activate", activate(s.newEV, "AdminOrganizationName", "Example BV")},
		{"2010326", "Parameter AdminPostalCode is missing", "ssl.activate", activate(s.newEV, append(ev, "AdminPostalCode", "")...)},
		{"2010667", "CompanyIncorporationCountry is Required for EV SSL certificates", "ssl.activate", activate(s.newEV, ev...)},
		{"2011212", "AdminPhone is Invalid", "ssl.activate", activate(s.newDV, "AdminPhone", "5551234567")},
		{"2011213", "AdminFax is Invalid", "ssl.activate", activate(s.newDV, "AdminFax", "none")},
		{"2011214", "AdminEmailAddress is Invalid", "ssl.activate", activate(s.newDV, "AdminEmailAddress", "ann")},
		{"2011215", "AdminPhoneExt is Invalid", "ssl.activate", activate(s.newDV, "AdminPhoneExt", "x1")},
		{"2011388", "OrganizationRepPhone is Invalid", "ssl.activate", activate(s.newOV, "OrganizationRepPhone", "x")},
		{"2011388", "OrganizationRepPhone is TooLong", "ssl.activate", activate(s.newOV, "OrganizationRepPhone", long(256))},
		{"2011389", "OrganizationRepFax is Invalid", "ssl.activate", activate(s.newOV, "OrganizationRepFax", "x")},
		{"2013372", "OrganizationRepEmailAddress is Invalid", "ssl.activate", activate(s.newOV, "OrganizationRepEmailAddress", "x")},
		{"2011668", "Parameter CompanyIncorporationDate is Invalid. Valid format is YYYY-MM-DD", "ssl.activate", activate(s.newEV, "CompanyIncorporationDate", "12/31/2001")},
		{"4011297", "Parameter AdminCountry country is not a valid ISO 3166-1 alpha-2 country", "ssl.activate", activate(s.newDV, "AdminCountry", "XX")},
		{"4011380", "OrganizationRepDUNS must be integer", "ssl.activate", activate(s.newOV, "OrganizationRepDUNS", "x")},
		{"4011900", "OrganizationDUNS must be integer", "ssl.activate", activate(s.newOV, "OrganizationDUNS", "x")},
	})
	s.okay("ssl.activate", activate(s.newEV, append(ev, "CompanyIncorporationCountry", "NL", "CompanyIncorporationDate", "2001-12-31")...)...)
	s.okay("ssl.activate", perName(s.newMulti, "ApproverEmail", "admin@example.net", "DNSNames", "a.example.net,b.example.org",
		"DNSApproverEmails", "HTTPCSRHASH,postmaster@example.org")...)
}

func TestEveryContactParameterHasItsOwnLength(t *testing.T) {
	t.Parallel()
	s := stock(t)
	var rows []row
	add := func(number string, most int, names ...string) {
		for _, name := range names {
			rows = append(rows, row{
				number, "Parameter " + name + " is TooLong", "ssl.activate",
				[]string{"CertificateID", s.newDV, "CSR", s.csr, "DNSDCValidation", "true", name, long(most + 1)},
			})
		}
	}
	for i, name := range []string{"AdminOrganizationName", "AdminJobTitle", "AdminFirstName", "AdminLastName"} {
		add(fmt.Sprint(2013201+i), 255, name)
	}
	add("2013207", 255, "AdminCity")
	add("2013208", 255, "AdminStateProvince")
	add("2013209", 255, "AdminStateProvinceChoice")
	add("2013210", 255, "AdminPostalCode")
	add("2013211", 2, "AdminCountry")
	add("2013212", 32, "AdminPhone")
	add("2013213", 32, "AdminFax")
	add("2013214", 255, "AdminEmailAddress")
	add("2013215", 32, "AdminPhoneExt")
	add("2013295", 255, "ApproverEmail")
	add("2013297", 50, "WebServerType")
	add("2013372", 128, "OrganizationRepEmailAddress")
	add("2013374", 60, "OrganizationRepFirstName")
	add("2013375", 60, "OrganizationRepLastName")
	add("2013376", 60, "OrganizationRepTitle")
	add("2013380", 255, "OrganizationRepLegalName", "OrganizationDepartment")
	add("2013380", 20, "OrganizationRepDUNS")
	add("2013384", 255, "OrganizationRepCity")
	add("2013385", 255, "OrganizationRepStateProvince")
	add("2013386", 255, "OrganizationRepPostalCode")
	add("2013387", 2, "OrganizationRepCountry")
	add("2013388", 255, "OrganizationPhone")
	add("2013389", 255, "OrganizationFax")
	add("2013667", 2, "CompanyIncorporationCountry")
	add("2013900", 20, "UniqueValue", "OrganizationDUNS")
	add("2013900", 255, "AdminAddress1", "AdminAddress2", "OrganizationCity", "TechCity", "BillingPhone")
	add("2013900", 100, "CompanyDBA", "CompanyRegistrationNumber", "CompanyIncorporationLocality")
	add("2013900", 32767, "DNSNames", "DNSApproverEmails")
	s.check(t, rows)
}

func TestErrorsOfTheOtherCommands(t *testing.T) {
	t.Parallel()
	s := stock(t)
	id := func(id string, pairs ...string) []string { return append([]string{"CertificateID", id}, pairs...) }
	reissue := func(id string) []string {
		return []string{"CertificateID", id, "CSR", s.csr, "DNSDCValidation", "true"}
	}
	s.check(t, []row{
		{"4011331", "Status is InValid.", "ssl.reissue", reissue(s.pending)},
		{"4011331", "Status is InValid.", "ssl.reissue", reissue(s.replaced)},
		{"4011331", "Status is InValid.", "ssl.reissue", reissue(s.expired)},
		{"2011294", "CertificateID is invalid", "ssl.reissue", reissue("11")},
		{"4011294", "CertificateId is not valid", "ssl.reissue", reissue(s.foreign)},
		{"3011296", "Invalid CSR.", "ssl.reissue", []string{"CertificateID", s.active, "CSR", "x", "DNSDCValidation", "true"}},
		{"2030296", "Wildcard not supported", "ssl.reissue", []string{"CertificateID", s.active, "CSR", s.star, "DNSDCValidation", "true"}},
		{"2011294", "CertificateID is invalid", "ssl.getInfo", id("11")},
		{"2011294", "CertificateID is invalid", "ssl.getInfo", id(s.foreign)},
		{"2010294", "CertificateID is Missing", "ssl.getInfo", nil},
		{"2011272", "ListType is invalid", "ssl.getList", []string{"ListType", "purchased"}},
		{"2010296", "CSR is Missing", "ssl.parseCSR", nil},
		{"2013296", "CSR is TooLong", "ssl.parseCSR", []string{"csr", long(2001)}},
		{"2011300", "CertificateType is invalid", "ssl.parseCSR", []string{"csr", s.csr, "CertificateType", "x"}},
		{"3022296", "Failed to retrive CSR details from provider", "ssl.parseCSR", []string{"csr", "x"}}, //nolint:misspell // the provider's spelling
		{"2011166", "DomainName is invalid", "ssl.getApproverEmailList", []string{"DomainName", "x", "CertificateType", "PositiveSSL"}},
		{"2011296", "CSR is invalid", "ssl.getApproverEmailList", []string{"DomainName", s.csr, "CertificateType", "PositiveSSL"}},
		{"2011300", "CertificateType is invalid", "ssl.getApproverEmailList", []string{"DomainName", "example.net"}},
		{"4011300", "CertificateType is invalid", "ssl.getApproverEmailList", []string{"DomainName", "example.net", "CertificateType", "RapidSSL"}},
		{"2011331", "Status is invalid", "ssl.resendApproverEmail", id(s.active)},
		{"2011294", "CertificateID is invalid", "ssl.resendApproverEmail", id("11")},
		{"2011331", "Status is invalid", "ssl.resendfulfillmentemail", id(s.pending)},
		{"2010294", "CertificateID is Missing", "ssl.resendfulfillmentemail", nil},
		{"3011299", "No administrator email is on file for this certificate", "ssl.resendfulfillmentemail", id(s.active)},
		{"2011767", "Addon details is not available for the SSLType", "ssl.purchasemoresans", id(s.newDV, "NumberOfSANSToAdd", "1")},
		{"2011767", "Number of SANS To add is not within the limit.", "ssl.purchasemoresans", id(s.newMulti, "NumberOfSANSToAdd", "98")},
		{"2011900", "Invalid", "ssl.purchasemoresans", id(s.newMulti, "NumberOfSANSToAdd", "x")},
		{"2010900", "Missing", "ssl.purchasemoresans", id(s.newMulti)},
		{"2013900", "OutOfRange", "ssl.purchasemoresans", id(s.newMulti, "NumberOfSANSToAdd", "0")},
		{"4011331", "Status is InValid.", "ssl.purchasemoresans", id(s.rejectedMulti, "NumberOfSANSToAdd", "1")},
		{"4011331", "Status is InValid.", "ssl.purchasemoresans", id(s.expiredMulti, "NumberOfSANSToAdd", "1")},
		{"2011294", "CertificateID is invalid", "ssl.purchasemoresans", id(s.foreign, "NumberOfSANSToAdd", "1")},
		{"2011294", "CertificateID is invalid", "ssl.revokecertificate", id("11", "CertificateType", "PositiveSSL")},
		{"4011331", "Status is invalid", "ssl.revokecertificate", id(s.active, "CertificateType", "PositiveSSL")},
		{"4011331", "Status is invalid", "ssl.revokecertificate", id(s.revoked, "CertificateType", "PositiveSSL")},
		{"2011300", "Wrong SSL certificate selection. The type provided is not supported by command.", "ssl.revokecertificate", id(s.replaced)},
		{"2011300", "Wrong SSL certificate selection.", "ssl.revokecertificate", id(s.replaced, "CertificateType", "EV SSL")},
		{"2010294", "CertificateID is Missing", "ssl.editDCVMethod", nil},
		{"2011331", "Status is Invalid", "ssl.editDCVMethod", id(s.active, "DCVMethod", "HTTP_CSR_HASH")},
		{"2013294", "DCVMethod is TooLong", "ssl.editDCVMethod", id(s.pending, "DCVMethod", long(256))},
		{"2013294", "DNSNames is TooLong", "ssl.editDCVMethod", id(s.pendingMulti, "DNSNames", long(3501))},
		{"2013294", "DCVMethods is TooLong", "ssl.editDCVMethod", id(s.pendingMulti, "DCVMethods", long(3501))},
		{"2010784", "Insufficient data to edit dcvalidation method", "ssl.editDCVMethod", id(s.pending)},
		{"2010784", "DNSNames or DCVMethods is missing", "ssl.editDCVMethod", id(s.pendingMulti, "DCVMethod", "HTTP_CSR_HASH")},
		{"2010784", "DCVMethod is missing", "ssl.editDCVMethod", id(s.pending, "DNSNames", "a.example.net")},
		{
			"2011784", "DNSNames or DCVMethods cannot be sent along with DCVMethod", "ssl.editDCVMethod",
			id(s.pendingMulti, "DCVMethod", "HTTP_CSR_HASH", "DNSNames", "a.example.net"),
		},
		{"2010767", "not equal", "ssl.editDCVMethod", id(s.pendingMulti, "DNSNames", "a.example.net", "DCVMethods", "HTTP_CSR_HASH,HTTP_CSR_HASH")},
		{"2011767", "names of the previous activation", "ssl.editDCVMethod", id(s.pendingMulti, "DNSNames", "x.example.net", "DCVMethods", "HTTP_CSR_HASH")},
		{"3011295", "DCVMethod is invalid", "ssl.editDCVMethod", id(s.pending, "DCVMethod", "HTTPCSRHASH")},
		{"3011784", "DCVMethod for the DomainName a.example.net is not valid", "ssl.editDCVMethod", id(s.pendingMulti, "DNSNames", "a.example.net", "DCVMethods", "CNAMECSRHASH")},
		{"3011784", "not allowed for Wildcard", "ssl.editDCVMethod", id(s.pendingWildcard, "DCVMethod", "HTTP_CSR_HASH")},
		{"2011298", "ProductType is invalid", "users.getPricing", nil},
		{"2011170", "Promotion code is not available", "users.getPricing", []string{"ProductType", "SSLCERTIFICATE", "PromotionCode", "UNHEARDOF"}},
	})
}

func TestEveryChargeNeedsFunds(t *testing.T) {
	t.Parallel()
	w := open(t, "2025-11-20", with(func(s *simulator.Switches) { s.ReissuePrice = simulator.ReissueCharged }))
	single, multi := w.issued("PositiveSSL", "example.com"), w.bought("PositiveSSL Multi Domain")
	w.days(300)
	if err := w.sim.SetBalance("reseller", "0.01"); err != nil {
		t.Fatal(err)
	}
	const short = "INSUFFICIENTFUNDS"
	w.refused("2528166", short, "ssl.create", "Years", "1", "Type", "PositiveSSL")
	w.refused("2528166", short, "ssl.renew", "CertificateID", single, "Years", "1", "SSLType", "PositiveSSL")
	w.refused("2528166", short, "ssl.purchasemoresans", "CertificateID", multi, "NumberOfSANSToAdd", "1")
	w.refused("2528166", short, "ssl.reissue", "CertificateID", single, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
	if _, err := w.sim.PurchaseByHand("PositiveSSL", 1); err == nil {
		t.Error("bought by hand without funds")
	}
	if len(w.sim.Ledger()) != 2 || len(w.sim.Certificates()) != 2 {
		t.Error("something was sold without funds")
	}
}

func TestASubmissionThatTheCARefusesNeedsSupport(t *testing.T) {
	t.Parallel()
	w := open(t, "2025-11-20")
	id, request := w.bought("PositiveSSL"), csr(t, "example.com")
	w.sim.Configure(func(s *simulator.Switches) { s.PurchaseError = true })
	w.refused("3027295", "We are unable to process your order. Error Details:", "ssl.activate", "CertificateID", id, "CSR", request, "DNSDCValidation", "true")
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `Status="purchaseerror"`)
	w.sim.Configure(func(s *simulator.Switches) { s.PurchaseError = false })
	w.refused("4011331", "Status is InValid.", "ssl.activate", "CertificateID", id, "CSR", request, "DNSDCValidation", "true")
	if err := w.sim.Reset(id); err != nil {
		t.Fatal(err)
	}
	w.okay("ssl.activate", "CertificateID", id, "CSR", request, "DNSDCValidation", "true")
}

func TestARefusalByTheVendorLeavesTheCertificateAsItWas(t *testing.T) {
	t.Parallel()
	w := open(t, "2025-11-20")
	id := w.bought("PositiveSSL")
	w.refused("3011296", "Invalid CSR.", "ssl.activate", "CertificateID", id, "CSR", "x", "DNSDCValidation", "true")
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `Status="newpurchase"`)
	w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
}

func TestTheActivationDeadlineIsAYear(t *testing.T) {
	t.Parallel()
	w := open(t, "2025-11-20")
	early, late := w.bought("PositiveSSL"), w.bought("PositiveSSL")
	w.sim.SetTime(day("2026-11-20").Add(3 * time.Hour))
	w.okay("ssl.activate", "CertificateID", early, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
	w.days(1)
	w.refused("4020294", "Activation period", "ssl.activate", "CertificateID", late, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
}
