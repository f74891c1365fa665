// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"time"
)

// Listing is a certificate as the provider's list showed it last. The daily
// synchronization compares lists with listings, so that what has not changed
// costs neither a call nor a write. Those that no service owns are unlinked.
type Listing struct {
	CertificateSummary
	Account     string
	Fingerprint uint64    // of the row; equal rows have equal ones
	FirstSeenAt time.Time // by a synchronization
	ChangedAt   time.Time // when a synchronization last saw it change
	Dismissal
}

// Dismissal notes that an unlinked certificate is nobody's business.
type Dismissal struct {
	DismissedBy   string // "operator:<name>" who said so; "" if nobody did
	DismissedAt   time.Time
	DismissedNote string // why
}

// ListingStore keeps listings.
type ListingStore interface {
	// Fingerprints tells the fingerprint of every listing of an account, in no
	// order, without keeping them in memory.
	Fingerprints(ctx context.Context, account string, each func(certificateID string, fingerprint uint64)) error
	// SaveListings inserts listings or replaces what they show. FirstSeenAt and the
	// dismissal of one that is there stay. What was written before an error stays
	// written; saving all of them again does no harm.
	SaveListings(ctx context.Context, account string, listings []Listing) error
	// Listings reads the listings of certificates. Those that were never listed are
	// not in the answer.
	Listings(ctx context.Context, account string, certificateIDs []string) (map[string]Listing, error)
	// Unlinked reads listings that no service owns, in the order of their accounts
	// and certificate ids.
	Unlinked(ctx context.Context, query UnlinkedQuery) ([]Listing, error)
	// Dismiss notes that a person does not want to see an unlinked certificate any
	// more. ErrNotFound if there is no such listing.
	Dismiss(ctx context.Context, account, certificateID string, dismissal Dismissal) error
}

// UnlinkedQuery selects unlinked certificates.
type UnlinkedQuery struct {
	Account   string // "" for all
	Dismissed bool   // also those that were dismissed
	Worthless bool   // also those that nobody can use any more, see WorthlessStatuses
	After     string // Listing.Place after which the page starts; "" for the first
	Limit     int    // 0: 100
}

// Place is where a listing stands among the unlinked ones: its account and its
// certificate id, joined by a slash. An account's name holds none.
func (l Listing) Place() string { return l.Account + "/" + l.CertificateID }

// WorthlessStatuses are those of certificates that are no use to anybody: linking
// one to a service would give a customer nothing.
func WorthlessStatuses() []Status {
	return []Status{StatusReplaced, StatusExpired, StatusCancelled, StatusRevoked}
}
