// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

func info(attributes, details string) string {
	return success("ssl.getInfo", `<SSLGetInfoResult `+attributes+`>`+details+`</SSLGetInfoResult>`)
}

func TestTheProvidersWordsBecomeOurs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		word, product string
		want          provisioning.Status
	}{
		{"newpurchase", "positivessl", provisioning.StatusAwaitingConfiguration},
		{"NewPurchase", "positivessl", provisioning.StatusAwaitingConfiguration},
		{"NEWRENEWAL", "positivessl", provisioning.StatusAwaitingConfiguration},
		{"purchased", "positivessl", provisioning.StatusPendingValidation},
		{"purchased", "InstantSSL Pro", provisioning.StatusPendingDocuments},
		{"purchased", "ev multi-domain ssl", provisioning.StatusPendingDocuments},
		{"purchased", "Novel SSL", provisioning.StatusPendingValidation},
		{"purchaseerror", "positivessl", provisioning.StatusRejected},
		{"replaced", "positivessl", provisioning.StatusReplaced},
		{"Cancelled", "positivessl", provisioning.StatusCancelled},
		{"expired", "positivessl", provisioning.StatusExpired},
		{"revoked", "positivessl", provisioning.StatusRevoked},
		{"inprogress", "positivessl", provisioning.StatusUnknown},
		{"technicalproblem", "positivessl", provisioning.StatusUnknown},
		{"completed", "positivessl", provisioning.StatusUnknown},
		{"something new", "positivessl", provisioning.StatusUnknown},
	} {
		s := newStub(t, info(`Status="`+row.word+`" Type="`+row.product+`"`, ""))
		detail, err := s.provider.Certificate(t.Context(), "7001")
		if err != nil {
			t.Fatal(err)
		}
		if detail.Status != row.want || detail.ProviderStatus != row.word || detail.ProviderProduct != row.product {
			t.Errorf("%s of %s: got %s (%q)", row.word, row.product, detail.Status, detail.ProviderStatus)
		}
	}
}

func TestASuccessorIsDecisive(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status, replacedBy string
		want               provisioning.Status
		successor          string
	}{
		{"active", "7003", provisioning.StatusReplaced, "7003"},
		{"purchased", "7003", provisioning.StatusReplaced, "7003"},
		{"inprogress", "7003", provisioning.StatusReplaced, "7003"},
		{"replaced", "7003", provisioning.StatusReplaced, "7003"},
		{"replaced", "", provisioning.StatusReplaced, ""},
		{"revoked", "7003", provisioning.StatusRevoked, "7003"},
		{"cancelled", "7003", provisioning.StatusCancelled, "7003"},
		{"purchased", "0", provisioning.StatusPendingValidation, ""},
		{"purchased", "", provisioning.StatusPendingValidation, ""},
	} {
		s := newStub(t, info(fmt.Sprintf(`Status=%q ReplacedBy=%q Type="positivessl"`, row.status, row.replacedBy), ""))
		detail, err := s.provider.Certificate(t.Context(), "7001")
		if err != nil {
			t.Fatal(err)
		}
		if detail.Status != row.want || detail.ReplacedBy != row.successor {
			t.Errorf("%s with %q: got %s with %q", row.status, row.replacedBy, detail.Status, detail.ReplacedBy)
		}
	}
	_, err := newStub(t, info(`Status="active" ReplacedBy="n/a"`, "")).provider.Certificate(t.Context(), "7001")
	uncertain(t, err)
}

