// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
)

const (
	// storeTimeout bounds one write of the journal.
	storeTimeout = 10 * time.Second
	// settlePatience is how long the outcome of a call is offered to a store that
	// does not take it. After that the operation stays sent, and becomes
	// uncertain for whoever looks at it next.
	settlePatience = 100 * time.Second
	// writeAttempts bounds how often a change is decided anew because somebody
	// else wrote the service meanwhile.
	writeAttempts = 8
)

// step is one operation in the making: what to write down, what to call, and
// what the answer changes.
type step struct {
	kind          OperationKind
	certificateID string
	request       any // goes into the journal as JSON; holds no secret
	// call makes the provider call, once.
	call func(ctx context.Context, operationID string) (effect, error)
	// doubted is what a lost answer takes away, for calls that may be repeated.
	// Optional.
	doubted func(s *Service)
	// For a charge, what it costs, and what having bought changes.
	price  PriceRequest
	bought func(Purchase) effect
	// queued looks for what is meant when the provider says that this was bought
	// already. Optional.
	queued func() *Evidence
}

// effect is what an answer changes. It is pure: it is applied again when
// somebody else wrote the service before it could be stored.
type effect func(s *Service, operation *Operation) []Event

// begin makes the decision durable before the provider hears of it. before is
// nil for a service that is new. On success after holds the open operation.
func (b *Bridge) begin(caller Caller, before, after *Service, next step) error {
	operation, err := b.newOperation(caller, after, next)
	if err != nil {
		return err
	}
	ctx, cancel := b.storing()
	defer cancel()
	after.UpdatedAt = operation.CreatedAt
	b.takeOff(operation.ID)
	err = b.save(ctx, Change{Before: before, After: after, Operation: operation})
	if err != nil && !settledError(err) {
		err = b.readBack(after, operation, err)
	}
	if err != nil {
		b.land(operation.ID, *after, err)
		return err
	}
	after.Operation = operation
	b.reached("recorded")
	return nil
}

// readBack decides whether a write whose answer was lost had happened. Only what
// can be read again counts as written.
func (b *Bridge) readBack(after *Service, operation *Operation, cause error) error {
	ctx, cancel := b.storing()
	defer cancel()
	stored, err := b.store.Service(ctx, after.Panel, after.ServiceID)
	if err != nil || stored.Operation == nil || stored.Operation.ID != operation.ID {
		return storeUnavailable(cause)
	}
	// Of a charge, what another holder of the lane has sent is not what we wrote.
	if sent := stored.Operation; operation.Fence != 0 && (sent.Fence != operation.Fence || sent.State != OperationSent || !sent.SentAt.Equal(operation.SentAt)) {
		return storeUnavailable(cause)
	}
	*after, *operation = stored, *stored.Operation
	return nil
}

func (b *Bridge) newOperation(caller Caller, s *Service, next step) (*Operation, error) {
	request, err := json.Marshal(next.request)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	now := b.instant()
	operation := &Operation{
		ID: b.newID(now), Kind: next.kind, State: OperationRecorded, Panel: s.Panel, ServiceID: s.ServiceID, Account: s.Account,
		CertificateID: next.certificateID, RequestedBy: caller.Actor, Request: string(request),
		CreatedAt: now, UpdatedAt: now, LookAt: now.Add(takeUpAfter),
	}
	if !next.kind.Charges() { // it waits for nothing
		operation.State, operation.Attempts, operation.SentAt, operation.LookAt = OperationSent, 1, now, now.Add(b.rest())
	}
	return operation, nil
}

// newID makes an id that sorts by time of creation: 48 bits of milliseconds, 16
// that count, so that those of one process keep their order within a millisecond,
// then 45 bits of chance.
func (b *Bridge) newID(now time.Time) string {
	return fmt.Sprintf("%012x%04x%s", now.UnixMilli(), b.ids.Add(1)&0xffff, strings.ToLower(rand.Text()[:9]))
}

