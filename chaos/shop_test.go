// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// busyServices is how many services are worked on at a time.
	busyServices = 30
	clerks       = 14
)

// shop is the panel with all that it sells. Its clerks work side by side.
type shop struct {
	panel    *panel
	provider *provider
	accounts []string
	seed     uint64
	most     int // services
	key      *ecdsa.PrivateKey
	gate     *gate

	mu       sync.Mutex
	chance   *rand.Rand
	services []*service
}

func newShop(p *panel, provider *provider, accounts []string, seed uint64, most int) (*shop, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	return &shop{
		panel: p, provider: provider, accounts: accounts, seed: seed, most: most, key: key, gate: newGate(),
		chance: rand.New(rand.NewPCG(seed, 2)),
	}, err
}

// all gives the services sold so far.
func (s *shop) all() []*service {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*service(nil), s.services...)
}

// sell begins with one more service.
func (s *shop) sell() *service {
	number := len(s.services) + 1
	one := &service{
		id: fmt.Sprintf("s%d", number), name: fmt.Sprintf("s%d.example.com", number),
		account: s.accounts[s.chance.IntN(len(s.accounts))], product: "positivessl", key: s.key, entitled: rights{},
	}
	if s.chance.IntN(3) == 0 {
		one.product, one.multi, one.first = "positivessl-multi-domain", true, s.chance.IntN(2)
	}
	one.csr = newCSR(s.key, one.name)
	one.script(s.chance)
	s.services = append(s.services, one)
	return one
}

// take gives a service that has something to be done, locked; nil if there is none
// at the moment.
func (s *shop) take() *service {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.provider.Now()
	var free []*service
	busy := 0
	for _, one := range s.services {
		if !one.mu.TryLock() {
			busy++
			continue
		}
		if !one.settled(now) {
			busy++
			free = append(free, one)
		}
		one.mu.Unlock()
	}
	if busy < busyServices && len(s.services) < s.most {
		free = append(free, s.sell())
	}
	if len(free) == 0 {
		return nil
	}
	// Whoever locks a service holds the shop, or has had it from here.
	one := free[s.chance.IntN(len(free))]
	one.mu.Lock()
	return one
}

// open has the clerks work, carelessly, until ctx ends.
func (s *shop) open(ctx context.Context) (closed func()) {
	var working sync.WaitGroup
	for number := range clerks {
		chance := rand.New(rand.NewPCG(s.seed, uint64(100+number)))
		working.Go(func() {
			for s.gate.pass(ctx) {
				one := s.take()
				if one == nil {
					pause(ctx, 10*time.Millisecond)
					continue
				}
				progress := one.touch(ctx, s.panel, s.provider, chance, func(invoice string) manner { return careless(chance, invoice) })
				one.mu.Unlock()
				if !progress {
					pause(ctx, 3*time.Millisecond)
				}
			}
		})
	}
	return working.Wait
}

// tidy has the clerks work carefully on each service, until it is settled or has to
// wait for something.
func (s *shop) tidy(ctx context.Context) {
	s.each(func(one *service, chance *rand.Rand) {
		for range 20 {
			if !one.touch(ctx, s.panel, s.provider, chance, func(string) manner { return careful }) {
				return
			}
			if one.look(ctx, s.panel, s.provider, chance) && one.seen.Operation != nil {
				return
			}
		}
	})
}

// insist has every panel repeat its last wish once more.
func (s *shop) insist(ctx context.Context) {
	s.each(func(one *service, chance *rand.Rand) {
		w := one.last()
		if w == nil {
			return
		}
		got, err := s.panel.say(ctx, chance, *w.asked, careful)
		one.heard(s.provider.Now(), &wish{name: w.name + ", once more"}, got, err)
	})
}

// each does something with each service, several at a time.
func (s *shop) each(do func(one *service, chance *rand.Rand)) {
	queue := make(chan *service)
	var working sync.WaitGroup
	for number := range 4 {
		chance := rand.New(rand.NewPCG(s.seed, uint64(200+number)))
		working.Go(func() {
			for one := range queue {
				one.mu.Lock()
				do(one, chance)
				one.mu.Unlock()
			}
		})
	}
	for _, one := range s.all() {
		queue <- one
	}
	close(queue)
	working.Wait()
}

// restless lists the services that are not settled.
func (s *shop) restless() []*service {
	var list []*service
	for _, one := range s.all() {
		one.mu.Lock()
		if !one.settled(s.provider.Now()) {
			list = append(list, one)
		}
		one.mu.Unlock()
	}
	return list
}

// gate lets the clerks work while workers are alive.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while the gate is open
}

func newGate() *gate { return &gate{open: make(chan struct{})} }

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-g.open:
		if !open {
			g.open = make(chan struct{})
		}
	default:
		if open {
			close(g.open)
		}
	}
}

// pass waits for the gate; false when ctx has ended.
func (g *gate) pass(ctx context.Context) bool {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-ctx.Done():
		return false
	case <-open:
		return ctx.Err() == nil
	}
}

// pause lets others work.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
