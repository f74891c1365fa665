// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// limited is an account with a ceiling for its single-domain product.
func limited(perYear int64) func(*provisioning.Config) {
	return func(config *provisioning.Config) {
		config.Accounts[0].Ceilings = map[string]provisioning.Ceiling{"single": {PerYear: usd(perYear), DomainPerYear: usd(10)}}
	}
}

// heard collects what a bridge logs.
type heard struct {
	mu    sync.Mutex
	lines bytes.Buffer
}

func (h *heard) Write(line []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lines.Write(line)
}

func (h *heard) count(text string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Count(h.lines.String(), text)
}

func (h *heard) listen(config *provisioning.Config) {
	config.Log = slog.New(slog.NewTextHandler(h, nil))
}

func TestAPriceAboveTheCeilingIsNotBought(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		_, err := s.bridge.Create(t.Context(), s.caller, "1", single)
		wantCode(t, err, "price_above_ceiling")
		if s.upstream.charged() != 0 {
			t.Error("it was bought")
		}
		if service := s.service("1"); service.Operation != nil {
			t.Errorf("it is settled: %+v", service.Operation)
		}
		s.upstream.price = usd(70000)
		if service := s.create("1"); len(service.Orders) != 1 {
			t.Errorf("once it costs less it is bought: %+v", service)
		}
	}, limited(78799))
}

// Where no price is known, the ceiling is what was authorised.
func TestAChargeAboveWhatWasAuthorisedRaisesAnAlert(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		price, charge int64
		ceiling       bool
		alert         bool
	}{
		"as listed":                          {78800, 78800, false, false},
		"less than listed":                   {78800, 70000, false, false},
		"more than listed":                   {78800, 78801, false, true},
		"no price, no ceiling":               {0, 99999, false, false},
		"no price, below the ceiling":        {0, 80000, true, false},
		"no price, above the ceiling":        {0, 80001, true, true},
		"listed below the ceiling, but more": {78800, 79000, true, true},
	} {
		heard := new(heard)
		changes := []func(*provisioning.Config){heard.listen}
		if test.ceiling {
			changes = append(changes, limited(80000))
		}
		onEachStore(t, func(t *testing.T, s *shop) {
			s.upstream.price = usd(test.charge)
			s.upstream.listedPrice = new(provisioning.Money)
			if test.price != 0 {
				*s.upstream.listedPrice = usd(test.price)
			}
			s.create("1")
			standing, err := s.bridge.Standing(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if got := standing.Accounts[0].AboveAuthorised == 1; got != test.alert {
				t.Errorf("%s: counted %t, want %t", name, got, test.alert)
			}
			events, err := s.bridge.Events(t.Context(), "panel", "1", 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			told := events[len(events)-1].Kind == "charge.above_authorised"
			if told != test.alert || (heard.count("charged more than was authorised") > 0) != test.alert {
				t.Errorf("%s: alert %t, want %t: %+v", name, told, test.alert, events)
			}
		}, changes...)
	}
}

func TestABalanceThatDoesNotCoverThePurchase(t *testing.T) {
	t.Parallel()
	heard := new(heard)
	onEachStore(t, func(t *testing.T, s *shop) {
		s.upstream.balance = 78799
		_, err := s.bridge.Create(t.Context(), s.caller, "1", single)
		wantCode(t, err, "insufficient_funds")
		if calls := s.upstream.called(); len(calls) != 0 {
			t.Errorf("the provider was asked to sell: %v", calls)
		}
		s.upstream.pay(1)
		s.create("1")
	}, heard.listen)
}

// Somebody should know before customers do.
func TestALowBalanceIsSaidOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		threshold int64
		balance   int64
		warned    bool
	}{
		"ten purchases":               {0, 788000, false},
		"fewer than ten purchases":    {0, 787999, true},
		"as much as configured":       {2_000_000, 2_000_000, false},
		"less than was configured":    {2_000_000, 1_999_999, true},
		"little, and nobody minds it": {1, 400_000, false},
	} {
		for _, driver := range []string{"sqlite"} {
			t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
				t.Parallel()
				heard := new(heard)
				s := newShop(t, driver, heard.listen, func(config *provisioning.Config) {
					config.Accounts[0].LowBalance = usd(test.threshold)
					if test.threshold == 0 {
						config.Accounts[0].LowBalance = provisioning.Money{}
					}
				})
				s.upstream.balance = test.balance
				s.create("1")
				s.create("2")
				want := 0
				if test.warned {
					want = 1
				}
				// The second purchase may be the one that makes it low.
				if got := heard.count("the balance is low"); got != want && (test.warned || got > 1) {
					t.Errorf("warned %d times, want %d", got, want)
				}
			})
		}
	}
}

// A panel may change its mind while a charge waits.
func TestATerminatedServiceIsNotBought(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.doubtedPurchase("1", false)
		impatient := s.caller
		impatient.Wait = 0
		if _, err := s.bridge.Create(t.Context(), impatient, "2", single); err != nil {
			t.Fatal(err)
		}
		s.must(s.bridge.Terminate(t.Context(), s.caller, "2"))
		s.reconcile(rested)
		service := s.service("2")
		if service.Operation != nil || len(service.Orders) != 0 || s.upstream.charged() != 0 {
			t.Errorf("%+v, %d charges", service, s.upstream.charged())
		}
	})
}

// A renewal that the provider has already is nobody's, and somebody paid for it.
func TestARenewalThatIsQueuedAlreadyNeedsAPerson(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		before := s.issued("1", "example.com")
		s.clock.advance(300)
		queued := s.upstream.renewByHand("single", 1)
		s.upstream.fail(false, &provisioning.ProviderError{Outcome: provisioning.Refused, Fault: provisioning.FaultRenewalQueued})
		result, err := s.bridge.Renew(t.Context(), s.caller, "1", provisioning.RenewRequest{})
		if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationNeedsAttention {
			t.Fatalf("%+v, %v", result.Operation, err)
		}
		candidates := result.Operation.Evidence.Candidates
		if len(candidates) != 1 || candidates[0].CertificateID != queued {
			t.Fatalf("%+v", candidates)
		}
		service := s.must(s.bridge.Decide(t.Context(), "operator:ann", result.Operation.ID, provisioning.VerdictAdopt, queued, ""))
		if service.Successor().CertificateID != queued || service.PaidUntil() != before.PaidUntil().AddYears(1) {
			t.Errorf("%+v", service)
		}
	})
}

// A charge whose operation was closed meanwhile stays in the journal: a fence
// cannot reach the provider.
func TestAChargeThatComesTooLateIsKept(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.hold()
		s.clock.pass(rested)
		if err := s.replica().Reconcile(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if service := s.service("1"); service.Operation != nil {
			t.Fatalf("it was disproved: %+v", service.Operation)
		}
		close(s.upstream.gate)
		if err := s.bridge.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		kept, err := s.store.Operations(t.Context(), provisioning.OperationQuery{States: []provisioning.OperationState{provisioning.OperationSucceeded}})
		if err != nil || len(kept) != 1 || kept[0].Result.CertificateID != "1001" || s.upstream.charged() != 1 {
			t.Errorf("%+v, %v", kept, err)
		}
	})
}