// instant is the present in the precision that every store keeps.
func (b *Bridge) instant() time.Time { return b.now().UTC().Truncate(time.Microsecond) }

// carryOut calls the provider for an operation that is durable and stores the
// outcome. It returns the service as it is then.
func (b *Bridge) carryOut(s Service, next step) (Service, error) {
	change, exchanges, err := b.call(next, s.Operation)
	b.reached("called")
	if err == nil {
		return b.settle(s, OperationSucceeded, nil, withExchanges(exchanges, change))
	}
	failure := failureOf(err)
	state := stateAfter(next, failure)
	b.log.Warn("operation "+string(state), "operation", s.Operation.ID, "kind", next.kind, "account", s.Account,
		"panel", s.Panel, "service", s.ServiceID, "error", err)
	var evidence *Evidence
	if state == OperationNeedsAttention {
		evidence = next.queued()
	}
	stored, settleErr := b.settle(s, state, failure.err.stored(), withExchanges(exchanges, func(s *Service, operation *Operation) []Event {
		if next.doubted != nil && failure.doubted {
			next.doubted(s)
		}
		operation.Evidence = evidence
		return []Event{{Kind: "operation." + string(state), Detail: string(next.kind) + ": " + failure.err.Error()}}
	}))
	if settleErr != nil {
		return stored, settleErr
	}
	if state.Open() {
		return stored, nil // the answer is the open operation, not an error
	}
	return stored, failure.err
}

// stateAfter is what an operation becomes whose call did not succeed.
func stateAfter(next step, failed failure) OperationState {
	var upstream *ProviderError
	switch {
	case failed.outcome == Unknown:
		return OperationUncertain
	case next.queued != nil && errors.As(failed.err, &upstream) && upstream.Fault == FaultRenewalQueued:
		// It was bought, and we do not know by whom or for what.
		return OperationNeedsAttention
	}
	return OperationRefused
}

// call makes a step's one call. A panic on the way is an answer that was lost.
func (b *Bridge) call(next step, operation *Operation) (change effect, exchanges []Exchange, err error) {
	left := b.remaining(operation)
	if left <= 0 {
		return nil, nil, &ProviderError{Outcome: NotExecuted, Err: errors.New("this process was stopped for too long; nothing was sent")}
	}
	ctx, cancel := context.WithTimeout(b.life, left)
	defer cancel()
	recorder := new(recorder)
	defer func() {
		exchanges = recorder.taken()
		if cause := recover(); cause != nil {
			b.log.Error("a provider call panicked", "operation", operation.ID, "cause", cause, "stack", string(debug.Stack()))
			err = &ProviderError{Outcome: Unknown, Err: fmt.Errorf("panic: %v", cause)}
		}
	}()
	change, err = next.call(WithExchanges(WithPriority(ctx, operation.Kind.priority()), recorder.note), operation.ID)
	return change, nil, err
}

// withExchanges keeps what was said to the provider, and what it said.
func withExchanges(exchanges []Exchange, change effect) effect {
	return func(s *Service, operation *Operation) []Event {
		operation.Exchanges = exchanges
		return change(s, operation)
	}
}

// settle stores the outcome of a service's open operation. What the provider did
// cannot be undone, so the store is asked until it takes it.
func (b *Bridge) settle(s Service, state OperationState, failure *Failure, change effect) (Service, error) {
	giveUp := time.Now().Add(settlePatience)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		after, err := b.writeOutcome(s, state, failure, change, nil)
		if err == nil {
			return after, nil
		}
		if errors.Is(err, ErrExists) {
			state, failure, change = b.idTaken(s, change, err)
		}
		latest, done, err := b.latest(s, state, err)
		if done {
			b.keepLate(s, state, change)
			return latest, err
		}
		s = latest
		if time.Now().After(giveUp) || b.life.Err() != nil {
			b.log.Error("the outcome of an operation could not be stored", "operation", s.Operation.ID, "state", state,
				"result", outcomeOf(s, change), "error", err)
			return s, storeUnavailable(err)
		}
		select {
		case <-time.After(pause):
		case <-b.life.Done():
		}
	}
}

