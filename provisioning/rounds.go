// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"time"
)

// roundPage is how many operations are read at a time.
const roundPage = 100

// KeepReconciling makes rounds of reconciliation until ctx ends, the first at
// once, with a pause between two.
func (b *Bridge) KeepReconciling(ctx context.Context, pause time.Duration) {
	for ctx.Err() == nil {
		if _, err := b.round(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("a round of reconciliation did not end", "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// Reconcile makes one round and waits for it: it takes up operations whose holder
// died and looks after those in doubt that are due. What cannot be settled is left
// for a later round or for a person; that is no error.
func (b *Bridge) Reconcile(ctx context.Context) error {
	lanes, err := b.round(ctx)
	for _, ended := range lanes {
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// round looks after every operation that is due. Charges are left to the workers
// of their lanes, which it wakes.
func (b *Bridge) round(ctx context.Context) (lanes []<-chan struct{}, err error) {
	woken := map[string]bool{}
	query := OperationQuery{LookUntil: b.now(), Limit: roundPage}
	for {
		due, err := b.store.Operations(ctx, query)
		if err != nil {
			return lanes, storeUnavailable(err)
		}
		for _, operation := range due {
			query.After = operation.ID
			if _, configured := b.accounts[operation.Account]; !configured {
				continue
			}
			if !operation.Kind.Charges() {
				b.lookAfter(ctx, operation)
			} else if !woken[operation.Account] {
				woken[operation.Account] = true
				lanes = append(lanes, b.wake(operation.Account))
			}
		}
		if len(due) < roundPage {
			return lanes, ctx.Err()
		}
	}
}

// lookAfter has an operation that charges nothing settled by what the provider
// says of its certificate.
func (b *Bridge) lookAfter(ctx context.Context, operation Operation) {
	if b.underWay(&operation) {
		return
	}
	seen := &holdings{Evidence: Evidence{At: b.instant(), Candidates: []Candidate{},
		Conclusion: "What the provider says of certificate " + operation.CertificateID + " does not tell."}}
	_, err := b.Synchronize(ctx, Caller{Panel: operation.Panel, Actor: "certbridge"}, operation.ServiceID)
	if err != nil {
		seen = nil
		b.log.Warn("an operation in doubt could not be looked after", "operation", operation.ID, "account", operation.Account, "error", err)
	}
	latest, err := b.store.Operation(ctx, operation.ID)
	if err != nil || !latest.State.Open() {
		return
	}
	s, err := b.serviceOf(latest)
	if err != nil || s == nil {
		return
	}
	if _, err := b.lookLater(*s, seen, nil); err != nil && !errors.Is(err, ErrStale) {
		b.log.Warn("an operation in doubt could not be put off", "operation", operation.ID, "error", err)
	}
}
