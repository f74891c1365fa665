// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"strings"
	"time"
)

// The methods in this file are what people do at the provider and its
// certificate authority: no API command leads there.

// wrongStatus is the error of an action that a status forbids.
func wrongStatus(action string, c *certificate) error {
	return fmt.Errorf("simulator: certificate %d is %s and cannot be %s: %w", c.id, c.status, action, ErrStatus)
}

// Approve validates a pending certificate by hand, all names and papers, and
// issues it. It fails for OV and EV certificates where those are never issued.
func (s *Simulator) Approve(certificateID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(certificateID)
	switch {
	case err != nil:
		return err
	case found.status != purchased:
		return wrongStatus("approved", found)
	case s.neverIssued(found):
		return fmt.Errorf("simulator: certificate %d: %s certificates are never issued here: %w", found.id, found.product.validation, ErrStatus)
	}
	now := s.clock.now()
	for _, name := range found.names {
		name.passedAt = now
	}
	return s.issue(found, now)
}

// Cancel cancels or refunds a certificate. The charge stays in the ledger.
func (s *Simulator) Cancel(certificateID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(certificateID)
	if err != nil {
		return err
	}
	switch found.status {
	case newPurchase, newRenewal, purchased, active:
		found.status = cancelled
		return nil
	}
	return wrongStatus("cancelled", found)
}

// RejectByCA has the certificate authority refuse a pending certificate, which
// is a purchaseerror then.
func (s *Simulator) RejectByCA(certificateID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(certificateID)
	if err != nil {
		return err
	}
	if found.status != purchased {
		return wrongStatus("rejected", found)
	}
	found.status = purchaseError
	return nil
}

// Reset has the provider's support reset a purchaseerror, so that the
// certificate can be activated again.
func (s *Simulator) Reset(certificateID string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(certificateID)
	if err != nil {
		return err
	}
	if found.status != purchaseError {
		return wrongStatus("reset", found)
	}
	found.status = newPurchase
	if found.order.renewalOf != nil {
		found.status = newRenewal
	}
	return nil
}

// ReissueByHand reissues an active certificate in the provider's own panel, for
// the same names by CNAME, and returns the new id, which waits for validation.
// An empty csr takes the one of the old certificate.
func (s *Simulator) ReissueByHand(certificateID, csr string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(certificateID)
	if err != nil {
		return "", err
	}
	now := s.clock.now()
	if found.status != active || found.termOver(now) {
		return "", wrongStatus("reissued", found)
	}
	request := found.request
	if strings.TrimSpace(csr) != "" {
		if request, err = s.requests.read(strings.TrimSpace(csr)); err != nil {
			return "", fmt.Errorf("simulator: reissue of %d: %w", found.id, err)
		}
	}
	if refused := fitsCoverage(request.commonName, found.product.coverage); refused != nil || !publicName(request.commonName) {
		return "", fmt.Errorf("simulator: reissue of %d: a certificate of this kind cannot carry %q", found.id, request.commonName)
	}
	domains := []string{request.commonName}
	for _, name := range found.names[1:] {
		if name.domain != request.commonName {
			domains = append(domains, name.domain)
		}
	}
	sub := &submission{request: request, organization: found.organization}
	sub.wholeOrder(domains, byCNAME, "CNAMECSRHASH")
	successor, err := s.replace(found, sub, now)
	if err != nil {
		return "", err
	}
	return decimal(successor.id), nil
}

// PurchaseByHand buys a certificate in the provider's own panel, charged to the
// first account as "panel.purchase", and returns its id.
func (s *Simulator) PurchaseByHand(product string, years int) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if years < 1 || years > 5 {
		return "", fmt.Errorf("simulator: %d years: a term has 1 to 5", years)
	}
	p, refused := s.sold(product, "Type", now)
	if refused != nil {
		return "", fmt.Errorf("simulator: product %q: %s", product, refused.text)
	}
	bought, refused := s.purchase(s.firstAccount, p, years, 0, forTerm(p.purchase, years, p.absolute, nil), "panel.purchase", now)
	if refused != nil {
		return "", fmt.Errorf("simulator: purchase of %q: %s", product, refused.text)
	}
	return decimal(bought.id), nil
}

