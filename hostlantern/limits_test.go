// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// The simulator has the seller's days from its documentation, and knows nothing of
// our table.
func TestTheLimitsAreTheSellers(t *testing.T) {
	t.Parallel()
	switches := simulator.DefaultSwitches()
	for _, c := range []struct {
		from time.Time
		days int
	}{{switches.Leaf200From, 200}, {switches.Leaf100From, 100}, {switches.Leaf47From, 47}} {
		first := provisioning.DateOf(c.from)
		if got := hostlantern.Limits().On(first).LeafDays; got != c.days {
			t.Errorf("on %s a leaf may live %d days, want %d", first, got, c.days)
		}
		if got := hostlantern.Limits().On(first.AddDays(-1)).LeafDays; got <= c.days {
			t.Errorf("the day before %s a leaf may live only %d days", first, got)
		}
	}
}

// What the API calls 90 days before and 180 days after is, in any time zone, at
// least this.
func TestTheRenewalWindowIsOpenInEveryZone(t *testing.T) {
	t.Parallel()
	switches, window := simulator.DefaultSwitches(), new(hostlantern.Provider).RenewalWindow()
	if window.Opens != switches.RenewalDaysBefore-1 || window.Closes != switches.RenewalDaysAfter {
		t.Errorf("the window is %+v, the API's is %d before and %d after", window, switches.RenewalDaysBefore, switches.RenewalDaysAfter)
	}
}
