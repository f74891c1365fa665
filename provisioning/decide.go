// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
)

// Decide settles an operation that nobody else can: a person has looked at the
// provider's side. operator is "operator:<name>". certificateID is what the
// operation brought, for VerdictAdopt alone; the provider must hold it, no service
// may own it, and it must be of the class that was asked for.
//
// Codes: operation_not_found, operation_settled, operation_under_way,
// verdict_invalid, certificate_not_adoptable and those of a read that failed.
func (b *Bridge) Decide(ctx context.Context, operator, operationID string, verdict Verdict, certificateID, note string) (Result, error) {
	for range writeAttempts {
		s, err := b.undecided(ctx, operationID)
		if err != nil {
			return Result{}, err
		}
		decision := Decision{Verdict: verdict, CertificateID: certificateID, DecidedBy: operator, At: b.instant(), Note: note}
		after, err := b.settleBy(ctx, *s, decision)
		if errors.Is(err, ErrStale) {
			continue
		}
		if errors.Is(err, ErrExists) {
			return Result{}, notAdoptable("certificate %s or its order belongs to a service already", certificateID)
		}
		if err != nil && !errors.As(err, new(*Error)) {
			err = storeUnavailable(err)
		}
		if err != nil {
			return Result{}, err
		}
		b.log.Info("an operation was decided by a person", "operation", operationID, "verdict", verdict, "by", operator, "certificate", certificateID)
		b.land(operationID, after, nil)
		return Result{Service: after}, nil
	}
	return Result{}, inProgress()
}

// undecided finds the service of an operation that a person may decide.
func (b *Bridge) undecided(ctx context.Context, operationID string) (*Service, error) {
	operation, err := b.store.Operation(ctx, operationID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, &Error{Kind: KindNotFound, Code: "operation_not_found", Detail: "There is no operation with this id."}
	case err != nil:
		return nil, storeUnavailable(err)
	case !operation.State.Open():
		return nil, conflict("operation_settled", "This operation is settled: it is %s.", operation.State)
	case b.underWay(&operation):
		return nil, conflict("operation_under_way", "This operation is still under way; wait until it is uncertain.")
	}
	s, err := b.store.Service(ctx, operation.Panel, operation.ServiceID)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	if s.Operation == nil || s.Operation.ID != operationID {
		return nil, conflict("operation_settled", "This operation was settled a moment ago.")
	}
	return &s, nil
}

// settleBy carries a decision out.
func (b *Bridge) settleBy(ctx context.Context, s Service, decision Decision) (Service, error) {
	switch decision.Verdict {
	case VerdictAdopt:
		change, err := b.adoption(ctx, s, decision.CertificateID)
		if err != nil {
			return s, err
		}
		return b.writeOutcome(s, OperationSucceeded, nil, decided(decision, change), nil)
	case VerdictNotExecuted:
		return b.writeOutcome(s, OperationRefused, wasNotExecuted(), decided(decision, nothing), nil)
	case VerdictGiveUp:
		failure := &Failure{Code: "given_up", Detail: "It was never found out whether this was carried out. " + tellSupport}
		return b.writeOutcome(s, OperationRefused, failure, decided(decision, nothing), nil)
	}
	return s, invalid("verdict_invalid", "A verdict is %s, %s or %s.", VerdictAdopt, VerdictNotExecuted, VerdictGiveUp)
}

func nothing(*Service, *Operation) []Event { return nil }

// decided records who settled an operation.
func decided(decision Decision, change effect) effect {
	return func(s *Service, operation *Operation) []Event {
		events := change(s, operation)
		operation.Decision = &decision
		detail := string(operation.Kind) + ": " + string(decision.Verdict)
		if decision.CertificateID != "" {
			detail += " certificate " + decision.CertificateID
		}
		if decision.Note != "" {
			detail += "; " + decision.Note
		}
		return append(events, Event{Kind: "operation.decided", Actor: decision.DecidedBy, Detail: detail})
	}
}

