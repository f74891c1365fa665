// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(days int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.AddDate(0, 0, days)
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shop is a bridge with one account, its store and its provider, for one panel.
type shop struct {
	t        *testing.T
	bridge   *provisioning.Bridge
	upstream *upstream
	clock    *clock
	store    *troubled
	caller   provisioning.Caller
}

// onEachStore runs a test on every database.
func onEachStore(t *testing.T, test func(t *testing.T, s *shop), change ...func(*provisioning.Config)) {
	t.Helper()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, newShop(t, driver, change...))
		})
	}
}

func newShop(t *testing.T, driver string, change ...func(*provisioning.Config)) *shop {
	t.Helper()
	s := &shop{t: t, clock: &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}}
	s.store = &troubled{Store: mirrortest.OpenAt(t, mirror.Options{
		Driver: driver, DSN: mirrortest.Address(t, driver), Now: s.clock.Now, LeaseClock: s.clock.Now,
	})}
	s.upstream = newUpstream(s.clock.Now)
	s.bridge = s.replica(change...)
	s.caller = provisioning.Caller{Panel: "panel", Actor: "panel:key", Wait: time.Minute}
	return s
}

// replica is one more bridge on the same store and provider.
func (s *shop) replica(change ...func(*provisioning.Config)) *provisioning.Bridge {
	s.t.Helper()
	config := provisioning.Config{
		Store: s.store, Now: s.clock.Now, Log: slog.New(slog.DiscardHandler),
		Accounts: []provisioning.Account{{Name: "test", Provider: "fake", Environment: provisioning.Sandbox, Upstream: s.upstream}},
	}
	for _, change := range change {
		change(&config)
	}
	bridge, err := provisioning.NewBridge(config)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := bridge.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	})
	return bridge
}

// troubled is a store whose writes can be made to fail, before or after they
// happened.
type troubled struct {
	provisioning.Store
	mu       sync.Mutex
	trouble  []trouble
	observed func(provisioning.Change)
}

type trouble int

const (
	fine trouble = iota
	lostBefore
	lostAfter
)

func (s *troubled) expect(next ...trouble) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = next
}

func (s *troubled) Write(ctx context.Context, change provisioning.Change) error {
	s.mu.Lock()
	next := fine
	if len(s.trouble) > 0 {
		next, s.trouble = s.trouble[0], s.trouble[1:]
	}
	observed := s.observed
	s.mu.Unlock()
	if observed != nil {
		observed(change)
	}
	switch next {
	case lostBefore:
		return errors.New("connection lost")
	case lostAfter:
		copied := change
		after := change.After.Clone()
		copied.After = &after
		if change.Operation != nil {
			operation := *change.Operation
			copied.Operation = &operation
		}
		if err := s.Store.Write(ctx, copied); err != nil {
			return err
		}
		return errors.New("connection lost")
	}
	return s.Store.Write(ctx, change)
}

var single = provisioning.CreateRequest{Account: "test", Product: "single", Years: 1}

func byDNS(csr string) provisioning.Configuration {
	return provisioning.Configuration{CSR: csr, Validation: []provisioning.ValidationChoice{{Method: provisioning.ValidateByDNS}}}
}

func (s *shop) must(result provisioning.Result, err error) provisioning.Service {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	if result.Operation != nil {
		s.t.Fatalf("the outcome is still to come: %+v", result.Operation)
	}
	return result.Service
}

func (s *shop) create(id string) provisioning.Service {
	s.t.Helper()
	return s.must(s.bridge.Create(s.t.Context(), s.caller, id, single))
}

// hold asks for a service without patience while the provider does not answer.
func (s *shop) hold() (provisioning.Result, provisioning.Caller) {
	s.t.Helper()
	s.upstream.entered, s.upstream.gate = make(chan string), make(chan struct{})
	impatient := s.caller
	impatient.Wait = 0
	result, err := s.bridge.Create(s.t.Context(), impatient, "1", single)
	if err != nil {
		s.t.Fatal(err)
	}
	<-s.upstream.entered
	s.upstream.entered = nil
	return result, impatient
}

