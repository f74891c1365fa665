// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// What a panel offers as buttons is what the bridge would do: each action that
// is offered works, each that is not is refused.
func TestOfferedActionsFollowTheState(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		offered := func(step string, service provisioning.Service, want ...provisioning.Action) {
			t.Helper()
			if diff := cmp.Diff(want, s.bridge.Actions(service)); diff != "" {
				t.Errorf("%s: %s", step, diff)
			}
		}
		ctx := t.Context()
		s.upstream.fail(false, refused)
		if _, err := s.bridge.Create(ctx, s.caller, "1", single); err == nil {
			t.Fatal("the purchase was to be refused")
		}
		service, err := s.bridge.Service(ctx, "panel", "1")
		if err != nil {
			t.Fatal(err)
		}
		offered("refused", service, provisioning.ActionCreate, provisioning.ActionSuspend, provisioning.ActionTerminate)
		offered("bought", s.create("1"), provisioning.ActionActivate, provisioning.ActionSynchronize, provisioning.ActionSuspend, provisioning.ActionTerminate)
		service = s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(newCSR(t, "example.com"))))
		offered("in validation", service, provisioning.ActionChangeValidation, provisioning.ActionRetryValidation,
			provisioning.ActionSynchronize, provisioning.ActionSuspend, provisioning.ActionTerminate)
		s.upstream.issue(service.Current().CertificateID, 400*24*time.Hour)
		service = s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		offered("issued", service, provisioning.ActionReissue, provisioning.ActionSynchronize, provisioning.ActionDownload,
			provisioning.ActionSuspend, provisioning.ActionTerminate)
		service = s.must(s.bridge.Suspend(ctx, s.caller, "1"))
		offered("suspended", service, provisioning.ActionSynchronize, provisioning.ActionDownload, provisioning.ActionUnsuspend, provisioning.ActionTerminate)
		_, err = s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{})
		wantCode(t, err, "service_suspended")
		s.must(s.bridge.Unsuspend(ctx, s.caller, "1"))
		service = s.must(s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		_, err = s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")})
		wantCode(t, err, "reissue_pending")
		first, second := service.Current().CertificateID, service.Successor().CertificateID
		_, err = s.bridge.Revoke(ctx, s.caller, "1", first)
		wantCode(t, err, "action_not_allowed")
		s.upstream.issue(second, 400*24*time.Hour)
		service = s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		offered("reissued", service, provisioning.ActionReissue, provisioning.ActionRevoke, provisioning.ActionSynchronize,
			provisioning.ActionDownload, provisioning.ActionSuspend, provisioning.ActionTerminate)
		service = s.must(s.bridge.Revoke(ctx, s.caller, "1", first))
		if service.Certificate(first).Status != provisioning.StatusRevoked {
			t.Errorf("the old certificate is %s", service.Certificate(first).Status)
		}
		_, err = s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{PaidUntil: service.PaidUntil().AddYears(1)})
		wantCode(t, err, "renewal_too_early")
		s.clock.advance(300)
		offered("near the end", service, provisioning.ActionReissue, provisioning.ActionRenew, provisioning.ActionSynchronize,
			provisioning.ActionDownload, provisioning.ActionSuspend, provisioning.ActionTerminate)
		service = s.must(s.bridge.Terminate(ctx, s.caller, "1"))
		offered("terminated", service, provisioning.ActionSynchronize, provisioning.ActionDownload)
		_, err = s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{})
		wantCode(t, err, "service_terminated")
		_, err = s.bridge.Create(ctx, s.caller, "1", single)
		wantCode(t, err, "service_terminated")
	})
}

func TestDomainsAreAddedOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.must(s.bridge.Create(ctx, s.caller, "1", provisioning.CreateRequest{Account: "test", Product: "multi", Years: 1, AdditionalDomains: 2}))
		for range 2 {
			if service := s.must(s.bridge.AddDomains(ctx, s.caller, "1", 5)); service.AdditionalDomains != 5 {
				t.Errorf("%d additional domains", service.AdditionalDomains)
			}
		}
		if s.upstream.charged() != 2 {
			t.Errorf("%d charges, want 2", s.upstream.charged())
		}
		_, err := s.bridge.AddDomains(ctx, s.caller, "1", 4)
		wantCode(t, err, "domains_cannot_shrink")
		_, err = s.bridge.AddDomains(ctx, s.caller, "1", 98)
		wantCode(t, err, "too_many_domains")
		s.create("2")
		_, err = s.bridge.AddDomains(ctx, s.caller, "2", 1)
		wantCode(t, err, "action_not_allowed")
	})
}

