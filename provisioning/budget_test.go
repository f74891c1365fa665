// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/certbridge/certbridge/provisioning"
)

// budgetRows is a BudgetStore in memory, by the clock of the test's bubble.
type budgetRows struct {
	mu     sync.Mutex
	rows   map[string]provisioning.BudgetRow
	behind time.Duration // how far its clock was set back
	broken error
	reads  int
}

func (r *budgetRows) Budget(_ context.Context, account string) (provisioning.BudgetRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reads++
	row := r.rows[account]
	row.Now = time.Now().Add(-r.behind)
	return row, r.broken
}

func (r *budgetRows) SaveBudget(_ context.Context, account string, state []byte, version int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rows[account].Version != version {
		return provisioning.ErrStale
	}
	if r.rows == nil {
		r.rows = map[string]provisioning.BudgetRow{}
	}
	r.rows[account] = provisioning.BudgetRow{State: slices.Clone(state), Version: version + 1}
	return r.broken
}

func (r *budgetRows) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

// documented are the limits that the one provider so far is said to have.
var documented = provisioning.CallLimits{PerMinute: 20, PerHour: 700, PerDay: 8000}

// budgetOf makes a budget for the account "a", as one process has it.
func budgetOf(t *testing.T, rows *budgetRows, limits provisioning.CallLimits) *provisioning.Budget {
	t.Helper()
	budget, err := provisioning.NewBudget(provisioning.BudgetConfig{Store: rows, Limits: map[string]provisioning.CallLimits{"a": limits}})
	if err != nil {
		t.Fatal(err)
	}
	return budget
}

// enter makes calls that must be admitted.
func enter(t *testing.T, budget *provisioning.Budget, priority provisioning.Priority, calls int) {
	t.Helper()
	for range calls {
		if err := budget.Enter(provisioning.WithPriority(t.Context(), priority), "a"); err != nil {
			t.Fatal(err)
		}
	}
}

// madeCall is a call of a plan.
type madeCall struct {
	Replica  int
	Priority provisioning.Priority
	Asked    time.Duration // since the beginning
	Admitted time.Duration
}

// play has calls made by several processes on one store.
func play(t *testing.T, limits provisioning.CallLimits, replicas int, plan []madeCall) {
	synctest.Test(t, func(t *testing.T) {
		start, rows := time.Now(), new(budgetRows)
		var budgets []*provisioning.Budget
		for range replicas {
			budgets = append(budgets, budgetOf(t, rows, limits))
		}
		var all sync.WaitGroup
		for i := range plan {
			call := &plan[i]
			all.Go(func() {
				<-time.After(call.Asked)
				ctx := provisioning.WithPriority(t.Context(), call.Priority)
				if err := budgets[call.Replica].Enter(ctx, "a"); err != nil {
					t.Error(err)
				}
				call.Admitted = time.Since(start)
			})
		}
		all.Wait()
	})
}

// inWindow is the most calls that any window of a length holds.
func inWindow(plan []madeCall, length time.Duration) (most int) {
	var at []time.Duration
	for _, call := range plan {
		at = append(at, call.Admitted)
	}
	slices.Sort(at)
	first := 0
	for i := range at {
		for at[first] <= at[i]-length {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

func withinLimits(limits provisioning.CallLimits, plan []madeCall) error {
	for _, window := range []struct {
		limit  int
		length time.Duration
	}{{limits.PerMinute, time.Minute}, {limits.PerHour, time.Hour}, {limits.PerDay, 24 * time.Hour}} {
		if most := inWindow(plan, window.length); window.limit > 0 && most > window.limit {
			return fmt.Errorf("%d calls within %s, the limit is %d", most, window.length, window.limit)
		}
	}
	return nil
}

// inOrder checks that nobody got ahead of a call that goes first and had waited for
// long enough that others could know.
func inOrder(plan []madeCall) error {
	order := provisioning.Priorities()
	for _, late := range plan {
		for _, early := range plan {
			if slices.Index(order, late.Priority) < slices.Index(order, early.Priority) &&
				late.Asked+time.Second < early.Admitted && late.Admitted > early.Admitted {
				return fmt.Errorf("%+v went before %+v", early, late)
			}
		}
	}
	return nil
}

// Whatever the limits, and whoever asks for calls whenever in how many processes:
// no window ever holds more than its limit, everybody gets to call, and those of a
// higher priority do so first.
func TestNoWindowHoldsMoreCallsThanItsLimit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		limits := provisioning.CallLimits{
			PerMinute: rapid.IntRange(0, 12).Draw(rt, "per minute"),
			PerHour:   rapid.IntRange(0, 25).Draw(rt, "per hour"),
			PerDay:    rapid.IntRange(5, 60).Draw(rt, "per day"),
		}
		replicas, calls := rapid.IntRange(1, 3).Draw(rt, "replicas"), rapid.IntRange(1, 60).Draw(rt, "calls")
		plan := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) madeCall {
			return madeCall{
				Replica:  rapid.IntRange(0, replicas-1).Draw(rt, "replica"),
				Priority: rapid.SampledFrom(provisioning.Priorities()).Draw(rt, "priority"),
				Asked: time.Duration(rapid.OneOf(rapid.Int64Range(0, 2e5), rapid.Int64Range(0, 5e6), rapid.Int64Range(0, 1e8)).
					Draw(rt, "asked")) * time.Millisecond,
			}
		}), calls, calls).Draw(rt, "plan")
		play(t, limits, replicas, plan)
		if err := errors.Join(withinLimits(limits, plan), inOrder(plan)); err != nil {
			rt.Fatalf("%+v: %v", limits, err)
		}
	})
}