// issued makes a service whose certificate is issued.
func (s *shop) issued(id, commonName string) provisioning.Service {
	s.t.Helper()
	s.create(id)
	service := s.must(s.bridge.Activate(s.t.Context(), s.caller, id, byDNS(newCSR(s.t, commonName))))
	s.upstream.issue(service.Current().CertificateID, 200*24*time.Hour)
	service = s.must(s.bridge.Synchronize(s.t.Context(), s.caller, id))
	if service.Status() != provisioning.StatusIssued {
		s.t.Fatalf("the status is %s, not issued", service.Status())
	}
	return service
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var told *provisioning.Error
	if !errors.As(err, &told) || told.Code != code {
		t.Errorf("got %v, want the code %s", err, code)
	}
}

func TestACertificateLives(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.issued("1042", "example.com")
		first := service.Current().CertificateID

		service = s.must(s.bridge.Reissue(t.Context(), s.caller, "1042", provisioning.Configuration{CSR: newCSR(t, "example.com")}))
		second := service.Successor().CertificateID
		if service.Current().CertificateID != first || service.ReissueState() != provisioning.ReissuePending || service.Status() != provisioning.StatusIssued {
			t.Errorf("while a reissue is validated the old certificate is in use: %s, %s, %s", service.Current().CertificateID, service.ReissueState(), service.Status())
		}
		if service.Current().Leaf.PEM == "" {
			t.Error("the old certificate can be downloaded")
		}
		s.upstream.issue(second, 200*24*time.Hour)
		service = s.must(s.bridge.Synchronize(t.Context(), s.caller, "1042"))
		if service.Current().CertificateID != second || service.ReissueState() != provisioning.ReissueCompleted {
			t.Errorf("once issued, the reissue is in use: %s, %s", service.Current().CertificateID, service.ReissueState())
		}
		if old := service.Certificate(first); old.Status != provisioning.StatusReplaced || old.ReplacedBy != second || old.Leaf == nil {
			t.Errorf("the old certificate stays in the lineage: %+v", old)
		}

		s.clock.advance(300)
		paid := service.PaidUntil()
		service = s.must(s.bridge.Renew(t.Context(), s.caller, "1042", provisioning.RenewRequest{Years: 2, PaidUntil: paid.AddYears(2)}))
		third := service.Successor()
		if third.Reason != provisioning.ReasonRenewal || third.Status != provisioning.StatusAwaitingConfiguration || service.Current().CertificateID != second {
			t.Errorf("a renewal awaits its configuration: %+v", third)
		}
		if got, want := service.PaidUntil(), paid.AddYears(2); got != want {
			t.Errorf("the term ends on %s, want %s", got, want)
		}
		service = s.must(s.bridge.Activate(t.Context(), s.caller, "1042", byDNS(newCSR(t, "example.com"))))
		s.upstream.issue(service.Successor().CertificateID, 200*24*time.Hour)
		service = s.must(s.bridge.Synchronize(t.Context(), s.caller, "1042"))
		if service.Current().CertificateID == second || len(service.Certificates) != 3 || service.Successor() != nil {
			t.Errorf("the renewal is in use: %+v", service.Certificates)
		}
		if s.upstream.charged() != 2 {
			t.Errorf("%d charges, want 2", s.upstream.charged())
		}
	})
}

