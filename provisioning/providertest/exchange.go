// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/certbridge/certbridge/provisioning"
)

// mostKept is what one exchange may hold, in bytes: the journal keeps them all.
const mostKept = 16 << 10

// record collects what was exchanged.
type record struct {
	mu        sync.Mutex
	exchanges []provisioning.Exchange
}

func (r *record) listen(ctx context.Context) context.Context {
	return provisioning.WithExchanges(ctx, func(exchange provisioning.Exchange) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.exchanges = append(r.exchanges, exchange)
	})
}

// noted insists on at least one exchange, and on what is true of every one.
func (s *suite) noted(r *record) []provisioning.Exchange {
	s.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.exchanges) == 0 {
		s.t.Fatal("nothing was noted")
	}
	for _, one := range r.exchanges {
		if one.Command == "" || one.SentAt.IsZero() || one.Took < 0 || one.Request == "" {
			s.t.Errorf("the exchange is incomplete: %+v", one)
		}
		text := one.Command + one.Request + one.Answer + one.Problem
		if len(text) > mostKept || !utf8.ValidString(text) {
			s.t.Errorf("%s: %d bytes are kept, valid: %t", one.Command, len(text), utf8.ValidString(text))
		}
		for _, secret := range s.Secrets {
			if strings.Contains(text, secret) {
				s.t.Errorf("%s: the exchange holds a secret", one.Command)
			}
		}
	}
	return r.exchanges
}

func exchanges(s *suite) {
	if len(s.Secrets) == 0 {
		s.t.Fatal("the harness does not tell the secrets")
	}
	var r record
	s.must(s.tryToBuy(r.listen(s.ctx)))
	for _, one := range s.noted(&r) {
		if one.Answer == "" || one.Problem != "" {
			s.t.Errorf("after a success the exchange is %+v", one)
		}
	}
}

func lostExchange(s *suite) {
	for _, lose := range []func(){s.LoseNextAnswer, s.CutNextAnswer, s.GarbleNextAnswer} {
		lose()
		var r record
		s.uncertain(s.tryToBuy(r.listen(s.ctx)))
		noted := s.noted(&r)
		if last := noted[len(noted)-1]; last.Problem == "" {
			s.t.Errorf("the exchange has no problem: %+v", last)
		}
	}
}
