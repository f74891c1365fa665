// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// lasting is how long the leases of these tests last.
const lasting = time.Minute

// take takes a lane that must be free.
func take(t *testing.T, store provisioning.Store, account, holder string) provisioning.Lane {
	t.Helper()
	lane, err := store.TakeLane(t.Context(), account, holder, lasting)
	if err != nil {
		t.Fatalf("%s takes the lane of %s: %v", holder, account, err)
	}
	equal(t, lane, provisioning.Lane{Account: account, Holder: holder, Fence: lane.Fence, Lasting: lasting})
	return lane
}

// busy checks that somebody cannot take the lane of the account.
func busy(t *testing.T, store provisioning.Store, what, holder string) {
	t.Helper()
	_, err := store.TakeLane(t.Context(), account, holder, lasting)
	refused(t, what, err, provisioning.ErrBusy)
}

// leave gives a lane back, which never fails.
func leave(t *testing.T, store provisioning.Store, lane provisioning.Lane) {
	t.Helper()
	if err := store.LeaveLane(t.Context(), lane); err != nil {
		t.Errorf("leaving lane %+v: %v", lane, err)
	}
}

// above checks that a fence is the highest so far.
func above(t *testing.T, later, earlier provisioning.Lane) {
	t.Helper()
	if later.Fence <= earlier.Fence {
		t.Errorf("fence %d after fence %d", later.Fence, earlier.Fence)
	}
}

func laneHasOneHolder(t *testing.T, store provisioning.Store, _ *clock) {
	first := take(t, store, account, "first")
	if first.Fence <= 0 {
		t.Errorf("the first fence is %d, which is that of no lane", first.Fence)
	}
	busy(t, store, "a lane that another one holds", "second")
	busy(t, store, "a holder of another case", "First")
	take(t, store, "shop-production", "second") // another account's lane is another one

	again := take(t, store, account, "first")
	above(t, again, first)
	busy(t, store, "a lane that was taken again", "second")

	leave(t, store, again)
	second := take(t, store, account, "second")
	above(t, second, again)
	busy(t, store, "a lane that the second holds", "first")
}

func laneEndsByTheClock(t *testing.T, store provisioning.Store, clock *clock) {
	first := take(t, store, account, "first")
	clock.advance(lasting - time.Microsecond)
	busy(t, store, "a lane whose lease lasts another microsecond", "second")
	clock.advance(time.Microsecond)
	second := take(t, store, account, "second")
	above(t, second, first)
	clock.advance(lasting - time.Microsecond)
	busy(t, store, "a lease that began with its own taking", "first")

	again := take(t, store, account, "second")
	clock.advance(lasting - time.Microsecond)
	busy(t, store, "a lease that began anew", "first")
	clock.advance(time.Microsecond)
	above(t, take(t, store, account, "second"), again) // its own, after its end
}

