// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// rested is longer than anybody waits before looking after an operation.
const rested = 5 * time.Minute

// reconcile lets time pass and makes a round.
func (s *shop) reconcile(after time.Duration) {
	s.t.Helper()
	s.clock.pass(after)
	if err := s.bridge.Reconcile(s.t.Context(), ""); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) service(id string) provisioning.Service {
	s.t.Helper()
	service, err := s.bridge.Service(s.t.Context(), s.caller.Panel, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return service
}

func (s *shop) operation(id string) provisioning.Operation {
	s.t.Helper()
	operation, err := s.store.Operation(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	return operation
}

// doubted asks for a charge whose answer is lost.
func (s *shop) doubted(executed bool, call string, act func() (provisioning.Result, error)) provisioning.Operation {
	s.t.Helper()
	s.upstream.fail(executed, lost)
	s.upstream.next.of = call
	result, err := act()
	if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationUncertain {
		s.t.Fatalf("a lost answer told %+v, %v", result.Operation, err)
	}
	return *result.Operation
}

func (s *shop) doubtedPurchase(id string, executed bool) provisioning.Operation {
	s.t.Helper()
	return s.doubted(executed, "purchase", func() (provisioning.Result, error) { return s.bridge.Create(s.t.Context(), s.caller, id, single) })
}

func TestWhatIsNotedBeforeACharge(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("1")
		s.upstream.entered, s.upstream.gate = make(chan string), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			_, err := s.bridge.Create(t.Context(), s.caller, "2", single)
			done <- err
		}()
		<-s.upstream.entered
		operation := s.service("2").Operation
		noted := operation.Noted
		if operation.State != provisioning.OperationSent || operation.Attempts != 1 || operation.Fence == 0 || noted == nil {
			t.Fatalf("while the call is under way the journal holds %+v", operation)
		}
		if noted.Balance != usd(10_000_000-78800) || noted.Total != 1 || len(noted.Newest) != 1 || noted.Newest[0] != "1001" || noted.Authorised != usd(78800) {
			t.Errorf("noted before the call: %+v", noted)
		}
		close(s.upstream.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		if after := s.operation(operation.ID); after.Result.ChargedBy != provisioning.ChargedByAnswer || !after.LookAt.IsZero() {
			t.Errorf("afterwards the journal holds %+v", after)
		}
	})
}

func TestALostPurchaseIsFoundOrDisproved(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			operation := s.doubtedPurchase("1", executed)
			s.reconcile(3 * time.Minute)
			if after := s.operation(operation.ID); after.State != provisioning.OperationUncertain || after.Evidence != nil {
				t.Errorf("nobody looks before it has rested: %+v", after)
			}
			s.reconcile(rested)
			after, service := s.operation(operation.ID), s.service("1")
			if service.Operation != nil || after.Evidence == nil || after.Evidence.Conclusion == "" {
				t.Fatalf("it is settled with its reason: %+v", after)
			}
			if executed {
				if len(service.Orders) != 1 || service.Orders[0].OrderID != "o1001" || service.Orders[0].Charged != usd(78800) ||
					after.Result.ChargedBy != provisioning.ChargedByBalance || service.Status() != provisioning.StatusAwaitingConfiguration {
					t.Errorf("what was bought is the service's: %+v, %+v", service.Orders, after.Result)
				}
			} else if after.State != provisioning.OperationRefused || after.Failure.Code != "not_executed" || !after.Failure.Retryable {
				t.Errorf("it was not executed: %+v", after)
			}
			if service = s.create("1"); len(service.Orders) != 1 || s.upstream.charged() != 1 {
				t.Errorf("asked again there are %d orders and %d charges", len(service.Orders), s.upstream.charged())
			}
		})
	}
}

func TestALostRenewalIsFoundOrDisproved(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			before := s.issued("1", "example.com")
			s.clock.advance(300)
			paid := provisioning.RenewRequest{PaidUntil: before.PaidUntil().AddYears(1)}
			s.doubted(executed, "renew", func() (provisioning.Result, error) { return s.bridge.Renew(t.Context(), s.caller, "1", paid) })
			s.reconcile(rested)
			service := s.service("1")
			if found := len(service.Orders) == 2; found != executed || service.Operation != nil {
				t.Fatalf("executed %t: %d orders, %+v", executed, len(service.Orders), service.Operation)
			}
			service = s.must(s.bridge.Renew(t.Context(), s.caller, "1", paid))
			if len(service.Orders) != 2 || s.upstream.charged() != 2 || service.Successor().Reason != provisioning.ReasonRenewal ||
				service.PaidUntil() != before.PaidUntil().AddYears(1) {
				t.Errorf("asked again there are %d orders, %d charges, paid until %s", len(service.Orders), s.upstream.charged(), service.PaidUntil())
			}
		})
	}
}

