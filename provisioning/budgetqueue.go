// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// CallWindow is what a call waits for.
type CallWindow string

// What a call can wait for: calls of the last minute, hour or day to be over, the
// provider to take calls again, or callers of a higher priority.
const (
	WaitMinute    CallWindow = "minute"
	WaitHour      CallWindow = "hour"
	WaitDay       CallWindow = "day"
	WaitThrottled CallWindow = "throttled"
	WaitOthers    CallWindow = "others"
)

// CallWait is what a call waits for, and until when by what is known. The zero
// value is for no wait.
type CallWait struct {
	For   CallWindow
	Until time.Time // by the budget's clock
}

type callWaitKey struct{}

// WithCallWaits has what calls under the returned context wait for told to a
// function: when a wait begins or is about something else than before, and with the
// zero CallWait when it is over. The function must be quick and safe for
// concurrent use.
func WithCallWaits(ctx context.Context, note func(CallWait)) context.Context {
	return context.WithValue(ctx, callWaitKey{}, note)
}

// queue is where the callers of one process wait for an account's calls. Only the
// first of them deals with the row.
type queue struct {
	troubled atomic.Bool // the provider turned calls away when last heard of

	mu        sync.Mutex
	made      map[Priority]int
	waiting   []*caller // by priority, then by arrival
	wait      CallWait  // of the first one
	over      time.Time // the end of it by the machine's clock, which deadlines go by
	interrupt context.CancelFunc
}

// caller is one who waits.
type caller struct {
	priority Priority
	nudge    chan struct{} // holds something when there is news
	told     CallWait      // what was last said to whoever wants to know
	note     func(CallWait)
}

// queue finds the queue of an account.
func (b *Budget) queue(account string) *queue {
	b.mu.Lock()
	defer b.mu.Unlock()
	q := b.queues[account]
	if q == nil {
		q = &queue{made: map[Priority]int{}}
		for _, priority := range Priorities() {
			q.made[priority] = 0
		}
		b.queues[account] = q
	}
	return q
}

func (q *queue) count(priority Priority) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.made[priority]++
}

func (q *queue) counted() map[Priority]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return maps.Clone(q.made)
}

// line waits in the queue, and then until the row lets a call be made.
func (b *Budget) line(ctx context.Context, account string, limits CallLimits, q *queue, priority Priority) (err error) {
	me := q.join(ctx, priority)
	defer func() {
		me.tell(CallWait{})
		if alone := q.leave(me); err != nil && alone {
			b.unmark(ctx, account, q)
		}
	}()
	for {
		if err := q.comeFirst(ctx, me); err != nil {
			return err
		}
		wait, delay, err := b.attempt(ctx, account, limits, q, me)
		if err != nil {
			return &ProviderError{Outcome: NotExecuted, Err: err}
		}
		if wait == (CallWait{}) {
			return nil
		}
		if err := q.expect(ctx, me, wait, delay); err != nil {
			return err
		}
		if err := q.rest(ctx, me, b.wait, delay); err != nil {
			return gaveUp(wait, delay, err)
		}
	}
}

// attempt counts a call, if it may be made now. Otherwise it tells what to wait
// for, and leaves a mark for other processes unless that would be in vain.
func (b *Budget) attempt(ctx context.Context, account string, limits CallLimits, q *queue, me *caller) (wait CallWait, delay time.Duration, err error) {
	asking, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	err = b.change(asking, account, func(state *budgetState, now time.Time) bool {
		q.troubled.Store(state.Throttle.Strikes > 0)
		wait = state.next(limits, me.priority, now)
		if wait.For == "" {
			if until := state.waitForOthers(b.holder, me.priority, now); !until.IsZero() {
				wait = CallWait{For: WaitOthers, Until: until}
			}
		}
		if wait.For != "" {
			delay = wait.Until.Sub(now)
			return !tooLate(ctx, time.Now().Add(delay)) && state.mark(b.holder, q.priorities(nil), wait.Until)
		}
		state.take(limits, me.priority, now)
		// Those who come after this one have marks before anybody else can call.
		turn := now
		if next := state.next(limits, PriorityPurchase, now); next.Until.After(now) {
			turn = next.Until
		}
		state.mark(b.holder, q.priorities(me), turn)
		return true
	})
	return wait, delay, err
}

// unmark takes back the marks of callers that gave up.
func (b *Budget) unmark(ctx context.Context, account string, q *queue) {
	b.note(ctx, account, func(state *budgetState, now time.Time) bool {
		return state.mark(b.holder, q.priorities(nil), now)
	})
}

