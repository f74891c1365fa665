// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/api/apitest"
	"github.com/certbridge/certbridge/provisioning"
)

// Without a key in force nothing below /v1 says anything, and every reason gives
// the same answer.
func TestOnlyKeysInForceOpenAnything(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		expired, revoked := w.newPanel(t, "expired", provisioning.ScopeRead), w.newPanel(t, "revoked", provisioning.ScopeRead)
		now := w.simulator.Now()
		if err := w.store.ExpirePanelKey(t.Context(), expired.key.ID, now.Add(-time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := w.store.RevokePanelKey(t.Context(), revoked.key.ID, now); err != nil {
			t.Fatal(err)
		}
		good, stranger := w.panel.key, api.GenerateKey()
		var answers []object
		for name, value := range map[string]string{
			"none":           "",
			"empty":          "Bearer ",
			"another scheme": "Basic " + good.Token,
			"no prefix":      "Bearer " + strings.TrimPrefix(good.Token, "cb_"),
			"no secret":      "Bearer cb_" + good.ID + "_",
			"unknown":        "Bearer " + stranger.Token,
			"wrong secret":   "Bearer cb_" + good.ID + "_" + strings.Repeat("a", 52),
			"half a secret":  "Bearer " + good.Token[:len(good.Token)-1],
			"another's":      "Bearer cb_" + expired.key.ID + strings.TrimPrefix(good.Token, "cb_"+good.ID),
			"expired":        "Bearer " + expired.key.Token,
			"revoked":        "Bearer " + revoked.key.Token,
			"endless":        "Bearer cb_" + strings.Repeat("a", 5000),
		} {
			answer := w.panel.call(t, http.MethodGet, "/v1/whoami", nil, header{"Authorization", value})
			problem := answer.wantProblem(t, http.StatusUnauthorized, "unauthorized")
			if got := answer.header.Get("WWW-Authenticate"); got != `Bearer realm="certbridge"` {
				t.Errorf("%s: WWW-Authenticate is %q", name, got)
			}
			delete(problem, "request_id")
			answers = append(answers, problem)
		}
		for _, answer := range answers[1:] {
			if diff := cmp.Diff(answers[0], answer); diff != "" {
				t.Errorf("the answers tell reasons apart:\n%s", diff)
			}
		}
	})
}

func TestWhoami(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		answer := w.panel.call(t, http.MethodGet, "/v1/whoami", nil, header{"Authorization", "bearer  " + w.panel.key.Token})
		wantMembers(t, answer.want(t, http.StatusOK).object(t), object{
			"panel": w.panel.id, "panel_name": "shop", "key_id": w.panel.key.ID, "scopes": []any{"provision"}, "address": "127.0.0.1",
			"version": "test", "expires_at": nil,
		})
	})
}

// What the contract says about scopes is what the service does, for every call.
func TestScopes(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		reader := w.newPanel(t, "reader", provisioning.ScopeRead)
		operator := w.newPanel(t, "operator", provisioning.ScopeOperate)
		callers := map[string][]*panel{"provision": {reader}, "operate": {reader, w.panel}}
		for path, item := range apitest.Document(t).Paths.Map() {
			for method, operation := range item.Operations() {
				scope, scoped := operation.Extensions["x-scope"].(string)
				if strings.HasPrefix(path, "/v1/") != scoped {
					t.Errorf("%s %s: x-scope is %q", method, path, scope)
				}
				if !scoped {
					continue
				}
				path := strings.NewReplacer("{service_id}", "1", "{operation_id}", "1").Replace(path)
				w.panel.broken(t, method, path, nil, header{"Authorization", ""}).wantProblem(t, http.StatusUnauthorized, "unauthorized")
				if scope == "read" {
					answer := reader.broken(t, method, path, nil)
					if answer.status == http.StatusUnauthorized || answer.status == http.StatusForbidden {
						t.Errorf("%s %s: %d for a key that reads", method, path, answer.status)
					}
					continue
				}
				for _, caller := range callers[scope] {
					answer := caller.broken(t, method, path, nil)
					answer.wantProblem(t, http.StatusForbidden, "insufficient_scope")
					if got := answer.header.Get("WWW-Authenticate"); !strings.Contains(got, `scope="`+scope+`"`) {
						t.Errorf("%s %s: WWW-Authenticate is %q", method, path, got)
					}
				}
				if callers[scope] == nil {
					t.Errorf("%s %s: nobody knows the scope %q", method, path, scope)
				}
				if calls := w.simulator.Calls(); len(calls) != 0 {
					t.Errorf("%s %s: the provider was called: %v", method, path, calls)
				}
				if path == "/v1/ledger" || path == "/v1/synchronizations" {
					continue // they ask the provider, as their own tests see
				}
				if answer := operator.broken(t, method, path, nil); answer.status == http.StatusForbidden {
					t.Errorf("%s %s: %d for a key that operates", method, path, answer.status)
				}
			}
		}
		if calls := w.simulator.Calls(); len(calls) != 0 {
			t.Errorf("the provider was called: %v", calls)
		}
	})
}

