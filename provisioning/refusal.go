// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"errors"
	"time"
)

// failure is a provider's no in the words of the domain.
type failure struct {
	outcome Outcome
	err     *Error
	doubted bool // it may have been carried out, and may be asked for again all the same
}

// stored is an error as the journal keeps it.
func (e *Error) stored() *Failure {
	return &Failure{Code: e.Code, Detail: e.Detail, Retryable: e.Retryable, Upstream: e.Upstream}
}

// answer is how a fault is told to a panel. The detail is fit for the end
// customer, so it never names the provider nor the reseller's business with it.
type answer struct {
	kind      Kind
	code      string
	detail    string
	retryable bool
}

const (
	tryLater    = "This cannot be done right now. Please try again later."
	tellSupport = "This cannot be done right now. Please contact support."
)

var answers = map[Fault]answer{
	FaultOther:               {KindRefused, "provider_refused", "The certificate authority's side refused this request.", false},
	FaultInsufficientFunds:   {KindUnavailable, "insufficient_funds", tryLater, true},
	FaultCredentials:         {KindUnavailable, "account_not_usable", tellSupport, true},
	FaultEnvironment:         {KindUnavailable, "wrong_environment", tellSupport, false},
	FaultThrottled:           {KindUnavailable, "provider_busy", tryLater, true},
	FaultUnreachable:         {KindUnavailable, "provider_unreachable", tryLater, true},
	FaultUnknownCertificate:  {KindConflict, "certificate_unknown_upstream", "This certificate is not known any more. Please contact support.", false},
	FaultStatus:              {KindConflict, "certificate_state", "The certificate's present state does not allow this. Synchronize and look again.", false},
	FaultRenewalWindow:       {KindConflict, "renewal_window_closed", "The certificate cannot be renewed at this time: it is too early or too late.", false},
	FaultRenewalQueued:       {KindConflict, "renewal_exists", "A renewal of this certificate exists already.", false},
	FaultActivationExpired:   {KindConflict, "activation_expired", "The time to configure this certificate is over. Please contact support.", false},
	FaultCSR:                 {KindInvalid, "csr_refused", "The CSR was not accepted; please make a new one.", false},
	FaultApproverEmail:       {KindInvalid, "approver_email_not_allowed", "This address may not approve the domain.", false},
	FaultValidationMethod:    {KindInvalid, "validation_method_not_allowed", "This validation method is not possible for these names.", false},
	FaultDomains:             {KindInvalid, "domains_refused", "One of the names cannot be certified, or there are too many.", false},
	FaultContact:             {KindInvalid, "contact_refused", "The contact's data were not accepted; please complete or correct them.", false},
	FaultProductDiscontinued: {KindConflict, "product_discontinued", "This product is not sold any more. Please contact support.", false},
	FaultYears:               {KindConflict, "years_not_offered", "This product is not sold for that term.", false},
}

// failureOf reads an error of a Provider. What is not a ProviderError says
// nothing about what happened, so its outcome is Unknown.
func failureOf(err error) failure {
	var upstream *ProviderError
	if !errors.As(err, &upstream) {
		upstream = &ProviderError{Outcome: Unknown, Err: err}
	}
	said := answers[upstream.Fault]
	told := &Error{
		Kind: said.kind, Code: said.code, Detail: said.detail, Retryable: said.retryable,
		RetryAfter: upstream.RetryAfter, Upstream: upstream.Upstream, Err: upstream,
	}
	switch {
	case upstream.Outcome == Unknown:
		told.Kind, told.Code, told.Retryable = KindUnavailable, "outcome_unknown", false
		told.Detail = "It is not known yet whether this was carried out. It will not be done twice."
	case upstream.Outcome == NotExecuted && upstream.Fault == FaultOther:
		told.Kind, told.Code, told.Detail, told.Retryable = KindUnavailable, "provider_unreachable", tryLater, true
	}
	var again *repeatableError
	return failure{outcome: upstream.Outcome, err: told, doubted: errors.As(err, &again)}
}

// repeatableError is a lost answer to a call that does the same however often it
// is made.
type repeatableError struct{ error }

// Unwrap gives what happened.
func (e *repeatableError) Unwrap() error { return e.error }

// repeatable takes the doubt out of a call that may simply be asked for again.
func repeatable(err error) error {
	told := failureOf(err)
	if told.outcome != Unknown {
		return err
	}
	return &ProviderError{Outcome: NotExecuted, Fault: FaultUnreachable, Upstream: told.err.Upstream, Err: &repeatableError{err}}
}

// readFailure is the answer to a read that did not succeed. A read changes
// nothing, so even an unknown outcome may be asked again.
func readFailure(err error) *Error {
	told := failureOf(err).err
	if told.Code == "outcome_unknown" {
		told.Code, told.Detail, told.Retryable = "provider_unreachable", tryLater, true
	}
	return told
}

func storeUnavailable(cause error) *Error {
	return &Error{
		Kind: KindUnavailable, Code: "store_unavailable", Detail: tryLater, Retryable: true,
		RetryAfter: 5 * time.Second, Err: cause,
	}
}
