// SPDX-License-Identifier: Apache-2.0

package provisioning

import "time"

// Caller is who asks for an action.
type Caller struct {
	Panel string // id of the panel
	Actor string // "panel:<key id>" or "operator:<name>", for the journal and the audit trail
	// Wait is how long the caller has patience. When it is over the action goes
	// on, and the answer holds the open operation.
	Wait time.Duration
}

// CreateRequest says what a service shall be.
type CreateRequest struct {
	Account           string
	Product           string
	Years             int
	AdditionalDomains int
	Client            Client
}

// Configuration is what activate and reissue are given. A reissue takes over
// what is left out from the certificate that is replaced.
type Configuration struct {
	CSR       string   // PEM
	Domains   []string // the names beside the common name; nil: those of the CSR
	WebServer string
	// Validation is one choice with an empty Domain for all names, or one
	// choice per name.
	Validation []ValidationChoice
	Contact    Contact
}

// RenewRequest asks for the next term.
type RenewRequest struct {
	Years int // 0: as many as the last order had
	// PaidUntil is the date up to which the customer has paid; zero if the panel
	// does not say.
	PaidUntil Date
}

// Result is how an action ended, as far as it has.
type Result struct {
	Service Service
	// Operation is set while the outcome of this action is still to come. Another
	// operation that is open stands in the service only.
	Operation *Operation
	Created   bool // the service did not exist before
	Unchanged bool // what was asked for was so already; nothing was done
}
