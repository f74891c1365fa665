// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(text string) Date {
	date, err := ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func TestARenewalContinuesThePaidTerm(t *testing.T) {
	t.Parallel()
	present := firstTerm(day("2026-11-22"), 1)
	if want := (Term{day("2026-11-22"), day("2027-11-22")}); present != want {
		t.Errorf("the first term is %v, want %v", present, want)
	}
	early := nextTerm(present, day("2027-09-01"), 2)
	if want := (Term{day("2027-11-22"), day("2029-11-22")}); early != want {
		t.Errorf("a term bought early is %v, want %v", early, want)
	}
	late := nextTerm(present, day("2027-12-24"), 1)
	if want := (Term{day("2027-12-24"), day("2028-12-24")}); late != want {
		t.Errorf("a term bought after the end is %v, want %v", late, want)
	}
}

func TestPaidUntilMeansThisTermOrTheNext(t *testing.T) {
	t.Parallel()
	term := firstTerm(day("2026-11-22"), 1)
	for paidUntil, covered := range map[string]bool{
		"2026-11-22": true,  // the day of the purchase
		"2027-11-17": true,  // an offset of five days
		"2027-12-22": true,  // the panel counts from a later day
		"2028-11-17": false, // a year beyond
		"2028-11-22": false,
	} {
		if got := term.covers(day(paidUntil)); got != covered {
			t.Errorf("the term until %s covers %s: %v, want %v", term.EndsOn, paidUntil, got, covered)
		}
	}
}

func TestNoPaidDayIsLost(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		purchased := DateOf(time.Unix(rapid.Int64Range(1.5e9, 3e9).Draw(t, "purchase"), 0).UTC())
		term := firstTerm(purchased, rapid.IntRange(1, 5).Draw(t, "years"))
		for range rapid.IntRange(1, 8).Draw(t, "renewals") {
			years := rapid.IntRange(1, 5).Draw(t, "years")
			bought := term.EndsOn.AddDays(rapid.IntRange(-90, 180).Draw(t, "days from the end"))
			next := nextTerm(term, bought, years)
			if next.StartsOn.Before(term.EndsOn) || next.StartsOn.Before(bought) && next.StartsOn != term.EndsOn {
				t.Fatalf("%v, renewed on %s, goes on as %v", term, bought, next)
			}
			if days := next.StartsOn.DaysUntil(next.EndsOn); days < 365*years || days > 366*years {
				t.Fatalf("%d paid years have %d days: %v", years, days, next)
			}
			term = next
		}
	})
}

// A date of a purchase comes from the provider, and a wrong one must not become an
// invoice in ten years.
func TestAnOrderThatCouldNotBeBoughtExplainsNothing(t *testing.T) {
	t.Parallel()
	b := &Bridge{accounts: map[string]Account{"a": {RenewalWindow: &RenewalWindow{Opens: 89, Closes: 180}}}}
	for bought, explained := range map[string]string{
		"2027-10-01": "2030-11-22", // in time: the next term and its three years
		"2028-05-20": "2031-05-20", // on the last day of the window
		"2028-05-21": "2028-12-26", // after it: 400 days
		"2036-11-22": "2028-12-26",
	} {
		first := Order{OrderID: "1", Years: 1, Term: firstTerm(day("2026-11-22"), 1)}
		s := Service{Account: "a", Orders: []Order{first, {OrderID: "2", Years: 3, Term: nextTerm(first.Term, day(bought), 3)}}}
		if got := b.explainedUntil(&s, first.Term.EndsOn); got != day(explained) {
			t.Errorf("a renewal on %s explains a due date until %s, want %s", bought, got, explained)
		}
	}
}
