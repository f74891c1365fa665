// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"time"
)

// How often the provider is asked about what is being validated. A certificate
// whose domain is shown at once is issued within minutes, and its customer waits in
// front of the page; what has waited for a day waits for a person, and what has
// waited for two weeks mostly for nobody. The pauses keep what is asked in all to
// some thirty calls on the first day, eight on each of the next, and two after
// that, so that a thousand orders that nobody completes cost no more than the
// daily list of a large account.
const (
	// watchFirst is the pause after a submission. Each further pause is longer by
	// half.
	watchFirst = 2 * time.Minute
	// The longest pauses: on the first day, until watchLong, and after it.
	watchMostFirstDay = time.Hour
	watchMostUsual    = 3 * time.Hour
	watchMostLong     = 12 * time.Hour
	watchLong         = 14 * 24 * time.Hour
	// watchesAtOnce bounds the services of one round, so that a round ends.
	watchesAtOnce = 50
	// watchPatience bounds what asking about one service may take, the wait for the
	// account's budget included. It is shorter than watchFirst: when it is over
	// nobody else has begun to ask about the same service.
	watchPatience = 100 * time.Second
)

// Watch is when the provider is to be asked again about what is being validated.
type Watch struct {
	WatchAt    time.Time // zero: nothing is watched
	WatchSince time.Time // when the customer last did something about it
}

// Watched is a service whose time has come.
type Watched struct {
	Panel     string
	ServiceID string
	Watch
}

// WatchStore finds what is to be watched.
type WatchStore interface {
	// Watched reads services of some accounts whose WatchAt is not after until, the
	// longest overdue first.
	Watched(ctx context.Context, accounts []string, until time.Time, limit int) ([]Watched, error)
	// ClaimWatch moves the WatchAt of a service, and leaves its version alone.
	// ErrStale unless it is what was read: then somebody else was first.
	ClaimWatch(ctx context.Context, watched Watched, next time.Time) error
}

// pause is how long to wait before the provider is asked again. Pauses that grow
// by half, from the first on, are the first and half of the time that has passed.
func (w Watch) pause(now time.Time) time.Duration {
	passed := max(now.Sub(w.WatchSince), 0)
	most := watchMostFirstDay
	switch {
	case passed >= watchLong:
		most = watchMostLong
	case passed >= 24*time.Hour:
		most = watchMostUsual
	}
	return min(watchFirst+passed/2, most)
}

// keepWatch sets when the provider is to be asked again: soon after a customer did
// something, later and later while nothing happens, never when nothing is being
// validated.
func (s *Service) keepWatch(before *Service, operation *Operation, now time.Time) {
	switch {
	case len(s.watched()) == 0:
		s.Watch = Watch{}
	case before == nil, before.WatchAt.IsZero(), s.begins(before), operation.urges():
		s.Watch = Watch{WatchAt: now.Add(watchFirst), WatchSince: now}
	case !s.SynchronizedAt.Equal(before.SynchronizedAt):
		s.WatchAt = now.Add(s.pause(now))
	}
}

// watched are the certificates whose validation somebody waits for: the one in
// use, and those that will take its place.
func (s *Service) watched() (ids []string) {
	if len(s.Certificates) == 0 || s.State == ServiceTerminated {
		return nil
	}
	current := s.current()
	for i := range s.Certificates {
		if s.Certificates[i].validating() && (i == current || s.supersedes(i, current)) {
			ids = append(ids, s.Certificates[i].CertificateID)
		}
	}
	return ids
}

// begins tells whether the validation of a certificate has just begun.
func (s *Service) begins(before *Service) bool {
	for _, id := range s.watched() {
		if was := before.Certificate(id); was == nil || !was.validating() {
			return true
		}
	}
	return false
}

// urges tells whether an operation was about a validation, and succeeded just now:
// then the authority looks again, and so do we.
func (o *Operation) urges() bool {
	if o == nil || o.State != OperationSucceeded {
		return false
	}
	switch o.Kind {
	case OperationActivate, OperationReissue, OperationChangeValidation, OperationRetryValidation:
		return true
	}
	return false
}

// KeepWatching makes rounds of Watch until ctx ends, the first at once, with a pause
// between two.
func (b *Bridge) KeepWatching(ctx context.Context, pause time.Duration) {
	for ctx.Err() == nil {
		if err := b.WatchValidations(ctx); err != nil && ctx.Err() == nil {
			b.log.Error("a round of watching did not end", "error", err)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// WatchValidations makes one round: it asks the provider about the services whose
// validation is due to be looked at. Of several replicas one asks about each. A
// round ends where no call can be made: the rest is as due in the next one.
func (b *Bridge) WatchValidations(ctx context.Context) error {
	due, err := b.store.Watched(ctx, b.names, b.now(), watchesAtOnce)
	if err != nil {
		return storeUnavailable(err)
	}
	for _, watched := range due {
		if answered, err := b.watch(ctx, watched); err != nil || !answered {
			return err
		}
	}
	return ctx.Err()
}

// watch asks about one service. What the provider does not answer is asked again
// at the next time. answered is false if the time for it was over: then the account
// has no calls left.
func (b *Bridge) watch(ctx context.Context, watched Watched) (answered bool, err error) {
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	now := b.instant()
	next := now.Add(watched.pause(now))
	err = b.store.ClaimWatch(ctx, watched, next)
	if errors.Is(err, ErrStale) {
		return true, nil // another replica asks
	}
	if err != nil {
		return false, storeUnavailable(err)
	}
	ctx, cancel := context.WithTimeout(WithPriority(ctx, PrioritySynchronization), watchPatience)
	defer cancel()
	_, err = b.Synchronize(ctx, Caller{Panel: watched.Panel, Actor: "certbridge"}, watched.ServiceID)
	if told := (*Error)(nil); errors.As(err, &told) && told.Code == answers[FaultThrottled].code {
		watched.WatchAt = next
		return false, b.unclaim(context.WithoutCancel(ctx), watched, now.Add(max(told.RetryAfter, watchFirst)))
	}
	if err != nil && ctx.Err() == nil {
		b.log.Warn("a service under validation could not be looked at", "panel", watched.Panel, "service", watched.ServiceID, "error", err)
	}
	return ctx.Err() == nil, nil
}

// unclaim gives a turn back in which nobody was asked, because the account has no
// calls left.
func (b *Bridge) unclaim(ctx context.Context, watched Watched, next time.Time) error {
	err := b.store.ClaimWatch(ctx, watched, next)
	if err == nil || errors.Is(err, ErrStale) { // whoever wrote the service meanwhile has set a turn
		return nil
	}
	return storeUnavailable(err)
}
