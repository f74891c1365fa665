// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// longUnderWay is how long a charge may take from the moment it was sent to its
// outcome before the ledger speaks of it: the call, and a store that does not take
// the outcome at once.
const longUnderWay = 10 * time.Minute

// owned sums up what was charged for things that the services have which they
// were bought for. Charges whose amount is not known count without a total.
func (k *books) owned() Sum {
	var sum Sum
	for _, c := range k.charges {
		if c.state != OperationSucceeded || !k.has(c) {
			continue
		}
		sum.Count++
		if sum.Total.Currency == "" || sum.Total.Currency == c.result.Charged.Currency {
			sum.Total.Currency = c.result.Charged.Currency
			sum.Total.Units += c.result.Charged.Units
		}
	}
	return sum
}

// has tells whether a charge's service owns what it bought.
func (k *books) has(c charge) bool {
	if c.result.CertificateID != "" {
		return k.owners[c.result.CertificateID] == c.owner
	}
	return c.result.OrderID != "" && k.orders[c.result.OrderID] == c.owner
}

// compare finds what does not add up. earlier counts the certificates that are
// nobody's and were bought before our first charge.
func (k *books) compare(list listing, now time.Time) (entries []LedgerEntry, earlier int) {
	nobodys := k.nobodys(list, now)
	entries, earlier = k.unlinked(nobodys)
	for _, found := range [][]LedgerEntry{
		k.lost(list), k.neverCharged(), k.chargedTwice(), k.domainsTwice(), k.above(), k.unresolved(now),
		k.unused(list), unusedByNobody(nobodys),
	} {
		entries = append(entries, found...)
	}
	slices.SortStableFunc(entries, func(a, b LedgerEntry) int {
		return cmp.Or(
			cmp.Compare(slices.Index(findings, a.Finding), slices.Index(findings, b.Finding)), a.On.Midnight().Compare(b.On.Midnight()),
			cmp.Compare(a.CertificateID, b.CertificateID), cmp.Compare(a.OperationID, b.OperationID),
		)
	})
	return entries, earlier
}

// findings are in the order in which a report has them.
var findings = []Finding{
	FindingUnlinked, FindingNeverCharged, FindingChargedTwice, FindingAbove, FindingUnresolved, FindingGivenUp, FindingUnused,
}

// nobodys are the certificates of the list that no service owns, but for what may
// be bought at this moment.
func (k *books) nobodys(list listing, now time.Time) (rows []CertificateSummary) {
	sent := slices.DeleteFunc(slices.Clone(k.charges), func(c charge) bool { return !c.underWay(now) })
	for id, row := range list.rows {
		if _, owned := k.owners[id]; owned {
			continue
		}
		if !slices.ContainsFunc(sent, func(c charge) bool { return c.mayBring(row) }) {
			rows = append(rows, row)
		}
	}
	return rows
}

// underWay tells whether somebody waits for the answer to a purchase.
func (c charge) underWay(now time.Time) bool {
	return c.state == OperationSent && c.noted && c.kind != OperationAddDomains && now.Sub(c.since) <= longUnderWay
}

// mayBring tells whether a certificate may be what a charge buys: it was not there
// before.
func (c charge) mayBring(row CertificateSummary) bool {
	return !slices.Contains(c.newest, row.CertificateID) &&
		(row.PurchasedOn.IsZero() || !row.PurchasedOn.Before(c.on.AddDays(-1)))
}

// unlinked finds what was bought and is nobody's.
func (k *books) unlinked(nobodys []CertificateSummary) (entries []LedgerEntry, earlier int) {
	since, charged := k.firstCharge()
	bought, names := k.byCertificate(), k.byName()
	for _, row := range nobodys {
		switch {
		case row.worthless():
		case !charged, !row.PurchasedOn.IsZero() && row.PurchasedOn.Before(since):
			earlier++
		default:
			entries = append(entries, row.unlinked(bought, names))
		}
	}
	return entries, earlier
}

func (r CertificateSummary) unlinked(bought map[string]charge, names map[string]*holding) LedgerEntry {
	entry := r.entry(FindingUnlinked)
	if c, ours := bought[r.CertificateID]; ours {
		c.tell(&entry)
		entry.Detail = "The journal has its charge, and no service owns it; the operation says for whom it was bought."
		return entry
	}
	entry.Detail = "It was bought since certbridge makes charges here, and no service owns it; find out who bought it and for whom."
	if h, same := names[r.CommonName]; same {
		entry.Detail = fmt.Sprintf(
			"No service owns it; if it is a reissue that was made elsewhere for service %s, which has the same name, synchronize that service.", h.owner.ServiceID)
	}
	return entry
}

// firstCharge is the first day whose purchases can be ours. The day before our
// first charge is one of them: providers date by the calendar of their own zone.
func (k *books) firstCharge() (day Date, charged bool) {
	for _, c := range k.charges {
		if !c.on.IsZero() && (!charged || c.on.Before(day)) {
			day, charged = c.on, true
		}
	}
	if !charged {
		return Date{}, false
	}
	return day.AddDays(-1), true
}