func TestEverythingMayBeSaidTwice(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		csr, next := newCSR(t, "example.com"), newCSR(t, "example.com")
		twice := func(name string, act func() (provisioning.Result, error)) {
			t.Helper()
			one := s.must(act())
			calls := len(s.upstream.called())
			again, err := act()
			other := s.must(again, err)
			if !again.Unchanged {
				t.Errorf("%s twice does not say that nothing was done", name)
			}
			if diff := cmp.Diff(one, other); diff != "" {
				t.Errorf("%s twice changed something: %s", name, diff)
			}
			if len(s.upstream.called()) != calls {
				t.Errorf("%s twice made another call: %v", name, s.upstream.called()[calls:])
			}
		}
		ctx := t.Context()
		twice("create", func() (provisioning.Result, error) { return s.bridge.Create(ctx, s.caller, "1", single) })
		twice("activate", func() (provisioning.Result, error) { return s.bridge.Activate(ctx, s.caller, "1", byDNS(csr)) })
		service, err := s.bridge.Service(ctx, "panel", "1")
		if err != nil {
			t.Fatal(err)
		}
		s.upstream.issue(service.Current().CertificateID, 90*24*time.Hour)
		s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		twice("activate after it was issued", func() (provisioning.Result, error) { return s.bridge.Activate(ctx, s.caller, "1", byDNS(csr)) })
		twice("reissue", func() (provisioning.Result, error) {
			return s.bridge.Reissue(ctx, s.caller, "1", provisioning.Configuration{CSR: next})
		})
		service, err = s.bridge.Service(ctx, "panel", "1")
		if err != nil {
			t.Fatal(err)
		}
		s.upstream.issue(service.Successor().CertificateID, 200*24*time.Hour)
		s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
		twice("renew far too early", func() (provisioning.Result, error) {
			return s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{})
		})
		if s.upstream.charged() != 1 {
			t.Errorf("a renewal far too early was bought: %d charges", s.upstream.charged())
		}
		s.clock.advance(330)
		twice("renew", func() (provisioning.Result, error) {
			return s.bridge.Renew(ctx, s.caller, "1", provisioning.RenewRequest{PaidUntil: service.PaidUntil().AddYears(1)})
		})
		for name, act := range map[string]func(context.Context, provisioning.Caller, string) (provisioning.Result, error){
			"suspend": s.bridge.Suspend, "unsuspend": s.bridge.Unsuspend, "terminate": s.bridge.Terminate,
		} {
			if name == "terminate" {
				continue
			}
			twice(name, func() (provisioning.Result, error) { return act(ctx, s.caller, "1") })
		}
		twice("terminate", func() (provisioning.Result, error) { return s.bridge.Terminate(ctx, s.caller, "1") })
		if s.upstream.charged() != 2 {
			t.Errorf("%d charges, want 2", s.upstream.charged())
		}
	})
}

func TestTheJournalComesBeforeTheCall(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.upstream.entered, s.upstream.gate = make(chan string), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			_, err := s.bridge.Create(t.Context(), s.caller, "1", single)
			done <- err
		}()
		<-s.upstream.entered
		service, err := s.store.Service(t.Context(), "panel", "1")
		if err != nil || service.Operation == nil || service.Operation.State != provisioning.OperationSent || service.Operation.RequestedBy != "panel:key" {
			t.Errorf("while the call is under way the journal holds %+v, %v", service.Operation, err)
		}
		close(s.upstream.gate)
		if err := <-done; err != nil {
			t.Error(err)
		}
		operation, err := s.store.Operation(t.Context(), service.Operation.ID)
		if err != nil || operation.State != provisioning.OperationSucceeded || operation.Result.CertificateID != "1001" || operation.Result.Charged.Units != 78800 {
			t.Errorf("afterwards the journal holds %+v, %v", operation, err)
		}
	})
}

func TestADoubleClickBuysOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		var clicks sync.WaitGroup
		for range 16 {
			clicks.Go(func() {
				result, err := s.bridge.Create(t.Context(), s.caller, "1", single)
				if err != nil || result.Operation != nil || len(result.Service.Orders) != 1 {
					t.Errorf("%+v, %v", result, err)
				}
			})
		}
		clicks.Wait()
		if s.upstream.charged() != 1 {
			t.Errorf("%d charges, want 1", s.upstream.charged())
		}
	})
}

func TestAnImpatientCallerGetsTheOperation(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		result, impatient := s.hold()
		if result.Operation == nil || result.Operation.State != provisioning.OperationRecorded || !result.Created {
			t.Fatalf("%+v", result)
		}
		again, err := s.bridge.Create(t.Context(), impatient, "1", single)
		if err != nil || again.Operation == nil || again.Operation.ID != result.Operation.ID {
			t.Errorf("asked again, the same operation is the answer: %+v, %v", again.Operation, err)
		}
		_, err = s.bridge.Create(t.Context(), impatient, "1", provisioning.CreateRequest{Account: "test", Product: "single", Years: 2})
		wantCode(t, err, "service_exists_differently")
		close(s.upstream.gate)
		if service := s.create("1"); service.Status() != provisioning.StatusAwaitingConfiguration {
			t.Errorf("the status is %s", service.Status())
		}
		if s.upstream.charged() != 1 {
			t.Errorf("%d charges, want 1", s.upstream.charged())
		}
	})
}
