// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"strconv"
	"time"
)

// renew is ssl.renew: the next order for a certificate. The answer carries a
// new id, which waits for its activation.
func (s *Simulator) renew(c *call, x *xmlWriter) *apiError {
	unknown := refuse("4011294", "CertificateID is invalid")
	years, refused := c.years("Parameter Years is TooLong")
	if refused != nil {
		return refused
	}
	name := c.get("ssltype")
	switch {
	case c.get("certificateid") == "":
		return refuse("2010294", "Parameter CertificateID is Missing")
	case name == "":
		return refuse("2010301", "Parameter SSLType is Missing")
	case len(name) > 50:
		return refuse("2013301", "Parameter SSLType is TooLong")
	}
	old, refused := s.byID(c, 9, unknown, unknown)
	if refused != nil {
		return refused
	}
	p, refused := s.sold(name, "SSLType", c.now)
	if refused != nil {
		return refused
	}
	if p.name != s.current(old.product, c.now).name {
		return refuse("2012301", "SSLType Mismatch")
	}
	promotion, refused := s.promotion(c)
	if refused != nil {
		return refused
	}
	if refused := s.renewable(old, years, c.now); refused != nil {
		return refused
	}
	if refused := s.yearBan(years); refused != nil {
		return refused
	}
	renewal, amount, refused := s.bookRenewal(c, old, p, years, promotion)
	if refused != nil {
		return refused
	}
	x.empty("SSLRenewResult", "CertificateID", decimal(renewal.id), "SSLType", renewal.product.name, "Years", strconv.Itoa(years),
		"OrderId", decimal(renewal.order.id), "TransactionId", decimal(renewal.order.transaction), "ChargedAmount", amount.String())
	return nil
}

// renewable checks status, window and duplicates.
func (s *Simulator) renewable(old *certificate, years int, now time.Time) *apiError {
	if old.status != active {
		return refuse("4011331", "Certificate status is invalid")
	}
	end := old.order.end
	if s.switches.RenewalWindowByLeaf {
		end = old.notAfter
	}
	left, before := daysUntil(now, end), s.switches.RenewalDaysBefore
	switch {
	case left > before && years >= 3:
		return refuse("4011294", fmt.Sprintf("Cannot renew with Year=%d when certificate's days to expire > %d. "+
			"Try again when certificate's days to expire <= %d", years, before, before))
	case left > before || left < -s.switches.RenewalDaysAfter:
		return refuse("4011294", "Certificate not meet the ExpireDate. So cannot Renew")
	case s.switches.DuplicateRenewGuard && old.order.renewalPending():
		return refuse("4028294", "This CertificateID is already queued for Renewal")
	}
	return nil
}

// renewalPending tells whether a renewal was bought and is not issued yet.
func (o *order) renewalPending() bool {
	if o.renewal == nil {
		return false
	}
	switch o.renewal.status {
	case newRenewal, purchased, purchaseError:
		return true
	}
	return false
}

func (s *Simulator) bookRenewal(c *call, old *certificate, p *product, years int, promotion *Promotion) (*certificate, money, *apiError) {
	added := old.order.added
	if !s.switches.RenewCopiesSANs && p.name != old.product.name {
		added = 0
	}
	amount := termPrice(p.renewal, p, years, added, promotion)
	renewal, refused := s.purchase(c.account, p, years, added, amount, "ssl.renew", c.now)
	if refused != nil {
		return nil, 0, refused
	}
	promotion.use()
	renewal.status = newRenewal
	renewal.order.renewalOf = old.order
	old.order.renewal = renewal
	return renewal, amount, nil
}
