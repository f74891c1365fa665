// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"slices"
	"time"
)

// restMargin is how long after a call's deadline nobody concludes from silence:
// the provider may still be working on it.
const restMargin = 30 * time.Second

// prove settles an operation in doubt where one look at its certificate is
// proof. Charges are not: see clearDoubt. It tells whether the operation changed.
func (b *Bridge) prove(ctx context.Context, s *Service, seen []CertificateDetail, search *search) (bool, error) {
	operation := s.Operation
	if operation == nil || b.underWay(operation) {
		return false, nil
	}
	settled, err := b.settledBy(ctx, s, seen, search)
	if err != nil || settled {
		return settled, err
	}
	return operation.doubt(), nil
}

// settledBy closes the open operation if what was seen is proof.
func (b *Bridge) settledBy(ctx context.Context, s *Service, seen []CertificateDetail, search *search) (bool, error) {
	operation := s.Operation
	i := slices.IndexFunc(seen, func(d CertificateDetail) bool { return d.CertificateID == operation.CertificateID })
	switch operation.Kind {
	case OperationActivate:
		if i >= 0 {
			return b.proveActivation(s, seen[i])
		}
	case OperationReissue:
		if i >= 0 {
			return b.proveReissue(ctx, s, seen[i], search)
		}
	case OperationRevoke:
		if i >= 0 && seen[i].Status == StatusRevoked {
			s.Certificate(operation.CertificateID).Status = StatusRevoked
			operation.succeed(operation.CertificateID)
			return true, nil
		}
		return b.letGo(operation), nil
	case OperationChangeValidation, OperationRetryValidation:
		// Asking for these again does no harm, so the doubt can be let go.
		return b.letGo(operation), nil
	}
	return false, nil
}

// doubt marks an operation as uncertain whose sender is gone.
func (o *Operation) doubt() bool {
	if o.State != OperationSent {
		return false
	}
	o.State, o.Failure = OperationUncertain, failureOf(errors.New("nobody waits for its answer any more")).err.stored()
	return true
}

// underWay tells whether an operation is still to be sent, or whoever sent it may
// still get its answer, which holds more than any look at the certificate.
func (b *Bridge) underWay(operation *Operation) bool {
	return operation.State == OperationRecorded || operation.State == OperationSent && b.now().Before(operation.SentAt.Add(b.rest()))
}

// proveActivation: a certificate that went on with our CSR was activated by us;
// one that after a rest still awaits its configuration, is cancelled or was made
// from another CSR was not.
func (b *Bridge) proveActivation(s *Service, detail CertificateDetail) (bool, error) {
	request, err := s.Operation.configuration()
	if err != nil {
		return false, err
	}
	if !sameCSR(request.CSR, detail.CSR) {
		known := detail.CSR != "" || detail.Status == StatusAwaitingConfiguration || detail.Status == StatusCancelled
		return known && b.letGo(s.Operation), nil
	}
	s.Certificate(detail.CertificateID).configured(request, lostSubmission(request, detail.Leaf != nil))
	s.Operation.succeed(detail.CertificateID)
	return true, nil
}

// proveReissue: what replaced the certificate is the answer that was lost. Some
// providers say so only when the new certificate is issued; until then it is
// found among the newest of the account, by its CSR. A certificate is replaced
// only once: when something else replaced it, or nothing is found after a rest,
// ours was not made.
func (b *Bridge) proveReissue(ctx context.Context, s *Service, detail CertificateDetail, search *search) (bool, error) {
	request, err := s.Operation.configuration()
	if err != nil {
		return false, err
	}
	if detail.ReplacedBy == "" {
		found, complete, err := b.findReissue(ctx, s, request, detail, search)
		if err != nil {
			return false, err
		}
		if found == nil {
			return complete && b.letGo(s.Operation), nil
		}
		detail.ReplacedBy, search.found = found.CertificateID, found.CertificateID
		s.adopt(*found, []CertificateDetail{detail}, b.instant())
		b.mirrorDetail(s.Certificate(found.CertificateID), *found)
	}
	successor := s.Certificate(detail.ReplacedBy)
	if successor == nil || successor.CSR == "" {
		return false, nil
	}
	if !sameCSR(request.CSR, successor.CSR) {
		return b.letGo(s.Operation), nil
	}
	successor.configured(request, lostSubmission(request, successor.Leaf != nil))
	s.Operation.succeed(successor.CertificateID)
	return true, nil
}

