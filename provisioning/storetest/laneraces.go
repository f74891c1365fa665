// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// hastyHolders lets holders take the lane from each other, as those who stalled
// past their lease, and write as long as they are let. However they meet, nobody
// writes after somebody with a higher fence did.
func hastyHolders(t *testing.T, store provisioning.Store, clock *clock) {
	const holders, tries = 6, 25
	created := create(t, store, emptyService("1"))
	var all sync.WaitGroup
	for i := range holders {
		all.Go(func() {
			for range tries {
				// Somebody's lease ends while its holder is about to write.
				clock.advance(lasting / 4)
				if err := writeOnce(t.Context(), store, created, fmt.Sprint("holder-", i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	events, err := store.Events(t.Context(), created.Panel, created.ServiceID, 0, holders*tries)
	if err != nil {
		t.Fatal(err)
	}
	highest := int64(0)
	for _, event := range events {
		fence, err := strconv.ParseInt(event.Detail, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		if fence < highest {
			t.Errorf("%s wrote with fence %d after fence %d had written", event.Kind, fence, highest)
		}
		highest = max(highest, fence)
	}
	if len(events) == 0 {
		t.Error("nobody wrote")
	}
	if got := read(t, store, created); got.Version != int64(1+len(events)) {
		t.Errorf("version %d after %d writes", got.Version, len(events))
	}
}

// writeOnce takes the lane, if it can be had, and writes until somebody says that
// the lane is lost.
func writeOnce(ctx context.Context, store provisioning.Store, s provisioning.Service, holder string) error {
	lane, err := store.TakeLane(ctx, s.Account, holder, lasting)
	if errors.Is(err, provisioning.ErrBusy) {
		return nil
	}
	if err != nil {
		return err
	}
	for {
		before, err := store.Service(ctx, s.Panel, s.ServiceID)
		if err != nil {
			return err
		}
		after := before.Clone()
		err = store.Write(ctx, provisioning.Change{
			Before: &before, After: &after, Lane: &lane,
			Events: []provisioning.Event{{At: noon(), Kind: holder, Detail: strconv.FormatInt(lane.Fence, 10)}},
		})
		if !errors.Is(err, provisioning.ErrStale) {
			if errors.Is(err, provisioning.ErrLaneLost) {
				err = nil
			}
			return err
		}
	}
}

// lost is what a write under one of the lanes of lanesBesideEachOther is told.
func lost(lane *provisioning.Lane, i int) error {
	if lane != nil && i%3 == 0 {
		return provisioning.ErrLaneLost
	}
	return nil
}

// lanesBesideEachOther writes at once under many lanes, of which every third is
// lost, and without any: each write has its own answer.
func lanesBesideEachOther(t *testing.T, store provisioning.Store, clock *clock) {
	lanes := make([]*provisioning.Lane, racers)
	for i := range lanes {
		if i%3 == 0 {
			lanes[i] = new(take(t, store, fmt.Sprint("account-", i), "early"))
		}
	}
	clock.advance(lasting)
	for i := range lanes {
		switch {
		case i%3 == 1 && i < 9:
			lanes[i] = new(take(t, store, fmt.Sprint("account-", i), "late"))
		case i%3 == 1:
			lanes[i] = lanes[i%9] // several share one
		}
	}
	var all sync.WaitGroup
	for i := range lanes {
		all.Go(func() {
			s := emptyService(strconv.Itoa(i))
			err := store.Write(t.Context(), provisioning.Change{After: &s, Operation: operation(fmt.Sprint("op-", i), s), Lane: lanes[i]})
			if want := lost(lanes[i], i); !errors.Is(err, want) {
				t.Errorf("write %d: got %v, want %v", i, err, want)
			}
		})
	}
	all.Wait()
	for i := range lanes {
		_, err := store.Service(t.Context(), panel, strconv.Itoa(i))
		if written := lost(lanes[i], i) == nil; written != (err == nil) {
			t.Errorf("service %d: %v", i, err)
		}
	}
}
