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
			request := AddDomainsRequest{CertificateID: s.Current().CertificateID, Domains: additionalDomains - s.AdditionalDomains}
			return addDomainsStep(account.Upstream, s, request), nil
		}}, nil
	})
}

func addDomainsStep(upstream Provider, s Service, request AddDomainsRequest) step {
	price := PriceRequest{Kind: OperationAddDomains, Product: s.Product, Years: s.LastOrder().Years, AdditionalDomains: request.Domains}
	of := step{kind: OperationAddDomains, certificateID: request.CertificateID, request: request}
	return charging(price, of, func(ctx context.Context, operationID string) (Purchase, error) {
		request.OperationID = operationID
		return upstream.AddDomains(ctx, request)
	}, func(bought Purchase) effect { return domainsAdded(bought, request) })
}

func domainsAdded(bought Purchase, request AddDomainsRequest) effect {
	return func(s *Service, operation *Operation) []Event {
		s.AdditionalDomains += request.Domains
		operation.Result = resultOf(bought)
		return []Event{{Kind: "domains.added", Detail: fmt.Sprintf("%d more: %s", request.Domains, boughtDetail(bought))}}
	}
}
