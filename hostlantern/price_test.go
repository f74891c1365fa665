// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// till compares prices with what the simulator's ledger says was charged.
type till struct {
	life
}

func newTill(t *testing.T, promotion string, replacedOn time.Time) till {
	t.Helper()
	r := newRig(t, setting{promotion: promotion, switches: func(w *simulator.Switches) {
		w.ProductReplacedOn = replacedOn
		w.Funds = simulator.FundsAlways
		w.ThrottlePerMinute, w.ThrottlePerHour, w.ThrottlePerDay = 0, 0, 0
		w.VettedIssuing = simulator.VettedAlways
		w.RenewalDaysBefore, w.DuplicateRenewGuard = 5*366, false
	}})
	return till{life{r, hostlantern.NewProvider(r.client)}}
}

// compare asks for a price, buys, and compares. Without a row in the list nothing
// may be sold either.
func (c till) compare(request provisioning.PriceRequest, buy func() error) {
	c.t.Helper()
	price, err := c.provider.Price(c.t.Context(), request)
	if err != nil {
		c.t.Fatalf("%+v: %v", request, err)
	}
	charges := len(c.sim.Ledger())
	err = buy()
	ledger := c.sim.Ledger()[charges:]
	switch {
	case price.IsZero():
		if err == nil || len(ledger) > 0 {
			c.t.Errorf("%+v has no price, and was sold", request)
		}
	case err != nil || len(ledger) != 1:
		c.t.Errorf("%+v: %d charges, %v", request, len(ledger), err)
	case ledger[0].Amount != price.String() || ledger[0].Currency != price.Currency:
		c.t.Errorf("%+v: the price is %s %s, charged was %s %s", request,
			price, price.Currency, ledger[0].Amount, ledger[0].Currency)
	}
}

func (c till) purchases(product provisioning.Product, years, domains int) {
	var bought provisioning.Purchase
	c.compare(provisioning.PriceRequest{
		Kind: provisioning.OperationPurchase, Product: product.Code, Years: years, AdditionalDomains: domains,
	}, func() (err error) {
		bought, err = c.provider.Purchase(c.t.Context(), provisioning.PurchaseRequest{
			Product: product.Code, Years: years, AdditionalDomains: domains,
		})
		return err
	})
	if bought.CertificateID == "" || product.MaxAdditionalDomains == 0 {
		return
	}
	c.compare(provisioning.PriceRequest{
		Kind: provisioning.OperationAddDomains, Product: product.Code, Years: years, AdditionalDomains: 2,
	}, func() error {
		_, err := c.provider.AddDomains(c.t.Context(), provisioning.AddDomainsRequest{CertificateID: bought.CertificateID, Domains: 2})
		return err
	})
}

// renewals buys a certificate, has it issued, and renews it for every term.
func (c till) renewals(product provisioning.Product, domains int) {
	c.t.Helper()
	bought, err := c.provider.Purchase(c.t.Context(), provisioning.PurchaseRequest{
		Product: product.Code, Years: 1, AdditionalDomains: domains,
	})
	if err != nil {
		return // not sold at this time, which purchases compares
	}
	if _, err := c.provider.Activate(c.t.Context(), c.configuration(bought.CertificateID, product.Code)); err != nil {
		c.t.Fatalf("%s: %v", product.Code, err)
	}
	if err := c.sim.Approve(bought.CertificateID); err != nil {
		c.t.Fatal(err)
	}
	for _, years := range product.Years {
		c.compare(provisioning.PriceRequest{
			Kind: provisioning.OperationRenew, Product: product.Code, Years: years, AdditionalDomains: domains,
		}, func() error {
			_, err := c.provider.Renew(c.t.Context(), provisioning.RenewalRequest{
				CertificateID: bought.CertificateID, Product: product.Code, ProviderProduct: bought.ProviderProduct, Years: years,
			})
			return err
		})
	}
}

func TestThePriceIsWhatIsCharged(t *testing.T) {
	t.Parallel()
	for _, replacedOn := range []time.Time{{}, simulator.DefaultSwitches().ProductReplacedOn} {
		for _, promotion := range []string{"", "SIMULATOR10"} {
			t.Run(fmt.Sprintf("replaced %t, promotion %q", !replacedOn.IsZero(), promotion), func(t *testing.T) {
				t.Parallel()
				c := newTill(t, promotion, replacedOn)
				for _, product := range hostlantern.Products() {
					domains := []int{0}
					if product.MaxAdditionalDomains > 0 {
						domains = []int{0, 1, 7}
					}
					for _, more := range domains {
						for _, years := range product.Years {
							c.purchases(product, years, more)
						}
						c.renewals(product, more)
					}
				}
				if got := len(c.sim.Ledger()); got < 200 {
					t.Errorf("only %d charges were compared", got)
				}
			})
		}
	}
}

