// SPDX-License-Identifier: Apache-2.0

package provisioning

const (
	// renewalOpensDays is how many days before the end of the paid term the next
	// one can be bought.
	renewalOpensDays = 90
	// sameTermDays is how far a panel's paid-until may lie behind the end of the
	// paid term and still mean that term: panels count from the day of their
	// invoice, providers from the day of the purchase. Terms are whole years, so
	// the next one cannot be meant.
	sameTermDays = 90
)

// firstTerm is what a first purchase pays for.
func firstTerm(purchased Date, years int) Term {
	return Term{StartsOn: purchased, EndsOn: purchased.AddYears(years)}
}

// nextTerm is what a renewal pays for: the time after the present term, or from
// the purchase on if that term is over.
func nextTerm(present Term, purchased Date, years int) Term {
	starts := present.EndsOn
	if starts.Before(purchased) {
		starts = purchased
	}
	return Term{StartsOn: starts, EndsOn: starts.AddYears(years)}
}

// renewalOpensOn is the first day on which the next term can be bought.
func (t Term) renewalOpensOn() Date { return t.EndsOn.AddDays(-renewalOpensDays) }

// covers tells whether a customer who paid until that date has this term, and
// nothing beyond it.
func (t Term) covers(paidUntil Date) bool {
	return t.EndsOn.DaysUntil(paidUntil) <= sameTermDays
}

// LastOrder is the newest order, nil before the purchase.
func (s *Service) LastOrder() *Order {
	if len(s.Orders) == 0 {
		return nil
	}
	return &s.Orders[len(s.Orders)-1]
}

// PaidUntil is the end of the last term that was paid, whatever becomes of the
// certificates in it.
func (s *Service) PaidUntil() Date {
	if last := s.LastOrder(); last != nil {
		return last.Term.EndsOn
	}
	return Date{}
}

// DueDate is when the panel shall have invoiced the next term. It follows the
// paid term, never the expiry of a leaf.
func (b *Bridge) DueDate(s Service) Date {
	if end := s.PaidUntil(); !end.IsZero() {
		return end.AddDays(-b.offset)
	}
	return Date{}
}
