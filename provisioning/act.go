// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"runtime/debug"
	"time"
)

// move decides the next step of an action from the service as it is.
type move func(s Service) (step, error)

// decision is what an action does about a service: nothing, when what is asked
// for is so already, or some moves one after the other. What it changes in the
// service is stored with the first of them, or by itself.
type decision func(s *Service) ([]move, error)

var serviceIDPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// act takes an action on a service that exists.
func (b *Bridge) act(ctx context.Context, caller Caller, serviceID string, decide decision) (Result, error) {
	return b.actOn(ctx, caller, serviceID, nil, decide)
}

// actOn decides and carries out; fresh, unless nil, makes the service when there
// is none. Decisions are made on a service as it was read and become durable
// only if nobody wrote it meanwhile, so that of two equal requests one acts and
// the other finds it done.
func (b *Bridge) actOn(ctx context.Context, caller Caller, serviceID string, fresh func() Service, decide decision) (Result, error) {
	patience, cancel := context.WithTimeout(ctx, caller.Wait)
	defer cancel()
	for range writeAttempts {
		before, after, err := b.read(ctx, caller.Panel, serviceID, fresh)
		if err != nil {
			return Result{}, err
		}
		moves, err := decide(&after)
		if err != nil {
			return Result{}, err
		}
		if len(moves) == 0 {
			result, err := b.leave(caller.Actor, before, after)
			if errors.Is(err, ErrExists) || errors.Is(err, ErrStale) {
				continue
			}
			return result, err
		}
		next, err := moves[0](after)
		if err != nil {
			return Result{}, err
		}
		if after.Operation != nil {
			joined, err := b.join(patience, *before, next)
			if err != nil || joined.Operation != nil {
				return joined, err
			}
			continue
		}
		err = b.begin(caller, before, &after, next)
		if errors.Is(err, ErrStale) || errors.Is(err, ErrBusy) || errors.Is(err, ErrExists) {
			continue
		}
		if err != nil {
			return Result{}, err
		}
		result, err := b.fly(patience, caller, after, next, moves[1:])
		result.Created = before == nil
		return result, err
	}
	return Result{}, inProgress()
}

// read gives the service as it is stored and a copy to change. before is nil for
// a service that fresh made.
func (b *Bridge) read(ctx context.Context, panel, serviceID string, fresh func() Service) (before *Service, after Service, err error) {
	stored, err := b.Service(ctx, panel, serviceID)
	var missing *Error
	if fresh != nil && errors.As(err, &missing) && missing.Kind == KindNotFound {
		return nil, fresh(), nil
	}
	if err != nil {
		return nil, Service{}, err
	}
	return &stored, stored.Clone(), nil
}

// leave answers an action that has nothing to do upstream. A new service, and
// what was changed in one, is stored as it is.
func (b *Bridge) leave(actor string, before *Service, s Service) (Result, error) {
	switch {
	case before == nil:
		return b.write(nil, s, nil, []Event{{Kind: "service.created", Actor: actor}})
	case !reflect.DeepEqual(*before, s):
		return b.write(before, s, nil, []Event{{Kind: "service.changed", Actor: actor}})
	}
	return Result{Service: s, Unchanged: true}, nil
}

// fly carries an action out, its first step being durable, for as long as the
// caller has patience; after that it goes on alone.
func (b *Bridge) fly(patience context.Context, caller Caller, begun Service, next step, rest []move) (Result, error) {
	type landing struct {
		service Service
		err     error
	}
	landed := make(chan landing, 1)
	b.running.Go(func() {
		defer b.survive("operation " + begun.Operation.ID)
		s, err := b.takeSteps(caller, begun, next, rest)
		landed <- landing{s, err}
	})
	select {
	case l := <-landed:
		if l.err != nil {
			return Result{}, l.err
		}
		return Result{Service: l.service, Operation: l.service.Operation}, nil
	case <-patience.Done():
		return Result{Service: begun, Operation: begun.Operation}, nil
	}
}

// survive keeps a mistake of ours from ending the other operations with it. What
// it was about stays open, and is looked after like one whose sender died.
func (b *Bridge) survive(what string) {
	if cause := recover(); cause != nil {
		b.log.Error(what+" panicked", "cause", cause, "stack", string(debug.Stack()))
	}
}

// takeSteps carries out one step after the other, each durable before it is
// sent, and ends at the first whose outcome is no success.
func (b *Bridge) takeSteps(caller Caller, begun Service, next step, rest []move) (Service, error) {
	s, err := b.inFlight(begun, next)
	for _, decide := range rest {
		if err != nil || s.Operation != nil {
			return s, err
		}
		if next, err = decide(s); err != nil {
			return s, err
		}
		begun = s.Clone()
		if err = b.begin(caller, &s, &begun, next); err != nil {
			return s, asInProgress(err)
		}
		s, err = b.inFlight(begun, next)
	}
	return s, err
}

// inFlight carries out one step that has begun. A charge is carried out by the
// worker of its lane.
func (b *Bridge) inFlight(begun Service, next step) (s Service, err error) {
	if next.kind.Charges() {
		return b.followCharge(begun)
	}
	s = begun
	defer func() { b.land(begun.Operation.ID, s, err) }()
	return b.carryOut(begun, next)
}

