// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// yard is a simulated provider behind a real server, a store, and a bridge between
// them, all of which go by the simulator's clock.
type yard struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *httptest.Server
	mirror *mirror.Mirror
	store  *watchful
	bridge *provisioning.Bridge
	caller provisioning.Caller

	mu     sync.Mutex
	before func(command string) // told of each call before it reaches the simulator
	broken string               // the call that a gateway before the simulator answers with an error
}

// watchful is a store that counts what is written.
type watchful struct {
	provisioning.Store
	written, marked atomic.Int64 // services and listings
}

func (s *watchful) Write(ctx context.Context, change provisioning.Change) error {
	s.written.Add(1)
	return s.Store.Write(ctx, change)
}

func (s *watchful) SaveListings(ctx context.Context, account string, listings []provisioning.Listing) error {
	s.marked.Add(int64(len(listings)))
	return s.Store.SaveListings(ctx, account, listings)
}

// inEachYard runs a test on every database.
func inEachYard(t *testing.T, test func(t *testing.T, y *yard)) {
	t.Helper()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, newYard(t, driver))
		})
	}
}

func newYard(t *testing.T, driver string) *yard {
	t.Helper()
	sim, err := simulator.New(simulator.Options{
		Environment: "sandbox", Now: time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC),
		Accounts: []simulator.Account{
			{ApiUser: "reseller", ApiKey: "simulator-key", Balance: "100000.00"},
			{ApiUser: "second", ApiKey: "simulator-key", Balance: "1.00"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	sim.Configure(func(w *simulator.Switches) { w.ThrottlePerMinute, w.ThrottlePerHour, w.ThrottlePerDay = 0, 0, 0 })
	y := &yard{t: t, sim: sim, caller: provisioning.Caller{Panel: "panel", Actor: "panel:key", Wait: time.Minute}}
	y.server = httptest.NewServer(http.HandlerFunc(y.serve))
	t.Cleanup(y.server.Close)
	y.mirror = mirrortest.OpenAt(t, mirror.Options{
		Driver: driver, DSN: mirrortest.Address(t, driver), Now: sim.Now, LeaseClock: sim.Now,
	})
	y.store = &watchful{Store: y.mirror}
	y.bridge = y.replica()
	return y
}

func (y *yard) serve(w http.ResponseWriter, r *http.Request) {
	y.mu.Lock()
	before, broken := y.before, y.broken
	y.mu.Unlock()
	if err := r.ParseForm(); err == nil {
		command := r.PostForm.Get("Command") + " " + r.PostForm.Get("Page")
		if before != nil {
			before(command)
		}
		if command == broken {
			http.Error(w, "bad gateway", http.StatusBadGateway)
			return
		}
	}
	y.sim.ServeHTTP(w, r)
}

// breakCall has one call fail until another one is named.
func (y *yard) breakCall(command string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.broken = command
}

func (y *yard) tell(before func(command string)) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.before = before
}

// account is a client of an account at the simulator, with no limit of its own.
func (y *yard) account(name, user string) provisioning.Account { return y.limited(name, user, nil) }

// limited is a client whose calls pass a gate.
func (y *yard) limited(name, user string, gate hostlantern.Gate) provisioning.Account {
	y.t.Helper()
	client, err := hostlantern.New(hostlantern.Config{
		Gate:    gate,
		Account: name, APIUser: user, APIKey: hostlantern.NewAPIKey("simulator-key"), ClientIP: "203.0.113.9",
		Environment: provisioning.Sandbox, BaseURL: y.server.URL + "/xml.response",
	})
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(client.Close)
	return provisioning.Account{
		Name: name, Provider: "hostlantern", Environment: provisioning.Sandbox, Upstream: hostlantern.NewProvider(client),
		Expires: provisioning.ExpiresLeaf,
	}
}

// replica is one more bridge on the same store and provider.
func (y *yard) replica(change ...func(*provisioning.Config)) *provisioning.Bridge {
	y.t.Helper()
	config := provisioning.Config{
		Store: y.store, Now: y.sim.Now, Log: slog.New(slog.DiscardHandler), PageSize: 10,
		Accounts: []provisioning.Account{y.account("test", "reseller")},
		Wait:     func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	for _, change := range change {
		change(&config)
	}
	bridge, err := provisioning.NewBridge(config)
	if err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() {
		if err := bridge.Close(context.Background()); err != nil {
			y.t.Error(err)
		}
	})
	return bridge
}

// stock puts certificates into the account and gives each to a service of its own,
// as if certbridge had bought them.
func (y *yard) stock(count int) (ids []string) {
	y.t.Helper()
	ids, err := y.sim.Stock("PositiveSSL", 1, count)
	if err != nil {
		y.t.Fatal(err)
	}
	var writing sync.WaitGroup
	for some := range slices.Chunk(ids, (count+7)/8) {
		writing.Go(func() {
			for _, id := range some {
				s := y.bought(id)
				if err := y.store.Store.Write(context.Background(), provisioning.Change{After: &s}); err != nil {
					y.t.Error(err)
				}
			}
		})
	}
	writing.Wait()
	return ids
}

// bought is a service as it is after its certificate was bought.
func (y *yard) bought(id string) provisioning.Service {
	today := provisioning.DateOf(y.sim.Now())
	return provisioning.Service{
		Panel: "panel", ServiceID: id, Account: "test", Provider: "hostlantern", Environment: provisioning.Sandbox,
		Product: "positivessl", Years: 1, State: provisioning.ServiceActive,
		Orders: []provisioning.Order{{OrderID: "o" + id, Years: 1, PurchasedOn: today, Term: provisioning.Term{StartsOn: today, EndsOn: today.AddYears(1)}}},
		Certificates: []provisioning.Certificate{{
			CertificateID: id, OrderID: "o" + id, Reason: provisioning.ReasonPurchase, Status: provisioning.StatusAwaitingConfiguration,
			ProviderStatus: "newpurchase", ProviderProduct: "Standard SSL", CreatedAt: y.sim.Now().Add(-time.Hour),
		}},
		CreatedAt: y.sim.Now(), UpdatedAt: y.sim.Now(),
	}
}

// cancel has the provider cancel certificates.
func (y *yard) cancel(ids ...string) {
	y.t.Helper()
	for _, id := range ids {
		if err := y.sim.Cancel(id); err != nil {
			y.t.Fatal(err)
		}
	}
}

// calls counts the calls of the provider by their last word.
func (y *yard) calls() map[string]int {
	counts := map[string]int{}
	for _, call := range y.sim.Calls() {
		counts[call.Command[strings.LastIndexByte(call.Command, '.')+1:]]++
	}
	return counts
}

// spent tells what was called meanwhile.
func (y *yard) spent(during func()) (lists, details int) {
	before := y.calls()
	during()
	after := y.calls()
	return after["getList"] - before["getList"], after["getInfo"] - before["getInfo"]
}

// run makes a whole run.
func (y *yard) run() provisioning.Synchronization {
	y.t.Helper()
	return y.runWith(y.bridge, provisioning.SynchronizationRequest{By: "panel:key"})
}

func (y *yard) runWith(bridge *provisioning.Bridge, request provisioning.SynchronizationRequest) provisioning.Synchronization {
	y.t.Helper()
	run, _, err := bridge.StartSynchronization(context.Background(), request)
	if err != nil {
		y.t.Fatal(err)
	}
	if run, err = bridge.FollowSynchronization(context.Background(), run.ID, nil); err != nil {
		y.t.Fatal(err)
	}
	return run
}

// flawless is a run that must succeed, and the only part of it.
func (y *yard) flawless() provisioning.SynchronizationPart {
	y.t.Helper()
	run := y.run()
	if run.State != provisioning.SynchronizationSucceeded || len(run.Parts) != 1 {
		y.t.Fatalf("%+v", run)
	}
	return run.Parts[0]
}

// report is what a run reported, one line for each entry, in the order of the lines.
func (y *yard) report(run provisioning.Synchronization) (lines []string) {
	y.t.Helper()
	changes, err := y.bridge.SynchronizationChanges(context.Background(), provisioning.RunChangeQuery{Run: run.ID, Limit: 100_000})
	if err != nil {
		y.t.Fatal(err)
	}
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s -> %s", c.Panel, c.ServiceID, c.Field, c.Old, c.New))
	}
	slices.Sort(lines)
	return lines
}

// service reads a service of the mirror.
func (y *yard) service(id string) provisioning.Service {
	y.t.Helper()
	s, err := y.bridge.Service(context.Background(), "panel", id)
	if err != nil {
		y.t.Fatal(err)
	}
	return s
}

// wantCounts compares the counters of a part that a test can tell beforehand.
func wantCounts(t *testing.T, part provisioning.SynchronizationPart, pages, seen, changed, details, services int) {
	t.Helper()
	got := []int{part.PagesDone, part.PagesTotal, part.CertificatesSeen, part.Changed, part.Details, part.ServicesChanged, part.ProviderCalls}
	want := []int{pages, pages, seen, changed, details, services, pages + details}
	if !slices.Equal(got, want) {
		t.Errorf("pages, pages in all, seen, changed, details, services, calls: %v, want %v", got, want)
	}
}
