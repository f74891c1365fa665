// SPDX-License-Identifier: Apache-2.0

package simulator

import "strconv"

// purchaseMoreSANs is ssl.purchasemoresans: add-on domains for an order, priced
// for its whole term. Nothing guards against buying twice.
func (s *Simulator) purchaseMoreSANs(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), invalidID())
	if refused != nil {
		return refused
	}
	p := found.order.product
	text := c.get("numberofsanstoadd")
	added, refused := addedDomains(text, p)
	switch {
	case refused != nil:
		return refused
	case text == "":
		return refuse("2010900", "Parameter NumberOfSANSToAdd is Missing")
	case added == 0:
		return refuse("2013900", "Parameter NumberOfSANSToAdd is OutOfRange")
	case found.order.added+added > maxAdded:
		return refuse("2011767", "Number of SANS To add is not within the limit.")
	}
	switch found.status {
	case replaced, cancelled, purchaseError:
		return refuse("4011331", "Status is InValid.")
	}
	if found.termOver(c.now) {
		return refuse("4011331", "Status is InValid.")
	}
	sold := s.current(p, c.now)
	amount := forTerm(sold.domain, found.order.years, sold.absolute, nil) * money(added)
	order, transaction, refused := s.charge(c.now, debit{
		account: c.account, command: "ssl.purchasemoresans", certificate: found.id, product: p,
		amount: amount, years: found.order.years, domains: added,
	})
	if refused != nil {
		return refused
	}
	found.order.added += added
	x.open("SSLPurchaseMoreSANSResult", "IsSuccess", "true", "OrderId", decimal(order),
		"TransactionId", decimal(transaction), "ChargedAmount", amount.String())
	x.empty("SSLCertificate", "CertificateID", decimal(found.id), "SSLType", lower(found.product.name),
		"Years", strconv.Itoa(found.order.years), "Status", letterCase(s.word(found, c.now), s.switches.SANsStatusCase),
		"SANSCount", s.sansCount(found.order))
	x.close("SSLPurchaseMoreSANSResult")
	return nil
}