func TestLostDomainsAreFoundOrDisproved(t *testing.T) {
	t.Parallel()
	for _, counted := range []bool{true, false} {
		for _, executed := range []bool{true, false} {
			onEachStore(t, func(t *testing.T, s *shop) {
				multi := provisioning.CreateRequest{Account: "test", Product: "multi", Years: 1}
				service := s.must(s.bridge.Create(t.Context(), s.caller, "1", multi))
				if counted {
					s.upstream.certificates[service.Current().CertificateID].Domains = 3
				}
				add := func() (provisioning.Result, error) { return s.bridge.AddDomains(t.Context(), s.caller, "1", 2) }
				operation := s.doubted(executed, "add domains", add)
				s.reconcile(rested)
				if executed && !counted {
					// The balance fell, and nothing else shows.
					if s.operation(operation.ID).State == provisioning.OperationRefused {
						t.Error("money went, so it cannot be said that nothing was executed")
					}
					return
				}
				if got := s.service("1").AdditionalDomains == 2; got != executed {
					t.Errorf("executed %t, counted %t: %+v", executed, counted, s.service("1"))
				}
				if service := s.must(add()); service.AdditionalDomains != 2 || s.upstream.charged() != 2 {
					t.Errorf("asked again there are %d domains and %d charges", service.AdditionalDomains, s.upstream.charged())
				}
			})
		}
	}
}

// While a charge is in doubt no other one is made in its account; what does not
// charge goes on.
func TestTheLaneIsClosedWhileAChargeIsInDoubt(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("3")
		s.doubtedPurchase("1", true)
		impatient := s.caller
		impatient.Wait = 100 * time.Millisecond
		for range 2 {
			waiting, err := s.bridge.Create(t.Context(), impatient, "2", single)
			if err != nil || waiting.Operation == nil || waiting.Operation.State != provisioning.OperationRecorded {
				t.Fatalf("the next purchase waits: %+v, %v", waiting.Operation, err)
			}
		}
		s.must(s.bridge.Activate(t.Context(), s.caller, "3", byDNS(newCSR(t, "example.com"))))
		if s.upstream.charged() != 2 {
			t.Errorf("%d charges before the doubt is cleared", s.upstream.charged())
		}
		s.reconcile(rested)
		one, two := s.service("1"), s.create("2")
		if len(one.Orders) != 1 || len(two.Orders) != 1 || one.Orders[0].OrderID == two.Orders[0].OrderID || s.upstream.charged() != 3 {
			t.Errorf("%+v, %+v, %d charges", one.Orders, two.Orders, s.upstream.charged())
		}
	})
}

