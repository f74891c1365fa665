// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// upstream is a provider that does what a test tells it to. Unlike a simulator
// it lets a test decide separately whether a call is executed and what it
// answers.
type upstream struct {
	mu           sync.Mutex
	now          func() time.Time
	certificates map[string]*provisioning.CertificateDetail
	calls        []string
	charges      int
	last         int
	next         *fate
	replacesLate bool          // a reissue is shown only when it is issued
	panics       bool          // the next purchase panics
	gate         chan struct{} // unless nil, calls wait until it is closed
	entered      chan string   // unless nil, told the name of each call that begins
}

// fate is what becomes of the next call.
type fate struct {
	executed bool
	err      error
}

func newUpstream(now func() time.Time) *upstream {
	return &upstream{now: now, certificates: map[string]*provisioning.CertificateDetail{}, last: 1000}
}

// fail decides the fate of the next call.
func (u *upstream) fail(executed bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.next = &fate{executed, err}
}

// calm takes a fate back that no call has met.
func (u *upstream) calm() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.next = nil
}

func (u *upstream) charged() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.charges
}

func (u *upstream) called() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]string(nil), u.calls...)
}

// do executes a call unless its fate says otherwise.
func (u *upstream) do(ctx context.Context, name string, execute func() error) error {
	if u.entered != nil {
		u.entered <- name
	}
	if u.gate != nil {
		select {
		case <-u.gate:
		case <-ctx.Done():
			return &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: ctx.Err()}
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls = append(u.calls, name)
	if next := u.next; next != nil {
		u.next = nil
		if next.executed {
			if err := execute(); err != nil {
				return err
			}
		}
		return next.err
	}
	return execute()
}

func (u *upstream) newID() string {
	u.last++
	return fmt.Sprint(u.last)
}

func (u *upstream) buy(charge bool) provisioning.Purchase {
	if charge {
		u.charges++
	}
	id := u.newID()
	u.certificates[id] = &provisioning.CertificateDetail{CertificateID: id, Status: provisioning.StatusAwaitingConfiguration, ProviderStatus: "new"}
	return provisioning.Purchase{
		CertificateID: id, OrderID: "o" + id, TransactionID: "t" + id, Charged: provisioning.Money{Units: 78800, Currency: "USD"},
		PurchasedOn: provisioning.DateOf(u.now()), Status: provisioning.StatusAwaitingConfiguration, ProviderStatus: "new", ProviderProduct: "Single",
	}
}

func (u *upstream) Products() []provisioning.Product {
	years, all := []int{1, 2, 3}, []provisioning.ValidationMethod{provisioning.ValidateByEmail, provisioning.ValidateByHTTP, provisioning.ValidateByDNS}
	return []provisioning.Product{
		{Code: "single", ProviderName: "Single", Level: provisioning.DomainValidated, Coverage: provisioning.SingleDomain, Years: years, IncludedDomains: 1, Methods: all},
		{Code: "multi", ProviderName: "Multi", Level: provisioning.DomainValidated, Coverage: provisioning.MultiDomain, Years: years, IncludedDomains: 3, MaxAdditionalDomains: 97, Methods: all},
	}
}

func (u *upstream) Purchase(ctx context.Context, _ provisioning.PurchaseRequest) (bought provisioning.Purchase, err error) {
	if u.panics {
		panic("a mistake of ours")
	}
	err = u.do(ctx, "purchase", func() error { bought = u.buy(true); return nil })
	return bought, err
}

func (u *upstream) Renew(ctx context.Context, _ provisioning.RenewalRequest) (bought provisioning.Purchase, err error) {
	err = u.do(ctx, "renew", func() error { bought = u.buy(true); return nil })
	return bought, err
}

func (u *upstream) AddDomains(ctx context.Context, request provisioning.AddDomainsRequest) (bought provisioning.Purchase, err error) {
	err = u.do(ctx, "add domains", func() error {
		u.charges++
		bought = provisioning.Purchase{CertificateID: request.CertificateID, OrderID: "more" + u.newID()}
		return nil
	})
	return bought, err
}

func (u *upstream) Activate(ctx context.Context, request provisioning.ConfigurationRequest) (submission provisioning.Submission, err error) {
	err = u.do(ctx, "activate", func() error {
		submission = u.submit(request.CertificateID, request)
		return nil
	})
	return submission, err
}

func (u *upstream) Reissue(ctx context.Context, request provisioning.ConfigurationRequest) (submission provisioning.Submission, err error) {
	err = u.do(ctx, "reissue", func() error {
		id := u.buy(false).CertificateID
		if !u.replacesLate {
			u.replace(request.CertificateID, id)
		}
		submission = u.submit(id, request)
		return nil
	})
	return submission, err
}

func (u *upstream) replace(id, by string) {
	old := u.certificates[id]
	old.ReplacedBy, old.Status = by, provisioning.StatusReplaced
}

func (u *upstream) submit(id string, request provisioning.ConfigurationRequest) provisioning.Submission {
	detail := u.certificates[id]
	detail.Status, detail.ProviderStatus, detail.CSR, detail.CommonName = provisioning.StatusPendingValidation, "pending", request.CSR, request.CommonName
	submission := provisioning.Submission{CertificateID: id, Status: detail.Status, ProviderStatus: "pending"}
	for _, choice := range request.Validation {
		submission.Validation = append(submission.Validation, provisioning.DomainValidation{
			Domain: choice.Domain, Method: choice.Method, Status: provisioning.ValidationPending,
			Record: &provisioning.ValidationRecord{Name: "_x." + choice.Domain, Type: "CNAME", Value: "y" + id},
		})
	}
	return submission
}

// issue has the authority issue a certificate that is being validated.
func (u *upstream) issue(id string, life time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	detail := u.certificates[id]
	detail.Status, detail.ProviderStatus = provisioning.StatusIssued, "active"
	detail.Leaf = &provisioning.Leaf{SerialNumber: id, NotBefore: u.now(), NotAfter: u.now().Add(life), Issuer: "CN=Test", PEM: "pem " + id, Chain: []string{"ca"}}
}

// reissueElsewhere is a reissue made in the provider's own panel.
func (u *upstream) reissueElsewhere(id string) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	next := u.buy(false).CertificateID
	u.replace(id, next)
	u.certificates[next].Status, u.certificates[next].CommonName = provisioning.StatusPendingValidation, u.certificates[id].CommonName
	return next
}

