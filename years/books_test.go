// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"sync"
	"time"
	_ "time/tzdata" // for machines without

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// eastern is the provider's time zone: its dates are the days there.
var eastern = sync.OnceValues(func() (*time.Location, error) { return time.LoadLocation("America/New_York") })

func (w *world) dayOf(at time.Time) provisioning.Date {
	w.t.Helper()
	zone, err := eastern()
	w.must(err)
	return provisioning.DateOf(at.In(zone))
}

// paid is until when a customer has paid, by a count of its own of what the
// provider sold. It is exact unless a term began late, which is then a matter of
// whose midnight counts, or something was cancelled: then what was paid is less than
// what the panel was told.
type paid struct {
	until provisioning.Date
	exact bool
}

// paidUntil adds up the orders of a service that are worth something.
func (w *world) paidUntil(s *provisioning.Service) paid {
	total := paid{exact: true}
	for _, order := range s.Orders {
		bought, void, years := provisioning.Date{}, true, 0
		for _, c := range s.Certificates {
			if c.OrderID != order.OrderID {
				continue
			}
			is := w.held[c.CertificateID]
			if bought.IsZero() {
				bought, years = w.dayOf(is.PurchasedAt), is.Years
			}
			void = void && is.Status == "cancelled" && is.IssuedAt.IsZero()
		}
		if void {
			total.exact = false
			continue
		}
		switch {
		case total.until.IsZero():
			total.until = bought
		case !bought.Before(total.until):
			total.until, total.exact = bought, false
		}
		total.until = total.until.AddYears(years)
	}
	return total
}

// compareDates checks that a panel is never told to invoice earlier than the term
// that was paid ends, but for the offset, nor later where nothing says so.
func (w *world) compareDates(s *provisioning.Service) {
	w.t.Helper()
	due, owed := w.bridge.DueDate(*s), w.paidUntil(s)
	if due.HeldBecause == provisioning.HeldJump {
		due.Accepted = due.Held // an operator has to look at it first
	}
	if owed.until.IsZero() || s.Status() == provisioning.StatusCancelled {
		return
	}
	wanted := owed.until.AddDays(-offset)
	if due.Accepted.Before(wanted) || w.shows == simulator.ExpiresLeaf && owed.exact && due.Accepted != wanted {
		w.t.Errorf("service %s: due on %s, paid until %s: %+v", s.ServiceID, due.Accepted, owed.until, s.Orders)
	}
	// Where the provider names the end of the term, that counts if it is later.
	current, last := s.Current(), s.LastOrder()
	if !w.known || current.OrderID != last.OrderID || current.Status != provisioning.StatusIssued {
		return
	}
	said := w.dayOf(w.held[current.CertificateID].TermEnd)
	if bought := last.Term.StartsOn.AddYears(last.Years); bought.DaysUntil(said) > believedDays {
		return // such a date is logged, and not believed
	}
	if due.Accepted.Before(said.AddDays(-offset)) {
		w.t.Errorf("service %s: due on %s, the provider's term ends on %s: %+v", s.ServiceID, due.Accepted, said, s.Orders)
	}
}

// believedDays is how many days after what was bought a term that the provider names
// may end.
const believedDays = 400
