// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// What the provider's answers look like where the contract cannot run as a whole:
// it takes a reissue to be one step away.

// life takes a certificate through the provider, one step at a time.
type life struct {
	*rig
	provider *hostlantern.Provider
}

func newLife(t *testing.T, switches func(*simulator.Switches)) life {
	t.Helper()
	r := newRig(t, setting{switches: switches})
	return life{r, hostlantern.NewProvider(r.client)}
}

// configuration is for example.com, or all below it, with a key of its own.
func (l life) configuration(certificateID, product string) provisioning.ConfigurationRequest {
	l.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		l.t.Fatal(err)
	}
	name := "example.com"
	if strings.Contains(product, "wildcard") {
		name = "*.example.com"
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		l.t.Fatal(err)
	}
	return provisioning.ConfigurationRequest{
		OperationID: "op", CertificateID: certificateID, Product: product, CommonName: name, WebServer: "nginx",
		CSR: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})),
		Contact: provisioning.Contact{
			FirstName: "Ann", LastName: "Doe", JobTitle: "Owner", Email: "ann@example.com", Phone: "+1.5551234567",
			Organization: "Example", Address1: "1 Main Street", City: "Springfield", State: "IL", PostalCode: "62701", Country: "US",
		},
		Validation: []provisioning.ValidationChoice{{Domain: name, Method: provisioning.ValidateByDNS}},
	}
}

// issued buys, activates and issues a certificate.
func (l life) issued(product string, additionalDomains int) string {
	l.t.Helper()
	bought, err := l.provider.Purchase(l.t.Context(), provisioning.PurchaseRequest{
		OperationID: "op", Product: product, Years: 1, AdditionalDomains: additionalDomains,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.provider.Activate(l.t.Context(), l.configuration(bought.CertificateID, product)); err != nil {
		l.t.Fatal(err)
	}
	if err := l.sim.Approve(bought.CertificateID); err != nil {
		l.t.Fatal(err)
	}
	return bought.CertificateID
}

func (l life) reissued(certificateID string) string {
	l.t.Helper()
	submission, err := l.provider.Reissue(l.t.Context(), l.configuration(certificateID, "positivessl"))
	if err != nil {
		l.t.Fatal(err)
	}
	return submission.CertificateID
}

func (l life) detail(certificateID string) provisioning.CertificateDetail {
	l.t.Helper()
	detail, err := l.provider.Certificate(l.t.Context(), certificateID)
	if err != nil {
		l.t.Fatal(err)
	}
	return detail
}

func TestAReissueThatIsTwoStepsAwayCanBeFollowed(t *testing.T) {
	t.Parallel()
	l := newLife(t, func(w *simulator.Switches) { w.ReplacedBy = simulator.TopologyChain })
	old := l.issued("positivessl", 0)
	newest := l.reissued(old)
	between := l.detail(old).ReplacedBy
	if between == "" || between == newest || between == old {
		t.Fatalf("%s is replaced by %q, and the newest is %s", old, between, newest)
	}
	middle := l.detail(between)
	if middle.ReplacedBy != newest || middle.Status != provisioning.StatusReplaced || middle.Leaf != nil {
		t.Errorf("in between is %+v", middle)
	}
	if err := l.sim.Approve(newest); err != nil {
		t.Fatal(err)
	}
	if end := l.detail(newest); end.Status != provisioning.StatusIssued || end.Leaf == nil || end.ReplacedBy != "" {
		t.Errorf("at the end is %+v", end)
	}
	if l.detail(old).Leaf == nil {
		t.Error("the oldest cannot be downloaded any more")
	}
}

// The provider's answers are told as they are; whether to believe them is not for
// the adapter to say.
func TestReplacementsInACircleAreTold(t *testing.T) {
	t.Parallel()
	l := newLife(t, func(w *simulator.Switches) { w.ReplacedBy = simulator.TopologyCycle })
	old := l.issued("positivessl", 0)
	newest := l.reissued(old)
	if err := l.sim.Approve(newest); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{old: newest, newest: old} {
		detail := l.detail(from)
		if detail.ReplacedBy != to || detail.Status != provisioning.StatusReplaced || detail.Leaf == nil {
			t.Errorf("%s, which %s replaced, is %+v", from, to, detail)
		}
	}
}

func TestAReissueThatIsIssuedAtOnceIsSeen(t *testing.T) {
	t.Parallel()
	l := newLife(t, func(w *simulator.Switches) { w.ReissueIssuesAtOnce = true })
	old := l.issued("positivessl", 0)
	newest := l.reissued(old)
	if detail := l.detail(newest); detail.Status != provisioning.StatusIssued || detail.Leaf == nil {
		t.Errorf("the reissue is %+v", detail)
	}
}

// Room for more names that is not taken over into the next term has to be seen,
// since it was paid for once only.
func TestARenewalTellsHowManyDomainsItHolds(t *testing.T) {
	t.Parallel()
	for copied, added := range map[bool]int{true: 2, false: 0} {
		l := newLife(t, func(w *simulator.Switches) {
			w.RenewCopiesSANs = copied
			// The product's name changes within the term.
			w.ProductReplacedOn = time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC)
		})
		const product = "positivessl-multi-domain"
		old := l.issued(product, 2)
		before := l.detail(old)
		l.sim.Advance(330 * 24 * time.Hour)
		renewed, err := l.provider.Renew(t.Context(), provisioning.RenewalRequest{
			OperationID: "op", CertificateID: old, Product: product, ProviderProduct: before.ProviderProduct, Years: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := l.detail(renewed.CertificateID).Domains, before.Domains-2+added; got != want {
			t.Errorf("copied %t: the renewal holds %d domains, want %d", copied, got, want)
		}
	}
}
