// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

func chargingKinds() []OperationKind {
	return []OperationKind{OperationPurchase, OperationRenew, OperationAddDomains}
}

// charge carries out one recorded operation, under the lane: note what the
// account holds, make that durable as sent, call once, store the outcome. Its
// error is what keeps the lane from going on; a refusal is none.
func (b *Bridge) charge(account Account, lane Lane, operation Operation) error {
	s, err := b.serviceOf(operation)
	if err != nil || s == nil {
		return err
	}
	landed, err := b.chargeFor(account, lane, *s)
	var told *Error
	if err != nil && (!errors.As(err, &told) || told.Code == "store_unavailable") {
		return err // nothing is settled
	}
	b.land(operation.ID, landed, err)
	return nil
}

func (b *Bridge) chargeFor(account Account, lane Lane, s Service) (Service, error) {
	if s.State == ServiceTerminated {
		return b.turnDown(s, conflict("service_terminated", "This service was terminated."))
	}
	if b.now().After(s.Operation.CreatedAt.Add(staleAfter)) {
		// certbridge was down, or the account was; who still wants it asks again.
		return b.turnDown(s, &Error{Kind: KindUnavailable, Code: "not_executed", Detail: wasNotExecuted().Detail, Retryable: true})
	}
	next, err := chargeStep(account.Upstream, s)
	if err != nil {
		// It would keep all that come after it waiting for ever.
		return b.turnDown(s, &Error{Kind: KindRefused, Code: "not_executed", Detail: tellSupport, Err: err})
	}
	noted, rows, refusal := b.note(account, next)
	switch {
	case refusal == nil:
	case b.isClosing():
		return s, errClosing
	case refusal.Code == answers[FaultThrottled].code && b.now().Before(s.Operation.CreatedAt.Add(b.deadline)):
		return s, b.putOff(s, refusal.RetryAfter)
	default:
		return b.turnDown(s, refusal)
	}
	b.reached("noted")
	sent, err := b.send(lane, s, noted)
	if err != nil {
		return s, err
	}
	b.reached("sent")
	next.queued = func() *Evidence { return b.renewalsIn(account, *sent.Operation, rows) }
	stored, err := b.carryOut(sent, b.watched(sent, next))
	b.reached("settled")
	return stored, err
}

// watched raises an alert when a charge turns out above what was authorised. The
// journal keeps both amounts.
func (b *Bridge) watched(sent Service, next step) step {
	call := next.call
	next.call = func(ctx context.Context, operationID string) (effect, error) {
		change, err := call(ctx, operationID)
		if err == nil {
			b.compareCharge(*sent.Operation, outcomeOf(sent, change))
		}
		return change, err
	}
	return next
}

// staleAfter is how long a charge may wait for its turn. Money is not spent on what
// somebody wanted days ago.
const staleAfter = 48 * time.Hour

// errPutOff: the account takes no calls for now, so the lane is left.
var errPutOff = errors.New("the provider wants fewer calls; the charge waits")

// putOff leaves a charge recorded that was turned away before anything was sent,
// as its panel may have been told that it will come. A round comes back to it.
func (b *Bridge) putOff(s Service, pause time.Duration) error {
	after := s.Clone()
	operation, now := after.Operation, b.instant()
	operation.Looks++
	operation.LookAt, operation.UpdatedAt, after.UpdatedAt = now.Add(max(pause, lookPauseAfter(operation.Looks))), now, now
	ctx, cancel := b.storing()
	defer cancel()
	if err := b.save(ctx, Change{Before: &s, After: &after, Operation: operation}); err != nil {
		return err
	}
	return errPutOff
}

// turnDown closes an operation that was never sent.
func (b *Bridge) turnDown(s Service, refusal *Error) (Service, error) {
	b.log.Warn("operation refused before it was sent", "operation", s.Operation.ID, "kind", s.Operation.Kind,
		"account", s.Account, "panel", s.Panel, "service", s.ServiceID, "error", refusal)
	stored, err := b.settle(s, OperationRefused, refusal.stored(), func(*Service, *Operation) []Event {
		return []Event{{Kind: "operation.refused", Detail: string(s.Operation.Kind) + ": " + refusal.Error()}}
	})
	if err != nil {
		return stored, err
	}
	return stored, refusal
}

// chargeStep makes the step of a charge from what the journal says was asked.
func chargeStep(upstream Provider, s Service) (step, error) {
	operation := s.Operation
	switch operation.Kind {
	case OperationPurchase:
		return restored(operation, func(request PurchaseRequest) step { return purchaseStep(upstream, request) })
	case OperationRenew:
		return restored(operation, func(request RenewalRequest) step { return renewalStep(upstream, s, request) })
	case OperationAddDomains:
		return restored(operation, func(request AddDomainsRequest) step { return addDomainsStep(upstream, s, request) })
	}
	return step{}, fmt.Errorf("journal: operation %s of kind %s does not charge", operation.ID, operation.Kind)
}

func restored[R any](operation *Operation, stepOf func(R) step) (step, error) {
	var request R
	if err := operation.asked(&request); err != nil {
		return step{}, err
	}
	return stepOf(request), nil
}