// search is the state of looking for a certificate whose ID was lost.
type search struct {
	upstream Provider
	found    string                       // the candidate of this attempt
	others   map[string]bool              // candidates that turned out to belong to other services
	asked    map[string]CertificateDetail // what was asked about candidates already
}

const (
	// newestPage is how many of an account's newest certificates are looked through.
	newestPage = 100
	// dateMargin is how far a provider's times may lie before ours and mean the
	// same: authorities date certificates back, and clocks differ.
	dateMargin = 24 * time.Hour
)

// findReissue looks for a certificate with our CSR among the account's newest
// that are for the same name. complete tells that nothing was overlooked there.
func (b *Bridge) findReissue(ctx context.Context, s *Service, request ConfigurationRequest, replaced CertificateDetail, search *search) (found *CertificateDetail, complete bool, err error) {
	asking, cancel := context.WithTimeout(ctx, b.callTimeout)
	defer cancel()
	page, err := search.upstream.Certificates(asking, 1, newestPage)
	if err != nil {
		return nil, false, readFailure(err)
	}
	for _, row := range page.Certificates {
		if row.CommonName != request.CommonName || s.Certificate(row.CertificateID) != nil || search.others[row.CertificateID] {
			continue
		}
		detail, known := search.asked[row.CertificateID]
		if !known {
			if detail, err = b.ask(ctx, search.upstream, row.CertificateID); err != nil {
				return nil, false, err
			}
			search.asked[row.CertificateID] = detail
		}
		if sameCSR(request.CSR, detail.CSR) && mayReplace(replaced, detail, s.Operation.SentAt) {
			return &detail, true, nil
		}
	}
	return nil, page.Unreadable == 0, nil
}

// mayReplace tells whether a certificate with the right CSR can be the reissue of
// another one. The same CSR may serve several purchases: a reissue belongs to the
// same order at the authority, and is not older than the request for it.
func mayReplace(replaced, candidate CertificateDetail, sent time.Time) bool {
	if replaced.AuthorityOrder != "" && candidate.AuthorityOrder != "" && replaced.AuthorityOrder != candidate.AuthorityOrder {
		return false
	}
	return candidate.Leaf == nil || !candidate.Leaf.NotBefore.Before(sent.Add(-dateMargin))
}

// letGo closes an operation as not executed once it has been in doubt for longer
// than its call could take.
func (b *Bridge) letGo(operation *Operation) bool {
	if !b.now().After(operation.SentAt.Add(b.callTimeout + restMargin)) {
		return false
	}
	operation.State, operation.Failure = OperationRefused, wasNotExecuted()
	return true
}

func (o *Operation) succeed(certificateID string) {
	o.State, o.Failure = OperationSucceeded, nil
	o.Result = OperationResult{CertificateID: certificateID}
}

// configuration is what an activation or reissue had asked for.
func (o *Operation) configuration() (ConfigurationRequest, error) {
	var request ConfigurationRequest
	err := o.asked(&request)
	return request, err
}

// lostSubmission stands in for an answer that was lost. The provider's
// instructions are not in it; asking for the same validation again brings them.
func lostSubmission(request ConfigurationRequest, issued bool) Submission {
	status := ValidationPending
	if issued {
		status = ValidationCompleted
	}
	return Submission{Validation: withoutInstructions(request.Validation, status)}
}

// withoutInstructions is what is known of a validation before the provider has
// said what is to be done.
func withoutInstructions(choices []ValidationChoice, status ValidationStatus) []DomainValidation {
	var validation []DomainValidation
	for _, choice := range choices {
		validation = append(validation, DomainValidation{
			Domain: choice.Domain, Method: choice.Method, ApproverEmail: choice.ApproverEmail, Status: status,
		})
	}
	return validation
}

// sameCSR compares two PEM CSRs by what they contain; providers wrap lines anew.
func sameCSR(a, b string) bool {
	one, _ := pem.Decode([]byte(a))
	other, _ := pem.Decode([]byte(b))
	return one != nil && other != nil && bytes.Equal(one.Bytes, other.Bytes)
}
