// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// TestRequestsAreSpelledAsTheAPIWantsThem compares whole forms: what is not
// listed must not be sent.
func TestRequestsAreSpelledAsTheAPIWantsThem(t *testing.T) {
	t.Parallel()
	email := func(domain, address string) provisioning.ValidationChoice {
		return provisioning.ValidationChoice{Domain: domain, Method: provisioning.ValidateByEmail, ApproverEmail: address}
	}
	by := func(domain string, method provisioning.ValidationMethod) provisioning.ValidationChoice {
		return provisioning.ValidationChoice{Domain: domain, Method: method}
	}
	dns, file := provisioning.ValidateByDNS, provisioning.ValidateByHTTP
	activate := func(product, server string, contact provisioning.Contact, choices ...provisioning.ValidationChoice,
	) func(context.Context, *hostlantern.Provider) {
		return func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Activate(ctx, provisioning.ConfigurationRequest{
				OperationID: "op", CertificateID: "7001", Product: product, CSR: "the\nCSR+", CommonName: choices[0].Domain,
				WebServer: server, Validation: choices, Contact: contact,
			})
		}
	}
	change := func(product string, choices ...provisioning.ValidationChoice) func(context.Context, *hostlantern.Provider) {
		return func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.ChangeValidation(ctx, provisioning.ValidationRequest{CertificateID: "7001", Product: product, Choices: choices})
		}
	}
	none := provisioning.Contact{}
	person := provisioning.Contact{
		FirstName: "Ann", LastName: "Doe", JobTitle: "Owner", Email: "ann@example.com", Phone: "+1.5551234567",
		Organization: "Example Inc", Address1: "1 Main Street", City: "Springfield", State: "IL", PostalCode: "62701", Country: "US",
	}
	asAdministrator := map[string]string{
		"AdminFirstName": "Ann", "AdminLastName": "Doe", "AdminJobTitle": "Owner", "AdminEmailAddress": "ann@example.com",
		"AdminPhone": "+1.5551234567", "AdminOrganizationName": "Example Inc", "AdminAddress1": "1 Main Street",
		"AdminCity": "Springfield", "AdminStateProvince": "IL", "AdminPostalCode": "62701", "AdminCountry": "US",
	}
	asRepresentative := map[string]string{
		"OrganizationRepFirstName": "Ann", "OrganizationRepLastName": "Doe", "OrganizationRepTitle": "Owner",
		"OrganizationRepPhone": "+1.5551234567", "OrganizationRepEmailAddress": "ann@example.com",
	}
	submitted := map[string]string{"Command": "namecheap.ssl.activate", "CertificateID": "7001", "CSR": "the\nCSR+"}
	edit := map[string]string{"Command": "namecheap.ssl.editDCVMethod", "CertificateID": "7001"}

	for _, row := range []struct {
		name string
		call func(context.Context, *hostlantern.Provider)
		want map[string]string
	}{
		{"a purchase", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Purchase(ctx, provisioning.PurchaseRequest{OperationID: "op", Product: "positivessl", Years: 2})
		}, map[string]string{"Command": "namecheap.ssl.create", "Type": "PositiveSSL", "Years": "2"}},
		{"a purchase with more domains", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Purchase(ctx, provisioning.PurchaseRequest{Product: "san-certificate", Years: 1, AdditionalDomains: 4})
		}, map[string]string{"Command": "namecheap.ssl.create", "Type": "SAN Certificate", "Years": "1", "SANStoADD": "4"}},
		{"a renewal", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Renew(ctx, provisioning.RenewalRequest{CertificateID: "7001", Product: "positivessl", Years: 1})
		}, map[string]string{"Command": "namecheap.ssl.renew", "CertificateID": "7001", "SSLType": "PositiveSSL", "Years": "1"}},
		{"a renewal of a product with a new name", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Renew(ctx, provisioning.RenewalRequest{
				CertificateID: "7001", Product: "positivessl", ProviderProduct: "standard ssl", Years: 1,
			})
		}, map[string]string{"Command": "namecheap.ssl.renew", "CertificateID": "7001", "SSLType": "Standard SSL", "Years": "1"}},
		{"a renewal of a product that the catalogue lacks", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.Renew(ctx, provisioning.RenewalRequest{
				CertificateID: "7001", Product: "positivessl", ProviderProduct: "Novel SSL", Years: 1,
			})
		}, map[string]string{"Command": "namecheap.ssl.renew", "CertificateID": "7001", "SSLType": "Novel SSL", "Years": "1"}},
		{"added domains", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.AddDomains(ctx, provisioning.AddDomainsRequest{CertificateID: "7001", Domains: 2})
		}, map[string]string{"Command": "namecheap.ssl.purchasemoresans", "CertificateID": "7001", "NumberOfSANSToAdd": "2"}},

		{"one domain by DNS", activate("positivessl", "NGINX", none, by("example.com", dns)),
			merge(submitted, map[string]string{"DNSDCValidation": "true", "WebServerType": "nginx"})},
		{"one domain by HTTP", activate("positivessl", "Apache", none, by("example.com", file)),
			merge(submitted, map[string]string{"HTTPDCValidation": "true", "WebServerType": "apache2"})},
		{"one domain by e-mail", activate("positivessl", "caddy", none, email("example.com", "admin@example.com")),
			merge(submitted, map[string]string{"ApproverEmail": "admin@example.com", "WebServerType": "other"})},
		{"a wildcard", activate("positivessl-wildcard", "", none, by("*.example.com", dns)),
			merge(submitted, map[string]string{"DNSDCValidation": "true"})},
		{"the www name beside the common name", activate("positivessl", "", none, by("example.com", dns), by("www.example.com", dns)),
			merge(submitted, map[string]string{"DNSDCValidation": "true"})},
		{"a multi-domain certificate for one domain", activate("positivessl-multi-domain", "", none, by("example.com", file)),
			merge(submitted, map[string]string{"HTTPDCValidation": "true"})},
		{"several domains", activate("positivessl-multi-domain", "", none,
			by("example.com", dns), by("example.net", file), email("example.org", "admin@example.org")),
			merge(submitted, map[string]string{
				"ApproverEmail": "CNAMECSRHASH",
				"DNSNames":      "example.net,example.org", "DNSApproverEmails": "HTTPCSRHASH,admin@example.org",
			})},
		{"a person, for a domain", activate("positivessl", "", person, by("example.com", dns)),
			merge(submitted, asAdministrator, map[string]string{"DNSDCValidation": "true"})},
		{"a person, for an organisation", activate("instantssl", "", person, by("example.com", dns)),
			merge(submitted, asAdministrator, asRepresentative, map[string]string{"DNSDCValidation": "true"})},
		{"a person, for extended validation", activate("ev-ssl", "", person, by("example.com", dns)),
			merge(submitted, asAdministrator, asRepresentative,
				map[string]string{"DNSDCValidation": "true", "CompanyIncorporationCountry": "US"})},

		{"a change to DNS", change("positivessl", by("example.com", dns)), merge(edit, map[string]string{"DCVMethod": "CNAME_CSR_HASH"})},
		{"a change to HTTP", change("positivessl", by("example.com", file)), merge(edit, map[string]string{"DCVMethod": "HTTP_CSR_HASH"})},
		{"a change to e-mail", change("positivessl", email("example.com", "admin@example.com")),
			merge(edit, map[string]string{"DCVMethod": "admin@example.com"})},
		{"a change for several domains", change("positivessl-multi-domain",
			by("example.com", dns), by("example.net", file), email("example.org", "admin@example.org")),
			merge(edit, map[string]string{
				"DNSNames": "example.com,example.net,example.org", "DCVMethods": "CNAME_CSR_HASH,HTTP_CSR_HASH,admin@example.org",
			})},
		{"a retry", func(ctx context.Context, p *hostlantern.Provider) { _ = p.RetryValidation(ctx, "7001") },
			map[string]string{"Command": "namecheap.ssl.resendApproverEmail", "CertificateID": "7001"}},
		{"approvers of a wildcard", func(ctx context.Context, p *hostlantern.Provider) {
			_, _ = p.ApproverEmails(ctx, "*.example.com", "positivessl-wildcard")
		}, map[string]string{
			"Command": "namecheap.ssl.getApproverEmailList", "DomainName": "example.com", "CertificateType": "PositiveSSL Wildcard",
		}},
		{"a revocation", func(ctx context.Context, p *hostlantern.Provider) { _ = p.Revoke(ctx, "7001", "positivessl") },
			map[string]string{"Command": "namecheap.ssl.revokecertificate", "CertificateID": "7001", "CertificateType": "PositiveSSL"}},
		{"one certificate", func(ctx context.Context, p *hostlantern.Provider) { _, _ = p.Certificate(ctx, "7001") },
			map[string]string{
				"Command": "namecheap.ssl.getInfo", "CertificateID": "7001", "Returncertificate": "true", "Returntype": "Individual",
			}},
		{"a page", func(ctx context.Context, p *hostlantern.Provider) { _, _ = p.Certificates(ctx, 3, 50) },
			map[string]string{
				"Command": "namecheap.ssl.getList", "ListType": "ALL", "Page": "3", "PageSize": "50", "SortBy": "PURCHASEDATE_DESC",
			}},
		{"the balance", func(ctx context.Context, p *hostlantern.Provider) { _, _ = p.Balance(ctx) },
			map[string]string{"Command": "namecheap.users.getBalances"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, failure("5050900", "enough seen"))
			row.call(t.Context(), s.provider)
			if diff := cmp.Diff(row.want, s.lastForm(t)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func merge(parts ...map[string]string) map[string]string {
	whole := map[string]string{}
	for _, part := range parts {
		for name, value := range part {
			whole[name] = value
		}
	}
	return whole
}

func TestAPromotionCodeGoesWithEveryPurchaseAndRenewal(t *testing.T) {
	t.Parallel()
	s := newStub(t, failure("5050900", "enough seen"), func(c *hostlantern.Config) { c.PromotionCode = "SAVE10" })
	calls := commands()
	for _, name := range []string{"create", "renew", "getPricing"} {
		_ = calls[name](t.Context(), s.client)
		if got := s.lastForm(t)["PromotionCode"]; got != "SAVE10" {
			t.Errorf("%s: the code is %q", name, got)
		}
	}
	_ = calls["activate"](t.Context(), s.client)
	if _, sent := s.lastForm(t)["PromotionCode"]; sent {
		t.Error("activate does not take a promotion code")
	}
}

func TestWhatTheWireCannotSayIsRefusedWithoutACall(t *testing.T) {
	t.Parallel()
	s := newStub(t, failure("5050900", "a call was made"))
	p, ctx := s.provider, t.Context()
	configure := func(product string, choices ...provisioning.ValidationChoice) error {
		_, err := p.Activate(ctx, provisioning.ConfigurationRequest{CertificateID: "7001", Product: product, Validation: choices})
		return err
	}
	byDNS := provisioning.ValidationChoice{Domain: "example.com", Method: provisioning.ValidateByDNS}
	byHTTP := provisioning.ValidationChoice{Domain: "www.example.com", Method: provisioning.ValidateByHTTP}
	byEmail := provisioning.ValidationChoice{Domain: "example.com", Method: provisioning.ValidateByEmail}
	page := func(page, size int) error {
		_, err := p.Certificates(ctx, page, size)
		return err
	}
	for name, row := range map[string]struct {
		err   error
		fault provisioning.Fault
	}{
		"an unknown product":         {configure("no-such-ssl", byDNS), provisioning.FaultOther},
		"no method":                  {configure("positivessl"), provisioning.FaultValidationMethod},
		"an unknown method":          {configure("positivessl", provisioning.ValidationChoice{Domain: "example.com"}), provisioning.FaultValidationMethod},
		"two methods for one order":  {configure("positivessl", byDNS, byHTTP), provisioning.FaultValidationMethod},
		"HTTP for a wildcard":        {configure("positivessl-wildcard", byHTTP), provisioning.FaultValidationMethod},
		"e-mail without an approver": {configure("positivessl", byEmail), provisioning.FaultApproverEmail},
		"page zero":                  {page(0, 100), provisioning.FaultOther},
		"pages that are too small":   {page(1, 9), provisioning.FaultOther},
		"pages that are too large":   {page(1, 101), provisioning.FaultOther},
	} {
		if failed := providerError(t, row.err); failed.Outcome != provisioning.Refused || failed.Fault != row.fault {
			t.Errorf("%s: got %v", name, failed)
		}
	}
	if s.calls() != 0 {
		t.Errorf("%d calls were made", s.calls())
	}
}