// leastTime is how long calls take at least that are spread over the minute, by
// limits that are used up to the last call.
func leastTime(limits provisioning.CallLimits, calls int) time.Duration {
	var at []time.Duration
	for i := range calls {
		next := time.Duration(i) * 0
		if i > 0 {
			next = at[i-1] + time.Minute/time.Duration(limits.PerMinute)
		}
		if i >= limits.PerHour {
			next = max(next, at[i-limits.PerHour]+time.Hour)
		}
		if i >= limits.PerDay {
			next = max(next, at[i-limits.PerDay]+24*time.Hour)
		}
		at = append(at, next)
	}
	return at[calls-1]
}

func TestSynchronizationUsesWhatTheLimitsAllow(t *testing.T) {
	t.Parallel()
	for _, calls := range []int{20, 200, 1000, 2000, 10_000} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				budget, start, plan := budgetOf(t, new(budgetRows), documented), time.Now(), make([]madeCall, calls)
				for i := range plan {
					enter(t, budget, provisioning.PrioritySynchronization, 1)
					plan[i].Admitted = time.Since(start)
				}
				took, least := time.Since(start), leastTime(documented, calls)
				if took > least*105/100 {
					t.Errorf("%d calls take %s, the limits require %s", calls, took, least)
				}
				if err := withinLimits(documented, plan); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// While a run uses all that it may, a customer who comes at any moment waits for
// one call to be over, and an exhausted hour has something left for the others.
func TestNobodyWaitsLongBehindARun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := new(budgetRows)
		run, shop := budgetOf(t, rows, documented), budgetOf(t, rows, documented)
		var running sync.WaitGroup
		defer running.Wait()
		running.Go(func() { enter(t, run, provisioning.PrioritySynchronization, 700) })
		for i := range 24 { // the last ones after the run has used up its share of the hour
			<-time.After(2*time.Minute + time.Duration(i)*1234*time.Millisecond)
			asked := time.Now()
			enter(t, shop, provisioning.PriorityCustomer, 1)
			if waited := time.Since(asked); waited > 3200*time.Millisecond {
				t.Errorf("a customer waited for %s behind a run", waited)
			}
		}
	})
}

func TestACallerWhoCannotBeInTimeIsToldAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, new(budgetRows), provisioning.CallLimits{PerMinute: 2})
		enter(t, budget, provisioning.PriorityCustomer, 2)
		start := time.Now()
		patient, hasty := make(chan error, 1), make(chan error, 1)
		go func() { patient <- budget.Enter(t.Context(), "a") }()
		synctest.Wait()
		for _, name := range []provisioning.Priority{provisioning.PriorityPurchase, provisioning.PriorityCustomer, provisioning.PrioritySynchronization} {
			go func() {
				ctx, cancel := context.WithTimeout(provisioning.WithPriority(t.Context(), name), 50*time.Second)
				defer cancel()
				hasty <- budget.Enter(ctx, "a")
			}()
			told := notAdmitted(t, <-hasty)
			if waited := time.Since(start); waited > time.Millisecond {
				t.Errorf("%s was told after %s", name, waited)
			}
			if told.RetryAfter < 59*time.Second || told.RetryAfter > 62*time.Second {
				t.Errorf("%s shall come back in %s", name, told.RetryAfter)
			}
		}
		if err := <-patient; err != nil {
			t.Error(err)
		}
		left, err := budget.Left(t.Context(), "a")
		if diff := cmp.Diff(provisioning.CallsLeft{Minute: 1, Hour: provisioning.Unlimited, Day: provisioning.Unlimited}, left); err != nil || diff != "" {
			t.Errorf("%v, left (-want +got):\n%s", err, diff)
		}
	})
}

