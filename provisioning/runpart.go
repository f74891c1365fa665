// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// partErrors is how many errors of a part are kept, and partReport how many
	// entries of its report. Both go on being counted.
	partErrors, partReport = 100, 10_000
	// failedPages is after how many pages in a row that could not be read a list is
	// given up.
	failedPages = 3
)

// partWork is the work on an account's part of a run.
type partWork struct {
	b        *Bridge
	run      Synchronization
	lane     Lane
	account  Account
	upstream *runUpstream
	lose     context.CancelFunc // ends the work because the lease is lost
	known    *snapshot
	compared []comparedPage    // that are not done with yet
	whole    bool              // every row of the list was met, as far as anybody knows
	shadows  map[Owner]Service // guarded by mu
	poke     chan struct{}     // holds something when part is to be stored soon
	storing  sync.Mutex        // held while part is stored

	mu    sync.Mutex // guards what is below
	part  SynchronizationPart
	said  map[string]string // what the provider said of certificates of this page, by their ids
	noted time.Time         // when part was stored last, by the machine's clock
	dirty bool              // part changed since
	lost  bool              // the lease
}

func (b *Bridge) newPartWork(run Synchronization, part SynchronizationPart, lane Lane) *partWork {
	// Who began a part knows which certificates it met; who takes over does not.
	part.Resumed = part.Resumed || part.ProviderCalls > 0
	part.WaitingFor = ""
	w := &partWork{b: b, run: run, lane: lane, account: b.accounts[part.Account], part: part, whole: !part.Resumed, shadows: map[Owner]Service{}, said: map[string]string{}, poke: make(chan struct{}, 1)}
	w.upstream = newRunUpstream(w)
	return w
}

// do works until the part is over. An error means that it is not, and that somebody
// else, or the same one later, goes on.
func (w *partWork) do(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancel(WithPriority(ctx, PrioritySynchronization))
	defer cancel()
	w.lose, w.upstream.ctx = cancel, ctx
	stop := w.giveSigns(ctx)
	defer stop()
	if w.account.Upstream == nil {
		w.fault(SynchronizationError{Code: faultUnconfigured, Detail: "This account is not in the configuration any more."})
		return w.finish(ctx)
	}
	if w.known, err = w.b.readSnapshot(ctx, w.account.Name); err != nil {
		return err
	}
	if err := w.goThroughList(ctx); err != nil {
		return err
	}
	if w.whole {
		if err := w.confirmMissing(ctx); err != nil {
			return err
		}
	}
	w.b.reached("run list done")
	if !w.run.DryRun {
		if err := w.b.settleDates(ctx, w.account); err != nil {
			w.fault(faultOf(err))
		}
	}
	return w.finish(ctx)
}

// finish ends the part.
func (w *partWork) finish(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.change(func(p *SynchronizationPart) {
		p.State, p.FinishedAt, p.WaitingFor = SynchronizationSucceeded, w.b.instant(), ""
		if p.ErrorCount > 0 {
			p.State = SynchronizationFailed
		}
	})
	return w.store(nil)
}

// change changes the part. It is stored with the next checkpoint.
func (w *partWork) change(change func(p *SynchronizationPart)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.part)
	w.dirty = true
}

// fault notes something that went wrong.
func (w *partWork) fault(fault SynchronizationError) {
	fault.At = w.b.instant()
	w.b.log.Warn("synchronization: "+fault.Detail, "account", w.part.Account, "run", w.run.ID, "page", fault.Page,
		"certificate", fault.CertificateID, "service", fault.ServiceID, "code", fault.Code)
	w.change(func(p *SynchronizationPart) {
		if p.ErrorCount++; p.ErrorCount <= partErrors {
			p.Errors = append(p.Errors[:len(p.Errors):len(p.Errors)], fault)
		}
	})
}

// faultOf is an error in the words of a report.
func faultOf(err error) SynchronizationError {
	var told *Error
	if errors.As(err, &told) {
		detail := told.Detail
		if said := told.Upstream; said != (Upstream{}) {
			detail += fmt.Sprintf(" The provider said: %s %s", said.Code, said.Message)
		}
		return SynchronizationError{Code: told.Code, Detail: detail}
	}
	return SynchronizationError{Code: faultInternal, Detail: "Something unexpected went wrong; the log says more."}
}

// store makes the part and further entries of its report durable, while the lease
// is held. The work may go on meanwhile.
func (w *partWork) store(changes []ServiceChange) error {
	w.storing.Lock()
	defer w.storing.Unlock()
	w.mu.Lock()
	part, lost := w.part, w.lost
	w.dirty = false
	w.mu.Unlock()
	if lost {
		return ErrLaneLost
	}
	ctx, cancel := w.b.storing()
	defer cancel()
	err := w.b.store.SaveProgress(ctx, RunProgress{Run: w.run.ID, Part: part, Changes: changes, Lane: w.lane})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.dirty = true
		if w.lost = errors.Is(err, ErrLaneLost); w.lost {
			w.lose()
		}
		return err
	}
	w.noted = time.Now()
	return nil
}

// storeSoon has the part stored while the work goes on. Nothing hangs on it: who
// takes over reads a few pages again that have not changed.
func (w *partWork) storeSoon() {
	select {
	case w.poke <- struct{}{}:
	default: // somebody is about to
	}
}

// giveSigns shows that somebody is at work for as long as one is, which may have to
// wait for an hour until a call may be made.
func (w *partWork) giveSigns(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(runSign)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.giveSign()
			case <-w.poke:
				w.giveSign()
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

func (w *partWork) giveSign() {
	w.mu.Lock()
	due := w.dirty || time.Since(w.noted) > runLease/3
	w.mu.Unlock()
	if !due {
		return
	}
	if err := w.store(nil); err != nil {
		w.b.log.Warn("the progress of a synchronization could not be stored", "account", w.part.Account, "run", w.run.ID, "error", err)
	}
}
