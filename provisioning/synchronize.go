// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// maxHops bounds how many replacements of one certificate are followed. A chain
// longer than any customer's patience is a provider's mistake.
const maxHops = 16

// Synchronize asks the provider about the certificates of one service that can
// still change and brings the mirror up to date: statuses, issued certificates,
// reissues that were made elsewhere. An operation whose outcome is uncertain is
// settled where the provider's answer proves it.
//
// Codes: service_not_found, synchronization_conflict and those of a read that
// failed.
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
		result, err := b.takeIn(caller, stored, seen)
		if errors.Is(err, ErrStale) {
			continue
		}
		return result, err
	}
	return Result{}, inProgress()
}

// look reads every certificate of a service that can still change, and follows
// replacements to their end.
func (b *Bridge) look(ctx context.Context, upstream Provider, s Service) ([]CertificateDetail, error) {
	var waiting []string
	for _, certificate := range s.Certificates {
		if certificate.changes() {
			waiting = append(waiting, certificate.CertificateID)
		}
	}
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
				return nil, &Error{Kind: KindUnavailable, Code: "replacement_chain", Detail: tellSupport,
					Err: fmt.Errorf("certificate %s is replaced more than %d times", id, maxHops)}
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
func (b *Bridge) takeIn(caller Caller, stored Service, seen []CertificateDetail) (Result, error) {
	after := stored.Clone()
	events := b.mirrorDetails(&after, seen)
	changed, err := b.prove(&after, seen)
	if err != nil {
		return Result{}, err
	}
	now := b.instant()
	after.SynchronizedAt = now
	for i := range events {
		events[i].Actor = caller.Actor
	}
	if !changed {
		return b.write(&stored, after, nil, events)
	}
	operation := after.Operation
	operation.UpdatedAt = now
	if !operation.State.Open() {
		operation.FinishedAt = now
	}
	return b.write(&stored, after, operation, append(events, Event{
		Kind: "operation." + string(operation.State), Actor: caller.Actor, Operation: operation.ID,
		Detail: string(operation.Kind) + ", by what the provider holds",
	}))
}

// mirrorDetails brings a service's certificates up to what the provider said.
func (b *Bridge) mirrorDetails(s *Service, seen []CertificateDetail) []Event {
	var events []Event
	for _, detail := range seen {
		certificate := s.Certificate(detail.CertificateID)
		if certificate == nil {
			certificate = s.adopt(detail, seen)
			if certificate == nil {
				continue
			}
			certificate.CreatedAt = b.instant()
			events = append(events, Event{Kind: "certificate.found", Detail: "certificate " + detail.CertificateID + " replaces " + certificate.Replaces})
		}
		before := certificate.Status
		b.mirrorDetail(certificate, detail)
		if certificate.Status != before {
			events = append(events, Event{Kind: "certificate." + string(certificate.Status),
				Detail: fmt.Sprintf("certificate %s was %s", certificate.CertificateID, before)})
		}
	}
	return append(events, s.retire()...)
}

// adopt links a certificate that the provider says replaced one of the lineage:
// a reissue made elsewhere, or one of ours whose answer was lost.
func (s *Service) adopt(detail CertificateDetail, seen []CertificateDetail) *Certificate {
	i := slices.IndexFunc(seen, func(d CertificateDetail) bool { return d.ReplacedBy == detail.CertificateID })
	if i < 0 {
		return nil
	}
	replaced := s.Certificate(seen[i].CertificateID)
	if replaced == nil {
		return nil
	}
	s.Certificates = append(s.Certificates, Certificate{
		CertificateID: detail.CertificateID, OrderID: replaced.OrderID, Reason: ReasonReissue,
		Replaces: replaced.CertificateID, WebServer: replaced.WebServer, Contact: replaced.Contact,
	})
	return &s.Certificates[len(s.Certificates)-1]
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

// statusOf is the status of a certificate after the provider was asked. A
// replaced certificate stays in use until its replacement is issued, so
// "replaced" is not taken over here but by retire. A leaf whose time is over has
// expired, whatever the provider says.
func (b *Bridge) statusOf(c *Certificate, detail CertificateDetail) Status {
	status := detail.Status
	if status == StatusReplaced {
		status = c.Status
		if c.Leaf != nil {
			status = StatusIssued
		}
	}
	if status == StatusIssued && c.Leaf == nil {
		// Issued without a file is not issued for a customer.
		return StatusPendingValidation
	}
	if status == StatusIssued && !b.now().Before(c.Leaf.NotAfter) {
		return StatusExpired
	}
	return status
}

// retire marks certificates as replaced whose replacement is issued.
func (s *Service) retire() []Event {
	var events []Event
	for i := range s.Certificates {
		certificate := &s.Certificates[i]
		next := s.Certificate(certificate.ReplacedBy)
		if next == nil || next.Leaf == nil || !certificate.changes() {
			continue
		}
		certificate.Status = StatusReplaced
		events = append(events, Event{Kind: "certificate.replaced",
			Detail: "certificate " + certificate.CertificateID + " by " + next.CertificateID})
	}
	return events
}
