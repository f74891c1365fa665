// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// documented is the provider's budget.
var documented = provisioning.CallLimits{PerMinute: 20, PerHour: 700, PerDay: 8000}

// measureCalls counts the calls of runs in which one certificate of a hundred has
// changed, and the time that they take under the provider's budget.
func measureCalls(ctx context.Context, driver string, of scale) (goals []goal, err error) {
	for _, count := range of.counted {
		more, err := measureCallsOf(ctx, driver, count)
		if err != nil {
			return nil, err
		}
		goals = append(goals, more...)
	}
	return goals, nil
}

func measureCallsOf(ctx context.Context, driver string, count int) (goals []goal, err error) {
	s, dsn, err := emptyDatabase(ctx, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	o, err := newOwned(ctx, s, driver, dsn, count)
	if err != nil {
		return nil, err
	}
	if _, err := synchronizeOnce(ctx, o.bridge); err != nil { // it has not seen any of them
		return nil, err
	}
	for i := oneIn / 2; i < count; i += oneIn {
		if err := s.simulator.Cancel(o.ids[i]); err != nil {
			return nil, err
		}
	}
	o.clock.pass(48 * time.Hour) // nothing is left of the first run's calls
	before, began := o.counts(), o.clock.now()
	part, err := synchronizeOnce(ctx, o.bridge)
	if err != nil {
		return nil, err
	}
	took, after := o.clock.now().Sub(began), o.counts()
	lists, details := after["getList"]-before["getList"], after["getInfo"]-before["getInfo"]
	changed := count / oneIn
	alone, err := spendBudget(ctx, lists+details)
	if err != nil {
		return nil, err
	}
	least := leastTime(lists + details).Round(time.Second)
	return []goal{
		{
			fmt.Sprintf("calls for %d certificates, %d of them changed", count, changed),
			fmt.Sprintf("%d + %d", pages(count), changed), fmt.Sprintf("%d + %d", lists, details),
			lists == pages(count) && details == changed && part.ServicesChanged == changed,
		},
		{
			fmt.Sprintf("simulated time of these %d calls under the provider's budget, to that of as many alone", lists+details),
			"<= 1.05", fmt.Sprintf("%.3f (%s; limits used up at once: %s)", took.Seconds()/alone.Seconds(), took.Round(time.Second), least),
			took.Seconds() <= 1.05*alone.Seconds(),
		},
	}, nil
}

// owned is an account of the simulator all of whose certificates belong to
// services, under the provider's budget and a clock that goes on when somebody waits.
type owned struct {
	store  *mirror.Mirror
	bridge *provisioning.Bridge
	clock  *jumpingClock
	ids    []string

	mu    sync.Mutex
	calls map[string]int
}

func newOwned(ctx context.Context, s *stage, driver, dsn string, count int) (*owned, error) {
	o := &owned{clock: &jumpingClock{at: time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)}, calls: map[string]int{}}
	var err error
	if s.simulator, err = newSimulator(); err != nil {
		return nil, err
	}
	if o.store, err = openMirror(ctx, driver, dsn, s.simulator.Now); err != nil {
		return nil, err
	}
	s.closers = append(s.closers, o.store.Close)
	url, err := s.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.note(r)
		s.simulator.ServeHTTP(w, r)
	}))
	if err != nil {
		return nil, err
	}
	budget, err := newBudget(&jumpingBudgets{o.store, o.clock}, o.clock)
	if err != nil {
		return nil, err
	}
	upstream, err := newUpstream(url, budget.For(account))
	if err != nil {
		return nil, err
	}
	o.bridge, err = provisioning.NewBridge(provisioning.Config{
		Store: o.store, Now: s.simulator.Now, Log: slog.New(slog.DiscardHandler), Accounts: []provisioning.Account{oneAccount(upstream)},
	})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { return o.bridge.Close(context.WithoutCancel(ctx)) })
	return o, o.fill(ctx, s.simulator, count)
}

// note counts a call.
func (o *owned) note(r *http.Request) {
	if err := r.ParseForm(); err != nil {
		return
	}
	command := r.PostForm.Get("Command")
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[command[strings.LastIndexByte(command, '.')+1:]]++
}

func (o *owned) counts() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	counts := make(map[string]int, len(o.calls))
	for command, count := range o.calls {
		counts[command] = count
	}
	return counts
}

