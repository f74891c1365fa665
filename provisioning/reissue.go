// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
)

// Reissue submits a new configuration for the issued certificate of a service.
// The answer holds a new certificate ID as successor; the present certificate
// stays in use until that one is issued. What the configuration leaves out is
// taken over. Repeating it while the reissue is under way changes nothing.
//
// Codes: action_not_allowed, reissue_pending, those of the configuration and
// those of a refusal.
func (b *Bridge) Reissue(ctx context.Context, caller Caller, serviceID string, configuration Configuration) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, product, err := b.open(*s)
		if err != nil {
			return nil, err
		}
		current := s.Current()
		if current == nil || current.Leaf == nil {
			return nil, conflict("action_not_allowed", "Only an issued certificate can be reissued.")
		}
		wanted := configuration.takeOver(*current)
		request, err := configure(product, s.AdditionalDomains, wanted)
		if err != nil {
			return nil, err
		}
		if successor := s.Successor(); successor != nil && successor.Reason == ReasonReissue {
			return nil, successor.reissueUnderWay(request)
		}
		if !b.reissuable(*s) {
			return nil, conflict("action_not_allowed", "A certificate that is %s, or whose paid term is over, cannot be reissued.", current.Status)
		}
		return []move{func(s Service) (step, error) {
			return reissueStep(account.Upstream, product, *s.Current(), request)
		}}, nil
	})
}

// reissueUnderWay answers a request for a reissue beside one that is not issued
// yet: nil if it is the same.
func (c *Certificate) reissueUnderWay(request ConfigurationRequest) error {
	switch {
	case c.Status == StatusRejected:
		return conflict("reissue_pending", "The reissue of this certificate was rejected. Please contact support.")
	case c.madeFrom(request):
		return nil
	}
	return conflict("reissue_pending", "Another reissue of this certificate is under way; it has to be issued first.")
}

// reissuable tells whether the certificate in use can be made anew. A leaf may
// have expired long before the term that was paid: then the customer is owed
// another one.
func (b *Bridge) reissuable(s Service) bool {
	current := s.Current()
	if current == nil || current.Leaf == nil {
		return false
	}
	order := s.Order(current.OrderID)
	paid := order != nil && DateOf(b.instant()).Before(order.Term.EndsOn)
	return current.Status == StatusIssued || current.Status == StatusExpired && paid
}

func reissueStep(upstream Provider, product Product, current Certificate, request ConfigurationRequest) (step, error) {
	if product.Level != DomainValidated && request.CommonName != current.CommonName {
		return step{}, invalid("csr_name_mismatch", "A reissue keeps its domain: the CSR is for %s, the certificate for %s.", request.CommonName, current.CommonName)
	}
	request.CertificateID = current.CertificateID
	return step{
		kind: OperationReissue, certificateID: current.CertificateID, request: request,
		call: func(ctx context.Context, operationID string) (effect, error) {
			request.OperationID = operationID
			submission, err := upstream.Reissue(ctx, request)
			if err != nil {
				return nil, err
			}
			if submission.CertificateID == "" || submission.CertificateID == request.CertificateID {
				return nil, &ProviderError{Outcome: Unknown, Err: errors.New("a reissue answered without a new certificate id")}
			}
			return reissued(request, submission), nil
		},
	}, nil
}

func reissued(request ConfigurationRequest, submission Submission) effect {
	return func(s *Service, operation *Operation) []Event {
		successor := s.addReissue(request.CertificateID, submission.CertificateID, operation)
		successor.configured(request, submission)
		operation.Result = OperationResult{CertificateID: successor.CertificateID}
		return []Event{{Kind: "certificate.reissued", Detail: "certificate " + successor.CertificateID + " will replace " + request.CertificateID}}
	}
}

// addReissue links the certificate that will replace another, unless a
// synchronization has found and linked it before us.
func (s *Service) addReissue(replaced, certificateID string, operation *Operation) *Certificate {
	if known := s.Certificate(certificateID); known != nil {
		return known
	}
	old := s.Certificate(replaced)
	old.ReplacedBy = certificateID
	s.Certificates = append(s.Certificates, Certificate{
		CertificateID: certificateID, OrderID: old.OrderID, Reason: ReasonReissue, Replaces: replaced,
		ProviderProduct: old.ProviderProduct, CreatedAt: operation.UpdatedAt,
	})
	return &s.Certificates[len(s.Certificates)-1]
}
