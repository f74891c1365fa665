// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"time"
)

// Store keeps services, operations and events. Every write is one transaction.
//
// A write that returns an error other than the typed ones may still have
// happened (the connection was lost before the answer came): the caller reads
// back before it decides.
type Store interface {
	// Service reads a service as a whole, with its open operation.
	// ErrNotFound if the panel has none with this id.
	Service(ctx context.Context, panel, serviceID string) (Service, error)

	// Services reads services of a panel in the order of their service id.
	Services(ctx context.Context, query ServiceQuery) ([]Service, error)

	// Write makes a change of one service durable, with its operation and
	// events, or nothing of it. On success it sets the new versions and keys in
	// After and Operation.
	//   ErrExists: (panel, service_id), (account, certificate_id), (account,
	//              order_id) or an order's one successor is taken.
	//   ErrStale:  the service or the operation was written since it was read.
	//   ErrBusy:   the service has another open operation.
	//   ErrLaneLost: Change.Lane is not held any more.
	Write(ctx context.Context, change Change) error

	// Operation reads one operation. ErrNotFound if there is none.
	Operation(ctx context.Context, id string) (Operation, error)

	// Operations reads operations of all panels in the order of their id, which is
	// that of their creation.
	Operations(ctx context.Context, query OperationQuery) ([]Operation, error)

	// TakeLane takes a lane for so long, with a fence above every one that was given
	// before. A holder may take its lane again.
	// ErrBusy while another holder's lease lasts.
	TakeLane(ctx context.Context, account, holder string, lasting time.Duration) (Lane, error)
	// LeaveLane gives a lane back; nothing happens when it is not held any more.
	LeaveLane(ctx context.Context, lane Lane) error

	// Owners tells to which services certificates of an account belong. Those that
	// belong to none are not in the answer.
	Owners(ctx context.Context, account string, certificateIDs []string) (map[string]Owner, error)
	// AccountServices reads services of an account, of all panels, in the order of
	// the store's key, from after the given one; without their operations.
	AccountServices(ctx context.Context, account string, after int64, limit int) ([]Service, error)

	// Events reads a service's audit trail, oldest first, from after the event
	// with the given id.
	Events(ctx context.Context, panel, serviceID string, after int64, limit int) ([]Event, error)

	DateStore
	FeedStore
	ListingStore
	RunStore
	WatchStore
}

// ServiceQuery selects services of one panel.
type ServiceQuery struct {
	Panel  string
	Status Status // "" for any
	// Now is the moment at which they have the status: one whose certificate has
	// ended by then is expired, even if nobody has marked it. Zero: as marked.
	Now   time.Time
	After string // service id after which the page starts; "" for the first page
	Limit int
}

// Change is one write. Before is the service as it was read, nil for a new one;
// the store writes the orders and certificates that differ in After.
type Change struct {
	Before    *Service
	After     *Service
	Operation *Operation      // inserted while its Version is 0, else updated if nobody else did
	Events    []Event         // appended
	Report    []ServiceChange // appended to the reports of runs; nothing is said of it but there
	Lane      *Lane           // unless nil, nothing is written unless this lane is held, and its lease begins anew
}

// Lane is the right to do what only one may do at a time: to make an account's
// charges, or to work on its part of a synchronization (see leaseOfRun). It is a
// lease: it ends by itself after Lasting, by the clock that all who share the store
// go by.
type Lane struct {
	Account string
	Holder  string
	Fence   int64 // grows with every taking
	Lasting time.Duration
}

// OperationQuery selects operations. Zero fields select nothing out.
type OperationQuery struct {
	Account   string
	Kinds     []OperationKind
	States    []OperationState
	LookUntil time.Time // those with a LookAt that is not after it
	After     string    // operation id after which the page starts
	Limit     int       // 0: 100
}

// Owner is the service that a certificate belongs to.
type Owner struct {
	Panel     string
	ServiceID string
}
