// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
)

const (
	// groupMost bounds the writes of one transaction, so that none waits long for
	// the others.
	groupMost = 32
	// groupTimeout bounds a transaction of several writes. It follows nobody's
	// context: one caller that hangs up must not undo what the others asked for.
	groupTimeout = 10 * time.Second
)

// group gathers the writes that wait at the same moment into one transaction.
// They share its commit, which is what a write waits for most, and their new rows
// share one INSERT per table. Whoever finds no transaction under way leads one at
// once: a write that is alone waits for nobody.
type group struct {
	leaders int // transactions at a time
	mu      sync.Mutex
	leading int
	waiting []*entry
}

// entry is a write that waits.
type entry struct {
	plan *plan
	err  error
	turn chan bool // true: lead the next transaction; false: err is set
}

// write has a plan carried out by commit, together with others or alone, and
// tells what became of it.
func (g *group) write(ctx context.Context, p *plan, commit func(context.Context, []*entry)) error {
	e := &entry{plan: p, turn: make(chan bool, 1)}
	if !g.lead(e) {
		select {
		case lead := <-e.turn:
			if !lead {
				return e.err
			}
		case <-ctx.Done():
			if g.leave(e) {
				return ctx.Err() // nothing was written
			}
			if lead := <-e.turn; !lead {
				return e.err
			}
			g.passOn()
			return ctx.Err()
		}
	}
	g.carryOut(ctx, g.gather(e), commit)
	return e.err
}

// errCutOff is what a write is told whose transaction panicked. Nobody knows
// whether it was made.
var errCutOff = errors.New("the transaction was cut off by a panic; what it wrote is in doubt")

// carryOut commits a batch and tells everybody in it. A panic goes on where it
// began, in the leader's goroutine; the others are not left waiting for it.
func (g *group) carryOut(ctx context.Context, batch []*entry, commit func(context.Context, []*entry)) {
	returned := false
	defer func() {
		for i, e := range batch {
			if !returned {
				e.err = errCutOff
			}
			if i > 0 {
				e.turn <- false
			}
		}
		g.passOn()
	}()
	commit(ctx, batch)
	returned = true
}

// lead begins a transaction, or queues up and answers false.
func (g *group) lead(e *entry) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leading == g.leaders {
		g.waiting = append(g.waiting, e)
		return false
	}
	g.leading++
	return true
}

// leave gives up waiting; false means that it is too late, and a turn comes.
func (g *group) leave(e *entry) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.Index(g.waiting, e)
	if i < 0 {
		return false
	}
	g.waiting = slices.Delete(g.waiting, i, i+1)
	return true
}

// gather takes those who wait into the leader's transaction.
func (g *group) gather(leader *entry) []*entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	most := min(len(g.waiting), groupMost-1)
	batch := append([]*entry{leader}, g.waiting[:most]...)
	g.waiting = slices.Delete(g.waiting, 0, most)
	return batch
}

// passOn ends a transaction: the next one who waits leads one.
func (g *group) passOn() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.waiting) == 0 {
		g.leading--
		return
	}
	next := g.waiting[0]
	g.waiting = slices.Delete(g.waiting, 0, 1)
	next.turn <- true
}

// commit carries out a batch. Writes that fail together are tried one by one, so
// that each has its own answer, unless the commit's answer was lost: then all of
// them are in doubt.
func (m *Mirror) commit(ctx context.Context, batch []*entry) {
	if len(batch) == 1 {
		batch[0].err = m.writePlans(ctx, batch[0].plan)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), groupTimeout)
	defer cancel()
	plans := make([]*plan, len(batch))
	for i, e := range batch {
		plans[i] = e.plan
	}
	undone := false
	err := m.transact(ctx, func(tx *gorm.DB) error {
		err := m.runPlans(tx, plans)
		undone = err != nil
		return err
	})
	for _, e := range batch {
		e.err = err
		if undone {
			e.err = m.writePlans(ctx, e.plan)
		}
	}
}

// writePlans carries out plans in one transaction, which a single statement is by
// itself.
func (m *Mirror) writePlans(ctx context.Context, plans ...*plan) error {
	begin := m.transact
	if len(plans) == 1 && plans[0].statements() == 1 {
		begin = m.persist
	}
	return begin(ctx, func(tx *gorm.DB) error { return m.runPlans(tx, plans) })
}

// runPlans makes the statements of plans. After the lanes the services come first:
// their rows are what two writers of one service meet at.
func (m *Mirror) runPlans(tx *gorm.DB, plans []*plan) error {
	var all rows
	for _, p := range plans {
		// Not the injected clock: keys have to differ even where time stands still.
		p.takeKeys(&m.keys, time.Now())
		all.collect(p)
	}
	if err := m.keepLanes(tx, plans); err != nil {
		return err
	}
	if err := insert(tx, all.services); err != nil {
		return err
	}
	for _, p := range plans {
		if err := p.update(tx); err != nil {
			return err
		}
	}
	if err := insert(tx, all.orders); err != nil {
		return err
	}
	if err := insert(tx, all.certificates); err != nil {
		return err
	}
	if err := all.insertOperations(tx); err != nil {
		return err
	}
	if err := insert(tx, all.events); err != nil {
		return err
	}
	return insert(tx, all.changes)
}

// rows are the new rows of several plans, table by table.
type rows struct {
	services     []serviceRow
	orders       []orderRow
	certificates []certificateRow
	operations   []operationRow
	events       []eventRow
	changes      []changeRow
}

func (r *rows) collect(p *plan) {
	if p.insert {
		r.services = append(r.services, p.service)
	}
	r.orders = append(r.orders, p.orders.added...)
	r.certificates = append(r.certificates, p.certificates.added...)
	if p.operation != nil && p.operation.Version == 1 {
		r.operations = append(r.operations, *p.operation)
	}
	r.events = append(r.events, p.events...)
	r.changes = append(r.changes, p.changes...)
}

// insert makes all new rows of a table in one statement.
func insert[R any](tx *gorm.DB, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	return taken(tx.Create(&rows).Error)
}
