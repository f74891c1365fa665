// SPDX-License-Identifier: Apache-2.0

package providertest

import "github.com/certbridge/certbridge/provisioning"

// costs asks for a price, and compares it with a charge afterwards. A provider may
// not know its prices.
func (s *suite) costs(request provisioning.PriceRequest, charge func() provisioning.Money) {
	s.t.Helper()
	before := s.Charges()
	price, err := s.Provider.Price(s.ctx, request)
	s.must(err)
	s.charged(before) // to ask is free
	charged := charge()
	if !price.IsZero() && price != charged {
		s.t.Errorf("%+v: the price is %s %s, charged was %s %s", request,
			price, price.Currency, charged, charged.Currency)
	}
}

func price(s *suite) {
	for _, years := range s.product(s.Single).Years {
		s.costsToBuy(s.Single, years)
	}
	s.costsToBuy(s.Wildcard, 1)
}

func (s *suite) costsToBuy(code string, years int) {
	s.t.Helper()
	request := provisioning.PriceRequest{Kind: provisioning.OperationPurchase, Product: code, Years: years}
	s.costs(request, func() provisioning.Money {
		bought, err := s.Provider.Purchase(s.ctx, provisioning.PurchaseRequest{
			OperationID: "op-price", Product: code, Years: years,
		})
		s.must(err)
		return bought.Charged
	})
}

func renewalPrice(s *suite) {
	old, _ := s.issued()
	s.Advance(s.DaysToRenewal)
	request := provisioning.PriceRequest{Kind: provisioning.OperationRenew, Product: s.Single, Years: 1}
	s.costs(request, func() provisioning.Money {
		renewed, err := s.Provider.Renew(s.ctx, s.renewal(old))
		s.must(err)
		return renewed.Charged
	})
}

func domainPrices(s *suite) {
	request := provisioning.PriceRequest{
		Kind: provisioning.OperationPurchase, Product: s.MultiDomain, Years: 1, AdditionalDomains: 2,
	}
	var bought provisioning.Purchase
	s.costs(request, func() provisioning.Money {
		var err error
		bought, err = s.Provider.Purchase(s.ctx, provisioning.PurchaseRequest{
			OperationID: "op-price", Product: s.MultiDomain, Years: 1, AdditionalDomains: 2,
		})
		s.must(err)
		return bought.Charged
	})
	request.Kind, request.AdditionalDomains = provisioning.OperationAddDomains, 3
	s.costs(request, func() provisioning.Money {
		added, err := s.Provider.AddDomains(s.ctx, provisioning.AddDomainsRequest{
			OperationID: "op-add", CertificateID: bought.CertificateID, Domains: 3,
		})
		s.must(err)
		return added.Charged
	})
}

func noPrice(s *suite) {
	years := s.product(s.Single).Years
	got, err := s.Provider.Price(s.ctx, provisioning.PriceRequest{
		Kind: provisioning.OperationPurchase, Product: s.Single, Years: years[len(years)-1] + 1,
	})
	s.must(err)
	if !got.IsZero() {
		s.t.Errorf("a term that is not sold costs %s", got)
	}
	_, err = s.Provider.Price(s.ctx, provisioning.PriceRequest{
		Kind: provisioning.OperationPurchase, Product: "no-such-product", Years: 1,
	})
	s.isRefused(err)
}
