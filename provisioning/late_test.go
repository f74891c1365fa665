// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

var multi = provisioning.CreateRequest{Account: "test", Product: "multi", Years: 1}

// stalled is a provider that carries its one charge out only after something else
// has happened: its caller was stopped right before it wrote the request.
type stalled struct {
	*upstream
	meanwhile func()
}

func (p stalled) Purchase(ctx context.Context, request provisioning.PurchaseRequest) (provisioning.Purchase, error) {
	p.meanwhile()
	return p.upstream.Purchase(ctx, request)
}

func (p stalled) AddDomains(ctx context.Context, request provisioning.AddDomainsRequest) (provisioning.Purchase, error) {
	p.meanwhile()
	return p.upstream.AddDomains(ctx, request)
}

// late has a replica take an action whose charge is carried out only after
// something else has happened, and waits until its answer is stored.
func (s *shop) late(act func(*provisioning.Bridge) (provisioning.Result, error), meanwhile func()) provisioning.Operation {
	s.t.Helper()
	var operation provisioning.Operation
	stopped := s.replica(func(config *provisioning.Config) {
		config.Accounts[0].Upstream = stalled{s.upstream, func() {
			operation = *s.service("1").Operation
			meanwhile()
		}}
	})
	if _, err := act(stopped); err != nil && !errors.As(err, new(*provisioning.Error)) {
		s.t.Fatal(err)
	}
	if err := stopped.Close(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return operation
}

// succeeded are the entries of the journal that were carried out.
func (s *shop) succeeded() []provisioning.Operation {
	s.t.Helper()
	found, err := s.store.Operations(s.t.Context(), provisioning.OperationQuery{States: []provisioning.OperationState{provisioning.OperationSucceeded}})
	if err != nil {
		s.t.Fatal(err)
	}
	return found
}

// told counts the events of one kind of a service.
func (s *shop) told(id, kind string) int {
	s.t.Helper()
	events, err := s.bridge.Events(s.t.Context(), s.caller.Panel, id, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return len(slices.DeleteFunc(events, func(e provisioning.Event) bool { return e.Kind != kind }))
}

func (s *shop) ledger() provisioning.Ledger {
	s.t.Helper()
	ledger, err := s.bridge.Ledger(s.t.Context(), "test", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return ledger
}

// entry finds what a ledger says of one kind, of one operation.
func entry(ledger provisioning.Ledger, finding provisioning.Finding, operationID string) *provisioning.LedgerEntry {
	for i := range ledger.Entries {
		if e := &ledger.Entries[i]; e.Finding == finding && e.OperationID == operationID {
			return e
		}
	}
	return nil
}

// The service was bought anew meanwhile, and the store is in trouble when the
// answer comes: money was spent twice, and both charges are in the journal, once.
func TestALateChargeIsKeptThoughTheServiceWasBoughtAnew(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]trouble{"a store that is well": fine, "a write that is lost": lostBefore, "an answer that is lost": lostAfter} {
		onEachStore(t, func(t *testing.T, s *shop) {
			operation := s.late(
				func(b *provisioning.Bridge) (provisioning.Result, error) {
					return b.Create(t.Context(), s.caller, "1", single)
				},
				func() {
					s.reconcile(rested)
					s.create("1")
					s.store.expect(fine, trouble) // the outcome finds its operation closed; then it is kept
				})
			if closed := s.operation(operation.ID); closed.State != provisioning.OperationRefused {
				t.Fatalf("%s: it was closed as %s before the answer came", name, closed.State)
			}
			kept := s.operation(operation.ID + "-late")
			if kept.State != provisioning.OperationSucceeded || kept.Result.CertificateID != "1002" || kept.Result.Charged != usd(78800) || kept.ServiceID != "1" {
				t.Errorf("%s: kept %+v", name, kept)
			}
			if all := s.succeeded(); len(all) != 2 || s.upstream.charged() != 2 {
				t.Errorf("%s: %d charges, %d in the journal", name, s.upstream.charged(), len(all))
			}
			if told := s.told("1", "operation.contradicted"); told != 1 {
				t.Errorf("%s: the contradiction is told %d times", name, told)
			}
			if service := s.service("1"); len(service.Orders) != 1 || service.Current().CertificateID != "1001" {
				t.Errorf("%s: the service keeps what it was bought anew: %+v", name, service.Orders)
			}
			ledger := s.ledger()
			if found := entry(ledger, provisioning.FindingUnlinked, kept.ID); found == nil || found.CertificateID != "1002" || ledger.Balanced() {
				t.Errorf("%s: the ledger does not show it: %+v", name, ledger.Entries)
			}
		})
	}
}

// Added domains bring no certificate that would turn up in the provider's list.
func TestLateDomainsAreKeptAndTheLedgerShowsThem(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]trouble{"a store that is well": fine, "a write that is lost": lostBefore, "an answer that is lost": lostAfter} {
		onEachStore(t, func(t *testing.T, s *shop) {
			gone := s.replica() // else its worker may go on with what another replica records
			s.must(gone.Create(t.Context(), s.caller, "1", multi))
			if err := gone.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			operation := s.late(
				func(b *provisioning.Bridge) (provisioning.Result, error) {
					return b.AddDomains(t.Context(), s.caller, "1", 2)
				},
				func() {
					s.reconcile(rested)
					s.must(s.bridge.AddDomains(t.Context(), s.caller, "1", 2))
					s.store.expect(fine, trouble)
				})
			if kept := s.operation(operation.ID + "-late"); kept.State != provisioning.OperationSucceeded || kept.Kind != provisioning.OperationAddDomains {
				t.Errorf("%s: kept %+v", name, kept)
			}
			if all := s.succeeded(); len(all) != 3 || s.upstream.charged() != 3 {
				t.Errorf("%s: %d charges, %d in the journal", name, s.upstream.charged(), len(all))
			}
			ledger := s.ledger()
			twice := slices.ContainsFunc(ledger.Entries, func(e provisioning.LedgerEntry) bool {
				return e.Finding == provisioning.FindingChargedTwice && e.ServiceID == "1"
			})
			if !twice || s.service("1").AdditionalDomains != 2 {
				t.Errorf("%s: the ledger does not show it: %+v", name, ledger.Entries)
			}
		})
	}
}

// What was adopted as ours is somebody else's, if the provider refused ours.
func TestALateRefusalIsAnEvent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		byHand  bool // so that the charge seems to have been carried out
		trouble trouble
		told    int
	}{
		"adopted meanwhile":                           {true, fine, 1},
		"adopted meanwhile, and the store is away":    {true, lostBefore, 1},
		"closed as not executed, which it was indeed": {false, fine, 0},
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			operation := s.late(
				func(b *provisioning.Bridge) (provisioning.Result, error) {
					return b.Create(t.Context(), s.caller, "1", single)
				},
				func() {
					if test.byHand {
						s.upstream.buyByHand("single", 1)
					}
					s.reconcile(rested)
					s.store.expect(fine, test.trouble)
					s.upstream.fail(false, refused)
				})
			if adopted := s.operation(operation.ID).State == provisioning.OperationSucceeded; adopted != test.byHand {
				t.Fatalf("%s: %+v", name, s.operation(operation.ID))
			}
			if told := s.told("1", "operation.contradicted"); told != test.told {
				t.Errorf("%s: the contradiction is told %d times, want %d", name, told, test.told)
			}
			_, err := s.store.Operation(t.Context(), operation.ID+"-late")
			if !errors.Is(err, provisioning.ErrNotFound) {
				t.Errorf("%s: a refusal is no charge, and the journal has one: %v", name, err)
			}
		})
	}
}

