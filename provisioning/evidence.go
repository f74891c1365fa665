// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// dayMargin is how many days a provider's date of purchase may lie beside ours
// and mean the same: it counts in its own time zone.
const dayMargin = 1

// holdings are what an account holds, looked at for the sake of one operation.
type holdings struct {
	Evidence
	rows     []CertificateSummary // the candidates as the provider listed them
	complete bool                 // nothing can have been overlooked
	hopeless bool                 // another look would not tell more
}

// lookFor looks at the account of a charge in doubt: its newest certificates, the
// balance, and for added domains the certificate.
func (b *Bridge) lookFor(ctx context.Context, account Account, operation Operation) (holdings, error) {
	seen := holdings{Evidence: Evidence{At: b.instant()}}
	var err error
	if seen.Balance, err = account.Upstream.Balance(ctx); err != nil {
		return seen, err
	}
	page, err := account.Upstream.Certificates(ctx, 1, newestPage)
	if err != nil {
		return seen, err
	}
	seen.Total = page.Total
	noted := operation.Noted
	if noted == nil {
		noted = new(Noted)
	}
	known := func(row CertificateSummary) bool { return slices.Contains(noted.Newest, row.CertificateID) }
	seen.complete = page.Unreadable == 0 &&
		(len(page.Certificates) < newestPage || len(noted.Newest) == 0 || slices.ContainsFunc(page.Certificates, known))
	fresh := slices.DeleteFunc(slices.Clone(page.Certificates), known)
	if err := b.findCandidates(ctx, account, operation, fresh, &seen); err != nil {
		return seen, err
	}
	if operation.Kind == OperationAddDomains {
		detail, err := account.Upstream.Certificate(ctx, operation.CertificateID)
		if err != nil {
			return seen, err
		}
		seen.Domains = detail.Domains
	}
	return seen, nil
}

// findCandidates keeps the rows that nobody owns and that may be what a charge
// was to buy. Unused purchases of one class and term are all alike.
func (b *Bridge) findCandidates(ctx context.Context, account Account, operation Operation, rows []CertificateSummary, seen *holdings) error {
	seen.Candidates = []Candidate{}
	wanted, err := wantedBy(account, operation)
	if err != nil {
		// What was to be bought is not sold here any more; only a person can compare.
		b.log.Warn("what an operation was to buy is not known", "operation", operation.ID, "account", account.Name, "error", err)
		seen.hopeless = true
		return nil
	}
	if wanted == nil {
		return nil
	}
	rows = slices.DeleteFunc(slices.Clone(rows), func(row CertificateSummary) bool { return !wanted.mayBe(row) })
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.CertificateID
	}
	owners, err := b.store.Owners(ctx, account.Name, ids)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, owned := owners[row.CertificateID]; owned {
			continue
		}
		seen.rows = append(seen.rows, row)
		seen.Candidates = append(seen.Candidates, candidateOf(row))
	}
	return nil
}

func candidateOf(row CertificateSummary) Candidate {
	candidate := Candidate{
		CertificateID: row.CertificateID, ProviderProduct: row.ProviderProduct, ProviderStatus: row.ProviderStatus, Years: row.Years,
	}
	if !row.PurchasedOn.IsZero() {
		candidate.PurchasedOn = row.PurchasedOn.String()
	}
	return candidate
}

// wanted is what a charge was to buy.
type wanted struct {
	account Account
	product Product
	years   int
	reason  Reason
	day     Date // on which it was sent; zero for any
}

// wantedBy is nil for a charge that buys no certificate.
func wantedBy(account Account, operation Operation) (*wanted, error) {
	var asked struct {
		Product string `json:"product"`
		Years   int    `json:"years"`
	}
	reason := ReasonPurchase
	switch operation.Kind {
	case OperationAddDomains:
		return nil, nil
	case OperationRenew:
		reason = ReasonRenewal
	}
	if err := operation.asked(&asked); err != nil {
		return nil, err
	}
	product, err := account.product(asked.Product)
	if err != nil {
		return nil, err
	}
	return &wanted{account: account, product: product, years: asked.Years, reason: reason, day: dayOf(operation.SentAt)}, nil
}

// dayOf is the day of an instant, none for none.
func dayOf(at time.Time) Date {
	if at.IsZero() {
		return Date{}
	}
	return DateOf(at)
}