// laneEndsByItsOwnClock leaves the clock to the store: a lease of an hour lasts,
// one of a millisecond ends. How soon is the store's to say, so it is asked until
// it does.
func laneEndsByItsOwnClock(t *testing.T, store provisioning.Store) {
	held, err := store.TakeLane(t.Context(), account, "first", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	busy(t, store, "a lane that is held for an hour", "second")
	s := emptyService("1")
	write(t, store, provisioning.Change{After: &s, Lane: &held})
	busy(t, store, "a lane whose holder wrote", "second")

	short := held
	short.Lasting = time.Millisecond
	before := read(t, store, s)
	after := before.Clone()
	write(t, store, provisioning.Change{Before: &before, After: &after, Lane: &short})
	for {
		next, err := store.TakeLane(t.Context(), account, "second", time.Hour)
		if err == nil {
			above(t, next, held)
			break
		}
		if !errors.Is(err, provisioning.ErrBusy) {
			t.Fatal(err)
		}
	}
	last := after.Clone()
	refused(t, "a write under the lane that ended",
		store.Write(t.Context(), provisioning.Change{Before: &after, After: &last, Lane: &held}), provisioning.ErrLaneLost)
}

func oldHoldersLeaveNothing(t *testing.T, store provisioning.Store, clock *clock) {
	leave(t, store, provisioning.Lane{Account: account, Holder: "nobody", Fence: 1, Lasting: lasting})
	first := take(t, store, account, "first")
	again := take(t, store, account, "first")
	leave(t, store, first)
	busy(t, store, "a lane left with an old fence", "second")
	forged := again
	forged.Holder = "forger"
	leave(t, store, forged)
	busy(t, store, "a lane left by another holder", "second")

	clock.advance(lasting)
	leave(t, store, again)
	second := take(t, store, account, "second")
	leave(t, store, again)
	busy(t, store, "a lane left by the one before", "third")
	leave(t, store, second)
	leave(t, store, second)
	above(t, take(t, store, account, "third"), second)
}

func writesProlongTheirLane(t *testing.T, store provisioning.Store, clock *clock) {
	lane := take(t, store, account, "first")
	before := emptyService("1")
	clock.advance(lasting - time.Microsecond)
	recorded := operation("op", before)
	write(t, store, provisioning.Change{After: &before, Operation: recorded, Lane: &lane})
	clock.advance(lasting - time.Microsecond)
	busy(t, store, "a lane whose holder just wrote", "second")
	after := before.Clone()
	write(t, store, provisioning.Change{Before: &before, After: &after, Lane: &lane}) // one statement but for the lane
	clock.advance(lasting - time.Microsecond)
	busy(t, store, "a lane whose holder wrote again", "second")
	equal(t, read(t, store, after).Version, after.Version)

	// A write that fails for another reason prolongs nothing.
	stale := before.Clone()
	refused(t, "a write of an old version",
		store.Write(t.Context(), provisioning.Change{Before: &before, After: &stale, Lane: &lane}), provisioning.ErrStale)
	clock.advance(time.Microsecond)
	above(t, take(t, store, account, "second"), lane)
}

// lostLanes writes under lanes that are not held, each for another reason.
func lostLanes(t *testing.T, store provisioning.Store, clock *clock) {
	before := create(t, store, fullService("1"))
	opened := emptyService("2")
	recorded := operation("recorded", opened)
	write(t, store, provisioning.Change{After: &opened, Operation: recorded})

	left := take(t, store, account, "first")
	leave(t, store, left)
	ended := take(t, store, account, "second")
	clock.advance(lasting)
	lanes := map[string]provisioning.Lane{"left": left, "ended": ended, "of nobody": {Account: "shop-production", Holder: "first", Fence: 1}}
	for what, lane := range lanes {
		turnedAway(t, store, what, before, recorded, lane)
	}
	held := take(t, store, account, "third")
	lanes["of the holder before"] = ended
	lanes["of another holder"] = provisioning.Lane{Account: account, Holder: "second", Fence: held.Fence, Lasting: lasting}
	lanes["of another account"] = provisioning.Lane{Account: "shop-production", Holder: "third", Fence: held.Fence, Lasting: lasting}
	again := take(t, store, account, "third")
	lanes["of the same holder before"] = held
	lanes["of a fence to come"] = provisioning.Lane{Account: account, Holder: "third", Fence: again.Fence + 1, Lasting: lasting}
	for what, lane := range lanes {
		turnedAway(t, store, what, before, recorded, lane)
	}
	write(t, store, provisioning.Change{Before: &before, After: new(before.Clone()), Lane: &again})
}

// turnedAway checks that neither a new service nor a change of one nor one of an
// operation is written under a lane.
func turnedAway(t *testing.T, store provisioning.Store, what string, before provisioning.Service, recorded *provisioning.Operation, lane provisioning.Lane) {
	t.Helper()
	fresh := fullService("fresh")
	refused(t, "a new service under a lane "+what, store.Write(t.Context(), provisioning.Change{
		After: &fresh, Operation: operation("op", fresh), Events: []provisioning.Event{{At: noon(), Kind: "never"}}, Lane: &lane,
	}), provisioning.ErrLaneLost)
	_, err := store.Service(t.Context(), panel, "fresh")
	refused(t, "a service that was not written", err, provisioning.ErrNotFound)
	_, err = store.Operation(t.Context(), "op")
	refused(t, "an operation that was not written", err, provisioning.ErrNotFound)

	after := before.Clone()
	after.Years, after.Orders = 9, append(after.Orders, order("new", ""))
	refused(t, "a change under a lane "+what, store.Write(t.Context(), provisioning.Change{
		Before: &before, After: &after, Operation: operation("op", after), Events: []provisioning.Event{{At: noon(), Kind: "never"}}, Lane: &lane,
	}), provisioning.ErrLaneLost)
	equal(t, read(t, store, before), before)
	events, err := store.Events(t.Context(), before.Panel, before.ServiceID, 0, 10)
	if err != nil || len(events) != 0 {
		t.Errorf("a write under a lane %s left events %+v, %v", what, events, err)
	}

	opened := read(t, store, emptyService("2"))
	sent, same := *recorded, opened.Clone()
	sent.State = provisioning.OperationSent
	refused(t, "an operation sent under a lane "+what,
		store.Write(t.Context(), provisioning.Change{Before: &opened, After: &same, Operation: &sent, Lane: &lane}), provisioning.ErrLaneLost)
	if got, err := store.Operation(t.Context(), recorded.ID); err != nil || got.State != provisioning.OperationRecorded || sent.Version != recorded.Version {
		t.Errorf("under a lane %s: operation %+v, %v", what, got, err)
	}
}

func racingTakers(t *testing.T, store provisioning.Store, clock *clock) {
	var last provisioning.Lane
	for range 3 { // nobody ever had it, then it ended, then it was left
		lanes := make([]provisioning.Lane, racers)
		race(t, func(i int) (err error) {
			lanes[i], err = store.TakeLane(t.Context(), account, fmt.Sprint("holder-", i), lasting)
			return err
		}, provisioning.ErrBusy)
		for _, lane := range lanes {
			if lane.Fence == 0 {
				continue
			}
			above(t, lane, last)
			s := emptyService(strconv.FormatInt(lane.Fence, 10))
			write(t, store, provisioning.Change{After: &s, Lane: &lane})
			last = lane
		}
		if clock.now().Equal(noon()) {
			clock.advance(lasting)
		} else {
			leave(t, store, last)
		}
	}
}
