// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Charges of one account are made one at a time, over all replicas: only then
// does the difference between two looks at the account tell what a lost answer
// was about. The right to make one is the account's lane, a lease in the store.
//
// Whoever asks for a charge writes it into the journal as recorded and wakes the
// lane's worker, which carries out what stands in the journal, oldest first. A
// replica that died is taken over by doing just the same: there is no other way
// to make a charge than this one.

const (
	// laneMargin is how much longer the lease is than the longest call: for clocks
	// that differ, and for a process that is slow between two statements.
	laneMargin = 30 * time.Second
	// laneWait is how often those who wait for a lane ask for it, at first and at
	// the longest.
	laneWait, laneWaitMost = 20 * time.Millisecond, time.Second
	// laneAttempts bounds how often a store that does not answer is asked for a
	// lane; the next round of reconciliation asks again.
	laneAttempts = 5
	// takeUpAfter is how long a recorded operation waits before other replicas
	// look whether anybody carries it out.
	takeUpAfter = 10 * time.Second
)

// lease is how long a lane is taken for.
func (b *Bridge) lease() time.Duration { return b.callTimeout + laneMargin }

// rest is how long after a request was sent nobody concludes anything from what
// the provider holds: whoever sent it may be a process that was stopped before it
// wrote the request, and the provider may take its time.
func (b *Bridge) rest() time.Duration { return b.lease() + b.callTimeout }

// workers are the goroutines that work in lanes, at most one an account.
type workers struct {
	mu      sync.Mutex
	working map[string]*worker
}

type worker struct {
	again bool // somebody came while it worked
	ended chan struct{}
}

// wake has an account's lane worked in, and gives what is closed when that is
// done. While the bridge closes nobody is woken.
func (b *Bridge) wake(account string) <-chan struct{} {
	b.workers.mu.Lock()
	defer b.workers.mu.Unlock()
	if w := b.workers.working[account]; w != nil {
		w.again = true
		return w.ended
	}
	w := &worker{ended: make(chan struct{})}
	if b.isClosing() {
		close(w.ended)
		return w.ended
	}
	b.workers.working[account] = w
	b.running.Go(func() {
		for again := true; again; again = b.workers.goesOn(account, w) {
			b.workLane(account)
		}
	})
	return w.ended
}

// stopWaking begins the end: workers finish what they are at, and no new one is
// made.
func (b *Bridge) stopWaking() {
	b.workers.mu.Lock()
	defer b.workers.mu.Unlock()
	if !b.isClosing() {
		close(b.closing)
	}
}

// goesOn tells a worker whether somebody came meanwhile, and ends it otherwise.
func (ws *workers) goesOn(account string, w *worker) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if w.again {
		w.again = false
		return true
	}
	delete(ws.working, account)
	close(w.ended)
	return false
}

// workLane carries out what an account's journal holds, until nothing is left or
// something has to rest first.
func (b *Bridge) workLane(name string) {
	defer b.survive("lane of " + name)
	account, err := b.account(name)
	if err != nil {
		b.log.Error("operations wait for an account that is not configured", "account", name)
		return
	}
	for attempt := range laneAttempts {
		err := b.goThrough(account)
		if err == nil || errors.Is(err, errClosing) || errors.Is(err, errPutOff) {
			return
		}
		if !errors.Is(err, ErrStale) { // else somebody wrote the service meanwhile
			b.log.Warn("the purchase lane was left", "account", name, "attempt", attempt+1, "error", err)
		}
		select {
		case <-time.After(laneWait << attempt):
		case <-b.closing:
			return
		}
	}
}

// goThrough enters an account's lane and does what there is to do.
func (b *Bridge) goThrough(account Account) error {
	lane, err := b.enterLane(account.Name)
	if err != nil {
		return err
	}
	defer b.leaveLane(lane)
	b.reached("lane taken")
	for more := true; more && !b.isClosing(); {
		if more, err = b.nextInLane(account, lane); err != nil {
			return err
		}
	}
	return nil
}

var errClosing = errors.New("the bridge is closing")

func (b *Bridge) isClosing() bool {
	select {
	case <-b.closing:
		return true
	default:
		return false
	}
}

