// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/api/apitest"
)

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// Every call that is served is described, and every call that is described is
// served.
func TestContractAndRoutesAreTheSame(t *testing.T) {
	t.Parallel()
	var described, served []string
	for path, item := range apitest.Document(t).Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	service, err := api.New(fakeConfig(t, &fakeBridge{}))
	if err != nil {
		t.Fatal(err)
	}
	parameter := regexp.MustCompile(`:([a-z_]+)`)
	for _, route := range service.Routes() {
		served = append(served, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
	}
	slices.Sort(described)
	slices.Sort(served)
	if diff := cmp.Diff(described, served); diff != "" {
		t.Errorf("(-described +served):\n%s", diff)
	}
}

func TestServiceTellsHowItIs(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		nobody := header{"Authorization", ""}
		get := func(path string) reply { return w.panel.call(t, http.MethodGet, path, nil, nobody) }
		get("/healthz").want(t, http.StatusOK)
		get("/readyz").want(t, http.StatusOK)
		reason := errors.New("the database at db.internal is away")
		w.unready.Store(&reason)
		answer := get("/readyz")
		problem := answer.wantProblem(t, http.StatusServiceUnavailable, "not_ready")
		if strings.Contains(string(answer.body), "db.internal") || problem["retryable"] != true {
			t.Errorf("not ready: %s", answer.body)
		}
		get("/healthz").want(t, http.StatusOK)

		if contract := get("/openapi.yaml").want(t, http.StatusOK); !slices.Equal(contract.body, api.Contract()) {
			t.Error("another contract is served")
		}
	})
}

func TestMetricsCountRoutesNotPaths(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "secret-customer", "positivessl")
		w.panel.service(t, "secret-customer")
		w.panel.broken(t, http.MethodGet, "/v1/secret-path", nil).want(t, http.StatusNotFound)
		w.panel.broken(t, "SECRETMETHOD", "/v1/services", nil).want(t, http.StatusMethodNotAllowed)
		metrics := string(w.panel.call(t, http.MethodGet, "/metrics", nil).want(t, http.StatusOK).body)
		for _, line := range []string{
			`certbridge_http_requests_total{method="PUT",route="/v1/services/:service_id",status="2xx"} 1`,
			`certbridge_http_requests_total{method="GET",route="/v1/services/:service_id",status="2xx"} 1`,
			`certbridge_http_requests_total{method="none",route="none",status="4xx"} 2`,
			`certbridge_http_request_duration_seconds_count{method="GET",route="/v1/services/:service_id"} 1`,
		} {
			if !strings.Contains(metrics, line) {
				t.Errorf("no line %s in\n%s", line, metrics)
			}
		}
		if strings.Contains(strings.ToLower(metrics), "secret") {
			t.Errorf("what a caller wrote is in the metrics:\n%s", metrics)
		}
	})
}

func TestEveryAnswerCarriesRequestIDAndSecurityHeaders(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		problem := w.panel.call(t, http.MethodGet, "/v1/services/none", nil, header{"X-Request-Id", "trace-7:1.2_3"})
		if got := problem.wantProblem(t, http.StatusNotFound, "service_not_found")["request_id"]; got != "trace-7:1.2_3" || problem.header.Get("X-Request-Id") != got {
			t.Errorf("request id %v, header %q", got, problem.header.Get("X-Request-Id"))
		}
		seen := map[string]bool{}
		for _, insane := range []string{"", "a b", strings.Repeat("a", 65), "a\"b", "{}"} {
			answer := w.panel.broken(t, http.MethodGet, "/v1/nothing", nil, header{"X-Request-Id", insane})
			id := answer.header.Get("X-Request-Id")
			if id == "" || id == insane || seen[id] {
				t.Errorf("%q became %q", insane, id)
			}
			seen[id] = true
			for name, value := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
				if answer.header.Get(name) != value {
					t.Errorf("%s is %q", name, answer.header.Get(name))
				}
			}
			if answer.header.Get("Content-Security-Policy") == "" || answer.header.Get("Server") != "" {
				t.Errorf("header %v", answer.header)
			}
		}
		if got := w.panel.call(t, http.MethodGet, "/v1/whoami", nil).header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control is %q", got)
		}
		if got := w.panel.broken(t, http.MethodDelete, "/v1/services/1", nil).header.Get("Allow"); !strings.Contains(got, "PUT") || !strings.Contains(got, "GET") {
			t.Errorf("Allow is %q", got)
		}
	})
}

