// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"slices"
)

// Priority says who goes first when a provider takes fewer calls than there are.
type Priority string

// The priorities, the highest first. What carries none has PriorityCustomer.
const (
	// PriorityPurchase is for charges and for what holds up the purchase lane.
	PriorityPurchase Priority = "purchase"
	// PriorityCustomer is for what somebody waits for.
	PriorityCustomer Priority = "customer"
	// PrioritySynchronization is for what nobody waits for.
	PrioritySynchronization Priority = "synchronization"
)

// Priorities lists all of them, the highest first.
func Priorities() []Priority {
	return []Priority{PriorityPurchase, PriorityCustomer, PrioritySynchronization}
}

type priorityKey struct{}

// WithPriority has every call to a provider under the returned context made with
// a priority.
func WithPriority(ctx context.Context, priority Priority) context.Context {
	return context.WithValue(ctx, priorityKey{}, priority)
}

// PriorityOf is the priority of the calls that are made under a context.
func PriorityOf(ctx context.Context) Priority {
	if priority, set := ctx.Value(priorityKey{}).(Priority); set {
		return priority
	}
	return PriorityCustomer
}

// before tells whether calls of this priority go before those of another one.
func (p Priority) before(other Priority) bool { return p.rank() < other.rank() }

// rank is 0 for the highest priority. A priority that there is not is the lowest.
func (p Priority) rank() int {
	if at := slices.Index(Priorities(), p); at >= 0 {
		return at
	}
	return len(Priorities())
}

// priority is that of an operation's call.
func (k OperationKind) priority() Priority {
	if k.Charges() {
		return PriorityPurchase
	}
	return PriorityCustomer
}
