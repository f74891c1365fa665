// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// readAttempts is how often a read is tried whose answer does not come, and
	// readPause how long to wait between two tries, at first.
	readAttempts, readPause = 3, 5 * time.Second
	// busyAttempts is how often a read is tried that the provider turns away because
	// there are too many calls. The call budget waits far longer between them.
	busyAttempts = 20
	// deadCalls is after how many calls in a row that brought no answer, each of them
	// tried as often as it may be, nobody is asked any more.
	deadCalls = 5
)

// errNobodyAnswers: the provider is not there, or not for us.
var errNobodyAnswers = errors.New("the provider does not answer")

// patientUpstream is a provider for work that takes as long as it takes: its reads
// may wait for hours until the account's calls allow them, and are tried again
// where that may help. The time of a call begins when it is made.
type patientUpstream struct {
	Provider
	bridge *Bridge
	ctx    context.Context // of the work; what a caller allows a single call does not count
	slots  chan struct{}   // as many calls are under way at a time as it holds
	calls  func()          // told of each call that is made; optional
	told   func(waitsFor string)

	mu      sync.Mutex
	waiting int // calls that may not be made yet
	dead    int // calls without an answer since the last one that had one
}

// Certificate reads everything about one certificate.
func (u *patientUpstream) Certificate(_ context.Context, id string) (detail CertificateDetail, err error) {
	err = u.read(func(ctx context.Context) error {
		detail, err = u.Provider.Certificate(ctx, id)
		return err
	})
	return detail, err
}

// Certificates reads a page of the list.
func (u *patientUpstream) Certificates(_ context.Context, page, size int) (answer CertificatePage, err error) {
	err = u.read(func(ctx context.Context) error {
		answer, err = u.Provider.Certificates(ctx, page, size)
		return err
	})
	return answer, err
}

// read makes a call when there is a place for it, and again while that may help.
// Who never answers is not asked any more.
func (u *patientUpstream) read(call func(context.Context) error) error {
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
	case <-u.ctx.Done():
		return u.ctx.Err()
	}
	for attempt, pause := 1, readPause; ; attempt, pause = attempt+1, 3*pause {
		if u.gone() {
			return &ProviderError{Outcome: NotExecuted, Fault: FaultUnreachable, Err: errNobodyAnswers}
		}
		err := u.once(call)
		var told *ProviderError
		known := errors.As(err, &told)
		throttled := known && told.Fault == FaultThrottled
		final := err == nil || known && told.Outcome == Refused
		if final || u.ctx.Err() != nil || attempt >= readAttempts && !throttled || attempt >= busyAttempts {
			u.heard(final || throttled)
			return err
		}
		if throttled {
			pause = min(cmp.Or(told.RetryAfter, throttlePause), throttlePauseMost)
		}
		if err := u.bridge.wait(u.ctx, pause); err != nil {
			return err
		}
	}
}

// once makes a call.
func (u *patientUpstream) once(call func(context.Context) error) error {
	ctx, cancel := context.WithCancel(u.ctx)
	defer cancel()
	limit := time.AfterFunc(u.bridge.callTimeout, cancel)
	defer limit.Stop()
	waits := false
	ctx = WithCallWaits(ctx, func(wait CallWait) {
		if begins := wait.For != ""; begins {
			limit.Stop()
		} else {
			limit.Reset(u.bridge.callTimeout)
		}
		u.noteWait(wait, &waits)
	})
	if u.calls != nil {
		u.calls()
	}
	err := call(ctx)
	u.noteWait(CallWait{}, &waits)
	return err
}

// noteWait tells what calls wait for.
func (u *patientUpstream) noteWait(wait CallWait, waits *bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	begins := wait.For != ""
	switch {
	case !begins && !*waits:
		return
	case begins && !*waits:
		u.waiting++
	case !begins:
		u.waiting--
	}
	*waits = begins
	switch {
	case begins:
		u.told(wait.text())
	case u.waiting == 0:
		u.told("")
	}
}

// heard notes whether the provider answers at all.
func (u *patientUpstream) heard(answered bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.dead++; answered {
		u.dead = 0
	}
}

// gone tells whether the provider is given up.
func (u *patientUpstream) gone() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.dead >= deadCalls
}

// text tells people what a call waits for.
func (w CallWait) text() string {
	until := ""
	if !w.Until.IsZero() {
		until = ", until " + w.Until.UTC().Format(time.RFC3339)
	}
	switch w.For {
	case WaitMinute, WaitHour, WaitDay:
		return "calls per " + string(w.For) + until
	case WaitThrottled:
		return "the provider to take calls again" + until
	case WaitOthers:
		return "calls that go first"
	}
	return string(w.For) + until
}
