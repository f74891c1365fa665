// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// operator is a key that sees all panels, of a panel that has no services.
func (w *world) operator(t *testing.T) *panel {
	t.Helper()
	return w.newPanel(t, "operator", provisioning.ScopeOperate)
}

// doubtful loses the answer to a purchase, and has somebody buy the same by hand,
// so that nobody can tell which is which. It gives the operation's id and the
// certificates.
func (w *world) doubtful(t *testing.T, serviceID string) (operation string, certificates []string) {
	t.Helper()
	w.simulator.Inject(lost("create"))
	accepted := w.panel.call(t, http.MethodPut, "/v1/services/"+serviceID, order("positivessl")).want(t, http.StatusAccepted).object(t)
	if _, err := w.simulator.PurchaseByHand("PositiveSSL", 1); err != nil {
		t.Fatal(err)
	}
	for _, certificate := range w.simulator.Certificates() {
		certificates = append(certificates, certificate.ID)
	}
	return text(t, accepted, "operation", "id"), certificates
}

// reconcile has certbridge look after what is in doubt, a while later.
func (w *world) reconcile(t *testing.T, later time.Duration) {
	t.Helper()
	w.simulator.Advance(later)
	if err := w.bridge.Reconcile(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
}

// An operator sees both sides of what needs a decision, and how to make it.
func TestAnOperatorSeesWhatNeedsADecision(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		id, certificates := w.doubtful(t, "1")
		w.reconcile(t, 10*time.Minute)
		w.reconcile(t, time.Hour)
		page := w.operator(t).call(t, http.MethodGet, "/v1/operations?state=needs_attention", nil).want(t, http.StatusOK).object(t)
		if len(entries(t, page, "operations")) != 1 || page["next"] != nil {
			t.Fatalf("operations are %v", page)
		}
		operation := entries(t, page, "operations")[0]
		wantMembers(t, operation, object{
			"id": id, "kind": "purchase", "state": "needs_attention", "panel": w.panel.id, "service_id": "1", "account": account,
			"requested_by": "panel:" + w.panel.key.ID, "attempts": 1.0, "result": nil, "decision": nil, "finished_at": nil,
		})
		wantMembers(t, at(operation, "request"), object{"product": "positivessl", "years": 1.0})
		wantMembers(t, at(operation, "noted"), object{"balance": "1000.0000", "currency": "USD", "authorised_amount": "7.8800", "total": 0.0, "newest": []any{}})
		if evidence := at(operation, "evidence"); len(entries(t, evidence, "candidates")) != 2 || text(t, evidence, "conclusion") == "" {
			t.Errorf("evidence is %v", evidence)
		}
		if exchanges := entries(t, operation, "exchanges"); len(exchanges) == 0 || at(exchanges[0], "answer") != nil || text(t, exchanges[0], "problem") == "" {
			t.Errorf("exchanges are %v", exchanges)
		}
		commands := map[string]bool{}
		for _, decision := range entries(t, operation, "decisions") {
			commands[text(t, decision, "command")] = true
		}
		want := map[string]bool{"certbridge reconcile not-executed " + id: true, "certbridge reconcile give-up " + id: true}
		for _, certificate := range certificates {
			want["certbridge reconcile adopt "+id+" "+certificate] = true
		}
		if diff := cmp.Diff(want, commands); diff != "" {
			t.Errorf("decisions (-want +got):\n%s", diff)
		}

		if _, err := w.bridge.Decide(t.Context(), "operator:ann", id, provisioning.VerdictAdopt, certificates[0], "asked the provider"); err != nil {
			t.Fatal(err)
		}
		settled := w.operatorSees(t, id)
		wantMembers(t, settled, object{"state": "succeeded", "decisions": []any{}})
		wantMembers(t, at(settled, "decision"), object{
			"verdict": "adopt", "certificate_id": certificates[0], "decided_by": "operator:ann", "note": "asked the provider",
		})
		wantMembers(t, at(settled, "result"), object{"certificate_id": certificates[0], "charged_amount": "7.8800", "currency": "USD"})
	})
}

// operatorSees is one operation as an operator sees it.
func (w *world) operatorSees(t *testing.T, id string) any {
	t.Helper()
	p := w.newPanel(t, "operator-of-"+id, provisioning.ScopeOperate)
	return at(p.call(t, http.MethodGet, "/v1/operations/"+id, nil).want(t, http.StatusOK).object(t), "operation")
}

