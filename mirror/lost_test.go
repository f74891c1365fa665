// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// cutter stands between a store and its server. When it is told to, it passes
// the next COMMIT on, waits for the server's answer and swallows it with the
// connection.
type cutter struct {
	listener net.Listener
	server   string
	armed    atomic.Bool
	fired    atomic.Bool
	all      sync.WaitGroup
}

func newCutter(t *testing.T, network, server string) *cutter {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: listener, server: server}
	c.all.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial(network, server)
			if err != nil {
				client.Close()
				continue
			}
			c.all.Go(func() { c.connect(client, upstream) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		c.all.Wait()
	})
	return c
}

func (c *cutter) connect(client, server net.Conn) {
	defer client.Close()
	defer server.Close()
	var swallow atomic.Bool
	c.all.Go(func() {
		defer client.Close()
		answer := make([]byte, 64<<10)
		for {
			n, err := server.Read(answer)
			if err != nil || swallow.Load() {
				return
			}
			if _, err := client.Write(answer[:n]); err != nil {
				return
			}
		}
	})
	request := make([]byte, 64<<10)
	for {
		n, err := client.Read(request)
		if err != nil {
			return
		}
		if bytes.HasSuffix(request[:n], []byte("\x03COMMIT")) && c.armed.CompareAndSwap(true, false) {
			swallow.Store(true)
			c.fired.Store(true)
		}
		if _, err := server.Write(request[:n]); err != nil {
			return
		}
		if swallow.Load() {
			_, _ = io.Copy(io.Discard, client) // until the other side hangs up
			return
		}
	}
}

// A write whose answer is lost has happened. It is not made again, the caller is
// told that nothing is certain, and finds it when it looks.
func TestAWriteWhoseAnswerIsLostCanBeReadBack(t *testing.T) {
	t.Parallel()
	config, err := mysql.ParseDSN(mirrortest.Address(t, mirror.MySQL))
	if err != nil {
		t.Fatal(err)
	}
	between := newCutter(t, config.Net, config.Addr)
	config.Net, config.Addr = "tcp", between.listener.Addr().String()
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: config.FormatDSN()})

	created, operation := newService("1"), newOperation("op")
	between.armed.Store(true)
	err = store.Write(t.Context(), provisioning.Change{
		After: &created, Operation: operation, Events: []provisioning.Event{{Kind: "service.created"}},
	})
	if !between.fired.Load() {
		t.Fatal("the connection was not cut")
	}
	if err == nil {
		t.Fatal("a write without an answer was told as a success")
	}
	for _, certain := range []error{provisioning.ErrExists, provisioning.ErrStale, provisioning.ErrBusy, provisioning.ErrNotFound, provisioning.ErrLaneLost} {
		if errors.Is(err, certain) {
			t.Errorf("told as certain: %v", err)
		}
	}
	if created.ID != 0 || created.Version != 0 || operation.Version != 0 {
		t.Errorf("keys were told: %+v", created)
	}
	stored, err := store.Service(t.Context(), "p", "1")
	if err != nil {
		t.Fatal(err)
	}
	if stored.Operation == nil || stored.Operation.ID != "op" {
		t.Errorf("stored with operation %+v", stored.Operation)
	}
	events, err := store.Events(t.Context(), "p", "1", 0, 10)
	if err != nil || len(events) != 1 {
		t.Errorf("events %+v, %v; want one", events, err)
	}
}

func TestReadinessFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		if err := store.Ping(t.Context()); err != nil {
			t.Error(err)
		}
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
		if err := store.Ping(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "database: ") {
			t.Errorf("ready without a database: %v", err)
		}
	})
}
