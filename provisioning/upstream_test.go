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
	listed       map[string]*provisioning.CertificateSummary
	balance      int64 // 1/10000 USD
	price        provisioning.Money
	listedPrice  *provisioning.Money // what the price list says; nil: the price
	calls        []string            // those that change something, and those for one certificate
	reading      error               // what looks at the account answer instead
	unreadable   int                 // rows of the list
	charges      int
	pages        int // of the list that were read
	last         int
	next         *fate
	away         error         // what all calls answer instead; those that look at the account do not
	replacesLate bool          // a reissue is shown only when it is issued
	panics       bool          // the next purchase panics
	gate         chan struct{} // unless nil, calls wait until it is closed
	entered      chan string   // unless nil, told the name of each call that begins
}

// fate is what becomes of the next call.
type fate struct {
	executed bool
	err      error
	of       string // the name of the call; "" for any
}

func newUpstream(now func() time.Time) *upstream {
	return &upstream{
		now: now, last: 1000, certificates: map[string]*provisioning.CertificateDetail{}, listed: map[string]*provisioning.CertificateSummary{},
		balance: 10_000_000, price: usd(78800),
	}
}

// fail decides the fate of the next call.
func (u *upstream) fail(executed bool, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.next = &fate{executed: executed, err: err}
}

// failAll decides what calls answer from now on; nil: what they do.
func (u *upstream) failAll(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.away = err
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
	if u.away != nil {
		return u.away
	}
	if next := u.next; next != nil && (next.of == "" || next.of == name) {
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

func (u *upstream) Products() []provisioning.Product {
	years, all := []int{1, 2, 3}, []provisioning.ValidationMethod{provisioning.ValidateByEmail, provisioning.ValidateByHTTP, provisioning.ValidateByDNS}
	return []provisioning.Product{
		{Code: "single", ProviderName: "Single", Level: provisioning.DomainValidated, Coverage: provisioning.SingleDomain, Years: years, IncludedDomains: 1, Methods: all},
		{Code: "multi", ProviderName: "Multi", Level: provisioning.DomainValidated, Coverage: provisioning.MultiDomain, Years: years, IncludedDomains: 3, MaxAdditionalDomains: 97, Methods: all},
	}
}

func (u *upstream) RenewalWindow() provisioning.RenewalWindow {
	return provisioning.RenewalWindow{Opens: 89, Closes: 180}
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
		id := u.add(provisioning.CertificateSummary{}).CertificateID
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
	next := u.add(provisioning.CertificateSummary{}).CertificateID
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
