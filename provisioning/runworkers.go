// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// A run is worked on like the purchase lane: whoever finds a part of a running run
// takes the lease on its account, goes on where the part stands, and notes how far
// it came. A replica that died is taken over by doing just the same.

const (
	// runLease is how long whoever works on a part is believed to be alive without a
	// sign of it, and runSign how often it gives one.
	runLease, runSign = time.Minute, 5 * time.Second
	// openRuns is how many runs are looked at; there is one of each kind.
	openRuns = 10
	// nobodysRun is after how long a part is given up whose account this replica does
	// not know: until then another replica may.
	nobodysRun = time.Hour
	// followRun is how often a run is looked at that somebody else works on.
	followRun = 500 * time.Millisecond
)

// leaseOfRun is the name of the lease on an account's part of runs. No account's
// name holds a colon.
func leaseOfRun(account string) string { return "synchronization:" + account }

// runWorkers are the goroutines that work on parts of runs, at most one an account.
type runWorkers struct {
	mu      sync.Mutex
	working map[string]*runWorker
	looked  time.Time // when somebody looked whether the daily run is due
}

type runWorker struct {
	run   string
	ended chan struct{}
	idle  bool // somebody else works on it; set before ended is closed
}

// takeUpRun works on the parts of a run that are this replica's to work on and
// that nobody else works on, and gives their workers.
func (b *Bridge) takeUpRun(run Synchronization) (workers []*runWorker) {
	over := true
	for _, part := range run.Parts {
		if part.State != SynchronizationRunning {
			continue
		}
		over = false
		if _, configured := b.accounts[part.Account]; configured || b.now().Sub(run.StartedAt) > nobodysRun {
			workers = append(workers, b.takeUpPart(run.ID, part.Account))
		}
	}
	if over && run.State == SynchronizationRunning {
		b.finishRun(run.ID)
	}
	return workers
}

// takeUpPart has a part worked on, unless this process works on one of the account.
func (b *Bridge) takeUpPart(run, account string) *runWorker {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	if working := b.runs.working[account]; working != nil {
		return working
	}
	w := &runWorker{run: run, ended: make(chan struct{})}
	if b.isClosing() {
		w.idle = true
		close(w.ended)
		return w
	}
	b.runs.working[account] = w
	b.running.Go(func() {
		defer b.runs.end(account, w)
		defer b.survive("synchronization of " + account)
		w.idle = !b.workOnPart(run, account)
	})
	return w
}

func (ws *runWorkers) end(account string, w *runWorker) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.working, account)
	close(w.ended)
}

// workOnPart takes the lease on a part and goes on with it. It tells whether the
// lease was to be had, and the work got on.
func (b *Bridge) workOnPart(id, account string) bool {
	ctx, cancel := b.whileOpen()
	defer cancel()
	lane, err := b.store.TakeLane(ctx, leaseOfRun(account), b.holder, runLease)
	if err != nil {
		if !errors.Is(err, ErrBusy) && ctx.Err() == nil {
			b.log.Warn("a synchronization could not be taken up", "account", account, "error", err)
		}
		return false
	}
	defer b.leaveLane(lane)
	b.reached("run taken")
	if err := b.goOnWithPart(ctx, lane, id, account); err != nil && ctx.Err() == nil {
		b.log.Warn("a synchronization was left; it goes on with the next round", "account", account, "run", id, "error", err)
		return false // whoever follows it does not come back at once
	}
	return true
}

// goOnWithPart reads how far a part is, under its lease, and does the rest.
func (b *Bridge) goOnWithPart(ctx context.Context, lane Lane, id, account string) error {
	run, err := b.store.Run(ctx, id)
	if err != nil {
		return err
	}
	part := run.Part(account)
	if part == nil || part.State != SynchronizationRunning {
		b.finishRun(id)
		return nil
	}
	if err := b.newPartWork(run, *part, lane).do(ctx); err != nil {
		return err
	}
	b.finishRun(id)
	return nil
}

// finishRun ends a run whose parts are over. What does not get through is done by
// the next round.
func (b *Bridge) finishRun(id string) {
	ctx, cancel := b.storing()
	defer cancel()
	if err := b.store.FinishRun(ctx, id, b.instant()); err != nil {
		b.log.Warn("a synchronization could not be ended", "run", id, "error", err)
	}
}

// TendSynchronizations takes up runs that nobody works on, and starts the daily one
// when it is due. It does not wait for them.
//
// Codes: store_unavailable.
func (b *Bridge) TendSynchronizations(ctx context.Context) error {
	running, err := b.store.Runs(ctx, RunQuery{State: SynchronizationRunning, Limit: openRuns})
	if err != nil {
		return storeUnavailable(err)
	}
	b.takeUpInTurn(running)
	return b.startDaily(ctx)
}

// takeUpInTurn takes up runs, real ones before dry ones and older ones first: they
// share the accounts, and whoever asks for dry runs must not keep the real one from
// its work.
func (b *Bridge) takeUpInTurn(running []Synchronization) {
	slices.SortFunc(running, func(a, b Synchronization) int {
		if a.DryRun != b.DryRun {
			if b.DryRun {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
	for _, run := range running {
		b.takeUpRun(run)
	}
}

// FollowSynchronization waits for the end of a run, and works on what nobody else
// works on. progress, unless nil, is told how far it is now and then. When ctx ends
// first the run goes on; what this process works on, until Close.
//
// Codes: synchronization_not_found, store_unavailable.
func (b *Bridge) FollowSynchronization(ctx context.Context, id string, progress func(Synchronization)) (Synchronization, error) {
	for {
		run, err := b.Synchronization(ctx, id)
		if err != nil {
			return run, err
		}
		if progress != nil {
			progress(run)
		}
		if run.State != SynchronizationRunning {
			return run, nil
		}
		if err := awaitWorkers(ctx, b.takeUpRun(run)); err != nil {
			return run, err
		}
	}
}

// awaitWorkers waits until one who works is done, for a moment at most.
func awaitWorkers(ctx context.Context, workers []*runWorker) error {
	pause := time.NewTimer(followRun)
	defer pause.Stop()
	moment, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan struct{}, len(workers))
	for _, w := range workers {
		go func() {
			select {
			case <-w.ended:
				if !w.idle {
					done <- struct{}{}
				}
			case <-moment.Done():
			}
		}()
	}
	select {
	case <-done:
	case <-pause.C:
	case <-ctx.Done():
	}
	return ctx.Err()
}
