// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// money is an amount in ten-thousandths of a US dollar.
type money int64

// String writes four decimal places, as ChargedAmount has them.
func (m money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	return fmt.Sprintf("%s%d.%04d", sign, m/10000, m%10000)
}

// cents writes two decimal places, as prices and balances have them.
func (m money) cents() string {
	text := m.String()
	return text[:len(text)-2]
}

// parseMoney reads a decimal amount with up to four places; "" is zero.
func parseMoney(text string) (money, error) {
	if text == "" {
		return 0, nil
	}
	digits, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if !allDigits(whole) || len(whole) > 12 || len(fraction) > 4 || fraction != "" && !allDigits(fraction) {
		return 0, fmt.Errorf("simulator: amount %q is no decimal number with up to four places", text)
	}
	value, err := strconv.ParseInt(whole+(fraction + "0000")[:4], 10, 64)
	if negative {
		value = -value
	}
	return money(value), err
}

// allDigits tells whether text is one or more decimal digits.
func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

// perYear is the price of one year in a term of so many: three percent off for
// each further year, rounded to cents.
func perYear(base money, years int) money {
	return (base*money(103-3*years)/100 + 50) / 100 * 100
}

// listed is what the price list says about a term: an amount for each year, or,
// where the price is absolute, for all of them.
func listed(base money, years int, absolute bool, promotion *Promotion) money {
	if absolute {
		return promotion.off(perYear(base, years) * money(years))
	}
	return promotion.off(perYear(base, years))
}

// forTerm is what is charged for a term. It follows from the price list, rounding
// included: the two never differ.
func forTerm(base money, years int, absolute bool, promotion *Promotion) money {
	amount := listed(base, years, absolute, promotion)
	if !absolute {
		amount *= money(years)
	}
	return amount
}

// Promotion is a coupon code. A percentage is taken off each price of the list.
type Promotion struct {
	Code           string    // up to 20 characters, any letter case
	Percent        int       // 0 to 100
	Starts, Ends   time.Time // zero: open
	Uses           int       // how many charges it may serve; 0: any number
	ApiUser        string    // the only account that may use it; empty: any
	Inactive       bool      // switched off by the provider
	Broken         bool      // the provider fails while looking at it
	NeedsUserNamed bool      // refused for want of a user name, whoever asks
	used           int
}

// DefaultPromotions are one working code, SIMULATOR10, and one for every way in
// which the provider refuses a code.
func DefaultPromotions(now time.Time) []Promotion {
	return []Promotion{
		{Code: "SIMULATOR10", Percent: 10},
		{Code: "ONCEONLY", Percent: 50, Uses: 1},
		{Code: "NOTYET", Percent: 10, Starts: now.AddDate(10, 0, 0)},
		{Code: "BYGONE", Percent: 10, Ends: now.AddDate(-1, 0, 0)},
		{Code: "NOTYOURS", Percent: 10, ApiUser: "somebodyelse"},
		{Code: "WITHDRAWN", Percent: 10, Inactive: true},
		{Code: "NAMELESS", Percent: 10, NeedsUserNamed: true},
		{Code: "BROKEN", Percent: 10, Broken: true},
	}
}

// promotion looks up the code of a call; nil when it has none.
func (s *Simulator) promotion(c *call) (*Promotion, *apiError) {
	code := c.get("promotioncode")
	if code == "" {
		return nil, nil
	}
	if len(code) > 20 {
		return nil, refuse("2013170", "Parameter PromotionCode is TooLong")
	}
	found := s.promotions[strings.ToUpper(code)]
	switch {
	case found == nil:
		return nil, refuse("2011170", "Promotion code is not available")
	case found.Broken:
		return nil, refuse("2011170", "Error occured while validating promotion code") //nolint:misspell // the provider's spelling
	case found.Inactive:
		return nil, refuse("2011170", "Promotion code is not active")
	case found.NeedsUserNamed:
		return nil, refuse("2011170", "Promotion code requires username.")
	case found.ApiUser != "" && !strings.EqualFold(found.ApiUser, c.account.ApiUser):
		return nil, refuse("2011170", "Access denied for the promotion code")
	case !found.Starts.IsZero() && c.now.Before(found.Starts):
		return nil, refuse("2011170", "Promotion code is not started yet.")
	case !found.Ends.IsZero() && !c.now.Before(found.Ends):
		return nil, refuse("2011170", "Promotion code is expired")
	case found.Uses > 0 && found.used >= found.Uses:
		return nil, refuse("2011170", "Promotion code usage exceeded")
	}
	return found, nil
}

