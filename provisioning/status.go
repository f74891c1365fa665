// SPDX-License-Identifier: Apache-2.0

package provisioning

// Status is where a certificate, and so its service, stands.
type Status string

// The statuses. The provider's own word is kept beside each of them.
const (
	StatusAwaitingPurchase      Status = "awaiting_purchase"
	StatusAwaitingConfiguration Status = "awaiting_configuration"
	StatusPendingValidation     Status = "pending_validation"
	StatusPendingDocuments      Status = "pending_documents"
	StatusIssued                Status = "issued"
	StatusReplaced              Status = "replaced"
	StatusExpired               Status = "expired"
	StatusCancelled             Status = "cancelled"
	StatusRevoked               Status = "revoked"
	StatusRejected              Status = "rejected"
	StatusUnknown               Status = "unknown"
)

// Statuses lists every status, in the order of a certificate's life.
func Statuses() []Status {
	return []Status{
		StatusAwaitingPurchase, StatusAwaitingConfiguration, StatusPendingValidation,
		StatusPendingDocuments, StatusIssued, StatusReplaced, StatusExpired,
		StatusCancelled, StatusRevoked, StatusRejected, StatusUnknown,
	}
}

// ReissueState tells how far the newest reissue of a service is.
type ReissueState string

// The reissue states. Pending: the new certificate ID is known, the old
// certificate is still the one in use.
const (
	ReissueNone      ReissueState = "none"
	ReissuePending   ReissueState = "pending"
	ReissueCompleted ReissueState = "completed"
)

// ServiceState is the panel's side of a service.
type ServiceState string

// The states of a service. Suspending never revokes anything.
const (
	ServiceActive     ServiceState = "active"
	ServiceSuspended  ServiceState = "suspended"
	ServiceTerminated ServiceState = "terminated"
)

// Environment separates a provider's test environment from the real one.
type Environment string

// The environments of an account; it has exactly one, for ever.
const (
	Sandbox    Environment = "sandbox"
	Production Environment = "production"
)

// Reason tells why a certificate came into a service's lineage.
type Reason string

// The reasons.
const (
	ReasonPurchase Reason = "purchase"
	ReasonReissue  Reason = "reissue"
	ReasonRenewal  Reason = "renewal"
)
