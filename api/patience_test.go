// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// lost is an answer that is lost after the provider has executed the command.
func lost(command string) simulator.Fault {
	return simulator.Fault{Command: command, Kind: simulator.FaultLost}
}

// heldPurchases makes the provider keep purchases waiting until they are let go.
func (w *world) heldPurchases(t *testing.T) (arrived <-chan struct{}, letGo func()) {
	t.Helper()
	came, free := make(chan struct{}, 10), make(chan struct{})
	sim := w.simulator
	w.standFor(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if strings.HasSuffix(strings.ToLower(r.Form.Get("Command")), ".create") {
			came <- struct{}{}
			<-free
		}
		sim.ServeHTTP(rw, r)
	}))
	letGo = sync.OnceFunc(func() { close(free) })
	t.Cleanup(letGo)
	return came, letGo
}

// A provider that takes longer than the caller's patience is followed.
func TestSlowActionIsAnsweredWithAnOperationToFollow(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		arrived, letGo := w.heldPurchases(t)
		answer := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), header{"Prefer", "wait=0"}).want(t, http.StatusAccepted)
		if got := answer.header.Get("Preference-Applied"); got != "wait=0" {
			t.Errorf("Preference-Applied is %q", got)
		}
		if answer.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		location, accepted := answer.header.Get("Location"), answer.object(t)
		if want := "/v1/operations/" + text(t, accepted, "operation", "id"); location != want {
			t.Errorf("Location is %q, want %q", location, want)
		}
		wantMembers(t, accepted["service"], object{"status": "awaiting_purchase", "certificate_id": nil, "order": nil, "term": nil})
		<-arrived
		open := w.panel.call(t, http.MethodGet, location, nil).want(t, http.StatusOK)
		if open.header.Get("Retry-After") == "" {
			t.Error("an open operation does not say when to ask again")
		}
		wantMembers(t, at(open.object(t), "operation"), object{"kind": "purchase", "state": "sent", "service_id": "1", "finished_at": nil})
		w.panel.post(t, "1", "renew", object{}).want(t, http.StatusConflict)

		letGo()
		// The same request again joins the operation, and waits for it.
		created := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), header{"Prefer", "wait=60"}).want(t, http.StatusOK).object(t)
		wantMembers(t, created, object{"status": "awaiting_configuration", "operation": nil})
		closed := w.panel.call(t, http.MethodGet, location, nil).want(t, http.StatusOK)
		if got := text(t, closed.object(t), "operation", "state"); got != "succeeded" || closed.header.Get("Retry-After") != "" {
			t.Errorf("the operation is %s, Retry-After %q", got, closed.header.Get("Retry-After"))
		}
		if charges := w.simulator.Ledger(); len(charges) != 1 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// An outcome that nobody knows is said to be so, and never bought again.
func TestUncertainPurchaseIsNotRepeated(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.simulator.Inject(lost("create"))
		first := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).want(t, http.StatusAccepted)
		if got := text(t, first.object(t), "operation", "state"); got != "uncertain" {
			t.Errorf("the operation is %s", got)
		}
		second := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).want(t, http.StatusAccepted)
		if first.header.Get("Location") != second.header.Get("Location") {
			t.Error("the second request began another operation")
		}
		operation := w.panel.call(t, http.MethodGet, first.header.Get("Location"), nil).want(t, http.StatusOK).object(t)
		if got := text(t, operation, "operation", "failure", "code"); got != "outcome_unknown" {
			t.Errorf("failure %q", got)
		}
		w.panel.post(t, "1", "activate", configuration(newCSR(t, "example.com"))).want(t, http.StatusConflict)
		if charges := w.simulator.Ledger(); len(charges) != 1 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// Funds are the operator's to mend: the customer's request was good.
