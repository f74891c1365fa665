// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

func date(t testing.TB, text string) provisioning.Date {
	t.Helper()
	parsed, err := provisioning.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestLimitsHoldFromTheirDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		day                    string
		leaf, domain, identity int
	}{
		{"1999-12-31", 398, 398, 825},
		{"2026-03-14", 398, 398, 825},
		{"2026-03-15", 200, 200, 398},
		{"2027-03-14", 200, 200, 398},
		{"2027-03-15", 100, 100, 398},
		{"2029-03-14", 100, 100, 398},
		{"2029-03-15", 47, 10, 398},
		{"2040-01-01", 47, 10, 398},
	} {
		got := provisioning.IndustryLimits().On(date(t, c.day))
		if got.LeafDays != c.leaf || got.DomainReuseDays != c.domain || got.IdentityReuseDays != c.identity {
			t.Errorf("on %s the limits are %+v, want %d, %d, %d", c.day, got, c.leaf, c.domain, c.identity)
		}
	}
}

func TestASellerMayHaveSwitchedEarlier(t *testing.T) {
	t.Parallel()
	industry := provisioning.IndustryLimits()
	early := industry.SwitchedOn(date(t, "2026-03-12"), date(t, "2026-03-15"))
	for day, want := range map[string]int{"2026-03-11": 398, "2026-03-12": 200, "2026-03-15": 200, "2027-03-15": 100} {
		if got := early.On(date(t, day)).LeafDays; got != want {
			t.Errorf("on %s a leaf lives %d days, want %d", day, got, want)
		}
	}
	if got := industry.On(date(t, "2026-03-12")).LeafDays; got != 398 {
		t.Errorf("the industry's own table was changed: %d days", got)
	}
}

func TestASwitchBetweenWrongDaysIsNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ own, rule string }{
		{"2027-03-15", "2027-03-15"}, // no earlier one
		{"2027-03-16", "2027-03-15"}, // a late one
		{"2026-03-15", "2027-03-15"}, // the entry before would never hold
		{"2027-01-01", "2028-01-01"}, // no such rule
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken for a switch to the limits of %s", c.own, c.rule)
				}
			}()
			provisioning.IndustryLimits().SwitchedOn(date(t, c.own), date(t, c.rule))
		}()
	}
}

// A day of a leaf's life is a table entry, not a constant somewhere else.
func TestTheTableIsInOrder(t *testing.T) {
	t.Parallel()
	table := provisioning.IndustryLimits()
	for i := 1; i < len(table); i++ {
		before, limits := table[i-1], table[i]
		if before.From.DaysUntil(limits.From) <= 0 && !before.From.IsZero() {
			t.Errorf("%s comes after %s", before.From, limits.From)
		}
		if limits.LeafDays >= before.LeafDays || limits.From.Month != time.March || limits.From.Day != 15 {
			t.Errorf("%+v does not shorten %+v on a March 15", limits, before)
		}
	}
}