func (u *upstream) Certificate(ctx context.Context, id string) (detail provisioning.CertificateDetail, err error) {
	err = u.do(ctx, "certificate", func() error {
		known, found := u.certificates[id]
		if !found {
			return &provisioning.ProviderError{Outcome: provisioning.Refused, Fault: provisioning.FaultUnknownCertificate}
		}
		detail = *known
		return nil
	})
	return detail, err
}

func (u *upstream) Certificates(ctx context.Context, _, _ int) (page provisioning.CertificatePage, err error) {
	err = u.do(ctx, "certificates", func() error {
		for n := u.last; n > u.last-20; n-- { // the newest
			id := fmt.Sprint(n)
			detail, found := u.certificates[id]
			if !found {
				continue
			}
			page.Certificates = append(page.Certificates, provisioning.CertificateSummary{CertificateID: id, Status: detail.Status, CommonName: detail.CommonName})
		}
		return nil
	})
	return page, err
}

func (u *upstream) ChangeValidation(ctx context.Context, request provisioning.ValidationRequest) (instructions []provisioning.DomainValidation, err error) {
	err = u.do(ctx, "change validation", func() error {
		for _, choice := range request.Choices {
			instructions = append(instructions, provisioning.DomainValidation{Domain: choice.Domain, Method: choice.Method, Status: provisioning.ValidationPending})
		}
		return nil
	})
	return instructions, err
}

func (u *upstream) RetryValidation(ctx context.Context, _ string) error {
	return u.do(ctx, "retry validation", func() error { return nil })
}

func (u *upstream) ApproverEmails(_ context.Context, domain, _ string) ([]string, error) {
	return []string{"admin@" + domain, "stranger@" + domain}, nil
}

func (u *upstream) Revoke(ctx context.Context, id, _ string) error {
	return u.do(ctx, "revoke", func() error {
		u.certificates[id].Status = provisioning.StatusRevoked
		return nil
	})
}

func (u *upstream) Balance(context.Context) (provisioning.Money, error) {
	return provisioning.Money{Units: 10_000_000, Currency: "USD"}, nil
}

var _ provisioning.Provider = (*upstream)(nil)

func newCSR(t testing.TB, commonName string, names ...string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}, DNSNames: names}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}