func TestInsufficientFundsAreWorthAnotherTry(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		if err := w.simulator.SetBalance("reseller", "1.00"); err != nil {
			t.Fatal(err)
		}
		answer := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"))
		problem := answer.wantProblem(t, http.StatusServiceUnavailable, "insufficient_funds")
		if problem["retryable"] != true || answer.header.Get("Retry-After") == "" {
			t.Errorf("%v, Retry-After %q", problem, answer.header.Get("Retry-After"))
		}
		if said := text(t, problem, "upstream", "message"); !strings.Contains(said, "1.0000 USD") {
			t.Errorf("staff is told %q", said)
		}
		if detail := strings.ToLower(text(t, problem, "detail")); strings.Contains(detail, "hostlantern") || strings.Contains(detail, "fund") {
			t.Errorf("the customer is told %q", detail)
		}
		if err := w.simulator.SetBalance("reseller", "100.00"); err != nil {
			t.Fatal(err)
		}
		// The provider may say so all the same.
		w.simulator.Configure(func(s *simulator.Switches) { s.Funds = simulator.FundsNever })
		problem = w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).wantProblem(t, http.StatusServiceUnavailable, "insufficient_funds")
		if text(t, problem, "upstream", "code") != "2528166" {
			t.Errorf("staff is told %v", problem["upstream"])
		}
		w.simulator.Configure(func(s *simulator.Switches) { s.Funds = simulator.FundsByBalance })
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl")).want(t, http.StatusOK)
	})
}

func TestPreferIsReadAsRFC7240Says(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		for prefer, applied := range map[string]string{
			"wait=5":                         "wait=5",
			"Wait = 7":                       "wait=7",
			`wait="9"`:                       "wait=9",
			"respond-async, wait=3; foo=bar": "wait=3",
			"wait=4, wait=8":                 "wait=4",
			"wait=3600":                      "wait=60",
			"wait=soon":                      "",
			"wait=-1":                        "",
			"return=minimal":                 "",
			"":                               "",
		} {
			answer := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), header{"Prefer", prefer}).want(t, http.StatusOK)
			if got := answer.header.Get("Preference-Applied"); got != applied {
				t.Errorf("Prefer: %s: applied %q, want %q", prefer, got, applied)
			}
		}
	})
}

// These answer when they are done, so nobody is promised a wait.
func TestActionsWithoutAnOperationDoNotKnowPrefer(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		for _, action := range []string{"synchronize", "suspend", "unsuspend", "terminate"} {
			answer := w.panel.post(t, "1", action, nil, header{"Prefer", "wait=5"}).want(t, http.StatusOK)
			if got := answer.header.Get("Preference-Applied"); got != "" {
				t.Errorf("%s: Preference-Applied is %q", action, got)
			}
		}
	})
}

// A 202 is about the action that was asked for. What else is open stands in the
// service.
func TestAnOpenOperationOfAnotherActionIsNo202(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		w.simulator.Inject(lost("renew"))
		w.panel.post(t, "1", "renew", object{}).want(t, http.StatusAccepted)
		for _, action := range []string{"synchronize", "suspend", "unsuspend"} {
			service := w.panel.post(t, "1", action, nil).want(t, http.StatusOK).object(t)
			if got := at(service, "operation", "state"); got != "uncertain" {
				t.Errorf("%s: the operation is %v", action, got)
			}
		}
	})
}

// A caller who hangs up does not stop what was begun.
func TestHangingUpStopsNothing(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		arrived, letGo := w.heldPurchases(t)
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		body := strings.NewReader(`{"account":"` + account + `","product":"positivessl","years":1}`)
		request, err := http.NewRequestWithContext(ctx, http.MethodPut, w.address+"/v1/services/1", body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+w.panel.key.Token)
		request.Header.Set("Content-Type", "application/json")
		hungUp := make(chan struct{})
		go func() {
			defer close(hungUp)
			if response, err := http.DefaultClient.Do(request); err == nil {
				t.Errorf("the call was answered, and closing it gave %v", response.Body.Close())
			}
		}()
		<-arrived
		hangUp()
		<-hungUp
		letGo()
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), header{"Prefer", "wait=60"}).want(t, http.StatusOK)
		if charges := w.simulator.Ledger(); len(charges) != 1 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// A double click, or an invoice that is paid twice at once, buys once.
func TestSimultaneousRequestsBuyOnce(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		const clicks = 8
		answers := make(chan reply, clicks)
		var clicking sync.WaitGroup
		for range clicks {
			clicking.Go(func() {
				answers <- w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), header{"Prefer", "wait=60"})
			})
		}
		clicking.Wait()
		close(answers)
		created := 0
		for answer := range answers {
			switch answer.status {
			case http.StatusCreated:
				created++
			case http.StatusOK, http.StatusAccepted:
			default:
				answer.wantProblem(t, http.StatusConflict, "operation_in_progress")
			}
		}
		if charges := w.simulator.Ledger(); len(charges) != 1 || created != 1 {
			t.Errorf("%d charges, created %d times", len(charges), created)
		}
	})
}
