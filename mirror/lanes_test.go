// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// Any number of processes serve from MySQL, and none may end another's lease.
func TestALeaseInMySQLOutlivesTheStartOfAnotherProcess(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.MySQL)
	first := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address, Exclusive: true})
	lane, err := first.TakeLane(t.Context(), "a", "first", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	second := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address, Exclusive: true})
	if _, err := second.TakeLane(t.Context(), "a", "second", time.Hour); !errors.Is(err, provisioning.ErrBusy) {
		t.Errorf("the second process was told %v", err)
	}
	created := newService("1")
	if err := first.Write(t.Context(), provisioning.Change{After: &created, Lane: &lane}); err != nil {
		t.Error(err)
	}
}

func TestALaneTakesFewStatements(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		counter := mirror.NewCounter()
		store.Count(counter)
		takes := func(what string, want int, run func() error) {
			t.Helper()
			counter.Statements = nil
			if err := run(); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if len(counter.Statements) != want {
				t.Errorf("%s takes %d statements, want %d: %q", what, len(counter.Statements), want, counter.Statements)
			}
		}
		var lane provisioning.Lane
		for _, what := range []string{"a lane that is new", "a lane that is there"} {
			takes(what, 2, func() (err error) {
				lane, err = store.TakeLane(t.Context(), "a", "holder", time.Hour)
				return err
			})
		}
		created := newService("1")
		takes("a new service under it", 2, func() error {
			return store.Write(t.Context(), provisioning.Change{After: &created, Lane: &lane})
		})
		takes("leaving it", 1, func() error { return store.LeaveLane(t.Context(), lane) })
	})
}

// The holder's write began before its lease ended and is made after a taker saw
// the end: the taker must not get what was prolonged.
func TestALaneThatIsProlongedAtTheLastMomentIsNotTaken(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			now, untilTaken := instant(), -1
			var atTheLastMoment func()
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: mirrortest.Address(t, driver), LeaseClock: func() time.Time {
				// The taker asks for the time to read the lane, and again to take it.
				if untilTaken--; untilTaken == 0 {
					atTheLastMoment()
				}
				return now
			}})
			lane, err := store.TakeLane(t.Context(), "a", "holder", time.Minute)
			if err != nil {
				t.Fatal(err)
			}
			end := now.Add(time.Minute)
			wrote := false
			atTheLastMoment = func() {
				now = end.Add(-time.Microsecond)
				created := newService("1")
				if err := store.Write(t.Context(), provisioning.Change{After: &created, Lane: &lane}); err != nil {
					t.Error(err)
				}
				now, wrote = end, true
			}
			now, untilTaken = end, 2
			if got, err := store.TakeLane(t.Context(), "a", "taker", time.Minute); !errors.Is(err, provisioning.ErrBusy) || !wrote {
				t.Errorf("the taker got %+v, %v; the holder wrote: %v", got, err, wrote)
			}
		})
	}
}
