// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// metrics are the lines of a scrape.
func (p *panel) metrics(t *testing.T) string {
	t.Helper()
	return string(p.call(t, http.MethodGet, "/metrics", nil).want(t, http.StatusOK).body)
}

func wantLines(t *testing.T, metrics string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("no line %s in\n%s", line, metrics)
		}
	}
}

func TestMetricsTellHowTheMoneyStands(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		wantLines(t, w.panel.metrics(t),
			`certbridge_operations_open{account="hostlantern-sandbox",kind="purchase",state="needs_attention"} 0`,
			`certbridge_charges_above_authorised_total{account="hostlantern-sandbox"} 0`)
		if strings.Contains(w.panel.metrics(t), "certbridge_account_balance{") {
			t.Error("a balance is told that nobody has seen")
		}
		if err := w.simulator.SetBalance("reseller", "40.50"); err != nil {
			t.Fatal(err)
		}
		w.simulator.Inject(lost("create"))
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).want(t, http.StatusAccepted)
		wantLines(t, w.panel.metrics(t),
			`certbridge_operations_open{account="hostlantern-sandbox",kind="purchase",state="uncertain"} 1`,
			`certbridge_operations_open{account="hostlantern-sandbox",kind="purchase",state="sent"} 0`,
			`certbridge_account_balance{account="hostlantern-sandbox",currency="USD"} 40.5`,
			`certbridge_account_balance_low{account="hostlantern-sandbox"} 1`)
	})
}

// A database that is away takes nothing else from the metrics.
func TestMetricsOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	bridge := &fakeBridge{read: func() error { return errors.New("the database is away") }, standing: provisioning.Standing{
		Accounts: []provisioning.AccountStanding{{
			Account: "a", Balance: provisioning.Money{Units: 12_345, Currency: "EUR"}, BalanceAt: time.Unix(1, 0), AboveAuthorised: 2,
		}},
	}}
	metrics := fakePanel(t, bridge, &fakeStore{}).metrics(t)
	wantLines(t, metrics,
		`certbridge_account_balance{account="a",currency="EUR"} 1.2345`, `certbridge_account_balance_low{account="a"} 0`,
		`certbridge_charges_above_authorised_total{account="a"} 2`)
	if strings.Contains(metrics, "certbridge_operations_open{") {
		t.Errorf("operations are counted without a database:\n%s", metrics)
	}
}
