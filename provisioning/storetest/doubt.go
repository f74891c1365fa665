// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// doubtfulWrites breaks writes off at ever later moments. Whatever the caller
// was told, a write is there with all of it or with nothing of it, what was told
// as done is done, and what is not there can be written again.
func doubtfulWrites(t *testing.T, store provisioning.Store) {
	for i := range 60 {
		change := doubtfulChange(i)
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*50*time.Microsecond)
		told := store.Write(ctx, change)
		cancel()
		if told != nil && (change.After.Version != 0 || change.Operation.Version != 0) {
			t.Errorf("write %d: versions were told with the error %v", i, told)
		}
		if told == nil && !whole(t, store, *change.After) {
			t.Errorf("write %d was told as done and is not there", i)
		}
		// One that is not there yet may still be on its way, so the second
		// writing may find it.
		again := doubtfulChange(i)
		if err := store.Write(t.Context(), again); told == nil || err != nil {
			refused(t, "a second writing", err, provisioning.ErrExists)
		}
		if !whole(t, store, *again.After) {
			t.Errorf("write %d is not there after the second writing", i)
		}
	}
}

func doubtfulChange(i int) provisioning.Change {
	s := emptyService(fmt.Sprint("s-", i))
	s.Orders = []provisioning.Order{order(fmt.Sprint("o-", i), "")}
	return provisioning.Change{
		After: &s, Operation: operation(fmt.Sprint("op-", i), s), Events: []provisioning.Event{{At: noon(), Kind: "service.created"}},
	}
}

// whole tells whether a service is there, and checks that either all of it is or
// nothing.
func whole(t *testing.T, store provisioning.Store, s provisioning.Service) bool {
	t.Helper()
	stored, err := store.Service(t.Context(), s.Panel, s.ServiceID)
	there := err == nil
	if err != nil && !errors.Is(err, provisioning.ErrNotFound) {
		t.Fatal(err)
	}
	events, err := store.Events(t.Context(), s.Panel, s.ServiceID, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if there && (stored.Operation == nil || len(stored.Orders) != 1 || len(events) != 1) || !there && len(events) != 0 {
		t.Errorf("half a write: %+v with %d events", stored, len(events))
	}
	return there
}
