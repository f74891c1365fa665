// SPDX-License-Identifier: Apache-2.0

package provisioning

import "context"

// ChangeValidation changes how control of the domains is shown while validation
// is pending. Giving the present methods again reads the instructions anew. Of
// several certificates under validation certificateID says which; "" is the
// newest.
//
// Codes: certificate_not_found, action_not_allowed, those of the validation
// choices and those of a refusal.
func (b *Bridge) ChangeValidation(ctx context.Context, caller Caller, serviceID, certificateID string, choices []ValidationChoice) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, product, err := b.open(*s)
		if err != nil {
			return nil, err
		}
		target, err := s.validating(certificateID)
		if err != nil {
			return nil, err
		}
		complete, err := chooseValidation(product, validatedNames(product, target.CommonName, target.Domains), choices)
		if err != nil {
			return nil, err
		}
		request := ValidationRequest{CertificateID: target.CertificateID, Product: product.Code, Choices: complete}
		return []move{func(Service) (step, error) {
			return step{
				kind: OperationChangeValidation, certificateID: request.CertificateID, request: request,
				call: func(ctx context.Context, _ string) (effect, error) {
					instructions, err := account.Upstream.ChangeValidation(ctx, request)
					if err != nil {
						return nil, repeatable(err)
					}
					return validationChanged(request.CertificateID, instructions), nil
				},
				doubted: func(s *Service) {
					// Which methods are in force is not known: no instructions are
					// better than false ones.
					s.Certificate(request.CertificateID).Validation = withoutInstructions(complete, ValidationPending)
				},
			}, nil
		}}, nil
	})
}

func validationChanged(certificateID string, instructions []DomainValidation) effect {
	return func(s *Service, operation *Operation) []Event {
		s.Certificate(certificateID).Validation = instructions
		operation.Result = OperationResult{CertificateID: certificateID}
		return []Event{{Kind: "validation.changed", Detail: "certificate " + certificateID}}
	}
}

// RetryValidation has approver e-mails sent again, files and records looked at
// again. certificateID is as in ChangeValidation.
//
// Codes: certificate_not_found, action_not_allowed and those of a refusal.
func (b *Bridge) RetryValidation(ctx context.Context, caller Caller, serviceID, certificateID string) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, _, err := b.open(*s)
		if err != nil {
			return nil, err
		}
		target, err := s.validating(certificateID)
		if err != nil {
			return nil, err
		}
		certificateID := target.CertificateID
		return []move{func(Service) (step, error) {
			return step{
				kind: OperationRetryValidation, certificateID: certificateID, request: struct{}{},
				call: func(ctx context.Context, _ string) (effect, error) {
					if err := account.Upstream.RetryValidation(ctx, certificateID); err != nil {
						return nil, repeatable(err)
					}
					return func(_ *Service, operation *Operation) []Event {
						operation.Result = OperationResult{CertificateID: certificateID}
						return []Event{{Kind: "validation.retried", Detail: "certificate " + certificateID}}
					}, nil
				},
			}, nil
		}}, nil
	})
}

// validating finds the certificate whose validation is meant.
func (s *Service) validating(certificateID string) (*Certificate, error) {
	target := s.UnderValidation()
	if certificateID != "" {
		if target = s.Certificate(certificateID); target == nil {
			return nil, certificateNotFound()
		}
	}
	if target == nil || !target.validating() {
		return nil, conflict("action_not_allowed", "No certificate of this service is being validated.")
	}
	return target, nil
}

// ApproverEmails lists the addresses that may approve a domain by e-mail. account
// and product may be "" when any will do: the first account and its first product.
//
// Codes: invalid_domain, unknown_account, unknown_product and those of a read
// that failed.
func (b *Bridge) ApproverEmails(ctx context.Context, accountName, productCode, domain string) ([]string, error) {
	name, err := NormalizeName(domain)
	if err != nil {
		return nil, err
	}
	if accountName == "" && len(b.names) > 0 {
		accountName = b.names[0]
	}
	account, err := b.account(accountName)
	if err != nil {
		return nil, err
	}
	if products := account.Upstream.Products(); productCode == "" && len(products) > 0 {
		productCode = products[0].Code
	}
	if _, err := account.product(productCode); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.callTimeout)
	defer cancel()
	offered, err := account.Upstream.ApproverEmails(ctx, baseName(name), productCode)
	if err != nil {
		return nil, readFailure(err)
	}
	var addresses []string
	for _, address := range offered {
		if mayApprove(address, name) {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}
