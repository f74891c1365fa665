// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// served is a client of a handler.
func served(t *testing.T, handler http.HandlerFunc) *hostlantern.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	config := validConfig()
	config.BaseURL = server.URL
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client
}

func buy(t *testing.T, client *hostlantern.Client) error {
	t.Helper()
	_, err := client.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
	return err
}

func TestTheHTTPStatusSaysWhetherTheAPIAnswered(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		status  int
		outcome provisioning.Outcome
		fault   provisioning.Fault
	}{
		{http.StatusMethodNotAllowed, provisioning.NotExecuted, provisioning.FaultThrottled},
		{http.StatusTooManyRequests, provisioning.NotExecuted, provisioning.FaultThrottled},
		{http.StatusCreated, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusAccepted, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusNoContent, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusBadRequest, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusForbidden, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusNotFound, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusInternalServerError, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusBadGateway, provisioning.Unknown, provisioning.FaultOther},
		{http.StatusGatewayTimeout, provisioning.Unknown, provisioning.FaultOther},
	} {
		t.Run(http.StatusText(row.status), func(t *testing.T) {
			t.Parallel()
			text := example(t, "create") // what would be a success is none under another status
			client := served(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(row.status)
				if row.status != http.StatusNoContent {
					_, _ = io.WriteString(w, text)
				}
			})
			failed := providerError(t, buy(t, client))
			if failed.Outcome != row.outcome || failed.Fault != row.fault {
				t.Errorf("got %v", failed)
			}
			if want := fmt.Sprintf("HTTP %d", row.status); failed.Upstream.Code != want {
				t.Errorf("the code is %q, want %q", failed.Upstream.Code, want)
			}
		})
	}
}

func TestARetryAfterIsPassedOnWithinReason(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{
		"": 0, "30": 30 * time.Second, " 30 ": 30 * time.Second, "86400": 24 * time.Hour,
		"86401": 0, "-1": 0, "1e9": 0, "99999999999": 0, "Sun, 22 Nov 2026 10:00:00 GMT": 0,
	} {
		client := served(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusMethodNotAllowed)
		})
		if got := providerError(t, buy(t, client)).RetryAfter; got != want {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			var visits atomic.Int32
			elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
			defer elsewhere.Close()
			client := served(t, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, elsewhere.URL, status)
			})
			uncertain(t, buy(t, client))
			_, err := client.GetInfo(t.Context(), "7001")
			uncertain(t, err)
			if visits.Load() != 0 {
				t.Error("the key was sent to where the redirect led")
			}
		})
	}
}

func TestThePurchaseIsSentOnceThoughTheConnectionDies(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	client := served(t, func(w http.ResponseWriter, r *http.Request) {
		// The first call warms a connection up, the second one dies with it.
		if requests.Add(1) == 1 {
			_, _ = io.WriteString(w, example(t, "balances"))
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	})
	if _, err := client.GetBalances(t.Context()); err != nil {
		t.Fatal(err)
	}
	uncertain(t, buy(t, client))
	if got := requests.Load(); got != 2 {
		t.Errorf("the server saw %d requests, want 2", got)
	}
}

func TestAnAnswerIsReadToABoundOnly(t *testing.T) {
	t.Parallel()
	client := served(t, func(w http.ResponseWriter, _ *http.Request) {
		text := example(t, "create")
		_, _ = io.WriteString(w, strings.Replace(text, "<Warnings />", "<!--"+strings.Repeat(" ", 9<<20)+"-->", 1))
	})
	err := buy(t, client)
	uncertain(t, err)
	if !strings.Contains(err.Error(), "too long") {
		t.Errorf("got %v", err)
	}
}

func TestAServerThatCannotProveItsNameGetsNoRequest(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it reports refused handshakes
	server.StartTLS()
	defer server.Close()
	for name, adjust := range map[string]func(*hostlantern.Config){
		"unknown root": func(c *hostlantern.Config) { c.RootCAs = x509.NewCertPool() },
		"system roots": func(*hostlantern.Config) {},
		"another name": func(c *hostlantern.Config) {
			c.RootCAs = x509.NewCertPool()
			c.RootCAs.AddCert(server.Certificate())
			c.BaseURL = strings.Replace(c.BaseURL, "127.0.0.1", "localhost", 1)
		},
	} {
		config := validConfig()
		config.BaseURL = server.URL
		adjust(&config)
		client, err := hostlantern.New(config)
		if err != nil {
			t.Fatal(err)
		}
		failed := providerError(t, buy(t, client))
		if failed.Outcome != provisioning.NotExecuted || failed.Fault != provisioning.FaultUnreachable {
			t.Errorf("%s: got %v", name, failed)
		}
		client.Close()
	}
	if requests.Load() != 0 {
		t.Error("a request was made")
	}
}

func TestAnAddressWhereNobodyListensWasNotCalled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	config := validConfig()
	config.BaseURL = server.URL
	server.Close()
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	failed := providerError(t, buy(t, client))
	if failed.Outcome != provisioning.NotExecuted || failed.Fault != provisioning.FaultUnreachable {
		t.Errorf("got %v", failed)
	}
}

func TestACallHasATimeLimitOfItsOwn(t *testing.T) {
	t.Parallel()
	s := newRig(t, setting{})
	config := validConfig()
	config.BaseURL = s.server.URL
	config.Timeouts.Write = time.Millisecond
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	s.hang()
	// Whether the connection was made within the time or not, the call ends.
	if failed := providerError(t, buy(t, client)); failed.Outcome == provisioning.Refused {
		t.Errorf("got %v", failed)
	}
}

func TestASandboxServerCannotAnswerForProduction(t *testing.T) {
	t.Parallel()
	for name, suspicious := range map[string]bool{
		"WEB1-SANDBOX1": true, "PHX01SBAPI01": true, "phx01sbapiext05": true,
		"PHX01APIEXT02": false, "API01": false, "5eda89c931f6": false, "": false,
	} {
		answer := strings.Replace(example(t, "create"), "PHX01APIEXT02", name, 1)
		production := newStub(t, answer, func(c *hostlantern.Config) { c.Environment = provisioning.Production })
		err := buy(t, production.client)
		if suspicious {
			if failed := providerError(t, err); failed.Outcome != provisioning.Unknown || failed.Fault != provisioning.FaultEnvironment {
				t.Errorf("%s: got %v", name, failed)
			}
		} else if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if err := buy(t, newStub(t, answer).client); err != nil {
			t.Errorf("%q in the sandbox: %v", name, err)
		}
	}
}

func TestANamespaceCanBeInsistedOn(t *testing.T) {
	t.Parallel()
	const documented = "http://api.namecheap.com/xml.response"
	answer := example(t, "create")
	without := strings.Replace(answer, ` xmlns="`+documented+`"`, "", 1)
	for _, row := range []struct {
		name, namespace, answer string
		accepted                bool
	}{
		{"any will do", "", answer, true},
		{"the right one", documented, answer, true},
		{"none at all", documented, without, true},
		{"another one", "urn:hostlantern", answer, false},
	} {
		s := newStub(t, row.answer, func(c *hostlantern.Config) { c.Namespace = row.namespace })
		switch err := buy(t, s.client); {
		case row.accepted && err != nil:
			t.Errorf("%s: %v", row.name, err)
		case !row.accepted:
			uncertain(t, err)
		}
	}
}