// maxStock bounds what one call of Stock makes.
const maxStock = 1_000_000

// Stock puts so many certificates that await their configuration into the first
// account, charged to nobody, and returns their ids, the oldest first. It is for
// accounts that are larger than anybody can buy.
func (s *Simulator) Stock(product string, years, count int) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	if years < 1 || years > 5 || count < 1 || count > maxStock {
		return nil, fmt.Errorf("simulator: a stock has 1 to %d certificates with terms of 1 to 5 years", maxStock)
	}
	p, refused := s.sold(product, "Type", now)
	if refused != nil {
		return nil, fmt.Errorf("simulator: product %q: %s", product, refused.text)
	}
	ids := make([]string, 0, count)
	for range count {
		booked := s.newOrder(s.firstAccount, p, years, 0, now)
		booked.id, booked.transaction = next(&s.numbers.order), next(&s.numbers.transaction)
		ids = append(ids, decimal(s.newCertificate(booked, now, newPurchase).id))
	}
	return ids, nil
}

// Certificate is a certificate as the provider's staff sees it.
type Certificate struct {
	ID              string       `json:"id"`
	Account         string       `json:"account"`
	Status          string       `json:"status"` // as getInfo has it, lower case
	Product         string       `json:"product"`
	Years           int          `json:"years"`
	AddedDomains    int          `json:"added_domains"`
	OrderID         string       `json:"order_id"`
	ProviderOrderID string       `json:"provider_order_id,omitempty"`
	CommonName      string       `json:"common_name,omitempty"`
	Names           []Validation `json:"names,omitempty"`
	PurchasedAt     time.Time    `json:"purchased_at"`
	IssuedAt        time.Time    `json:"issued_at,omitzero"`
	NotAfter        time.Time    `json:"not_after,omitzero"`
	SerialNumber    string       `json:"serial_number,omitempty"` // lower-case hex
	TermStart       time.Time    `json:"term_start,omitzero"`
	TermEnd         time.Time    `json:"term_end,omitzero"`
	Replaces        string       `json:"replaces,omitempty"`
	ReplacedBy      string       `json:"replaced_by,omitempty"`
}

// Validation is what is expected for one name of a certificate.
type Validation struct {
	Domain   string `json:"domain"`
	Method   string `json:"method"` // "email", "http" or "cname"
	Passed   bool   `json:"passed"`
	Approver string `json:"approver,omitempty"`
	URL      string `json:"url,omitempty"`
	Content  string `json:"content,omitempty"`
	Host     string `json:"host,omitempty"`
	Target   string `json:"target,omitempty"`
}

// Certificates returns all certificates of all accounts, by account and id.
func (s *Simulator) Certificates() []Certificate {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	list := make([]Certificate, 0, len(s.certificates))
	for _, name := range sortedKeys(s.accounts) {
		for _, one := range s.accounts[name].certificates {
			list = append(list, s.view(one, now))
		}
	}
	return list
}

func (s *Simulator) view(c *certificate, now time.Time) Certificate {
	o := c.order
	view := Certificate{
		ID: decimal(c.id), Account: o.account.ApiUser, Status: s.word(c, now), Product: c.product.name, Years: o.years,
		AddedDomains: o.added, OrderID: decimal(o.id), CommonName: c.hostName(), PurchasedAt: c.listedAt,
		IssuedAt: c.issuedAt, NotAfter: c.notAfter, SerialNumber: c.serial, TermStart: o.start, TermEnd: o.end,
	}
	if o.provider != 0 {
		view.ProviderOrderID = decimal(o.provider)
	}
	if c.replaces != nil {
		view.Replaces = decimal(c.replaces.id)
	}
	if c.replacedBy != nil {
		view.ReplacedBy = decimal(c.replacedBy.id)
	}
	for _, name := range c.names {
		one := Validation{Domain: name.domain, Method: name.method, Passed: !name.passedAt.IsZero(), Approver: name.approver}
		switch name.method {
		case byHTTP:
			file, content := c.file()
			one.URL, one.Content = "http://"+name.domain+"/.well-known/pki-validation/"+file, content
		case byCNAME:
			one.Host, one.Target = c.record(name)
		}
		view.Names = append(view.Names, one)
	}
	return view
}
