// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
	"time"
)

// Provider sells certificates. One value serves one account in one environment.
//
// Every error that a method returns because of the provider is a *ProviderError,
// and says which of three things happened: Refused, NotExecuted or Unknown. Any
// other error is a programming mistake and is treated as Unknown.
//
// A method makes one attempt and never repeats a call that changes anything.
type Provider interface {
	// Products lists what can be bought. It makes no call.
	Products() []Product
	// RenewalWindow tells when the next term can be bought. It makes no call.
	RenewalWindow() RenewalWindow

	// Purchase spends money. So do Renew and AddDomains.
	Purchase(ctx context.Context, request PurchaseRequest) (Purchase, error)
	// Renew buys the next term of a certificate; the answer holds a new
	// certificate ID that awaits configuration.
	Renew(ctx context.Context, request RenewalRequest) (Purchase, error)
	// AddDomains buys room for more names in a multi-domain certificate.
	AddDomains(ctx context.Context, request AddDomainsRequest) (Purchase, error)

	// Activate submits a CSR for a certificate that awaits configuration.
	Activate(ctx context.Context, request ConfigurationRequest) (Submission, error)
	// Reissue submits a CSR for an issued certificate; the answer holds the ID
	// of the certificate that will replace it.
	Reissue(ctx context.Context, request ConfigurationRequest) (Submission, error)

	// Certificate reads everything about one certificate, its PEM included when
	// it is issued. The error has FaultUnknownCertificate for an ID that the
	// account does not hold.
	Certificate(ctx context.Context, certificateID string) (CertificateDetail, error)
	// Certificates reads one page of the account's certificates, newest purchase
	// first.
	Certificates(ctx context.Context, page, pageSize int) (CertificatePage, error)

	// ChangeValidation changes how control of the domains is shown, while
	// validation is pending, and answers with what is to be done now. Asking for
	// the present methods again reads the instructions anew.
	ChangeValidation(ctx context.Context, request ValidationRequest) ([]DomainValidation, error)
	// RetryValidation sends approver e-mails again and has files and records
	// looked at.
	RetryValidation(ctx context.Context, certificateID string) error
	// ApproverEmails lists the addresses that may approve a domain.
	ApproverEmails(ctx context.Context, domain, product string) ([]string, error)

	// Revoke revokes a certificate that was replaced.
	Revoke(ctx context.Context, certificateID, providerProduct string) error

	// Balance reads what the account can spend.
	Balance(ctx context.Context) (Money, error)
	// Price tells what a charge will be, promotions included. It is zero without
	// an error when the price list does not say. Lists are long and change rarely,
	// so an answer may be an hour old.
	Price(ctx context.Context, request PriceRequest) (Money, error)
}

// PriceRequest asks for the total of one charge.
type PriceRequest struct {
	Kind              OperationKind // one that Charges
	Product           string        // product code
	Years             int           // of the order that is bought, or whose domains are added to
	AdditionalDomains int           // bought with it; for OperationAddDomains, how many more
}

// PurchaseRequest asks for a new order.
type PurchaseRequest struct {
	OperationID       string `json:"-"`       // ours, for providers that can store it
	Product           string `json:"product"` // product code
	Years             int    `json:"years"`
	AdditionalDomains int    `json:"additional_domains"` // beyond the included ones
}

// RenewalRequest asks for the successor of an order.
type RenewalRequest struct {
	OperationID     string `json:"-"`
	CertificateID   string `json:"certificate_id"`
	Product         string `json:"product"`                    // product code
	ProviderProduct string `json:"provider_product,omitempty"` // what the provider calls the present certificate's product; may be ""
	Years           int    `json:"years"`
}

// AddDomainsRequest asks for room for more names.
type AddDomainsRequest struct {
	OperationID   string `json:"-"`
	CertificateID string `json:"certificate_id"`
	Domains       int    `json:"domains"` // how many more
}

// Purchase is the answer to a charge-bearing request. CertificateID is never
// empty: an answer without one is Unknown.
type Purchase struct {
	CertificateID   string
	OrderID         string
	TransactionID   string
	Charged         Money
	PurchasedOn     Date // zero if the provider does not say
	Status          Status
	ProviderStatus  string
	ProviderProduct string
}

// ConfigurationRequest is everything that a certificate is made from.
type ConfigurationRequest struct {
	OperationID   string   `json:"-"`
	CertificateID string   `json:"certificate_id"`
	Product       string   `json:"product"`     // product code
	CSR           string   `json:"csr"`         // PEM
	CommonName    string   `json:"common_name"` // in A-labels
	Domains       []string `json:"domains,omitempty"`
	WebServer     string   `json:"web_server,omitempty"`
	// Validation has one entry per name, the common name first.
	Validation []ValidationChoice `json:"validation"`
	Contact    Contact            `json:"contact"`
}

