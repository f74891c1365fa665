// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/provisioning"
)

// fakeBridge answers one read as a test wants it: it stands for what the real
// one does only when something is badly broken.
type fakeBridge struct {
	api.Bridge
	read      func() error
	operation provisioning.Operation
	standing  provisioning.Standing
}

// Choices are those of a real bridge, long after the operation was sent.
func (f *fakeBridge) Choices(operation provisioning.Operation) []provisioning.Choice {
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: struct{ provisioning.Store }{}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		panic(err)
	}
	return bridge.Choices(operation)
}

func (f *fakeBridge) AnyOperation(context.Context, string) (provisioning.Operation, provisioning.Service, error) {
	return f.operation, f.service(), f.read()
}

func (f *fakeBridge) DueDate(provisioning.Service) provisioning.DueDate {
	return provisioning.DueDate{}
}

func (f *fakeBridge) RenewalDates(provisioning.Service) *provisioning.RenewalDates { return nil }

func (f *fakeBridge) Present(s provisioning.Service) provisioning.Service { return s }

func (f *fakeBridge) Actions(provisioning.Service) []provisioning.Action { return nil }

func (f *fakeBridge) Standing(context.Context) (provisioning.Standing, error) {
	return f.standing, f.read()
}

func (f *fakeBridge) Service(context.Context, string, string) (provisioning.Service, error) {
	return provisioning.Service{}, f.read()
}

func (f *fakeBridge) Suspend(context.Context, provisioning.Caller, string) (provisioning.Result, error) {
	return provisioning.Result{Service: f.service()}, f.read()
}

// service is the least that fits the contract.
func (f *fakeBridge) service() provisioning.Service {
	return provisioning.Service{ServiceID: "1", Environment: provisioning.Sandbox, State: provisioning.ServiceActive}
}

// fakeStore holds one key, and idempotent requests that are never kept.
type fakeStore struct {
	key provisioning.PanelKey
	err error
}

func (f *fakeStore) PanelKey(context.Context, string) (provisioning.PanelKey, error) {
	return f.key, f.err
}

func (f *fakeStore) BeginIdempotent(context.Context, provisioning.IdempotentRequest) (*provisioning.IdempotentRequest, error) {
	return nil, f.err
}
func (f *fakeStore) FinishIdempotent(context.Context, provisioning.IdempotentRequest) error {
	return f.err
}
func (f *fakeStore) ForgetIdempotent(context.Context, provisioning.IdempotentRequest) error {
	return f.err
}

func fakeConfig(t *testing.T, bridge *fakeBridge) api.Config {
	t.Helper()
	store := &fakeStore{}
	return api.Config{
		Bridge: bridge, Keys: store, Idempotency: store, Ready: func(context.Context) error { return nil },
		Now: time.Now, Log: zap.NewNop(), Version: "test", Registry: prometheus.NewRegistry(),
	}
}

// fakePanel speaks to a service around a fake bridge.
func fakePanel(t *testing.T, bridge *fakeBridge, store *fakeStore, change ...func(*api.Config)) *panel {
	t.Helper()
	p := &panel{world: &world{}, key: api.GenerateKey(), client: contractClient(t)}
	store.key = provisioning.PanelKey{ID: p.key.ID, Panel: "1", SecretHash: p.key.SecretHash, Scopes: []provisioning.Scope{provisioning.ScopeOperate}}
	config := fakeConfig(t, bridge)
	config.Keys, config.Idempotency = store, store
	for _, change := range change {
		change(&config)
	}
	p.world.address = serve(t, config)
	return p
}

func TestKindsOfErrorsHaveTheirStatus(t *testing.T) {
	t.Parallel()
	bridge := &fakeBridge{}
	p := fakePanel(t, bridge, &fakeStore{})
	for _, c := range []struct {
		kind   provisioning.Kind
		code   string
		status int
	}{
		{provisioning.KindInvalid, "csr_weak_key", 422},
		{provisioning.KindNotFound, "service_not_found", 404},
		{provisioning.KindConflict, "action_not_allowed", 409},
		{provisioning.KindRefused, "provider_refused", 422},
		{provisioning.KindUnavailable, "provider_busy", 503},
	} {
		bridge.read = func() error {
			return fmt.Errorf("somewhere: %w", &provisioning.Error{Kind: c.kind, Code: c.code, Detail: "Said so.", Upstream: provisioning.Upstream{Code: "7", Message: "no"}})
		}
		problem := p.call(t, http.MethodGet, "/v1/services/1", nil).wantProblem(t, c.status, c.code)
		delete(problem, "request_id")
		want := object{
			"type": "about:blank", "title": http.StatusText(c.status), "status": float64(c.status), "code": c.code,
			"detail": "Said so.", "retryable": false, "upstream": object{"code": "7", "message": "no"},
		}
		if diff := cmp.Diff(want, problem); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.kind, diff)
		}
	}
}

func TestRetryAfterIsRoundedUpAndOnlyGivenWithHope(t *testing.T) {
	t.Parallel()
	bridge := &fakeBridge{}
	p := fakePanel(t, bridge, &fakeStore{})
	for _, c := range []struct {
		retryable bool
		after     time.Duration
		want      string
	}{
		{true, 1100 * time.Millisecond, "2"},
		{true, time.Minute, "60"},
		{true, 0, "30"},
		{false, 0, ""},
	} {
		bridge.read = func() error {
			return &provisioning.Error{Kind: provisioning.KindUnavailable, Code: "provider_busy", Detail: "Later.", Retryable: c.retryable, RetryAfter: c.after}
		}
		answer := p.call(t, http.MethodGet, "/v1/services/1", nil)
		if got := answer.header.Get("Retry-After"); got != c.want || answer.wantProblem(t, 503, "provider_busy")["retryable"] != c.retryable {
			t.Errorf("Retry-After is %q instead of %q: %s", got, c.want, answer.body)
		}
	}
}

// The text of what went wrong inside stays inside.
func TestInternalErrorsLeakNothing(t *testing.T) {
	t.Parallel()
	bridge := &fakeBridge{}
	p := fakePanel(t, bridge, &fakeStore{})
	for name, read := range map[string]func() error{
		"an error":                  func() error { return errors.New("dial tcp db.internal:3306: refused") },
		"a domain error of no kind": func() error { return &provisioning.Error{Code: "x", Detail: "db.internal"} },
		"a domain error of a kind that nobody knows": func() error {
			return &provisioning.Error{Kind: "unheard of", Code: "x", Detail: "db.internal"}
		},
		"a panic":               func() error { panic("db.internal") },
		"a panic with an error": func() error { panic(errors.New("db.internal")) },
	} {
		bridge.read = read
		for _, answer := range []reply{
			p.call(t, http.MethodGet, "/v1/services/1", nil),
			p.post(t, "1", "suspend", nil, header{"Idempotency-Key", "k"}),
		} {
			answer.wantProblem(t, http.StatusInternalServerError, "internal")
			if strings.Contains(string(answer.body), "db.internal") {
				t.Errorf("%s leaks: %s", name, answer.body)
			}
		}
	}
}

// A database that is away is not a wrong key.
func TestKeysThatCannotBeReadAreNotWrong(t *testing.T) {
	t.Parallel()
	store := &fakeStore{err: errors.New("db.internal is away")}
	p := fakePanel(t, &fakeBridge{}, store)
	answer := p.call(t, http.MethodGet, "/v1/services/1", nil)
	if problem := answer.wantProblem(t, http.StatusServiceUnavailable, "store_unavailable"); problem["retryable"] != true || strings.Contains(string(answer.body), "db.internal") {
		t.Errorf("%s", answer.body)
	}
}
