// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
)

// Service reads a service from the mirror; no call is made.
//
// Codes: invalid_service_id, service_not_found, store_unavailable.
func (b *Bridge) Service(ctx context.Context, panel, serviceID string) (Service, error) {
	if !serviceIDPattern.MatchString(serviceID) {
		return Service{}, invalid("invalid_service_id", "A service id has 1 to 64 letters, digits, underscores and hyphens.")
	}
	s, err := b.store.Service(ctx, panel, serviceID)
	if errors.Is(err, ErrNotFound) {
		return Service{}, &Error{Kind: KindNotFound, Code: "service_not_found", Detail: "There is no service with this id."}
	}
	if err != nil {
		return Service{}, storeUnavailable(err)
	}
	return s, nil
}

// Services reads services of one panel from the mirror, by the status that they
// have at this moment.
func (b *Bridge) Services(ctx context.Context, query ServiceQuery) ([]Service, error) {
	query.Now = b.instant()
	services, err := b.store.Services(ctx, query)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return services, nil
}

// Operation reads an operation of a panel with its service.
//
// Codes: operation_not_found, store_unavailable.
func (b *Bridge) Operation(ctx context.Context, panel, id string) (Operation, Service, error) {
	operation, err := b.store.Operation(ctx, id)
	if errors.Is(err, ErrNotFound) || err == nil && operation.Panel != panel {
		return Operation{}, Service{}, &Error{Kind: KindNotFound, Code: "operation_not_found", Detail: "There is no operation with this id."}
	}
	if err != nil {
		return Operation{}, Service{}, storeUnavailable(err)
	}
	s, err := b.Service(ctx, panel, operation.ServiceID)
	return operation, s, err
}

// Events reads the audit trail of a service, oldest first.
func (b *Bridge) Events(ctx context.Context, panel, serviceID string, after int64, limit int) ([]Event, error) {
	if _, err := b.Service(ctx, panel, serviceID); err != nil {
		return nil, err
	}
	events, err := b.store.Events(ctx, panel, serviceID, after, limit)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return events, nil
}

// AccountProducts is what one account sells.
type AccountProducts struct {
	Account  Account
	Products []Product
}

// Products lists what every account sells, in the order of the configuration.
func (b *Bridge) Products() []AccountProducts {
	var all []AccountProducts
	for _, name := range b.names {
		account := b.accounts[name]
		all = append(all, AccountProducts{Account: account, Products: account.Upstream.Products()})
	}
	return all
}