// join puts a new caller into the queue. If it is the first one now, the one who
// was need not wait for its turn any more.
func (q *queue) join(ctx context.Context, priority Priority) *caller {
	me := &caller{priority: priority, nudge: make(chan struct{}, 1)}
	me.note, _ = ctx.Value(callWaitKey{}).(func(CallWait))
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.IndexFunc(q.waiting, func(other *caller) bool { return priority.before(other.priority) })
	if at < 0 {
		at = len(q.waiting)
	}
	q.waiting = slices.Insert(q.waiting, at, me)
	if at == 0 {
		q.changeFirst()
	}
	return me
}

// leave takes a caller out of the queue, and tells whether none of its priority is
// left.
func (q *queue) leave(me *caller) (alone bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := slices.Index(q.waiting, me)
	q.waiting = slices.Delete(q.waiting, at, at+1)
	if at == 0 {
		q.changeFirst()
	}
	return !slices.ContainsFunc(q.waiting, func(other *caller) bool { return other.priority == me.priority })
}

// changeFirst has whoever is the first one now find out what to wait for. q.mu is
// held.
func (q *queue) changeFirst() {
	q.wait, q.over = CallWait{}, time.Time{}
	if q.interrupt != nil {
		q.interrupt()
		q.interrupt = nil
	}
	if len(q.waiting) > 0 {
		q.waiting[0].news()
	}
}

// lookAgain has the first one ask the row anew.
func (q *queue) lookAgain() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changeFirst()
}

func (c *caller) news() {
	select {
	case c.nudge <- struct{}{}:
	default: // there are some already
	}
}

// tell passes on what the caller waits for, if it is something else than before.
func (c *caller) tell(wait CallWait) {
	if c.note != nil && wait != c.told {
		c.note(wait)
	}
	c.told = wait
}

// priorities are those of the callers that wait, but for one of them.
func (q *queue) priorities(but *caller) (found []Priority) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, one := range q.waiting {
		if one != but && !slices.Contains(found, one.priority) {
			found = append(found, one.priority)
		}
	}
	return found
}

// comeFirst waits until the caller is the first one, or cannot be in time.
func (q *queue) comeFirst(ctx context.Context, me *caller) error {
	for {
		q.mu.Lock()
		first, wait, over := q.waiting[0] == me, q.wait, q.over
		q.mu.Unlock()
		if first {
			return nil
		}
		delay := time.Until(over)
		if tooLate(ctx, over) {
			return gaveUp(wait, delay, context.DeadlineExceeded)
		}
		if wait.For != "" {
			me.tell(wait)
		}
		select {
		case <-me.nudge:
		case <-ctx.Done():
			return gaveUp(wait, delay, ctx.Err())
		}
	}
}

// expect tells everybody what the first one waits for.
func (q *queue) expect(ctx context.Context, me *caller, wait CallWait, delay time.Duration) error {
	over := time.Now().Add(delay)
	if tooLate(ctx, over) {
		return gaveUp(wait, delay, context.DeadlineExceeded)
	}
	me.tell(wait)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting[0] != me || q.wait == wait {
		return nil
	}
	q.wait, q.over = wait, over
	for _, other := range q.waiting[1:] {
		other.news()
	}
	return nil
}

// shortestRest is how long to wait at least, for clocks that do not quite agree.
const shortestRest = time.Millisecond

// rest waits for the first one's turn, or until another one is the first.
func (q *queue) rest(ctx context.Context, me *caller, wait func(context.Context, time.Duration) error, delay time.Duration) error {
	resting, cancel := context.WithCancel(ctx)
	defer cancel()
	q.mu.Lock()
	first := q.waiting[0] == me
	if first {
		q.interrupt = cancel
	}
	q.mu.Unlock()
	if !first {
		return nil
	}
	err := wait(resting, max(delay, shortestRest))
	q.mu.Lock()
	if q.waiting[0] == me {
		q.interrupt = nil
	}
	q.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case resting.Err() != nil:
		return nil
	}
	return err
}

// tooLate tells whether the time of a context is over before an instant.
func tooLate(ctx context.Context, at time.Time) bool {
	deadline, bounded := ctx.Deadline()
	return bounded && deadline.Before(at)
}

// gaveUp is what a caller is told who did not get to call.
func gaveUp(wait CallWait, delay time.Duration, cause error) error {
	text := "no call may be made"
	switch wait.For {
	case "":
		text = "other calls go first"
	case WaitMinute, WaitHour, WaitDay:
		text = fmt.Sprintf("the calls of a %s are used up until %s", wait.For, wait.Until.Format(time.RFC3339))
	case WaitThrottled:
		text = "the provider takes no calls; it is asked again at " + wait.Until.Format(time.RFC3339)
	case WaitOthers:
		text = "calls of a higher priority go first"
	}
	return &ProviderError{
		Outcome: NotExecuted, Fault: FaultThrottled, RetryAfter: max(0, delay),
		Err: fmt.Errorf("%s: %w", text, cause),
	}
}
