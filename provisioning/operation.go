// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"slices"
	"time"
)

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
func (k OperationKind) Charges() bool { return slices.Contains(chargingKinds(), k) }

// OperationState is how far an operation is.
type OperationState string

// The states. Recorded: decided and durable, and nothing was sent; it waits for
// the account's lane. Sent: the request may have reached the provider. Uncertain: nobody knows whether it was executed; it is never
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
	Attempts      int    // how often it was sent: 0 or 1, as nothing that may have been executed is sent again
	Fence         int64  // of the lane under which it was sent; 0 for what does not charge
	Noted         *Noted // what was seen before a charge; nil until it is sent
	Result        OperationResult
	Failure       *Failure  // why it was refused, or what makes it uncertain
	Looks         int       // how often reconciliation looked and could not tell
	LookAt        time.Time // when somebody is to look after it; zero if nobody is
	Evidence      *Evidence // what reconciliation saw last; nil before its first look
	Decision      *Decision // what a person decided, if one had to
	Exchanges     []Exchange
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
	// ChargedBy tells how the amount is known; "" for what does not charge.
	ChargedBy ChargeSource `json:"charged_by,omitempty"`
}

// ChargeSource tells how the amount of a charge is known.
type ChargeSource string

// The sources.
const (
	ChargedByAnswer  ChargeSource = "answer"  // the provider said so when it charged
	ChargedByBalance ChargeSource = "balance" // the answer was lost; the balance fell by that much
	ChargedByPrice   ChargeSource = "price"   // the answer was lost; this is what it should have cost
)

// Noted is what was seen of an account right before a charge, so that a lost
// answer can be told from one that never was.
type Noted struct {
	At      time.Time `json:"at"`
	Balance Money     `json:"balance"`
	Newest  []string  `json:"newest"` // IDs of the first page of certificates, newest first
	Total   int       `json:"total"`  // certificates of the account
	// Domains is how many names the certificate could hold, for added domains; 0
	// if the provider does not say.
	Domains int `json:"domains,omitempty"`
	// Authorised is the most that the charge may be: the price, or the ceiling
	// where no price is known. Zero if neither is.
	Authorised Money `json:"authorised,omitzero"`
	// Ceiling tells that Authorised is the configured ceiling.
	Ceiling bool `json:"ceiling,omitempty"`
}

// Evidence is the provider's side of an operation in doubt.
type Evidence struct {
	At      time.Time `json:"at"`
	Balance Money     `json:"balance,omitzero"`
	Total   int       `json:"total"`
	Domains int       `json:"domains,omitempty"`
	// Candidates are certificates that may be what was bought: new since the call,
	// nobody's, and of the right class, term and day.
	Candidates []Candidate `json:"candidates"`
	// Conclusion is one sentence for staff: why it could not be settled.
	Conclusion string `json:"conclusion"`
}

// Candidate is a certificate that may be what a lost answer was about.
type Candidate struct {
	CertificateID   string `json:"certificate_id"`
	ProviderProduct string `json:"provider_product"`
	ProviderStatus  string `json:"provider_status"`
	Years           int    `json:"years,omitempty"`
	PurchasedOn     string `json:"purchased_on,omitempty"` // YYYY-MM-DD
}

// Verdict is what a person may decide about an operation that needs attention.
type Verdict string

// The verdicts.
const (
	VerdictAdopt       Verdict = "adopt"        // this certificate is what it brought
	VerdictNotExecuted Verdict = "not_executed" // nothing was charged; it may be asked for again
	VerdictGiveUp      Verdict = "give_up"      // nobody will know; it is closed all the same
)

// Decision is who settled an operation, and how.
type Decision struct {
	Verdict       Verdict   `json:"verdict"`
	CertificateID string    `json:"certificate_id,omitempty"`
	DecidedBy     string    `json:"decided_by"` // "operator:<name>"
	At            time.Time `json:"at"`
	Note          string    `json:"note,omitempty"`
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
