// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Decidable tells whether a person may decide about an operation: not while the
// provider may still carry it out. One that was never sent may be closed at any
// time.
func (b *Bridge) Decidable(operation Operation) bool {
	switch operation.State {
	case OperationRecorded, OperationNeedsAttention:
		return true
	case OperationSent, OperationUncertain:
		return !b.now().Before(operation.SentAt.Add(b.rest()))
	}
	return false
}

// Choice is one thing that a person may decide about an operation.
type Choice struct {
	Verdict       Verdict
	CertificateID string // what to adopt; "" for another verdict, and where only the person can name it
}

// Choices are what a person may decide about an operation, the likeliest first.
func (b *Bridge) Choices(operation Operation) []Choice {
	var choices []Choice
	for _, verdict := range b.verdicts(operation) {
		if verdict != VerdictAdopt {
			choices = append(choices, Choice{Verdict: verdict})
			continue
		}
		for _, certificateID := range operation.adoptable() {
			choices = append(choices, Choice{Verdict: verdict, CertificateID: certificateID})
		}
	}
	return choices
}

// adoptable are the certificates that an operation may have brought: the
// candidates, else the one that it acts on, else one that only a person can name.
func (o *Operation) adoptable() []string {
	var candidates []string
	if o.Evidence != nil {
		for _, candidate := range o.Evidence.Candidates {
			candidates = append(candidates, candidate.CertificateID)
		}
	}
	switch {
	case len(candidates) > 0:
		return candidates
	case o.Kind == OperationPurchase || o.Kind == OperationRenew || o.Kind == OperationReissue:
		return []string{""}
	}
	return []string{o.CertificateID}
}

// verdicts are those that a person may come to about an operation.
func (b *Bridge) verdicts(operation Operation) []Verdict {
	switch {
	case !b.Decidable(operation):
		return nil
	case operation.State == OperationRecorded:
		return []Verdict{VerdictNotExecuted}
	case operation.Result != OperationResult{}:
		return []Verdict{VerdictGiveUp} // the provider said what it did
	}
	return []Verdict{VerdictAdopt, VerdictNotExecuted, VerdictGiveUp}
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
	case !b.Decidable(operation):
		return nil, conflict("operation_under_way", "This operation is still under way, or its request may be; wait until certbridge has looked after it.")
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
	if possible := b.verdicts(*s.Operation); !slices.Contains(possible, decision.Verdict) {
		return s, invalid("verdict_invalid", "This operation can be decided as: %v.", possible)
	}
	switch decision.Verdict {
	case VerdictAdopt:
		change, err := b.adoption(ctx, s, decision.CertificateID)
		if err != nil {
			return s, err
		}
		return b.writeOutcome(s, OperationSucceeded, nil, decided(decision, change), nil)
	case VerdictNotExecuted:
		return b.writeOutcome(s, OperationRefused, wasNotExecuted(), decided(decision, nothing), nil)
	}
	failure := &Failure{Code: "given_up", Detail: "It was never found out whether this was carried out. " + tellSupport}
	return b.writeOutcome(s, OperationRefused, failure, decided(decision, nothing), nil)
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
	account, err := b.account(s.Account)
	if err != nil {
		return nil, err
	}
	detail, err := b.ask(ctx, account.Upstream, certificateID)
	if err != nil {
		return nil, err
	}
	if product, err := account.product(s.Product); err == nil && detail.Product != "" { // else it is not sold any more
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
	if s.Operation.Kind != OperationAddDomains {
		if err := s.mayHaveBought(detail); err != nil {
			return nil, err
		}
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
	var source ChargeSource
	bought.Charged, source = s.Operation.inferredCharge(s.Operation.Evidence)
	change := chargedBy(source, next.bought(bought))
	return func(s *Service, operation *Operation) []Event {
		events := change(s, operation)
		b.mirrorDetail(s.Certificate(detail.CertificateID), detail)
		return events
	}, nil
}

// mayHaveBought refuses a certificate that cannot be what a charge brought.
func (s *Service) mayHaveBought(detail CertificateDetail) error {
	operation := s.Operation
	var asked struct {
		Years int `json:"years"`
	}
	if err := operation.asked(&asked); err != nil {
		return err
	}
	candidate := operation.Evidence != nil && slices.ContainsFunc(operation.Evidence.Candidates, func(c Candidate) bool {
		return c.CertificateID == detail.CertificateID
	})
	switch {
	case s.Certificate(detail.CertificateID) != nil:
		return notAdoptable("certificate %s belongs to this service already", detail.CertificateID)
	case !candidate && operation.Noted != nil && slices.Contains(operation.Noted.Newest, detail.CertificateID):
		return notAdoptable("certificate %s was there before the call", detail.CertificateID)
	case detail.Years != 0 && detail.Years != asked.Years:
		return notAdoptable("certificate %s is for %d years, and %d were asked for", detail.CertificateID, detail.Years, asked.Years)
	case detail.Status.dead():
		return notAdoptable("certificate %s is %s", detail.CertificateID, detail.Status)
	}
	return nil
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
