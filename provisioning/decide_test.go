// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// restsFor is how long after it was sent a charge may still be carried out: its
// lease, and the time of the call.
const restsFor = 230 * time.Second

// decide has a person decide.
func (s *shop) decide(id string, verdict provisioning.Verdict, certificate string) error {
	s.t.Helper()
	_, err := s.bridge.Decide(s.t.Context(), "operator:ann", id, verdict, certificate, "")
	return err
}

// Whoever declares a request as not executed that is carried out a moment later
// has it bought twice.
func TestNothingIsDecidedWhileTheProviderMayBeAtWork(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		operation := s.doubtedPurchase("1", true)
		refusedToDecide := func(when string) {
			t.Helper()
			for verdict, certificate := range map[provisioning.Verdict]string{
				provisioning.VerdictAdopt: "1001", provisioning.VerdictNotExecuted: "", provisioning.VerdictGiveUp: "",
			} {
				wantCode(t, s.decide(operation.ID, verdict, certificate), "operation_under_way")
			}
			if s.bridge.Decidable(operation) || len(s.bridge.Choices(operation)) != 0 {
				t.Errorf("%s: choices are offered: %v", when, s.bridge.Choices(operation))
			}
		}
		refusedToDecide("at once")
		s.clock.pass(restsFor - time.Second)
		refusedToDecide("a second too early")
		s.clock.pass(time.Second)
		if !s.bridge.Decidable(operation) || len(s.bridge.Choices(operation)) == 0 {
			t.Error("once it has rested, a person may decide")
		}
		if err := s.decide(operation.ID, provisioning.VerdictAdopt, "1001"); err != nil {
			t.Fatal(err)
		}
		if s.create("1"); s.upstream.charged() != 1 {
			t.Errorf("%d charges", s.upstream.charged())
		}
	})
}

// Nothing was sent, so there is nothing to adopt and nothing to give up.
func TestARecordedOperationMayBeClosedAtAnyTime(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*provisioning.Config){
		"an account that is configured":             func(*provisioning.Config) {},
		"an account that is not configured anymore": func(config *provisioning.Config) { config.Accounts[0].Name = "renamed" },
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			waiting := s.left("1", single)
			s.bridge = s.replica(change)
			wantCode(t, s.decide(waiting.ID, provisioning.VerdictGiveUp, ""), "verdict_invalid")
			wantCode(t, s.decide(waiting.ID, provisioning.VerdictAdopt, "1001"), "verdict_invalid")
			choices := s.bridge.Choices(waiting)
			if len(choices) != 1 || choices[0].Verdict != provisioning.VerdictNotExecuted {
				t.Errorf("%s: the choices are %v", name, choices)
			}
			if err := s.decide(waiting.ID, provisioning.VerdictNotExecuted, ""); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s.bridge = s.replica()
			s.reconcile(time.Hour)
			got := s.operation(waiting.ID)
			if got.State != provisioning.OperationRefused || got.Failure.Code != "not_executed" || s.upstream.charged() != 0 {
				t.Errorf("%s: %+v, %d charges", name, got, s.upstream.charged())
			}
		})
	}
}

// A person may be quicker than the worker that has it in hand.
func TestWhatAPersonClosesInTheLastMomentIsNotSent(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		worker := s.replica(at("noted", func() {
			if err := s.decide(s.service("1").Operation.ID, provisioning.VerdictNotExecuted, ""); err != nil {
				t.Error(err)
			}
		}))
		_, err := worker.Create(t.Context(), s.caller, "1", single)
		wantCode(t, err, "not_executed")
		if s.upstream.charged() != 0 || s.service("1").Operation != nil {
			t.Errorf("%d charges, %+v", s.upstream.charged(), s.service("1").Operation)
		}
	})
}

