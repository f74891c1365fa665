// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"slices"
)

// Activate submits the configuration of the certificate that awaits one: the
// successor if there is one, else the first. A service whose purchase was left
// to the activation is bought first. Repeating it changes nothing.
//
// Codes: action_not_allowed, awaiting_purchase, those of the configuration
// (csr_*, validation_*, contact_*, ...) and those of a refusal.
func (b *Bridge) Activate(ctx context.Context, caller Caller, serviceID string, configuration Configuration) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, product, err := b.open(*s)
		if err != nil {
			return nil, err
		}
		request, err := configure(product, s.AdditionalDomains, configuration)
		if err != nil {
			return nil, err // before any money is spent
		}
		activate := func(s Service) (step, error) { return activationStep(account.Upstream, s, request) }
		switch {
		case s.AwaitsConfiguration() != nil:
			return []move{activate}, nil
		case s.submitted(request):
			return nil, nil
		case len(s.Certificates) > 0:
			return nil, conflict("action_not_allowed", "No certificate of this service awaits its configuration.")
		case b.purchase == PurchaseAtCreate:
			return nil, conflict("awaiting_purchase", "Nothing was bought for this service yet; create it again.")
		}
		return []move{purchaseMove(account), activate}, nil
	})
}

// open finds what an action of a customer needs, and refuses it for a service
// that the panel has suspended or terminated.
func (b *Bridge) open(s Service) (Account, Product, error) {
	switch s.State {
	case ServiceTerminated:
		return Account{}, Product{}, conflict("service_terminated", "This service was terminated.")
	case ServiceSuspended:
		return Account{}, Product{}, conflict("service_suspended", "This service is suspended.")
	}
	return b.sold(s)
}

// submitted tells whether a configuration is the one that the newest certificate
// was activated with, so that a repeated activation is recognised.
func (s *Service) submitted(request ConfigurationRequest) bool {
	if len(s.Certificates) == 0 {
		return false
	}
	newest := s.Certificates[len(s.Certificates)-1]
	return newest.Reason != ReasonReissue && (newest.Leaf != nil || newest.validating()) && newest.madeFrom(request)
}

// madeFrom tells whether a certificate was made from this configuration. The order
// of names means nothing.
func (c *Certificate) madeFrom(request ConfigurationRequest) bool {
	return sameCSR(c.CSR, request.CSR) && c.WebServer == request.WebServer && c.Contact == request.Contact &&
		slices.Equal(slices.Sorted(slices.Values(c.Domains)), slices.Sorted(slices.Values(request.Domains))) &&
		validatedAs(c.Validation, request.Validation)
}

// validatedAs tells whether control is shown name by name as chosen.
func validatedAs(validation []DomainValidation, choices []ValidationChoice) bool {
	for _, choice := range choices {
		if !slices.ContainsFunc(validation, func(is DomainValidation) bool {
			return is.Domain == choice.Domain && is.Method == choice.Method && is.ApproverEmail == choice.ApproverEmail
		}) {
			return false
		}
	}
	return len(validation) == len(choices)
}

func activationStep(upstream Provider, s Service, request ConfigurationRequest) (step, error) {
	target := s.AwaitsConfiguration()
	if target == nil {
		return step{}, conflict("action_not_allowed", "No certificate of this service awaits its configuration.")
	}
	if renewed := s.Certificate(target.Replaces); renewed != nil && renewed.CommonName != "" && renewed.CommonName != request.CommonName {
		return step{}, invalid("csr_name_mismatch", "A renewal keeps its domain: the CSR is for %s, the certificate for %s.", request.CommonName, renewed.CommonName)
	}
	request.CertificateID = target.CertificateID
	return step{
		kind: OperationActivate, certificateID: target.CertificateID, request: request,
		call: func(ctx context.Context, operationID string) (effect, error) {
			request.OperationID = operationID
			submission, err := upstream.Activate(ctx, request)
			if err != nil {
				return nil, err
			}
			return activated(request, submission), nil
		},
	}, nil
}

func activated(request ConfigurationRequest, submission Submission) effect {
	return func(s *Service, operation *Operation) []Event {
		certificate := s.Certificate(request.CertificateID)
		certificate.configured(request, submission)
		operation.Result = OperationResult{CertificateID: certificate.CertificateID}
		return []Event{{Kind: "certificate.activated", Detail: "certificate " + certificate.CertificateID + " for " + request.CommonName}}
	}
}

// configured notes what a certificate is made from. A status that went on
// meanwhile, because somebody synchronized, is left alone.
func (c *Certificate) configured(request ConfigurationRequest, submission Submission) {
	c.CommonName, c.Domains, c.CSR = request.CommonName, request.Domains, request.CSR
	c.WebServer, c.Contact, c.Validation = request.WebServer, request.Contact, submission.Validation
	if c.Status == "" || c.Status == StatusAwaitingConfiguration {
		c.Status, c.ProviderStatus = submission.Status, submission.ProviderStatus
	}
}