func TestOperationsOfAllPanelsComeInPages(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		other := w.newPanel(t, "other", provisioning.ScopeProvision)
		for _, id := range []string{"1", "2"} {
			w.panel.create(t, id, "positivessl")
			other.create(t, id, "positivessl")
		}
		operator := w.operator(t)
		var panels []string
		for path := "/v1/operations?state=succeeded&limit=3"; path != ""; {
			page := operator.call(t, http.MethodGet, path, nil).want(t, http.StatusOK).object(t)
			for _, operation := range entries(t, page, "operations") {
				panels = append(panels, text(t, operation, "panel"))
			}
			path = ""
			if next, more := page["next"].(string); more {
				path = "/v1/operations?state=succeeded&limit=3&after=" + next
			}
		}
		if diff := cmp.Diff([]string{w.panel.id, other.id, w.panel.id, other.id}, panels); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		for path, want := range map[string]int{
			"/v1/operations": 0, "/v1/operations?state=succeeded&account=elsewhere": 0, "/v1/operations?state=succeeded&account=" + account: 4,
		} {
			page := operator.call(t, http.MethodGet, path, nil).want(t, http.StatusOK).object(t)
			if found := entries(t, page, "operations"); len(found) != want {
				t.Errorf("%s: %d operations, want %d", path, len(found), want)
			}
		}
		for _, path := range []string{"?state=lost", "?limit=0", "?panel=1"} {
			operator.broken(t, http.MethodGet, "/v1/operations"+path, nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
		}
	})
}

// A panel's key follows its own operations, and is told what concerns it.
func TestAPanelIsNotToldTheOperatorsSide(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.simulator.Inject(lost("create"))
		location := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).want(t, http.StatusAccepted).header.Get("Location")
		mine := at(w.panel.call(t, http.MethodGet, location, nil).want(t, http.StatusOK).object(t), "operation")
		for _, member := range []string{"noted", "exchanges", "request", "evidence", "panel"} {
			if at(mine, member) != nil {
				t.Errorf("the panel is told %s", member)
			}
		}
		theirs := at(w.operator(t).call(t, http.MethodGet, location, nil).want(t, http.StatusOK).object(t), "operation")
		wantMembers(t, theirs, mine.(object))
		wantMembers(t, theirs, object{"panel": w.panel.id, "state": "uncertain"})
	})
}

