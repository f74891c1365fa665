// SPDX-License-Identifier: Apache-2.0

package provisioning

// RenewalWindow is when the next term of an order can be bought, in days around
// the end of the paid term.
type RenewalWindow struct {
	Opens  int // days before the end
	Closes int // days after the end
}

// reminderDay is the day of the window on which a customer is reminded: one whom
// nothing reached on the first day has still heard of it in time.
const reminderDay = 2

// RenewalDates are a renewal window as days of the calendar.
type RenewalDates struct {
	OpensOn    Date // the first day on which the next term can be bought
	ReminderOn Date // its second day
	ClosesOn   Date // the last day on which it can be bought
}

// around puts a window around the end of a term.
func (w RenewalWindow) around(term Term) RenewalDates {
	opens := term.EndsOn.AddDays(-w.Opens)
	return RenewalDates{OpensOn: opens, ReminderOn: opens.AddDays(reminderDay - 1), ClosesOn: term.EndsOn.AddDays(w.Closes)}
}

// window is when renewals of an account can be bought: what the configuration
// says, else what the provider does.
func (a Account) window() RenewalWindow {
	if a.RenewalWindow != nil {
		return *a.RenewalWindow
	}
	return a.Upstream.RenewalWindow()
}

// RenewalDates are the renewal window of what a service has paid for; nil before a
// term exists, and when its account is not configured any more.
func (b *Bridge) RenewalDates(s Service) *RenewalDates {
	last := s.LastOrder()
	account, configured := b.accounts[s.Account]
	if last == nil || last.Term.EndsOn.IsZero() || !configured {
		return nil
	}
	dates := account.window().around(last.Term)
	return &dates
}
