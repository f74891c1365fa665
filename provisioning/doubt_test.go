// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

var (
	refused  = &provisioning.ProviderError{Outcome: provisioning.Refused, Fault: provisioning.FaultInsufficientFunds, Upstream: provisioning.Upstream{Code: "2528166", Message: "no money"}}
	turned   = &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled}
	lost     = &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: errors.New("connection reset")}
	mistaken = errors.New("an error without an outcome")
)

func TestARefusedPurchaseMayBeAskedForAgain(t *testing.T) {
	t.Parallel()
	for _, no := range []error{refused, turned} {
		onEachStore(t, func(t *testing.T, s *shop) {
			s.upstream.fail(false, no)
			_, err := s.bridge.Create(t.Context(), s.caller, "1", single)
			var told *provisioning.Error
			if !errors.As(err, &told) || !told.Retryable || told.Kind != provisioning.KindUnavailable {
				t.Errorf("%v", err)
			}
			service, err := s.bridge.Service(t.Context(), "panel", "1")
			if err != nil || service.Status() != provisioning.StatusAwaitingPurchase || service.Operation != nil {
				t.Errorf("%+v, %v", service, err)
			}
			s.create("1")
			if s.upstream.charged() != 1 {
				t.Errorf("%d charges, want 1", s.upstream.charged())
			}
		})
	}
}

func TestAnUnknownOutcomeIsNeverSentAgain(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		for _, doubt := range []error{lost, mistaken} {
			onEachStore(t, func(t *testing.T, s *shop) {
				s.upstream.fail(executed, doubt)
				for range 3 {
					result, err := s.bridge.Create(t.Context(), s.caller, "1", single)
					if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationUncertain {
						t.Fatalf("%+v, %v", result, err)
					}
				}
				_, err := s.bridge.Activate(t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com")))
				wantCode(t, err, "awaiting_purchase")
				if calls := s.upstream.called(); len(calls) != 1 {
					t.Errorf("calls: %v", calls)
				}
			})
		}
	}
}

func TestALostActivationIsProvedByTheCertificate(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			csr := newCSR(t, "example.com")
			s.create("1")
			s.upstream.fail(executed, lost)
			result, err := s.bridge.Activate(t.Context(), s.caller, "1", byDNS(csr))
			if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationUncertain {
				t.Fatalf("%+v, %v", result, err)
			}
			_, err = s.bridge.Activate(t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com")))
			wantCode(t, err, "operation_in_progress")
			synced, err := s.bridge.Synchronize(t.Context(), s.caller, "1")
			if err != nil || (synced.Service.Operation == nil) != executed {
				t.Fatalf("executed %v: at once, %+v, %v", executed, synced.Service.Operation, err)
			}
			s.clock.advance(1)
			service := s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
			want := provisioning.StatusAwaitingConfiguration
			if executed {
				want = provisioning.StatusPendingValidation
			}
			if service.Status() != want {
				t.Errorf("executed %v: the status is %s, want %s", executed, service.Status(), want)
			}
			service = s.must(s.bridge.Activate(t.Context(), s.caller, "1", byDNS(csr)))
			if service.Status() != provisioning.StatusPendingValidation || service.Current().CSR != csr || len(service.Current().Validation) != 1 {
				t.Errorf("%+v", service.Current())
			}
		})
	}
}

func TestALostReissueIsProvedByWhatReplacedTheCertificate(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		old := before.Current().CertificateID
		csr := newCSR(t, "example.com")
		s.upstream.fail(true, lost)
		result, err := s.bridge.Reissue(t.Context(), s.caller, "1", byDNS(csr))
		if err != nil || result.Operation == nil {
			t.Fatalf("%+v, %v", result, err)
		}
		service := s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
		successor := service.Successor()
		if successor == nil || successor.CSR != csr || successor.Replaces != old || service.ReissueState() != provisioning.ReissuePending || service.Current().CertificateID != old {
			t.Fatalf("%+v", service.Certificates)
		}
		if len(successor.Validation) != 1 {
			t.Errorf("the validation asked for is known: %+v", successor.Validation)
		}
	})
}

