// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// gate lets everybody pass, unless it is closed, and remembers who did.
type gate struct {
	closed error

	mu     sync.Mutex
	events []string
	left   time.Duration // until the deadline of the last one who asked
}

func (g *gate) Enter(ctx context.Context) error {
	if deadline, bounded := ctx.Deadline(); bounded {
		g.left = time.Until(deadline)
	}
	g.note("enter")
	return g.closed
}

func (g *gate) Throttled(context.Context) { g.note("throttled") }
func (g *gate) Admitted(context.Context)  { g.note("admitted") }

func (g *gate) note(event string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(g.events, event)
}

// taken gives what was noted since the last time.
func (g *gate) taken() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	events := g.events
	g.events = nil
	return events
}

// Each request passes the gate once, before the server hears of it, and the gate is
// told what the server makes of it.
func TestEachRequestPassesTheGate(t *testing.T) {
	t.Parallel()
	watch := new(gate)
	var next http.HandlerFunc
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		watch.note("request")
		next(w, r)
	}))
	t.Cleanup(server.Close)
	config := validConfig()
	config.BaseURL, config.Gate = server.URL, watch
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	answer := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		}
	}
	failure := func(number string) string {
		return `<ApiResponse Status="ERROR"><Errors><Error Number="` + number + `">no</Error></Errors></ApiResponse>`
	}
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		told   []string
	}{
		{"a success", answer(http.StatusOK, example(t, "balances")), []string{"enter", "request", "admitted"}},
		{"a refusal", answer(http.StatusOK, failure("1011102")), []string{"enter", "request", "admitted"}},
		{"throttled by status", answer(http.StatusMethodNotAllowed, ""), []string{"enter", "request", "throttled"}},
		{"throttled by a gateway", answer(http.StatusTooManyRequests, ""), []string{"enter", "request", "throttled"}},
		{"throttled in an answer", answer(http.StatusOK, failure("500000")), []string{"enter", "request", "throttled"}},
		{"an answer of something else", answer(http.StatusBadGateway, "<html>"), []string{"enter", "request"}},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, []string{"enter", "request"}},
	} {
		next = row.answer
		_, err := client.GetBalances(t.Context())
		if got := watch.taken(); !slices.Equal(got, row.told) {
			t.Errorf("%s: %q, want %q (%v)", row.name, got, row.told, err)
		}
	}
}

func TestAClosedGateLetsNothingOut(t *testing.T) {
	t.Parallel()
	cause := errors.New("used up")
	for _, row := range []struct {
		closed error
		want   provisioning.ProviderError
	}{
		{cause, provisioning.ProviderError{Outcome: provisioning.NotExecuted}},
		{
			&provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled, RetryAfter: time.Minute, Err: cause},
			provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled, RetryAfter: time.Minute},
		},
	} {
		s := newStub(t, "", func(c *hostlantern.Config) { c.Gate = &gate{closed: row.closed} })
		ctx := provisioning.WithExchanges(t.Context(), func(provisioning.Exchange) { t.Error("an exchange was noted that was none") })
		_, err := s.client.GetBalances(ctx)
		told, ok := errors.AsType[*provisioning.ProviderError](err)
		if !ok || !errors.Is(err, cause) {
			t.Fatalf("the error is %v", err)
		}
		got := *told
		got.Err = nil
		if diff := cmp.Diff(row.want, got); diff != "" || s.calls() != 0 {
			t.Errorf("%d calls; (-want +got):\n%s", s.calls(), diff)
		}
	}
}

// A purchase that waited too long would be cut off, and be in doubt.
func TestWhatChangesSomethingKeepsHalfOfItsTime(t *testing.T) {
	t.Parallel()
	watch := new(gate)
	s := newStub(t, example(t, "balances"), func(c *hostlantern.Config) { c.Gate = watch })
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	if _, err := s.client.GetBalances(ctx); err != nil || watch.left < 50*time.Minute {
		t.Errorf("a read may wait for %s, %v", watch.left, err)
	}
	_, _ = s.client.Create(ctx, hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
	if watch.left < 20*time.Minute || watch.left > 30*time.Minute {
		t.Errorf("a purchase may wait for %s", watch.left)
	}
}
