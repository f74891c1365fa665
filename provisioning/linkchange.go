// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
	"slices"
)

// change is the service with its new certificate, and what is told about it.
func (l *linking) change(ctx context.Context, before *Service) (after Service, events []Event, err error) {
	if before == nil {
		after, err = l.fresh()
		events = append(events, Event{Kind: "service.created"})
	} else {
		after = before.Clone()
	}
	if err != nil {
		return after, nil, err
	}
	attach := l.asFirst
	if len(after.Certificates) > 0 || len(after.Orders) > 0 {
		attach = func(s *Service) (string, error) { return l.asNext(ctx, s) }
	}
	told, err := attach(&after)
	if err != nil {
		return after, nil, err
	}
	if l.request.Client != (Client{}) && after.Client == (Client{}) {
		after.Client = l.request.Client
	}
	if l.request.Note != "" {
		told += "; " + l.request.Note
	}
	events = append(events, Event{Kind: "certificate.linked", Detail: told})
	events = append(events, l.bridge.mirrorDetails(&after, l.seen)...)
	after.SynchronizedAt = l.bridge.instant()
	for i := range events {
		events[i].Actor = l.operator
	}
	return after, events, nil
}

// fresh is the service that a certificate is sold as, as far as the provider
// tells.
func (l *linking) fresh() (Service, error) {
	product, err := l.product(nil)
	if err != nil {
		return Service{}, err
	}
	names := 1
	if csr, err := DecodeCSR(l.seen[0].CSR); err == nil {
		names += len(csr.Domains)
	}
	additional := max(names, l.seen[0].Domains) - product.IncludedDomains
	now := l.bridge.instant()
	return Service{
		Panel: l.request.Panel, ServiceID: l.request.ServiceID, Account: l.account.Name, Provider: l.account.Provider,
		Environment: l.account.Environment, Product: product.Code, Years: l.years(),
		AdditionalDomains: min(max(additional, 0), product.MaxAdditionalDomains),
		Client:            l.request.Client, State: ServiceActive, CreatedAt: now, UpdatedAt: now,
	}, nil
}

// asFirst begins a service's lineage.
func (l *linking) asFirst(s *Service) (string, error) {
	order, err := l.order()
	if err != nil {
		return "", err
	}
	order.Term = firstTerm(order.PurchasedOn, order.Years)
	s.Orders = append(s.Orders, order)
	s.Certificates = append(s.Certificates, l.certificate(order.OrderID, ReasonPurchase, Certificate{}))
	return l.tell(order), nil
}

// order is the order of a certificate that was bought elsewhere. What was paid for
// it is not known here.
func (l *linking) order() (Order, error) {
	switch id := l.request.CertificateID; {
	case l.years() == 0:
		return Order{}, invalid("years_needed", "The provider does not say for how many years certificate %s was bought.", id)
	case l.purchasedOn().IsZero():
		return Order{}, invalid("purchase_date_needed", "The provider does not say when certificate %s was bought.", id)
	}
	return Order{OrderID: l.orderID(), Years: l.years(), PurchasedOn: l.purchasedOn(), LinkedBy: l.operator}, nil
}

func (l *linking) orderID() string {
	if id := l.seen[0].OrderID; id != "" {
		return id
	}
	return "certificate-" + l.request.CertificateID // as for a purchase whose answer names no order
}

func (l *linking) certificate(orderID string, reason Reason, replaced Certificate) Certificate {
	linked := Certificate{
		CertificateID: l.request.CertificateID, OrderID: orderID, Reason: reason, Replaces: replaced.CertificateID, Status: StatusUnknown,
		WebServer: replaced.WebServer, Contact: replaced.Contact, CreatedAt: l.bridge.instant(),
	}
	linked.name(l.seen[0], replaced)
	return linked
}

func (l *linking) tell(order Order) string {
	return fmt.Sprintf("certificate %s, order %s, bought elsewhere on %s, term until %s", l.request.CertificateID, order.OrderID, order.PurchasedOn, order.Term.EndsOn)
}

// asNext continues a service that has certificates.
func (l *linking) asNext(ctx context.Context, s *Service) (told string, err error) {
	as, err := l.as(ctx, s)
	if err != nil {
		return "", err
	}
	if as == ReasonReissue {
		return l.asReissue(s)
	}
	return l.asRenewal(s)
}

// as tells what a certificate is to a service: by what the provider says, else by
// what the operator does.
func (l *linking) as(ctx context.Context, s *Service) (Reason, error) {
	id := l.request.CertificateID
	sameOrder := l.seen[0].OrderID != "" && s.Order(l.seen[0].OrderID) != nil
	replaces := slices.ContainsFunc(s.Certificates, func(c Certificate) bool { return c.ReplacedBy == id })
	if !replaces && !sameOrder && l.request.As != ReasonRenewal {
		if current := s.Current(); current != nil {
			now, err := l.bridge.ask(ctx, l.account.Upstream, current.CertificateID)
			if err != nil {
				return "", err
			}
			replaces = now.ReplacedBy == id
		}
	}
	switch {
	case sameOrder, replaces:
		if l.request.As == ReasonRenewal {
			return "", notLinkable("it is a reissue within an order of this service, not a renewal")
		}
		return ReasonReissue, nil
	case l.request.As != "":
		return l.request.As, nil
	case l.row.Reason == ReasonRenewal:
		return ReasonRenewal, nil
	}
	return "", conflict("link_unclear", "This service has certificates already, and the provider does not say what certificate %s is to them: "+
		"say whether it is what replaced the present one, or the next order.", id)
}

// asReissue makes it what replaced the certificate in use.
func (l *linking) asReissue(s *Service) (string, error) {
	replaced := s.Current()
	if at := slices.IndexFunc(s.Certificates, func(c Certificate) bool { return c.ReplacedBy == l.request.CertificateID }); at >= 0 {
		replaced = &s.Certificates[at]
	}
	switch {
	case replaced == nil:
		return "", notLinkable("there is no certificate that it could replace")
	case replaced.ReplacedBy != "" && replaced.ReplacedBy != l.request.CertificateID:
		return "", conflict("reissue_pending", "Certificate %s was replaced by %s already.", replaced.CertificateID, replaced.ReplacedBy)
	}
	replaced.ReplacedBy = l.request.CertificateID
	linked := l.certificate(replaced.OrderID, ReasonReissue, *replaced)
	s.Certificates = append(s.Certificates, linked)
	return fmt.Sprintf("certificate %s, a reissue of %s made elsewhere", linked.CertificateID, linked.Replaces), nil
}

// asRenewal makes it the next order.
func (l *linking) asRenewal(s *Service) (string, error) {
	current := s.Current()
	order, err := l.order()
	if err != nil {
		return "", err
	}
	order.Predecessor = s.Orders[len(s.Orders)-1].OrderID
	order.Term = firstTerm(order.PurchasedOn, order.Years)
	last := s.LastOrder()
	switch {
	case current == nil:
		return "", notLinkable("there is no certificate that it could renew")
	case last == nil:
	case order.PurchasedOn.Before(last.PurchasedOn):
		return "", notLinkable("it was bought on %s, before order %s of this service", order.PurchasedOn, last.OrderID)
	case current.OrderID != last.OrderID:
		return "", conflict("renewal_pending", "Order %s is not in use yet; it has to be activated before the next one.", last.OrderID)
	default:
		order.Term = nextTerm(last.Term, order.PurchasedOn, order.Years)
	}
	s.Orders = append(s.Orders, order)
	s.Certificates = append(s.Certificates, l.certificate(order.OrderID, ReasonRenewal, *current))
	return l.tell(order), nil
}
