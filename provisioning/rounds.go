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
// once, with a pause between two. In each it tends the synchronizations as well.
func (b *Bridge) KeepReconciling(ctx context.Context, pause time.Duration) {
	for ctx.Err() == nil {
		if _, err := b.round(ctx, ""); err != nil && ctx.Err() == nil {
			b.log.Error("a round of reconciliation did not end", "error", err)
		}
		if err := b.TendSynchronizations(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("synchronizations could not be looked after", "error", err)
		}
		if _, err := b.Expire(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("certificates that have ended could not be marked", "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// Reconcile makes one round and waits for it: it takes up operations whose holder
// died and looks after those in doubt that are due, of one account or, with "", of
// all. What cannot be settled is left for a later round or for a person; that is
// no error.
func (b *Bridge) Reconcile(ctx context.Context, account string) error {
	begun, err := b.round(ctx, account)
	for _, ended := range begun {
		select {
		case <-ended:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return err
}

// round has every operation that is due looked after: charges by the workers of
// their lanes, which it wakes, the others account by account, so that a provider
// that hangs keeps nobody else waiting. What it gives is closed when it is done.
func (b *Bridge) round(ctx context.Context, account string) (begun []<-chan struct{}, err error) {
	charges, others, err := b.due(ctx, account)
	for name := range charges {
		begun = append(begun, b.wake(name))
	}
	for name, operations := range others {
		if ended := b.lookAfterAll(ctx, name, operations); ended != nil {
			begun = append(begun, ended)
		}
	}
	return begun, err
}

// due finds the accounts with charges that are due, and other operations by
// account.
func (b *Bridge) due(ctx context.Context, account string) (charges map[string]bool, others map[string][]Operation, err error) {
	charges, others = map[string]bool{}, map[string][]Operation{}
	query := OperationQuery{Account: account, LookUntil: b.now(), Limit: roundPage}
	for {
		page, err := b.store.Operations(ctx, query)
		if err != nil {
			return charges, others, storeUnavailable(err)
		}
		for _, operation := range page {
			query.After = operation.ID
			_, configured := b.accounts[operation.Account]
			switch {
			case !configured:
			case operation.Kind.Charges():
				charges[operation.Account] = true
			default:
				others[operation.Account] = append(others[operation.Account], operation)
			}
		}
		if len(page) < roundPage {
			return charges, others, ctx.Err()
		}
	}
}

// lookAfterAll looks after the operations of one account that charge nothing, one
// by one. It is nil while an earlier round still does.
func (b *Bridge) lookAfterAll(ctx context.Context, account string, operations []Operation) <-chan struct{} {
	if _, busy := b.looking.LoadOrStore(account, true); busy {
		return nil
	}
	ended := make(chan struct{})
	b.running.Go(func() {
		defer close(ended)
		defer b.looking.Delete(account)
		defer b.survive("reconciliation of " + account)
		for _, operation := range operations {
			if ctx.Err() != nil || b.isClosing() {
				return
			}
			b.lookAfter(ctx, operation)
		}
	})
	return ended
}

// lookAfter has an operation that charges nothing settled by what the provider
// says of its certificate.
func (b *Bridge) lookAfter(ctx context.Context, operation Operation) {
	if b.underWay(&operation) {
		return
	}
	ctx = WithPriority(ctx, PrioritySynchronization)
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