// off takes the promotion off an amount, rounded down to cents.
func (p *Promotion) off(amount money) money {
	if p == nil {
		return amount
	}
	return amount * money(100-p.Percent) / 100 / 100 * 100
}

func (p *Promotion) use() {
	if p != nil {
		p.used++
	}
}

// balances is users.getBalances.
func (s *Simulator) balances(c *call, x *xmlWriter) *apiError {
	balance := c.account.balance.cents()
	x.empty("UserGetBalancesResult", "Currency", "USD", "AvailableBalance", balance, "AccountBalance", balance,
		"EarnedAmount", "0.00", "WithdrawableAmount", "0.00", "FundsRequiredForAutoRenew", "0.00")
	return nil
}

// pricing is users.getPricing.
func (s *Simulator) pricing(c *call, x *xmlWriter) *apiError {
	if !strings.EqualFold(c.get("producttype"), "SSLCERTIFICATE") {
		return refuse("2011298", "ProductType is invalid")
	}
	promotion, refused := s.promotion(c)
	if refused != nil {
		return refused
	}
	x.open("UserGetPricingResult")
	x.open("ProductType", "Name", "ssl")
	for _, action := range []string{"purchase", "renew"} {
		if wanted := c.get("actionname"); wanted != "" && !strings.EqualFold(wanted, action) {
			continue
		}
		x.open("ProductCategory", "Name", action)
		for _, one := range catalogue() {
			if one.sslcom && !s.replaced(c.now) || !namesProduct(c.get("productname"), one) {
				continue
			}
			sold := s.current(&one, c.now) // an old name has its successor's price
			base := sold.purchase
			if action == "renew" {
				base = sold.renewal
			}
			writePrices(x, one.slug, base, sold.absolute, promotion)
			if one.coverage == multiDomain {
				writePrices(x, one.slug+"-moresans", sold.domain, sold.absolute, promotion)
			}
		}
		x.close("ProductCategory")
	}
	x.close("ProductType")
	x.close("UserGetPricingResult")
	return nil
}

// namesProduct tells whether a ProductName filter, which comes without blanks,
// hyphens or a settled letter case, means a product.
func namesProduct(filter string, p product) bool {
	bare := strings.NewReplacer(" ", "", "-", "")
	fold := strings.ToLower(bare.Replace(filter))
	return fold == "" || fold == bare.Replace(p.slug) || fold == strings.ToLower(bare.Replace(p.name))
}

func writePrices(x *xmlWriter, slug string, base money, absolute bool, promotion *Promotion) {
	x.open("Product", "Name", slug)
	for years := 1; years <= 5; years++ {
		regular, price := listed(base, years, absolute, nil), listed(base, years, absolute, promotion)
		kind, promoted := "MULTIPLE", "0.0"
		if absolute {
			kind = "ABSOLUTE"
		}
		if price != regular {
			promoted = price.cents()
		}
		x.empty("Price", "Duration", strconv.Itoa(years), "DurationType", "YEAR", "Price", price.cents(), "PricingType", kind,
			"RegularPrice", regular.cents(), "RegularPriceType", kind, "YourPrice", price.cents(), "YourPriceType", kind,
			"PromotionPrice", promoted, "Currency", "USD")
	}
	x.close("Product")
}