func TestAnAnswerForAnotherCertificateIsNone(t *testing.T) {
	t.Parallel()
	configuration := provisioning.ConfigurationRequest{
		CertificateID: "7001", Product: "positivessl",
		Validation: []provisioning.ValidationChoice{{Domain: "example.com", Method: provisioning.ValidateByDNS}},
	}
	for name, row := range map[string]struct {
		answer string
		call   func(context.Context, *hostlantern.Provider) error
	}{
		"details": {info(`Status="active" CertificateID="7009"`, ""), func(ctx context.Context, p *hostlantern.Provider) error {
			_, err := p.Certificate(ctx, "7001")
			return err
		}},
		"an activation": {
			success("ssl.activate", `<SSLActivateResult ID="7009" IsSuccess="true"/>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.Activate(ctx, configuration)
				return err
			},
		},
		"a reissue that keeps the ID": {
			success("ssl.reissue", `<SSLReissueResult ID="7001" IsSuccess="true"/>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.Reissue(ctx, configuration)
				return err
			},
		},
		"a reissue without an ID": {
			success("ssl.reissue", `<SSLReissueResult IsSuccess="true"/>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.Reissue(ctx, configuration)
				return err
			},
		},
		"a renewal that keeps the ID": {
			success("ssl.renew", `<SSLRenewResult CertificateID="7001"/>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.Renew(ctx, provisioning.RenewalRequest{CertificateID: "7001", Product: "positivessl", Years: 1})
				return err
			},
		},
		"added domains": {
			success("ssl.purchasemoresans", `<SSLPurchaseMoreSANSResult IsSuccess="true"><SSLCertificate CertificateID="7009"/></SSLPurchaseMoreSANSResult>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.AddDomains(ctx, provisioning.AddDomainsRequest{CertificateID: "7001", Domains: 1})
				return err
			},
		},
		"a revocation": {
			success("ssl.revokecertificate", `<RevokeCertificateResult IsSuccess="true" ID="7009"/>`),
			func(ctx context.Context, p *hostlantern.Provider) error { return p.Revoke(ctx, "7001", "PositiveSSL") },
		},
		"a retry": {
			success("ssl.resendApproverEmail", `<SSLResendApproverEmailResult IsSuccess="true" ID=""/>`),
			func(ctx context.Context, p *hostlantern.Provider) error { return p.RetryValidation(ctx, "7001") },
		},
		"a change that failed for one name": {
			success("ssl.editDCVMethod", `<SSLEditDCVMethodResult ID="7001" IsSuccess="true"><Domains>`+
				`<Domains Name="example.com" IsSuccess="true"/><Domains Name="example.net" IsSuccess="false"/></Domains></SSLEditDCVMethodResult>`),
			func(ctx context.Context, p *hostlantern.Provider) error {
				_, err := p.ChangeValidation(ctx, provisioning.ValidationRequest{
					CertificateID: "7001", Product: "positivessl", Choices: configuration.Validation,
				})
				return err
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := row.call(t.Context(), newStub(t, row.answer).provider)
			if err == nil {
				t.Fatal("taken for an answer")
			}
			uncertain(t, err)
		})
	}
}

// TestAnAdditionSaysNothingAboutTheCertificate: the status in its answer is its
// own, also where the certificate has long been issued.
func TestAnAdditionSaysNothingAboutTheCertificate(t *testing.T) {
	t.Parallel()
	added, err := newStub(t, example(t, "purchasemoresans")).provider.AddDomains(t.Context(),
		provisioning.AddDomainsRequest{CertificateID: "7001", Domains: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := provisioning.Purchase{
		CertificateID: "7001", OrderID: "503", TransactionID: "603", Charged: usd(233000),
		Status: provisioning.StatusUnknown, ProviderStatus: "NEWPURCHASE", ProviderProduct: "positivessl multi domain",
	}
	if diff := cmp.Diff(want, added); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestInstructionsForTheWholeOrderGoToEveryName is about the shape in which the
// values stand once: the old one of activations, and editDCVMethod's.
func TestInstructionsForTheWholeOrderGoToEveryName(t *testing.T) {
	t.Parallel()
	s := newStub(t, success("ssl.editDCVMethod", `<SSLEditDCVMethodResult ID="7001" IsSuccess="true">`+
		`<HttpDCValidation ValueAvailable="true"><FileName>F.txt</FileName><FileContent>
  <![CDATA[ one]]><![CDATA[ ]]><![CDATA[two
]]>
</FileContent></HttpDCValidation>`+
		`<DNSDCValidation ValueAvailable="true"><HostName>_Ab.Example.com.</HostName><Target>target</Target></DNSDCValidation>`+
		`</SSLEditDCVMethodResult>`))
	steps, err := s.provider.ChangeValidation(t.Context(), provisioning.ValidationRequest{
		CertificateID: "7001", Product: "positivessl-multi-domain", Choices: []provisioning.ValidationChoice{
			{Domain: "example.com", Method: provisioning.ValidateByDNS},
			{Domain: "shop.example.net", Method: provisioning.ValidateByDNS},
			{Domain: "www.example.com", Method: provisioning.ValidateByHTTP},
			{Domain: "example.org", Method: provisioning.ValidateByEmail, ApproverEmail: "admin@example.org"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	pending := provisioning.ValidationPending
	want := []provisioning.DomainValidation{
		{Domain: "example.com", Method: provisioning.ValidateByDNS, Status: pending, Record: &provisioning.ValidationRecord{Name: "_Ab.Example.com", Type: "CNAME", Value: "target"}},
		{Domain: "shop.example.net", Method: provisioning.ValidateByDNS, Status: pending, Record: &provisioning.ValidationRecord{Name: "_Ab.shop.example.net", Type: "CNAME", Value: "target"}},
		{Domain: "www.example.com", Method: provisioning.ValidateByHTTP, Status: pending, File: &provisioning.ValidationFile{URL: "http://www.example.com/.well-known/pki-validation/F.txt", Content: " one two\n"}},
		{Domain: "example.org", Method: provisioning.ValidateByEmail, Status: pending, ApproverEmail: "admin@example.org"},
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestANameWithoutAnInstructionStaysWithoutOne(t *testing.T) {
	t.Parallel()
	s := newStub(t, success("ssl.activate", `<SSLActivateResult ID="7001" IsSuccess="true"><DNSDCValidation ValueAvailable="true">`+
		`<DNS domain="*.EXAMPLE.com"><HostName>_ab.example.com</HostName><Target>target</Target></DNS></DNSDCValidation></SSLActivateResult>`))
	submission, err := s.provider.Activate(t.Context(), provisioning.ConfigurationRequest{
		CertificateID: "7001", Product: "positivessl", Validation: []provisioning.ValidationChoice{
			{Domain: "example.com", Method: provisioning.ValidateByDNS},
			{Domain: "www.example.com", Method: provisioning.ValidateByDNS},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if steps := submission.Validation; len(steps) != 2 || steps[0].Record == nil || steps[1].Record != nil {
		t.Errorf("got %+v", steps)
	}
}

func TestTheCatalogueKnowsEveryNameOfAProduct(t *testing.T) {
	t.Parallel()
	const (
		dv, ov, ev              = provisioning.DomainValidated, provisioning.OrganizationValidated, provisioning.ExtendedValidation
		single, wildcard, multi = provisioning.SingleDomain, provisioning.WildcardDomain, provisioning.MultiDomain
	)
	codes := map[string]bool{}
	for _, row := range []struct {
		name, code string
		level      provisioning.ValidationLevel
		coverage   provisioning.Coverage
	}{
		{"PositiveSSL", "positivessl", dv, single},
		{"EssentialSSL", "essentialssl", dv, single},
		{"Standard SSL", "standard-ssl", dv, single},
		{"InstantSSL", "instantssl", ov, single},
		{"InstantSSL Pro", "instantssl-pro", ov, single},
		{"PremiumSSL", "premiumssl", ov, single},
		{"High Assurance SSL", "high-assurance-ssl", ov, single},
		{"EV SSL", "ev-ssl", ev, single},
		{"PositiveSSL Wildcard", "positivessl-wildcard", dv, wildcard},
		{"EssentialSSL Wildcard", "essentialssl-wildcard", dv, wildcard},
		{"Standard Wildcard SSL", "standard-wildcard-ssl", dv, wildcard},
		{"PremiumSSL Wildcard", "premiumssl-wildcard", ov, wildcard},
		{"OV Wildcard SSL", "ov-wildcard-ssl", ov, wildcard},
		{"PositiveSSL Multi Domain", "positivessl-multi-domain", dv, multi},
		{"SAN Certificate", "san-certificate", dv, multi},
		{"Multi Domain SSL", "multi-domain-ssl", ov, multi},
		{"Unified Communications", "unified-communications", ov, multi},
		{"OV Multi-domain SSL", "ov-multi-domain-ssl", ov, multi},
		{"EV Multi Domain SSL", "ev-multi-domain-ssl", ev, multi},
		{"EV Multi-Domain SSL", "ev-multi-domain-ssl", ev, multi},
	} {
		codes[row.code] = true
		detail, err := newStub(t, info(`Status="newpurchase" Type="`+row.name+`"`, "")).provider.Certificate(t.Context(), "7001")
		if err != nil {
			t.Fatal(err)
		}
		if detail.Product != row.code {
			t.Errorf("%s is taken for %q", row.name, detail.Product)
		}
		for _, product := range hostlantern.Products() {
			if product.Code != row.code {
				continue
			}
			more := 0
			if row.coverage == multi {
				more = 97
			}
			if product.Level != row.level || product.Coverage != row.coverage || product.MaxAdditionalDomains != more || len(product.Years) != 5 {
				t.Errorf("%s is %+v", row.name, product)
			}
		}
	}
	if len(hostlantern.Products()) != len(codes) {
		t.Errorf("the catalogue has %d products, want %d", len(hostlantern.Products()), len(codes))
	}
}

// TestTheRestOfTheClientAgainstTheSimulator is about commands that the domain's
// interface does not need.
func TestTheRestOfTheClientAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	h := r.harness(simulator.Fault405)
	prices, err := r.client.Prices(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	bought, err := h.Provider.Purchase(t.Context(), provisioning.PurchaseRequest{Product: "positivessl", Years: 2})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, price := range prices {
		if price.Product == "positivessl" && price.Action == hostlantern.PriceOfPurchase && price.Years == 2 && !price.MoreSANs {
			found = true
			if price.Total() != bought.Charged {
				t.Errorf("the price list says %s, %s was charged", price.Total(), bought.Charged)
			}
		}
	}
	if !found {
		t.Errorf("no price for what was bought in %+v", prices)
	}
	if bought.PurchasedOn != day(2026, time.November, 22) {
		t.Errorf("bought on %s", bought.PurchasedOn)
	}
	leafKey := newKey(t)
	parsed, err := r.client.ParseCSR(t.Context(), newCSR(t, leafKey, "shop.example.com"), "PositiveSSL")
	if err != nil || parsed.CommonName != "shop.example.com" {
		t.Errorf("parsed %+v, %v", parsed, err)
	}
	err = r.client.ResendCertificate(t.Context(), bought.CertificateID)
	if failed := providerError(t, err); failed.Outcome != provisioning.Refused || failed.Fault != provisioning.FaultStatus {
		t.Errorf("got %v", failed)
	}
}