// mayBe tells whether a row can be what was bought. What the provider does not
// say speaks against nothing. A row that is configured is not it: new ones of that
// kind are reissues, which may be under way at the same time.
func (w wanted) mayBe(row CertificateSummary) bool {
	product, err := w.account.product(row.Product)
	sameClass := err != nil || product.SameClass(w.product)
	sameDay := row.PurchasedOn.IsZero() || w.day.IsZero() ||
		max(row.PurchasedOn.DaysUntil(w.day), w.day.DaysUntil(row.PurchasedOn)) <= dayMargin
	return row.Status == StatusAwaitingConfiguration && sameClass && sameDay && (row.Years == 0 || row.Years == w.years) && (row.Reason == "" || row.Reason == w.reason)
}

// sure tells whether a row that may be it is of a product that is known.
func (w wanted) sure(row CertificateSummary) bool {
	_, err := w.account.product(row.Product)
	return err == nil
}

// finding is what two looks at an account come to.
type finding int

const (
	unclear     finding = iota // look again later
	ambiguous                  // looking again will not help
	executed                   // it was carried out
	notExecuted                // it was not
)

// judge concludes from what was noted before a charge and what was seen after it
// had rested. Nobody else charges the account meanwhile, except by hand in the
// provider's own pages: whatever that leaves open is for a person.
func judge(operation Operation, seen holdings, sure func(CertificateSummary) bool) (finding, string) {
	noted := operation.Noted
	switch {
	case noted == nil:
		return ambiguous, "Nothing was noted before the call, so there is nothing to compare with."
	case operation.Kind == OperationAddDomains:
		return judgeDomains(operation, seen)
	case !seen.complete:
		return unclear, "The list of certificates could not be read as a whole."
	case len(seen.rows) > 1:
		return ambiguous, fmt.Sprintf("%d new certificates may be what was bought, and only one can be.", len(seen.rows))
	case len(seen.rows) == 0 && seen.Balance == noted.Balance:
		return notExecuted, "No new certificate was found, and the balance is what it was."
	case len(seen.rows) == 0:
		return unclear, "No new certificate was found, yet the balance is not what it was."
	case !sure(seen.rows[0]):
		return ambiguous, "A new certificate was found, of a product that is not known."
	case seen.Total <= noted.Total:
		return unclear, "A new certificate was found, yet the account does not hold more than before."
	case !noted.Balance.exceeds(seen.Balance):
		return unclear, "A new certificate was found, yet the balance did not fall."
	}
	return executed, "One new certificate was found that nobody owns, and the balance fell."
}

// judgeDomains compares how many names the certificate can hold. What that number
// counts differs, but the difference does not.
func judgeDomains(operation Operation, seen holdings) (finding, string) {
	var asked AddDomainsRequest
	if err := operation.asked(&asked); err != nil {
		return ambiguous, "What was asked for cannot be read."
	}
	noted, counted := operation.Noted, operation.Noted.Domains > 0 && seen.Domains > 0
	switch {
	case counted && seen.Domains == noted.Domains+asked.Domains:
		return executed, fmt.Sprintf("The certificate can hold %d names more than before.", asked.Domains)
	case seen.Balance == noted.Balance && (!counted || seen.Domains == noted.Domains):
		return notExecuted, "The certificate can hold no more names than before, and the balance is what it was."
	case counted && seen.Domains != noted.Domains:
		return ambiguous, fmt.Sprintf("The certificate could hold %d names, can hold %d now, and %d were to be added.",
			noted.Domains, seen.Domains, asked.Domains)
	}
	return unclear, "The balance is not what it was, yet the certificate can hold no more names."
}

// renewalsIn are the renewals that nobody owns among the newest certificates: the
// provider says that there is one already, which was bought by somebody else.
func (b *Bridge) renewalsIn(account Account, operation Operation, rows []CertificateSummary) *Evidence {
	ctx, cancel := b.storing()
	defer cancel()
	ctx = WithPriority(ctx, PriorityPurchase) // it holds the lane up
	seen := holdings{Evidence: Evidence{
		At: b.instant(), Balance: operation.Noted.Balance, Total: operation.Noted.Total,
		Conclusion: "The provider says that this certificate was renewed already. Adopt the renewal, or give up if it belongs to nobody.",
	}}
	operation.SentAt = time.Time{} // it may have been bought on any day
	unused := slices.DeleteFunc(slices.Clone(rows), func(row CertificateSummary) bool { return row.Reason != ReasonRenewal })
	if err := b.findCandidates(ctx, account, operation, unused, &seen); err != nil {
		b.log.Warn("renewals that nobody owns could not be looked for", "operation", operation.ID, "error", err)
	}
	return &seen.Evidence
}
