// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Create ensures that a service exists as the request says, and buys its first
// order unless that is left to the activation. A request that was fulfilled
// before is answered with the service as it is.
//
// Codes: invalid_service_id, unknown_account, unknown_product,
// years_not_offered, too_many_domains, client_invalid,
// service_exists_differently, service_terminated, and those of a refused
// purchase.
func (b *Bridge) Create(ctx context.Context, caller Caller, serviceID string, request CreateRequest) (Result, error) {
	account, product, err := b.checkCreate(serviceID, request)
	if err != nil {
		return Result{}, err
	}
	fresh := func() Service {
		now := b.instant()
		return Service{
			Panel: caller.Panel, ServiceID: serviceID, Account: account.Name, Provider: account.Provider,
			Environment: account.Environment, Product: product.Code, Years: request.Years,
			AdditionalDomains: request.AdditionalDomains, Client: request.Client, State: ServiceActive,
			CreatedAt: now, UpdatedAt: now,
		}
	}
	return b.actOn(ctx, caller, serviceID, fresh, func(s *Service) ([]move, error) {
		if err := s.become(request); err != nil {
			return nil, err
		}
		if len(s.Orders) > 0 || b.purchase == PurchaseAtActivation {
			return nil, nil
		}
		if s.State == ServiceSuspended {
			return nil, conflict("service_suspended", "This service is suspended.")
		}
		return []move{purchaseMove(account)}, nil
	})
}

func (b *Bridge) checkCreate(serviceID string, request CreateRequest) (Account, Product, error) {
	if !serviceIDPattern.MatchString(serviceID) {
		return Account{}, Product{}, invalid("invalid_service_id", "A service id has 1 to 64 letters, digits, underscores and hyphens.")
	}
	account, err := b.account(request.Account)
	if err != nil {
		return Account{}, Product{}, err
	}
	product, err := account.product(request.Product)
	if err != nil {
		return Account{}, Product{}, err
	}
	if !slices.Contains(product.Years, request.Years) {
		return Account{}, Product{}, invalid("years_not_offered", "This product is not sold for %d years; it is sold for %v.", request.Years, product.Years)
	}
	if request.AdditionalDomains < 0 || request.AdditionalDomains > product.MaxAdditionalDomains {
		return Account{}, Product{}, invalid("too_many_domains", "This product takes 0 to %d additional domains.", product.MaxAdditionalDomains)
	}
	for _, text := range []string{request.Client.ExternalID, request.Client.Name, request.Client.Email} {
		if len([]rune(text)) > maxField || strings.ContainsFunc(text, isControl) {
			return Account{}, Product{}, invalid("client_invalid", "The client's data are longer than %d characters or hold control characters.", maxField)
		}
	}
	return account, product, nil
}

// become makes the service what the request says. What was bought may not change
// any more; who the client is may. Nothing is bought while no order and no
// operation is there, so a purchase that was refused can be asked for otherwise.
func (s *Service) become(request CreateRequest) error {
	if s.State == ServiceTerminated {
		return conflict("service_terminated", "This service was terminated; a new one needs an id of its own.")
	}
	bought := len(s.Orders) > 0 || s.Operation != nil
	same := s.Product == request.Product && s.Years == request.Years && s.AdditionalDomains == request.AdditionalDomains
	if s.Account != request.Account || bought && !same {
		return conflict("service_exists_differently", "This service exists with another account, product, term or number of domains.")
	}
	s.Product, s.Years, s.AdditionalDomains = request.Product, request.Years, request.AdditionalDomains
	if request.Client != (Client{}) {
		s.Client = request.Client
	}
	return nil
}

// purchaseMove buys the first order of a service.
func purchaseMove(account Account) move {
	return func(s Service) (step, error) {
		request := PurchaseRequest{Product: s.Product, Years: s.Years, AdditionalDomains: s.AdditionalDomains}
		return purchaseStep(account.Upstream, request), nil
	}
}

func purchaseStep(upstream Provider, request PurchaseRequest) step {
	price := PriceRequest{Kind: OperationPurchase, Product: request.Product, Years: request.Years, AdditionalDomains: request.AdditionalDomains}
	return charging(price, step{kind: OperationPurchase, request: request}, func(ctx context.Context, operationID string) (Purchase, error) {
		request.OperationID = operationID
		return upstream.Purchase(ctx, request)
	}, purchased)
}

// charging completes a step that spends money: what it costs, how it is made, and
// what having bought changes, whether the answer tells so or reconciliation.
func charging(price PriceRequest, of step, buy func(ctx context.Context, operationID string) (Purchase, error), bought func(Purchase) effect) step {
	of.price, of.bought = price, bought
	of.call = func(ctx context.Context, operationID string) (effect, error) {
		answer, err := buy(ctx, operationID)
		if err != nil {
			return nil, err
		}
		return chargedBy(ChargedByAnswer, bought(answer)), nil
	}
	return of
}

// chargedBy notes how the amount of a charge is known, and says so when it is
// more than was authorised.
func chargedBy(source ChargeSource, change effect) effect {
	return func(s *Service, operation *Operation) []Event {
		events := change(s, operation)
		operation.Result.ChargedBy = source
		if source == ChargedByAnswer && operation.overcharged() {
			charged, authorised := operation.Result.Charged, operation.Noted.Authorised
			events = append(events, Event{Kind: "charge.above_authorised", Detail: fmt.Sprintf("charged %s %s, authorised %s %s",
				charged, charged.Currency, authorised, authorised.Currency)})
		}
		return events
	}
}

func purchased(bought Purchase) effect {
	return func(s *Service, operation *Operation) []Event {
		order := orderOf(bought, s.Years, operation)
		order.Term = firstTerm(order.PurchasedOn, s.Years)
		s.Orders = append(s.Orders, order)
		s.Certificates = append(s.Certificates, certificateOf(bought, order, ReasonPurchase, operation))
		operation.Result = resultOf(bought)
		return []Event{{Kind: "certificate.purchased", Detail: boughtDetail(bought)}}
	}
}

func orderOf(bought Purchase, years int, operation *Operation) Order {
	purchased := bought.PurchasedOn
	if purchased.IsZero() {
		purchased = DateOf(operation.SentAt)
	}
	orderID := bought.OrderID
	if orderID == "" {
		// Paid, but the answer names no order: the certificate stands for it.
		orderID = "certificate-" + bought.CertificateID
	}
	return Order{
		OrderID: orderID, TransactionID: bought.TransactionID, Years: years,
		Charged: bought.Charged, PurchasedOn: purchased,
	}
}

func certificateOf(bought Purchase, order Order, reason Reason, operation *Operation) Certificate {
	return Certificate{
		CertificateID: bought.CertificateID, OrderID: order.OrderID, Reason: reason, Status: StatusAwaitingConfiguration,
		ProviderStatus: bought.ProviderStatus, ProviderProduct: bought.ProviderProduct, CreatedAt: operation.UpdatedAt,
	}
}

func resultOf(bought Purchase) OperationResult {
	return OperationResult{
		CertificateID: bought.CertificateID, OrderID: bought.OrderID,
		TransactionID: bought.TransactionID, Charged: bought.Charged,
	}
}

func boughtDetail(bought Purchase) string {
	return "certificate " + bought.CertificateID + ", order " + bought.OrderID + ", charged " + bought.Charged.String() + " " + bought.Charged.Currency
}
