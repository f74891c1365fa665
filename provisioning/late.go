// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"errors"
	"time"
)

// A process can be stopped right before it writes its request, for longer than its
// lease and everybody's patience, and send it all the same. Its operation is
// closed by then. What the provider answered must not be lost with it.

// keepLate is told the outcome of a charge whose operation somebody else closed.
func (b *Bridge) keepLate(begun Service, state OperationState, change effect) {
	if !begun.Operation.Kind.Charges() || state != OperationSucceeded && state != OperationRefused {
		return
	}
	var result OperationResult
	if state == OperationSucceeded {
		result = outcomeOf(begun, change)
	}
	giveUp := time.Now().Add(settlePatience)
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := b.tryKeepLate(begun, state, result)
		if err == nil {
			return
		}
		if time.Now().After(giveUp) || b.life.Err() != nil {
			b.log.Error("the late answer to a charge could not be stored", "operation", begun.Operation.ID, "state", state, "result", result, "error", err)
			return
		}
		select {
		case <-time.After(pause):
		case <-b.life.Done():
		}
	}
}

// tryKeepLate compares a late outcome with the stored one, and writes down what
// contradicts it.
func (b *Bridge) tryKeepLate(begun Service, state OperationState, result OperationResult) error {
	ctx, cancel := b.storing()
	defer cancel()
	stored, err := b.store.Operation(ctx, begun.Operation.ID)
	if err != nil {
		return err
	}
	if stored.State == state && stored.Result.CertificateID == result.CertificateID {
		return nil // whoever closed it came to the same
	}
	latest, err := b.store.Service(ctx, begun.Panel, begun.ServiceID)
	if err != nil {
		return err
	}
	change := Change{Before: &latest, Events: []Event{contradiction(stored, state, result)}}
	if state == OperationSucceeded {
		change.Operation = b.lateCharge(*begun.Operation, result)
	}
	change.Events[0].At = b.instant()
	after := latest.Clone()
	change.After = &after
	err = b.save(ctx, change)
	if errors.Is(err, ErrExists) {
		return nil // an earlier try got through
	}
	if err == nil {
		b.log.Error("a charge was answered after its operation was closed", "operation", stored.ID, "closed as", stored.State,
			"answered", state, "account", stored.Account, "service", stored.ServiceID, "result", result)
	}
	return err
}

// lateCharge is the entry that keeps a charge in the journal. Nobody owns what it
// brought, and so the ledger shows it. Its id can be made only once.
func (b *Bridge) lateCharge(operation Operation, result OperationResult) *Operation {
	now := b.instant()
	operation.ID += "-late"
	operation.Version, operation.State, operation.Result = 0, OperationSucceeded, result
	operation.UpdatedAt, operation.FinishedAt, operation.LookAt = now, now, time.Time{}
	return &operation
}

func contradiction(stored Operation, state OperationState, result OperationResult) Event {
	detail := string(stored.Kind) + ": it was closed as " + string(stored.State) + ", and then the answer came: " + string(state)
	if result.CertificateID != "" {
		detail += ", certificate " + result.CertificateID
	}
	return Event{Kind: "operation.contradicted", Actor: "certbridge", Operation: stored.ID, Detail: detail}
}
