// SPDX-License-Identifier: Apache-2.0

package provisioning

import "context"

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
	Write(ctx context.Context, change Change) error

	// Operation reads one operation. ErrNotFound if there is none.
	Operation(ctx context.Context, id string) (Operation, error)

	// Events reads a service's audit trail, oldest first, from after the event
	// with the given id.
	Events(ctx context.Context, panel, serviceID string, after int64, limit int) ([]Event, error)
}

// ServiceQuery selects services of one panel.
type ServiceQuery struct {
	Panel  string
	Status Status // "" for any
	After  string // service id after which the page starts; "" for the first page
	Limit  int
}

// Change is one write. Before is the service as it was read, nil for a new one;
// the store writes the orders and certificates that differ in After.
type Change struct {
	Before    *Service
	After     *Service
	Operation *Operation // inserted while its Version is 0, else updated if nobody else did
	Events    []Event    // appended
}
