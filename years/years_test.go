// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"cmp"
	"context"
	"flag"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

var seedWanted = flag.Uint64("seed", 1, "seed of all chance; 0: the time")

// seed is the one that was asked for, or a new one.
func seed() uint64 {
	if *seedWanted != 0 {
		return *seedWanted
	}
	return uint64(time.Now().UnixMicro())
}

// The stock is bought from the first of these days on, when leaves still live for
// 398 days and products have their old names. Years later they live for 47.
var (
	begin  = time.Date(2026, time.February, 1, 15, 0, 0, 0, time.UTC)
	midway = time.Date(2027, time.November, 1, 0, 0, 0, 0, time.UTC)
	end    = time.Date(2029, time.July, 15, 15, 0, 0, 0, time.UTC)
)

// TestYears is the promise of the synchronization, with the meanings that a
// provider's expiry date may have, one of which changes over the years.
func TestYears(t *testing.T) {
	t.Parallel()
	courses := map[string]course{
		"leaf":    {certificates: 200, days: 30, shows: simulator.ExpiresLeaf, topology: simulator.TopologyChain},
		"term":    {certificates: 500, days: 30, shows: simulator.ExpiresTerm},
		"changes": {certificates: 200, days: 30, shows: simulator.ExpiresLeaf, changes: true, replacedOn: simulator.ReplacedOnIssuance},
	}
	for _, driver := range mirrortest.Drivers() {
		for name, one := range courses {
			t.Run(driver+" "+name, func(t *testing.T) {
				t.Parallel()
				one.on(t, driver)
			})
		}
	}
}

func TestYearsOfFiveThousand(t *testing.T) {
	t.Parallel()
	course{certificates: 5000, days: 35, shows: simulator.ExpiresTerm}.on(t, mirror.SQLite)
}

// course is how the years go.
type course struct {
	certificates int
	days         int // the most between two runs
	shows        simulator.ExpiryMeaning
	changes      bool // what it shows, midway, to the end of the term
	// topology and replacedOn are how reissues are told.
	topology   simulator.Topology
	replacedOn simulator.ReplacedOn
}

func (c course) on(t *testing.T, driver string) {
	t.Helper()
	w := newWorld(t, driver, seed(), begin)
	w.sim.Configure(func(s *simulator.Switches) {
		s.Expires, s.ReplacedBy, s.ReplacedOn = c.shows, cmp.Or(c.topology, s.ReplacedBy), cmp.Or(c.replacedOn, s.ReplacedOn)
	})
	w.shows = c.shows
	if c.certificates > 1000 {
		w.budgets = &memory{now: w.sim.Now}
	}
	w.stockUp(c.certificates / share)
	w.limit(true)
	w.day()
	w.takeOver()
	w.read()
	w.compare()
	for w.sim.Now().Before(end) {
		w.live()
		if c.changes && w.sim.Now().After(midway) {
			w.changeMeaning()
		}
		w.nextDay(c.days * apart)
		w.day()
	}
	t.Logf("%d certificates, %v", len(w.ids), w.happened)
}

// changeMeaning has the provider mean something else by its dates, unless it does
// already.
func (w *world) changeMeaning() {
	w.shows = ""
	w.sim.Configure(func(s *simulator.Switches) { s.Expires = simulator.ExpiresTerm })
}

// nextDay is when the panel's cron runs next, after as many days as chance wants.
func (w *world) nextDay(most int) {
	days := 1 + w.random.IntN(most)
	year, month, day := w.sim.Now().Date()
	w.sim.SetTime(time.Date(year, month, day+days, 3+w.random.IntN(20), w.random.IntN(60), 0, 0, time.UTC))
}

// day makes the run of a day and looks what became of everything.
func (w *world) day() {
	w.t.Helper()
	if w.random.IntN(3) == 0 {
		w.must(w.bridge.WatchValidations(context.Background()))
	}
	evidence, err := w.store.ExpiryEvidence(context.Background(), account)
	w.must(err)
	w.known = evidence.Meaning() == provisioning.ExpiresTerm
	before, open := w.rows, len(w.unsteady)
	w.look()
	w.rows = w.listed()
	calls, lists := w.calls.Load(), w.lists.Load()
	part := w.run(w.bridge)
	calls, lists = w.calls.Load()-calls, w.lists.Load()-lists
	w.lookAgain()
	w.wantCalls(part, before, open+len(w.unsteady), int(calls), int(lists))
	_, err = w.bridge.Expire(context.Background())
	w.must(err)
	w.read()
	w.compare()
	if w.t.Failed() {
		w.t.Fatalf("on %s, after %v", w.sim.Now(), w.happened)
	}
}

// lookAgain is for what a run that had to wait for its calls may have seen or not.
func (w *world) lookAgain() {
	before := w.rows
	w.look()
	w.rows, w.unsteady = w.listed(), map[string]bool{}
	for id, is := range w.rows {
		if is != before[id] {
			w.unsteady[id] = true
		}
	}
}

// run makes a run that must succeed, and gives its only part.
func (w *world) run(bridge *provisioning.Bridge) provisioning.SynchronizationPart {
	w.t.Helper()
	run, _, err := bridge.StartSynchronization(context.Background(), provisioning.SynchronizationRequest{By: "panel:key"})
	w.must(err)
	run, err = bridge.FollowSynchronization(context.Background(), run.ID, nil)
	w.must(err)
	if run.State != provisioning.SynchronizationSucceeded || len(run.Parts) != 1 {
		w.t.Fatalf("%+v", run)
	}
	return run.Parts[0]
}
