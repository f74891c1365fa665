// SPDX-License-Identifier: Apache-2.0

package provisioning

// sameTermDays is how far a panel's paid-until may lie behind the end of the paid
// term and still mean that term: panels count from the day of their invoice,
// providers from the day of the purchase. Terms are whole years, so the next one
// cannot be meant.
const sameTermDays = 90

// firstTerm is what a first purchase pays for.
func firstTerm(purchased Date, years int) Term {
	return Term{StartsOn: purchased, EndsOn: purchased.AddYears(years)}
}

// nextTerm is what a renewal pays for: the time after the present term, or from
// the purchase on if that term is over. What is left of the present term is not
// lost, as the next one begins where it ends: see CarriedDays.
func nextTerm(present Term, purchased Date, years int) Term {
	starts := present.EndsOn
	if starts.Before(purchased) {
		starts = purchased
	}
	return Term{StartsOn: starts, EndsOn: starts.AddYears(years)}
}

// CarriedDays is how many days of the term before were left when the first
// certificate of an order was issued, or, until then, when the order was bought.
// Providers add them to the new term; that it starts where the term before ends
// comes to the same, so nothing is computed from it.
func (s *Service) CarriedDays(order Order) int {
	began := order.PurchasedOn
	for _, certificate := range s.Certificates {
		if certificate.OrderID == order.OrderID && certificate.Leaf != nil {
			began = DateOf(certificate.Leaf.NotBefore.UTC())
			break
		}
	}
	if began.IsZero() || order.Term.StartsOn.IsZero() {
		return 0
	}
	return max(0, began.DaysUntil(order.Term.StartsOn))
}

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
