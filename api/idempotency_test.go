// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/api/apitest"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

func TestIdempotentRequestIsAnsweredOnceAndRepeated(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "invoice-2211"}
		first := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).want(t, http.StatusCreated)
		if first.header.Get("Idempotent-Replayed") != "" {
			t.Error("the first answer says that it is a repetition")
		}
		// What happens in between does not show in the repetition.
		w.panel.post(t, "1", "suspend", nil).want(t, http.StatusOK)
		calls := len(w.simulator.Calls())
		again := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).want(t, http.StatusCreated)
		if again.header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(first.body, again.body) {
			t.Errorf("not a repetition: %v\n%s\n%s", again.header, first.body, again.body)
		}
		for _, name := range []string{"Content-Type", "Location", "ETag"} {
			if first.header.Get(name) == "" || first.header.Get(name) != again.header.Get(name) {
				t.Errorf("%s was %q and is %q", name, first.header.Get(name), again.header.Get(name))
			}
		}
		if len(w.simulator.Calls()) != calls {
			t.Error("the repetition reached the provider")
		}
		w.simulator.Advance(31 * 24 * time.Hour)
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).want(t, http.StatusOK)
	})
}

func TestIdempotencyKeyBelongsToOneRequest(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "k"}
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).want(t, http.StatusCreated)
		w.panel.call(t, http.MethodPut, "/v1/services/2", order("positivessl"), key).wantProblem(t, 422, "idempotency_key_reused")
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl-wildcard"), key).wantProblem(t, 422, "idempotency_key_reused")
		w.panel.post(t, "1", "suspend", nil, key).wantProblem(t, 422, "idempotency_key_reused")
		// Another panel's keys are its own.
		w.newPanel(t, "other", "provision").call(t, http.MethodPut, "/v1/services/2", order("positivessl"), key).want(t, http.StatusCreated)
		if charges := w.simulator.Ledger(); len(charges) != 2 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

func TestRefusalsAreRepeatedToo(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "k"}
		first := w.panel.call(t, http.MethodPut, "/v1/services/1", order("nothing"), key)
		problem := first.wantProblem(t, 422, "unknown_product")
		again := w.panel.call(t, http.MethodPut, "/v1/services/1", order("nothing"), key)
		if diff := cmp.Diff(problem, again.wantProblem(t, 422, "unknown_product")); diff != "" || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("not a repetition: %v %s", again.header, diff)
		}
		if got := again.header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("Content-Type is %q", got)
		}
	})
}

// Answers that are not final are not kept: the repetition acts anew.
func TestAnswersThatAreNotFinalAreNotRepeated(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "k"}
		if err := w.simulator.SetBalance("reseller", "0.00"); err != nil {
			t.Fatal(err)
		}
		w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).wantProblem(t, 503, "insufficient_funds")
		if err := w.simulator.SetBalance("reseller", "1000.00"); err != nil {
			t.Fatal(err)
		}
		arrived, letGo := w.heldPurchases(t)
		open := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key, header{"Prefer", "wait=0"}).want(t, http.StatusAccepted)
		<-arrived
		letGo()
		done := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key, header{"Prefer", "wait=60"}).want(t, http.StatusOK)
		if open.header.Get("Idempotent-Replayed") != "" || done.header.Get("Idempotent-Replayed") != "" {
			t.Error("one of them says that it is a repetition")
		}
		if charges := w.simulator.Ledger(); len(charges) != 1 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// A renewal that comes too early buys nothing, and is not remembered: with the
