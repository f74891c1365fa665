// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

var errLost = errors.New("connection lost")

// failure is what goes wrong in a step.
type failure struct {
	applied bool // it was done, and only the answer is lost
	lasting bool // nothing more gets through afterwards
}

func (f failure) String() string {
	text := "not done"
	if f.applied {
		text = "done, answer lost"
	}
	if f.lasting {
		text += ", then dead"
	}
	return text
}

// flaky is a store of which one durable step fails.
type flaky struct {
	provisioning.Store
	mu      sync.Mutex
	armed   bool
	at      int // the step that fails, from 0
	failure failure
	passed  []string // the steps so far
	dead    bool
	tripped chan struct{}
}

// arm makes a step fail; -1 for none, to learn which there are.
func (f *flaky) arm(at int, how failure) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.at, f.failure, f.passed, f.tripped = true, at, how, nil, make(chan struct{})
}

// disarm heals the store and gives the steps that it went through.
func (f *flaky) disarm() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.armed, f.dead = false, false
	return f.passed
}

// meets tells whether a step fails, and how.
func (f *flaky) meets(step string) (how failure, fails bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return failure{}, false, errLost
	}
	if !f.armed {
		return failure{}, false, nil
	}
	f.passed = append(f.passed, step)
	return f.failure, len(f.passed)-1 == f.at, nil
}

func (f *flaky) trip() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = f.failure.lasting
	close(f.tripped)
	return errLost
}

// step carries out a durable step, or fails.
func (f *flaky) step(name string, do func() error) error {
	how, fails, err := f.meets(name)
	if err != nil {
		return err
	}
	if !fails {
		return do()
	}
	if how.applied {
		if err := do(); err != nil {
			return err
		}
	}
	return f.trip()
}

func (f *flaky) isDead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.dead
}

func (f *flaky) Write(ctx context.Context, change provisioning.Change) error {
	name := "write"
	if change.Operation != nil {
		name += " " + string(change.Operation.State)
	}
	how, fails, err := f.meets(name)
	if err != nil {
		return err
	}
	if !fails {
		return f.Store.Write(ctx, change)
	}
	if how.applied { // which whoever wrote must not learn from the versions
		after := change.After.Clone()
		change.After = &after
		if change.Operation != nil {
			operation := *change.Operation
			change.Operation = &operation
		}
		if err := f.Store.Write(ctx, change); err != nil {
			return err
		}
	}
	return f.trip()
}

func (f *flaky) TakeLane(ctx context.Context, account, holder string, lasting time.Duration) (lane provisioning.Lane, err error) {
	failed := f.step("take lane", func() error {
		lane, err = f.Store.TakeLane(ctx, account, holder, lasting)
		return err
	})
	if failed != nil {
		return provisioning.Lane{}, failed
	}
	return lane, nil
}

func (f *flaky) LeaveLane(ctx context.Context, lane provisioning.Lane) error {
	return f.step("leave lane", func() error { return f.Store.LeaveLane(ctx, lane) })
}

func (f *flaky) Service(ctx context.Context, panel, serviceID string) (provisioning.Service, error) {
	if f.isDead() {
		return provisioning.Service{}, errLost
	}
	return f.Store.Service(ctx, panel, serviceID)
}

func (f *flaky) Operation(ctx context.Context, id string) (provisioning.Operation, error) {
	if f.isDead() {
		return provisioning.Operation{}, errLost
	}
	return f.Store.Operation(ctx, id)
}

func (f *flaky) Operations(ctx context.Context, query provisioning.OperationQuery) ([]provisioning.Operation, error) {
	if f.isDead() {
		return nil, errLost
	}
	return f.Store.Operations(ctx, query)
}