// byCertificate gives the charge by which a certificate was bought.
func (k *books) byCertificate() map[string]charge {
	bought := map[string]charge{}
	for _, c := range k.charges {
		if _, known := bought[c.result.CertificateID]; !known && c.result.CertificateID != "" {
			bought[c.result.CertificateID] = c
		}
	}
	return bought
}

func (k *books) byName() map[string]*holding {
	names := map[string]*holding{}
	for i := range k.holdings {
		if name := k.holdings[i].commonName; name != "" {
			names[name] = &k.holdings[i]
		}
	}
	return names
}

// worthless tells whether there is nothing left that a service could own.
func (r CertificateSummary) worthless() bool {
	return r.Status == StatusReplaced || r.Status == StatusCancelled || r.Status == StatusExpired
}

func (r CertificateSummary) entry(finding Finding) LedgerEntry {
	product := r.Product
	if product == "" {
		product = r.ProviderProduct
	}
	return LedgerEntry{
		Finding: finding, CertificateID: r.CertificateID, Product: product, On: r.PurchasedOn, ActivationEndsOn: r.ActivationEndsOn,
	}
}

// entry is a line about a charge.
func (c charge) entry(finding Finding, detail string) LedgerEntry {
	entry := LedgerEntry{Finding: finding, CertificateID: c.result.CertificateID, Product: c.product, On: c.on, Detail: detail}
	c.tell(&entry)
	return entry
}

func (c charge) tell(entry *LedgerEntry) {
	entry.Panel, entry.ServiceID, entry.OperationID = c.owner.Panel, c.owner.ServiceID, c.operationID
	entry.OrderID, entry.Charged, entry.Authorised = c.result.OrderID, c.result.Charged, c.authorised
}

// lost finds charges whose result their service does not own, and that the list
// does not show as nobody's.
func (k *books) lost(list listing) (entries []LedgerEntry) {
	for _, c := range k.charges {
		surely := c.state == OperationSucceeded || c.state == OperationNeedsAttention || c.givenUp
		if c.result == (OperationResult{}) || k.has(c) || !surely {
			continue
		}
		owner, owned := k.owners[c.result.CertificateID]
		row, listed := list.rows[c.result.CertificateID]
		switch {
		case owned:
			entries = append(entries, c.entry(FindingUnlinked, fmt.Sprintf("It was charged for this service, and what it brought belongs to service %s.", owner.ServiceID)))
		case !listed || row.worthless():
			entries = append(entries, c.entry(FindingUnlinked, "It was charged, and no service owns what it bought; look for the certificate at the provider."))
		}
	}
	return entries
}

// neverCharged finds orders of services for which the journal has no charge.
func (k *books) neverCharged() (entries []LedgerEntry) {
	orders, certificates := map[string]bool{}, map[string]bool{}
	for _, c := range k.charges {
		if c.kind != OperationAddDomains && c.state == OperationSucceeded {
			orders[c.result.OrderID], certificates[c.result.CertificateID] = true, true
		}
	}
	for i := range k.holdings {
		h := &k.holdings[i]
		for _, order := range h.orders {
			if order.OrderID != "" && orders[order.OrderID] || order.certificateID != "" && certificates[order.certificateID] {
				continue
			}
			entry := h.entry(FindingNeverCharged, order,
				"The service owns this order, and the journal has no charge for it; find out who paid for it.")
			if entry.LinkedBy = order.LinkedBy; entry.LinkedBy != "" {
				entry.Detail = "It was bought elsewhere, and " + order.LinkedBy + " linked it to the service; certbridge charged nothing for it."
			}
			entries = append(entries, entry)
		}
	}
	return entries
}

func (h *holding) entry(finding Finding, order heldOrder, detail string) LedgerEntry {
	return LedgerEntry{
		Finding: finding, Panel: h.owner.Panel, ServiceID: h.owner.ServiceID, Product: h.product, CertificateID: order.certificateID,
		OrderID: order.OrderID, Charged: order.Charged, On: order.PurchasedOn, Detail: detail,
	}
}

// chargedTwice finds orders of one service whose terms overlap. The line is about
// the one for which the money may be asked back.
func (k *books) chargedTwice() (entries []LedgerEntry) {
	for i := range k.holdings {
		h := &k.holdings[i]
		for later, order := range h.orders {
			for _, before := range h.orders[:later] {
				switch {
				case !order.Term.overlaps(before.Term):
				case before.void:
					entries = append(entries, h.entry(FindingChargedTwice, before, fmt.Sprintf(
						"This order was cancelled and order %s was bought in its place; see whether the provider has paid it back.", order.OrderID)))
				default:
					entries = append(entries, h.entry(FindingChargedTwice, order, fmt.Sprintf(
						"Order %s pays for the same time; ask the provider to take one of them back.", before.OrderID)))
				}
			}
		}
	}
	return entries
}