// send makes durable that the request is about to go out, which only the holder
// of the lane can, and begins its lease anew.
func (b *Bridge) send(lane Lane, s Service, noted Noted) (Service, error) {
	after, now := s.Clone(), b.instant()
	operation := after.Operation
	operation.State, operation.Attempts, operation.Fence, operation.Noted = OperationSent, operation.Attempts+1, lane.Fence, &noted
	operation.SentAt, operation.UpdatedAt, operation.LookAt = now, now, now.Add(b.rest())
	after.UpdatedAt = now
	ctx, cancel := b.storing()
	defer cancel()
	err := b.save(ctx, Change{Before: &s, After: &after, Operation: operation, Lane: &lane})
	if err != nil && !settledError(err) {
		err = b.readBack(&after, operation, err)
	}
	return after, err
}

// remaining is how long the call of an operation may still take. A charge has to
// be over before its lease is; whoever was stopped for too long in between has
// none left, and has sent nothing.
func (b *Bridge) remaining(operation *Operation) time.Duration {
	if !operation.Kind.Charges() {
		return b.callTimeout
	}
	return min(b.callTimeout, operation.SentAt.Add(b.callTimeout).Sub(b.now()))
}

func (b *Bridge) compareCharge(operation Operation, result OperationResult) {
	if operation.Result = result; operation.overcharged() {
		b.meters[operation.Account].noteAbove()
		b.log.Error("charged more than was authorised", "operation", operation.ID, "account", operation.Account,
			"service", operation.ServiceID, "charged", result.Charged, "authorised", operation.Noted.Authorised)
	}
}

// overcharged tells whether a charge is above what was authorised.
func (o *Operation) overcharged() bool {
	return o.Noted != nil && o.Result.Charged.exceeds(o.Noted.Authorised)
}

// note looks at the account before a charge: what it holds and what it can spend,
// what the charge may cost. It is turned down when it cannot be paid or costs
// more than it may, and when the account cannot be looked at.
func (b *Bridge) note(account Account, next step) (noted Noted, rows []CertificateSummary, refusal *Error) {
	ctx, cancel := context.WithTimeout(WithPriority(b.life, PriorityPurchase), b.callTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil { // nothing was sent
			b.log.Error("looking at an account panicked", "account", account.Name, "cause", cause, "stack", string(debug.Stack()))
			refusal = readFailure(fmt.Errorf("panic: %v", cause))
		}
	}()
	noted.At = b.instant()
	price, refusal := authorise(ctx, account, next.price, &noted)
	if refusal != nil {
		return noted, nil, refusal
	}
	var err error
	if noted.Balance, err = account.Upstream.Balance(ctx); err != nil {
		return noted, nil, readFailure(err)
	}
	if refusal := b.affordable(account, noted.Balance, price); refusal != nil {
		return noted, nil, refusal
	}
	page, err := account.Upstream.Certificates(ctx, 1, newestPage)
	if err != nil {
		return noted, nil, readFailure(err)
	}
	noted.Total = page.Total
	for _, row := range page.Certificates {
		noted.Newest = append(noted.Newest, row.CertificateID)
	}
	if next.kind == OperationAddDomains {
		detail, err := account.Upstream.Certificate(ctx, next.certificateID)
		if err != nil {
			return noted, nil, readFailure(err)
		}
		noted.Domains = detail.Domains
	}
	return noted, page.Certificates, nil
}

// authorise finds what a charge may cost: its price, which must not be above the
// ceiling, or the ceiling itself where no price is known. Without either there is
// nothing to compare with.
func authorise(ctx context.Context, account Account, request PriceRequest, noted *Noted) (Money, *Error) {
	ceiling, limited := account.ceiling(request)
	price, err := account.Upstream.Price(ctx, request)
	if err != nil && !limited {
		return Money{}, readFailure(err)
	}
	switch {
	case price.IsZero(): // the list does not say, or could not be read
		noted.Authorised, noted.Ceiling = ceiling, limited
		return Money{}, nil
	case limited && (price.exceeds(ceiling) || price.Currency != ceiling.Currency):
		return price, &Error{
			Kind: KindUnavailable, Code: "price_above_ceiling", Detail: tellSupport,
			Upstream: Upstream{Message: fmt.Sprintf("the price is %s %s, the ceiling %s %s", price, price.Currency, ceiling, ceiling.Currency)},
		}
	}
	noted.Authorised = price
	return price, nil
}

// ceiling is the most that a charge may cost, if there is a limit.
func (a Account) ceiling(request PriceRequest) (Money, bool) {
	limit, limited := a.Ceilings[request.Product]
	if !limited {
		return Money{}, false
	}
	most := limit.DomainPerYear.times(request.AdditionalDomains)
	most.Currency = limit.PerYear.Currency
	if request.Kind != OperationAddDomains {
		most.Units += limit.PerYear.Units
	}
	return most.times(request.Years), true
}

// lowBalancePrices is how many purchases a balance should be enough for, where no
// limit is configured.
const lowBalancePrices = 10

// affordable turns a charge down that the balance does not cover, and warns when
// the balance is getting low.
func (b *Bridge) affordable(account Account, balance, price Money) *Error {
	threshold := account.LowBalance
	if threshold.IsZero() {
		threshold = price.times(lowBalancePrices)
	}
	if b.meters[account.Name].noteBalance(balance, b.instant(), threshold.exceeds(balance)) {
		b.log.Warn("the balance is low", "account", account.Name, "balance", balance, "below", threshold)
	}
	if !price.exceeds(balance) {
		return nil
	}
	return &Error{
		Kind: KindUnavailable, Code: answers[FaultInsufficientFunds].code, Detail: tryLater, Retryable: true,
		Upstream: Upstream{Message: fmt.Sprintf("the balance is %s %s, the price %s %s", balance, balance.Currency, price, price.Currency)},
	}
}
