// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

func TestSyncReportsWhatChanged(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			i := openTill(t, driver)
			simulated := i.simulated
			i.order("1042")
			id := simulated.Certificates()[0].ID
			stdout, stderr, code := i.command("sync")
			if code != exitDone || !strings.Contains(stdout, "Account hostlantern-sandbox: 1 page of the list, 1 certificate, 1 not as before; 0 services changed; 1 call.") {
				t.Errorf("%d, %s, %s", code, stdout, stderr)
			}
			if !strings.Contains(stderr, "page 1 of 1") {
				t.Errorf("how far it was: %q", stderr)
			}
			if err := simulated.Cancel(id); err != nil {
				t.Fatal(err)
			}
			dry := i.must("sync", "--dry-run", "--account", "hostlantern-sandbox")
			for _, line := range []string{
				"Service 1042 of panel shop, account hostlantern-sandbox:", "  status           awaiting_configuration -> cancelled", "1 service would change",
			} {
				if !strings.Contains(dry, line) {
					t.Errorf("the report of a dry run lacks %q:\n%s", line, dry)
				}
			}
			var report runView
			if err := json.Unmarshal([]byte(i.must("sync", "--json")), &report); err != nil {
				t.Fatal(err)
			}
			if report.State != "succeeded" || report.DryRun || len(report.Accounts) != 1 || report.Accounts[0].ProviderCalls != 2 {
				t.Errorf("%+v", report)
			}
			want := runChangeView{Account: "hostlantern-sandbox", Panel: "shop", ServiceID: "1042", CertificateID: id, Field: "status", Old: "awaiting_configuration", New: "cancelled"}
			if len(report.Changes) == 0 || report.Changes[0] != want {
				t.Errorf("%+v", report.Changes)
			}
			if _, stderr, code := i.command("sync", "--account", "moon"); code != exitFailed || !strings.Contains(stderr, `there is no account "moon"`) {
				t.Errorf("an account that there is not: %d, %s", code, stderr)
			}
		})
	}
}

func TestSyncFailsWithItsErrors(t *testing.T) {
	t.Parallel()
	simulated, url := newSimulator(t)
	i := installAgainst(t, mirror.SQLite, url)
	i.must("migrate")
	simulated.Configure(func(w *simulator.Switches) { w.WrongKey = true })
	stdout, _, code := i.command("sync")
	if code != exitFailed || !strings.Contains(stdout, "Error: Page 1 of the list could not be read, account_not_usable.") {
		t.Errorf("%d: %s", code, stdout)
	}
}

// A run that somebody else works on is followed, and what it reports is reported.
func TestSyncFollowsARunOfServe(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			simulated, err := simulator.New(simulatorOptions("sandbox"))
			if err != nil {
				t.Fatal(err)
			}
			entered, open := make(chan struct{}, 100), make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				entered <- struct{}{}
				<-open
				simulated.ServeHTTP(w, r)
			}))
			t.Cleanup(server.Close)
			i := installAgainst(t, driver, server.URL)
			i.must("migrate")
			key := i.createdKey("create", "shop")
			address, served := i.serve()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/synchronizations", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+key)
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			if response.StatusCode != http.StatusAccepted {
				t.Fatalf("HTTP %d", response.StatusCode)
			}
			<-entered
			type result struct {
				stdout string
				code   int
			}
			synced := make(chan result, 1)
			said, stderr := io.Pipe()
			go func() {
				var stdout bytes.Buffer
				code := runWith(t.Context(), i.seams, []string{"sync", "--config", i.config}, &stdout, stderr, []string{"KEY=" + simulatorKey})
				_ = stderr.Close()
				synced <- result{stdout.String(), code}
			}()
			lines := bufio.NewScanner(said)
			if !lines.Scan() || !strings.HasPrefix(lines.Text(), "A synchronization is under way since ") {
				t.Errorf("it says %q", lines.Text())
			}
			close(open)
			for lines.Scan() {
			}
			got := <-synced
			if got.code != exitDone || !strings.Contains(got.stdout, "Account hostlantern-sandbox: 1 page of the list, 0 certificates") {
				t.Errorf("%+v", got)
			}
			if calls := len(simulated.Calls()); calls != 1 {
				t.Errorf("%d calls, want that of the one run", calls)
			}
			served.Stop()
		})
	}
}

func TestSyncShowsHowFarItIs(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 3, 10, 0, 0, time.UTC)
	running := func(done, total, changed int) provisioning.Synchronization {
		return provisioning.Synchronization{State: provisioning.SynchronizationRunning, Parts: []provisioning.SynchronizationPart{
			{Account: "a", State: provisioning.SynchronizationRunning, PagesDone: done, PagesTotal: total, ServicesChanged: changed},
		}}
	}
	waiting := running(30, 100, 2)
	waiting.Parts[0].WaitingFor = "calls per hour, until 2026-11-22T04:10:00Z"
	over := running(100, 100, 3)
	over.State, over.Parts[0].ErrorCount = provisioning.SynchronizationFailed, 1
	steps := []struct {
		after time.Duration
		run   provisioning.Synchronization
	}{
		{0, running(0, 0, 0)}, {time.Second, running(10, 100, 0)}, {10 * time.Second, running(20, 100, 1)},
		{time.Second, running(21, 100, 1)}, {time.Second, waiting}, {time.Second, waiting}, {time.Second, over},
	}
	show := func(terminal bool) string {
		var to bytes.Buffer
		at := now
		s := &syncProgress{to: &to, terminal: terminal, now: func() time.Time { return at },
			left: func(context.Context, provisioning.Synchronization) (provisioning.CallsLeft, bool) {
				return provisioning.CallsLeft{Minute: provisioning.Unlimited, Hour: 640, Day: 7000}, true
			}}
		for _, step := range steps {
			at = at.Add(step.after)
			s.show(t.Context(), step.run)
		}
		s.done()
		return to.String()
	}
	lines := []string{
		"reading the first page of the list, 0 services changed, calls left 640/hour 7000/day",
		"page 10 of 100, 0 services changed, calls left 640/hour 7000/day",
		"page 20 of 100, 1 service changed, calls left 640/hour 7000/day, about 80 s to go",
		"page 30 of 100, 2 services changed, calls left 640/hour 7000/day, about 42 s to go; waiting for calls per hour, until 2026-11-22T04:10:00Z",
		"page 100 of 100, 3 services changed, 1 error",
	}
	lines[2] = strings.Replace(lines[2], "80 s", "1 min", 1)
	if diff := cmp.Diff(strings.Join(lines, "\n")+"\n", show(false)); diff != "" {
		t.Errorf("without a terminal (-want +got):\n%s", diff)
	}
	bars := strings.Split(show(true), "\r\x1b[K")
	if len(bars) != len(steps)+2 || bars[1] != "[....................] "+lines[0] || bars[3] != "[####................] "+lines[2] ||
		bars[7] != "[####################] "+lines[4] || bars[8] != "" {
		t.Errorf("on a terminal: %q", bars)
	}
}
