// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// smallPages makes many pages of few certificates.
const smallPages = 10

// inEachStock runs a test on every database with certificates that services have.
func inEachStock(t *testing.T, certificates int, test func(w *world)) {
	t.Helper()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, driver, seed(), begin)
			w.stockUp(certificates)
			w.takeOver()
			w.day()
			test(w)
		})
	}
}

// changeEachPage has the staff cancel two certificates on each page of the list,
// and tells how many pages there are and how many calls about certificates the next
// run has to make.
func (w *world) changeEachPage() (pages, details int) {
	w.t.Helper()
	w.read()
	w.look()
	list := slices.Clone(w.ids)
	slices.Reverse(list) // the newest purchase comes first
	for page := range slices.Chunk(list, smallPages) {
		cancelled := 0
		for _, id := range page {
			if w.reader.owners[id] != "" && cancelled < 2 {
				w.must(w.sim.Cancel(id))
				cancelled++
			}
		}
		pages, details = pages+1, details+cancelled
	}
	return pages, details
}

// A run whose worker is killed at each page, each after the one before it, ends as if
// nothing had been, and no page is done twice: nobody is asked again about what was
// on it. Those that were killed wake up in the end, and do no harm.
func TestARunThatIsKilledAtEachPage(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"run page read", "run services written", "run page done"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			inEachStock(t, 200, func(w *world) { w.killAtEachPage(point) })
		})
	}
}

func (w *world) killAtEachPage(point string) {
	w.t.Helper()
	pages, details := w.changeEachPage()
	lists, asked := w.lists.Load(), w.details.Load()
	killed := newKilled(point)
	first := w.doomed(killed, 1)
	run, _, err := first.StartSynchronization(context.Background(), provisioning.SynchronizationRequest{})
	w.must(err)
	// Who takes over does the page again at which the one before it died, unless that
	// was over, and dies at the next one.
	further, over := 2, 0
	if point == "run page done" {
		further, over = 1, 1
	}
	done, most := 0, pages
	for page := range pages {
		killed.await(w.t, page+1)
		at, err := w.bridge.Synchronization(context.Background(), run.ID)
		w.must(err)
		before := done
		done = at.Parts[0].PagesDone
		// Of pages that were read at once, none may be done yet.
		if read := point == "run page read"; done > page+over || done < page+over && !read || done < before {
			w.t.Fatalf("killed at page %d: %+v", page+1, at.Parts[0])
		}
		w.leases.advance(2 * time.Minute)
		most += pages - done
		if page+1 < pages {
			w.must(w.doomed(killed, further).TendSynchronizations(context.Background()))
		}
	}
	run, err = w.bridge.FollowSynchronization(context.Background(), run.ID, nil)
	w.must(err)
	if part := run.Parts[0]; run.State != provisioning.SynchronizationSucceeded || part.PagesDone != pages || !part.Resumed {
		w.t.Errorf("%+v", run)
	}
	// What was counted on a page dies with who counted it; what was reported does not.
	if part := run.Parts[0]; point != "run services written" && (part.Details != details || part.ServicesChanged != details) {
		w.t.Errorf("%+v", part)
	}
	if got := w.reported(run.ID); got != details {
		w.t.Errorf("%d services are in the report, want %d", got, details)
	}
	if got := w.details.Load() - asked; got != int64(details) {
		w.t.Errorf("%d calls about %d certificates", got, details)
	}
	if got := int(w.lists.Load() - lists); got < pages || got > most {
		w.t.Errorf("%d calls for %d pages, want %d at most: a page that was done was asked for again", got, pages, most)
	}
	killed.rise()
	for _, bridge := range killed.bridges {
		w.must(bridge.Close(context.Background()))
	}
	again, err := w.bridge.Synchronization(context.Background(), run.ID)
	w.must(err)
	if diff := cmp.Diff(run, again); diff != "" {
		w.t.Errorf("who was killed woke up and changed the run: %s", diff)
	}
	w.look()
	w.read()
	w.compare()
}

// reported counts the services that a run's report says to be cancelled.
func (w *world) reported(run string) (services int) {
	w.t.Helper()
	changes, err := w.bridge.SynchronizationChanges(context.Background(), provisioning.RunChangeQuery{Run: run, Limit: 10_000})
	w.must(err)
	for _, change := range changes {
		if change.Field == "status" && change.New == string(provisioning.StatusCancelled) {
			services++
		}
	}
	return services
}

// killed are those who die, and wait for the end of the test.
type killed struct {
	at      string // the point at which they die
	died    chan struct{}
	wake    chan struct{}
	rise    func() // wakes them all
	bridges []*provisioning.Bridge
}

func newKilled(at string) *killed {
	k := &killed{at: at, died: make(chan struct{}), wake: make(chan struct{})}
	k.rise = sync.OnceFunc(func() { close(k.wake) })
	return k
}

// await waits until the next one has died.
func (k *killed) await(t *testing.T, page int) {
	t.Helper()
	select {
	case <-k.died:
	case <-time.After(time.Minute):
		t.Fatalf("nobody came to page %d", page)
	}
}

// doomed is a process that dies when it comes to the point for the nth time: it
// does nothing any more, and gives nothing back.
func (w *world) doomed(k *killed, times int) *provisioning.Bridge {
	w.t.Helper()
	bridge := w.replica(nil, func(c *provisioning.Config) {
		c.PageSize = smallPages
		c.Reached = func(point string) {
			if point != k.at {
				return
			}
			if times--; times == 0 {
				select {
				case k.died <- struct{}{}:
				case <-k.wake:
				}
				<-k.wake
			}
		}
	})
	w.t.Cleanup(k.rise) // before the bridge is closed, which waits for it
	k.bridges = append(k.bridges, bridge)
	return bridge
}

func TestTwoRunsAtOnceCostTheCallsOfOne(t *testing.T) {
	t.Parallel()
	inEachStock(t, 400, func(w *world) {
		pages, details := w.changeEachPage()
		lists, asked := w.lists.Load(), w.details.Load()
		var running sync.WaitGroup
		runs := make([]provisioning.Synchronization, 2)
		for i := range runs {
			bridge := w.replica(nil, func(c *provisioning.Config) { c.PageSize = smallPages })
			running.Go(func() {
				run, _, err := bridge.StartSynchronization(context.Background(), provisioning.SynchronizationRequest{By: "panel:key"})
				if err == nil {
					runs[i], err = bridge.FollowSynchronization(context.Background(), run.ID, nil)
				}
				if err != nil {
					w.t.Error(err)
				}
			})
		}
		running.Wait()
		if diff := cmp.Diff(runs[0], runs[1]); diff != "" || runs[0].State != provisioning.SynchronizationSucceeded {
			w.t.Errorf("%+v\n%s", runs[0], diff)
		}
		if got, gotDetails := w.lists.Load()-lists, w.details.Load()-asked; got != int64(pages) || gotDetails != int64(details) {
			w.t.Errorf("%d pages and %d certificates were asked for, want %d and %d", got, gotDetails, pages, details)
		}
		w.look()
		w.read()
		w.compare()
	})
}