// pricing wraps rows as a price list of purchases and renewals.
func pricing(rows string) string {
	return success("users.getPricing", `<UserGetPricingResult><ProductType Name="ssl"><ProductCategory Name="purchase">`+rows+
		`</ProductCategory><ProductCategory Name="renew">`+rows+`</ProductCategory></ProductType></UserGetPricingResult>`)
}

func priceRow(name, years, kind, price, currency string) string {
	return `<Product Name="` + name + `"><Price Duration="` + years + `" DurationType="YEAR" Price="` + price + `" PricingType="` + kind +
		`" RegularPrice="99.00" Currency="` + currency + `"/></Product>`
}

func TestAPriceThatTheListDoesNotSayIsNone(t *testing.T) {
	t.Parallel()
	const multi, more = "positivessl-multi-domain", "positivessl-multi-domain-moresans"
	per := func(name, years, price string) string { return priceRow(name, years, "MULTIPLE", price, "USD") }
	purchase := func(product string, years, domains int) provisioning.PriceRequest {
		return provisioning.PriceRequest{Kind: provisioning.OperationPurchase, Product: product, Years: years, AdditionalDomains: domains}
	}
	added := provisioning.PriceRequest{Kind: provisioning.OperationAddDomains, Product: multi, Years: 2, AdditionalDomains: 3}
	for _, row := range []struct {
		name, rows string
		request    provisioning.PriceRequest
		want       provisioning.Money
	}{
		{"an empty list", "", purchase("positivessl", 1, 0), provisioning.Money{}},
		{"another term", per("positivessl", "1", "7.88"), purchase("positivessl", 2, 0), provisioning.Money{}},
		{"per year", per("positivessl", "2", "7.50"), purchase("positivessl", 2, 0), usd(150000)},
		{"for the term", priceRow("positivessl", "2", "ABSOLUTE", "12.00", "USD"), purchase("positivessl", 2, 0), usd(120000)},
		{"with domains", per(multi, "2", "20.00") + per(more, "2", "5.00"), purchase(multi, 2, 3), usd(700000)},
		{"domains without a row", per(multi, "2", "20.00") + per(more, "1", "5.00"), purchase(multi, 2, 3), provisioning.Money{}},
		{"free domains", per(multi, "2", "20.00") + per(more, "2", "0.00"), purchase(multi, 2, 3), usd(400000)},
		{"domains in another currency", per(multi, "2", "20.00") + priceRow(more, "2", "MULTIPLE", "5.00", "EUR"), purchase(multi, 2, 3), provisioning.Money{}},
		{"added domains", per(more, "2", "5.00"), added, usd(300000)},
		{"added domains without a row", per(multi, "2", "20.00"), added, provisioning.Money{}},
		{"the dearer of two names", per("comodossl-ev-multi-domain-ssl", "1", "90.00") + per("ev-multi-domain-ssl", "1", "80.00"), purchase("ev-multi-domain-ssl", 1, 0), usd(900000)},
		{"what cannot be read", per("positivessl", "1", "free"), purchase("positivessl", 1, 0), provisioning.Money{}},
	} {
		got, err := newStub(t, pricing(row.rows)).provider.Price(t.Context(), row.request)
		if err != nil || got != row.want {
			t.Errorf("%s: got %v, %v, want %v", row.name, got, err, row.want)
		}
	}
}

func TestAPriceIsAskedForSomethingThatIsSold(t *testing.T) {
	t.Parallel()
	s := newStub(t, pricing(""))
	for name, request := range map[string]provisioning.PriceRequest{
		"an unknown product":         {Kind: provisioning.OperationPurchase, Product: "novel-ssl", Years: 1},
		"what charges nothing":       {Kind: provisioning.OperationReissue, Product: "positivessl", Years: 1},
		"domains in a single-domain": {Kind: provisioning.OperationPurchase, Product: "positivessl", Years: 1, AdditionalDomains: 1},
		"fewer domains than none":    {Kind: provisioning.OperationRenew, Product: "positivessl-multi-domain", Years: 1, AdditionalDomains: -1},
	} {
		_, err := s.provider.Price(t.Context(), request)
		if failed := providerError(t, err); failed.Outcome != provisioning.Refused {
			t.Errorf("%s: got %v", name, failed)
		}
	}
	if s.calls() != 0 {
		t.Errorf("%d calls were made", s.calls())
	}
}

// cached is a provider with a list of one price, and a clock.
type cached struct {
	*stub
	t   *testing.T
	mu  sync.Mutex
	now time.Time
	log strings.Builder
}

