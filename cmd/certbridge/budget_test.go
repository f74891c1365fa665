// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// documentedBudget is what a configuration has that does not say otherwise, and
// what the simulator takes.
var documentedBudget = config.Budget{PerMinute: 20, PerHour: 700, PerDay: 8000}

// Two replicas call as often as their budget lets them for days, in bursts and
// evenly, and the provider never says that it is too much.
func TestABudgetIsNeverTooMuchForTheProvider(t *testing.T) {
	t.Parallel()
	for driver, calls := range map[string]int{mirror.SQLite: 9000, mirror.MySQL: 2000} { // more than in a day, and in an hour
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			simulated, url := newSimulator(t)
			simulated.Freeze()
			store := mirrortest.OpenAt(t, mirror.Options{
				Driver: driver, DSN: mirrortest.Address(t, driver), Now: simulated.Now, LeaseClock: simulated.Now,
			})
			replicas := []*accounts{newReplica(t, store, simulated, url), newReplica(t, store, simulated, url)}
			start, chance := simulated.Now(), rand.New(rand.NewPCG(20, 700))
			for made := 0; made < calls; {
				priority := provisioning.Priorities()[chance.IntN(3)]
				ctx := provisioning.WithPriority(t.Context(), priority)
				for range 1 + chance.IntN(400) {
					upstream := replicas[chance.IntN(2)].list[0].Upstream
					if _, err := upstream.Balance(ctx); err != nil {
						t.Fatalf("call %d, %s after the first: %v", made, simulated.Now().Sub(start), err)
					}
					made++
				}
				if chance.IntN(8) == 0 { // nothing to do for a while
					simulated.Advance(time.Duration(chance.IntN(200)) * 10 * time.Second)
				}
			}
			least := map[string]time.Duration{mirror.SQLite: 24 * time.Hour, mirror.MySQL: 2 * time.Hour}[driver]
			if took := simulated.Now().Sub(start); took < least || took > 2*least {
				t.Errorf("%d calls took %s", calls, took)
			}
			if slices.ContainsFunc(simulated.Calls(), func(c simulator.Call) bool { return c.Throttled }) {
				t.Error("the simulator turned a call away")
			}
		})
	}
}

// newReplica makes the clients of a process that waits by moving the simulator's
// clock.
func newReplica(t *testing.T, store *mirror.Mirror, simulated *simulator.Simulator, url string) *accounts {
	t.Helper()
	account := config.Account{
		Name: "shop", Provider: config.ProviderHostlantern, Environment: config.EnvironmentSandbox, APIUser: simulatorUser,
		APIKey: config.NewSecret(simulatorKey), ClientIP: "127.0.0.1", BaseURL: url + simulatorPath, Budget: documentedBudget,
	}
	budget, err := provisioning.NewBudget(provisioning.BudgetConfig{
		Store: store, Limits: limitsOf([]config.Account{account}),
		Wait: func(_ context.Context, lasting time.Duration) error {
			simulated.Advance(lasting)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	made, err := newAccounts([]config.Account{account}, budget, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(made.Close)
	return made
}

// What is configured is what holds, over all commands that open the database.
func TestTheConfiguredBudgetHolds(t *testing.T) {
	t.Parallel()
	store := mirrortest.Open(t, mirror.SQLite, time.Now)
	configured := []config.Account{{Name: "shop", Budget: config.Budget{PerMinute: 2, PerHour: 5}}, {Name: "free"}}
	for i := range 2 {
		budget, err := newBudget(configured, store, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range configured {
			if err := budget.Enter(t.Context(), account.Name); err != nil {
				t.Fatal(err)
			}
		}
		want := provisioning.CallsLeft{Minute: 1 - i, Hour: 4 - i, Day: provisioning.Unlimited}
		if left, err := budget.Left(t.Context(), "shop"); err != nil || left != want {
			t.Errorf("left %+v, %v; want %+v", left, err, want)
		}
		if left, err := budget.Left(t.Context(), "free"); err != nil || left.Minute != provisioning.Unlimited {
			t.Errorf("left of what has no limit %+v, %v", left, err)
		}
	}
}

// Many callers of two processes at once get just as many calls as there are.
func TestABudgetIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		const callers, limit = 40, 15
		configured := []config.Account{{Name: "shop", Budget: config.Budget{PerHour: limit}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var all sync.WaitGroup
		var admitted atomic.Int32
		for range 2 {
			budget, err := newBudget(configured, store, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			for range callers / 2 {
				all.Go(func() {
					err := budget.Enter(ctx, "shop")
					told, ok := errors.AsType[*provisioning.ProviderError](err)
					switch {
					case err == nil:
						admitted.Add(1)
					case !ok || told.Outcome != provisioning.NotExecuted || told.Fault != provisioning.FaultThrottled || told.RetryAfter < time.Hour-time.Minute:
						t.Errorf("a caller was told %v", err)
					}
				})
			}
		}
		all.Wait()
		if got := admitted.Load(); got != limit {
			t.Errorf("%d calls were admitted, want %d", got, limit)
		}
	})
}

// A purchase takes four calls. When only three are left in the hour, nothing is
// bought, the panel is told to come back, and then it gets what it wanted.
func TestAPurchaseThatDoesNotGetItsTurnIsNotMade(t *testing.T) {
	t.Parallel()
	simulated, url := newSimulator(t)
	i := installAgainst(t, mirror.SQLite, url)
	written, err := os.ReadFile(i.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(i.config, bytes.ReplaceAll(written, []byte("per_hour: 0"), []byte("per_hour: 3")), 0o600); err != nil {
		t.Fatal(err)
	}
	i.seams.now, i.seams.leaseClock, i.seams.reconcileWait = simulated.Now, simulated.Now, time.Hour
	i.must("migrate")
	shop := till{installation: i, simulated: simulated, key: i.createdKey("create", "shop")}
	shop.address, shop.served = i.serve()
	defer shop.served.Stop()
	status, body := shop.orderWith("1", "wait=15")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, `"code":"provider_busy"`) || len(simulated.Ledger()) != 0 {
		t.Fatalf("%d %s; charges %+v", status, body, simulated.Ledger())
	}
	_, metrics := get(t, shop.address+"/metrics", "")
	for _, line := range []string{
		`certbridge_calls_left{account="hostlantern-sandbox",window="hour"} 0`,
		`certbridge_provider_calls_total{account="hostlantern-sandbox",priority="purchase"} 3`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no line %s in\n%s", line, metrics)
		}
	}
	simulated.Advance(62 * time.Minute)
	if status, body := shop.orderWith("1", "wait=15"); status != http.StatusOK || len(simulated.Ledger()) != 1 {
		t.Fatalf("%d %s; charges %+v", status, body, simulated.Ledger())
	}
}
