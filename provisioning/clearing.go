// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// lookPause is how long to wait before a second look; each further pause is
	// twice as long, up to lookPauseMost.
	lookPause, lookPauseMost = time.Minute, 10 * time.Minute
	// leastLooks is how often somebody has looked before a person is needed, unless
	// it is clear that looking will not help.
	leastLooks = 5
	// silenceDeadline is how long a provider that cannot be asked is waited for
	// before an operation needs a person.
	silenceDeadline = 24 * time.Hour
)

// clearDoubt finds out what became of a charge whose answer was lost. It tells
// whether the lane is open for the next one. It holds the lane, so that nothing
// else is bought between two looks.
func (b *Bridge) clearDoubt(account Account, lane Lane, operation Operation) (open bool, err error) {
	s, err := b.serviceOf(operation)
	if err != nil || s == nil {
		return s == nil, err
	}
	if operation.SentAt.After(b.now().Add(clockMargin)) {
		return false, b.dateAnew(*s, lane)
	}
	if b.now().Before(operation.LookAt) || b.underWay(&operation) {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(WithPriority(b.life, PriorityPurchase), b.callTimeout) // it holds the lane up
	defer cancel()
	seen, err := b.lookFor(ctx, account, operation)
	b.reached("looked")
	if err != nil {
		b.log.Warn("an operation in doubt could not be looked after", "operation", operation.ID, "account", account.Name, "error", err)
		return b.lookLater(*s, nil, &lane)
	}
	var after Service
	switch conclude(account, *s.Operation, &seen) {
	case executed:
		after, err = b.adopt(ctx, account, *s, seen, lane)
	case notExecuted:
		after, err = b.disprove(*s, seen.Evidence, lane)
	default:
		return b.lookLater(*s, &seen, &lane)
	}
	b.reached("reconciled")
	if told := (*Error)(nil); errors.As(err, &told) {
		seen.Conclusion += " But it could not be read: " + told.Code + "."
		return b.lookLater(*s, &seen, &lane)
	}
	if errors.Is(err, ErrExists) {
		seen.Conclusion = "What was found belongs to another service."
		return b.lookLater(*s, &seen, &lane)
	}
	return err == nil && after.Operation == nil, err
}

// clockMargin is how far another machine's clock may be ahead and be believed.
const clockMargin = 5 * time.Minute

// dateAnew has an operation rest from now on whose sender's clock was wrong: by
// that clock nobody would look after it for as long as it was ahead.
func (b *Bridge) dateAnew(s Service, lane Lane) error {
	after, now := s.Clone(), b.instant()
	operation := after.Operation
	b.log.Error("an operation was sent by a machine whose clock is ahead", "operation", operation.ID, "account", operation.Account, "by", operation.SentAt.Sub(now))
	operation.SentAt, operation.LookAt, operation.UpdatedAt, after.UpdatedAt = now, now.Add(b.rest()), now, now
	ctx, cancel := b.storing()
	defer cancel()
	return b.save(ctx, Change{Before: &s, After: &after, Operation: operation, Lane: &lane})
}

// conclude judges, and writes the reason into the evidence.
func conclude(account Account, operation Operation, seen *holdings) finding {
	sure := func(CertificateSummary) bool { return false }
	if wanted, err := wantedBy(account, operation); err == nil && wanted != nil {
		sure = wanted.sure
	}
	found, why := judge(operation, *seen, sure)
	switch {
	case seen.hopeless:
		found, why = ambiguous, "What was to be bought is not sold in this account any more, so nothing can be compared."
	case found == ambiguous:
		seen.hopeless = true
	}
	seen.Conclusion = why
	return found
}

// inferredCharge is what a charge cost whose answer was lost: what the balance fell
// by, if nothing else can have moved it, else what it should have cost.
func (o *Operation) inferredCharge(seen *Evidence) (Money, ChargeSource) {
	noted := o.Noted
	if noted == nil {
		return Money{}, ChargedByPrice
	}
	if seen == nil || len(seen.Candidates) > 1 || !noted.Balance.exceeds(seen.Balance) {
		return noted.Authorised, ChargedByPrice
	}
	fell := noted.Balance.minus(seen.Balance)
	if known := !noted.Authorised.IsZero(); known && !noted.Ceiling && fell != noted.Authorised || fell.exceeds(noted.Authorised) && known {
		return noted.Authorised, ChargedByPrice
	}
	return fell, ChargedByBalance
}

// adopt stores what a charge brought whose answer was lost, as its answer would
// have.
func (b *Bridge) adopt(ctx context.Context, account Account, s Service, seen holdings, lane Lane) (Service, error) {
	next, err := chargeStep(account.Upstream, s)
	if err != nil {
		return s, err
	}
	bought := Purchase{CertificateID: s.Operation.CertificateID}
	var detail CertificateDetail
	if s.Operation.Kind != OperationAddDomains {
		row := seen.rows[0]
		if detail, err = b.ask(ctx, account.Upstream, row.CertificateID); err != nil {
			return s, err
		}
		bought = found(row, detail)
	}
	charged, source := s.Operation.inferredCharge(&seen.Evidence)
	bought.Charged = charged
	change := chargedBy(source, next.bought(bought))
	after, err := b.writeOutcome(s, OperationSucceeded, nil, b.reconciled(seen.Evidence, detail, change), &lane)
	if err == nil {
		b.log.Info("an operation in doubt was carried out", "operation", s.Operation.ID, "account", s.Account,
			"service", s.ServiceID, "certificate", bought.CertificateID, "charged", bought.Charged)
		b.land(s.Operation.ID, after, nil)
	}
	return after, err
}

// found is a certificate that turned up, as the answer would have told of it.
func found(row CertificateSummary, detail CertificateDetail) Purchase {
	return Purchase{
		CertificateID: row.CertificateID, OrderID: detail.OrderID, PurchasedOn: row.PurchasedOn,
		Status: row.Status, ProviderStatus: row.ProviderStatus, ProviderProduct: row.ProviderProduct,
	}
}

// reconciled adds to an outcome what it was concluded from.
func (b *Bridge) reconciled(evidence Evidence, detail CertificateDetail, change effect) effect {
	return func(s *Service, operation *Operation) []Event {
		operation.Evidence = &evidence
		events := change(s, operation)
		if certificate := s.Certificate(detail.CertificateID); certificate != nil && detail.CertificateID != "" {
			b.mirrorDetail(certificate, detail)
		}
		return append(events, Event{Kind: "operation.reconciled", Detail: evidence.Conclusion})
	}
}

// disprove closes an operation that was not carried out. It may be asked for again.
func (b *Bridge) disprove(s Service, evidence Evidence, lane Lane) (Service, error) {
	failure := wasNotExecuted()
	after, err := b.writeOutcome(s, OperationRefused, failure, func(_ *Service, operation *Operation) []Event {
		operation.Evidence = &evidence
		return []Event{{Kind: "operation.reconciled", Detail: evidence.Conclusion}}
	}, &lane)
	if err == nil {
		b.log.Info("an operation in doubt was not carried out", "operation", s.Operation.ID, "account", s.Account, "service", s.ServiceID)
		b.land(s.Operation.ID, after, failure.asError())
	}
	return after, err
}

// wasNotExecuted is why an operation is closed that left no trace.
func wasNotExecuted() *Failure {
	return &Failure{Code: "not_executed", Detail: "This was not carried out. Please ask again.", Retryable: true}
}

// lookLater leaves an operation in doubt, for another look or for a person. seen
// is nil when the provider could not be asked. It tells whether the lane is open,
// which it is once a person has to decide.
func (b *Bridge) lookLater(s Service, seen *holdings, lane *Lane) (open bool, err error) {
	state := OperationUncertain
	if b.needsPerson(*s.Operation, seen) {
		state = OperationNeedsAttention
	}
	var attention *Evidence
	_, err = b.writeOutcome(s, state, failureOf(errors.New("nobody knows whether it was carried out")).err.stored(),
		func(_ *Service, operation *Operation) []Event {
			operation.Looks++
			if seen != nil {
				operation.Evidence = &seen.Evidence
			}
			if state == OperationUncertain {
				operation.LookAt = b.instant().Add(lookPauseAfter(operation.Looks))
				return nil
			}
			attention = operation.Evidence
			return []Event{{Kind: "operation.needs_attention", Detail: string(operation.Kind) + ": " + attention.conclusion()}}
		}, lane)
	if err == nil && state == OperationNeedsAttention {
		b.log.Error("an operation needs attention", "operation", s.Operation.ID, "kind", s.Operation.Kind, "account", s.Account,
			"panel", s.Panel, "service", s.ServiceID, "why", attention.conclusion(), "look", "certbridge reconcile")
	}
	return err == nil && state == OperationNeedsAttention, err
}

// needsPerson tells whether looking again will not help, or was done for too long.
// Time alone does not tell: certbridge itself may have been down.
func (b *Bridge) needsPerson(operation Operation, seen *holdings) bool {
	since := operation.SentAt.Add(b.rest())
	switch {
	case seen != nil && seen.hopeless:
		return true
	case operation.Looks+1 < leastLooks:
		return false
	case seen == nil:
		return b.now().After(since.Add(silenceDeadline))
	}
	return b.now().After(since.Add(b.deadline))
}

func (e *Evidence) conclusion() string {
	if e == nil {
		return "The provider could not be asked."
	}
	return e.Conclusion
}

// lookPauseAfter is the pause after so many looks.
func lookPauseAfter(looks int) time.Duration {
	pause := lookPause
	for range min(looks, 10) - 1 {
		pause *= 2
	}
	return min(pause, lookPauseMost)
}

// asked reads what an operation was asked to do.
func (o *Operation) asked(request any) error {
	if err := json.Unmarshal([]byte(o.Request), request); err != nil {
		return fmt.Errorf("journal: operation %s: %w", o.ID, err)
	}
	return nil
}
