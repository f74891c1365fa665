// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

func TestARunCostsItsPagesAndWhatChanged(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		const services, nobodys = 960, 40
		ids := y.stock(services)
		if _, err := y.sim.Stock("PositiveSSL", 1, nobodys); err != nil {
			t.Fatal(err)
		}
		bridge := y.replica(func(c *provisioning.Config) { c.PageSize = 100 })
		run := func() provisioning.SynchronizationPart {
			return y.runWith(bridge, provisioning.SynchronizationRequest{}).Parts[0]
		}
		lists, details := y.spent(func() { wantCounts(t, run(), 10, 1000, 1000, 0, 0) })
		if lists != 10 || details != 0 {
			t.Errorf("the first run made %d and %d calls, want 10 and 0: the mirror explains every row", lists, details)
		}
		if y.store.written.Load() != 0 || y.store.marked.Load() != 1000 {
			t.Errorf("the first run wrote %d services and marked %d rows", y.store.written.Load(), y.store.marked.Load())
		}

		gone := []string{ids[0], ids[1], ids[500], ids[959]}
		y.cancel(gone...)
		y.store.marked.Store(0)
		lists, details = y.spent(func() { wantCounts(t, run(), 10, 1000, 4, 4, 4) })
		if lists != 10 || details != 4 {
			t.Errorf("with 4 changes it made %d and %d calls, want 10 and 4", lists, details)
		}
		if y.store.written.Load() != 4 || y.store.marked.Load() != 4 {
			t.Errorf("4 changes wrote %d services and marked %d rows", y.store.written.Load(), y.store.marked.Load())
		}
		for _, id := range gone {
			if s := y.service(id); s.Status() != provisioning.StatusCancelled {
				t.Errorf("service %s is %s", id, s.Status())
			}
		}

		y.store.written.Store(0)
		y.store.marked.Store(0)
		lists, details = y.spent(func() { wantCounts(t, run(), 10, 1000, 0, 0, 0) })
		if lists != 10 || details != 0 || y.store.written.Load() != 0 || y.store.marked.Load() != 0 {
			t.Errorf("nothing changed: %d and %d calls, %d services and %d rows written", lists, details, y.store.written.Load(), y.store.marked.Load())
		}
	})
}

func TestTwoRunsAtOnceCostTheCallsOfOne(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(95)
		y.flawless()
		y.cancel(ids[3], ids[50])
		replicas := []*provisioning.Bridge{y.bridge, y.replica(), y.replica()}
		entered, open := make(chan struct{}), make(chan struct{})
		var once sync.Once
		y.tell(func(string) {
			once.Do(func() { close(entered) })
			<-open
		})
		runs := make([]provisioning.Synchronization, len(replicas))
		lists, details := y.spent(func() {
			var running sync.WaitGroup
			for i, bridge := range replicas {
				running.Go(func() { runs[i] = y.runWith(bridge, provisioning.SynchronizationRequest{By: "panel:key"}) })
			}
			<-entered
			joined, is, err := y.bridge.StartSynchronization(context.Background(), provisioning.SynchronizationRequest{})
			if err != nil || !is || joined.State != provisioning.SynchronizationRunning {
				t.Errorf("while one runs: %+v, joined %v, %v", joined, is, err)
			}
			close(open)
			running.Wait()
		})
		if lists != 10 || details != 2 {
			t.Errorf("%d and %d calls, want 10 and 2", lists, details)
		}
		if diff := cmp.Diff([]provisioning.Synchronization{runs[0], runs[0], runs[0]}, runs); diff != "" {
			t.Error(diff)
		}
		wantCounts(t, runs[0].Parts[0], 10, 95, 2, 2, 2)
	})
}

func TestAListThatChangesWhileItIsRead(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(60)
		y.flawless()
		y.cancel(ids...)
		y.sim.Configure(func(w *simulator.Switches) { w.ListChanges = true })
		part := y.flawless()
		// A row that slips through between two pages is found by asking about it.
		if part.Details != 60 || part.ServicesChanged != 60 || part.PagesDone < 6 || part.PagesDone > 12 || part.CertificatesSeen > 60 {
			t.Errorf("%+v", part)
		}
		y.sim.Configure(func(w *simulator.Switches) { w.ListChanges = false })
		part = y.flawless()
		if part.Details != 0 {
			t.Errorf("the day after: %+v", part)
		}
	})
}