// adoption is what it changes that a certificate is what an operation brought.
func (b *Bridge) adoption(ctx context.Context, s Service, certificateID string) (effect, error) {
	account, product, err := b.sold(s)
	if err != nil {
		return nil, err
	}
	detail, err := b.ask(ctx, account.Upstream, certificateID)
	if err != nil {
		return nil, err
	}
	if detail.Product != "" {
		if found, err := account.product(detail.Product); err != nil || !found.SameClass(product) {
			return nil, notAdoptable("certificate %s is a %s, not a %s", certificateID, detail.Product, product.Code)
		}
	}
	switch s.Operation.Kind {
	case OperationPurchase, OperationRenew:
		return b.adoptedCharge(account, s, detail)
	case OperationAddDomains:
		if certificateID != s.Operation.CertificateID {
			return nil, notAdoptable("the domains were to be added to certificate %s", s.Operation.CertificateID)
		}
		return b.adoptedCharge(account, s, detail)
	case OperationReissue:
		return b.adoptedReissue(s, detail)
	}
	if certificateID != s.Operation.CertificateID {
		return nil, notAdoptable("the operation is about certificate %s", s.Operation.CertificateID)
	}
	return b.adoptedAction(s, detail)
}

// adoptedCharge: what it cost is what the balance fell by, if that was seen and
// nothing else was bought, else what it should have cost.
func (b *Bridge) adoptedCharge(account Account, s Service, detail CertificateDetail) (effect, error) {
	if s.Operation.Kind != OperationAddDomains && s.Certificate(detail.CertificateID) != nil {
		return nil, notAdoptable("certificate %s belongs to this service already", detail.CertificateID)
	}
	next, err := chargeStep(account.Upstream, s)
	if err != nil {
		return nil, err
	}
	bought := Purchase{
		CertificateID: detail.CertificateID, OrderID: detail.OrderID, Status: detail.Status,
		ProviderStatus: detail.ProviderStatus, ProviderProduct: detail.ProviderProduct,
	}
	if s.Operation.Kind == OperationAddDomains {
		bought.OrderID = ""
	}
	source := ChargedByPrice
	if noted := s.Operation.Noted; noted != nil {
		bought.Charged = noted.Authorised
		if seen := s.Operation.Evidence; seen != nil && len(seen.Candidates) == 1 && noted.Balance.exceeds(seen.Balance) {
			bought.Charged, source = noted.Balance.minus(seen.Balance), ChargedByBalance
		}
	}
	change := chargedBy(source, next.bought(bought))
	return func(s *Service, operation *Operation) []Event {
		events := change(s, operation)
		b.mirrorDetail(s.Certificate(detail.CertificateID), detail)
		return events
	}, nil
}

// adoptedReissue links the certificate that replaced another one.
func (b *Bridge) adoptedReissue(s Service, detail CertificateDetail) (effect, error) {
	request, err := s.Operation.configuration()
	if err != nil {
		return nil, err
	}
	if detail.CertificateID == request.CertificateID {
		return nil, notAdoptable("certificate %s is the one that was to be replaced", detail.CertificateID)
	}
	submission := lostSubmission(request, detail.Leaf != nil)
	submission.CertificateID = detail.CertificateID
	change := reissued(request, submission)
	return func(s *Service, operation *Operation) []Event {
		events := change(s, operation)
		b.mirrorDetail(s.Certificate(detail.CertificateID), detail)
		return append(events, s.retire()...)
	}, nil
}

// adoptedAction: an operation on one certificate was carried out.
func (b *Bridge) adoptedAction(s Service, detail CertificateDetail) (effect, error) {
	request, err := s.Operation.configuration()
	if err != nil {
		return nil, err
	}
	return func(s *Service, operation *Operation) []Event {
		if operation.Kind == OperationActivate {
			s.Certificate(detail.CertificateID).configured(request, lostSubmission(request, detail.Leaf != nil))
		}
		b.mirrorDetail(s.Certificate(detail.CertificateID), detail)
		operation.Result = OperationResult{CertificateID: detail.CertificateID}
		return nil
	}, nil
}

func notAdoptable(format string, args ...any) *Error {
	return conflict("certificate_not_adoptable", "This certificate cannot be adopted: %s.", fmt.Sprintf(format, args...))
}