// idTaken is the outcome when the provider answered with an ID that belongs to
// another service. What it answered is kept; nobody can decide what it means but
// a person.
func (b *Bridge) idTaken(s Service, change effect, cause error) (OperationState, *Failure, effect) {
	result := outcomeOf(s, change)
	b.log.Error("a provider id belongs to two services", "operation", s.Operation.ID, "service", s.ServiceID, "result", result, "error", cause)
	failure := &Failure{Code: "id_taken", Detail: "The answer names a certificate or order that another service holds."}
	return OperationNeedsAttention, failure, func(_ *Service, operation *Operation) []Event {
		operation.Result = result
		return []Event{{Kind: "operation.needs_attention", Detail: failure.Detail}}
	}
}

// outcomeOf is what an answer brought, told without storing it.
func outcomeOf(s Service, change effect) OperationResult {
	scratch := s.Clone()
	change(&scratch, scratch.Operation)
	return scratch.Operation.Result
}

// latest reads the service again after a write of its outcome failed. done tells
// that the outcome is stored after all, by us or by whoever took over.
func (b *Bridge) latest(s Service, state OperationState, cause error) (latest Service, done bool, err error) {
	ctx, cancel := b.storing()
	defer cancel()
	stored, err := b.store.Service(ctx, s.Panel, s.ServiceID)
	if err != nil {
		return s, false, errors.Join(cause, err)
	}
	if stored.Operation == nil || stored.Operation.ID != s.Operation.ID {
		return stored, true, nil
	}
	if stored.Operation.Version > s.Operation.Version && stored.Operation.State == state {
		return stored, true, nil
	}
	// Still open, though perhaps marked as uncertain by somebody who believed that
	// nobody waits for its answer: we did, and have it.
	return stored, false, cause
}

// writeOutcome stores an outcome once; under a lane, unless that is nil, only
// while it is held.
func (b *Bridge) writeOutcome(before Service, state OperationState, failure *Failure, change effect, lane *Lane) (Service, error) {
	now := b.instant()
	after := before.Clone()
	operation := after.Operation
	operation.State, operation.Failure, operation.UpdatedAt = state, failure, now
	operation.LookAt = b.lookAt(operation)
	if !state.Open() {
		operation.FinishedAt = now
	}
	after.UpdatedAt = now
	events := change(&after, operation)
	for i := range events {
		events[i].At, events[i].Operation = now, operation.ID
		if events[i].Actor == "" {
			events[i].Actor = operation.RequestedBy
		}
	}
	ctx, cancel := b.storing()
	defer cancel()
	if err := b.save(ctx, Change{Before: &before, After: &after, Operation: operation, Events: events, Lane: lane}); err != nil {
		return Service{}, err
	}
	if !state.Open() {
		after.Operation = nil
	}
	return after, nil
}

// lookAt is when an operation is first to be looked after: not before whoever
// sent it, and the provider, must have ended. Zero when nobody has to.
func (b *Bridge) lookAt(operation *Operation) time.Time {
	switch operation.State {
	case OperationSent, OperationUncertain:
		return operation.SentAt.Add(b.rest())
	}
	return time.Time{}
}

// storing bounds one call of the store. It follows neither the caller, who may
// hang up, nor the end of the bridge, which comes when an outcome still has to be
// written.
func (b *Bridge) storing() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(b.life), storeTimeout)
}

// settledError tells whether the store said definitely that it wrote nothing.
func settledError(err error) bool {
	return errors.Is(err, ErrExists) || errors.Is(err, ErrStale) || errors.Is(err, ErrBusy) || errors.Is(err, ErrNotFound) ||
		errors.Is(err, ErrLaneLost)
}
