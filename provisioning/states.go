// SPDX-License-Identifier: Apache-2.0

package provisioning

import "context"

// Suspend stops the customer's actions. It reaches nobody upstream and never
// revokes anything: the certificate goes on working.
func (b *Bridge) Suspend(ctx context.Context, caller Caller, serviceID string) (Result, error) {
	return b.change(ctx, caller, serviceID, func(s *Service) (*Event, error) {
		if s.State == ServiceTerminated {
			return nil, conflict("service_terminated", "This service was terminated.")
		}
		return s.enter(ServiceSuspended), nil
	})
}

// Unsuspend lets the customer act again.
func (b *Bridge) Unsuspend(ctx context.Context, caller Caller, serviceID string) (Result, error) {
	return b.change(ctx, caller, serviceID, func(s *Service) (*Event, error) {
		if s.State == ServiceTerminated {
			return nil, conflict("service_terminated", "This service was terminated.")
		}
		return s.enter(ServiceActive), nil
	})
}

// Terminate ends a service for good. It reaches nobody upstream: what was bought
// stays bought, and a certificate works until it expires.
func (b *Bridge) Terminate(ctx context.Context, caller Caller, serviceID string) (Result, error) {
	return b.change(ctx, caller, serviceID, func(s *Service) (*Event, error) {
		return s.enter(ServiceTerminated), nil
	})
}

// enter answers with the event of a change of state, nil when there is none.
func (s *Service) enter(state ServiceState) *Event {
	if s.State == state {
		return nil
	}
	before := s.State
	s.State = state
	return &Event{Kind: "service." + string(state), Detail: "was " + string(before) + "; nothing changed upstream"}
}
