// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Exchange is one request to a provider and what came back, as the journal keeps
// it: without credentials, and bounded.
type Exchange struct {
	Command string        `json:"command"` // the provider's name of the call
	SentAt  time.Time     `json:"sent_at"`
	Took    time.Duration `json:"took_ns"`
	Request string        `json:"request"`
	Answer  string        `json:"answer"`            // "" if none came
	Problem string        `json:"problem,omitempty"` // why it is no usable answer
}

type exchangeKey struct{}

// WithExchanges has every call that a Provider makes under the returned context
// told to a function, which must be safe for concurrent use.
func WithExchanges(ctx context.Context, note func(Exchange)) context.Context {
	return context.WithValue(ctx, exchangeKey{}, note)
}

// ExchangesNoted tells whether anybody wants to know what is exchanged, so that no
// record has to be made for nobody.
func ExchangesNoted(ctx context.Context) bool {
	_, noted := ctx.Value(exchangeKey{}).(func(Exchange))
	return noted
}

// NoteExchange tells whoever wants to know, see WithExchanges. A Provider calls it
// for each request that it makes, after its end, with credentials taken out.
func NoteExchange(ctx context.Context, exchange Exchange) {
	if note, ok := ctx.Value(exchangeKey{}).(func(Exchange)); ok {
		note(exchange)
	}
}

// recorder gathers the exchanges of one call. Those that end after it was taken
// from are lost.
type recorder struct {
	mu        sync.Mutex
	exchanges []Exchange
}

func (r *recorder) note(exchange Exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, exchange)
}

func (r *recorder) taken() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.exchanges)
}