// enterLane waits until the lane is ours.
func (b *Bridge) enterLane(account string) (Lane, error) {
	failures := 0
	for pause := laneWait; ; pause = min(2*pause, laneWaitMost) {
		ctx, cancel := b.storing()
		lane, err := b.store.TakeLane(ctx, account, b.holder, b.lease())
		cancel()
		if err == nil {
			return lane, nil
		}
		if !errors.Is(err, ErrBusy) {
			if failures++; failures == laneAttempts {
				return Lane{}, err
			}
		}
		select {
		case <-time.After(pause):
		case <-b.closing:
			return Lane{}, errClosing
		}
	}
}

// leaveLane lets the next one in. If that does not get through, the lease ends by
// itself.
func (b *Bridge) leaveLane(lane Lane) {
	ctx, cancel := b.storing()
	defer cancel()
	if err := b.store.LeaveLane(ctx, lane); err != nil {
		b.log.Warn("the purchase lane could not be given back; it is free when its lease ends", "account", lane.Account, "error", err)
	}
}

// nextInLane does the next thing, and tells whether there may be more. What is in
// doubt comes first: while it is, no other charge is made.
func (b *Bridge) nextInLane(account Account, lane Lane) (more bool, err error) {
	doubtful, err := b.chargesIn(account, OperationSent, OperationUncertain)
	if err != nil {
		return false, err
	}
	if doubtful != nil {
		return b.clearDoubt(account, lane, *doubtful)
	}
	waiting, err := b.chargesIn(account, OperationRecorded)
	if err != nil || waiting == nil {
		return false, err
	}
	return true, b.charge(account, lane, *waiting)
}

// chargesIn finds the oldest charge of an account that is in one of the states.
func (b *Bridge) chargesIn(account Account, states ...OperationState) (*Operation, error) {
	ctx, cancel := b.storing()
	defer cancel()
	found, err := b.store.Operations(ctx, OperationQuery{Account: account.Name, Kinds: chargingKinds(), States: states, Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// serviceOf reads the service that an open operation is about. It is nil when the
// operation is not what it was any more.
func (b *Bridge) serviceOf(operation Operation) (*Service, error) {
	ctx, cancel := b.storing()
	defer cancel()
	s, err := b.store.Service(ctx, operation.Panel, operation.ServiceID)
	if err != nil {
		return nil, err
	}
	if s.Operation == nil || s.Operation.ID != operation.ID || s.Operation.Version != operation.Version {
		return nil, nil
	}
	return &s, nil
}

// reached tells tests where a charge is.
func (b *Bridge) reached(point string) {
	if b.report != nil {
		b.report(point)
	}
}

// flight is an operation that this process waits for. What it landed with is set
// before landed is closed.
type flight struct {
	landed  chan struct{}
	service Service
	err     error
}

// takeOff makes an operation findable for those who want to join it; land tells
// them that its outcome is stored. An operation takes off before it is durable,
// so that nobody can see one of this process that is neither under way nor ended.
func (b *Bridge) takeOff(id string) { b.flights.Store(id, &flight{landed: make(chan struct{})}) }

func (b *Bridge) land(id string, s Service, err error) {
	if found, ours := b.flights.LoadAndDelete(id); ours {
		f := found.(*flight)
		f.service, f.err = s, err
		close(f.landed)
	}
}

func (b *Bridge) flight(id string) *flight {
	if found, ours := b.flights.Load(id); ours {
		return found.(*flight)
	}
	return nil
}

// followCharge waits until a charge that is in the journal was carried out, by
// the lane's worker of this process or of another replica.
func (b *Bridge) followCharge(begun Service) (Service, error) {
	operation := *begun.Operation
	ours := b.flight(operation.ID)
	defer b.flights.Delete(operation.ID)
	b.wake(operation.Account)
	patience, cancel := b.whileOpen()
	defer cancel()
	latest, err := b.await(patience, operation)
	if err != nil {
		return begun, err
	}
	if ours != nil {
		select {
		case <-ours.landed:
			return ours.service, ours.err
		default: // somebody else carried it out
		}
	}
	ctx, stop := b.storing() // not patience, which is over when the bridge closes
	defer stop()
	s, err := b.Service(ctx, operation.Panel, operation.ServiceID)
	if err == nil && latest.State == OperationRefused {
		err = latest.Failure.asError()
	}
	return s, err
}

// whileOpen is a context that ends when the bridge begins to close.
func (b *Bridge) whileOpen() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(b.life)
	go func() {
		defer cancel()
		select {
		case <-b.closing:
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