// invoice's number as its key, the same request buys when its time has come.
func TestAnActionThatFoundNothingToDoIsNotRepeated(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "invoice-2212"}
		w.panel.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		renew := func() (reply, any) {
			t.Helper()
			answer := w.panel.post(t, "1", "renew", object{"years": 1}, key).want(t, http.StatusOK)
			return answer, at(answer.object(t), "successor", "reason")
		}
		if _, successor := renew(); successor != nil {
			t.Fatal("a renewal was bought a year ahead")
		}
		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		bought, successor := renew()
		if successor != "renewal" || bought.header.Get("Idempotent-Replayed") != "" {
			t.Errorf("nothing was bought in time: %s", bought.body)
		}
		again, _ := renew()
		if again.header.Get("Idempotent-Replayed") != "true" || !bytes.Equal(bought.body, again.body) {
			t.Errorf("not a repetition: %s", again.body)
		}
		if charges := w.simulator.Ledger(); len(charges) != 2 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// What stood in the way may be gone the next time.
func TestProblemsOfThePresentStateAreNotRepeated(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "k"}
		body := configuration(newCSR(t, "example.com"))
		w.panel.post(t, "1", "activate", body, key).wantProblem(t, http.StatusNotFound, "service_not_found")
		w.panel.create(t, "1", "positivessl")
		w.panel.post(t, "1", "suspend", nil).want(t, http.StatusOK)
		w.panel.post(t, "1", "activate", body, key).wantProblem(t, http.StatusConflict, "service_suspended")
		w.panel.post(t, "1", "unsuspend", nil).want(t, http.StatusOK)
		w.simulator.Inject(simulator.Fault{Command: "activate", Kind: simulator.FaultError, Number: "1010104", Text: "Something odd"})
		w.panel.post(t, "1", "activate", body, key).wantProblem(t, 422, "provider_refused")
		pending := w.panel.post(t, "1", "activate", body, key).want(t, http.StatusOK)
		again := w.panel.post(t, "1", "activate", body, key).want(t, http.StatusOK)
		if pending.header.Get("Idempotent-Replayed") != "" || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("the first answer is repeated: %q, the second: %q",
				pending.header.Get("Idempotent-Replayed"), again.header.Get("Idempotent-Replayed"))
		}
	})
}

// memory is what keeps answers. A process that is killed while it answers neither
// keeps its answer nor gives its key back.
type memory struct {
	api.Idempotency
	killed atomic.Bool
}

var errKilled = errors.New("killed")

func (m *memory) FinishIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error {
	if m.killed.Load() {
		return errKilled
	}
	return m.Idempotency.FinishIdempotent(ctx, request)
}

func (m *memory) ForgetIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error {
	if m.killed.Load() {
		return errKilled
	}
	return m.Idempotency.ForgetIdempotent(ctx, request)
}

// A request whose process died in flight holds its key for a quarter of an hour.
// Then its repetition, and nothing else, gets the key, and finds what was done.
func TestACrashInFlightHoldsTheKeyForAWhile(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "invoice-2213"}
		put := func(product string) reply {
			return w.panel.call(t, http.MethodPut, "/v1/services/1", order(product), key)
		}
		w.memory.killed.Store(true)
		put("positivessl").want(t, http.StatusCreated)
		w.memory.killed.Store(false)
		put("positivessl").wantProblem(t, http.StatusConflict, "request_in_progress")
		put("positivessl-wildcard").wantProblem(t, 422, "idempotency_key_reused")

		w.simulator.Advance(16 * time.Minute)
		put("positivessl-wildcard").wantProblem(t, 422, "idempotency_key_reused")
		if again := put("positivessl").want(t, http.StatusOK); again.header.Get("Idempotent-Replayed") != "" {
			t.Error("what was never kept is repeated")
		}
		if charges := w.simulator.Ledger(); len(charges) != 1 {
			t.Errorf("%d charges", len(charges))
		}
	})
}

// counting counts what is kept and what is given back.
type counting struct {
	fakeStore
	kept, forgotten atomic.Int32
}

func (c *counting) FinishIdempotent(context.Context, provisioning.IdempotentRequest) error {
	c.kept.Add(1)
	return nil
}

func (c *counting) ForgetIdempotent(context.Context, provisioning.IdempotentRequest) error {
	c.forgotten.Add(1)
	return nil
}