// fill puts certificates into the account and gives each to a service of its own,
// as if certbridge had bought them.
func (o *owned) fill(ctx context.Context, provider *simulator.Simulator, count int) (err error) {
	if o.ids, err = provider.Stock("PositiveSSL", 1, count); err != nil {
		return err
	}
	_, err = drive(16, 0, count, func(item int) error {
		s := boughtService(o.ids[item], provider.Now())
		return o.store.Write(ctx, provisioning.Change{After: &s})
	})
	return err
}

// boughtService is a service as it is after its certificate was bought.
func boughtService(id string, now time.Time) provisioning.Service {
	today := provisioning.DateOf(now)
	return provisioning.Service{
		Panel: "bench", ServiceID: id, Account: account, Provider: "hostlantern", Environment: provisioning.Sandbox,
		Product: "positivessl", Years: 1, State: provisioning.ServiceActive,
		Orders: []provisioning.Order{{OrderID: "o" + id, Years: 1, PurchasedOn: today, Term: provisioning.Term{StartsOn: today, EndsOn: today.AddYears(1)}}},
		Certificates: []provisioning.Certificate{{
			CertificateID: id, OrderID: "o" + id, Reason: provisioning.ReasonPurchase, Status: provisioning.StatusAwaitingConfiguration,
			ProviderStatus: "newpurchase", ProviderProduct: "Standard SSL", CreatedAt: now.Add(-time.Hour),
		}},
		CreatedAt: now, UpdatedAt: now,
	}
}

// jumpingClock goes on by as much as somebody waits for it, at once.
type jumpingClock struct {
	mu sync.Mutex
	at time.Time
}

func (c *jumpingClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *jumpingClock) pass(lasting time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(lasting)
}

func (c *jumpingClock) wait(ctx context.Context, lasting time.Duration) error {
	c.pass(lasting)
	return ctx.Err()
}

// jumpingBudgets are a store's budgets by another clock.
type jumpingBudgets struct {
	provisioning.BudgetStore
	clock *jumpingClock
}

// Budget reads an account's row.
func (b *jumpingBudgets) Budget(ctx context.Context, account string) (provisioning.BudgetRow, error) {
	row, err := b.BudgetStore.Budget(ctx, account)
	row.Now = b.clock.now()
	return row, err
}

func newBudget(store provisioning.BudgetStore, clock *jumpingClock) (*provisioning.Budget, error) {
	return provisioning.NewBudget(provisioning.BudgetConfig{
		Store: store, Limits: map[string]provisioning.CallLimits{account: documented}, Wait: clock.wait,
	})
}

// spendBudget is the time that so many calls of a synchronization take for
// themselves, one after the other.
func spendBudget(ctx context.Context, calls int) (time.Duration, error) {
	clock := &jumpingClock{at: time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)}
	budget, err := newBudget(&oneBudget{clock: clock}, clock)
	if err != nil {
		return 0, err
	}
	began := clock.now()
	ctx = provisioning.WithPriority(ctx, provisioning.PrioritySynchronization)
	for range calls {
		if err := budget.Enter(ctx, account); err != nil {
			return 0, err
		}
	}
	return clock.now().Sub(began), nil
}

// oneBudget is a store of one row.
type oneBudget struct {
	clock *jumpingClock
	row   provisioning.BudgetRow
}

// Budget reads the row.
func (b *oneBudget) Budget(context.Context, string) (provisioning.BudgetRow, error) {
	b.row.Now = b.clock.now()
	return b.row, nil
}

// SaveBudget replaces the row.
func (b *oneBudget) SaveBudget(_ context.Context, _ string, state []byte, version int64) error {
	b.row = provisioning.BudgetRow{State: state, Version: version + 1}
	return nil
}

// leastTime is the least time that so many calls can take within the limits, in
// windows that slide, for somebody who shares them with nobody.
func leastTime(calls int) time.Duration {
	made := make([]time.Duration, calls)
	for i := range made {
		for _, window := range []struct {
			limit  int
			length time.Duration
		}{{documented.PerMinute, time.Minute}, {documented.PerHour, time.Hour}, {documented.PerDay, 24 * time.Hour}} {
			if i >= window.limit {
				made[i] = max(made[i], made[i-window.limit]+window.length)
			}
		}
	}
	return made[calls-1]
}
