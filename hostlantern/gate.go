// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"errors"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// Gate keeps the calls of an account within what the API takes.
type Gate interface {
	// Enter is called right before each request, and may wait. A request whose
	// Enter fails is not made.
	Enter(ctx context.Context) error
	// Throttled is called when the API turned a request away because there were
	// too many.
	Throttled(ctx context.Context)
	// Admitted is called when the API dealt with a request.
	Admitted(ctx context.Context)
}

// enter asks the gate, if there is one. The caller's deadline bounds the wait; that
// of the call itself begins after it. What changes something may wait for half of
// its time only: a request that has to be cut off leaves its outcome in doubt.
func (c *Client) enter(ctx context.Context, cmd command) *provisioning.ProviderError {
	if c.config.Gate == nil {
		return nil
	}
	if deadline, bounded := ctx.Deadline(); bounded && cmd.write {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-time.Until(deadline)/2))
		defer cancel()
	}
	err := c.config.Gate.Enter(ctx)
	if err == nil {
		return nil
	}
	fault := &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Err: err}
	if told, ok := errors.AsType[*provisioning.ProviderError](err); ok {
		fault.Fault, fault.RetryAfter, fault.Err = told.Fault, told.RetryAfter, told.Err
	}
	return fault
}

// tellGate tells the gate what became of a request. When nobody knows, it is told
// nothing.
func (c *Client) tellGate(ctx context.Context, err error) {
	if c.config.Gate == nil {
		return
	}
	told, failed := errors.AsType[*provisioning.ProviderError](err)
	switch {
	case !failed || told.Outcome == provisioning.Refused:
		c.config.Gate.Admitted(ctx)
	case told.Fault == provisioning.FaultThrottled:
		c.config.Gate.Throttled(ctx)
	}
}
