// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ledger is the money report of the one account.
func (p *panel) ledger(t *testing.T, query string) object {
	t.Helper()
	answer := p.call(t, http.MethodGet, "/v1/ledger"+query, nil).want(t, http.StatusOK).object(t)
	ledgers := entries(t, answer, "ledgers")
	if len(ledgers) != 1 {
		t.Fatalf("%d ledgers", len(ledgers))
	}
	return ledgers[0].(object)
}

func findings(t *testing.T, ledger object) (found []string) {
	t.Helper()
	for _, entry := range entries(t, ledger, "entries") {
		found = append(found, text(t, entry, "finding"))
	}
	return found
}

func TestTheLedgerTellsWhatAddsUp(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator := w.operator(t)
		if _, err := w.simulator.PurchaseByHand("PositiveSSL", 1); err != nil {
			t.Fatal(err)
		}
		w.simulator.Advance(3 * 24 * time.Hour)
		w.panel.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		waiting := w.panel.create(t, "2", "positivessl")
		ledger := operator.ledger(t, "")
		wantMembers(t, ledger, object{
			"account": account, "environment": "sandbox", "currency": "USD", "pages_read": 1.0, "pages_total": 1.0, "balanced": true, "earlier": 1.0,
			"balance": "976.3600", "owned": object{"count": 2.0, "total": "15.7600", "currency": "USD"},
		})
		if diff := cmp.Diff([]string{"unused", "unused"}, findings(t, ledger)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		unused := entries(t, ledger, "entries")[1].(object)
		if text(t, unused, "activation_ends_on") == "" || text(t, unused, "detail") == "" {
			t.Errorf("unused: %v", unused)
		}
		wantMembers(t, unused, object{
			"finding": "unused", "panel": w.panel.id, "service_id": "2", "certificate_id": waiting["certificate_id"], "product": "positivessl",
			"charged_amount": "7.8800", "authorised_amount": nil, "operation_id": nil, "on": at(waiting, "order", "purchased_on"),
		})
	})
}

func TestTheLedgerTellsWhatDoesNotAddUp(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator := w.operator(t)
		w.panel.create(t, "1", "positivessl")
		operation, _ := w.doubtful(t, "2")
		ledger := operator.ledger(t, "?account="+account)
		want := []string{"charged_unlinked", "charged_unlinked", "unresolved", "unused", "unused", "unused"}
		if diff := cmp.Diff(want, findings(t, ledger)); diff != "" || ledger["balanced"] != false {
			t.Errorf("balanced %v (-want +got):\n%s", ledger["balanced"], diff)
		}
		wantMembers(t, entries(t, ledger, "entries")[2], object{"service_id": "2", "operation_id": operation, "certificate_id": nil})
		operator.call(t, http.MethodGet, "/v1/ledger?account=elsewhere", nil).wantProblem(t, 422, "unknown_account")
		operator.broken(t, http.MethodGet, "/v1/ledger?accounts=1", nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
	})
}

// A provider that is away makes the report shorter, not impossible.
func TestTheLedgerSaysHowFarItGot(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator := w.operator(t)
		w.panel.create(t, "1", "positivessl")
		w.standFor(http.NotFoundHandler())
		wantMembers(t, operator.ledger(t, ""), object{
			"balance": nil, "currency": nil, "pages_read": 0.0, "pages_total": 1.0, "balanced": false,
			"owned": object{"count": 1.0, "total": "7.8800", "currency": "USD"},
		})
	})
}