// A provider that shows less than it holds must not make anybody believe that the
// rest is gone.
func TestAListThatLacksCertificates(t *testing.T) {
	t.Parallel()
	for _, form := range []simulator.ListForm{simulator.ListEmpty, simulator.ListSingle} {
		for _, beyond := range []simulator.BeyondEnd{simulator.BeyondEmpty, simulator.BeyondLastPage, simulator.BeyondError} {
			t.Run(string(form)+" "+string(beyond), func(t *testing.T) {
				t.Parallel()
				inEachYard(t, func(t *testing.T, y *yard) {
					ids := y.stock(25)
					y.flawless()
					y.sim.Configure(func(w *simulator.Switches) { w.List, w.PageBeyondEnd = form, beyond })
					shown := 0
					if form == simulator.ListSingle {
						shown = 1
					}
					run := y.run()
					part := run.Parts[0]
					if part.PagesDone != 1 || part.CertificatesSeen != shown || part.Details != 25-shown || part.ErrorCount != 0 {
						t.Errorf("%+v", part)
					}
					if report := y.report(run); len(report) != 0 {
						t.Errorf("something was said of what is there: %q", report)
					}
					for _, id := range ids {
						if s := y.service(id); s.Status() != provisioning.StatusAwaitingConfiguration {
							t.Errorf("service %s is %s", id, s.Status())
						}
					}
					// What was asked about is not asked about each day.
					if part := y.flawless(); part.Details != 0 {
						t.Errorf("the next run: %+v", part)
					}
					y.sim.Configure(func(w *simulator.Switches) { w.List = simulator.ListByData })
					wantCounts(t, y.flawless(), 3, 25, 25-shown, 0, 0)
				})
			})
		}
	}
}

// A dry run says what the next real one does, and changes nothing.
func TestADryRunEqualsTheNextRun(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(30)
		issued := y.issued("issued", "www.example.com")
		again := y.issued("again", "again.example.com")
		y.flawless()
		y.cancel(ids[:7]...)
		if _, err := y.sim.ReissueByHand(issued, ""); err != nil {
			t.Fatal(err)
		}
		successor, err := y.sim.ReissueByHand(again, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := y.sim.Approve(successor); err != nil {
			t.Fatal(err)
		}
		y.store.written.Store(0)
		y.store.marked.Store(0)
		dry := y.runWith(y.bridge, provisioning.SynchronizationRequest{DryRun: true})
		if y.store.written.Load() != 0 || y.store.marked.Load() != 0 {
			t.Errorf("a dry run wrote %d services and %d rows", y.store.written.Load(), y.store.marked.Load())
		}
		next := y.run()
		if diff := cmp.Diff(y.report(next), y.report(dry)); diff != "" || len(y.report(next)) < 7 {
			t.Errorf("%d entries (-next +dry)\n%s", len(y.report(next)), diff)
		}
		if dry.Parts[0].Details != next.Parts[0].Details || dry.Parts[0].ServicesChanged != next.Parts[0].ServicesChanged {
			t.Errorf("dry %+v\nnext %+v", dry.Parts[0], next.Parts[0])
		}
	})
}

// issued makes a service whose certificate is issued, and gives its id.
func (y *yard) issued(serviceID, commonName string) string {
	y.t.Helper()
	ctx := context.Background()
	request := provisioning.CreateRequest{Account: "test", Product: "positivessl", Years: 1}
	if _, err := y.bridge.Create(ctx, y.caller, serviceID, request); err != nil {
		y.t.Fatal(err)
	}
	configuration := byDNS(newCSR(y.t, commonName))
	configuration.Contact = provisioning.Contact{
		FirstName: "Ann", LastName: "Doe", Email: "ann@example.com", Phone: "+1.5551234567", Address1: "1 Road", City: "Town",
		State: "CA", PostalCode: "90001", Country: "US",
	}
	result, err := y.bridge.Activate(ctx, y.caller, serviceID, configuration)
	if err != nil {
		y.t.Fatal(err)
	}
	id := result.Service.Current().CertificateID
	if err := y.sim.Approve(id); err != nil {
		y.t.Fatal(err)
	}
	if _, err := y.bridge.Synchronize(ctx, y.caller, serviceID); err != nil {
		y.t.Fatal(err)
	}
	return id
}

