// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Standing is what an operator's monitoring needs to know at this moment.
type Standing struct {
	// Open counts the operations that are not finished: every kind and open state
	// of every configured account, zeros included, then those of accounts that are
	// not configured any more.
	Open     []OpenCount
	Accounts []AccountStanding // in the order of the configuration
}

// OpenCount is how many open operations of one kind an account has in one state.
type OpenCount struct {
	Account string
	Kind    OperationKind
	State   OperationState
	Count   int
}

// AccountStanding is the money side of one account as this process knows it.
type AccountStanding struct {
	Account   string
	Balance   Money     // when it was last seen
	BalanceAt time.Time // zero if it was not seen since the start; then Balance and Low mean nothing
	Low       bool      // see Account.LowBalance
	// AboveAuthorised counts charges since the start that were higher than
	// authorised.
	AboveAuthorised int
}

// Standing counts what is open and tells what was seen of each account. It calls
// no provider. When the store cannot be read the error comes with all the rest.
//
// Codes: store_unavailable.
func (b *Bridge) Standing(ctx context.Context) (Standing, error) {
	var standing Standing
	for _, name := range b.names {
		standing.Accounts = append(standing.Accounts, b.meters[name].read(name))
	}
	counts := map[OpenCount]int{}
	err := b.eachOperation(ctx, OperationQuery{States: openStates(), Limit: operationsPage}, func(o Operation) {
		counts[OpenCount{Account: o.Account, Kind: o.Kind, State: o.State}]++
	})
	if err != nil {
		return standing, storeUnavailable(err)
	}
	standing.Open = b.openCounts(counts)
	return standing, nil
}

// openCounts puts counts into an order that stays.
func (b *Bridge) openCounts(counts map[OpenCount]int) (open []OpenCount) {
	for _, account := range b.names {
		for _, kind := range operationKinds() {
			for _, state := range openStates() {
				counted := OpenCount{Account: account, Kind: kind, State: state}
				counted.Count = counts[counted]
				delete(counts, OpenCount{Account: account, Kind: kind, State: state})
				open = append(open, counted)
			}
		}
	}
	known := len(open)
	for counted, count := range counts {
		counted.Count = count
		open = append(open, counted)
	}
	slices.SortFunc(open[known:], func(a, b OpenCount) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.State, b.State))
	})
	return open
}

func operationKinds() []OperationKind {
	return []OperationKind{
		OperationPurchase, OperationActivate, OperationReissue, OperationRenew, OperationAddDomains,
		OperationRevoke, OperationChangeValidation, OperationRetryValidation,
	}
}

func openStates() []OperationState {
	return []OperationState{OperationRecorded, OperationSent, OperationUncertain, OperationNeedsAttention}
}

// Operations reads operations of all panels in the order of their creation, for
// operators. A query without States asks for those that are open.
//
// Codes: store_unavailable.
func (b *Bridge) Operations(ctx context.Context, query OperationQuery) ([]Operation, error) {
	if len(query.States) == 0 {
		query.States = openStates()
	}
	found, err := b.store.Operations(ctx, query)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return found, nil
}

// AnyOperation reads an operation of whichever panel with its service, for
// operators.
//
// Codes: operation_not_found, store_unavailable.
func (b *Bridge) AnyOperation(ctx context.Context, id string) (Operation, Service, error) {
	operation, err := b.store.Operation(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Operation{}, Service{}, storeUnavailable(err)
	}
	return b.Operation(ctx, operation.Panel, id)
}

// accountMeter is what was seen of an account's money since the start. It is safe
// for concurrent use.
type accountMeter struct {
	mu      sync.Mutex
	balance Money
	at      time.Time
	low     bool
	above   int
}

// noteBalance notes a balance that was seen, and tells whether it has become low
// with it.
func (m *accountMeter) noteBalance(balance Money, at time.Time, low bool) (becameLow bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if at.Before(m.at) {
		return false // somebody has looked later
	}
	becameLow = low && !m.low
	m.balance, m.at, m.low = balance, at, low
	return becameLow
}

// noteAbove counts a charge that was higher than authorised.
func (m *accountMeter) noteAbove() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.above++
}

func (m *accountMeter) read(account string) AccountStanding {
	m.mu.Lock()
	defer m.mu.Unlock()
	return AccountStanding{Account: account, Balance: m.balance, BalanceAt: m.at, Low: m.low, AboveAuthorised: m.above}
}
