// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func (s *shop) impatient() provisioning.Caller {
	caller := s.caller
	caller.Wait = 0
	return caller
}

// left is a purchase that a replica recorded and did not live to carry out.
func (s *shop) left(id string, request provisioning.CreateRequest, change ...func(*provisioning.Config)) provisioning.Operation {
	s.t.Helper()
	s.clock.pass(time.Millisecond) // so that of two the first is the older one
	dying := s.replica(change...)
	if err := dying.Close(s.t.Context()); err != nil { // it takes no lane any more
		s.t.Fatal(err)
	}
	waiting, err := dying.Create(s.t.Context(), s.impatient(), id, request)
	if err != nil || waiting.Operation == nil || waiting.Operation.State != provisioning.OperationRecorded {
		s.t.Fatalf("%+v, %v", waiting.Operation, err)
	}
	return *waiting.Operation
}

func throttled(pause time.Duration) error {
	return &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled, RetryAfter: pause}
}

// Its panel was told that the purchase is accepted. Too many calls at that moment
// are no reason to drop it.
func TestAChargeIsPutOffWhileTheProviderIsBusy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ asked, pause time.Duration }{
		"the provider does not say how long": {0, time.Minute},
		"the provider says how long":         {7 * time.Minute, 7 * time.Minute},
	} {
		onEachStore(t, func(t *testing.T, s *shop) {
			waiting := s.left("1", single)
			s.upstream.failReading(throttled(test.asked))
			s.reconcile(time.Minute)
			first := s.operation(waiting.ID)
			if first.State != provisioning.OperationRecorded || first.Looks != 1 || !first.LookAt.Equal(s.clock.Now().Add(test.pause)) {
				t.Fatalf("%s: it is put off: %+v", name, first)
			}
			s.upstream.failReading(nil)
			s.reconcile(test.pause - time.Second)
			if s.upstream.charged() != 0 {
				t.Errorf("%s: the provider was asked again at once", name)
			}
			s.reconcile(time.Second)
			s.reconcile(rested)
			if service := s.service("1"); service.Operation != nil || len(service.Orders) != 1 || s.upstream.charged() != 1 {
				t.Errorf("%s: %d charges, %+v", name, s.upstream.charged(), service)
			}
		})
	}
}

// Nobody waits for ever: a panel that asks later gets a new purchase.
func TestAChargeIsNotPutOffBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		waiting := s.left("1", single)
		s.upstream.failReading(throttled(0))
		s.reconcile(29 * time.Minute)
		if got := s.operation(waiting.ID); got.State != provisioning.OperationRecorded {
			t.Fatalf("before the deadline: %+v", got)
		}
		s.reconcile(time.Minute)
		got := s.operation(waiting.ID)
		if got.State != provisioning.OperationRefused || got.Failure.Code != "provider_busy" || !got.Failure.Retryable || !got.SentAt.IsZero() {
			t.Fatalf("after the deadline: %+v", got)
		}
		s.upstream.failReading(nil)
		if s.create("1"); s.upstream.charged() != 1 {
			t.Errorf("asked again there are %d charges", s.upstream.charged())
		}
	})
}

// silent is a provider whose balance does not come as long as anybody waits.
type silent struct {
	*upstream
	asked chan struct{}
}

func (p silent) Balance(ctx context.Context) (provisioning.Money, error) {
	close(p.asked)
	<-ctx.Done()
	return provisioning.Money{}, &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: ctx.Err()}
}

// Nothing was sent, so the next start goes on with it.
func TestAChargeStaysRecordedWhenTheBridgeClosesDuringTheLooks(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		provider := silent{s.upstream, make(chan struct{})}
		closing := s.replica(func(config *provisioning.Config) { config.Accounts[0].Upstream = provider })
		waiting, err := closing.Create(t.Context(), s.impatient(), "1", single)
		if err != nil {
			t.Fatal(err)
		}
		<-provider.asked
		now, cancel := context.WithCancel(t.Context())
		cancel()
		if err := closing.Close(now); !errors.Is(err, context.Canceled) {
			t.Errorf("the look was cut off, and closing told %v", err)
		}
		if got := s.operation(waiting.Operation.ID); got.State != provisioning.OperationRecorded || got.Failure != nil {
			t.Fatalf("it is as it was: %+v", got)
		}
		s.reconcile(time.Minute)
		if service := s.service("1"); len(service.Orders) != 1 || s.upstream.charged() != 1 {
			t.Errorf("%+v, %d charges", service, s.upstream.charged())
		}
	})
}

// unpriced is a provider whose first price is a mistake of ours.
type unpriced struct {
	*upstream
	mistake *sync.Once
}

func (p unpriced) Price(ctx context.Context, request provisioning.PriceRequest) (provisioning.Money, error) {
	p.mistake.Do(func() { panic("a mistake of ours") })
	return p.upstream.Price(ctx, request)
}