func TestAPurchaseLeftToTheActivation(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		if service := s.create("1"); len(service.Orders) != 0 || service.Status() != provisioning.StatusAwaitingPurchase {
			t.Errorf("something was bought: %+v", service)
		}
		_, err := s.bridge.Activate(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")})
		wantCode(t, err, "validation_missing")
		if s.upstream.charged() != 0 {
			t.Error("a configuration that cannot be used was paid for")
		}
		csr := newCSR(t, "example.com")
		s.upstream.fail(false, refused)
		_, err = s.bridge.Activate(ctx, s.caller, "1", byDNS(csr))
		wantCode(t, err, "insufficient_funds")
		for range 2 {
			service := s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(csr)))
			if service.Status() != provisioning.StatusPendingValidation {
				t.Errorf("the status is %s", service.Status())
			}
		}
		if s.upstream.charged() != 1 {
			t.Errorf("%d charges, want 1", s.upstream.charged())
		}
	}, func(config *provisioning.Config) { config.Purchase = provisioning.PurchaseAtActivation })
}

func TestValidationIsChangedAndRetried(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		byFile := []provisioning.ValidationChoice{{Method: provisioning.ValidateByHTTP}}
		s.create("1")
		_, err := s.bridge.ChangeValidation(ctx, s.caller, "1", "", byFile)
		wantCode(t, err, "action_not_allowed")
		s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(newCSR(t, "example.com"))))
		_, err = s.bridge.ChangeValidation(ctx, s.caller, "1", "", nil)
		wantCode(t, err, "validation_missing")
		s.upstream.fail(true, lost)
		_, err = s.bridge.ChangeValidation(ctx, s.caller, "1", "", byFile)
		wantCode(t, err, "provider_unreachable")
		service, err := s.bridge.Service(ctx, "panel", "1")
		if got := service.Current().Validation; err != nil || len(got) != 1 || got[0].Record != nil {
			t.Errorf("nobody knows which instructions are in force: %+v, %v", got, err)
		}
		_, err = s.bridge.ChangeValidation(ctx, s.caller, "1", "no such id", byFile)
		wantCode(t, err, "certificate_not_found")
		service = s.must(s.bridge.ChangeValidation(ctx, s.caller, "1", "", byFile))
		if got := service.Current().Validation; len(got) != 1 || got[0].Method != provisioning.ValidateByHTTP {
			t.Errorf("%+v", got)
		}
		s.must(s.bridge.RetryValidation(ctx, s.caller, "1", ""))
		addresses, err := s.bridge.ApproverEmails(ctx, "", "", "example.com")
		if err != nil || len(addresses) != 1 || addresses[0] != "admin@example.com" {
			t.Errorf("%v, %v", addresses, err)
		}
	})
}

// A leaf lives shorter than the term that was paid: a customer who missed its
// end is owed another one, until the term is over.
func TestAnExpiredLeafIsReissuedInItsTerm(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.issued("1", "example.com")
		csr := newCSR(t, "example.com")
		s.clock.advance(201)
		service := s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		if service.Status() != provisioning.StatusExpired {
			t.Fatalf("after 201 days the certificate is %s", service.Status())
		}
		for range 2 { // asked again while the reissue is validated, it changes nothing
			service = s.must(s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: csr}))
			if len(service.Certificates) != 2 {
				t.Errorf("%d certificates", len(service.Certificates))
			}
		}
		s.upstream.issue(service.Successor().CertificateID, 160*24*time.Hour)
		service = s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		if service.Status() != provisioning.StatusIssued {
			t.Errorf("the reissued certificate is %s", service.Status())
		}
		s.clock.advance(170)
		s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		_, err := s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: csr})
		wantCode(t, err, "action_not_allowed")
	})
}