func TestWhatAChargeCannotHaveBoughtIsNotAdopted(t *testing.T) {
	t.Parallel()
	bought := func(product string, years int, status provisioning.Status) func(*upstream) string {
		return func(u *upstream) string {
			id := u.buyByHand(product, years)
			u.certificates[id].Status = status
			return id
		}
	}
	for name, test := range map[string]struct {
		buy       func(*upstream) string
		before    bool // bought before the call
		adoptable bool
	}{
		"what was asked for":           {bought("single", 1, provisioning.StatusAwaitingConfiguration), false, true},
		"configured meanwhile":         {bought("single", 1, provisioning.StatusPendingValidation), false, true},
		"another term":                 {bought("single", 3, provisioning.StatusAwaitingConfiguration), false, false},
		"another product":              {bought("multi", 1, provisioning.StatusAwaitingConfiguration), false, false},
		"there before the call":        {bought("single", 1, provisioning.StatusAwaitingConfiguration), true, false},
		"cancelled":                    {bought("single", 1, provisioning.StatusCancelled), false, false},
		"replaced":                     {bought("single", 1, provisioning.StatusReplaced), false, false},
		"expired":                      {bought("single", 1, provisioning.StatusExpired), false, false},
		"revoked":                      {bought("single", 1, provisioning.StatusRevoked), false, false},
		"a renewal before the call":    {func(u *upstream) string { return u.renewByHand("single", 1) }, true, false},
		"another term, before as well": {bought("single", 2, provisioning.StatusAwaitingConfiguration), true, false},
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			var certificate string
			if test.before {
				certificate = test.buy(s.upstream)
			}
			operation := s.doubtedPurchase("1", false)
			if !test.before {
				certificate = test.buy(s.upstream)
			}
			s.clock.pass(rested)
			err := s.decide(operation.ID, provisioning.VerdictAdopt, certificate)
			if test.adoptable {
				if service := s.service("1"); err != nil || service.Certificate(certificate) == nil || len(service.Orders) != 1 {
					t.Errorf("%s: %v, %+v", name, err, service)
				}
				return
			}
			wantCode(t, err, "certificate_not_adoptable")
			if got := s.operation(operation.ID); got.State != provisioning.OperationUncertain || len(s.service("1").Orders) != 0 {
				t.Errorf("%s: it was adopted: %+v", name, got)
			}
		})
	}
}

// The provider said that it charged, and named a certificate that is another
// service's. Nobody can declare that this was not executed.
func TestAChargeWhoseAnswerNamesAnothersCertificateStaysInTheLedger(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("1")
		s.upstream.last = 1000 // the same id again
		result, err := s.bridge.Create(t.Context(), s.caller, "2", single)
		if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationNeedsAttention || result.Operation.Result.CertificateID != "1001" {
			t.Fatalf("%+v, %v", result.Operation, err)
		}
		id := result.Operation.ID
		wantCode(t, s.decide(id, provisioning.VerdictNotExecuted, ""), "verdict_invalid")
		wantCode(t, s.decide(id, provisioning.VerdictAdopt, "1001"), "verdict_invalid")
		shown := func(when string) {
			t.Helper()
			ledger := s.ledger()
			found := entry(ledger, provisioning.FindingUnlinked, id)
			if ledger.Balanced() || found == nil || found.Charged != usd(78800) || ledger.Owned.Count != 1 {
				t.Errorf("%s: two were charged, one is owned: %+v", when, ledger)
			}
		}
		shown("while a person is needed")
		if err := s.decide(id, provisioning.VerdictGiveUp, ""); err != nil {
			t.Fatal(err)
		}
		shown("given up")
	})
}

// fewer is a provider that does not sell its first product any more.
type fewer struct{ *upstream }

func (p fewer) Products() []provisioning.Product { return p.upstream.Products()[1:] }

// Waiting would not make it known again, so nobody else has to.
func TestAProductThatLeftTheCatalogueNeedsAPersonAtOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		operation := s.doubtedPurchase("1", true)
		s.bridge = s.replica(func(config *provisioning.Config) { config.Accounts[0].Upstream = fewer{s.upstream} })
		next := s.left("2", multi)
		s.reconcile(rested)
		if got := s.operation(operation.ID); got.State != provisioning.OperationNeedsAttention || got.Evidence == nil || got.Looks != 1 {
			t.Errorf("it is not left to time: %+v", got)
		}
		if got := s.operation(next.ID); got.State != provisioning.OperationSucceeded {
			t.Errorf("the lane is open: %+v", got)
		}
		if err := s.decide(operation.ID, provisioning.VerdictAdopt, "1001"); err != nil {
			t.Fatal(err)
		}
		if one := s.service("1"); one.Operation != nil || len(one.Orders) != 1 || one.Orders[0].Charged != usd(78800) {
			t.Errorf("it can be adopted all the same: %+v", one)
		}
	})
}