// A charge that somebody makes by hand at the same moment cannot be told apart.
func TestWhatIsAmbiguousNeedsAPerson(t *testing.T) {
	t.Parallel()
	decide := map[string]func(t *testing.T, s *shop, operation provisioning.Operation){
		"adopt": func(t *testing.T, s *shop, operation provisioning.Operation) {
			candidate := operation.Evidence.Candidates[0].CertificateID
			service := s.must(s.bridge.Decide(t.Context(), "operator:ann", operation.ID, provisioning.VerdictAdopt, candidate, "as the provider's pages say"))
			if service.Current().CertificateID != candidate || len(service.Orders) != 1 || service.Orders[0].Charged != usd(78800) {
				t.Errorf("%+v", service)
			}
			if got := s.operation(operation.ID); got.Result.ChargedBy != provisioning.ChargedByPrice {
				t.Errorf("two purchases and one difference of the balance: %+v", got.Result)
			}
			s.create("1")
		},
		"not executed": func(t *testing.T, s *shop, operation provisioning.Operation) {
			s.must(s.bridge.Decide(t.Context(), "operator:ann", operation.ID, provisioning.VerdictNotExecuted, "", ""))
			if got := s.operation(operation.ID); got.Failure.Code != "not_executed" || !got.Failure.Retryable {
				t.Errorf("%+v", got)
			}
		},
		"give up": func(t *testing.T, s *shop, operation provisioning.Operation) {
			s.must(s.bridge.Decide(t.Context(), "operator:ann", operation.ID, provisioning.VerdictGiveUp, "", "refunded"))
			if got := s.operation(operation.ID); got.Failure.Code != "given_up" || got.Failure.Retryable {
				t.Errorf("%+v", got)
			}
		},
	}
	for name, decide := range decide {
		onEachStore(t, func(t *testing.T, s *shop) {
			operation := s.doubtedPurchase("1", true)
			byHand := s.upstream.buyByHand("single", 1)
			s.reconcile(rested)
			operation = s.operation(operation.ID)
			if operation.State != provisioning.OperationNeedsAttention || len(operation.Evidence.Candidates) != 2 || !operation.LookAt.IsZero() {
				t.Fatalf("%s: %+v", name, operation)
			}
			if next := s.create("2"); next.Current().CertificateID == byHand {
				t.Error("the lane is open again, for a certificate of its own")
			}
			decide(t, s, operation)
			decided := s.operation(operation.ID)
			if decided.Decision == nil || decided.Decision.DecidedBy != "operator:ann" || s.service("1").Operation != nil {
				t.Errorf("%s: who decided is recorded: %+v", name, decided)
			}
			events, err := s.bridge.Events(t.Context(), "panel", "1", 0, 100)
			if err != nil || events[len(events)-1].Kind != "operation.decided" || events[len(events)-1].Actor != "operator:ann" {
				t.Errorf("%s: %+v, %v", name, events, err)
			}
			_, err = s.bridge.Decide(t.Context(), "operator:bob", operation.ID, provisioning.VerdictGiveUp, "", "")
			wantCode(t, err, "operation_settled")
		})
	}
}

func TestWhatCannotBeDecided(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.create("owned")
		owned := service.Current().CertificateID
		other := s.upstream.buyByHand("multi", 1)
		operation := s.doubtedPurchase("1", false)
		decide := func(verdict provisioning.Verdict, certificate string) error {
			_, err := s.bridge.Decide(t.Context(), "operator:ann", operation.ID, verdict, certificate, "")
			return err
		}
		wantCode(t, decide(provisioning.VerdictNotExecuted, ""), "operation_under_way")
		s.clock.pass(rested)
		wantCode(t, decide("perhaps", ""), "verdict_invalid")
		wantCode(t, decide(provisioning.VerdictAdopt, owned), "certificate_not_adoptable")
		wantCode(t, decide(provisioning.VerdictAdopt, other), "certificate_not_adoptable")
		wantCode(t, decide(provisioning.VerdictAdopt, "77"), "certificate_unknown_upstream")
		_, err := s.bridge.Decide(t.Context(), "operator:ann", "none", provisioning.VerdictGiveUp, "", "")
		wantCode(t, err, "operation_not_found")
		if got := s.operation(operation.ID); got.State != provisioning.OperationUncertain || got.Decision != nil {
			t.Errorf("nothing was decided: %+v", got)
		}
	})
	onEachStore(t, func(t *testing.T, s *shop) {
		under, _ := s.hold()
		_, err := s.bridge.Decide(t.Context(), "operator:ann", under.Operation.ID, provisioning.VerdictNotExecuted, "", "")
		wantCode(t, err, "operation_under_way")
		close(s.upstream.gate)
	})
}

// What is unclear is looked at again, ever less often, until the deadline.
func TestLookingHasADeadline(t *testing.T) {
	t.Parallel()
	for name, unclear := range map[string]func(*upstream){
		"money went, and nothing came": func(u *upstream) { u.pay(-50000) },
		"money came, and nothing else": func(u *upstream) { u.pay(900000) },
		"a list with holes":            func(u *upstream) { u.unreadable = 1 },
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			operation := s.doubtedPurchase("1", false)
			unclear(s.upstream)
			s.reconcile(rested)
			first := s.operation(operation.ID)
			if first.State != provisioning.OperationUncertain || first.Looks != 1 || first.Evidence == nil {
				t.Fatalf("%s: %+v", name, first)
			}
			s.reconcile(time.Second)
			if again := s.operation(operation.ID); again.Looks != 1 {
				t.Errorf("%s: looked again at once", name)
			}
			for range 10 {
				s.reconcile(5 * time.Minute)
			}
			last := s.operation(operation.ID)
			if last.State != provisioning.OperationNeedsAttention || last.Looks < 3 || last.Looks > 7 {
				t.Errorf("%s: after the deadline %s, looked %d times", name, last.State, last.Looks)
			}
			if result, err := s.bridge.Create(t.Context(), s.caller, "1", single); err != nil || result.Operation == nil || s.upstream.charged() != 0 {
				t.Errorf("%s: nothing is bought while a person is needed: %+v, %v", name, result, err)
			}
		})
	}
}

