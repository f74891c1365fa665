// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

// Calls tells how many calls accounts may make and have made. See
// provisioning.Budget.
type Calls interface {
	Standing(ctx context.Context) ([]provisioning.CallStanding, error)
}

var _ Calls = (*provisioning.Budget)(nil)

// callsCollector tells Prometheus of the calls to providers, read anew for each
// scrape.
type callsCollector struct {
	calls Calls
	log   *zap.Logger

	left, made *prometheus.Desc
}

func newCallsCollector(calls Calls, log *zap.Logger) *callsCollector {
	return &callsCollector{
		calls: calls, log: log,
		left: prometheus.NewDesc("certbridge_calls_left",
			"Calls that the account may still make, by the window that limits them.", []string{"account", "window"}, nil),
		made: prometheus.NewDesc("certbridge_provider_calls_total",
			"Calls of this process to the provider since its start, by priority.", []string{"account", "priority"}, nil),
	}
}

// Describe tells which metrics there are.
func (c *callsCollector) Describe(described chan<- *prometheus.Desc) {
	described <- c.left
	described <- c.made
}

// Collect reads how things stand. A window without a limit, and while the database
// is away every window, is left out.
func (c *callsCollector) Collect(collected chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), standingTimeout)
	defer cancel()
	standing, err := c.calls.Standing(ctx)
	if err != nil {
		c.log.Warn("the calls that are left could not be read for the metrics", zap.Error(err))
	}
	for _, account := range standing {
		for priority, made := range account.Made {
			collected <- prometheus.MustNewConstMetric(c.made, prometheus.CounterValue, float64(made), account.Account, string(priority))
		}
		if err != nil {
			continue
		}
		for window, left := range map[provisioning.CallWindow]int{
			provisioning.WaitMinute: account.Left.Minute, provisioning.WaitHour: account.Left.Hour, provisioning.WaitDay: account.Left.Day,
		} {
			if left != provisioning.Unlimited {
				collected <- prometheus.MustNewConstMetric(c.left, prometheus.GaugeValue, float64(left), account.Account, string(window))
			}
		}
	}
}
