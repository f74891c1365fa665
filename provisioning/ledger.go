// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Ledger is the money report of one account: what was charged beside what is
// owned. Where the two differ it says so line by line.
type Ledger struct {
	Account     string
	Environment Environment
	At          time.Time
	Balance     Money // zero if it could not be read
	// PagesRead of PagesTotal pages of the provider's list were compared. Before
	// all of them are, what is missing from the list means nothing.
	PagesRead, PagesTotal int
	Owned                 Sum // charged, and a service owns what was bought
	// Earlier counts certificates that no service owns and that were bought before
	// certbridge made its first charge in this account.
	Earlier int
	Entries []LedgerEntry
}

// Sum is how many charges there were, and what they come to.
type Sum struct {
	Count int
	Total Money
}

// Finding is what a line of the ledger is about.
type Finding string

// The findings. All but FindingGivenUp and FindingUnused mean that something does
// not add up.
const (
	FindingUnlinked     Finding = "charged_unlinked"  // the provider holds it, no service owns it
	FindingNeverCharged Finding = "owned_not_charged" // a service owns an order without a charge of ours
	FindingChargedTwice Finding = "charged_twice"     // one service, two charges for one term
	FindingAbove        Finding = "charged_above"     // charged more than was authorised
	FindingUnresolved   Finding = "unresolved"        // an operation in doubt
	FindingGivenUp      Finding = "given_up"          // a person decided to leave it open whether it was charged
	FindingUnused       Finding = "unused"            // bought and not configured yet; it lapses after ActivationEndsOn
)

// LedgerEntry is one line. What does not apply is left zero.
type LedgerEntry struct {
	Finding          Finding
	Panel            string
	ServiceID        string
	OperationID      string
	CertificateID    string
	OrderID          string
	Product          string
	Charged          Money
	Authorised       Money
	On               Date // of the purchase
	ActivationEndsOn Date
	LinkedBy         string // see Order.LinkedBy; for FindingNeverCharged
	Detail           string // one sentence for staff: what is wrong, and what to do
}

// Balanced tells whether everything adds up, as far as it was compared.
func (l Ledger) Balanced() bool {
	for _, entry := range l.Entries {
		if entry.Mismatch() {
			return false
		}
	}
	return l.PagesRead == l.PagesTotal
}

// Mismatch tells whether a line means that something does not add up. What was
// bought elsewhere and linked by a person is there for the record.
func (e LedgerEntry) Mismatch() bool {
	return e.Finding != FindingUnused && e.Finding != FindingGivenUp && e.LinkedBy == ""
}

// Ledger compares the charges in the journal with what services own and with the
// provider's list. It changes nothing. progress, unless nil, is told after each
// page of the list how many of how many were read.
//
// A list that cannot be read to its end is no error, see PagesRead. It takes a call
// for each hundred certificates; when ctx has a deadline, the last quarter of the
// time is kept for the store.
//
// Codes: unknown_account, store_unavailable.
func (b *Bridge) Ledger(ctx context.Context, account string, progress func(read, total int)) (Ledger, error) {
	of, err := b.account(account)
	if err != nil {
		return Ledger{}, err
	}
	report := Ledger{Account: of.Name, Environment: of.Environment, At: b.instant()}
	// Purchases go on meanwhile. What the list shows was bought before the services
	// are read, and an order of a service is in the journal that is read after it.
	// What still seems to be nobody's is asked for once more.
	list := b.askProvider(ctx, of, &report, progress)
	books, err := b.readBooks(ctx, of.Name, list)
	if err != nil {
		return Ledger{}, storeUnavailable(err)
	}
	report.Owned = books.owned()
	report.Entries, report.Earlier = books.compare(list, report.At)
	return report, nil
}

// askProvider reads what the provider can tell: the balance and the list.
func (b *Bridge) askProvider(ctx context.Context, of Account, report *Ledger, progress func(read, total int)) listing {
	ctx, cancel := leavingTime(ctx)
	defer cancel()
	asking, answered := context.WithTimeout(ctx, b.callTimeout)
	defer answered()
	balance, err := of.Upstream.Balance(asking)
	if err != nil {
		b.log.Warn("the balance could not be read for the ledger", "account", of.Name, "error", err)
	} else {
		report.Balance = balance
	}
	list, err := readListing(func(page int) (CertificatePage, error) {
		return b.askPage(ctx, of.Upstream, page)
	}, progress)
	if err != nil {
		b.log.Warn("the list could not be read to its end for the ledger", "account", of.Name,
			"pages_read", list.pagesRead, "pages_total", list.pagesTotal, "error", err)
	}
	report.PagesRead, report.PagesTotal = list.pagesRead, list.pagesTotal
	return list
}

const (
	// throttlePause is how long to wait when there were too many calls and the
	// provider does not say how long, throttlePauseMost if it says more.
	throttlePause, throttlePauseMost = 15 * time.Second, 2 * time.Minute
	// throttleAttempts bounds how often a page is asked for.
	throttleAttempts = 10
)

// askPage reads one page of the list. A long list is more calls than a provider
// takes at once, so being told to wait is no failure.
func (b *Bridge) askPage(ctx context.Context, upstream Provider, page int) (answer CertificatePage, err error) {
	for range throttleAttempts {
		asking, answered := context.WithTimeout(ctx, b.callTimeout)
		answer, err = upstream.Certificates(asking, page, listingPage)
		answered()
		var told *ProviderError
		if !errors.As(err, &told) || told.Fault != FaultThrottled {
			return answer, err
		}
		select {
		case <-time.After(min(cmp.Or(told.RetryAfter, throttlePause), throttlePauseMost)):
		case <-ctx.Done():
			return answer, err
		}
	}
	return answer, err
}

// leavingTime ends when three quarters of the time are over.
func leavingTime(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/4))
}
