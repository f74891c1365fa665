// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"slices"
)

// Renew buys the next term of a service. The new certificate awaits its
// configuration as successor. It changes nothing when the next term is bought
// already, and when the present one ends in 90 days or more and the panel does
// not say that the customer paid beyond it.
//
// Codes: action_not_allowed, service_terminated, years_not_offered,
// reissue_pending, renewal_pending, renewal_too_early, renewal_too_late and those
// of a refused purchase.
func (b *Bridge) Renew(ctx context.Context, caller Caller, serviceID string, request RenewRequest) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		if s.State == ServiceTerminated {
			return nil, conflict("service_terminated", "This service was terminated.")
		}
		// A suspended service may be renewed: a late payment renews it first and
		// lifts the suspension afterwards.
		account, product, err := b.sold(*s)
		if err != nil {
			return nil, err
		}
		due, err := b.renewalDue(*s, request)
		if err != nil || !due {
			return nil, err
		}
		years := request.Years
		if years == 0 {
			years = s.LastOrder().Years
		}
		if !slices.Contains(product.Years, years) {
			return nil, invalid("years_not_offered", "This product is not sold for %d years; it is sold for %v.", years, product.Years)
		}
		return []move{func(s Service) (step, error) {
			current := s.Current()
			return renewalStep(account.Upstream, s, RenewalRequest{
				CertificateID: current.CertificateID, Product: s.Product, ProviderProduct: current.ProviderProduct, Years: years,
			}), nil
		}}, nil
	})
}

// renewalDue decides whether a renewal is to be bought. False without an error is
// an honest no-op.
func (b *Bridge) renewalDue(s Service, request RenewRequest) (bool, error) {
	current, last := s.Current(), s.LastOrder()
	if last == nil || current.Leaf == nil {
		return false, conflict("action_not_allowed", "Only a certificate that was issued can be renewed.")
	}
	if current.OrderID != last.OrderID {
		if last.Term.covers(request.PaidUntil) || request.PaidUntil.IsZero() {
			return false, nil
		}
		return false, conflict("renewal_pending", "The term until %s is bought and not in use yet; it has to be activated before the next one.", last.Term.EndsOn)
	}
	account, err := b.account(s.Account)
	if err != nil {
		return false, err
	}
	today, window := DateOf(b.instant()), account.window().around(last.Term)
	if window.ClosesOn.Before(today) {
		return false, conflict("renewal_too_late", "The paid term ended on %s; it is too late to renew it.", last.Term.EndsOn)
	}
	if today.Before(window.OpensOn) {
		if request.PaidUntil.IsZero() || last.Term.covers(request.PaidUntil) {
			return false, nil
		}
		return false, conflict("renewal_too_early", "The next term can be bought from %s on.", window.OpensOn)
	}
	if successor := s.Successor(); successor != nil {
		return false, conflict("reissue_pending", "A reissue of this certificate is under way; it has to be issued before the renewal.")
	}
	return true, nil
}

func renewalStep(upstream Provider, s Service, request RenewalRequest) step {
	price := PriceRequest{Kind: OperationRenew, Product: request.Product, Years: request.Years, AdditionalDomains: s.AdditionalDomains}
	of := step{kind: OperationRenew, certificateID: request.CertificateID, request: request}
	return charging(price, of, func(ctx context.Context, operationID string) (Purchase, error) {
		request.OperationID = operationID
		return upstream.Renew(ctx, request)
	}, func(bought Purchase) effect { return renewed(bought, request) })
}

func renewed(bought Purchase, request RenewalRequest) effect {
	return func(s *Service, operation *Operation) []Event {
		order := orderOf(bought, request.Years, operation)
		// A void order in between keeps its place: each has one successor.
		order.Predecessor = s.Orders[len(s.Orders)-1].OrderID
		order.Term = nextTerm(s.LastOrder().Term, order.PurchasedOn, request.Years)
		certificate := certificateOf(bought, order, ReasonRenewal, operation)
		certificate.Replaces = request.CertificateID
		s.Orders = append(s.Orders, order)
		s.Certificates = append(s.Certificates, certificate)
		operation.Result = resultOf(bought)
		return []Event{{Kind: "certificate.renewed", Detail: boughtDetail(bought) + ", term until " + order.Term.EndsOn.String()}}
	}
}