func newCached(t *testing.T, adjust ...func(*hostlantern.Config)) *cached {
	t.Helper()
	c := &cached{t: t, now: time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)}
	c.stub = newStub(t, pricing(""), append(adjust, func(config *hostlantern.Config) {
		config.Now, config.Log = c.clock, logTo(&c.log)
	})...)
	c.costs("7.88")
	return c
}

func (c *cached) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *cached) later(span time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(span)
}

func (c *cached) costs(price string) {
	c.say(pricing(priceRow("positivessl", "1", "MULTIPLE", price, "USD") + priceRow("positivessl-multi-domain-moresans", "1", "MULTIPLE", price, "USD")))
}

func (c *cached) ask() (provisioning.Money, error) {
	return c.provider.Price(c.t.Context(), provisioning.PriceRequest{Kind: provisioning.OperationPurchase, Product: "positivessl", Years: 1})
}

// gives insists on a price and on how many calls were made for it so far.
func (c *cached) gives(units int64, calls int) {
	c.t.Helper()
	if got, err := c.ask(); err != nil || got != usd(units) {
		c.t.Fatalf("got %v, %v, want %v", got, err, usd(units))
	}
	if c.calls() != calls {
		c.t.Fatalf("the list was read %d times, want %d", c.calls(), calls)
	}
}

func TestThePriceListIsReadOnceAnHour(t *testing.T) {
	t.Parallel()
	c := newCached(t)
	c.gives(78800, 1)
	c.costs("8.88")
	c.later(time.Hour - time.Second)
	c.gives(78800, 1)
	c.later(time.Second)
	c.gives(88800, 2)
}

func TestAPriceListThatCannotBeReadIsNotKept(t *testing.T) {
	t.Parallel()
	c := newCached(t)
	c.say("<html>down for maintenance</html>")
	for range 2 {
		if _, err := c.ask(); providerError(t, err).Outcome != provisioning.Unknown {
			t.Fatalf("got %v", err)
		}
	}
	c.costs("7.88")
	c.gives(78800, 3)
}

func TestAnOldPriceListServesADayWhenThereIsNoNewOne(t *testing.T) {
	t.Parallel()
	c := newCached(t)
	c.gives(78800, 1)
	c.say("<html>down for maintenance</html>")
	c.later(time.Hour)
	c.gives(78800, 2)
	if !strings.Contains(c.log.String(), "the price list could not be read") {
		t.Errorf("the log is %q", c.log.String())
	}
	c.later(30 * time.Second)
	c.gives(78800, 2) // no attempt for each purchase
	c.later(30 * time.Second)
	c.gives(78800, 3)
	c.later(23*time.Hour - time.Minute)
	if _, err := c.ask(); err == nil {
		t.Error("a list of yesterday was used")
	}
	c.costs("8.88")
	c.gives(88800, 5)
}

func TestTheListForAddedDomainsHasNoPromotion(t *testing.T) {
	t.Parallel()
	c := newCached(t, func(config *hostlantern.Config) { config.PromotionCode = "SAVE10" })
	c.gives(78800, 1)
	if got := c.lastForm(t)["PromotionCode"]; got != "SAVE10" {
		t.Errorf("the code is %q", got)
	}
	_, err := c.provider.Price(t.Context(), provisioning.PriceRequest{
		Kind: provisioning.OperationAddDomains, Product: "positivessl-multi-domain", Years: 1, AdditionalDomains: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, sent := c.lastForm(t)["PromotionCode"]; sent || c.calls() != 2 {
		t.Errorf("after %d calls the code is %q", c.calls(), got)
	}
}

func TestOneReadsThePriceListAndTheOthersWait(t *testing.T) {
	t.Parallel()
	r := newRig(t, setting{})
	provider := hostlantern.NewProvider(r.client)
	ask := func(ctx context.Context) error {
		_, err := provider.Price(ctx, provisioning.PriceRequest{Kind: provisioning.OperationPurchase, Product: "positivessl", Years: 1})
		return err
	}
	arrived := r.hang()
	first, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	failed := make(chan error, 1)
	go func() { failed <- ask(first) }()
	<-arrived

	impatient, leave := context.WithCancel(t.Context())
	leave()
	if err := providerError(t, ask(impatient)); err.Outcome != provisioning.NotExecuted {
		t.Errorf("who does not wait gets %v", err)
	}
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() {
			if err := ask(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	giveUp()
	if <-failed == nil {
		t.Error("who gave up has a price")
	}
	waiting.Wait()
	if got := len(r.sim.Calls()); got != 1 {
		t.Errorf("after the one that was given up the list was read %d times, want once", got)
	}
}
