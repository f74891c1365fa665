// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// suite is one part of the contract at work.
type suite struct {
	Harness
	t   *testing.T
	ctx context.Context
}

func newSuite(t *testing.T, harness Harness) *suite {
	return &suite{Harness: harness, t: t, ctx: t.Context()}
}

// must ends the test when a step that is not its subject fails.
func (s *suite) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("unexpected: %v", err)
	}
}

// fails insists on an outcome and a fault.
func (s *suite) fails(err error, outcome provisioning.Outcome, fault provisioning.Fault) {
	s.t.Helper()
	var failure *provisioning.ProviderError
	if !errors.As(err, &failure) {
		s.t.Fatalf("got %v, want a provider error: %s, %s", err, outcome, fault)
	}
	if failure.Outcome != outcome || failure.Fault != fault {
		s.t.Fatalf("got %s, %q, want %s, %q (%v)", failure.Outcome, failure.Fault, outcome, fault, failure)
	}
}

// uncertain insists on the outcome Unknown, whatever the fault.
func (s *suite) uncertain(err error) {
	s.t.Helper()
	var failure *provisioning.ProviderError
	if !errors.As(err, &failure) || failure.Outcome != provisioning.Unknown {
		s.t.Fatalf("got %v, want a provider error with the outcome unknown", err)
	}
}

// charged insists on the number of charges in the simulator's ledger.
func (s *suite) charged(want int) {
	s.t.Helper()
	if got := s.Charges(); got != want {
		s.t.Fatalf("the account was charged %d times, want %d", got, want)
	}
}

// buy purchases a product for one year.
func (s *suite) buy(product string) provisioning.Purchase {
	s.t.Helper()
	bought, err := s.Provider.Purchase(s.ctx, provisioning.PurchaseRequest{
		OperationID: "op-buy", Product: product, Years: 1,
	})
	s.must(err)
	return bought
}

// configuration is everything for a certificate with a key of its own; method
// DNS for all names.
func (s *suite) configuration(certificateID, product string, names ...string) (
	provisioning.ConfigurationRequest, *ecdsa.PrivateKey,
) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: names[0]},
		DNSNames: names,
	}, key)
	s.must(err)
	request := provisioning.ConfigurationRequest{
		OperationID:   "op-configure",
		CertificateID: certificateID,
		Product:       product,
		CSR:           string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})),
		CommonName:    names[0],
		Domains:       names[1:],
		WebServer:     "nginx",
		Contact: provisioning.Contact{
			FirstName: "Ann", LastName: "Doe", JobTitle: "Owner", Email: "ann@example.com",
			Phone: "+1.5551234567", Organization: "Example", Address1: "1 Main Street", City: "Springfield",
			State: "IL", PostalCode: "62701", Country: "US",
		},
	}
	for _, name := range names {
		request.Validation = append(request.Validation, provisioning.ValidationChoice{
			Domain: name, Method: provisioning.ValidateByDNS,
		})
	}
	return request, key
}

// choose sets the method for all names.
func choose(request *provisioning.ConfigurationRequest, method provisioning.ValidationMethod, approver string) {
	for i := range request.Validation {
		request.Validation[i].Method = method
		request.Validation[i].ApproverEmail = approver
	}
}

// pending buys a single-domain certificate and activates it.
func (s *suite) pending() (provisioning.Submission, provisioning.ConfigurationRequest) {
	s.t.Helper()
	request, _ := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	return submission, request
}

// issued buys, activates and approves a single-domain certificate.
func (s *suite) issued() (string, provisioning.ConfigurationRequest) {
	s.t.Helper()
	submission, request := s.pending()
	s.Approve(submission.CertificateID)
	return submission.CertificateID, request
}

// reissued asks for a reissue of a certificate with a new key.
func (s *suite) reissued(certificateID string) (provisioning.Submission, *ecdsa.PrivateKey) {
	s.t.Helper()
	request, key := s.configuration(certificateID, s.Single, "shop.example.com")
	submission, err := s.Provider.Reissue(s.ctx, request)
	s.must(err)
	return submission, key
}

func (s *suite) detail(certificateID string) provisioning.CertificateDetail {
	s.t.Helper()
	detail, err := s.Provider.Certificate(s.ctx, certificateID)
	s.must(err)
	return detail
}

// newest is the first row of the list.
func (s *suite) newest() provisioning.CertificateSummary {
	s.t.Helper()
	page, err := s.Provider.Certificates(s.ctx, 1, 10)
	s.must(err)
	if len(page.Certificates) == 0 {
		s.t.Fatal("the list is empty")
	}
	return page.Certificates[0]
}

func (s *suite) product(code string) provisioning.Product {
	s.t.Helper()
	for _, product := range s.Provider.Products() {
		if product.Code == code {
			return product
		}
	}
	s.t.Fatalf("the catalogue has no product %q", code)
	return provisioning.Product{}
}

func (s *suite) hasStatus(detail provisioning.CertificateDetail, want provisioning.Status) {
	s.t.Helper()
	if detail.Status != want {
		s.t.Fatalf("certificate %s is %s (%q), want %s", detail.CertificateID, detail.Status, detail.ProviderStatus, want)
	}
	if detail.ProviderStatus == "" {
		s.t.Fatalf("certificate %s lacks the provider's own word for %s", detail.CertificateID, want)
	}
}