func (t Term) overlaps(other Term) bool {
	return t.StartsOn.Before(other.EndsOn) && other.StartsOn.Before(t.EndsOn)
}

// overBought gives the places of holdings with fewer additional names than were
// bought for them.
func (k *books) overBought() (places []int) {
	bought := k.domainsBought()
	for i, h := range k.holdings {
		if bought[h.owner] > h.additionalDomains {
			places = append(places, i)
		}
	}
	return places
}

// domainsBought counts the additional names that were bought for services to
// which some were added. A renewal takes them over and buys none.
func (k *books) domainsBought() map[Owner]int {
	first, added := map[Owner]int{}, map[Owner]int{}
	for _, c := range k.charges {
		switch {
		case c.state != OperationSucceeded:
		case c.kind == OperationAddDomains:
			added[c.owner] += c.domains
		case c.kind == OperationPurchase:
			first[c.owner] = c.domains
		}
	}
	for owner := range added {
		added[owner] += first[owner]
	}
	return added
}

// domainsTwice finds names that were bought twice: of several charges that bring
// a service to the same number, all but one are too many.
func (k *books) domainsTwice() (entries []LedgerEntry) {
	bought := k.domainsBought()
	for _, i := range k.overBought() {
		h := k.holdings[i]
		last := -1
		for j, c := range k.charges {
			if c.kind == OperationAddDomains && c.state == OperationSucceeded && c.owner == h.owner {
				last = j
			}
		}
		if last < 0 {
			continue
		}
		entry := k.charges[last].entry(FindingChargedTwice, fmt.Sprintf(
			"%d additional names were bought and the service has %d; ask the provider to take the rest back.", bought[h.owner], h.additionalDomains))
		entry.Product = h.product
		entries = append(entries, entry)
	}
	return entries
}

// above finds charges that were higher than authorised.
func (k *books) above() (entries []LedgerEntry) {
	for _, c := range k.charges {
		charged := c.result.Charged
		if !charged.exceeds(c.authorised) {
			continue
		}
		entries = append(entries, c.entry(FindingAbove, fmt.Sprintf(
			"%s %s were charged and %s authorised; compare with the provider's price list.", charged, charged.Currency, c.authorised)))
	}
	return entries
}

// unresolved finds charges of which nobody knows whether they were made.
func (k *books) unresolved(now time.Time) (entries []LedgerEntry) {
	for _, c := range k.charges {
		detail := c.doubt(now)
		switch {
		case c.givenUp && c.result != OperationResult{}: // the provider said what it did; see lost
		case c.givenUp:
			entries = append(entries, c.entry(FindingGivenUp, "It was given up, and nobody knows whether it was charged; compare with the provider's statement."))
		case detail != "":
			entries = append(entries, c.entry(FindingUnresolved, detail))
		}
	}
	return entries
}

// doubt says what is not clear about a charge, "" if nothing is.
func (c charge) doubt(now time.Time) string {
	switch {
	case c.state == OperationNeedsAttention:
		return "It is not known whether it was charged, and somebody has to decide; see certbridge reconcile."
	case c.state == OperationUncertain:
		return "It is not known yet whether it was charged; it is being looked after."
	case c.state == OperationSent && now.Sub(c.since) > longUnderWay:
		return "It was sent long ago and its outcome is not stored; see whether certbridge is running and its database answers."
	}
	return ""
}

// unused finds what was bought and not configured yet. Where the list shows a
// certificate, it knows better.
func (k *books) unused(list listing) (entries []LedgerEntry) {
	for i := range k.holdings {
		h := &k.holdings[i]
		for _, certificate := range h.awaiting {
			entry := LedgerEntry{
				Finding: FindingUnused, Panel: h.owner.Panel, ServiceID: h.owner.ServiceID, Product: h.product,
				CertificateID: certificate.id, OrderID: certificate.orderID, ActivationEndsOn: certificate.activationEndsOn,
				Detail: "It is bought and waits for its configuration.",
			}
			h.tellOrder(&entry)
			row, listed := list.rows[certificate.id]
			if listed && row.Status != StatusAwaitingConfiguration {
				continue
			}
			if listed && !row.ActivationEndsOn.IsZero() {
				entry.ActivationEndsOn = row.ActivationEndsOn
			}
			entries = append(entries, entry)
		}
	}
	return entries
}

// tellOrder fills in what an order cost, and when.
func (h *holding) tellOrder(entry *LedgerEntry) {
	for _, order := range h.orders {
		if order.OrderID == entry.OrderID {
			entry.Charged, entry.On = order.Charged, order.PurchasedOn
		}
	}
}

func unusedByNobody(nobodys []CertificateSummary) (entries []LedgerEntry) {
	for _, row := range nobodys {
		if row.Status != StatusAwaitingConfiguration {
			continue
		}
		entry := row.entry(FindingUnused)
		entry.Detail = "It is bought, waits for its configuration and belongs to no service."
		entries = append(entries, entry)
	}
	return entries
}