func TestAReissueMadeElsewhereIsFoundAndLinked(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		first := before.Current().CertificateID
		second := s.upstream.reissueElsewhere(first)
		third := s.upstream.reissueElsewhere(second)
		service := s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
		if len(service.Certificates) != 3 || service.Certificate(third) == nil || service.Certificate(third).Replaces != second {
			t.Fatalf("%+v", service.Certificates)
		}
		if service.Current().CertificateID != first {
			t.Errorf("%s is in use before a newer one is issued", service.Current().CertificateID)
		}
		s.upstream.issue(third, 1000)
		s.clock.advance(0)
		service = s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
		if service.Current().CertificateID != third {
			t.Errorf("%s is in use, want %s", service.Current().CertificateID, third)
		}
	})
}

func TestReplacementsInACircleEnd(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		first := before.Current().CertificateID
		second := s.upstream.reissueElsewhere(first)
		s.upstream.certificates[second].ReplacedBy = first
		service := s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
		if len(service.Certificates) != 2 {
			t.Errorf("%+v", service.Certificates)
		}
	})
}

// Our own database is as doubtful as the provider: a write whose answer was lost
// may have happened.
func TestALostAnswerOfTheStore(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		trouble []trouble
		charges int
		code    string
	}{
		"the journal entry was not written":          {[]trouble{lostBefore}, 0, "store_unavailable"},
		"the journal entry was written":              {[]trouble{lostAfter}, 1, ""},
		"the outcome was not written at first":       {[]trouble{fine, lostBefore, lostBefore}, 1, ""},
		"the outcome was written":                    {[]trouble{fine, lostAfter}, 1, ""},
		"both were written and neither acknowledged": {[]trouble{lostAfter, lostAfter}, 1, ""},
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			s.store.expect(test.trouble...)
			result, err := s.bridge.Create(t.Context(), s.caller, "1", single)
			if test.code != "" {
				wantCode(t, err, test.code)
			} else if err != nil || result.Operation != nil || len(result.Service.Orders) != 1 {
				t.Errorf("%s: %+v, %v", name, result, err)
			}
			if s.upstream.charged() != test.charges {
				t.Errorf("%s: %d charges, want %d", name, s.upstream.charged(), test.charges)
			}
			s.create("1")
			if s.upstream.charged() != 1 {
				t.Errorf("%s: asked again, %d charges, want 1", name, s.upstream.charged())
			}
		})
	}
}

// A process that is told to stop cuts its calls off in the end, and stores that
// nobody knows what became of them.
func TestACallThatIsCutOffIsUncertain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.hold()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.bridge.Close(over); !errors.Is(err, context.Canceled) {
			t.Errorf("closing told %v", err)
		}
		service, err := s.store.Service(t.Context(), "panel", "1")
		if err != nil || service.Operation == nil || service.Operation.State != provisioning.OperationUncertain {
			t.Errorf("%+v, %v", service.Operation, err)
		}
	})
}

// A process that died leaves an operation that says sent, and nobody waits for
// its answer.
func TestAnOperationWhoseSenderDied(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		abandoned := provisioning.Service{Panel: "panel", ServiceID: "1", Account: "test", Product: "single", Years: 1, State: provisioning.ServiceActive}
		operation := &provisioning.Operation{
			ID: "left behind", Kind: provisioning.OperationPurchase, State: provisioning.OperationSent, Panel: "panel", ServiceID: "1",
			Account: "test", SentAt: s.clock.Now(), CreatedAt: s.clock.Now(),
		}
		if err := s.store.Write(t.Context(), provisioning.Change{After: &abandoned, Operation: operation}); err != nil {
			t.Fatal(err)
		}
		state := func() provisioning.OperationState {
			result, err := s.bridge.Synchronize(t.Context(), s.caller, "1")
			if err != nil || result.Service.Operation == nil {
				t.Fatalf("%+v, %v", result, err)
			}
			return result.Service.Operation.State
		}
		if got := state(); got != provisioning.OperationSent {
			t.Errorf("while somebody may wait for the answer it is %s", got)
		}
		s.clock.advance(1)
		if got := state(); got != provisioning.OperationUncertain {
			t.Errorf("later it is %s", got)
		}
		result, err := s.bridge.Create(t.Context(), s.caller, "1", single)
		if err == nil && result.Operation == nil || s.upstream.charged() != 0 {
			t.Errorf("nothing is bought while it is uncertain: %+v, %v", result, err)
		}
	})
}

