// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"regexp"
	"slices"

	"github.com/certbridge/certbridge/provisioning"
)

func catalogue(s *suite) {
	slug := regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	seen := map[string]bool{}
	for _, product := range s.Provider.Products() {
		if !slug.MatchString(product.Code) || seen[product.Code] {
			s.t.Errorf("code %q is no slug or stands twice", product.Code)
		}
		seen[product.Code] = true
		if product.ProviderName == "" || len(product.Years) == 0 || !slices.IsSorted(product.Years) || product.Years[0] < 1 {
			s.t.Errorf("%s has no name or no terms: %+v", product.Code, product)
		}
		if product.IncludedDomains < 1 || product.MaxAdditionalDomains < 0 ||
			product.Coverage != provisioning.MultiDomain && product.IncludedDomains+product.MaxAdditionalDomains != 1 {
			s.t.Errorf("%s holds an impossible number of domains: %+v", product.Code, product)
		}
		if len(product.Methods) == 0 ||
			product.Coverage == provisioning.WildcardDomain && slices.Contains(product.Methods, provisioning.ValidateByHTTP) {
			s.t.Errorf("%s has no possible validation methods: %v", product.Code, product.Methods)
		}
	}
	for code, coverage := range map[string]provisioning.Coverage{
		s.Single: provisioning.SingleDomain, s.Wildcard: provisioning.WildcardDomain,
	} {
		if product := s.product(code); product.Coverage != coverage || product.Level != provisioning.DomainValidated {
			s.t.Errorf("%s is not what the harness takes it for: %+v", code, product)
		}
	}
}

func purchase(s *suite) {
	bought := s.buy(s.Single)
	s.charged(1)
	if bought.CertificateID == "" || bought.OrderID == "" || bought.Charged.Units <= 0 || bought.Charged.Currency == "" {
		s.t.Errorf("the purchase is incomplete: %+v", bought)
	}
	if bought.Status != provisioning.StatusAwaitingConfiguration || bought.ProviderStatus == "" {
		s.t.Errorf("the purchase is %s (%q)", bought.Status, bought.ProviderStatus)
	}
	detail := s.detail(bought.CertificateID)
	s.hasStatus(detail, provisioning.StatusAwaitingConfiguration)
	if detail.CertificateID != bought.CertificateID || detail.Leaf != nil || detail.ReplacedBy != "" || detail.CSR != "" {
		s.t.Errorf("a certificate that awaits its configuration has more than that: %+v", detail)
	}
	if detail.OrderID != bought.OrderID {
		s.t.Errorf("it belongs to order %q, want %q", detail.OrderID, bought.OrderID)
	}
	if got := s.newest().Reason; got != provisioning.ReasonPurchase {
		s.t.Errorf("the list calls the purchase a %q", got)
	}
	ordered := s.product(s.Single)
	if got := s.product(detail.Product); !got.SameClass(ordered) {
		s.t.Errorf("%s was bought and %s delivered, of another class", ordered.Code, got.Code)
	}
}

func balance(s *suite) {
	before, err := s.Provider.Balance(s.ctx)
	s.must(err)
	bought := s.buy(s.Single)
	after, err := s.Provider.Balance(s.ctx)
	s.must(err)
	if before.Currency != after.Currency || before.Currency != bought.Charged.Currency {
		s.t.Errorf("currencies differ: %q, %q, %q", before.Currency, bought.Charged.Currency, after.Currency)
	}
	// Balances may be rounded to cents.
	if spent := before.Units - after.Units - bought.Charged.Units; spent < -100 || spent > 100 {
		s.t.Errorf("the balance went from %s to %s for a charge of %s", before, after, bought.Charged)
	}
}

func renew(s *suite) {
	old, _ := s.issued()
	s.Advance(s.DaysToRenewal)
	renewed, err := s.Provider.Renew(s.ctx, s.renewal(old))
	s.must(err)
	s.charged(2)
	if renewed.CertificateID == old || renewed.CertificateID == "" || renewed.OrderID == "" || renewed.Charged.Units <= 0 {
		s.t.Fatalf("the renewal is incomplete: %+v", renewed)
	}
	if renewed.Status != provisioning.StatusAwaitingConfiguration {
		s.t.Errorf("the renewal is %s", renewed.Status)
	}
	s.hasStatus(s.detail(renewed.CertificateID), provisioning.StatusAwaitingConfiguration)
	if got := s.newest().Reason; got != provisioning.ReasonRenewal && got != "" {
		s.t.Errorf("the list calls the renewal a %s", got)
	}
	if detail := s.detail(old); detail.ReplacedBy != "" {
		s.t.Errorf("a renewal replaces nothing, but the old certificate points to %s", detail.ReplacedBy)
	}
	request, _ := s.configuration(renewed.CertificateID, s.Single, "shop.example.com")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	s.Approve(submission.CertificateID)
	s.hasStatus(s.detail(renewed.CertificateID), provisioning.StatusIssued)
	s.charged(2)
}

// renewal asks for one more year of a certificate, under its present name.
func (s *suite) renewal(certificateID string) provisioning.RenewalRequest {
	s.t.Helper()
	return provisioning.RenewalRequest{
		OperationID: "op-renew", CertificateID: certificateID, Product: s.Single,
		ProviderProduct: s.detail(certificateID).ProviderProduct, Years: 1,
	}
}

func renewTooEarly(s *suite) {
	old, _ := s.issued()
	_, err := s.Provider.Renew(s.ctx, s.renewal(old))
	s.fails(err, provisioning.Refused, provisioning.FaultRenewalWindow)
	s.charged(1)
}

func renewTwice(s *suite) {
	old, _ := s.issued()
	s.Advance(s.DaysToRenewal)
	request := s.renewal(old)
	_, err := s.Provider.Renew(s.ctx, request)
	s.must(err)
	_, err = s.Provider.Renew(s.ctx, request)
	s.fails(err, provisioning.Refused, provisioning.FaultRenewalQueued)
	s.charged(2)
}

func addDomains(s *suite) {
	bought := s.buy(s.MultiDomain)
	before := s.detail(bought.CertificateID).Domains
	added, err := s.Provider.AddDomains(s.ctx, provisioning.AddDomainsRequest{
		OperationID: "op-add", CertificateID: bought.CertificateID, Domains: 2,
	})
	s.must(err)
	s.charged(2)
	if added.CertificateID != bought.CertificateID || added.OrderID == "" || added.Charged.Units <= 0 {
		s.t.Errorf("the addition is incomplete: %+v", added)
	}
	if after := s.detail(bought.CertificateID).Domains; after != before+2 {
		s.t.Errorf("it held %d domains, and %d after two were added", before, after)
	}
}
