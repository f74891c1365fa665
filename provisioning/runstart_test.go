// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func TestJoiningARunAddsItsAccounts(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		ctx := context.Background()
		bridge := y.replica(func(c *provisioning.Config) {
			c.Accounts = append(c.Accounts, y.account("second", "second"))
		})
		entered, open := make(chan string, 100), make(chan struct{})
		y.tell(func(command string) {
			entered <- command
			<-open
		})
		first, joined, err := bridge.StartSynchronization(ctx, provisioning.SynchronizationRequest{Accounts: []string{"test", "test"}})
		if err != nil || joined || len(first.Parts) != 1 || first.Whole {
			t.Fatalf("%+v, joined %v, %v", first, joined, err)
		}
		<-entered
		whole, joined, err := bridge.StartSynchronization(ctx, provisioning.SynchronizationRequest{})
		if err != nil || !joined || whole.ID != first.ID || len(whole.Parts) != 2 || !whole.Whole {
			t.Fatalf("%+v, joined %v, %v", whole, joined, err)
		}
		dry, joined, err := bridge.StartSynchronization(ctx, provisioning.SynchronizationRequest{DryRun: true})
		if err != nil || joined || !dry.DryRun || dry.ID == first.ID {
			t.Fatalf("%+v, joined %v, %v", dry, joined, err)
		}
		close(open)
		for _, id := range []string{first.ID, dry.ID} {
			run, err := bridge.FollowSynchronization(ctx, id, nil)
			if err != nil || run.State != provisioning.SynchronizationSucceeded || len(run.Parts) != 2 || run.FinishedAt.IsZero() {
				t.Errorf("%+v, %v", run, err)
			}
		}
		_, _, err = bridge.StartSynchronization(ctx, provisioning.SynchronizationRequest{Accounts: []string{"third"}})
		wantCode(t, err, "unknown_account")
		_, err = bridge.Synchronization(ctx, "none")
		wantCode(t, err, "synchronization_not_found")
		_, err = bridge.SynchronizationChanges(ctx, provisioning.RunChangeQuery{Run: "none"})
		wantCode(t, err, "synchronization_not_found")
	})
}

