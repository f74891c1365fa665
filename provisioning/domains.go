// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
)

// AddDomains raises the number of additional domains of a multi-domain service
// to the number given, and buys the difference. What was asked before is
// answered without buying again; a lower number is refused.
//
// Codes: action_not_allowed, too_many_domains, domains_cannot_shrink and those
// of a refused purchase.
func (b *Bridge) AddDomains(ctx context.Context, caller Caller, serviceID string, additionalDomains int) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, product, err := b.open(*s)
		if err != nil {
			return nil, err
		}
		current := s.Current()
		switch {
		case product.Coverage != MultiDomain:
			return nil, conflict("action_not_allowed", "Domains can be added to multi-domain products only.")
		case additionalDomains > product.MaxAdditionalDomains || additionalDomains < 0:
			return nil, invalid("too_many_domains", "This product takes 0 to %d additional domains.", product.MaxAdditionalDomains)
		case additionalDomains < s.AdditionalDomains:
			return nil, conflict("domains_cannot_shrink", "%d additional domains were bought; the number cannot be lowered.", s.AdditionalDomains)
		case additionalDomains == s.AdditionalDomains:
			return nil, nil
		case current == nil:
			return nil, conflict("awaiting_purchase", "Nothing was bought for this service yet.")
		case s.Successor() != nil:
			return nil, conflict("action_not_allowed", "Domains can be added when no reissue or renewal is under way.")
		}
		return []move{func(s Service) (step, error) {
			return addDomainsStep(account.Upstream, s, additionalDomains), nil
		}}, nil
	})
}

func addDomainsStep(upstream Provider, s Service, total int) step {
	request := AddDomainsRequest{CertificateID: s.Current().CertificateID, Domains: total - s.AdditionalDomains}
	return step{
		kind: OperationAddDomains, certificateID: request.CertificateID, request: request,
		call: func(ctx context.Context, operationID string) (effect, error) {
			request.OperationID = operationID
			bought, err := upstream.AddDomains(ctx, request)
			if err != nil {
				return nil, err
			}
			return func(s *Service, operation *Operation) []Event {
				s.AdditionalDomains = total
				operation.Result = resultOf(bought)
				return []Event{{Kind: "domains.added", Detail: fmt.Sprintf("%d more: %s", request.Domains, boughtDetail(bought))}}
			}, nil
		},
	}
}
