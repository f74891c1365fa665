// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
)

// gathering is a group whose first transaction waits until it is let go.
type gathering struct {
	group   group
	batches [][]*entry
	hold    chan struct{}
}

func newGathering() *gathering {
	return &gathering{group: group{leaders: 1}, hold: make(chan struct{})}
}

func (g *gathering) commit(_ context.Context, batch []*entry) {
	if g.batches = append(g.batches, batch); len(g.batches) == 1 {
		<-g.hold
	}
}

func (g *gathering) write(ctx context.Context) error {
	return g.group.write(ctx, &plan{}, g.commit)
}

func TestWritesThatWaitShareATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		var all sync.WaitGroup
		for range 1 + groupMost + 5 {
			all.Go(func() {
				if err := g.write(t.Context()); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(g.hold)
		all.Wait()
		var sizes []int
		for _, batch := range g.batches {
			sizes = append(sizes, len(batch))
		}
		if len(sizes) != 3 || sizes[0] != 1 || sizes[1] != groupMost || sizes[2] != 5 {
			t.Errorf("the transactions hold %v writes", sizes)
		}
		if g.group.leading != 0 || len(g.group.waiting) != 0 {
			t.Errorf("afterwards %d lead and %d wait", g.group.leading, len(g.group.waiting))
		}
	})
}

func TestAWriteThatGivesUpWaitingIsNotMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		impatient, giveUp := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { _ = g.write(t.Context()) })
		synctest.Wait()
		all.Go(func() {
			if err := g.write(impatient); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		all.Go(func() {
			if err := g.write(t.Context()); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		giveUp()
		synctest.Wait()
		close(g.hold)
		all.Wait()
		if len(g.batches) != 2 || len(g.batches[1]) != 1 {
			t.Errorf("%d transactions, want the first and that of the one who waited", len(g.batches))
		}
	})
}

// A mistake of ours ends with the one who made it.
func TestAPanicLeavesNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGathering()
		held := g.commit
		commit := func(ctx context.Context, batch []*entry) {
			held(ctx, batch)
			if len(g.batches) == 2 {
				panic("a mistake")
			}
		}
		var all sync.WaitGroup
		caught, told := make([]any, 4), make([]error, 4)
		for i := range told {
			all.Go(func() {
				defer func() { caught[i] = recover() }()
				told[i] = g.group.write(t.Context(), &plan{}, commit)
			})
			synctest.Wait()
		}
		close(g.hold)
		all.Wait()
		if caught[0] != nil || caught[1] != "a mistake" || caught[2] != nil || caught[3] != nil {
			t.Errorf("the panic arrived at %v", caught)
		}
		if told[0] != nil || !errors.Is(told[2], errCutOff) || !errors.Is(told[3], errCutOff) {
			t.Errorf("they are told %v", told)
		}
		if g.group.leading != 0 || len(g.group.waiting) != 0 {
			t.Errorf("afterwards %d lead and %d wait", g.group.leading, len(g.group.waiting))
		}
		if err := g.group.write(t.Context(), &plan{}, commit); err != nil {
			t.Errorf("the next write: %v", err)
		}
	})
}

// Whoever is told to lead and gives up at the same moment must not take the lead
// with it.
func TestTheLeadIsNeverLost(t *testing.T) {
	t.Parallel()
	for round := range 300 {
		g := &group{leaders: 1 + round%3}
		commit := func(context.Context, []*entry) {}
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				with := t.Context()
				if i%2 == 0 { // those who may give up
					with = ctx
				}
				if err := g.write(with, &plan{}, commit); err != nil && i%2 == 1 {
					t.Error(err)
				}
			})
		}
		cancel()
		all.Wait()
		if g.leading != 0 || len(g.waiting) != 0 {
			t.Fatalf("%d lead and %d wait", g.leading, len(g.waiting))
		}
	}
}
