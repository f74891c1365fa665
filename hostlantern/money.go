// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// Balances is the answer to users.getBalances.
type Balances struct {
	Available                 provisioning.Money // what can be spent
	Account                   provisioning.Money
	Earned                    provisioning.Money
	Withdrawable              provisioning.Money
	FundsRequiredForAutoRenew provisioning.Money
}

// GetBalances reads the prepaid balance (users.getBalances).
func (c *Client) GetBalances(ctx context.Context) (Balances, error) {
	cmd := command{name: cmdBalances, results: []string{"usergetbalancesresult"}}
	return ask(ctx, c, cmd, url.Values{}, c.readBalances)
}

func (c *Client) readBalances(answer *reply) (Balances, error) {
	cmd := answer.command
	currency, ok := currencyCode(answer.result.attr("currency"))
	if !ok {
		return Balances{}, c.broken(cmd, "the balance has no currency")
	}
	amount := func(name string) provisioning.Money {
		value, err := money(answer.result.attr(name), currency)
		if err != nil {
			c.tolerated(cmd, err)
		}
		return value
	}
	balances := Balances{
		Available: amount("availablebalance"), Account: amount("accountbalance"), Earned: amount("earnedamount"),
		Withdrawable:              amount("withdrawableamount"),
		FundsRequiredForAutoRenew: amount("fundsrequiredforautorenew"),
	}
	if balances.Available.IsZero() { // an empty account still has a currency
		return Balances{}, c.broken(cmd, "the available balance cannot be read")
	}
	return balances, nil
}

// PriceAction is what a price is for.
type PriceAction string

// The actions that have prices.
const (
	PriceOfPurchase PriceAction = "purchase"
	PriceOfRenewal  PriceAction = "renew"
)

// Price is one row of the price list.
type Price struct {
	Action      PriceAction
	Product     string // product code; "" for what is not in the catalogue
	ProductName string // as in the price list
	MoreSANs    bool   // the price of an additional name, not of the product
	Years       int
	// PerYear tells that amounts are for one year and must be multiplied.
	PerYear bool
	// Amount is what this account pays, promotions included.
	Amount  provisioning.Money
	Regular provisioning.Money
}

// Total is the price for the whole term.
func (p Price) Total() provisioning.Money {
	total := p.Amount
	if p.PerYear {
		total.Units *= int64(p.Years)
	}
	return total
}

// Prices reads the price list of certificates (users.getPricing), with the
// configured promotion or without it. Keep it: it is long and changes rarely.
func (c *Client) Prices(ctx context.Context, promoted bool) ([]Price, error) {
	cmd := command{name: cmdPricing, results: []string{"usergetpricingresult"}}
	parameters := url.Values{"ProductType": {"SSLCERTIFICATE"}}
	if promoted {
		c.promote(parameters)
	}
	return ask(ctx, c, cmd, parameters, c.readPrices)
}

func (c *Client) readPrices(answer *reply) ([]Price, error) {
	cmd, known := answer.command, newCatalogue()
	var prices []Price
	for _, kind := range answer.result.all("producttype") {
		for _, category := range kind.all("productcategory") {
			action := PriceAction(strings.ToLower(clean(category.attr("name"), 50)))
			for _, product := range category.all("product") {
				for _, one := range product.all("price") {
					price, err := readPrice(one)
					if err != nil {
						c.tolerated(cmd, err)
						continue
					}
					price.Action = action
					price.name(known, product.attr("name"))
					prices = append(prices, price)
				}
			}
		}
	}
	return prices, nil
}

// name fills in which product the price is for. Names come as slugs, additional
// names under the product's slug with "-moresans".
func (p *Price) name(known catalogue, slug string) {
	p.ProductName = clean(slug, 100)
	slug, p.MoreSANs = strings.CutSuffix(strings.ToLower(slug), "-moresans")
	if product, ok := known.named(slug); ok {
		p.Product = product.Code
	}
}

func readPrice(one *node) (Price, error) {
	currency, ok := currencyCode(one.attr("currency"))
	years, whole := natural(one.attr("duration"))
	if !ok || !whole || !strings.EqualFold(one.attr("durationtype"), "YEAR") {
		return Price{}, errors.New("a price cannot be read")
	}
	price := Price{Years: years, PerYear: strings.EqualFold(one.attr("pricingtype"), "MULTIPLE")}
	if !price.PerYear && !strings.EqualFold(one.attr("pricingtype"), "ABSOLUTE") {
		return Price{}, errors.New("a price cannot be read")
	}
	var err error
	if price.Amount, err = money(one.attr("price"), currency); err != nil {
		return Price{}, err
	}
	if price.Regular, err = money(one.attr("regularprice"), currency); err != nil {
		return Price{}, err
	}
	if price.Amount.IsZero() || price.Amount.Units < 0 {
		return Price{}, errors.New("a price cannot be read")
	}
	return price, nil
}
