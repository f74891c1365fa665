// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"encoding/json"
	"fmt"
	"time"
)

// travel is how much longer than its window a call counts: one call may be on its
// way to the provider for longer than another one, so that they meet there closer
// together than they left here.
const travel = time.Second

// window is a length of time in which calls are counted, in buckets of a grain. A
// bucket counts as long as any part of it may lie in the window, so that no window
// holds more than the limit, wherever it begins.
type window struct {
	wait          CallWindow
	length, grain time.Duration
}

var (
	minuteWindow = window{WaitMinute, time.Minute + travel, time.Second}
	hourWindow   = window{WaitHour, time.Hour + travel, time.Minute}
	dayWindow    = window{WaitDay, 24*time.Hour + travel, 15 * time.Minute}
)

// bucket is the number of the bucket of an instant.
func (w window) bucket(at time.Time) int64 { return at.UnixMicro() / w.grain.Microseconds() }

// over is when a bucket does not count any more.
func (w window) over(bucket int64) time.Time {
	return time.UnixMicro((bucket + 1) * w.grain.Microseconds()).Add(w.length)
}

// tally counts the calls of one window.
type tally struct {
	First  int64 `json:"first"`  // number of the oldest bucket
	Counts []int `json:"counts"` // of it and of those that follow
}

// settle drops what does not count any more. What lies in the future, because the
// clock was set back, counts as made now, which it tells.
func (t *tally) settle(w window, now time.Time) (setBack bool) {
	for len(t.Counts) > 0 && !w.over(t.First).After(now) {
		t.First, t.Counts = t.First+1, t.Counts[1:]
	}
	ahead := 0
	for n := len(t.Counts); n > 0 && t.First+int64(n)-1 > w.bucket(now); n-- {
		ahead += t.Counts[n-1]
		t.Counts = t.Counts[:n-1]
	}
	t.add(w, now, ahead)
	return ahead > 0
}

// add counts calls that are made now. The tally is settled.
func (t *tally) add(w window, now time.Time, calls int) {
	if calls == 0 {
		return
	}
	if len(t.Counts) == 0 {
		t.First = w.bucket(now)
	}
	for t.First+int64(len(t.Counts)) <= w.bucket(now) {
		t.Counts = append(t.Counts, 0)
	}
	t.Counts[w.bucket(now)-t.First] += calls
}

func (t *tally) sum() (calls int) {
	for _, count := range t.Counts {
		calls += count
	}
	return calls
}

// below is when fewer calls than the limit count, if none is added: the zero time
// if that is so already.
func (t *tally) below(w window, limit int) (at time.Time) {
	calls := t.sum()
	for i := 0; calls >= limit && i < len(t.Counts); i++ {
		calls -= t.Counts[i]
		at = w.over(t.First + int64(i))
	}
	return at
}

// The pauses after the provider complained.
const (
	throttledFirst, throttledMost = time.Minute, time.Hour
	// probeTime is how long the answer to the call that tries whether it is over is
	// waited for.
	probeTime = 30 * time.Second
)

// throttling is what is known of a provider that turns calls away.
type throttling struct {
	Strikes int   `json:"strikes,omitempty"` // refusals in a row, each after a pause; 0: it takes calls
	End     int64 `json:"end,omitempty"`     // of the pause, in microseconds since 1970
	Probing bool  `json:"probing,omitempty"` // one call is made to try
}

func (t *throttling) until() time.Time {
	if t.End == 0 {
		return time.Time{}
	}
	return time.UnixMicro(t.End).UTC()
}

// refused begins a pause. Answers to calls that were made before it began, or
// while it lasts, do not prolong it.
func (t *throttling) refused(now time.Time) (changed bool) {
	if t.Strikes > 0 && !t.Probing && now.Before(t.until()) {
		return false
	}
	pause := throttledFirst
	for range t.Strikes {
		pause = min(2*pause, throttledMost)
	}
	*t = throttling{Strikes: t.Strikes + 1, End: now.Add(pause).UnixMicro()}
	return true
}

// try notes that a call is made. After a pause it is the only one until it is
// answered, or given up.
func (t *throttling) try(now time.Time) {
	if t.Strikes > 0 {
		t.Probing, t.End = true, now.Add(probeTime).UnixMicro()
	}
}

// passed takes note of a call that was not turned away. While a pause lasts it is
// one from before.
func (t *throttling) passed() (changed bool) {
	if !t.Probing {
		return false
	}
	*t = throttling{}
	return true
}

// marks are when the marks of one process end, in microseconds since 1970: until
// then a caller of a priority waits there, and lower ones leave the next call to it.
type marks map[Priority]int64

// budgetState is a row of a BudgetStore.
type budgetState struct {
	Minute   tally            `json:"minute"`
	Hour     tally            `json:"hour"`
	Day      tally            `json:"day"`
	Paced    int64            `json:"paced,omitempty"` // when synchronization made its last call, in microseconds since 1970
	Throttle throttling       `json:"throttle"`
	Marks    map[string]marks `json:"marks,omitempty"` // by holder

	setBack bool // the clock was: what was made of that has to be saved to come to an end
}