// The log tells who did what, and nothing that opens anything.
func TestLogHoldsNoSecret(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := newKey(t)
		privateKey := pemKey(t, key)
		w.panel.issued(t, "1", "positivessl", csrOf(t, key, "example.com"))
		post := object{"format": "pfx", "private_key": privateKey, "password": password}
		w.panel.post(t, "1", "certificate", post).want(t, http.StatusOK)
		post["private_key"] = pemKey(t, newKey(t))
		w.panel.post(t, "1", "certificate", post).want(t, http.StatusUnprocessableEntity)
		w.panel.broken(t, http.MethodPost, "/v1/services/1/certificate", `{"format":"pfx","private_key":"`+password).want(t, http.StatusBadRequest)
		w.panel.broken(t, http.MethodGet, "/v1/services?key="+w.panel.key.Token, nil).want(t, http.StatusBadRequest)
		w.panel.call(t, http.MethodGet, "/v1/whoami", nil, header{"Authorization", "Bearer " + w.panel.key.Token + "x"}).want(t, http.StatusUnauthorized)
		if err := w.simulator.SetBalance("reseller", "0.00"); err != nil {
			t.Fatal(err)
		}
		w.panel.call(t, http.MethodPut, "/v1/services/2", order("positivessl")).want(t, http.StatusServiceUnavailable)

		secret := strings.TrimPrefix(w.panel.key.Token, "cb_"+w.panel.key.ID+"_")
		lines := 0
		for _, entry := range w.log.All() {
			written := fmt.Sprint(entry.Message, entry.ContextMap())
			for _, forbidden := range []string{secret, password, "PRIVATE KEY", strings.Split(privateKey, "\n")[1], "simulator-key"} {
				if strings.Contains(written, forbidden) {
					t.Errorf("%q is in the log: %s", forbidden, written)
				}
			}
			if entry.Message == "request" && strings.Contains(written, w.panel.key.ID) {
				lines++
			}
		}
		if lines < 5 {
			t.Errorf("%d requests with the id of their key in the log", lines)
		}
	})
}

func TestHTTPServerBoundsEveryPhase(t *testing.T) {
	t.Parallel()
	server, err := api.NewHTTPServer("127.0.0.1:0", http.NotFoundHandler(), zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if server.ReadHeaderTimeout <= 0 || server.ReadTimeout <= 0 || server.IdleTimeout <= 0 || server.MaxHeaderBytes <= 0 {
		t.Errorf("something is not bounded: %+v", server)
	}
	if longest := 60e9; float64(server.WriteTimeout) <= longest {
		t.Errorf("an answer may take %s, less than the longest wait", server.WriteTimeout)
	}
}

func TestConfigIsCheckedAsAWhole(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*api.Config){
		"Bridge":      func(c *api.Config) { c.Bridge = nil },
		"Keys":        func(c *api.Config) { c.Keys = nil },
		"Idempotency": func(c *api.Config) { c.Idempotency = nil },
		"Ready":       func(c *api.Config) { c.Ready = nil },
		"Now":         func(c *api.Config) { c.Now = nil },
		"Log":         func(c *api.Config) { c.Log = nil },
		"Version":     func(c *api.Config) { c.Version = "" },
		"Registry":    func(c *api.Config) { c.Registry = nil },
	} {
		config := fakeConfig(t, &fakeBridge{})
		spoil(&config)
		if _, err := api.New(config); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	config := fakeConfig(t, &fakeBridge{})
	config.Registry.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "certbridge_http_requests_total"}))
	if _, err := api.New(config); err == nil {
		t.Error("a metric of the same name is no error")
	}
}
