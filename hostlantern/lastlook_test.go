// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// counter is a server that sells to everybody, and counts.
type counter struct {
	client *hostlantern.Client
	heard  atomic.Int32 // requests
	dialed atomic.Int32
	closed chan struct{} // one for each connection that is over and read to its end
}

func newCounter(t *testing.T, secure bool) *counter {
	t.Helper()
	c := &counter{closed: make(chan struct{}, 10)}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.heard.Add(1)
		answer := "create"
		if r.PostFormValue("Command") == "namecheap.users.getBalances" {
			answer = "balances"
		}
		_, _ = io.WriteString(w, example(t, answer))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			c.closed <- struct{}{}
		}
	}
	config := validConfig()
	if secure {
		server.StartTLS()
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AddCert(server.Certificate())
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	config.BaseURL = server.URL
	var err error
	if c.client, err = hostlantern.New(config); err != nil {
		t.Fatal(err)
	}
	return c
}

// counting counts the connections that are made under a context.
func (c *counter) counting(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{ConnectDone: func(_, _ string, err error) {
		if err == nil {
			c.dialed.Add(1)
		}
	}})
}

// requests counts what reached the server, once nothing more can.
func (c *counter) requests() int {
	c.client.Close()
	for range c.dialed.Load() {
		<-c.closed
	}
	return int(c.heard.Load())
}

// frozen is a context whose time is over before its timer notices, as after the
// pause of a process or a machine.
type frozen struct {
	context.Context
	thawed atomic.Bool
}

func (f *frozen) Deadline() (time.Time, bool) {
	if f.thawed.Load() {
		return time.Now().Add(-time.Second), true
	}
	return time.Now().Add(time.Minute), true // sooner than the client's own
}

// stops are the places between getting a connection and writing to it.
func stops(stop func()) map[string]*httptrace.ClientTrace {
	return map[string]*httptrace.ClientTrace{
		"with the connection in hand": {GotConn: func(httptrace.GotConnInfo) { stop() }},
		"within the headers":          {WroteHeaderField: func(string, []string) { stop() }},
		"after the headers":           {WroteHeaders: stop},
		"before the buffer is sent":   {WroteRequest: func(httptrace.WroteRequestInfo) { stop() }},
	}
}

// late buys with a context that ends at one of the stops.
func (c *counter) late(t *testing.T, place, how string) error {
	t.Helper()
	var ctx context.Context
	var stop func()
	switch how {
	case "a deadline that the timer noticed":
		limited, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		ctx, stop = limited, func() { <-limited.Done() }
	case "a deadline that no timer noticed":
		paused := &frozen{Context: t.Context()}
		ctx, stop = paused, func() { paused.thawed.Store(true) }
	case "a cancellation":
		cancelled, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx, stop = cancelled, cancel
	}
	ctx = httptrace.WithClientTrace(c.counting(ctx), stops(stop)[place])
	_, err := c.client.Create(ctx, hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
	return err
}

// TestNothingIsBoughtWhenTheTimeIsOver stops the client, as a stopped process is,
// until nobody waits for the purchase any more.
func TestNothingIsBoughtWhenTheTimeIsOver(t *testing.T) {
	t.Parallel()
	for place := range stops(nil) {
		for _, how := range []string{"a deadline that the timer noticed", "a deadline that no timer noticed", "a cancellation"} {
			for _, secure := range []bool{false, true} {
				for _, reused := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s, %s, TLS %t, reused %t", place, how, secure, reused), func(t *testing.T) {
						t.Parallel()
						c, before := newCounter(t, secure), 0
						if reused {
							before = 1
							if _, err := c.client.GetBalances(c.counting(t.Context())); err != nil {
								t.Fatal(err)
							}
						}
						if failed := providerError(t, c.late(t, place, how)); failed.Outcome != provisioning.NotExecuted {
							t.Errorf("got %v", failed)
						}
						if got := c.requests() - before; got != 0 {
							t.Errorf("the server saw %d requests", got)
						}
					})
				}
			}
		}
	}
}
