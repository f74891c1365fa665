// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the rule of the US East coast, from another hand

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// The date in an answer is the date in New York, whatever the hour in London.
func TestDatesAreUSEastern(t *testing.T) {
	t.Parallel()
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, "2026-01-05")
	for _, year := range []int{2025, 2026, 2028, 2032} {
		for hour := range 366 * 24 / 7 {
			at := time.Date(year, time.January, 1, 0, 30, 0, 0, time.UTC).Add(time.Duration(hour) * 7 * time.Hour)
			w.sim.SetTime(at)
			body := direct(t.Context(), w.sim, "users.getBalances").Body.String()
			want := "--5:00"
			if at.In(newYork).IsDST() {
				want = "--4:00"
			}
			contains(t, body, "<GMTTimeDifference>"+want+"<")
		}
	}
	for _, instant := range []string{"2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z", "2026-11-01T05:59:59Z", "2026-11-01T06:00:00Z", "2026-07-01T03:59:00Z", "2026-12-01T04:30:00Z"} {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		w.sim.SetTime(at)
		contains(t, w.okay("ssl.create", "Years", "1", "Type", "PositiveSSL"), `Created="`+at.In(newYork).Format("01/02/2006")+`"`)
	}
}

func TestTheClockRunsUnlessItIsFrozen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := day("2030-05-05")
		sim, err := simulator.New(simulator.Options{Now: start})
		if err != nil {
			t.Fatal(err)
		}
		pass := func(d time.Duration) { <-time.After(d) }
		pass(time.Minute)
		if got := sim.Now().Sub(start); got != time.Minute {
			t.Errorf("a minute later it is %s later", got)
		}
		sim.Freeze()
		pass(time.Minute)
		sim.Advance(time.Hour)
		if got := sim.Now().Sub(start); got != time.Hour+time.Minute {
			t.Errorf("frozen and advanced by an hour it is %s later", got)
		}
		sim.SetTime(start)
		pass(time.Minute)
		if !sim.Now().Equal(start) {
			t.Errorf("set while frozen it is %s", sim.Now())
		}
		sim.Thaw()
		pass(time.Second)
		if got := sim.Now().Sub(start); got != time.Second {
			t.Errorf("a second after thawing it is %s later", got)
		}
	})
}
