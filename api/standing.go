// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

// standingTimeout bounds what a scrape may wait for the database.
const standingTimeout = 2 * time.Second

// moneyUnits is how many units of provisioning.Money are one of the currency.
const moneyUnits = 10_000

// standingCollector tells Prometheus what is open and how the accounts stand,
// read anew for each scrape.
type standingCollector struct {
	bridge Bridge
	log    *zap.Logger

	open, balance, low, above *prometheus.Desc
}

func newStandingCollector(bridge Bridge, log *zap.Logger) *standingCollector {
	return &standingCollector{
		bridge: bridge, log: log,
		open: prometheus.NewDesc("certbridge_operations_open",
			"Operations that are not finished, by account, kind and state.", []string{"account", "kind", "state"}, nil),
		balance: prometheus.NewDesc("certbridge_account_balance",
			"The account's balance as this process last saw it.", []string{"account", "currency"}, nil),
		low: prometheus.NewDesc("certbridge_account_balance_low",
			"1 if that balance was low, else 0.", []string{"account"}, nil),
		above: prometheus.NewDesc("certbridge_charges_above_authorised_total",
			"Charges since the start of this process that were higher than authorised.", []string{"account"}, nil),
	}
}

// Describe tells which metrics there are.
func (c *standingCollector) Describe(described chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.open, c.balance, c.low, c.above} {
		described <- desc
	}
}

// Collect reads how things stand. While the database is away nothing is said
// about operations; all other metrics are answered as always.
func (c *standingCollector) Collect(collected chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), standingTimeout)
	defer cancel()
	standing, err := c.bridge.Standing(ctx)
	if err != nil {
		c.log.Warn("open operations could not be counted for the metrics", zap.Error(err))
	}
	gauge := func(desc *prometheus.Desc, value float64, labels ...string) {
		collected <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, labels...)
	}
	for _, open := range standing.Open {
		gauge(c.open, float64(open.Count), open.Account, string(open.Kind), string(open.State))
	}
	for _, account := range standing.Accounts {
		collected <- prometheus.MustNewConstMetric(c.above, prometheus.CounterValue, float64(account.AboveAuthorised), account.Account)
		if !account.BalanceAt.IsZero() {
			gauge(c.balance, float64(account.Balance.Units)/moneyUnits, account.Account, account.Balance.Currency)
			gauge(c.low, lowness(account), account.Account)
		}
	}
}

func lowness(account provisioning.AccountStanding) float64 {
	if account.Low {
		return 1
	}
	return 0
}