// deaf is a store whose operations cannot be read for a while.
type deaf struct {
	provisioning.Store
	fails atomic.Int64
}

func (d *deaf) Operation(ctx context.Context, id string) (provisioning.Operation, error) {
	if d.fails.Add(-1) >= 0 {
		return provisioning.Operation{}, errors.New("connection lost")
	}
	return d.Store.Operation(ctx, id)
}

// The answer of the store was lost when it took the outcome, and then it does not
// say what it holds: that is no reason to write the charge down once more.
func TestAChargeThatIsStoredIsNotTakenForALateOne(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		store := &deaf{Store: s.store}
		bridge := s.replica(func(config *provisioning.Config) { config.Store = store }, at("called", func() {
			s.store.expect(lostAfter)
			store.fails.Store(2)
		}))
		if _, err := bridge.Create(t.Context(), s.caller, "1", single); err != nil && !errors.As(err, new(*provisioning.Error)) {
			t.Fatal(err)
		}
		if err := bridge.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if all := s.succeeded(); len(all) != 1 || s.told("1", "operation.contradicted") != 0 {
			t.Errorf("the journal holds %+v", all)
		}
		if ledger := s.ledger(); ledger.Owned.Count != 1 || !ledger.Balanced() {
			t.Errorf("%+v", ledger)
		}
	})
}
