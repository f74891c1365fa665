// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxHops bounds how many replacements of one certificate are followed. A chain
// longer than any customer's patience is a provider's mistake.
const maxHops = 16

// Synchronize asks the provider about the certificates of one service that can
// still change and brings the mirror up to date: statuses, issued certificates,
// reissues that were made elsewhere. An operation whose outcome is uncertain is
// settled where the provider's answer proves it.
//
// Codes: service_not_found, replacement_chain, operation_in_progress and those of
// a read that failed.
func (b *Bridge) Synchronize(ctx context.Context, caller Caller, serviceID string) (Result, error) {
	for range writeAttempts {
		stored, err := b.Service(ctx, caller.Panel, serviceID)
		if err != nil {
			return Result{}, err
		}
		account, err := b.account(stored.Account)
		if err != nil {
			return Result{}, err
		}
		seen, err := b.look(ctx, account.Upstream, stored)
		if err != nil {
			return Result{}, err
		}
		result, err := b.takeInOwn(ctx, caller, stored, seen, account.Upstream)
		switch {
		case errors.Is(err, ErrStale):
		case errors.Is(err, ErrExists):
			return Result{}, brokenChain(err)
		default:
			return result, err
		}
	}
	return Result{}, inProgress()
}

// takeInOwn stores what was seen. What was found while looking for a lost answer
// may belong to another service, which the store says; then it goes on looking.
func (b *Bridge) takeInOwn(ctx context.Context, caller Caller, stored Service, seen []CertificateDetail, upstream Provider) (Result, error) {
	search := &search{upstream: upstream, others: map[string]bool{}, asked: map[string]CertificateDetail{}}
	for {
		search.found = ""
		result, err := b.takeIn(ctx, caller, stored, seen, search)
		if !errors.Is(err, ErrExists) || search.found == "" {
			return result, err
		}
		search.others[search.found] = true
	}
}

// brokenChain: what the provider says about replacements cannot be believed. It
// takes a person.
func brokenChain(cause error) *Error {
	return &Error{Kind: KindUnavailable, Code: "replacement_chain", Detail: tellSupport, Err: cause}
}

// look reads every certificate of a service that can still change.
func (b *Bridge) look(ctx context.Context, upstream Provider, s Service) ([]CertificateDetail, error) {
	var waiting []string
	for _, certificate := range s.Certificates {
		if certificate.changes() || s.Operation != nil && s.Operation.CertificateID == certificate.CertificateID {
			waiting = append(waiting, certificate.CertificateID)
		}
	}
	return b.askAbout(ctx, upstream, s, waiting)
}

// askAbout reads certificates of a service, and follows replacements that it does
// not know to their end.
func (b *Bridge) askAbout(ctx context.Context, upstream Provider, s Service, waiting []string) ([]CertificateDetail, error) {
	var seen []CertificateDetail
	asked := map[string]bool{}
	for hops := 0; len(waiting) > 0; {
		id := waiting[0]
		waiting = waiting[1:]
		if asked[id] {
			continue
		}
		asked[id] = true
		detail, err := b.ask(ctx, upstream, id)
		if err != nil {
			return nil, err
		}
		seen = append(seen, detail)
		if next := detail.ReplacedBy; next != "" && s.Certificate(next) == nil {
			if hops++; hops > maxHops {
				return nil, brokenChain(fmt.Errorf("certificate %s is replaced more than %d times", id, maxHops))
			}
			waiting = append(waiting, next)
		}
	}
	return seen, nil
}

func (b *Bridge) ask(ctx context.Context, upstream Provider, certificateID string) (CertificateDetail, error) {
	ctx, cancel := context.WithTimeout(ctx, b.callTimeout)
	defer cancel()
	detail, err := upstream.Certificate(ctx, certificateID)
	if err != nil {
		return CertificateDetail{}, readFailure(err)
	}
	return detail, nil
}

// changes tells whether the provider may still say something new about a
// certificate.
func (c *Certificate) changes() bool {
	switch c.Status {
	case StatusReplaced, StatusRevoked, StatusCancelled:
		return false
	}
	return true
}

// takeIn stores what was seen, and in the same write what it proves about an
// operation in doubt.
func (b *Bridge) takeIn(ctx context.Context, caller Caller, stored Service, seen []CertificateDetail, search *search) (Result, error) {
	after, operation, events := b.compose(ctx, caller, stored, seen, search)
	return b.write(&stored, after, operation, events)
}

