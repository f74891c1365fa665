// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// Price tells what a charge will be by the price list, which is read at most once
// an hour. Additional domains are priced for the whole term, like the certificate.
// The price is zero if the list lacks a row that it needs.
//
// Domains that are added later cost what the list says without the promotion,
// because that command takes no code.
func (p *Provider) Price(ctx context.Context, request provisioning.PriceRequest) (provisioning.Money, error) {
	product, err := p.product(request.Product)
	if err != nil {
		return provisioning.Money{}, err
	}
	if !request.Kind.Charges() {
		return provisioning.Money{}, refuse(provisioning.FaultOther, "%q has no price", clean(string(request.Kind), 60))
	}
	if request.AdditionalDomains < 0 || request.AdditionalDomains > product.MaxAdditionalDomains {
		return provisioning.Money{}, refuse(provisioning.FaultDomains,
			"%s takes up to %d additional domains", product.Code, product.MaxAdditionalDomains)
	}
	list := p.ordinary
	if request.Kind != provisioning.OperationAddDomains && p.client.config.PromotionCode != "" {
		list = p.promoted
	}
	rows, err := list.rows(ctx)
	if err != nil {
		return provisioning.Money{}, err
	}
	return total(rows, request), nil
}

// total adds up the rows that make a charge.
func total(rows []Price, request provisioning.PriceRequest) provisioning.Money {
	action := PriceOfPurchase
	if request.Kind == provisioning.OperationRenew {
		action = PriceOfRenewal
	}
	wanted := Price{Action: action, Product: request.Product, Years: request.Years}
	var sum provisioning.Money
	if request.Kind != provisioning.OperationAddDomains {
		if sum = dearest(rows, wanted); sum.IsZero() {
			return provisioning.Money{}
		}
	}
	if request.AdditionalDomains == 0 {
		return sum
	}
	wanted.MoreSANs = true
	each := dearest(rows, wanted)
	if each.IsZero() || !sum.IsZero() && sum.Currency != each.Currency {
		return provisioning.Money{}
	}
	return provisioning.Money{
		Units: sum.Units + each.Units*int64(request.AdditionalDomains), Currency: each.Currency,
	}
}

// dearest finds the row for a product and term; zero if there is none. A product
// that is sold under its old and its new name has two, and which of them will be
// charged is not said.
func dearest(rows []Price, wanted Price) provisioning.Money {
	var found provisioning.Money
	for _, row := range rows {
		if row.Action != wanted.Action || row.Product != wanted.Product ||
			row.Years != wanted.Years || row.MoreSANs != wanted.MoreSANs {
			continue
		}
		if price := row.Total(); found.IsZero() || price.Units > found.Units {
			found = price
		}
	}
	return found
}

// How old a price list may be: to be used without asking, to be used when reading
// a new one fails, and how long it is used after such a failure before the next
// attempt.
const (
	freshFor  = time.Hour
	usableFor = 24 * time.Hour
	patience  = time.Minute
)

// priceList keeps the price list for a while.
type priceList struct {
	config Config
	read   func(ctx context.Context) ([]Price, error)
	turn   chan struct{} // holds one; whoever has put it in may use the rest

	kept     []Price
	readAt   time.Time
	failedAt time.Time // when what is kept could last not be replaced
}

func newPriceList(client *Client, promoted bool) *priceList {
	return &priceList{config: client.config, turn: make(chan struct{}, 1), read: func(ctx context.Context) ([]Price, error) {
		return client.Prices(ctx, promoted)
	}}
}

// rows gives the list, and reads it first if need be. Of several callers one reads,
// and the others wait for that as long as their own context lasts.
func (l *priceList) rows(ctx context.Context) ([]Price, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Err: ctx.Err()}
	}
	now := l.config.Now()
	usable := !l.readAt.IsZero() && within(usableFor, l.readAt, now)
	if usable && (within(freshFor, l.readAt, now) || within(patience, l.failedAt, now)) {
		return l.kept, nil
	}
	rows, err := l.read(ctx)
	switch {
	case err == nil:
		l.kept, l.readAt = rows, now
		return rows, nil
	case usable:
		l.failedAt = now
		l.config.Log.Warn("the price list could not be read, the last one is used", "account", l.config.Account,
			"read_at", l.readAt, "error", err)
		return l.kept, nil
	}
	return nil, err
}

// within tells whether a moment is less than so long ago, and not to come.
func within(span time.Duration, moment, now time.Time) bool {
	age := now.Sub(moment)
	return age >= 0 && age < span
}
