// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"time"
)

// reissue is ssl.reissue: a new id for the same order and term. Apart from the
// status there is no guard against asking twice.
func (s *Simulator) reissue(c *call, x *xmlWriter) *apiError {
	old, refused := s.byID(c, 10, invalidID(), refuse("4011294", "CertificateId is not valid"))
	if refused != nil {
		return refused
	}
	if old.status != active || old.termOver(c.now) {
		return refuse("4011331", "Status is InValid.")
	}
	sub, refused := s.readSubmission(c, old.order)
	if refused != nil {
		return refused
	}
	if s.switches.PurchaseError {
		return refuse("3027295", "We are unable to process your order. Error Details: the certificate authority refused the submission")
	}
	if refused := s.chargeReissue(c, old); refused != nil {
		return refused
	}
	successor, err := s.replace(old, sub, c.now)
	if err != nil {
		return refuse("3022296", "Error occured while retrieving details for DNS based DCValidation.") //nolint:misspell // the provider's spelling
	}
	element := s.switches.ReissueElement
	x.open(element, "ID", decimal(successor.id), "IsSuccess", "true")
	s.writeInstructions(x, successor)
	x.close(element)
	return nil
}

// chargeReissue takes a year's price where the switch says that reissues cost.
func (s *Simulator) chargeReissue(c *call, old *certificate) *apiError {
	if s.switches.ReissuePrice != ReissueCharged {
		return nil
	}
	_, _, refused := s.charge(c.now, debit{
		account: c.account, command: "ssl.reissue", certificate: s.numbers.certificate, product: old.product,
		amount: perYear(old.product.purchase, 1), years: 1,
	})
	return refused
}

// replace books the successor of a certificate and hands it to the CA.
func (s *Simulator) replace(old *certificate, sub *submission, now time.Time) (*certificate, error) {
	before := old
	if s.switches.ReplacedBy == TopologyChain {
		between := s.newCertificate(old.order, now, replaced)
		between.replaces = old
		between.request, between.names, between.approver = sub.request, sub.names, sub.approver
		before = between
	}
	successor := s.newCertificate(old.order, now, purchased)
	successor.replaces = before
	successor.product = s.current(old.product, now)
	s.submit(successor, sub, now)
	if s.switches.ReplacedOn == ReplacedOnAcceptance {
		successor.supersede()
	}
	s.reuseValidation(successor, now)
	if s.switches.ReissueIssuesAtOnce && successor.validated() && !s.neverIssued(successor) {
		return successor, s.issue(successor, now)
	}
	return successor, nil
}

// supersede turns what a certificate replaces into replaced.
func (c *certificate) supersede() {
	for later, before := c, c.replaces; before != nil; later, before = before, before.replaces {
		if before.status == active || before.status == replaced {
			before.status, before.replacedBy = replaced, later
		}
	}
}

// reuseValidation carries over validations of this order that are recent
// enough.
func (s *Simulator) reuseValidation(c *certificate, now time.Time) {
	if s.switches.ReissueValidation != ValidationReused {
		return
	}
	for _, name := range c.names {
		at, known := c.order.validatedAt[name.domain]
		if known && now.Before(at.AddDate(0, 0, s.switches.reuseDays(now))) {
			name.passedAt = at
		}
	}
}

// validated tells whether every name of a certificate has passed.
func (c *certificate) validated() bool {
	for _, name := range c.names {
		if name.passedAt.IsZero() {
			return false
		}
	}
	return len(c.names) > 0
}

// neverIssued tells whether the CA will not issue a certificate of this kind
// here.
func (s *Simulator) neverIssued(c *certificate) bool {
	if c.product.validation == domainValidated {
		return false
	}
	switch s.switches.VettedIssuing {
	case VettedNever:
		return true
	case VettedAlways:
		return false
	}
	return s.environment == sandbox
}

// issue signs a pending certificate. The first certificate of an order starts
// its term.
func (s *Simulator) issue(c *certificate, now time.Time) error {
	o := c.order
	start, end := o.start, o.end
	if start.IsZero() {
		start, end = now, now.AddDate(o.years, 0, o.carriedDays)
	}
	notBefore := now.Truncate(time.Second)
	notAfter := s.switches.leafEnd(notBefore, end)
	leaf, serial, err := s.authority.sign(leafTemplate{
		request: c.request, organization: c.organization, names: leafNames(c.product.coverage, c.names),
		notBefore: notBefore, notAfter: notAfter,
	})
	if err != nil {
		return fmt.Errorf("simulator: certificate %d: %w", c.id, err)
	}
	o.start, o.end = start, end
	c.leaf, c.serial, c.issuedAt, c.notAfter, c.status = leaf, serial.Text(16), now, notAfter, active
	for _, name := range c.names {
		if name.passedAt.IsZero() {
			name.passedAt = now
		}
		o.validatedAt[name.domain] = name.passedAt
	}
	c.supersede()
	return nil
}
