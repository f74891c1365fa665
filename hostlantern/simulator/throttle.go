// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"sort"
	"time"
)

// throttle counts the calls of one account in sliding windows of a minute, an
// hour and a day of the simulator's clock. Refused calls are not counted.
type throttle struct {
	at     []time.Time // executed calls of the last day, oldest first
	banned time.Time   // refused until this instant
}

// admit tells whether a call at now may be executed, and counts it if so.
func (t *throttle) admit(now time.Time, w *Switches) bool {
	windows := [...]struct {
		length time.Duration
		limit  int
	}{{24 * time.Hour, w.ThrottlePerDay}, {time.Hour, w.ThrottlePerHour}, {time.Minute, w.ThrottlePerMinute}}
	if windows[0].limit <= 0 && windows[1].limit <= 0 && windows[2].limit <= 0 {
		*t = throttle{}
		return true
	}
	if now.Before(t.banned) {
		return false
	}
	t.forget(now)
	for _, window := range windows {
		if window.limit <= 0 || t.since(now.Add(-window.length)) < window.limit {
			continue
		}
		switch {
		case w.ThrottleBan > 0:
			t.banned = now.Add(w.ThrottleBan)
		case w.ThrottleBan == 0:
			t.banned = now.Add(window.length)
		}
		return false
	}
	t.at = append(t.at, now)
	return true
}

// forget drops what is older than a day, and what lies in the future because
// the clock was set back.
func (t *throttle) forget(now time.Time) {
	for n := len(t.at); n > 0 && t.at[n-1].After(now); n-- {
		t.at = t.at[:n-1]
	}
	if old := len(t.at) - t.since(now.Add(-24*time.Hour)); old > 0 {
		t.at = append(t.at[:0], t.at[old:]...)
	}
}

// since counts the calls after an instant.
func (t *throttle) since(instant time.Time) int {
	first := sort.Search(len(t.at), func(i int) bool { return t.at[i].After(instant) })
	return len(t.at) - first
}