// ValidationChoice is how control of one domain is to be shown. ApproverEmail
// belongs to ValidateByEmail.
type ValidationChoice struct {
	Domain        string           `json:"domain"`
	Method        ValidationMethod `json:"method"`
	ApproverEmail string           `json:"approver_email,omitempty"`
}

// ValidationRequest changes the methods of a certificate under validation.
type ValidationRequest struct {
	CertificateID string             `json:"certificate_id"`
	Product       string             `json:"product"`
	Choices       []ValidationChoice `json:"choices"` // one entry per name, the common name first
}

// Submission is the answer to an activation or reissue.
type Submission struct {
	CertificateID  string // for a reissue, the new one
	Status         Status
	ProviderStatus string
	Validation     []DomainValidation // one entry per name
}

// CertificateDetail is everything a provider tells about one certificate. What
// it does not tell is left zero.
type CertificateDetail struct {
	CertificateID   string
	Status          Status
	ProviderStatus  string
	StatusDetail    string
	Product         string // product code, "" if the name is not known
	ProviderProduct string
	Years           int
	OrderID         string
	// AuthorityOrder is the certificate authority's own number for the order, ""
	// if the provider does not say. A reissue keeps it.
	AuthorityOrder   string
	ReplacedBy       string
	ActivationEndsOn Date
	// ExpiresOn is the provider's own expiry date. Whether it means the end of
	// the leaf or of the paid term differs, so no due date is ever made from it.
	ExpiresOn  Date
	CommonName string
	CSR        string
	// Domains counts the names it may hold, 0 if the provider does not say.
	Domains int
	Leaf    *Leaf
}

// CertificatePage is one page of a listing.
type CertificatePage struct {
	Certificates []CertificateSummary
	Total        int // of all pages, as far as the provider knows
	// Unreadable counts rows that had to be left out because they have no usable
	// ID. While there are any, nothing may be concluded from an absence.
	Unreadable int
}

// CertificateSummary is what a listing tells about one certificate.
type CertificateSummary struct {
	CertificateID    string
	Reason           Reason // ReasonPurchase or ReasonRenewal while it awaits configuration; "" if not told
	Status           Status
	ProviderStatus   string
	Product          string // product code, "" if the name is not known
	ProviderProduct  string
	Years            int
	CommonName       string
	PurchasedOn      Date
	ExpiresOn        Date
	ActivationEndsOn Date
}

// Outcome is what is known about a call that did not succeed.
type Outcome string

// The outcomes.
const (
	// Refused is a definite no; nothing happened.
	Refused Outcome = "refused"
	// NotExecuted: turned away before execution; safe to send again.
	NotExecuted Outcome = "not_executed"
	// Unknown: it may have been executed. It is never sent again.
	Unknown Outcome = "unknown"
)

// Fault is the reason of a ProviderError as far as somebody can act on it.
type Fault string

// The faults.
const (
	FaultOther               Fault = ""
	FaultInsufficientFunds   Fault = "insufficient_funds"
	FaultCredentials         Fault = "credentials"          // key, user or source address not accepted
	FaultThrottled           Fault = "throttled"            // too many calls
	FaultUnreachable         Fault = "unreachable"          // no connection was made
	FaultUnknownCertificate  Fault = "unknown_certificate"  // the account holds no such ID
	FaultStatus              Fault = "status"               // the certificate's state does not allow it
	FaultRenewalWindow       Fault = "renewal_window"       // too early or too late to renew
	FaultRenewalQueued       Fault = "renewal_queued"       // renewed already
	FaultActivationExpired   Fault = "activation_expired"   // bought too long ago
	FaultCSR                 Fault = "csr"                  // the CSR is not accepted
	FaultApproverEmail       Fault = "approver_email"       // no address that may approve the domain
	FaultValidationMethod    Fault = "validation_method"    // not possible for these names
	FaultDomains             Fault = "domains"              // too many names, or not acceptable ones
	FaultContact             Fault = "contact"              // a contact field is missing or wrong
	FaultProductDiscontinued Fault = "product_discontinued" // not sold any more
	FaultYears               Fault = "years"                // not sold for that term
	FaultEnvironment         Fault = "environment"          // the other environment answered
)

// ProviderError is a call that did not succeed.
type ProviderError struct {
	Outcome    Outcome
	Fault      Fault
	Upstream   Upstream      // what the provider said
	RetryAfter time.Duration // a hint; zero when there is none
	Err        error         // the transport's or decoder's error, if any
}

// Error describes the error for a log.
func (e *ProviderError) Error() string {
	text := string(e.Outcome)
	if e.Fault != FaultOther {
		text += ", " + string(e.Fault)
	}
	if e.Upstream != (Upstream{}) {
		text += fmt.Sprintf(": %s %s", e.Upstream.Code, e.Upstream.Message)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the transport's or decoder's error.
func (e *ProviderError) Unwrap() error { return e.Err }