// compose works out what a service becomes by what was seen, with the operation
// that this settles or puts in doubt, if any. It writes nothing.
func (b *Bridge) compose(ctx context.Context, caller Caller, stored Service, seen []CertificateDetail, search *search) (Service, *Operation, []Event) {
	after := stored.Clone()
	events := b.mirrorDetails(&after, seen)
	changed, err := b.prove(ctx, &after, seen, search)
	if err != nil {
		// What was seen is worth storing all the same.
		b.log.Warn("an operation in doubt could not be looked after", "operation", after.Operation.ID, "error", err)
	}
	now := b.instant()
	after.SynchronizedAt = now
	for i := range events {
		events[i].Actor = caller.Actor
	}
	operation := after.Operation
	switch {
	case !changed:
		return after, nil, events
	case operation.State.Open():
		events = append(events, abandoned(*operation))
	default:
		operation.FinishedAt = now
		events = append(events, Event{
			Kind: "operation." + string(operation.State), Actor: caller.Actor, Operation: operation.ID,
			Detail: string(operation.Kind) + ", by what the provider holds",
		})
	}
	operation.UpdatedAt, operation.LookAt = now, b.lookAt(operation)
	return after, operation, events
}

// mirrorDetails brings a service's certificates up to what the provider said.
func (b *Bridge) mirrorDetails(s *Service, seen []CertificateDetail) []Event {
	var events []Event
	for _, detail := range seen {
		if s.Certificate(detail.CertificateID) == nil && s.adopt(detail, seen, b.instant()) {
			events = append(events, Event{Kind: "certificate.found", Detail: "certificate " + detail.CertificateID + ", a reissue made elsewhere"})
		}
		certificate := s.Certificate(detail.CertificateID)
		if certificate == nil {
			continue
		}
		if detail.ReplacedBy != "" && s.replacesInACircle(certificate, detail.ReplacedBy) {
			events = append(events, Event{Kind: "certificate.circle", Detail: "certificate " + certificate.CertificateID +
				" is said to be replaced by " + detail.ReplacedBy + ", which it replaces; not believed"})
			detail = withoutReplacement(certificate, detail)
		}
		before := certificate.Status
		b.mirrorDetail(certificate, detail)
		s.relink(certificate)
		if certificate.Status != before {
			events = append(events, Event{Kind: "certificate." + string(certificate.Status),
				Detail: fmt.Sprintf("certificate %s was %s", certificate.CertificateID, before)})
		}
	}
	return append(events, s.retire()...)
}

// adopt links a certificate that the provider says replaced one of the lineage:
// a reissue made elsewhere, or one of ours whose answer was lost. It comes before
// the certificate that in turn replaced it, if that one is known already.
func (s *Service) adopt(detail CertificateDetail, seen []CertificateDetail, now time.Time) bool {
	i := slices.IndexFunc(seen, func(d CertificateDetail) bool { return d.ReplacedBy == detail.CertificateID })
	if i < 0 || s.Certificate(seen[i].CertificateID) == nil {
		return false
	}
	replaced := *s.Certificate(seen[i].CertificateID)
	found := Certificate{
		CertificateID: detail.CertificateID, OrderID: replaced.OrderID, Reason: ReasonReissue, Status: StatusUnknown,
		Replaces: replaced.CertificateID, WebServer: replaced.WebServer, Contact: replaced.Contact, CreatedAt: now,
	}
	found.name(detail, replaced)
	at := slices.IndexFunc(s.Certificates, func(c Certificate) bool { return c.CertificateID == detail.ReplacedBy })
	if at < 0 {
		at = len(s.Certificates)
	}
	s.Certificates = slices.Insert(s.Certificates, at, found)
	return true
}

// name finds out what a certificate that somebody else asked for is for: from its
// CSR, else from the one that it replaces. How control of the names is shown is
// taken over, so that the next reissue can take it over in turn.
func (c *Certificate) name(detail CertificateDetail, replaced Certificate) {
	c.CommonName, c.Domains = replaced.CommonName, slices.Clone(replaced.Domains)
	if csr, err := DecodeCSR(detail.CSR); err == nil {
		c.CommonName, c.Domains = csr.CommonName, csr.Domains
	}
	names := []string{c.CommonName}
	if len(replaced.Validation) > 1 {
		names = append(names, c.Domains...)
	}
	for _, name := range names {
		for _, before := range replaced.Validation {
			if before.Domain == name || len(replaced.Validation) == 1 && before.Method != ValidateByEmail {
				c.Validation = append(c.Validation, DomainValidation{
					Domain: name, Method: before.Method, ApproverEmail: before.ApproverEmail, Status: ValidationPending,
				})
			}
		}
	}
}

