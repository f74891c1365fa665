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

// A process that stops between any two steps of a run, and never says so, is taken
// over by another one; and when it wakes up it can do no harm.
func TestARunSurvivesAKillAnywhere(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		const pages = 5
		points := []string{"run taken", "run page read", "run services written", "run page done", "run list done"}
		ids := y.stock(pages * 10)
		y.flawless()
		var want []string
		for _, point := range points {
			for stop := 1; stop <= pages; stop++ {
				if (point == "run taken" || point == "run list done") && stop > 1 {
					continue
				}
				// One of each page that is left of the stock.
				page := ids[len(want)%len(ids)]
				y.cancel(page)
				want = append(want, page)
				y.killedRun(point, min(stop, y.changingPages(point, stop)))
			}
		}
		for _, id := range want {
			if s := y.service(id); s.Status() != provisioning.StatusCancelled {
				t.Errorf("service %s is %s", id, s.Status())
			}
		}
		wantCounts(t, y.flawless(), pages, len(ids), 0, 0, 0)
	})
}

// changingPages is at which page a point can be reached: services are written only
// on the page that changed.
func (y *yard) changingPages(point string, stop int) int {
	if point == "run services written" {
		return 1
	}
	return stop
}

// killedRun makes a run whose first worker stops at a point, and checks that it is
// brought to its end without it, and that what it does afterwards changes nothing.
func (y *yard) killedRun(point string, stop int) {
	t := y.t
	t.Helper()
	stopped, wake := make(chan struct{}), make(chan struct{})
	times := 0
	first := y.replica(func(c *provisioning.Config) {
		c.Reached = func(at string) {
			if at != point {
				return
			}
			if times++; times == stop {
				close(stopped)
				<-wake
			}
		}
	})
	run, _, err := first.StartSynchronization(context.Background(), provisioning.SynchronizationRequest{})
	if err != nil {
		t.Fatal(err)
	}
	<-stopped
	y.sim.Advance(2 * time.Minute) // the lease ends
	run, err = y.replica().FollowSynchronization(context.Background(), run.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	report := y.report(run)
	if run.State != provisioning.SynchronizationSucceeded || run.Parts[0].PagesDone != 5 || len(report) != 2 {
		t.Errorf("stopped at %s %d: %+v, report %q", point, stop, run, report)
	}
	close(wake)
	if err := first.Close(context.Background()); err != nil {
		t.Error(err)
	}
	again, err := y.bridge.Synchronization(context.Background(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, again); diff != "" {
		t.Errorf("who was stopped at %s %d woke up and changed the run: %s", point, stop, diff)
	}
	if diff := cmp.Diff(report, y.report(run)); diff != "" {
		t.Errorf("who was stopped at %s %d woke up and changed the report: %s", point, stop, diff)
	}
}

// A run that was taken over does not read again what was done with.
func TestARunGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(100)
		y.flawless()
		y.cancel(ids...) // each page is stored before the next one is begun
		stopped, wake := make(chan struct{}), make(chan struct{})
		done := 0
		first := y.replica(func(c *provisioning.Config) {
			c.Reached = func(at string) {
				if at != "run page done" {
					return
				}
				if done++; done == 6 {
					close(stopped)
					<-wake
				}
			}
		})
		run, _, err := first.StartSynchronization(t.Context(), provisioning.SynchronizationRequest{})
		if err != nil {
			t.Fatal(err)
		}
		<-stopped
		y.sim.Advance(2 * time.Minute)
		lists, details := y.spent(func() {
			if run, err = y.bridge.FollowSynchronization(t.Context(), run.ID, nil); err != nil {
				t.Fatal(err)
			}
		})
		close(wake)
		if lists != 4 || details != 40 || !run.Parts[0].Resumed || run.Parts[0].Details != 100 || len(y.report(run)) != 200 {
			t.Errorf("%d pages and %d certificates were asked for after 6 of 10 pages; %+v", lists, details, run.Parts[0])
		}
	})
}

// The list may become shorter between two pages, so that the next one is beyond
// its end.
func TestAPageBeyondTheEnd(t *testing.T) {
	t.Parallel()
	for _, beyond := range []simulator.BeyondEnd{simulator.BeyondEmpty, simulator.BeyondLastPage, simulator.BeyondError} {
		t.Run(string(beyond), func(t *testing.T) {
			t.Parallel()
			inEachYard(t, func(t *testing.T, y *yard) {
				y.stock(35)
				y.flawless()
				y.sim.Configure(func(w *simulator.Switches) { w.PageBeyondEnd = beyond })
				y.tell(func(command string) {
					if command == "namecheap.ssl.getList 2" {
						y.sim.Configure(func(w *simulator.Switches) { w.List = simulator.ListSingle })
					}
				})
				run := y.run()
				if run.State == provisioning.SynchronizationRunning || run.Parts[0].CertificatesSeen < 10 {
					t.Errorf("%+v", run)
				}
				y.tell(nil)
				y.sim.Configure(func(w *simulator.Switches) { w.List = simulator.ListByData })
				if part := y.flawless(); part.CertificatesSeen != 35 || part.ServicesChanged != 0 {
					t.Errorf("the next run: %+v", part)
				}
			})
		})
	}
}

