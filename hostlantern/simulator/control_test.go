// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// control calls the control API and gives status and answer.
func (w *world) control(method, path, body string) (int, string) {
	w.t.Helper()
	request := httptest.NewRequestWithContext(w.t.Context(), method, "/control/"+path, strings.NewReader(body))
	recorder := httptest.NewRecorder()
	w.sim.Control().ServeHTTP(recorder, request)
	if kind := recorder.Header().Get("Content-Type"); kind == "application/json" && !json.Valid(recorder.Body.Bytes()) {
		w.t.Errorf("%s %s: no JSON: %s", method, path, recorder.Body)
	}
	return recorder.Code, recorder.Body.String()
}

// steer is a call of the control API that must succeed.
func (w *world) steer(method, path, body string) string {
	w.t.Helper()
	status, answer := w.control(method, path, body)
	if status != http.StatusOK {
		w.t.Fatalf("%s %s %s: HTTP %d %s", method, path, body, status, answer)
	}
	return answer
}

func TestControlDrivesACertificateThroughItsLife(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	contains(t, w.steer("GET", "", ""), "POST   /control/certificates/{id}/approve")
	contains(t, w.steer("GET", "root.pem", ""), "-----BEGIN CERTIFICATE-----")
	id := w.pending("PositiveSSL", "example.com")
	contains(t, w.steer("GET", "certificates", ""), `"id": "`+id+`"`, `"status": "purchased"`, `"method": "cname"`, `"target": "`)
	contains(t, w.steer("POST", "validate", ""), `"issued": []`)
	contains(t, w.steer("POST", "certificates/"+id+"/approve", ""), `"status": "active"`, `"not_after": "2027-01-05T15:00:00Z"`)
	body := w.steer("POST", "certificates/"+id+"/reissue", `{"csr": ""}`)
	contains(t, body, `"status": "purchased"`, `"replaces": "`+id+`"`)
	var successor struct{ ID string }
	if err := json.Unmarshal([]byte(body), &successor); err != nil {
		t.Fatal(err)
	}
	contains(t, w.steer("POST", "certificates/"+successor.ID+"/reject", ""), `"status": "purchaseerror"`)
	contains(t, w.steer("POST", "certificates/"+successor.ID+"/reset", ""), `"status": "newpurchase"`)
	contains(t, w.steer("POST", "certificates/"+successor.ID+"/cancel", ""), `"status": "cancelled"`)
	contains(t, w.steer("POST", "purchases", `{"product": "PositiveSSL", "years": 3}`), `"years": 3`)
	contains(t, w.steer("GET", "ledger", ""), `"sequence": 2`, `"command": "panel.purchase"`)
	contains(t, w.steer("GET", "calls", ""), `"command": "ssl.activate"`, `"executed": true`)
	lacks(t, w.steer("GET", "calls", ""), "simulator-key")
}

func TestControlStocksAnAccount(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	bought := w.bought("PositiveSSL")
	w.days(1)
	var stock struct{ First, Last string }
	if err := json.Unmarshal([]byte(w.steer("POST", "stock", `{"product": "PositiveSSL", "years": 1, "count": 150}`)), &stock); err != nil {
		t.Fatal(err)
	}
	body := w.okay("ssl.getList", "Page", "1", "PageSize", "100", "SortBy", "PURCHASEDATE_DESC")
	if ids := idsIn(body); len(ids) != 100 || ids[0] != stock.Last {
		t.Errorf("the first page has %d rows and begins with %s, want 100 and %s", len(ids), ids[0], stock.Last)
	}
	body = w.okay("ssl.getList", "Page", "2", "PageSize", "100", "SortBy", "PURCHASEDATE_DESC")
	if ids := idsIn(body); len(ids) != 51 || ids[49] != stock.First || ids[50] != bought {
		t.Errorf("the second page is %v", ids)
	}
	if charges := len(w.sim.Ledger()); charges != 1 {
		t.Errorf("%d charges, want that of the one purchase", charges)
	}
	for _, wrong := range []string{`{"product": "PositiveSSL", "years": 1, "count": 0}`, `{"product": "none", "years": 1, "count": 1}`} {
		if status, answer := w.control("POST", "stock", wrong); status != http.StatusBadRequest {
			t.Errorf("%s: HTTP %d %s", wrong, status, answer)
		}
	}
}

func TestControlWritesEmptyListsAsLists(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	for _, name := range []string{"ledger", "calls", "certificates"} {
		contains(t, w.steer("GET", name, ""), ": []")
	}
}

func TestControlSetsTheClock(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	contains(t, w.steer("PUT", "clock", `{"now": "2027-02-03T04:05:06Z"}`), `"now": "2027-02-03T04:05:06Z"`)
	contains(t, w.steer("POST", "clock/advance", `{"days": 10}`), `"2027-02-13T04:05:06Z"`)
	contains(t, w.steer("POST", "clock/advance", `{"duration": "36h"}`), `"2027-02-14T16:05:06Z"`)
	contains(t, w.steer("GET", "clock", ""), `"2027-02-14T16:05:06Z"`)
	if got := w.sim.Now().Format(time.RFC3339); got != "2027-02-14T16:05:06Z" {
		t.Errorf("the clock shows %s", got)
	}
}

func TestControlInjectsFaults(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	w.steer("POST", "faults", `{"command": "getList", "kind": "405", "times": 2, "delay": "1ms"}`)
	if status, _, err := w.post("ssl.getList"); err != nil || status != http.StatusMethodNotAllowed {
		t.Errorf("HTTP %d, %v", status, err)
	}
	w.steer("DELETE", "faults", "")
	w.okay("ssl.getList")
}