// What a person may decide depends on what the operation was to bring.
func TestDecisionsFitTheOperation(t *testing.T) {
	t.Parallel()
	bridge := &fakeBridge{read: func() error { return nil }}
	p := fakePanel(t, bridge, &fakeStore{})
	for _, c := range []struct {
		name       string
		operation  provisioning.Operation
		candidates []string
		want       []string
	}{
		{"a purchase under way", provisioning.Operation{Kind: provisioning.OperationPurchase, State: provisioning.OperationSent, SentAt: time.Now()}, nil, nil},
		{"one that waits", provisioning.Operation{Kind: provisioning.OperationPurchase, State: provisioning.OperationRecorded}, nil, []string{"not-executed op"}},
		{
			"a purchase in doubt", provisioning.Operation{Kind: provisioning.OperationPurchase, State: provisioning.OperationUncertain}, nil,
			[]string{"adopt op CERTIFICATE", "not-executed op", "give-up op"},
		},
		{
			"names in doubt", provisioning.Operation{Kind: provisioning.OperationAddDomains, State: provisioning.OperationNeedsAttention, CertificateID: "7"}, nil,
			[]string{"adopt op 7", "not-executed op", "give-up op"},
		},
		{
			"an id that is no plain word", provisioning.Operation{Kind: provisioning.OperationRenew, State: provisioning.OperationNeedsAttention},
			[]string{"8", "9; rm -rf '/'", "-x"},
			[]string{"adopt op 8", `adopt op '9; rm -rf '\''/'\'''`, "adopt op '-x'", "not-executed op", "give-up op"},
		},
		{"a refusal", provisioning.Operation{Kind: provisioning.OperationPurchase, State: provisioning.OperationRefused}, nil, nil},
	} {
		bridge.operation = c.operation
		bridge.operation.ID, bridge.operation.ServiceID = "op", "1"
		if c.candidates != nil {
			bridge.operation.Evidence = &provisioning.Evidence{}
		}
		for _, id := range c.candidates {
			bridge.operation.Evidence.Candidates = append(bridge.operation.Evidence.Candidates, provisioning.Candidate{CertificateID: id})
		}
		answer := p.call(t, http.MethodGet, "/v1/operations/op", nil).want(t, http.StatusOK).object(t)
		var got []string
		for _, decision := range entries(t, answer, "operation", "decisions") {
			got = append(got, strings.TrimPrefix(text(t, decision, "command"), "certbridge reconcile "))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// Everything that the journal holds of an operation is shown, and what it does not
// hold is null.
func TestAnOperatorsViewIsWhole(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	usd := func(units int64) provisioning.Money { return provisioning.Money{Units: units, Currency: "USD"} }
	bridge := &fakeBridge{read: func() error { return nil }, operation: provisioning.Operation{
		ID: "op", Kind: provisioning.OperationAddDomains, State: provisioning.OperationNeedsAttention, Panel: "p", ServiceID: "1", Account: "a",
		CertificateID: "7", RequestedBy: "panel:k", Request: `{"domains": 2}`, Attempts: 1, Looks: 3, LookAt: noon, CreatedAt: noon, SentAt: noon, UpdatedAt: noon,
		Noted:  &provisioning.Noted{At: noon, Balance: usd(10000), Newest: []string{"7"}, Total: 1, Domains: 3, Authorised: usd(200), Ceiling: true},
		Result: provisioning.OperationResult{CertificateID: "7", OrderID: "o", TransactionID: "t", Charged: usd(100), ChargedBy: provisioning.ChargedByBalance},
		Evidence: &provisioning.Evidence{At: noon, Balance: usd(9900), Total: 2, Domains: 5, Conclusion: "Two of them.", Candidates: []provisioning.Candidate{
			{CertificateID: "8", ProviderProduct: "Single", ProviderStatus: "new", Years: 1, PurchasedOn: "2026-11-22"},
		}},
		Decision:  &provisioning.Decision{Verdict: provisioning.VerdictGiveUp, DecidedBy: "operator:ann", At: noon, Note: "enough"},
		Failure:   &provisioning.Failure{Code: "outcome_unknown", Detail: "Not known."},
		Exchanges: []provisioning.Exchange{{Command: "more", SentAt: noon, Took: 1500 * time.Millisecond, Request: "q", Answer: "a", Problem: "p"}},
	}}
	p := fakePanel(t, bridge, &fakeStore{})
	show := func() any {
		t.Helper()
		return p.call(t, http.MethodGet, "/v1/operations/op", nil).want(t, http.StatusOK).object(t)["operation"]
	}
	const stamp = "2026-11-22T12:00:00Z"
	want := object{
		"id": "op", "kind": "add_domains", "state": "needs_attention", "panel": "p", "service_id": "1", "account": "a", "certificate_id": "7",
		"requested_by": "panel:k", "request": object{"domains": 2.0}, "attempts": 1.0, "looks": 3.0, "look_at": stamp,
		"created_at": stamp, "sent_at": stamp, "updated_at": stamp, "finished_at": nil,
		"failure": object{"code": "outcome_unknown", "detail": "Not known.", "retryable": false},
		"noted": object{
			"at": stamp, "balance": "1.0000", "authorised_amount": "0.0200", "currency": "USD", "ceiling": true, "total": 1.0,
			"newest": []any{"7"}, "domains": 3.0,
		},
		"result": object{
			"certificate_id": "7", "order_id": "o", "transaction_id": "t", "charged_amount": "0.0100", "currency": "USD", "charged_by": "balance",
		},
		"evidence": object{
			"at": stamp, "balance": "0.9900", "currency": "USD", "total": 2.0, "domains": 5.0, "conclusion": "Two of them.",
			"candidates": []any{object{
				"certificate_id": "8", "provider_product": "Single", "provider_status": "new", "years": 1.0, "purchased_on": "2026-11-22",
			}},
		},
		"decision": object{"verdict": "give_up", "certificate_id": nil, "decided_by": "operator:ann", "at": stamp, "note": "enough"},
		"decisions": []any{ // the provider said what it did, so nothing else is left
			object{"verdict": "give_up", "certificate_id": nil, "command": "certbridge reconcile give-up op"},
		},
		"exchanges": []any{object{"command": "more", "sent_at": stamp, "took_ms": 1500.0, "request": "q", "answer": "a", "problem": "p"}},
	}
	if diff := cmp.Diff(want, show()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, request := range []string{"", "[]", "{", `"text"`} {
		bridge.operation = provisioning.Operation{ID: "op", Kind: provisioning.OperationRevoke, State: provisioning.OperationRefused, Request: request}
		wantMembers(t, show(), object{
			"request": nil, "noted": nil, "result": nil, "evidence": nil, "decision": nil, "failure": nil, "look_at": nil, "sent_at": nil,
			"decisions": []any{}, "exchanges": []any{},
		})
	}
}
