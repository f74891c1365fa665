// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/api/apitest"
	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// account is the name of the one account that everything is bought in.
const account = "hostlantern-sandbox"

// onEveryDatabase runs a test against the whole thing: the service over real
// HTTP, a bridge, a mirror on each database, and the provider's simulator behind
// real HTTP.
func onEveryDatabase(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, driver))
		})
	}
}

// world is one certbridge with everything around it.
type world struct {
	simulator *simulator.Simulator
	store     *mirror.Mirror
	bridge    *provisioning.Bridge
	memory    *memory // of answers
	address   string  // base URL of the service
	log       *observer.ObservedLogs
	panel     *panel // the panel that most tests speak for

	upstream atomic.Pointer[http.Handler] // stands for the provider; the simulator unless changed
	unready  atomic.Pointer[error]        // why the service is not ready; nil if it is
}

// standFor puts a handler in the provider's place.
func (w *world) standFor(handler http.Handler) { w.upstream.Store(&handler) }

func newWorld(t *testing.T, driver string) *world {
	t.Helper()
	start := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Options{Now: start})
	if err != nil {
		t.Fatal(err)
	}
	sim.Configure(func(s *simulator.Switches) { s.ThrottlePerMinute = 0 })
	w := &world{simulator: sim, store: mirrortest.Open(t, driver, sim.Now)}
	w.memory = &memory{Idempotency: w.store}
	w.standFor(sim)
	provider := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		(*w.upstream.Load()).ServeHTTP(rw, r)
	}))
	t.Cleanup(provider.Close)
	client, err := hostlantern.New(hostlantern.Config{
		Account: account, APIUser: "reseller", APIKey: hostlantern.NewAPIKey("simulator-key"),
		ClientIP: "203.0.113.9", Environment: provisioning.Sandbox, BaseURL: provider.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: w.store, Now: sim.Now, Log: slog.New(slog.DiscardHandler),
		Accounts: []provisioning.Account{{
			Name: account, Provider: "hostlantern", Environment: provisioning.Sandbox,
			Upstream: hostlantern.NewProvider(client),
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	// Runs before the provider and the store are closed: an action goes on after
	// its caller has stopped waiting.
	t.Cleanup(func() {
		if err := bridge.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	w.bridge = bridge
	core, logged := observer.New(zapcore.DebugLevel)
	w.log = logged
	w.address = serve(t, api.Config{
		Bridge: bridge, Keys: w.store, Idempotency: w.memory, Now: sim.Now, Log: zap.New(core),
		Ready: func(context.Context) error {
			if reason := w.unready.Load(); reason != nil {
				return *reason
			}
			return nil
		},
		Version: "test", Registry: prometheus.NewRegistry(),
	})
	w.panel = w.newPanel(t, "shop", provisioning.ScopeProvision)
	return w
}

// serve runs a service until the test ends and gives its address.
func serve(t *testing.T, config api.Config) string {
	t.Helper()
	service, err := api.New(config)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	return server.URL
}

// panel is a billing panel with its key.
type panel struct {
	world  *world
	id     string
	key    api.NewKey
	client *http.Client
}

// newPanel makes a panel whose key has one scope and perhaps an address list.
func (w *world) newPanel(t *testing.T, name string, scope provisioning.Scope, addresses ...string) *panel {
	t.Helper()
	p := &panel{world: w, id: "id-of-" + name, key: api.GenerateKey(), client: contractClient(t)}
	key := provisioning.PanelKey{
		ID: p.key.ID, Panel: p.id, SecretHash: p.key.SecretHash,
		Scopes: []provisioning.Scope{scope}, CreatedAt: w.simulator.Now(),
	}
	for _, address := range addresses {
		key.Addresses = append(key.Addresses, netip.MustParsePrefix(address))
	}
	err := w.store.CreatePanel(t.Context(), provisioning.Panel{
		ID: p.id, Name: name, CreatedAt: key.CreatedAt, Keys: []provisioning.PanelKey{key},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// contractClient checks everything that it sends and receives against
// openapi.yaml.
func contractClient(t *testing.T) *http.Client {
	t.Helper()
	// No keep-alive, so that no connection outlives its test.
	return &http.Client{Transport: apitest.NewTransport(t, &http.Transport{DisableKeepAlives: true})}
}

// object is a JSON object as a caller writes or reads it.
type object = map[string]any

// header is one header field of a request.
type header struct{ name, value string }

// reply is an answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call makes a request for the panel. body is nil, a text that is sent as it is,
// or a value that is sent as JSON.
func (p *panel) call(t *testing.T, method, path string, body any, headers ...header) reply {
	t.Helper()
	return p.callWith(t.Context(), t, method, path, body, headers...)
}

// broken is a call that breaks the contract on purpose.
func (p *panel) broken(t *testing.T, method, path string, body any, headers ...header) reply {
	t.Helper()
	return p.callWith(apitest.Broken(t.Context()), t, method, path, body, headers...)
}

func (p *panel) callWith(ctx context.Context, t *testing.T, method, path string, body any, headers ...header) reply {
	t.Helper()
	var content io.Reader
	switch body := body.(type) {
	case nil:
	case string:
		content = bytes.NewReader([]byte(body))
	default:
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, p.world.address+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	request.Header.Set("Authorization", "Bearer "+p.key.Token)
	for _, h := range headers {
		if h.value == "" {
			request.Header.Del(h.name)
		} else {
			request.Header.Set(h.name, h.value)
		}
	}
	response, err := p.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, answer}
}

// object reads the answer as a JSON object.
func (r reply) object(t *testing.T) object {
	t.Helper()
	var value object
	if err := json.Unmarshal(r.body, &value); err != nil {
		t.Fatalf("status %d, not a JSON object: %v\n%s", r.status, err, r.body)
	}
	return value
}

// want ends the test unless the answer has this status.
func (r reply) want(t *testing.T, status int) reply {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d instead of %d: %s", r.status, status, r.body)
	}
	return r
}

// wantProblem expects a problem with this status and code, and gives it.
func (r reply) wantProblem(t *testing.T, status int, code string) object {
	t.Helper()
	r.want(t, status)
	problem := r.object(t)
	if problem["code"] != code {
		t.Fatalf("code %v instead of %q: %s", problem["code"], code, r.body)
	}
	return problem
}

// at walks down an object: at(service, "order", "order_id").
func at(value any, path ...string) any {
	for _, name := range path {
		inside, ok := value.(object)
		if !ok {
			return nil
		}
		value = inside[name]
	}
	return value
}

// text is a member that must be a string.
func text(t *testing.T, value any, path ...string) string {
	t.Helper()
	found, ok := at(value, path...).(string)
	if !ok {
		t.Fatalf("%v is no text in %v", path, value)
	}
	return found
}

// entries is a member that must be a list.
func entries(t *testing.T, value any, path ...string) []any {
	t.Helper()
	found, ok := at(value, path...).([]any)
	if !ok {
		t.Fatalf("%v is no list in %v", path, value)
	}
	return found
}

// wantMembers compares some members of an object.
func wantMembers(t *testing.T, got any, want object) {
	t.Helper()
	for name, value := range want {
		if !cmp.Equal(at(got, name), value) {
			t.Errorf("%s is %v, want %v", name, at(got, name), value)
		}
	}
}
