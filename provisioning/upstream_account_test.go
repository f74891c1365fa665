// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"fmt"

	"github.com/certbridge/certbridge/provisioning"
)

// This is the account's side of the upstream: what is bought, what it costs and
// what a look at the account shows.

func usd(units int64) provisioning.Money { return provisioning.Money{Units: units, Currency: "USD"} }

// add puts a certificate into the account.
func (u *upstream) add(row provisioning.CertificateSummary) *provisioning.CertificateDetail {
	id := u.newID()
	row.CertificateID, row.Status, row.ProviderStatus, row.PurchasedOn = id, provisioning.StatusAwaitingConfiguration, "new", provisioning.DateOf(u.now())
	u.listed[id] = &row
	u.certificates[id] = &provisioning.CertificateDetail{
		CertificateID: id, Status: row.Status, ProviderStatus: row.ProviderStatus, OrderID: "o" + id, Product: row.Product, Years: row.Years,
	}
	return u.certificates[id]
}

// charge takes the price from the balance.
func (u *upstream) charge() provisioning.Money {
	u.charges++
	u.balance -= u.price.Units
	return u.price
}

func (u *upstream) buy(row provisioning.CertificateSummary) provisioning.Purchase {
	detail := u.add(row)
	return provisioning.Purchase{
		CertificateID: detail.CertificateID, OrderID: detail.OrderID, TransactionID: "t" + detail.CertificateID, Charged: u.charge(),
		PurchasedOn: provisioning.DateOf(u.now()), Status: detail.Status, ProviderStatus: "new", ProviderProduct: "Single",
	}
}

// buyByHand is a purchase in the provider's own pages.
func (u *upstream) buyByHand(product string, years int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.balance -= u.price.Units
	return u.add(provisioning.CertificateSummary{Product: product, Years: years, Reason: provisioning.ReasonPurchase}).CertificateID
}

// renewByHand is a renewal in the provider's own pages.
func (u *upstream) renewByHand(product string, years int) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.balance -= u.price.Units
	return u.add(provisioning.CertificateSummary{Product: product, Years: years, Reason: provisioning.ReasonRenewal}).CertificateID
}

// pay puts money on the account.
func (u *upstream) pay(units int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.balance += units
}

func (u *upstream) Purchase(ctx context.Context, request provisioning.PurchaseRequest) (bought provisioning.Purchase, err error) {
	if u.panics {
		panic("a mistake of ours")
	}
	err = u.do(ctx, "purchase", func() error {
		bought = u.buy(provisioning.CertificateSummary{Product: request.Product, Years: request.Years, Reason: provisioning.ReasonPurchase})
		return nil
	})
	return bought, err
}

func (u *upstream) Renew(ctx context.Context, request provisioning.RenewalRequest) (bought provisioning.Purchase, err error) {
	err = u.do(ctx, "renew", func() error {
		bought = u.buy(provisioning.CertificateSummary{Product: request.Product, Years: request.Years, Reason: provisioning.ReasonRenewal})
		return nil
	})
	return bought, err
}

func (u *upstream) AddDomains(ctx context.Context, request provisioning.AddDomainsRequest) (bought provisioning.Purchase, err error) {
	err = u.do(ctx, "add domains", func() error {
		u.certificates[request.CertificateID].Domains += request.Domains
		bought = provisioning.Purchase{CertificateID: request.CertificateID, OrderID: "more" + u.newID(), Charged: u.charge()}
		return nil
	})
	return bought, err
}

// read is a look at the account. Its fate is decided apart from that of other
// calls, which it comes before.
func (u *upstream) read(look func()) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.reading != nil {
		return u.reading
	}
	look()
	return nil
}

// failReading decides what looks at the account answer from now on; nil: what is
// there.
func (u *upstream) failReading(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.reading = err
}

func (u *upstream) Balance(context.Context) (balance provisioning.Money, err error) {
	err = u.read(func() { balance = usd(u.balance) })
	return balance, err
}

func (u *upstream) Price(context.Context, provisioning.PriceRequest) (price provisioning.Money, err error) {
	err = u.read(func() {
		if price = u.price; u.listedPrice != nil {
			price = *u.listedPrice
		}
	})
	return price, err
}

func (u *upstream) Certificates(_ context.Context, number, size int) (page provisioning.CertificatePage, err error) {
	err = u.read(func() {
		u.pages++
		page.Total, page.Unreadable = len(u.certificates), u.unreadable
		passed := (number - 1) * size
		for n := u.last; n > 1000 && len(page.Certificates) < size; n-- { // the newest first
			id := fmt.Sprint(n)
			row, found := u.listed[id]
			if !found {
				continue
			}
			if passed--; passed >= 0 {
				continue
			}
			detail := u.certificates[id]
			listed := *row
			listed.Status, listed.CommonName = detail.Status, detail.CommonName
			if detail.Status != provisioning.StatusAwaitingConfiguration {
				listed.Reason = ""
			}
			page.Certificates = append(page.Certificates, listed)
		}
	})
	return page, err
}
