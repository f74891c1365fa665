// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// racers is how many do the same at once.
const racers = 32

// race lets racers write at once, and checks that one succeeds and that the
// others are told one of the reasons.
func race(t *testing.T, run func(i int) error, reasons ...error) {
	t.Helper()
	errs := make([]error, racers)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range racers {
		all.Go(func() {
			<-start
			errs[i] = run(i)
		})
	}
	close(start)
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		known := false
		for _, reason := range reasons {
			known = known || errors.Is(err, reason)
		}
		if !known {
			t.Errorf("a loser was told %v, want one of %v", err, reasons)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d won, want 1", won, racers)
	}
}

func racingCreators(t *testing.T, store provisioning.Store) {
	race(t, func(i int) error {
		s := emptyService("1")
		return store.Write(t.Context(), provisioning.Change{After: &s, Operation: operation(fmt.Sprint("op-", i), s)})
	}, provisioning.ErrExists)
	got := read(t, store, emptyService("1"))
	if got.Version != 1 || got.Operation == nil {
		t.Errorf("after the race: %+v", got)
	}
}

func racingWriters(t *testing.T, store provisioning.Store) {
	before := create(t, store, fullService("1"))
	race(t, func(i int) error {
		after := before.Clone()
		after.Years = 100 + i
		after.Certificates[0].StatusDetail = fmt.Sprint(100 + i)
		return store.Write(t.Context(), provisioning.Change{Before: &before, After: &after})
	}, provisioning.ErrStale)
	got := read(t, store, before)
	if got.Version != before.Version+1 || got.Certificates[0].StatusDetail != fmt.Sprint(got.Years) {
		t.Errorf("after the race: version %d, %d years, %q", got.Version, got.Years, got.Certificates[0].StatusDetail)
	}
}

func racingOperations(t *testing.T, store provisioning.Store) {
	created := create(t, store, emptyService("1"))
	race(t, func(i int) error {
		before, err := store.Service(t.Context(), created.Panel, created.ServiceID)
		if err != nil {
			return err
		}
		after := before.Clone()
		return store.Write(t.Context(), provisioning.Change{Before: &before, After: &after, Operation: operation(fmt.Sprint("op-", i), after)})
	}, provisioning.ErrStale, provisioning.ErrBusy)
}

// racingSuccessors lets orders of different services renew the same order, which
// no version guards.
func racingSuccessors(t *testing.T, store provisioning.Store) {
	create(t, store, fullService("1"))
	race(t, func(i int) error {
		s := emptyService(fmt.Sprint("heir-", i))
		s.Orders = []provisioning.Order{order(fmt.Sprint("o-", i), "1-o2")}
		return store.Write(t.Context(), provisioning.Change{After: &s})
	}, provisioning.ErrExists)
}

// wholeReads reads while the service is written: the number of years, of orders
// and of certificates always agree.
func wholeReads(t *testing.T, store provisioning.Store) {
	const writes = 60
	s := emptyService("1")
	s.Years = 0
	before := create(t, store, s)
	done, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for done.Err() == nil {
				services, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: panel, Limit: 10})
				if err != nil {
					t.Errorf("reading: %v", err)
					return
				}
				if got := services[0]; len(got.Orders) != got.Years || len(got.Certificates) != got.Years ||
					(got.Operation != nil) != (got.Years%2 == 1) {
					t.Errorf("half a write: %d years, %d orders, %d certificates, operation %v",
						got.Years, len(got.Orders), len(got.Certificates), got.Operation)
					return
				}
			}
		})
	}
	open := &provisioning.Operation{}
	for i := range writes {
		after := before.Clone()
		after.Years++
		after.Orders = append(after.Orders, order(fmt.Sprint("o-", i), ""))
		after.Certificates = append(after.Certificates, certificate(fmt.Sprint("c-", i), fmt.Sprint("o-", i)))
		if after.Years%2 == 1 {
			open = operation(fmt.Sprint("op-", i), after)
		} else {
			open.State = provisioning.OperationSucceeded
		}
		write(t, store, provisioning.Change{Before: &before, After: &after, Operation: open})
		before = after
	}
	stop()
	readers.Wait()
}