// The address of the connection counts, and no header that anybody can send.
func TestKeysMayBeBoundToAddresses(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		here := w.newPanel(t, "here", provisioning.ScopeRead, "10.0.0.0/8", "127.0.0.0/8")
		here.call(t, http.MethodGet, "/v1/whoami", nil).want(t, http.StatusOK)
		elsewhere := w.newPanel(t, "elsewhere", provisioning.ScopeRead, "203.0.113.7/32")
		for _, forged := range []header{{"X-Forwarded-For", "203.0.113.7"}, {"X-Real-Ip", "203.0.113.7"}, {"Forwarded", "for=203.0.113.7"}} {
			elsewhere.call(t, http.MethodGet, "/v1/whoami", nil, forged).wantProblem(t, http.StatusForbidden, "address_not_allowed")
		}
	})
}

// For a panel, the services of another one do not exist.
func TestPanelsDoNotSeeEachOther(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		other := w.newPanel(t, "other", provisioning.ScopeProvision)
		list := other.call(t, http.MethodGet, "/v1/services", nil).want(t, http.StatusOK).object(t)
		if diff := cmp.Diff(object{"services": []any{}, "next": nil}, list); diff != "" {
			t.Errorf("the other panel sees services:\n%s", diff)
		}
		other.call(t, http.MethodGet, "/v1/services/1", nil).wantProblem(t, http.StatusNotFound, "service_not_found")
		// The same id is another service there.
		if mine, theirs := w.panel.service(t, "1"), other.create(t, "1", "positivessl"); mine["certificate_id"] == theirs["certificate_id"] {
			t.Error("two panels share a certificate")
		}
		w.simulator.Inject(lost("create"))
		open := w.panel.call(t, http.MethodPut, "/v1/services/2", order("positivessl")).want(t, http.StatusAccepted)

		other.call(t, http.MethodGet, "/v1/services/2", nil).wantProblem(t, http.StatusNotFound, "service_not_found")
		other.call(t, http.MethodGet, open.header.Get("Location"), nil).wantProblem(t, http.StatusNotFound, "operation_not_found")
		for _, path := range []string{"certificates", "events", "certificate", "validation"} {
			other.call(t, http.MethodGet, "/v1/services/2/"+path, nil).wantProblem(t, http.StatusNotFound, "service_not_found")
		}
		for _, action := range []string{"synchronize", "suspend", "unsuspend", "terminate", "validation/retry"} {
			other.post(t, "2", action, nil).wantProblem(t, http.StatusNotFound, "service_not_found")
		}
	})
}

func TestGeneratedKeysAreUsableAndDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		key := api.GenerateKey()
		if !strings.HasPrefix(key.Token, "cb_"+key.ID+"_") || len(key.Token) != 72 || len(key.SecretHash) != 32 {
			t.Fatalf("token %q, id %q, hash of %d bytes", key.Token, key.ID, len(key.SecretHash))
		}
		if strings.Trim(key.Token, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			t.Fatalf("token %q cannot be taken by a double click", key.Token)
		}
		if seen[key.ID] {
			t.Fatalf("id %q came twice", key.ID)
		}
		seen[key.ID] = true
	}
}
