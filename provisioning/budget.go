// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// CallLimits are the most calls that an account may make. 0: no limit.
type CallLimits struct {
	PerMinute, PerHour, PerDay int
}

func (l CallLimits) none() bool { return l == CallLimits{} }

// BudgetStore keeps one row for each account that has limits. All who call for an
// account share one store.
type BudgetStore interface {
	// Budget reads an account's row; what nobody ever saved is empty, with version 0.
	Budget(ctx context.Context, account string) (BudgetRow, error)
	// SaveBudget replaces the state of a row that has still the version that was
	// read; 0 makes the row. ErrStale if somebody else saved it meanwhile.
	SaveBudget(ctx context.Context, account string, state []byte, version int64) error
}

// BudgetRow is the state of one account's budget.
type BudgetRow struct {
	State   []byte // JSON of at most 64 kB
	Version int64
	Now     time.Time // when it was read, by the clock that all who share the store go by
}

// BudgetConfig is what a Budget is made of.
type BudgetConfig struct {
	// Store is needed when any account has limits. Its clock is the budget's.
	Store BudgetStore
	// Limits are by the name of the account. Accounts that are not in it have none.
	Limits map[string]CallLimits
	// Wait returns after so long, or with an error as soon as ctx ends. Optional.
	Wait func(ctx context.Context, lasting time.Duration) error
	// Log is told when a provider throttles. Optional.
	Log *slog.Logger
}

// Budget keeps the calls of accounts within their limits, over all processes that
// share a store: never more than the limit in any minute, hour or day, wherever
// that begins. It is safe for concurrent use.
//
// Calls wait for each other by priority, in the order of their arrival within one.
// Synchronization is spread evenly over the minute, and leaves a part of the hour
// and the day to the others, so that nobody waits long behind a run.
type Budget struct {
	store  BudgetStore
	limits map[string]CallLimits
	wait   func(ctx context.Context, lasting time.Duration) error
	log    *slog.Logger
	holder string // stands for this process in the rows

	mu     sync.Mutex
	queues map[string]*queue // by account
}

