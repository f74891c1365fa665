// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

const (
	feedWriters  = 4
	feedReaders  = 4
	feedServices = 8  // that the writers share
	feedWrites   = 40 // of each writer
)

func racingFeed(t *testing.T, store provisioning.Store) { RaceFeed(t, store) }

// RaceFeed lets several write the same services, and make new ones, while several
// read the feed, each at its own place: all on stores that share one database, from
// call to call on another one. Each reader must end with every service as it is.
func RaceFeed(t *testing.T, replicas ...provisioning.Store) {
	t.Helper()
	var writers, readers sync.WaitGroup
	written := make(chan struct{})
	for i := range feedServices {
		create(t, replicas[0], emptyService(fmt.Sprint("shared-", i)))
	}
	for i := range feedWriters {
		writers.Go(func() { writeForFeed(t, i, replicas) })
	}
	told := make([]*feedReader, feedReaders)
	for i := range told {
		told[i] = newFeedReader(panel)
		readers.Go(func() { followFeed(t, told[i], 1+i*3, written, replicas) })
	}
	writers.Wait()
	close(written)
	readers.Wait()
	services, err := replicas[0].Services(t.Context(), provisioning.ServiceQuery{Panel: panel, Limit: 1000})
	if err != nil || len(services) <= feedServices {
		t.Fatalf("%d services, %v", len(services), err)
	}
	for i, reader := range told {
		for _, s := range services {
			if got := reader.seen[s.ServiceID].Version; got != s.Version {
				t.Errorf("reader %d was told of service %s in version %d last, it has version %d", i, s.ServiceID, got, s.Version)
			}
		}
	}
}

// writeForFeed makes the writes of one writer. Somebody else may be quicker; then
// the next service is written.
func writeForFeed(t *testing.T, writer int, replicas []provisioning.Store) {
	for i := range feedWrites {
		store := replicas[(writer+i)%len(replicas)]
		if i%8 == 0 {
			own := emptyService(fmt.Sprint("own-", writer, "-", i))
			if err := store.Write(t.Context(), provisioning.Change{After: &own}); err != nil {
				t.Errorf("creating: %v", err)
			}
			continue
		}
		before, err := store.Service(t.Context(), panel, fmt.Sprint("shared-", (i*(writer+1))%feedServices))
		if err != nil {
			t.Errorf("reading: %v", err)
			return
		}
		after := before.Clone()
		after.Years++
		err = store.Write(t.Context(), provisioning.Change{Before: &before, After: &after})
		if err != nil && !errors.Is(err, provisioning.ErrStale) {
			t.Errorf("writing: %v", err)
		}
	}
}

// followFeed reads until everything is written and the last page is not full.
func followFeed(t *testing.T, reader *feedReader, limit int, written <-chan struct{}, replicas []provisioning.Store) {
	for turn := 0; ; turn++ {
		over := false
		select {
		case <-written:
			over = true
		default:
		}
		page, err := reader.read(t, replicas[turn%len(replicas)], limit)
		if err != nil {
			t.Error(err)
			return
		}
		if over && len(page) < limit {
			return
		}
	}
}