// An account that nobody has in the configuration any more must not keep a run from
// ending for ever.
func TestAPartOfAnAccountThatIsGone(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		now := y.sim.Now()
		_, err := y.store.StartRun(t.Context(), provisioning.Synchronization{
			ID: "run", State: provisioning.SynchronizationRunning, StartedAt: now,
			Parts: []provisioning.SynchronizationPart{{Account: "gone", State: provisioning.SynchronizationRunning, PageSize: 10}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := y.bridge.TendSynchronizations(t.Context()); err != nil {
			t.Fatal(err)
		}
		if run, err := y.bridge.Synchronization(t.Context(), "run"); err != nil || run.State != provisioning.SynchronizationRunning {
			t.Errorf("another replica may know the account: %+v, %v", run, err)
		}
		y.sim.Advance(2 * time.Hour)
		run, err := y.bridge.FollowSynchronization(t.Context(), "run", nil)
		if err != nil || run.State != provisioning.SynchronizationFailed || run.Parts[0].Errors[0].Code != "account_not_configured" {
			t.Errorf("%+v, %v", run, err)
		}
	})
}

// The bridge is closed in the middle of a run: another one goes on at once.
func TestARunIsLeftToOthers(t *testing.T) {
	t.Parallel()
	inEachYard(t, func(t *testing.T, y *yard) {
		y.stock(50)
		entered, open := make(chan string, 100), make(chan struct{})
		y.tell(func(command string) {
			entered <- command
			<-open
		})
		first := y.replica()
		run, _, err := first.StartSynchronization(t.Context(), provisioning.SynchronizationRequest{})
		if err != nil {
			t.Fatal(err)
		}
		<-entered
		if err := first.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(open)
		if run, err = y.bridge.FollowSynchronization(t.Context(), run.ID, nil); err != nil || run.State != provisioning.SynchronizationSucceeded {
			t.Errorf("%+v, %v", run, err)
		}
		if _, _, err := first.StartSynchronization(t.Context(), provisioning.SynchronizationRequest{}); err != nil {
			t.Errorf("a bridge that closes leaves a run to others: %v", err)
		}
	})
}

func TestTheDailyRunStartsByItself(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("UTC+9", 9*60*60)
	inEachYard(t, func(t *testing.T, y *yard) {
		ctx := t.Context()
		at := func(day, hour, minute int) { // by the clock of the place
			y.sim.SetTime(time.Date(2026, time.November, day, hour, minute, 0, 0, tokyo))
		}
		runs := func() []provisioning.Synchronization {
			t.Helper()
			all, err := y.store.Runs(ctx, provisioning.RunQuery{Real: true})
			if err != nil {
				t.Fatal(err)
			}
			for i, run := range all {
				if all[i], err = y.bridge.FollowSynchronization(ctx, run.ID, nil); err != nil {
					t.Fatal(err)
				}
			}
			return all
		}
		at(20, 12, 0)
		bridge := y.replica(func(c *provisioning.Config) {
			c.Daily = &provisioning.TimeOfDay{Hour: 3, Minute: 10, In: tokyo}
		})
		for _, step := range []struct {
			name              string
			day, hour, minute int
			panel             bool // starts one
			runs              int  // so far
		}{
			{"the first one waits for its time", 20, 13, 0, false, 0},
			{"not yet", 21, 3, 9, false, 0},
			{"now", 21, 3, 10, false, 1},
			{"once", 21, 3, 20, false, 1},
			{"a panel's cron", 22, 1, 0, true, 2},
			{"not needed then", 22, 3, 10, false, 2},
			{"nor later", 22, 23, 0, false, 2},
			{"the next day", 23, 3, 11, false, 3},
			{"after days without any replica", 26, 9, 0, false, 4},
			{"before its time", 27, 3, 0, false, 4},
			{"too soon after the last one", 27, 12, 0, false, 4},
			{"the day after", 28, 3, 10, false, 5},
		} {
			at(step.day, step.hour, step.minute)
			if step.panel {
				y.runWith(bridge, provisioning.SynchronizationRequest{By: "panel:key"})
			}
			if err := bridge.TendSynchronizations(ctx); err != nil {
				t.Fatal(err)
			}
			if got := len(runs()); got != step.runs {
				t.Errorf("%s: %d runs, want %d", step.name, got, step.runs)
			}
		}
		at(29, 12, 0)
		if err := y.bridge.TendSynchronizations(ctx); err != nil || len(runs()) != 5 {
			t.Errorf("a replica that has no time for it starts none: %v", err)
		}
	})
}

func TestATimeOfDayIsRead(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "3:10", "24:00", "03:60", "03.10", "0310", "03:10:00"} {
		if got, err := provisioning.ParseTimeOfDay(wrong, time.UTC); err == nil {
			t.Errorf("%q is %+v", wrong, got)
		}
	}
	got, err := provisioning.ParseTimeOfDay("23:05", time.UTC)
	if want := (provisioning.TimeOfDay{Hour: 23, Minute: 5, In: time.UTC}); err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

// Rows that are equal have equal fingerprints, and no others have.
func TestFingerprintsTellRowsApart(t *testing.T) {
	t.Parallel()
	base := provisioning.CertificateSummary{
		CertificateID: "1", Reason: provisioning.ReasonPurchase, Status: provisioning.StatusIssued, ProviderStatus: "active", Product: "a",
		ProviderProduct: "b", Years: 1, CommonName: "c", PurchasedOn: provisioning.Date{Year: 2026, Month: 1, Day: 2},
		ExpiresOn: provisioning.Date{Year: 2027, Month: 1, Day: 2}, ActivationEndsOn: provisioning.Date{Year: 2028, Month: 1, Day: 2},
	}
	seen := map[uint64]string{}
	for name, change := range map[string]func(*provisioning.CertificateSummary){
		"base": func(*provisioning.CertificateSummary) {}, "id": func(s *provisioning.CertificateSummary) { s.CertificateID = "2" },
		"reason": func(s *provisioning.CertificateSummary) { s.Reason = "" }, "status": func(s *provisioning.CertificateSummary) { s.Status = "" },
		"word": func(s *provisioning.CertificateSummary) { s.ProviderStatus = "Active" }, "product": func(s *provisioning.CertificateSummary) { s.Product = "" },
		"provider's product": func(s *provisioning.CertificateSummary) { s.ProviderProduct = "bc"; s.CommonName = "" },
		"moved letters":      func(s *provisioning.CertificateSummary) { s.Product, s.ProviderProduct = "ab", "" },
		"years":              func(s *provisioning.CertificateSummary) { s.Years = 2 }, "name": func(s *provisioning.CertificateSummary) { s.CommonName = "d" },
		"purchase": func(s *provisioning.CertificateSummary) { s.PurchasedOn.Day = 3 }, "expiry": func(s *provisioning.CertificateSummary) { s.ExpiresOn.Year = 2028 },
		"activation": func(s *provisioning.CertificateSummary) { s.ActivationEndsOn = provisioning.Date{} },
		"swapped dates": func(s *provisioning.CertificateSummary) {
			s.PurchasedOn, s.ExpiresOn = s.ExpiresOn, s.PurchasedOn
		},
	} {
		row := base
		change(&row)
		fingerprint := row.Fingerprint()
		if other, twice := seen[fingerprint]; twice || fingerprint == 0 || fingerprint != row.Fingerprint() {
			t.Errorf("%s has the fingerprint %d of %q", name, fingerprint, other)
		}
		seen[fingerprint] = name
	}
}

// A long list costs what a short one costs, for each certificate.
func TestALongList(t *testing.T) {
	t.Parallel()
	y := newYard(t, mirror.SQLite)
	const rows = 10_000
	ids, err := y.sim.Stock("PositiveSSL", 1, rows)
	if err != nil {
		t.Fatal(err)
	}
	bridge := y.replica(func(c *provisioning.Config) { c.PageSize = 100 })
	for i, want := range []int{rows, 0, 100} {
		if i == 2 {
			y.cancel(ids[:100]...)
		}
		run := y.runWith(bridge, provisioning.SynchronizationRequest{})
		wantCounts(t, run.Parts[0], 100, rows, want, 0, 0)
	}
	if got := fmt.Sprint(y.calls()); got != "map[getList:300]" {
		t.Errorf("calls: %s", got)
	}
}
