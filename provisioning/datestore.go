// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"time"
)

// DateStore finds services by their dates, and keeps what was learned about those
// of providers.
type DateStore interface {
	// HeldServices reads services of all panels with a held due date, in the order
	// of the store's key, from after the given one; without their operations.
	HeldServices(ctx context.Context, after int64, limit int) ([]Service, error)
	// EndedServices reads services of all panels whose Service.CurrentEndsAt is not
	// after an instant, in the order of the store's key, from after the given one;
	// without their operations.
	EndedServices(ctx context.Context, until time.Time, after int64, limit int) ([]Service, error)

	// NoteExpiry adds to the evidence of an account and tells all of it. Any number
	// of replicas may do so at once.
	NoteExpiry(ctx context.Context, account string, seen ExpiryEvidence) (ExpiryEvidence, error)
	// ExpiryEvidence reads the evidence of an account, zero if there is none.
	ExpiryEvidence(ctx context.Context, account string) (ExpiryEvidence, error)
}
