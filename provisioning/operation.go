// SPDX-License-Identifier: Apache-2.0

package provisioning

import "time"

// OperationKind is an action that reaches the provider.
type OperationKind string

// The kinds. Purchase, renew and add_domains spend the account's balance.
const (
	OperationPurchase         OperationKind = "purchase"
	OperationActivate         OperationKind = "activate"
	OperationReissue          OperationKind = "reissue"
	OperationRenew            OperationKind = "renew"
	OperationAddDomains       OperationKind = "add_domains"
	OperationRevoke           OperationKind = "revoke"
	OperationChangeValidation OperationKind = "change_validation"
	OperationRetryValidation  OperationKind = "retry_validation"
)

// Charges tells whether an operation of this kind spends money.
func (k OperationKind) Charges() bool {
	return k == OperationPurchase || k == OperationRenew || k == OperationAddDomains
}

// OperationState is how far an operation is.
type OperationState string

// The states. Recorded: decided and durable. Sent: the request may have reached
// the provider. Uncertain: nobody knows whether it was executed; it is never
// sent again, only looked after. NeedsAttention: looking did not settle it.
const (
	OperationRecorded       OperationState = "recorded"
	OperationSent           OperationState = "sent"
	OperationSucceeded      OperationState = "succeeded"
	OperationRefused        OperationState = "refused"
	OperationUncertain      OperationState = "uncertain"
	OperationNeedsAttention OperationState = "needs_attention"
)

// Open tells whether the outcome is still to come. A service has at most one
// open operation.
func (s OperationState) Open() bool {
	return s != OperationSucceeded && s != OperationRefused
}

// Operation is a journal entry: one action that was decided to be taken
// upstream, written before the provider hears of it.
type Operation struct {
	ID            string // sorts by time of creation
	Kind          OperationKind
	State         OperationState
	Panel         string
	ServiceID     string
	Account       string
	CertificateID string // the certificate that it acts on; "" for a purchase
	RequestedBy   string // see Event.Actor
	Request       string // JSON of what was asked, without secrets
	Attempts      int
	Result        OperationResult
	Failure       *Failure // why it was refused, or what makes it uncertain
	CreatedAt     time.Time
	SentAt        time.Time
	FinishedAt    time.Time
	UpdatedAt     time.Time
	Version       int64 // grows by one with every write; a stale writer is turned away
}

// OperationResult is what an operation brought.
type OperationResult struct {
	CertificateID string `json:"certificate_id,omitempty"`
	OrderID       string `json:"order_id,omitempty"`
	TransactionID string `json:"transaction_id,omitempty"`
	Charged       Money  `json:"charged,omitzero"`
}

// Failure is the stored form of an error.
type Failure struct {
	Code      string   `json:"code"`
	Detail    string   `json:"detail"`
	Retryable bool     `json:"retryable"`
	Upstream  Upstream `json:"upstream,omitzero"`
}

// Upstream is what the provider said, for staff only.
type Upstream struct {
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}
