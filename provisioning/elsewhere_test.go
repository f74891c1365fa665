// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

const life = 200 * 24 * time.Hour

func (s *shop) synchronize(id string) provisioning.Service {
	s.t.Helper()
	return s.must(s.bridge.Synchronize(s.t.Context(), s.caller, id))
}

func TestAReissueMadeElsewhereKeepsItsNamesAndMethods(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.must(s.bridge.Create(ctx, s.caller, "1", provisioning.CreateRequest{Account: "test", Product: "multi", Years: 1}))
		service := s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(newCSR(t, "example.com", "b.example.com", "c.example.com"))))
		first := service.Current().CertificateID
		s.upstream.issue(first, life)
		s.synchronize("1")
		second := s.upstream.reissueElsewhere(first)
		s.upstream.certificates[second].CSR = newCSR(t, "example.com", "b.example.com", "c.example.com")
		s.upstream.issue(second, life)
		service = s.synchronize("1")
		if diff := cmp.Diff([]string{"b.example.com", "c.example.com"}, service.Current().Domains); service.Current().CertificateID != second || diff != "" {
			t.Fatalf("%s is in use for others: %s", service.Current().CertificateID, diff)
		}
		service = s.must(s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		if got := service.Successor(); len(got.Domains) != 2 || len(got.Validation) != 3 || got.Validation[2].Method != provisioning.ValidateByDNS {
			t.Errorf("the next reissue loses names or methods: %+v", got)
		}
	})
}

func TestAChainOfReplacementsIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		first := before.Current().CertificateID
		service := s.must(s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		last := service.Successor().CertificateID
		// In the provider's own panel a reissue came between the two.
		middle := s.upstream.reissueElsewhere(first)
		s.upstream.replace(middle, last)
		s.upstream.issue(last, life)
		service = s.synchronize("1")
		var lineage [][3]string
		for _, certificate := range service.Certificates {
			lineage = append(lineage, [3]string{certificate.CertificateID, certificate.Replaces, string(certificate.Status)})
		}
		want := [][3]string{{first, "", "replaced"}, {middle, first, "replaced"}, {last, middle, "issued"}}
		if diff := cmp.Diff(want, lineage); diff != "" {
			t.Error(diff)
		}
		_, err := s.bridge.Revoke(t.Context(), s.caller, "1", middle)
		wantCode(t, err, "action_not_allowed") // it was never issued
		s.must(s.bridge.Revoke(t.Context(), s.caller, "1", first))
	})
}

func TestReplacementsInACircleAreNotBelieved(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		first := before.Current().CertificateID
		service := s.must(s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		second := service.Successor().CertificateID
		s.upstream.replace(second, first)
		service = s.synchronize("1")
		if service.Current().CertificateID != first || service.Successor() == nil || service.Successor().Status != provisioning.StatusPendingValidation {
			t.Errorf("while the reissue is validated: %+v", service.Certificates)
		}
		s.upstream.issue(second, life)
		s.upstream.replace(second, first)
		service = s.synchronize("1")
		if service.Current().CertificateID != second || service.Status() != provisioning.StatusIssued || service.Certificate(first).Status != provisioning.StatusReplaced {
			t.Errorf("once it is issued: %+v", service.Certificates)
		}
	})
}

func TestAReissueBesideARenewal(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.issued("1", "example.com")
		s.clock.advance(300)
		renewal := s.must(s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{}))
		third := renewal.Successor().CertificateID
		service := s.must(s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		second := service.Successor().CertificateID
		s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(newCSR(t, "example.com"))))
		byFile := []provisioning.ValidationChoice{{Method: provisioning.ValidateByHTTP}}
		service = s.must(s.bridge.ChangeValidation(ctx, s.caller, "1", third, byFile))
		if service.Certificate(third).Validation[0].Method != provisioning.ValidateByHTTP || service.Certificate(second).Validation[0].Method != provisioning.ValidateByDNS {
			t.Error("the validation of another certificate was changed")
		}
		s.upstream.issue(third, life)
		service = s.synchronize("1")
		if service.Current().CertificateID != third || service.Successor() != nil || service.ReissueState() != provisioning.ReissueNone {
			t.Errorf("the reissue of the old term stands in the way: %+v", service.Certificates)
		}
		service = s.must(s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		if service.Successor() == nil || service.Successor().Replaces != third {
			t.Errorf("the renewed certificate can be reissued: %+v", service.Successor())
		}
	})
}

func TestARenewalThatWasCancelledIsBoughtAgain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		before := s.issued("1", "example.com")
		paid := before.PaidUntil()
		s.clock.advance(300)
		renewed := s.must(s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{}))
		s.upstream.certificates[renewed.Successor().CertificateID].Status = provisioning.StatusCancelled
		service := s.synchronize("1")
		if service.PaidUntil() != paid {
			t.Errorf("a cancelled order pays until %s", service.PaidUntil())
		}
		service = s.must(s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{PaidUntil: paid.AddYears(1)}))
		if service.PaidUntil() != paid.AddYears(1) || len(service.Orders) != 3 || s.upstream.charged() != 3 {
			t.Errorf("until %s, %d orders, %d charges", service.PaidUntil(), len(service.Orders), s.upstream.charged())
		}
	})
}

func TestRenewalsOpenAndClose(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.issued("1", "example.com") // the term ends after 365 days
		for _, test := range []struct {
			days    int
			code    string
			charges int
		}{
			{365 - 90, "renewal_too_early", 1}, {1, "", 2},
		} {
			s.clock.advance(test.days)
			_, err := s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{PaidUntil: provisioning.Date{Year: 2028, Month: 11, Day: 22}})
			if test.code != "" {
				wantCode(t, err, test.code)
			} else if err != nil {
				t.Error(err)
			}
			if s.upstream.charged() != test.charges {
				t.Errorf("%d charges, want %d", s.upstream.charged(), test.charges)
			}
		}
		s.issued("2", "example.org")
		s.clock.advance(366 + 181)
		_, err := s.bridge.Renew(ctx, s.caller, "2", provisioning.RenewRequest{})
		wantCode(t, err, "renewal_too_late")
	})
}

// Two services may have been made from one CSR. What one of them owns is never
// taken for the lost reissue of the other.
func TestALostReissueIsNotFoundInAnotherService(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.upstream.replacesLate = true
		csr := newCSR(t, "example.com")
		s.issued("1", "example.com")
		s.issued("2", "example.com")
		other := s.must(s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: csr}))
		s.upstream.fail(false, lost)
		if result, err := s.bridge.Reissue(t.Context(), s.caller, "2", provisioning.Configuration{CSR: csr}); err != nil || result.Operation == nil {
			t.Fatalf("%+v, %v", result, err)
		}
		s.clock.advance(1)
		service := s.synchronize("2")
		if service.Operation != nil || service.Certificate(other.Successor().CertificateID) != nil {
			t.Errorf("%+v", service.Certificates)
		}
	})
}