// notAdmitted checks that an error says that nothing was sent.
func notAdmitted(t *testing.T, err error) *provisioning.ProviderError {
	t.Helper()
	told, ok := errors.AsType[*provisioning.ProviderError](err)
	if !ok || told.Outcome != provisioning.NotExecuted || told.Fault != provisioning.FaultThrottled {
		t.Fatalf("the error is %v", err)
	}
	return told
}

// Somebody who gives up leaves nothing behind that others would wait for.
func TestWhoGivesUpHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows, limits := new(budgetRows), provisioning.CallLimits{PerMinute: 1}
		shop, run := budgetOf(t, rows, limits), budgetOf(t, rows, limits)
		enter(t, shop, provisioning.PriorityCustomer, 1)
		start := time.Now()
		ended := make(chan error, 2)
		ctx, giveUp := context.WithCancel(t.Context())
		go func() { ended <- shop.Enter(provisioning.WithPriority(ctx, provisioning.PriorityPurchase), "a") }()
		synctest.Wait()
		go func() { ended <- shop.Enter(provisioning.WithPriority(ctx, provisioning.PriorityCustomer), "a") }()
		<-time.After(61*time.Second + 500*time.Millisecond)
		giveUp()
		for range 2 {
			if err := notAdmitted(t, <-ended); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		enter(t, run, provisioning.PrioritySynchronization, 1)
		if waited := time.Since(start); waited > 62*time.Second {
			t.Errorf("the next one waited for %s", waited)
		}
	})
}

func TestAThrottlingAnswerEmptiesTheBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows := new(budgetRows)
		budgets := [2]*provisioning.Budget{budgetOf(t, rows, documented), budgetOf(t, rows, documented)}
		ctx := t.Context()
		enter(t, budgets[0], provisioning.PriorityCustomer, 3)
		// All three calls were turned away, which is one complaint.
		for range 3 {
			budgets[0].Throttled(ctx, "a")
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			start := time.Now()
			enter(t, budgets[1], provisioning.PriorityCustomer, 1)
			if waited := time.Since(start); waited != want*time.Minute {
				t.Errorf("the pause was %s, want %d minutes", waited, want)
			}
			if left, err := budgets[0].Left(ctx, "a"); err != nil || time.Until(left.ThrottledUntil) != 30*time.Second {
				t.Errorf("while one call tries: %+v, %v", left, err)
			}
			budgets[1].Throttled(ctx, "a")
		}
		// The next try gets no answer, another one follows, and that is admitted.
		enter(t, budgets[0], provisioning.PriorityCustomer, 1)
		start := time.Now()
		enter(t, budgets[1], provisioning.PriorityCustomer, 1)
		if waited := time.Since(start); waited != 30*time.Second {
			t.Errorf("after a try without an answer the next one came in %s", waited)
		}
		followers := make(chan error, 2)
		go func() { followers <- budgets[1].Enter(ctx, "a") }()
		synctest.Wait()
		budgets[1].Admitted(ctx, "a")
		if err := <-followers; err != nil || time.Since(start) != 30*time.Second {
			t.Errorf("after an answer the next call came in %s, %v", time.Since(start), err)
		}
		budgets[1].Throttled(ctx, "a")
		start = time.Now()
		enter(t, budgets[0], provisioning.PriorityCustomer, 1)
		if waited := time.Since(start); waited != time.Minute {
			t.Errorf("a success did not reset the pause: %s", waited)
		}
	})
}

func TestAnAccountWithoutLimitsNeedsNoStore(t *testing.T) {
	t.Parallel()
	budget, err := provisioning.NewBudget(provisioning.BudgetConfig{Limits: map[string]provisioning.CallLimits{"a": {}}})
	if err != nil {
		t.Fatal(err)
	}
	enter(t, budget, provisioning.PriorityCustomer, 1000)
	enter(t, budget, provisioning.PriorityPurchase, 1)
	budget.Throttled(t.Context(), "a")
	budget.Admitted(t.Context(), "a")
	if err := budget.Enter(t.Context(), "another"); err != nil {
		t.Error(err)
	}
	standing, err := budget.Standing(t.Context())
	want := []provisioning.CallStanding{{
		Account: "a", Left: provisioning.CallsLeft{Minute: provisioning.Unlimited, Hour: provisioning.Unlimited, Day: provisioning.Unlimited},
		Made: map[provisioning.Priority]int{provisioning.PriorityPurchase: 1, provisioning.PriorityCustomer: 1000, provisioning.PrioritySynchronization: 0},
	}}
	if diff := cmp.Diff(want, standing); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, limits := range []provisioning.CallLimits{{PerHour: -1}, {PerMinute: 20}} {
		if _, err := provisioning.NewBudget(provisioning.BudgetConfig{Limits: map[string]provisioning.CallLimits{"a": limits}}); err == nil {
			t.Errorf("a budget with limits %+v and without a store was made", limits)
		}
	}
}

