// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"fmt"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// What the provider's state disproves does not stay in doubt, and does not stand
// in the way of what comes next.
func TestADoubtThatIsDisprovedIsLetGo(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		doubted func(s *shop)                 // makes an operation that was not executed
		then    func(s *shop, current string) // what happens at the provider
	}{
		"reissue, then support reissues with another CSR": {lostReissue, func(s *shop, current string) {
			s.upstream.certificates[s.upstream.reissueElsewhere(current)].CSR = newCSR(s.t, "example.com")
		}},
		"reissue, then the certificate is cancelled": {lostReissue, func(s *shop, current string) {
			s.upstream.certificates[current].Status = provisioning.StatusCancelled
		}},
		"reissue, then the certificate expires": {lostReissue, func(s *shop, _ string) { s.clock.advance(400) }},
		"activation, then the certificate is cancelled": {lostActivation, func(s *shop, current string) {
			s.upstream.certificates[current].Status = provisioning.StatusCancelled
		}},
		"activation, then somebody else activates": {lostActivation, func(s *shop, current string) {
			s.upstream.certificates[current].Status = provisioning.StatusPendingValidation
			s.upstream.certificates[current].CSR = newCSR(s.t, "example.com")
		}},
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			test.doubted(s)
			service, err := s.bridge.Service(t.Context(), "panel", "1")
			if err != nil || service.Operation == nil {
				t.Fatalf("%s: %+v, %v", name, service.Operation, err)
			}
			test.then(s, service.Current().CertificateID)
			s.clock.advance(1)
			if service := s.synchronize("1"); service.Operation != nil {
				t.Errorf("%s: still %s", name, service.Operation.State)
			}
			operation, err := s.store.Operation(t.Context(), service.Operation.ID)
			if err != nil || operation.State != provisioning.OperationRefused {
				t.Errorf("%s: the operation ended as %s, %v", name, operation.State, err)
			}
		})
	}
}

func lostReissue(s *shop) {
	s.issued("1", "example.com")
	s.upstream.fail(false, lost)
	if _, err := s.bridge.Reissue(s.t.Context(), s.caller, "1", provisioning.Configuration{CSR: newCSR(s.t, "example.com")}); err != nil {
		s.t.Fatal(err)
	}
}

func lostActivation(s *shop) {
	s.create("1")
	s.upstream.fail(false, lost)
	if _, err := s.bridge.Activate(s.t.Context(), s.caller, "1", byDNS(newCSR(s.t, "example.com"))); err != nil {
		s.t.Fatal(err)
	}
}

// A customer may use one CSR for many certificates. Those that are older, of
// another order or of another service are not the reissue that was lost.
func TestALostReissueIsNotAnyCertificateWithItsCSR(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		csr := newCSR(t, "example.com")
		bought := func(order string) *provisioning.CertificateDetail {
			detail := s.upstream.add(provisioning.CertificateSummary{})
			detail.CSR, detail.CommonName, detail.AuthorityOrder, detail.Status = csr, "example.com", order, provisioning.StatusPendingValidation
			return detail
		}
		old := bought("") // bought by hand, long ago
		s.upstream.issue(old.CertificateID, life)
		s.clock.advance(20)
		before := s.issued("1", "example.com")
		current := before.Current().CertificateID
		s.upstream.certificates[current].AuthorityOrder = "ours"
		bought("theirs")
		for i := range 10 { // of other services
			id := fmt.Sprint("other-", i)
			s.create(id)
			s.must(s.bridge.Activate(ctx, s.caller, id, byDNS(csr)))
		}
		s.upstream.fail(false, lost)
		if result, err := s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: csr}); err != nil || result.Operation == nil {
			t.Fatalf("%+v, %v", result, err)
		}
		s.clock.advance(1)
		service := s.synchronize("1")
		if service.Operation != nil || len(service.Certificates) != 1 || service.Current().CertificateID != current {
			t.Errorf("%+v, %+v", service.Operation, service.Certificates)
		}
	})
}

func TestAServiceThatIsSuspendedBuysNothing(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.upstream.fail(false, refused)
		if _, err := s.bridge.Create(t.Context(), s.caller, "1", single); err == nil {
			t.Fatal("it was to be refused")
		}
		s.must(s.bridge.Suspend(t.Context(), s.caller, "1"))
		_, err := s.bridge.Create(t.Context(), s.caller, "1", single)
		wantCode(t, err, "service_suspended")
		if s.upstream.charged() != 0 {
			t.Error("it was charged")
		}
	})
}

func TestAReissueForAnotherNameStartsAnew(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.create("1")
		byMail := byDNS(newCSR(t, "example.com"))
		byMail.Validation = []provisioning.ValidationChoice{{Method: provisioning.ValidateByEmail, ApproverEmail: "admin@example.com"}}
		service := s.must(s.bridge.Activate(ctx, s.caller, "1", byMail))
		s.upstream.issue(service.Current().CertificateID, life)
		s.synchronize("1")
		_, err := s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.org")})
		wantCode(t, err, "validation_missing")
		s.must(s.bridge.Reissue(ctx, s.caller, "1", byDNS(newCSR(t, "example.org"))))
	})
}
