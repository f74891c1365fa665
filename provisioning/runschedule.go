// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"time"
)

// TimeOfDay is a time of the day on the clock of a place.
type TimeOfDay struct {
	Hour, Minute int
	In           *time.Location
}

const (
	// dailyRest is for how long after a run of all accounts no daily one is started:
	// a panel's cron started that, and will again.
	dailyRest = 20 * time.Hour
	// dailyLook is how often somebody looks whether the daily run is due.
	dailyLook = 20 * time.Second
)

// last is the latest such moment that is not after now.
func (t TimeOfDay) last(now time.Time) time.Time {
	now = now.In(t.In)
	year, month, day := now.Date()
	moment := time.Date(year, month, day, t.Hour, t.Minute, 0, 0, t.In)
	if moment.After(now) {
		moment = time.Date(year, month, day-1, t.Hour, t.Minute, 0, 0, t.In)
	}
	return moment
}

// startDaily starts the daily run when its time has come and nobody else has
// started one. A moment that passed while no replica ran is made up for, but for
// the first run ever, which waits for its time.
func (b *Bridge) startDaily(ctx context.Context) error {
	now := b.now()
	if b.daily == nil || !b.dailyLooked(now) {
		return nil
	}
	due := b.daily.last(now)
	latest, err := b.store.Runs(ctx, RunQuery{Real: true, Whole: true, Limit: 1})
	if err != nil {
		return storeUnavailable(err)
	}
	switch {
	case len(latest) == 0 && due.Before(b.began):
		return nil
	case len(latest) > 0 && latest[0].answers(due):
		return nil
	}
	_, _, err = b.StartSynchronization(ctx, SynchronizationRequest{By: "certbridge"})
	return err
}

// answers tells whether a run does for the daily one that was due: one that came
// after it does in any case, one that came before unless it failed.
func (r Synchronization) answers(due time.Time) bool {
	if !r.StartedAt.Before(due) {
		return true
	}
	return r.State != SynchronizationFailed && r.StartedAt.After(due.Add(-dailyRest))
}

// dailyLooked tells whether it is time to look again.
func (b *Bridge) dailyLooked(now time.Time) bool {
	b.runs.mu.Lock()
	defer b.runs.mu.Unlock()
	if since := now.Sub(b.runs.looked); since >= 0 && since < dailyLook {
		return false
	}
	b.runs.looked = now
	return true
}

// ParseTimeOfDay reads HH:MM, on a clock of 24 hours.
func ParseTimeOfDay(text string, in *time.Location) (TimeOfDay, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return TimeOfDay{}, errors.New("a time of day is HH:MM, from 00:00 to 23:59")
	}
	return TimeOfDay{Hour: t.Hour(), Minute: t.Minute(), In: in}, nil
}
