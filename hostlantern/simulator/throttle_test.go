// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// limited starts a simulator whose throttling is the default, changed.
func limited(t *testing.T, change func(*simulator.Switches)) *world {
	t.Helper()
	return open(t, "2026-01-05", func(o *simulator.Options) {
		o.Switches = simulator.DefaultSwitches()
		change(&o.Switches)
		o.Accounts = []simulator.Account{{ApiUser: "reseller", ApiKey: "simulator-key"}, {ApiUser: "other", ApiKey: "simulator-key"}}
	})
}

// burst sends calls until one is throttled and tells how many were executed.
func (w *world) burst(most int) int {
	w.t.Helper()
	for n := range most {
		recorder := direct(w.t.Context(), w.sim, "users.getBalances")
		if recorder.Code == http.StatusMethodNotAllowed {
			return n
		}
	}
	return most
}

func TestAMinuteHasTwentyCalls(t *testing.T) {
	t.Parallel()
	w := limited(t, func(*simulator.Switches) {})
	if n := w.burst(30); n != 20 {
		t.Fatalf("%d calls were executed", n)
	}
	calls := w.sim.Calls()
	if last := calls[len(calls)-1]; !last.Throttled || last.Executed || last.Error != "500000" {
		t.Errorf("remembered as %+v", last)
	}
	status, body, err := w.post("ssl.create", "Years", "1", "Type", "PositiveSSL")
	if err != nil || status != http.StatusMethodNotAllowed || len(w.sim.Ledger()) != 0 {
		t.Errorf("HTTP %d %s, %v", status, body, err)
	}
	w.okay("users.getBalances", "ApiUser", "other", "UserName", "other") // limits are per account
	w.sim.Advance(59 * time.Second)
	if n := w.burst(1); n != 0 {
		t.Error("executed before the minute was over")
	}
	w.sim.Advance(time.Second)
	if n := w.burst(30); n != 20 {
		t.Errorf("%d calls after a minute", n)
	}
}

func TestTheWindowSlides(t *testing.T) {
	t.Parallel()
	w := limited(t, func(s *simulator.Switches) { s.ThrottleBan = -1 })
	w.burst(10)
	w.sim.Advance(40 * time.Second)
	w.burst(10)
	if n := w.burst(5); n != 0 {
		t.Fatalf("%d calls too many", n)
	}
	w.sim.Advance(20 * time.Second)
	if n := w.burst(30); n != 10 {
		t.Errorf("%d calls once the first ten were a minute old", n)
	}
}

func TestTheHourAndTheDayBiteToo(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name            string
		change          func(*simulator.Switches)
		limit           int
		closed, reopens time.Duration
	}{
		{"hour", func(s *simulator.Switches) { s.ThrottlePerMinute, s.ThrottlePerHour = 0, 70 }, 70, 59 * time.Minute, time.Hour},
		{"day", func(s *simulator.Switches) { s.ThrottlePerMinute, s.ThrottlePerHour, s.ThrottlePerDay = 0, 0, 90 }, 90, 23 * time.Hour, 24 * time.Hour},
		{"ban", func(s *simulator.Switches) { s.ThrottleBan = 10 * time.Minute }, 20, 9 * time.Minute, 10 * time.Minute},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			w := limited(t, one.change)
			if n := w.burst(200); n != one.limit {
				t.Fatalf("%d calls were executed, want %d", n, one.limit)
			}
			w.sim.Advance(one.closed)
			if n := w.burst(1); n != 0 {
				t.Errorf("executed after %s", one.closed)
			}
			w.sim.Advance(one.reopens - one.closed)
			if n := w.burst(1); n != 1 {
				t.Errorf("refused after %s", one.reopens)
			}
		})
	}
}

func TestTheOlderFormOfThrottling(t *testing.T) {
	t.Parallel()
	w := limited(t, func(s *simulator.Switches) { s.ThrottleForm, s.ThrottlePerMinute = simulator.Throttle500000, 1 })
	w.okay("users.getBalances")
	w.refused("500000", "Too many requests", "users.getBalances")
}

func TestAClockThatIsSetBackDoesNotThrottleForever(t *testing.T) {
	t.Parallel()
	w := limited(t, func(s *simulator.Switches) { s.ThrottlePerMinute, s.ThrottleBan = 2, -1 })
	w.burst(5)
	w.sim.Advance(-240 * time.Hour)
	if n := w.burst(5); n != 2 {
		t.Errorf("%d calls were executed", n)
	}
}

func TestZeroDisablesTheLimits(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	if n := w.burst(800); n != 800 {
		t.Errorf("throttled after %d calls", n)
	}
}