// A mistake of ours before anything was sent costs one purchase, not the lane.
func TestAPanicDuringTheLooksRefusesTheCharge(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		one, two := s.left("1", single), s.left("2", single)
		s.bridge = s.replica(func(config *provisioning.Config) {
			config.Accounts[0].Upstream = unpriced{s.upstream, new(sync.Once)}
		})
		s.reconcile(time.Minute)
		if got := s.operation(one.ID); got.State != provisioning.OperationRefused || !got.SentAt.IsZero() {
			t.Errorf("it is refused: %+v", got)
		}
		if got := s.operation(two.ID); got.State != provisioning.OperationSucceeded || s.upstream.charged() != 1 {
			t.Errorf("the lane goes on: %+v, %d charges", got, s.upstream.charged())
		}
		if s.create("1"); s.upstream.charged() != 2 {
			t.Errorf("asked again there are %d charges", s.upstream.charged())
		}
	})
}

// What the journal does not say cannot be bought, and keeps nobody waiting.
func TestAnEntryThatCannotBeReadDoesNotCloseTheLane(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.store.observed = func(change provisioning.Change) {
			if change.Operation != nil && change.After.ServiceID == "1" && change.Operation.Version == 0 {
				change.Operation.Request = "["
			}
		}
		one, two := s.left("1", single), s.left("2", single)
		s.reconcile(time.Minute)
		if got := s.operation(one.ID); got.State != provisioning.OperationRefused || got.Failure.Code != "not_executed" {
			t.Errorf("it is refused: %+v", got)
		}
		if got := s.operation(two.ID); got.State != provisioning.OperationSucceeded || s.upstream.charged() != 1 {
			t.Errorf("the lane goes on: %+v, %d charges", got, s.upstream.charged())
		}
	})
}

// By the clock of who sent it, nobody would look after it for a year.
func TestASenderWhoseClockWasAheadDoesNotCloseTheLane(t *testing.T) {
	t.Parallel()
	for _, executed := range []bool{true, false} {
		onEachStore(t, func(t *testing.T, s *shop) {
			ahead := &clock{now: s.clock.Now().AddDate(1, 0, 0)}
			sender := s.replica(func(config *provisioning.Config) { config.Now = ahead.Now })
			sent := s.doubted(executed, "purchase", func() (provisioning.Result, error) { return sender.Create(t.Context(), s.caller, "1", single) })
			if !sent.SentAt.After(s.clock.Now().AddDate(0, 11, 0)) {
				t.Fatalf("it was sent at %s", sent.SentAt)
			}
			next := s.left("2", single)
			s.reconcile(time.Minute)
			if got := s.operation(sent.ID); !got.SentAt.Equal(s.clock.Now()) || s.operation(next.ID).State != provisioning.OperationRecorded {
				t.Errorf("it rests from now on, and the next one waits: sent at %s, %s", got.SentAt, s.operation(next.ID).State)
			}
			s.reconcile(rested)
			if one := s.service("1"); one.Operation != nil || (len(one.Orders) == 1) != executed {
				t.Errorf("executed %t: %+v", executed, one)
			}
			if two := s.service("2"); two.Operation != nil || len(two.Orders) != 1 {
				t.Fatalf("the lane is open again: %+v", two)
			}
			if s.create("1"); s.upstream.charged() != 2 {
				t.Errorf("executed %t: %d charges, want 2", executed, s.upstream.charged())
			}
		})
	}
}

// lagging is a store that takes no request about to be sent for as stale, a number
// of times.
type lagging struct {
	provisioning.Store
	mu    sync.Mutex
	stale int
	told  int
}

func (l *lagging) Write(ctx context.Context, change provisioning.Change) error {
	l.mu.Lock()
	lags := change.Lane != nil && l.told < l.stale
	if lags {
		l.told++
	}
	l.mu.Unlock()
	if lags {
		return provisioning.ErrStale
	}
	return l.Store.Write(ctx, change)
}

// Each try takes some calls of the provider, which count.
func TestAStoreThatLagsBehindIsTriedABoundedNumberOfTimes(t *testing.T) {
	t.Parallel()
	s := newShop(t, mirror.SQLite)
	waiting := s.left("1", single)
	store := &lagging{Store: s.store, stale: 20}
	s.bridge = s.replica(func(config *provisioning.Config) { config.Store = store })
	s.reconcile(time.Minute)
	if got := s.operation(waiting.ID); got.State != provisioning.OperationRecorded || store.told < 2 || store.told >= store.stale || s.upstream.charged() != 0 {
		t.Fatalf("tried %d times, and it is %s", store.told, got.State)
	}
	store.stale = 0
	s.reconcile(time.Minute)
	if service := s.service("1"); len(service.Orders) != 1 || s.upstream.charged() != 1 {
		t.Errorf("a later round buys it: %+v, %d charges", service.Orders, s.upstream.charged())
	}
}