// An answer that blames anybody but the request is not kept, whatever it is.
func TestFailuresAreNeverKept(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		read func() error
		kept bool
	}{
		"success":       {func() error { return nil }, true},
		"bad request":   {func() error { return &provisioning.Error{Kind: provisioning.KindInvalid, Code: "csr_weak_key"} }, true},
		"a mistake":     {func() error { return errors.New("a mistake") }, false},
		"a panic":       {func() error { panic("a mistake") }, false},
		"not now":       {func() error { return &provisioning.Error{Kind: provisioning.KindUnavailable, Code: "provider_busy"} }, false},
		"conflict":      {func() error { return &provisioning.Error{Kind: provisioning.KindConflict, Code: "action_not_allowed"} }, false},
		"refused":       {func() error { return &provisioning.Error{Kind: provisioning.KindRefused, Code: "provider_refused"} }, false},
		"there is none": {func() error { return &provisioning.Error{Kind: provisioning.KindNotFound, Code: "service_not_found"} }, false},
		"may be repeated": {func() error {
			return &provisioning.Error{Kind: provisioning.KindInvalid, Code: "csr_refused", Retryable: true}
		}, false},
	} {
		store := &counting{}
		p := fakePanel(t, &fakeBridge{read: c.read}, &store.fakeStore, func(config *api.Config) { config.Idempotency = store })
		p.post(t, "1", "suspend", nil, header{"Idempotency-Key", "k"})
		if kept, forgotten := store.kept.Load() == 1, store.forgotten.Load() == 1; kept != c.kept || forgotten == c.kept {
			t.Errorf("%s: kept %t, given back %t", name, kept, forgotten)
		}
	}
}

// While a request is answered, its repetition does not begin another one.
func TestIdempotentRequestUnderWay(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := header{"Idempotency-Key", "k"}
		arrived, letGo := w.heldPurchases(t)
		first := make(chan reply, 1)
		go func() {
			defer close(first)
			first <- w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key, header{"Prefer", "wait=60"})
		}()
		select {
		case <-arrived:
		case answered := <-first:
			t.Fatalf("nothing was bought: %d %s", answered.status, answered.body)
		}
		second := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key)
		problem := second.wantProblem(t, http.StatusConflict, "request_in_progress")
		if problem["retryable"] != true || second.header.Get("Retry-After") == "" {
			t.Errorf("%v, Retry-After %q", problem, second.header.Get("Retry-After"))
		}
		letGo()
		answered := <-first
		third := w.panel.call(t, http.MethodPut, "/v1/services/1", order("positivessl"), key).want(t, http.StatusCreated)
		if !bytes.Equal(answered.body, third.body) {
			t.Errorf("answered %s, repeated %s", answered.body, third.body)
		}
	})
}

// The calls that take an Idempotency-Key are those of which the contract says so.
func TestCallsThatTakeAnIdempotencyKey(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		bad, operator := header{"Idempotency-Key", "a b"}, w.operator(t)
		for path, item := range apitest.Document(t).Paths.Map() {
			for method, operation := range item.Operations() {
				described := operation.Parameters.GetByInAndName("header", bad.name) != nil
				p := w.panel
				if operation.Extensions["x-scope"] == "operate" {
					p = operator
				}
				answer := p.broken(t, method, strings.ReplaceAll(path, "{service_id}", "1"), nil, bad)
				looked := answer.status == http.StatusBadRequest && answer.object(t)["code"] == "idempotency_key_invalid"
				if looked != described {
					t.Errorf("%s %s: answered %d, and described is %t", method, path, answer.status, described)
				}
				changes := operation.Extensions["x-scope"] == "provision" || p == operator && method != http.MethodGet
				if changes != described {
					t.Errorf("%s %s changes something: %t, takes a key: %t", method, path, changes, described)
				}
			}
		}
	})
}
