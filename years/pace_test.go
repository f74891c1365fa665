// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// pace moves the simulated clock for those who wait for it. It moves only while no
// call is between its budget and the provider: a call takes no simulated time.
type pace struct {
	advance func(time.Duration)
	mu      sync.Mutex
	quiet   *sync.Cond
	busy    int // calls that were counted and have not been answered
}

func newPace(advance func(time.Duration)) *pace {
	p := &pace{advance: advance}
	p.quiet = sync.NewCond(&p.mu)
	return p
}

// wait lets so much simulated time pass.
func (p *pace) wait(ctx context.Context, lasting time.Duration) error {
	if mine, _ := ctx.Value(countedKey{}).(*counted); mine != nil {
		mine.end() // what it saved was that it waits
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy > 0 {
		p.quiet.Wait()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	p.advance(lasting)
	return nil
}

func (p *pace) add(calls int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy = max(0, p.busy+calls); p.busy == 0 {
		p.quiet.Broadcast()
	}
}

// arrived is called when the provider has answered a call.
func (p *pace) arrived() { p.add(-1) }

// pacedStore notes that a call is counted before it is.
type pacedStore struct {
	provisioning.BudgetStore
	pace *pace
}

func (s pacedStore) SaveBudget(ctx context.Context, account string, state []byte, version int64) error {
	mine, _ := ctx.Value(countedKey{}).(*counted)
	if mine == nil {
		return s.BudgetStore.SaveBudget(ctx, account, state, version)
	}
	mine.begin()
	err := s.BudgetStore.SaveBudget(ctx, account, state, version)
	if err != nil {
		mine.end()
	}
	return err
}

// counted is a call at its budget.
type counted struct {
	pace *pace
	busy bool
}

type countedKey struct{}

func (c *counted) begin() {
	if !c.busy {
		c.busy = true
		c.pace.add(1)
	}
}

func (c *counted) end() {
	if c.busy {
		c.busy = false
		c.pace.add(-1)
	}
}

// pacedGate is a budget whose calls have arrived before the clock moves on.
type pacedGate struct {
	hostlantern.Gate
	pace *pace
}

func (g pacedGate) Enter(ctx context.Context) error {
	mine := &counted{pace: g.pace}
	err := g.Gate.Enter(context.WithValue(ctx, countedKey{}, mine))
	if err != nil {
		mine.end()
		return err
	}
	mine.begin() // that it has ended the provider's server tells
	return nil
}

// memory is a BudgetStore that ends with the test. What a budget needs of a database
// other tests show; here it would be most of the time.
type memory struct {
	now func() time.Time
	mu  sync.Mutex
	row provisioning.BudgetRow
}

func (m *memory) Budget(context.Context, string) (provisioning.BudgetRow, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	row := m.row
	row.Now = m.now()
	return row, nil
}

func (m *memory) SaveBudget(_ context.Context, _ string, state []byte, version int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.row.Version != version {
		return provisioning.ErrStale
	}
	m.row = provisioning.BudgetRow{State: bytes.Clone(state), Version: version + 1}
	return nil
}
