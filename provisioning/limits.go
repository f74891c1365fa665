// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"slices"
	"time"
)

// Limits are what every publicly trusted authority may issue and reuse, in days.
type Limits struct {
	// From is the first day on which they hold; zero: always before.
	From Date
	// LeafDays is how long a leaf may live (Baseline Requirements 6.3.2). Any second
	// that has begun counts as a day, so authorities issue for one day less.
	LeafDays int
	// DomainReuseDays is how long a validation of a domain may be used again, from
	// the validation on (4.2.1).
	DomainReuseDays int
	// IdentityReuseDays is the same for the identity of an organisation (4.2.1).
	IdentityReuseDays int
}

// LimitTable are limits in the order of the days from which they hold. The first
// entry holds for everything before.
type LimitTable []Limits

// IndustryLimits are the limits of the Baseline Requirements. A seller may have
// switched earlier: see LimitTable.SwitchedOn.
func IndustryLimits() LimitTable {
	return LimitTable{
		{LeafDays: 398, DomainReuseDays: 398, IdentityReuseDays: 825},
		{From: Date{2026, time.March, 15}, LeafDays: 200, DomainReuseDays: 200, IdentityReuseDays: 398},
		{From: Date{2027, time.March, 15}, LeafDays: 100, DomainReuseDays: 100, IdentityReuseDays: 398},
		{From: Date{2029, time.March, 15}, LeafDays: 47, DomainReuseDays: 10, IdentityReuseDays: 398},
	}
}

// On gives the limits for what is issued, or validated, on a day.
func (t LimitTable) On(day Date) Limits {
	for _, limits := range slices.Backward(t) {
		if !day.Before(limits.From) {
			return limits
		}
	}
	return t[0]
}

// SwitchedOn is the table of a seller who has kept the limits of a day from an
// earlier day of its own on. It panics if that is not between the entry before
// and the entry itself, as such a table would be wrong.
func (t LimitTable) SwitchedOn(own, rule Date) LimitTable {
	at := slices.IndexFunc(t, func(l Limits) bool { return l.From == rule })
	if at < 1 || !own.Before(rule) || !t[at-1].From.Before(own) && !t[at-1].From.IsZero() {
		panic("provisioning: " + own.String() + " is no earlier switch to the limits of " + rule.String())
	}
	switched := slices.Clone(t)
	switched[at].From = own
	return switched
}
