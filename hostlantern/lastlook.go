// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// lastLook looks at the clock once more when a request is about to be written. A
// process can be stopped for minutes between getting a connection and writing to
// it (SIGSTOP, a frozen virtual machine); net/http would then write first and
// notice afterwards that the time is over, and whoever was waiting has long
// concluded that nothing was bought.
//
// The look is taken where the connection is written to, below TLS, because that is
// the last place before the wire. Around the body it would come too early: for a
// body that is none of the standard library's readers in memory, the transport
// sends the headers ahead and alone (transferWriter.FlushHeaders).
type lastLook struct {
	ctx     context.Context
	headers atomic.Bool // the headers were written, perhaps to the transport's buffer only
	conn    atomic.Pointer[watchedConn]
	began   atomic.Bool // a part of the request was handed to the operating system
}

// trace ties the look to the connection that the transport chooses. A transport
// of tests may have other connections; then there is nothing to tie it to.
func (l *lastLook) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) {
			if conn := watched(got.Conn); conn != nil {
				l.conn.Store(conn)
				conn.look.Store(l)
			}
		},
		WroteHeaders: func() { l.headers.Store(true) },
		// From here on the deadline is the reader's; TLS may still have to write.
		GotFirstResponseByte: func() {
			if conn := l.conn.Load(); conn != nil {
				conn.look.Store(nil)
			}
		},
	}
}

// nothingSent tells, after RoundTrip failed, that the server has seen nothing of
// the request and never will: no byte passed the look, or the headers were not
// complete, which (being less than the write buffer of 4 kB) never leave that
// buffer before.
func (l *lastLook) nothingSent() bool {
	return !l.headers.Load() || l.conn.Load() != nil && !l.began.Load()
}

// pass lets a write through unless the time is over. A request that has begun is
// stopped as well: what is incomplete is not executed.
func (l *lastLook) pass() error {
	if err := l.ctx.Err(); err != nil {
		return err
	}
	if deadline, limited := l.ctx.Deadline(); limited && over(deadline, time.Now()) {
		return context.DeadlineExceeded
	}
	l.began.Store(true)
	return nil
}

// over compares by both clocks that a time.Time holds. The monotonic one can stand
// still while a machine is frozen, and the timer of a context with it.
func over(deadline, now time.Time) bool {
	return !now.Before(deadline) || !now.Round(0).Before(deadline.Round(0))
}

// watchedConn takes the look before each write.
type watchedConn struct {
	net.Conn
	look atomic.Pointer[lastLook] // of the request under way
}

func (w *watchedConn) Write(p []byte) (int, error) {
	if look := w.look.Load(); look != nil {
		if err := look.pass(); err != nil {
			return 0, err
		}
	}
	return w.Conn.Write(p)
}

// watched finds the connection below TLS, of which a proxy may add a layer.
func watched(conn net.Conn) *watchedConn {
	for {
		switch layer := conn.(type) {
		case *watchedConn:
			return layer
		case *tls.Conn:
			conn = layer.NetConn()
		default:
			return nil
		}
	}
}

func watchedDial(dialer *net.Dialer) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &watchedConn{Conn: conn}, nil
	}
}
