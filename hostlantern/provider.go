// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/certbridge/certbridge/provisioning"
)

// Provider is provisioning.Provider for one account.
type Provider struct {
	client    *Client
	catalogue catalogue
	ordinary  *priceList
	promoted  *priceList // with the account's promotion code
}

var _ provisioning.Provider = (*Provider)(nil)

// NewProvider puts the domain's interface on top of a client.
func NewProvider(client *Client) *Provider {
	return &Provider{
		client: client, catalogue: newCatalogue(),
		ordinary: newPriceList(client, false), promoted: newPriceList(client, true),
	}
}

// Products lists the catalogue.
func (p *Provider) Products() []provisioning.Product { return Products() }

// RenewalWindow is 90 days before to 180 days after the end of the paid term, by
// the calendar of the API's own zone; one day less is right in every zone.
func (p *Provider) RenewalWindow() provisioning.RenewalWindow {
	return provisioning.RenewalWindow{Opens: 89, Closes: 180}
}

// Purchase buys a certificate. The API keeps no reference of ours, so the
// OperationID is not sent.
func (p *Provider) Purchase(ctx context.Context, request provisioning.PurchaseRequest) (provisioning.Purchase, error) {
	product, err := p.product(request.Product)
	if err != nil {
		return provisioning.Purchase{}, err
	}
	if err := checkTerm(product, request.Years); err != nil {
		return provisioning.Purchase{}, err
	}
	if request.AdditionalDomains < 0 || request.AdditionalDomains > product.MaxAdditionalDomains {
		return provisioning.Purchase{}, refuse(provisioning.FaultDomains,
			"%s takes up to %d additional domains", product.Code, product.MaxAdditionalDomains)
	}
	order, err := p.client.Create(ctx, CreateRequest{
		Type: product.ProviderName, Years: request.Years, MoreSANs: request.AdditionalDomains,
	})
	if err != nil {
		return provisioning.Purchase{}, err
	}
	return p.purchase(order, "newpurchase"), nil
}

// Renew buys the next term. The type must be the one of the old certificate, in
// the provider's words, which may have changed since it was ordered.
func (p *Provider) Renew(ctx context.Context, request provisioning.RenewalRequest) (provisioning.Purchase, error) {
	product, err := p.product(request.Product)
	if err != nil {
		return provisioning.Purchase{}, err
	}
	if err := checkTerm(product, request.Years); err != nil {
		return provisioning.Purchase{}, err
	}
	order, err := p.client.Renew(ctx, RenewRequest{
		CertificateID: request.CertificateID,
		Type:          p.providerName(request.ProviderProduct, product),
		Years:         request.Years,
	})
	if err != nil {
		return provisioning.Purchase{}, err
	}
	if order.CertificateID == request.CertificateID {
		return provisioning.Purchase{}, &provisioning.ProviderError{
			Outcome: provisioning.Unknown,
			Err:     errors.New("the renewal was answered with the id of the old certificate"),
		}
	}
	return p.purchase(order, "newrenewal"), nil
}

// AddDomains buys room for more names.
func (p *Provider) AddDomains(
	ctx context.Context, request provisioning.AddDomainsRequest,
) (provisioning.Purchase, error) {
	if request.Domains < 1 || request.Domains > maxAdditionalDomains {
		return provisioning.Purchase{}, refuse(provisioning.FaultDomains,
			"1 to %d domains can be added, not %d", maxAdditionalDomains, request.Domains)
	}
	order, err := p.client.PurchaseMoreSANs(ctx, request.CertificateID, request.Domains)
	if err != nil {
		return provisioning.Purchase{}, err
	}
	// The status in this answer is that of the addition, not of the certificate.
	purchase := p.purchase(order, "")
	purchase.Status, purchase.ProviderStatus = provisioning.StatusUnknown, order.Status
	return purchase, nil
}

// purchase puts an order in the domain's words. usual is the status that a new
// order has where the answer does not tell.
func (p *Provider) purchase(order Order, usual string) provisioning.Purchase {
	word := order.Status
	if word == "" {
		word = usual
	}
	return provisioning.Purchase{
		CertificateID:   order.CertificateID,
		OrderID:         order.OrderID,
		TransactionID:   order.TransactionID,
		Charged:         order.Charged,
		PurchasedOn:     order.Created,
		Status:          p.status(word, order.Type),
		ProviderStatus:  word,
		ProviderProduct: order.Type,
	}
}

// Balance reads what the account can spend.
func (p *Provider) Balance(ctx context.Context) (provisioning.Money, error) {
	balances, err := p.client.GetBalances(ctx)
	return balances.Available, err
}

// product finds a product by code.
func (p *Provider) product(code string) (provisioning.Product, error) {
	product, ok := p.catalogue.byCode[code]
	if !ok {
		return product, refuse(provisioning.FaultOther, "product %q is not in the catalogue", clean(code, 60))
	}
	return product, nil
}

// providerName is what to call a certificate's product: the provider's present
// word for it, in the catalogue's spelling if it is known.
func (p *Provider) providerName(present string, product provisioning.Product) string {
	if present == "" {
		return product.ProviderName
	}
	if known, ok := p.catalogue.named(present); ok {
		return known.ProviderName
	}
	return present
}

func checkTerm(product provisioning.Product, years int) error {
	if !slices.Contains(product.Years, years) {
		return refuse(provisioning.FaultYears, "%s is not sold for %d years", product.Code, years)
	}
	return nil
}

// refuse is a refusal of our own, before any call.
func refuse(fault provisioning.Fault, format string, args ...any) error {
	return &provisioning.ProviderError{
		Outcome: provisioning.Refused, Fault: fault, Err: fmt.Errorf(format, args...),
	}
}
