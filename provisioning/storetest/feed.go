// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// feedReader follows the change feed of a panel as a panel does: it keeps its place
// and what it was told.
type feedReader struct {
	panel string
	after int64
	seen  map[string]provisioning.Service // by service id, as they were told last
}

func newFeedReader(panel string) *feedReader {
	return &feedReader{panel: panel, seen: map[string]provisioning.Service{}}
}

// read reads a page and checks what must hold whoever writes meanwhile: places
// ascend, and nothing is told that was told before.
func (r *feedReader) read(t *testing.T, store provisioning.Store, limit int) (page []provisioning.NumberedService, err error) {
	t.Helper()
	page, err = store.Changes(t.Context(), r.panel, r.after, limit)
	if err != nil {
		return nil, fmt.Errorf("changes after %d: %w", r.after, err)
	}
	if len(page) > limit {
		return nil, fmt.Errorf("a page of %d, want at most %d", len(page), limit)
	}
	for _, change := range page {
		s := change.Service
		if change.Sequence <= r.after {
			return nil, fmt.Errorf("place %d after place %d", change.Sequence, r.after)
		}
		if s.Panel != r.panel {
			return nil, fmt.Errorf("service %s of panel %s is in the feed of panel %s", s.ServiceID, s.Panel, r.panel)
		}
		if before := r.seen[s.ServiceID].Version; s.Version <= before {
			return nil, fmt.Errorf("version %d of service %s was told after version %d", s.Version, s.ServiceID, before)
		}
		r.after, r.seen[s.ServiceID] = change.Sequence, s
	}
	return page, nil
}

// readAll reads pages until one is not full.
func (r *feedReader) readAll(t *testing.T, store provisioning.Store, limit int) (ids []string) {
	t.Helper()
	for {
		page, err := r.read(t, store, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range page {
			ids = append(ids, change.Service.ServiceID)
		}
		if len(page) < limit {
			return ids
		}
	}
}

// tells reads to the end and compares what was told.
func (r *feedReader) tells(t *testing.T, store provisioning.Store, limit int, want ...string) {
	t.Helper()
	equal(t, r.readAll(t, store, limit), want)
}

// touch writes a service once more.
func touch(t *testing.T, store provisioning.Store, s *provisioning.Service) {
	t.Helper()
	after := s.Clone()
	after.Years++
	write(t, store, provisioning.Change{Before: s, After: &after})
	*s = after
}

func feedTellsWhatChanged(t *testing.T, store provisioning.Store) {
	reader := newFeedReader(panel)
	reader.tells(t, store, 10)
	first, second := create(t, store, fullService("1")), create(t, store, emptyService("2"))
	reader.tells(t, store, 10, "1", "2")
	equal(t, reader.seen["1"], first)
	reader.tells(t, store, 10)

	// The one that changed is told, with its open operation, and once.
	touch(t, store, &first)
	after := first.Clone()
	write(t, store, provisioning.Change{Before: &first, After: &after, Operation: operation("op", first)})
	reader.tells(t, store, 10, "1")
	equal(t, reader.seen["1"], read(t, store, first))
	if reader.seen["1"].Operation == nil {
		t.Error("the operation is missing")
	}
	touch(t, store, &second)
	reader.tells(t, store, 10, "2")

	// Who begins anew is told each once.
	newFeedReader(panel).tells(t, store, 10, "1", "2")
	newFeedReader(panel).tells(t, store, 1, "1", "2")

	// A write that was refused is no change.
	stale := second.Clone()
	second.Version--
	refused(t, "a stale write", store.Write(t.Context(), provisioning.Change{Before: &second, After: &stale}), provisioning.ErrStale)
	reader.tells(t, store, 10)
}

func feedsOfPanelsAreApart(t *testing.T, store provisioning.Store) {
	mine, theirs := emptyService("1"), emptyService("1")
	theirs.Panel = "panel-2"
	create(t, store, mine)
	create(t, store, theirs)
	reader, other := newFeedReader(panel), newFeedReader("panel-2")
	reader.tells(t, store, 10, "1")
	other.tells(t, store, 10, "1")
	if reader.after != other.after {
		t.Errorf("the first place of one panel is %d, that of another %d: it tells about the other", reader.after, other.after)
	}
	newFeedReader("PANEL-1").tells(t, store, 10)
}

// feedIsOvertaken is what a reader meets after a backup was restored: places that
// it was given are not there yet, and must not come to mean something else.
func feedIsOvertaken(t *testing.T, store provisioning.Store) {
	ahead := func(what string, after int64) {
		t.Helper()
		_, err := store.Changes(t.Context(), panel, after, 10)
		refused(t, what, err, provisioning.ErrCursorAhead)
	}
	ahead("a reader of an empty store", 1)
	create(t, store, emptyService("1"))
	ahead("a reader of a feed that has no number yet", 1)
	reader := newFeedReader(panel)
	reader.readAll(t, store, 10)
	for i := range 5 {
		create(t, store, emptyService(fmt.Sprint("new-", i)))
	}
	for range 3 { // however often it asks
		ahead("a reader that what waits would overtake", reader.after+1)
	}
	if ids := reader.readAll(t, store, 10); len(ids) != 5 {
		t.Errorf("told of %v, want five services", ids)
	}
	ahead("a reader far ahead", reader.after+1_000_000)
}

// feedKeepsToTheModel lets readers with places of their own read between random
// writes. The model is what each of them was not told yet.
func feedKeepsToTheModel(t *testing.T, store provisioning.Store) {
	const services = 12
	stored := make([]provisioning.Service, 0, services)
	readers := []*feedReader{newFeedReader(panel), newFeedReader(panel), newFeedReader(panel)}
	seed := rand.Uint64()
	chance := rand.New(rand.NewPCG(seed, seed))
	for range 150 {
		switch {
		case len(stored) < services && chance.IntN(4) == 0:
			stored = append(stored, create(t, store, emptyService(fmt.Sprint(len(stored)))))
		case len(stored) > 0 && chance.IntN(2) == 0:
			touch(t, store, &stored[chance.IntN(len(stored))])
		default:
			i := chance.IntN(len(readers))
			if chance.IntN(10) == 0 {
				readers[i] = newFeedReader(panel)
			}
			readAsModelled(t, store, readers[i], stored, 1+chance.IntN(services+2))
		}
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

// readAsModelled reads a page: as many as fit of those that the reader does not
// know as they are.
func readAsModelled(t *testing.T, store provisioning.Store, reader *feedReader, stored []provisioning.Service, limit int) {
	t.Helper()
	news := 0
	for _, s := range stored {
		if reader.seen[s.ServiceID].Version != s.Version {
			news++
		}
	}
	page, err := reader.read(t, store, limit)
	if err != nil {
		t.Fatal(err)
	}
	if want := min(news, limit); len(page) != want {
		t.Errorf("a page of %d of %d, want %d", len(page), limit, want)
	}
	current := map[string]int64{}
	for _, s := range stored {
		current[s.ServiceID] = s.Version
	}
	for _, change := range page {
		if change.Service.Version != current[change.Service.ServiceID] {
			t.Errorf("service %s was told in version %d, it has version %d", change.Service.ServiceID, change.Service.Version, current[change.Service.ServiceID])
		}
	}
}
