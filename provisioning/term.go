// SPDX-License-Identifier: Apache-2.0

package provisioning

const (
	// renewalOpensDays is how many days before the end of the paid term the next
	// one can be bought. Providers say 90, by the calendar of their own zone; one
	// day less is right in every zone.
	renewalOpensDays = 89
	// renewalClosesDays is how many days after the end it can still be bought.
	renewalClosesDays = 180
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

// renewalClosed tells whether it is too late to buy the next term.
func (t Term) renewalClosed(today Date) bool { return t.EndsOn.DaysUntil(today) > renewalClosesDays }

// renewalOpensOn is the first day on which the next term can be bought.
func (t Term) renewalOpensOn() Date { return t.EndsOn.AddDays(-renewalOpensDays) }

// covers tells whether a customer who paid until that date has this term, and
// nothing beyond it.
func (t Term) covers(paidUntil Date) bool {
	return t.EndsOn.DaysUntil(paidUntil) <= sameTermDays
}

// LastOrder is the newest order that is worth something, nil before the
// purchase. An order whose certificates were all cancelled is void: it pays for
// nothing, and the next renewal is bought as if it had never been.
func (s *Service) LastOrder() *Order {
	for i := len(s.Orders) - 1; i >= 0; i-- {
		if !s.void(s.Orders[i].OrderID) {
			return &s.Orders[i]
		}
	}
	return nil
}

func (s *Service) void(orderID string) bool {
	cancelled := false
	for _, certificate := range s.Certificates {
		if certificate.OrderID != orderID {
			continue
		}
		if certificate.Status != StatusCancelled || certificate.Leaf != nil {
			return false
		}
		cancelled = true
	}
	return cancelled
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