// readBudgetState gives a row as it counts at this moment.
func readBudgetState(row BudgetRow) (*budgetState, error) {
	state := new(budgetState)
	if len(row.State) > 0 {
		if err := json.Unmarshal(row.State, state); err != nil {
			return nil, fmt.Errorf("its row cannot be read: %w", err)
		}
	}
	for _, one := range []struct {
		made *tally
		window
	}{{&state.Minute, minuteWindow}, {&state.Hour, hourWindow}, {&state.Day, dayWindow}} {
		if one.made.settle(one.window, row.Now) {
			state.setBack = true
		}
	}
	state.bound(&state.Paced, row.Now)
	state.bound(&state.Throttle.End, row.Now.Add(throttledMost))
	state.dropMarks(row.Now)
	return state, nil
}

// bound takes an instant, in microseconds since 1970, back to the latest that it
// may be: a clock that was set back must not stop an account.
func (s *budgetState) bound(instant *int64, latest time.Time) {
	if *instant > latest.UnixMicro() {
		*instant, s.setBack = latest.UnixMicro(), true
	}
}

// dropMarks drops those that ended, or cannot be from this clock.
func (s *budgetState) dropMarks(now time.Time) {
	for holder, ends := range s.Marks {
		for priority, end := range ends {
			if end <= now.UnixMicro() || end > now.Add(longestMark).UnixMicro() {
				delete(ends, priority)
			}
		}
		if len(ends) == 0 {
			delete(s.Marks, holder)
		}
	}
}

func (s *budgetState) write() ([]byte, error) { return json.Marshal(s) }

// take counts a call.
func (s *budgetState) take(limits CallLimits, priority Priority, now time.Time) {
	for _, one := range s.windows(limits) {
		one.made.add(one.window, now, 1)
	}
	if priority == PrioritySynchronization {
		s.Paced = now.UnixMicro()
	}
	s.Throttle.try(now)
}

// limited is one window of an account that has a limit.
type limited struct {
	window
	made  *tally
	limit int
}

// windows are those that have a limit, the shortest first.
func (s *budgetState) windows(limits CallLimits) []limited {
	var found []limited
	for _, one := range []limited{
		{minuteWindow, &s.Minute, limits.PerMinute}, {hourWindow, &s.Hour, limits.PerHour}, {dayWindow, &s.Day, limits.PerDay},
	} {
		if one.limit > 0 {
			found = append(found, one)
		}
	}
	return found
}

// shareFor is how much of a limit a priority may use. Synchronization leaves a
// twenty-fifth of the hour and of the day, at least one call, to the others.
func (l limited) shareFor(priority Priority) int {
	if priority != PrioritySynchronization || l.wait == WaitMinute || l.limit == 1 {
		return l.limit
	}
	return l.limit - (l.limit+24)/25
}

// pace is the time between two calls of synchronization: with it as many are made
// in a minute as without, yet there is always one to be had soon.
func (l CallLimits) pace() time.Duration {
	if l.PerMinute == 0 {
		return 0
	}
	return (minuteWindow.length + minuteWindow.grain) / time.Duration(l.PerMinute)
}

// next is what a caller has to wait for, if anything, apart from other callers.
func (s *budgetState) next(limits CallLimits, priority Priority, now time.Time) (wait CallWait) {
	latest := func(window CallWindow, until time.Time) {
		if until.After(now) && until.After(wait.Until) {
			wait = CallWait{For: window, Until: until.UTC()}
		}
	}
	for _, one := range s.windows(limits) {
		latest(one.wait, one.made.below(one.window, one.shareFor(priority)))
	}
	if priority == PrioritySynchronization && s.Paced > 0 {
		latest(WaitMinute, time.UnixMicro(s.Paced).Add(limits.pace()))
	}
	if s.Throttle.Strikes > 0 {
		latest(WaitThrottled, s.Throttle.until())
	}
	return wait
}

const (
	// markGrace is how long after its turn a waiting caller has the next call kept
	// for it, in case that its process died.
	markGrace = 2 * time.Second
	// longestMark is the longest that a mark may last.
	longestMark = 25*time.Hour + markGrace
	// markPause is how soon to look again whether others that go first have gone.
	markPause = 250 * time.Millisecond
)

// waitForOthers is when to look again because a caller of a higher priority waits
// in another process; zero if none does.
func (s *budgetState) waitForOthers(holder string, priority Priority, now time.Time) (until time.Time) {
	for other, ends := range s.Marks {
		for marked := range ends {
			if other != holder && marked.before(priority) {
				return now.Add(markPause).UTC()
			}
		}
	}
	return time.Time{}
}

// mark replaces the marks of a holder by those of priorities that wait there, and
// tells whether anything is different then. Marks that last long enough stay.
func (s *budgetState) mark(holder string, waiting []Priority, until time.Time) (changed bool) {
	before, after := s.Marks[holder], marks{}
	for _, priority := range waiting {
		if priority == PrioritySynchronization {
			continue // there is nothing below it
		}
		if after[priority] = before[priority]; after[priority] < until.UnixMicro() {
			after[priority], changed = until.Add(markGrace).UnixMicro(), true
		}
	}
	changed = changed || len(before) != len(after)
	if delete(s.Marks, holder); len(after) > 0 {
		if s.Marks == nil {
			s.Marks = map[string]marks{}
		}
		s.Marks[holder] = after
	}
	return changed
}