// A provider that cannot be asked says nothing either way: waiting for it goes on
// longer.
func TestASilentProviderIsWaitedFor(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		operation := s.doubtedPurchase("1", true)
		s.upstream.failReading(lost)
		for range 12 {
			s.reconcile(time.Hour)
		}
		if got := s.operation(operation.ID); got.State != provisioning.OperationUncertain || got.Evidence != nil {
			t.Fatalf("after half a day: %+v", got)
		}
		s.upstream.failReading(nil)
		s.reconcile(time.Hour)
		if service := s.service("1"); service.Operation != nil || len(service.Orders) != 1 {
			t.Errorf("when it answers again, it is settled: %+v", service)
		}
	})
	onEachStore(t, func(t *testing.T, s *shop) {
		operation := s.doubtedPurchase("1", true)
		s.upstream.failReading(lost)
		for range 30 {
			s.reconcile(time.Hour)
		}
		if got := s.operation(operation.ID); got.State != provisioning.OperationNeedsAttention {
			t.Errorf("after more than a day: %+v", got)
		}
	})
}

// A replica that died before it sent anything has bought nothing: another one
// goes on with what it recorded.
func TestARecordedChargeIsTakenUp(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		dying := s.replica()
		if err := dying.Close(t.Context()); err != nil { // it takes no lane any more
			t.Fatal(err)
		}
		impatient := s.caller
		impatient.Wait = 0
		waiting, err := dying.Create(t.Context(), impatient, "1", single)
		if err != nil || waiting.Operation == nil || waiting.Operation.State != provisioning.OperationRecorded {
			t.Fatalf("%+v, %v", waiting, err)
		}
		s.reconcile(time.Second)
		if s.upstream.charged() != 0 {
			t.Error("whoever recorded it is given some time")
		}
		s.reconcile(time.Minute)
		if service := s.service("1"); len(service.Orders) != 1 || s.upstream.charged() != 1 {
			t.Errorf("%+v, %d charges", service, s.upstream.charged())
		}
	})
}

// A panel that asks again does not have to wait for the next round.
func TestARecordedChargeIsTakenUpByWhoAsksAgain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		dying := s.replica()
		if err := dying.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		impatient := s.caller
		impatient.Wait = 0
		if _, err := dying.Create(t.Context(), impatient, "1", single); err != nil {
			t.Fatal(err)
		}
		if service := s.create("1"); len(service.Orders) != 1 || s.upstream.charged() != 1 {
			t.Errorf("%+v, %d charges", service, s.upstream.charged())
		}
	})
}

// at runs a function when a charge of a replica reaches a point for the first
// time, and goes on when it returns.
func at(point string, run func()) func(*provisioning.Config) {
	var once sync.Once
	return func(config *provisioning.Config) {
		config.Reached = func(reached string) {
			if reached == point {
				once.Do(run)
			}
		}
	}
}

// A replica that was stopped for longer than its lease, wherever that was, does
// not send and writes nothing over what another one did.
func TestAReplicaThatWasStopped(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"lane taken", "noted", "sent"} {
		t.Run(strings.ReplaceAll(point, " ", "_"), func(t *testing.T) {
			t.Parallel()
			onEachStore(t, func(t *testing.T, s *shop) {
				stopped := s.replica(at(point, func() {
					s.clock.pass(rested)
					s.create("2") // by another replica, which finds the lane free
				}))
				if _, err := stopped.Create(t.Context(), s.caller, "1", single); point == "sent" {
					wantCode(t, err, "provider_unreachable") // it knows that it sent nothing
				}
				s.reconcile(rested)
				s.reconcile(rested)
				one, two := s.create("1"), s.create("2")
				if len(one.Orders) != 1 || len(two.Orders) != 1 || s.upstream.charged() != 2 {
					t.Errorf("%+v, %+v, %d charges", one.Orders, two.Orders, s.upstream.charged())
				}
			})
		})
	}
}