func TestOnePageThatCannotBeRead(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(50)
		y.flawless()
		y.cancel(ids...)
		y.breakCall("namecheap.ssl.getList 3")
		run := y.runWith(y.replica(), provisioning.SynchronizationRequest{})
		part := run.Parts[0]
		if run.State != provisioning.SynchronizationFailed || part.ErrorCount == 0 || part.Errors[0].Code != "list_page_unread" || part.Errors[0].Page != 3 {
			t.Errorf("%+v", run)
		}
		if part.CertificatesSeen == 50 || part.ServicesChanged != part.CertificatesSeen {
			t.Errorf("what could be read was not brought up to date: %+v", part)
		}
		y.breakCall("")
		next := y.flawless()
		if next.ServicesChanged != 50-part.ServicesChanged {
			t.Errorf("the next run makes up for it: %+v", next)
		}
	})
}

func TestOneCertificateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(20)
		y.flawless()
		y.cancel(ids[4], ids[5], ids[15])
		y.sim.Inject(simulator.Fault{Command: "getinfo", Kind: simulator.FaultError, Number: "2011294"})
		run := y.run()
		part := run.Parts[0]
		if run.State != provisioning.SynchronizationFailed || part.ErrorCount != 1 || part.ServicesChanged != 2 || part.PagesDone != 2 {
			t.Fatalf("%+v", run)
		}
		failed := part.Errors[0]
		if failed.CertificateID != failed.ServiceID || failed.Panel != "panel" || !slices.Contains([]string{ids[4], ids[5], ids[15]}, failed.ServiceID) {
			t.Errorf("%+v", failed)
		}
		if s := y.service(failed.ServiceID); s.Status() == provisioning.StatusCancelled {
			t.Error("the service of the row that failed was written")
		}
		wantCounts(t, y.flawless(), 2, 20, 1, 1, 1)
		if s := y.service(failed.ServiceID); s.Status() != provisioning.StatusCancelled {
			t.Errorf("the day after it is %s", s.Status())
		}
	})
}

// An answer that is lost on its way is asked for again.
func TestAReadIsTriedAgain(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(20)
		y.flawless()
		y.cancel(ids[4])
		y.sim.Inject(simulator.Fault{Command: "getlist", Kind: simulator.FaultDrop, Times: 2})
		y.sim.Inject(simulator.Fault{Command: "getinfo", Kind: simulator.Fault405, Times: 5})
		if part := y.flawless(); part.ServicesChanged != 1 || part.ProviderCalls < 2+1+5 {
			t.Errorf("%+v", part)
		}
	})
}

// A provider that is away is not asked for each of its pages.
func TestAProviderThatIsAway(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		y.stock(200)
		y.sim.Inject(simulator.Fault{Kind: simulator.FaultDrop, Times: 1000})
		run := y.run()
		if part := run.Parts[0]; run.State != provisioning.SynchronizationFailed || part.ProviderCalls > 40 || part.ErrorCount == 0 {
			t.Errorf("%+v", run)
		}
		y.sim.ClearFaults()
		wantCounts(t, y.flawless(), 20, 200, 200, 0, 0)
	})
}

// A run waits for calls of its account as long as it has to, and says so.
func TestARunWaitsForItsBudget(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ids := y.stock(80)
		y.flawless()
		y.cancel(ids[:20]...)
		y.sim.Advance(time.Hour)
		started := make(chan string, 1)
		var told sync.Once
		budget, err := provisioning.NewBudget(provisioning.BudgetConfig{
			Store: y.mirror, Limits: map[string]provisioning.CallLimits{"test": {PerMinute: 6}},
			Wait: func(ctx context.Context, lasting time.Duration) error {
				told.Do(func() {
					id := <-started
					for waits := ""; waits == "" && ctx.Err() == nil; {
						run, err := y.store.Run(ctx, id)
						if err != nil {
							t.Error(err)
							return
						}
						waits = run.Parts[0].WaitingFor
					}
				})
				y.sim.Advance(lasting)
				return ctx.Err()
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		bridge := y.replica(func(c *provisioning.Config) {
			c.Accounts = []provisioning.Account{y.limited("test", "reseller", budget.For("test"))}
		})
		run, _, err := bridge.StartSynchronization(t.Context(), provisioning.SynchronizationRequest{})
		if err != nil {
			t.Fatal(err)
		}
		started <- run.ID
		if run, err = bridge.FollowSynchronization(t.Context(), run.ID, nil); err != nil || run.State != provisioning.SynchronizationSucceeded {
			t.Fatalf("%+v, %v", run, err)
		}
		wantCounts(t, run.Parts[0], 8, 80, 20, 20, 20)
		if run.Parts[0].WaitingFor != "" {
			t.Errorf("when it is over it waits for %q", run.Parts[0].WaitingFor)
		}
		// 28 calls at 6 a minute.
		if took := run.FinishedAt.Sub(run.StartedAt); took < 3*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}
