// SPDX-License-Identifier: Apache-2.0

package provisioning

import "time"

// Service is what a customer bought in a panel, with everything that was bought
// for it upstream. It is read and written as a whole; Version guards against
// two writers.
type Service struct {
	ID                int64  // the store's own key; 0 until stored
	Panel             string // id of the panel that owns it
	ServiceID         string // the panel's id for it, [A-Za-z0-9_-]{1,64}
	Account           string
	Provider          string
	Environment       Environment
	Product           string // product code
	Years             int    // term of the first order
	AdditionalDomains int    // names beyond the included ones that may be used
	Client            Client
	State             ServiceState
	Orders            []Order       // oldest first
	Certificates      []Certificate // the lineage, oldest first; no entry is ever removed
	Operation         *Operation    // the open operation, if there is one
	DueDate           DueDate       // what the panel is told; kept by the Bridge
	SynchronizedAt    time.Time     // when the provider was last asked; zero if never
	CreatedAt         time.Time
	UpdatedAt         time.Time
	Version           int64 // grows by one with every write
	Watch                   // of what is being validated
}

// Client is the panel's customer, as far as the panel tells. Optional.
type Client struct {
	ExternalID string `json:"external_id,omitempty"`
	Name       string `json:"name,omitempty"`
	Email      string `json:"email,omitempty"`
}

// Order is one paid purchase upstream. A renewal is the next order, and an
// order has at most one successor.
type Order struct {
	ID            int64  // the store's own key; 0 until stored
	OrderID       string // the provider's id
	TransactionID string
	Predecessor   string // OrderID of the order that this one renews; "" for the first
	Years         int
	Charged       Money
	PurchasedOn   Date
	Term          Term
	// LinkedBy is who said that this order, which was bought elsewhere, belongs to
	// the service, see Event.Actor. "" for what was bought for it.
	LinkedBy string
}

// Term is the time that a customer paid for. It ends at the start of EndsOn.
type Term struct {
	StartsOn Date
	EndsOn   Date
}

// Certificate is one provider certificate ID. An order has a chain of them: the
// first, then one per reissue.
type Certificate struct {
	ID              int64  // the store's own key; 0 until stored
	CertificateID   string // the provider's id
	OrderID         string // the order that paid for it
	Reason          Reason
	Replaces        string // CertificateID of the one before it, by reissue or renewal
	ReplacedBy      string // CertificateID that the provider says replaced it
	Status          Status
	ProviderStatus  string // the provider's own word, always kept
	StatusDetail    string
	ProviderProduct string // the provider's product name; it may differ from what was ordered
	// ActivationEndsOn is the last date on which it can be activated, if the
	// provider names one.
	ActivationEndsOn Date
	// ExpiresOn is the expiry date that the provider named last. Whether it is that
	// of the leaf or of the paid term differs, see ExpiryMeaning.
	ExpiresOn  Date
	CommonName string
	Domains    []string // the names beside the common name
	CSR        string   // PEM
	WebServer  string
	Contact    Contact
	Validation []DomainValidation // one entry per domain, in the order of the names
	Leaf       *Leaf              // nil until issued
	CreatedAt  time.Time
}

// Leaf is an issued X.509 certificate with the chain that the provider gave.
type Leaf struct {
	SerialNumber string // lower-case hex, without separators
	NotBefore    time.Time
	NotAfter     time.Time
	Issuer       string   // distinguished name, RFC 2253
	PEM          string   // the leaf alone
	Chain        []string // PEM, from the leaf's issuer upwards; the root may be missing
}

// Contact is the person and organisation behind a certificate. Which fields are
// needed depends on the product's validation level.
type Contact struct {
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
	JobTitle     string `json:"job_title,omitempty"`
	Email        string `json:"email,omitempty"`
	Phone        string `json:"phone,omitempty"` // +CC.NUMBER, for example +1.5551234567
	Organization string `json:"organization,omitempty"`
	Address1     string `json:"address1,omitempty"`
	Address2     string `json:"address2,omitempty"`
	City         string `json:"city,omitempty"`
	State        string `json:"state,omitempty"`
	PostalCode   string `json:"postal_code,omitempty"`
	Country      string `json:"country,omitempty"` // ISO 3166-1 alpha-2
}

// ValidationStatus tells whether control of a domain has been shown.
type ValidationStatus string

// The validation statuses.
const (
	ValidationPending   ValidationStatus = "pending"
	ValidationCompleted ValidationStatus = "completed"
)

// DomainValidation is what a customer must do to show control of one domain.
// Exactly one of Record, File and ApproverEmail belongs to the method.
type DomainValidation struct {
	Domain        string            `json:"domain"`
	Method        ValidationMethod  `json:"method"`
	Status        ValidationStatus  `json:"status"`
	ApproverEmail string            `json:"approver_email,omitempty"`
	Record        *ValidationRecord `json:"record,omitempty"`
	File          *ValidationFile   `json:"file,omitempty"`
}

// ValidationRecord is a DNS record that must be found. The provider's value is
// passed through byte for byte.
type ValidationRecord struct {
	Name  string `json:"name"` // fully qualified, without the final dot
	Type  string `json:"type"` // "CNAME" or "TXT"
	Value string `json:"value"`
}

// ValidationFile is a file that must be served over plain HTTP.
type ValidationFile struct {
	URL     string `json:"url"`
	Content string `json:"content"` // byte for byte
}

// Event is one line of a service's audit trail.
type Event struct {
	ID        int64 // grows; assigned by the store
	At        time.Time
	Kind      string // what happened, for example "service.created" or "certificate.issued"
	Actor     string // who asked: "panel:<key id>", "operator:<name>" or "certbridge"
	Operation string // id of the operation that it belongs to, if any
	Detail    string // one sentence for staff
}