// Somebody may give an operation up while its answer is still on the way: the
// answer counts.
func TestAnAnswerThatComesLateIsKept(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.hold()
		s.clock.advance(1)
		given, err := s.bridge.Synchronize(t.Context(), s.caller, "1")
		if err != nil || given.Service.Operation == nil || given.Service.Operation.State != provisioning.OperationUncertain {
			t.Fatalf("%+v, %v", given.Service.Operation, err)
		}
		close(s.upstream.gate)
		service := s.create("1")
		if len(service.Orders) != 1 || service.Operation != nil || s.upstream.charged() != 1 {
			t.Errorf("%d orders, %d charges, %+v", len(service.Orders), s.upstream.charged(), service.Operation)
		}
	})
}

func TestALostReissueThatIsNotShownYet(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			s.upstream.replacesLate = true
			before := s.issued("1", "example.com")
			csr := newCSR(t, "example.com")
			s.upstream.fail(executed, lost)
			if result, err := s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: csr}); err != nil || result.Operation == nil {
				t.Fatalf("%+v, %v", result, err)
			}
			s.clock.advance(1)
			service := s.synchronize("1")
			if service.Operation != nil || (service.Successor() != nil) != executed {
				t.Fatalf("executed %v: %+v, %+v", executed, service.Operation, service.Successor())
			}
			service = s.must(s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: csr}))
			if len(service.Certificates) != 2 || service.Current().CertificateID != before.Current().CertificateID {
				t.Errorf("executed %v: %+v", executed, service.Certificates)
			}
		})
	}
}

func TestALostRevocationIsLookedAfter(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			before := s.issued("1", "example.com")
			old := before.Current().CertificateID
			service := s.must(s.bridge.Reissue(t.Context(), s.caller, "1", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
			s.upstream.issue(service.Successor().CertificateID, 2*life)
			s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
			s.upstream.fail(executed, lost)
			if result, err := s.bridge.Revoke(t.Context(), s.caller, "1", old); err != nil || result.Operation == nil {
				t.Fatalf("%+v, %v", result, err)
			}
			s.clock.advance(1)
			service = s.synchronize("1")
			want := provisioning.StatusReplaced
			if executed {
				want = provisioning.StatusRevoked
			}
			if got := service.Certificate(old).Status; got != want || service.Operation != nil {
				t.Errorf("executed %v: the certificate is %s, want %s", executed, got, want)
			}
		})
	}
}

func TestAPanicIsAnAnswerThatWasLost(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.upstream.panics = true
		result, err := s.bridge.Create(t.Context(), s.caller, "1", single)
		if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationUncertain {
			t.Errorf("%+v, %v", result.Operation, err)
		}
	})
}

// A provider that answers with an ID that another service holds has made a
// mistake, or we have: the answer is kept for a person to look at.
func TestAnIDOfAnotherServiceTakesAPerson(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		taken := s.create("1")
		s.upstream.last-- // so the next purchase gets the same id
		result, err := s.bridge.Create(t.Context(), s.caller, "2", single)
		if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationNeedsAttention {
			t.Fatalf("%+v, %v", result, err)
		}
		if got := result.Operation.Result; got.CertificateID != taken.Current().CertificateID || got.Charged.IsZero() || got.OrderID == "" {
			t.Errorf("the answer is not kept: %+v", got)
		}
		service, err := s.bridge.Service(t.Context(), "panel", "2")
		if err != nil || len(service.Certificates) != 0 || service.Operation == nil {
			t.Errorf("%+v, %v", service, err)
		}
	})
}