// A reissue in the provider's own panel is found by the list and reported like one
// of ours.
func TestAReissueByHandIsFoundByTheList(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		first := y.issued("1", "www.example.com")
		y.flawless()
		second, err := y.sim.ReissueByHand(first, "")
		if err != nil {
			t.Fatal(err)
		}
		run := y.run()
		wantCounts(t, run.Parts[0], 1, 2, 2, 2, 1)
		s := y.service("1")
		if s.ReissueState() != provisioning.ReissuePending || s.Current().CertificateID != first || s.Successor().CertificateID != second {
			t.Errorf("%s, %+v", s.ReissueState(), s.Certificates)
		}
		want := []string{"panel 1 reissue_state: none -> pending", "panel 1 successor:  -> " + second}
		if diff := cmp.Diff(want, y.report(run)); diff != "" {
			t.Error(diff)
		}
		y.sim.Advance(24 * time.Hour)
		if err := y.sim.Approve(second); err != nil {
			t.Fatal(err)
		}
		run = y.run()
		wantCounts(t, run.Parts[0], 1, 2, 1, 1, 1)
		s = y.service("1")
		if s.ReissueState() != provisioning.ReissueCompleted || s.Current().CertificateID != second || s.Certificate(first).Status != provisioning.StatusReplaced {
			t.Errorf("%s, %+v", s.ReissueState(), s.Certificates)
		}
		report := y.report(run)
		for _, line := range []string{
			"panel 1 certificate_id: " + first + " -> " + second, "panel 1 reissue_state: pending -> completed", "panel 1 successor: " + second + " -> ",
		} {
			if !slices.Contains(report, line) {
				t.Errorf("the report lacks %q: %q", line, report)
			}
		}
		wantCounts(t, y.flawless(), 1, 2, 0, 0, 0)
	})
}

// An operation in doubt is settled by what the list leads to.
func TestARunSettlesAnOperationInDoubt(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		first := y.issued("1", "www.example.com")
		y.flawless()
		y.sim.Inject(simulator.Fault{Command: "reissue", Kind: simulator.FaultLost})
		result, err := y.bridge.Reissue(t.Context(), y.caller, "1", provisioning.Configuration{CSR: newCSR(t, "www.example.com")})
		if err != nil || result.Operation == nil {
			t.Fatalf("%+v, %v", result, err)
		}
		part := y.flawless()
		s := y.service("1")
		if s.Operation != nil || s.ReissueState() != provisioning.ReissuePending || s.Current().CertificateID != first || part.ServicesChanged != 1 {
			t.Errorf("%+v, %+v", s.Operation, part)
		}
	})
}

func TestACertificateThatTheProviderDoesNotKnow(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		y.stock(3)
		s := y.bought("987654321")
		if err := y.store.Store.Write(t.Context(), provisioning.Change{After: &s}); err != nil {
			t.Fatal(err)
		}
		run := y.run()
		if diff := cmp.Diff([]string{"panel 987654321 known_upstream: true -> false"}, y.report(run)); diff != "" {
			t.Error(diff)
		}
		wantCounts(t, run.Parts[0], 1, 3, 3, 1, 1)
		if after := y.service("987654321"); after.Status() != provisioning.StatusAwaitingConfiguration {
			t.Errorf("a guess was written: %s", after.Status())
		}
		events, err := y.bridge.Events(t.Context(), "panel", "987654321", 0, 100)
		if err != nil || len(events) != 1 || events[0].Kind != "certificate.missing" {
			t.Errorf("%+v, %v", events, err)
		}
		wantCounts(t, y.flawless(), 1, 3, 0, 0, 0)
	})
}