// A run shows what it waits for, also while others are before it.
func TestAWaitIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		budget := budgetOf(t, new(budgetRows), provisioning.CallLimits{PerMinute: 2, PerHour: 4})
		var mu sync.Mutex
		var told []provisioning.CallWindow
		ctx := provisioning.WithCallWaits(provisioning.WithPriority(t.Context(), provisioning.PrioritySynchronization), func(wait provisioning.CallWait) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, wait.For)
			if wait.For != "" && !wait.Until.After(time.Now()) {
				t.Errorf("at %s told of %+v", time.Now(), wait)
			}
		})
		for range 4 { // the last one waits for the hour, of which synchronization has 3 calls
			if err := budget.Enter(ctx, "a"); err != nil {
				t.Fatal(err)
			}
		}
		budget.Throttled(ctx, "a")
		var both sync.WaitGroup
		both.Go(func() { enter(t, budget, provisioning.PriorityCustomer, 1); budget.Admitted(ctx, "a") })
		synctest.Wait()
		both.Go(func() {
			if err := budget.Enter(ctx, "a"); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		mu.Lock()
		defer mu.Unlock()
		if diff := cmp.Diff([]provisioning.CallWindow{"minute", "", "minute", "", "hour", "", "throttled", "minute", ""}, told); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestABudgetThatCannotBeReadLetsNothingThrough(t *testing.T) {
	t.Parallel()
	broken := errors.New("no database")
	rows := &budgetRows{broken: broken}
	budget := budgetOf(t, rows, documented)
	for range 2 {
		err := budget.Enter(t.Context(), "a")
		told, ok := errors.AsType[*provisioning.ProviderError](err)
		if !ok || told.Outcome != provisioning.NotExecuted || !errors.Is(err, broken) {
			t.Errorf("the error is %v", err)
		}
	}
	if _, err := budget.Left(t.Context(), "a"); !errors.Is(err, broken) {
		t.Errorf("what is left: %v", err)
	}
	rows.set(func() {
		rows.broken, rows.rows = nil, map[string]provisioning.BudgetRow{"a": {State: []byte("[]"), Version: 1}}
	})
	if err := budget.Enter(t.Context(), "a"); err == nil {
		t.Error("a row that is none let a call through")
	}
	if _, err := budget.Left(t.Context(), "a"); err == nil {
		t.Error("a row that is none was read")
	}
}

// A clock that is set back by a year neither stops an account for a year nor lets
// more calls through.
func TestAClockThatIsSetBackStopsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rows, limits := new(budgetRows), provisioning.CallLimits{PerMinute: 4, PerHour: 40, PerDay: 400}
		budget := budgetOf(t, rows, limits)
		enter(t, budget, provisioning.PrioritySynchronization, 1)
		enter(t, budget, provisioning.PriorityCustomer, 2)
		budget.Throttled(t.Context(), "a")
		rows.set(func() { rows.behind = 365 * 24 * time.Hour })
		left, err := budget.Left(t.Context(), "a")
		if err != nil || left.Minute != 1 || left.Hour != 37 || left.Day != 397 {
			t.Errorf("left %+v, %v", left, err)
		}
		start := time.Now()
		enter(t, budget, provisioning.PrioritySynchronization, 1)
		if waited := time.Since(start); waited > time.Hour {
			t.Errorf("the next call came in %s", waited)
		}
	})
}

// However many callers wait, only the first of them asks the row.
func TestACrowdDoesNotHammerTheRow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const crowd = 300
		rows := new(budgetRows)
		budget := budgetOf(t, rows, provisioning.CallLimits{PerMinute: 100})
		var all sync.WaitGroup
		for range crowd {
			all.Go(func() { enter(t, budget, provisioning.PriorityCustomer, 1) })
		}
		all.Wait()
		rows.set(func() {
			if rows.reads > crowd+20 {
				t.Errorf("%d callers read the row %d times", crowd, rows.reads)
			}
		})
	})
}