func TestControlChangesSwitchesByName(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	before := w.steer("GET", "switches", "")
	contains(t, before, `"replaced_on": "acceptance"`, `"throttle_per_minute": 0`, `"leaf200_from": "2026-03-12"`, `"dcv_shape": "comodoca"`,
		`"renew_copies_sans": true`, `"throttle_ban": "0s"`, `"product_replaced_on": "2026-07-11"`)
	contains(t, w.steer("PATCH", "switches", `{"replaced_on": "issuance", "throttle_ban": "1m30s", "leaf200_from": "2026-05-01",
		"command_latency": {"getInfo": "5ms"}, "product_replaced_on": "", "chain_length": 2, "is_success_false": true}`),
		`"replaced_on": "issuance"`, `"throttle_ban": "1m30s"`, `"leaf200_from": "2026-05-01"`, `"getinfo": "5ms"`, `"product_replaced_on": ""`)
	switches := w.sim.Switches()
	if switches.ThrottleBan != 90*time.Second || switches.CommandLatency["getinfo"] != 5*time.Millisecond ||
		!switches.ProductReplacedOn.IsZero() || switches.ChainLength != 2 || !switches.IsSuccessFalse {
		t.Errorf("%+v", switches)
	}
	w.steer("PATCH", "switches", before) // what was read can be written
	if after := w.steer("GET", "switches", ""); !strings.Contains(after, `"replaced_on": "acceptance"`) {
		t.Error("the old switches were not taken back")
	}
}

func TestControlSetsBalances(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	w.steer("PUT", "balance", `{"account": "reseller", "balance": "25.5"}`)
	contains(t, w.okay("users.getBalances"), `AvailableBalance="25.50"`)
}

func TestOtherPagesCannotControl(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/control/purchases", strings.NewReader(`{"product": "PositiveSSL", "years": 1}`))
	request.Header.Set("Origin", "https://evil.example")
	recorder := httptest.NewRecorder()
	w.sim.Control().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusForbidden || len(w.sim.Ledger()) != 0 {
		t.Errorf("HTTP %d %s", recorder.Code, recorder.Body)
	}
}

func TestControlSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.bought("PositiveSSL")
	for _, one := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "nothing", "", http.StatusNotFound, "not found"},
		{"DELETE", "ledger", "", http.StatusNotFound, "not found"},
		{"PATCH", "switches", `{"no_such_switch": 1}`, http.StatusBadRequest, `no_such_switch`},
		{"PATCH", "switches", `{"replaced_on": "tomorrow"}`, http.StatusBadRequest, `acceptance`},
		{"PATCH", "switches", `{"chain_length": "two"}`, http.StatusBadRequest, "chain_length"},
		{"PATCH", "switches", `{"throttle_ban": "soon"}`, http.StatusBadRequest, "throttle_ban"},
		{"PATCH", "switches", `{"leaf47_from": "soon"}`, http.StatusBadRequest, "leaf47_from"},
		{"PATCH", "switches", `{"command_latency": {"create": 5}}`, http.StatusBadRequest, "command_latency"},
		{"PATCH", "switches", `[]`, http.StatusBadRequest, "switches"},
		{"PUT", "clock", `{"now": "yesterday"}`, http.StatusBadRequest, "parsing"},
		{"PUT", "clock", `{"later": 1}`, http.StatusBadRequest, "later"},
		{"PUT", "clock", `{}`, http.StatusBadRequest, "2006 to 2040"},
		{"POST", "clock/advance", `{"days": 1, "duration": "1h"}`, http.StatusBadRequest, "exclude"},
		{"POST", "clock/advance", `{"duration": "1 day"}`, http.StatusBadRequest, "unknown unit"},
		{"POST", "clock/advance", `{"days": 20000}`, http.StatusBadRequest, "2006 to 2040"},
		{"POST", "clock/advance", `{"days": 2000000000}`, http.StatusBadRequest, "hundred years"},
		{"POST", "faults", `{"kind": "explosion"}`, http.StatusBadRequest, "explosion"},
		{"POST", "faults", `{"kind": "slow", "delay": "1"}`, http.StatusBadRequest, "missing unit"},
		{"POST", "faults", `{"kind": "lost", "times": -1}`, http.StatusBadRequest, "negative"},
		{"POST", "certificates/1/approve", "", http.StatusNotFound, "not found"},
		{"POST", "certificates/" + id + "/approve", "", http.StatusConflict, "newpurchase"},
		{"POST", "certificates/" + id + "/reissue", "{}", http.StatusConflict, "newpurchase"},
		{"POST", "certificates/" + id + "/reissue", "{", http.StatusBadRequest, "JSON"},
		{"POST", "purchases", `{"product": "RapidSSL", "years": 1}`, http.StatusBadRequest, "discontinued"},
		{"PUT", "balance", `{"account": "nobody", "balance": "1"}`, http.StatusNotFound, "nobody"},
		{"PUT", "balance", `{"account": "reseller", "balance": "much"}`, http.StatusBadRequest, "much"},
		{"PUT", "balance", strings.Repeat(" ", 2<<20), http.StatusRequestEntityTooLarge, "too large"},
	} {
		status, answer := w.control(one.method, one.path, one.body)
		var problem struct{ Error string }
		if err := json.Unmarshal([]byte(answer), &problem); err != nil || status != one.status || !strings.Contains(problem.Error, one.says) {
			t.Errorf("%s %s %.60s: HTTP %d %s, want %d %q", one.method, one.path, one.body, status, answer, one.status, one.says)
		}
	}
}