// NewBudget makes a budget.
func NewBudget(config BudgetConfig) (*Budget, error) {
	b := &Budget{
		store: config.Store, limits: maps.Clone(config.Limits), wait: config.Wait, log: config.Log,
		holder: rand.Text()[:10], queues: map[string]*queue{},
	}
	if b.wait == nil {
		b.wait = pause
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	for account, limits := range b.limits {
		if limits.PerMinute < 0 || limits.PerHour < 0 || limits.PerDay < 0 {
			return nil, fmt.Errorf("provisioning: account %q has a negative limit of calls", account)
		}
		if !limits.none() && b.store == nil {
			return nil, errors.New("provisioning: a budget with limits needs a store")
		}
	}
	return b, nil
}

// pause waits by the clock of the machine.
func pause(ctx context.Context, lasting time.Duration) error {
	timer := time.NewTimer(lasting)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Enter waits until a call of the account may be made, with the priority of ctx,
// and counts it. Whoever could not call before the deadline of ctx is told so at
// once. The error is a *ProviderError with the outcome NotExecuted: nothing was
// counted, and nothing may be sent.
func (b *Budget) Enter(ctx context.Context, account string) error {
	limits, priority, q := b.limits[account], PriorityOf(ctx), b.queue(account)
	if !limits.none() {
		if err := b.line(ctx, account, limits, q, priority); err != nil {
			return err
		}
	}
	q.count(priority)
	return nil
}

// Throttled tells that the provider turned a call of the account away because
// there were too many. For how long it will do so nobody knows: no call is made for
// a minute, then one to try; each further refusal doubles the pause, up to an hour.
func (b *Budget) Throttled(ctx context.Context, account string) {
	if b.limits[account].none() {
		return
	}
	b.queue(account).troubled.Store(true)
	var begun throttling
	b.note(ctx, account, func(state *budgetState, now time.Time) (begins bool) {
		if begins = state.Throttle.refused(now); begins {
			begun = state.Throttle
		}
		return begins
	})
	if begun.Strikes > 0 {
		b.log.Warn("the provider says that there are too many calls; none is made until the pause is over",
			"account", account, "until", begun.until(), "times", begun.Strikes)
	}
}

// Admitted tells that the provider did not turn a call of the account away, which
// ends what Throttled began.
func (b *Budget) Admitted(ctx context.Context, account string) {
	q := b.queue(account)
	if !q.troubled.Swap(false) {
		return
	}
	b.note(ctx, account, func(state *budgetState, _ time.Time) bool {
		over := state.Throttle.passed()
		q.troubled.Store(state.Throttle.Strikes > 0)
		return over
	})
	q.lookAgain()
}

// AccountBudget is the budget of one account.
type AccountBudget struct {
	budget  *Budget
	account string
}

// For gives the budget of one account, for who makes its calls.
func (b *Budget) For(account string) *AccountBudget {
	return &AccountBudget{budget: b, account: account}
}

// Enter is Budget.Enter for the account.
func (a *AccountBudget) Enter(ctx context.Context) error { return a.budget.Enter(ctx, a.account) }

// Throttled is Budget.Throttled for the account.
func (a *AccountBudget) Throttled(ctx context.Context) { a.budget.Throttled(ctx, a.account) }

// Admitted is Budget.Admitted for the account.
func (a *AccountBudget) Admitted(ctx context.Context) { a.budget.Admitted(ctx, a.account) }

// note changes an account's row, if change wants to. It follows the call that it
// is about, whose time may be over.
func (b *Budget) note(ctx context.Context, account string, change func(state *budgetState, now time.Time) bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := b.change(ctx, account, change); err != nil {
		b.log.Warn("the call budget could not be written", "account", account, "error", err)
	}
}

// saveAttempts bounds how often a row is read again because somebody else saved it.
// Each time somebody got on.
const saveAttempts = 100

// change reads an account's row and saves it changed, unless change does not want
// to. It may call change several times.
func (b *Budget) change(ctx context.Context, account string, change func(state *budgetState, now time.Time) bool) error {
	for attempt := range saveAttempts {
		row, err := b.store.Budget(ctx, account)
		if err != nil {
			return fmt.Errorf("call budget of account %q: %w", account, err)
		}
		state, err := readBudgetState(row)
		if err != nil {
			return fmt.Errorf("call budget of account %q: %w", account, err)
		}
		if !change(state, row.Now) && !state.setBack {
			return nil
		}
		written, err := state.write()
		if err == nil {
			err = b.store.SaveBudget(ctx, account, written, row.Version)
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, ErrStale):
			return fmt.Errorf("call budget of account %q: %w", account, err)
		case attempt > 2: // a crowd: make room
			if err := b.wait(ctx, time.Duration(attempt)*time.Millisecond); err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("call budget of account %q: %w", account, ErrStale)
}

// Unlimited stands in a CallsLeft for calls that have no limit.
const Unlimited = -1

// CallsLeft is how many calls an account may make at this moment.
type CallsLeft struct {
	Minute, Hour, Day int // Unlimited if there is no limit
	// ThrottledUntil is the end of a pause after the provider complained; zero if
	// there is none. Until then no call is made, whatever is left.
	ThrottledUntil time.Time
}

// Left reads how many calls an account has left, for whom nothing is set aside.
func (b *Budget) Left(ctx context.Context, account string) (CallsLeft, error) {
	limits := b.limits[account]
	if limits.none() {
		return CallsLeft{Minute: Unlimited, Hour: Unlimited, Day: Unlimited}, nil
	}
	row, err := b.store.Budget(ctx, account)
	if err != nil {
		return CallsLeft{}, fmt.Errorf("call budget of account %q: %w", account, err)
	}
	state, err := readBudgetState(row)
	if err != nil {
		return CallsLeft{}, fmt.Errorf("call budget of account %q: %w", account, err)
	}
	left := CallsLeft{
		Minute: left(limits.PerMinute, state.Minute), Hour: left(limits.PerHour, state.Hour), Day: left(limits.PerDay, state.Day),
	}
	if until := state.Throttle.until(); until.After(row.Now) {
		left.ThrottledUntil = until
	}
	return left, nil
}

func left(limit int, made tally) int {
	if limit == 0 {
		return Unlimited
	}
	return max(0, limit-made.sum())
}

// CallStanding is what monitoring needs to know of an account's calls.
type CallStanding struct {
	Account string
	Left    CallsLeft
	Made    map[Priority]int // by this process since its start; all priorities are in it
}

// Standing tells how the accounts with or without limits stand, by name. Those
// whose row cannot be read have nothing left in it, and the error says why.
func (b *Budget) Standing(ctx context.Context) (standing []CallStanding, err error) {
	for _, account := range slices.Sorted(maps.Keys(b.limits)) {
		left, unread := b.Left(ctx, account)
		err = errors.Join(err, unread)
		standing = append(standing, CallStanding{Account: account, Left: left, Made: b.queue(account).counted()})
	}
	return standing, err
}
