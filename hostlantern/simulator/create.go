// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"strconv"
	"time"
)

// years reads the Years parameter; create and renew differ in what they call a
// number that is too long.
func (c *call) years(tooLong string) (int, *apiError) {
	text := c.get("years")
	switch {
	case text == "":
		return 0, refuse("2010167", "Parameter Years is Missing")
	case !allDigits(text):
		return 0, refuse("2011167", "Parameter Years is Invalid")
	case len(text) > 1:
		return 0, refuse("2013167", tooLong)
	case text < "1" || text > "5":
		return 0, refuse("2013167", "Parameter Years is OutOfRange")
	}
	return int(text[0] - '0'), nil
}

// yearBan refuses terms that are too long for the CA/B Forum, where the switch
// says so.
func (s *Simulator) yearBan(years int) *apiError {
	limit := s.switches.YearBanAbove
	if limit <= 0 || years <= limit {
		return nil
	}
	switch s.switches.YearBanNumber {
	case "2013167":
		return refuse("2013167", fmt.Sprintf("Parameter Years is OutOfRange. Max Years value for this Type is %d.", limit))
	case "4080167":
		return refuse("4080167", fmt.Sprintf("Due to CA/B Forum regulations, certificates can be purchased for %d years at most", limit))
	}
	return refuse("2015167", fmt.Sprintf("Number of years should be maximum %d", limit))
}

// addedDomains reads a number of add-on domains for a product.
func addedDomains(text string, p *product) (int, *apiError) {
	if text == "" {
		return 0, nil
	}
	added, err := strconv.Atoi(text)
	switch {
	case err != nil:
		return 0, refuse("2011900", "Parameter SANSToAdd is Invalid")
	case added < 0 || added > 99:
		return 0, refuse("2013900", "Parameter SANSToAdd is OutOfRange")
	case added > 0 && p.coverage != multiDomain:
		return 0, refuse("2011767", "Addon details is not available for the SSLType")
	case added > maxAdded:
		return 0, refuse("2011767", "Number of SANS To add is not within the limit.")
	}
	return added, nil
}

// termPrice is the price of a term with its add-on domains.
func termPrice(base money, p *product, years, added int, promotion *Promotion) money {
	return forTerm(base, years, p.absolute, promotion) + forTerm(p.domain, years, p.absolute, promotion)*money(added)
}

// create is ssl.create: a purchase.
func (s *Simulator) create(c *call, x *xmlWriter) *apiError {
	years, refused := c.years("Parameter Years is OutOfRange")
	if refused != nil {
		return refused
	}
	name := c.get("type")
	if name == "" {
		return refuse("2010298", "Parameter Type is Missing")
	}
	p, refused := s.sold(name, "Type", c.now)
	if refused != nil {
		return refused
	}
	added, refused := addedDomains(c.get("sanstoadd"), p)
	if refused != nil {
		return refused
	}
	promotion, refused := s.promotion(c)
	if refused != nil {
		return refused
	}
	if refused := s.yearBan(years); refused != nil {
		return refused
	}
	amount := termPrice(p.purchase, p, years, added, promotion)
	bought, refused := s.purchase(c.account, p, years, added, amount, "ssl.create", c.now)
	if refused != nil {
		return refused
	}
	promotion.use()
	if found := productNamed(name); found.name == p.name {
		bought.requested = name // an accepted name is echoed as it was spelled
	}
	x.open("SSLCreateResult", "IsSuccess", "true", "OrderId", decimal(bought.order.id),
		"TransactionId", decimal(bought.order.transaction), "ChargedAmount", amount.String())
	x.empty("SSLCertificate", "CertificateID", decimal(bought.id), "Created", wireDate(c.now, s.switches.CreateDates),
		"SSLType", bought.requested, "Years", strconv.Itoa(years),
		"Status", letterCase(s.word(bought, c.now), s.switches.CreateStatusCase))
	x.close("SSLCreateResult")
	return nil
}

// purchase charges an account and books a first certificate.
func (s *Simulator) purchase(a *account, p *product, years, added int, amount money, command string, now time.Time) (*certificate, *apiError) {
	order, transaction, refused := s.charge(now, debit{
		account: a, command: command, certificate: s.numbers.certificate, product: p, amount: amount, years: years, domains: added,
	})
	if refused != nil {
		return nil, refused
	}
	booked := s.newOrder(a, p, years, added, now)
	booked.id, booked.transaction = order, transaction
	return s.newCertificate(booked, now, newPurchase), nil
}
