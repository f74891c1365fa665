// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// newRun is a run of two accounts.
func newRun(id string) provisioning.Synchronization {
	return provisioning.Synchronization{
		ID: id, State: provisioning.SynchronizationRunning, StartedBy: "panel:key", StartedAt: noon(), Whole: true,
		Parts: []provisioning.SynchronizationPart{newPart(account), newPart("shop-production")},
	}
}

func newPart(account string) provisioning.SynchronizationPart {
	return provisioning.SynchronizationPart{Account: account, State: provisioning.SynchronizationRunning, PageSize: 100}
}

// start starts a run, and gives the one that runs then.
func start(t *testing.T, store provisioning.Store, run provisioning.Synchronization) provisioning.Synchronization {
	t.Helper()
	started, err := store.StartRun(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	return started
}

func readRun(t *testing.T, store provisioning.Store, id string) provisioning.Synchronization {
	t.Helper()
	run, err := store.Run(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// progress is what an account's part of a run may come to.
func progress(run string, lane provisioning.Lane) provisioning.RunProgress {
	return provisioning.RunProgress{Run: run, Lane: lane, Part: provisioning.SynchronizationPart{
		Account: account, State: provisioning.SynchronizationFailed, PageSize: 10, PagesDone: 3, PagesTotal: 7, CertificatesSeen: 30, Changed: 4,
		Details: 3, ServicesChanged: 2, ProviderCalls: 6, WaitingFor: "calls per hour", Resumed: true, Reported: 1, Omitted: 5, ErrorCount: 9,
		Errors: []provisioning.SynchronizationError{
			{At: noon(), Page: 2, CertificateID: "c1", Panel: panel, ServiceID: "1", Code: "provider_unreachable", Detail: "Détail 🔒"},
		},
		FinishedAt: noon().Add(time.Minute),
	}}
}

func runsComeBack(t *testing.T, store provisioning.Store) {
	_, err := store.Run(t.Context(), "none")
	refused(t, "a run that is not there", err, provisioning.ErrNotFound)
	run := newRun("run")
	run.DryRun = true
	started := start(t, store, run)
	run.Parts = []provisioning.SynchronizationPart{run.Parts[1], run.Parts[0]} // in the order of their names
	equal(t, started.ID, run.ID)
	equal(t, readRun(t, store, "run"), run)

	lane := take(t, store, "synchronization:"+account, "first")
	done := progress("run", lane)
	if err := store.SaveProgress(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	run.Parts[1] = done.Part
	equal(t, readRun(t, store, "run"), run)
}

func runsAreJoined(t *testing.T, store provisioning.Store) {
	first := newRun("first")
	first.Parts, first.Whole = first.Parts[1:], false
	start(t, store, first)
	joined := start(t, store, newRun("second"))
	if joined.ID != "first" || len(joined.Parts) != 2 || !joined.Whole {
		t.Errorf("the second one got %+v", joined)
	}
	equal(t, readRun(t, store, "first"), joined)
	dry := newRun("dry")
	dry.DryRun = true
	equal(t, start(t, store, dry).ID, "dry")
	dry.ID = "dry again"
	equal(t, start(t, store, dry).ID, "dry")
	_, err := store.Run(t.Context(), "second")
	refused(t, "a run that joined another one", err, provisioning.ErrNotFound)
}

func runsEnd(t *testing.T, store provisioning.Store) {
	ctx := t.Context()
	start(t, store, newRun("first"))
	end := func(account string, state provisioning.SynchronizationState) {
		t.Helper()
		lane := take(t, store, "synchronization:"+account, "first")
		part := newPart(account)
		part.State = state
		if err := store.SaveProgress(ctx, provisioning.RunProgress{Run: "first", Part: part, Lane: lane}); err != nil {
			t.Fatal(err)
		}
		if err := store.FinishRun(ctx, "first", noon().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	end(account, provisioning.SynchronizationFailed)
	if run := readRun(t, store, "first"); run.State != provisioning.SynchronizationRunning || !run.FinishedAt.IsZero() {
		t.Errorf("with a part under way the run is %+v", run)
	}
	end("shop-production", provisioning.SynchronizationSucceeded)
	run := readRun(t, store, "first")
	if run.State != provisioning.SynchronizationFailed || !run.FinishedAt.Equal(noon().Add(time.Hour)) {
		t.Errorf("the run is %+v", run)
	}
	// An end is the end.
	if err := store.FinishRun(ctx, "first", noon().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	equal(t, readRun(t, store, "first"), run)
	equal(t, start(t, store, newRun("second")).ID, "second")
	empty := newRun("empty")
	empty.DryRun, empty.Parts = true, nil
	start(t, store, empty)
	if err := store.FinishRun(ctx, "empty", noon()); err != nil {
		t.Fatal(err)
	}
	equal(t, readRun(t, store, "empty").State, provisioning.SynchronizationSucceeded)
}

func runsAreFound(t *testing.T, store provisioning.Store) {
	ctx := t.Context()
	for i, id := range []string{"a", "c", "b"} {
		run := newRun(id)
		run.StartedAt = noon().Add(time.Duration(i) * time.Hour)
		run.Whole, run.Parts = id != "c", nil
		start(t, store, run)
		if err := store.FinishRun(ctx, id, noon()); err != nil {
			t.Fatal(err)
		}
	}
	dry := newRun("dry")
	dry.DryRun, dry.StartedAt = true, noon().Add(9*time.Hour)
	start(t, store, dry)
	for want, query := range map[string]provisioning.RunQuery{
		"[dry b c a]": {}, "[b c a]": {Real: true}, "[b a]": {Real: true, Whole: true}, "[b]": {Real: true, Limit: 1},
		"[dry]": {State: provisioning.SynchronizationRunning},
	} {
		runs, err := store.Runs(ctx, query)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, run := range runs {
			ids = append(ids, run.ID)
			equal(t, run, readRun(t, store, run.ID))
		}
		equal(t, fmt.Sprint(ids), want)
	}
}

func reportsInPages(t *testing.T, store provisioning.Store) {
	ctx := t.Context()
	start(t, store, newRun("run"))
	lane := take(t, store, "synchronization:"+account, "first")
	entry := func(n int, panel string) provisioning.ServiceChange {
		return provisioning.ServiceChange{
			Run: "run", Account: account, Panel: panel, ServiceID: fmt.Sprint(n), CertificateID: "c", Field: "status", Old: "é", New: "issued",
		}
	}
	var want []provisioning.ServiceChange
	for n := range 5 {
		if want = append(want, entry(n, panel)); n == 3 {
			want[n] = entry(n, "other")
		}
	}
	// With a service, and with the progress.
	before := create(t, store, emptyService("1"))
	after := before.Clone()
	write(t, store, provisioning.Change{Before: &before, After: &after, Report: want[:2], Lane: &lane})
	further := progress("run", lane)
	further.Changes = want[2:]
	if err := store.SaveProgress(ctx, further); err != nil {
		t.Fatal(err)
	}
	read := func(query provisioning.RunChangeQuery) (got []provisioning.ServiceChange) {
		query.Run, query.Limit = "run", 2
		for {
			page, err := store.RunChanges(ctx, query)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) > 2 {
				t.Fatalf("a page of %d, want at most 2", len(page))
			}
			if len(page) == 0 {
				return got
			}
			query.After = page[len(page)-1].ID
			for _, change := range page {
				change.ID = 0
				got = append(got, change)
			}
		}
	}
	equal(t, read(provisioning.RunChangeQuery{}), want)
	equal(t, read(provisioning.RunChangeQuery{Panel: "other"}), want[3:4])

	// What is not written is not reported.
	stale := before.Clone()
	refused(t, "a stale write", store.Write(ctx, provisioning.Change{Before: &before, After: &stale, Report: want[:1]}), provisioning.ErrStale)
	equal(t, read(provisioning.RunChangeQuery{}), want)
}

func oldRunsAreCleared(t *testing.T, store provisioning.Store) {
	ctx := t.Context()
	old := newRun("old")
	start(t, store, old)
	lane := take(t, store, "synchronization:"+account, "first")
	done := progress("old", lane)
	done.Changes = []provisioning.ServiceChange{{Run: "old", Account: account, Panel: panel, ServiceID: "1", Field: "status"}}
	if err := store.SaveProgress(ctx, done); err != nil {
		t.Fatal(err)
	}
	if err := store.ClearRuns(ctx, noon().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	readRun(t, store, "old") // it is under way
	other := take(t, store, "synchronization:shop-production", "first")
	part := newPart("shop-production")
	part.State = provisioning.SynchronizationSucceeded
	if err := store.SaveProgress(ctx, provisioning.RunProgress{Run: "old", Part: part, Lane: other}); err != nil {
		t.Fatal(err)
	}
	if err := store.FinishRun(ctx, "old", noon()); err != nil {
		t.Fatal(err)
	}
	young := newRun("young")
	young.StartedAt = noon().Add(time.Hour)
	start(t, store, young)
	if err := store.ClearRuns(ctx, noon().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err := store.Run(ctx, "old")
	refused(t, "a run that was cleared", err, provisioning.ErrNotFound)
	left, err := store.RunChanges(ctx, provisioning.RunChangeQuery{Run: "old"})
	if err != nil || len(left) > 0 {
		t.Errorf("of its report %+v is left, %v", left, err)
	}
	readRun(t, store, "young")
}

// racingRuns starts many runs at once. One runs, and has the parts of all.
func racingRuns(t *testing.T, store provisioning.Store) {
	const many = 8
	var starting sync.WaitGroup
	ids := make([]string, many)
	for i := range many {
		starting.Go(func() {
			run := newRun(fmt.Sprint("run-", i))
			run.Parts = []provisioning.SynchronizationPart{newPart(fmt.Sprint("account-", i))}
			started, err := store.StartRun(t.Context(), run)
			if err != nil {
				t.Error(err)
			}
			ids[i] = started.ID
		})
	}
	starting.Wait()
	for _, id := range ids {
		equal(t, id, ids[0])
	}
	if parts := readRun(t, store, ids[0]).Parts; len(parts) != many {
		t.Errorf("the run has %d parts, want %d", len(parts), many)
	}
	running, err := store.Runs(t.Context(), provisioning.RunQuery{})
	if err != nil || len(running) != 1 {
		t.Errorf("%d runs, %v", len(running), err)
	}
}

func unlistedAreFound(t *testing.T, store provisioning.Store) {
	ctx := t.Context()
	s := emptyService("1")
	s.Orders = []provisioning.Order{order("o1", "")}
	for i, id := range []string{"c3", "c1", "c2", "c4"} {
		c := certificate(id, "o1")
		c.CreatedAt = noon().Add(time.Duration(i) * time.Hour)
		s.Certificates = append(s.Certificates, c)
	}
	for _, status := range []provisioning.Status{provisioning.StatusReplaced, provisioning.StatusRevoked, provisioning.StatusCancelled} {
		c := certificate("c0-"+string(status), "o1")
		c.Status, c.CreatedAt = status, noon()
		s.Certificates = append(s.Certificates, c)
	}
	create(t, store, s)
	listed := []provisioning.Listing{{CertificateSummary: provisioning.CertificateSummary{CertificateID: "c1"}}}
	if err := store.SaveListings(ctx, account, listed); err != nil {
		t.Fatal(err)
	}
	if err := store.SaveListings(ctx, "other", []provisioning.Listing{{CertificateSummary: provisioning.CertificateSummary{CertificateID: "c2"}}}); err != nil {
		t.Fatal(err)
	}
	find := func(before time.Time, limit int, want ...string) {
		t.Helper()
		got, err := store.Unlisted(ctx, account, before, limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	}
	find(noon().Add(3*time.Hour), 9, "c2", "c3")
	find(noon().Add(3*time.Hour), 1, "c2")
	find(noon().Add(4*time.Hour), 9, "c2", "c3", "c4")
	find(noon(), 9)
}

// progressUnderALease saves progress with and without the right to.
func progressUnderALease(t *testing.T, store provisioning.Store, clock *clock) {
	ctx := t.Context()
	start(t, store, newRun("run"))
	name := "synchronization:" + account
	lane := take(t, store, name, "first")
	clock.advance(lasting - time.Microsecond)
	if err := store.SaveProgress(ctx, progress("run", lane)); err != nil {
		t.Fatal(err)
	}
	clock.advance(lasting - time.Microsecond)
	_, err := store.TakeLane(ctx, name, "second", lasting)
	refused(t, "the lease of the part", err, provisioning.ErrBusy)
	before := readRun(t, store, "run")
	clock.advance(time.Microsecond)
	further := progress("run", lane)
	further.Part.PagesDone, further.Changes = 4, []provisioning.ServiceChange{{Run: "run", Account: account, Field: "status"}}
	refused(t, "progress after the lease", store.SaveProgress(ctx, further), provisioning.ErrLaneLost)
	take(t, store, name, "second")
	refused(t, "progress under another one's lease", store.SaveProgress(ctx, further), provisioning.ErrLaneLost)
	equal(t, readRun(t, store, "run"), before)
	changes, err := store.RunChanges(ctx, provisioning.RunChangeQuery{Run: "run"})
	if err != nil || len(changes) > 0 {
		t.Errorf("the report has %+v, %v", changes, err)
	}
}