// replacesInACircle tells whether a certificate, or what it replaced, is said to
// have been replaced by one of these.
func (s *Service) replacesInACircle(certificate *Certificate, replacedBy string) bool {
	for hops := 0; certificate != nil && hops <= len(s.Certificates); hops++ {
		if certificate.CertificateID == replacedBy {
			return true
		}
		certificate = s.Certificate(certificate.Replaces)
	}
	return false
}

// withoutReplacement is a detail whose replacement is not believed: then it is not
// replaced either.
func withoutReplacement(certificate *Certificate, detail CertificateDetail) CertificateDetail {
	detail.ReplacedBy = ""
	if detail.Status == StatusReplaced {
		detail.Status = certificate.Status
		if detail.Leaf != nil {
			detail.Status = StatusIssued
		}
	}
	return detail
}

// relink notes what replaced what in a chain whose middle was found late.
func (s *Service) relink(certificate *Certificate) {
	next := s.Certificate(certificate.ReplacedBy)
	if next != nil && next.Reason == ReasonReissue && next.Replaces != certificate.CertificateID {
		next.Replaces = certificate.CertificateID
	}
}

// mirrorDetail takes over what the provider said about one certificate. What it
// left out stays as it was.
func (b *Bridge) mirrorDetail(c *Certificate, detail CertificateDetail) {
	c.ProviderStatus, c.StatusDetail = detail.ProviderStatus, detail.StatusDetail
	if detail.ProviderProduct != "" {
		c.ProviderProduct = detail.ProviderProduct
	}
	if detail.ReplacedBy != "" {
		c.ReplacedBy = detail.ReplacedBy
	}
	if !detail.ActivationEndsOn.IsZero() {
		c.ActivationEndsOn = detail.ActivationEndsOn
	}
	if !detail.ExpiresOn.IsZero() {
		c.ExpiresOn = detail.ExpiresOn
	}
	if c.CommonName == "" {
		c.CommonName = detail.CommonName
	}
	if c.CSR == "" {
		c.CSR = detail.CSR
	}
	if detail.Leaf != nil {
		c.Leaf = detail.Leaf
	}
	c.Status = b.statusOf(c, detail)
	if c.Leaf != nil {
		for i := range c.Validation {
			c.Validation[i].Status = ValidationCompleted
		}
	}
}

// statusOf is the status of a certificate after the provider was asked. One that
// was issued and replaced stays in use until its replacement is issued, so
// "replaced" is not taken over here but by retire. A leaf whose time is over has
// expired, whatever the provider says.
func (b *Bridge) statusOf(c *Certificate, detail CertificateDetail) Status {
	status := detail.Status
	switch {
	case c.Status == StatusRevoked, c.Status == StatusReplaced && status == StatusReplaced:
		return c.Status
	case status == StatusReplaced && c.Leaf != nil:
		status = StatusIssued
	case status == StatusIssued && c.Leaf == nil:
		// Issued without a file is not issued for a customer.
		return StatusPendingValidation
	}
	if status == StatusIssued && !b.now().Before(c.Leaf.NotAfter) {
		return StatusExpired
	}
	return status
}

// retire marks certificates as replaced whose replacement, or what replaced that
// in turn, is issued.
func (s *Service) retire() []Event {
	var events []Event
	for i := range s.Certificates {
		certificate := &s.Certificates[i]
		next := s.issuedAfter(certificate)
		if next == nil || !certificate.changes() {
			continue
		}
		certificate.Status = StatusReplaced
		events = append(events, Event{Kind: "certificate.replaced",
			Detail: "certificate " + certificate.CertificateID + " by " + next.CertificateID})
	}
	return events
}

// issuedAfter follows what replaced a certificate to the first that was issued.
func (s *Service) issuedAfter(certificate *Certificate) *Certificate {
	for range s.Certificates {
		certificate = s.Certificate(certificate.ReplacedBy)
		if certificate == nil || certificate.Leaf != nil {
			return certificate
		}
	}
	return nil
}