// join waits for an open operation if it is the one that next would be. An
// answer without an operation means that it has landed well, and the action is to
// be decided anew.
func (b *Bridge) join(patience context.Context, s Service, next step) (Result, error) {
	asked, err := json.Marshal(next.request)
	if err != nil {
		return Result{}, fmt.Errorf("journal: %w", err)
	}
	open := *s.Operation
	if open.Kind != next.kind || open.CertificateID != next.certificateID || open.Request != string(asked) {
		return Result{}, inProgress()
	}
	if open.State == OperationRecorded {
		b.wake(open.Account) // whoever recorded it may be gone
	}
	if open, err = b.await(patience, open); err != nil {
		return Result{}, err
	}
	if !open.State.Open() {
		return Result{}, open.Failure.asError()
	}
	if after := s.Clone(); !b.underWay(&open) && after.Operation.doubt() {
		result, err := b.write(&s, after, after.Operation, []Event{abandoned(open)})
		if errors.Is(err, ErrStale) {
			return Result{}, nil // somebody else looked after it
		}
		result.Operation = result.Service.Operation
		return result, err
	}
	return Result{Service: s, Operation: &open}, nil
}

// await follows an operation until it has landed or patience ends: by its flight
// if this process has it, and by what the store says of it, as a charge may be
// carried out by another replica.
func (b *Bridge) await(patience context.Context, open Operation) (Operation, error) {
	latest := open
	for wait := followPause; ; wait = min(wait*3/2, followPauseMost) {
		pause := time.NewTimer(wait)
		var landed chan struct{}
		if ours := b.flight(open.ID); ours != nil {
			landed = ours.landed
			if !open.Kind.Charges() {
				pause.Stop()
			}
		} else if wait == followPause {
			pause.Reset(0) // it may have landed already
		}
		select {
		case <-landed:
		case <-pause.C:
		case <-patience.Done():
			pause.Stop()
			return latest, nil
		}
		pause.Stop()
		ctx, cancel := b.storing()
		stored, err := b.store.Operation(ctx, open.ID)
		cancel()
		if err != nil {
			return latest, storeUnavailable(err)
		}
		if latest = stored; !b.underWay(&latest) {
			return latest, nil
		}
	}
}

// followPause is how long to wait before the store is asked again about an
// operation, at first and at the longest.
const followPause, followPauseMost = 200 * time.Millisecond, 5 * time.Second

// abandoned is the event of an operation whose sender is gone.
func abandoned(operation Operation) Event {
	return Event{Kind: "operation." + string(OperationUncertain), Actor: "certbridge", Operation: operation.ID,
		Detail: string(operation.Kind) + ": nobody waits for its answer any more"}
}

// storedKinds are those of failures that no provider told.
var storedKinds = map[string]Kind{
	"not_executed": KindUnavailable, "price_above_ceiling": KindUnavailable, "provider_unreachable": KindUnavailable,
	"service_terminated": KindConflict,
}

// asError is a stored failure told again; nil stays nil.
func (f *Failure) asError() error {
	if f == nil {
		return nil
	}
	told := &Error{Kind: KindRefused, Code: f.Code, Detail: f.Detail, Retryable: f.Retryable, Upstream: f.Upstream}
	if kind, known := storedKinds[f.Code]; known {
		told.Kind = kind
	}
	for _, known := range answers {
		if known.code == f.Code {
			told.Kind = known.kind
		}
	}
	return told
}

func inProgress() *Error {
	return &Error{
		Kind: KindConflict, Code: "operation_in_progress", Retryable: true, RetryAfter: 5 * time.Second,
		Detail: "Something else is being done for this service. Please wait until it is finished.",
	}
}

// asInProgress tells a lost race to a panel.
func asInProgress(err error) error {
	if errors.Is(err, ErrStale) || errors.Is(err, ErrBusy) || errors.Is(err, ErrExists) {
		return inProgress()
	}
	return err
}

// change makes a change that needs nobody upstream. decide answers without an
// event when there is nothing to change.
func (b *Bridge) change(ctx context.Context, caller Caller, serviceID string, decide func(s *Service) (*Event, error)) (Result, error) {
	for range writeAttempts {
		before, after, err := b.read(ctx, caller.Panel, serviceID, nil)
		if err != nil {
			return Result{}, err
		}
		event, err := decide(&after)
		if err != nil {
			return Result{}, err
		}
		if event == nil {
			return Result{Service: after, Unchanged: true}, nil
		}
		event.Actor = caller.Actor
		written, err := b.write(before, after, nil, []Event{*event})
		if errors.Is(err, ErrStale) {
			continue
		}
		return written, err
	}
	return Result{}, inProgress()
}

// write stores a service, with the operation that it settles, if any.
func (b *Bridge) write(before *Service, after Service, operation *Operation, events []Event) (Result, error) {
	ctx, cancel := b.storing()
	defer cancel()
	after.UpdatedAt = b.instant()
	for i := range events {
		events[i].At = after.UpdatedAt
	}
	err := b.save(ctx, Change{Before: before, After: &after, Operation: operation, Events: events})
	if err != nil && !settledError(err) {
		return Result{}, storeUnavailable(err)
	}
	if after.Operation != nil && !after.Operation.State.Open() {
		after.Operation = nil
	}
	return Result{Service: after, Created: before == nil}, err
}
