// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

// Whoever copies the commands that the demo prints gets no error.
func TestCommandsOfTheDemoWork(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	p := startProcess(t, program, []string{"TMPDIR=" + directory}, "demo", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0")
	var script []string
	commands := false
	for lines := bufio.NewScanner(p.stdout); lines.Scan(); {
		line := lines.Text()
		commands = commands || strings.HasPrefix(line, "To try in another terminal")
		if commands && strings.HasPrefix(line, "  ") {
			script = append(script, line)
		}
		if strings.HasPrefix(line, "It runs until") {
			break
		}
	}
	if len(script) < 12 {
		t.Fatalf("it printed %d lines of commands only: %s", len(script), p.Kill())
	}
	if err := os.Symlink(program, filepath.Join(directory, "curl")); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.Join(script, "\n"))
	shell.Dir = directory
	shell.Env = []string{atOnce, "PATH=" + directory + string(os.PathListSeparator) + os.Getenv("PATH")}
	var stdout, stderr bytes.Buffer
	shell.Stdout, shell.Stderr = &stdout, &stderr
	if err := shell.Run(); err != nil {
		t.Errorf("%v: %s\nafter %s", err, stderr.String(), stdout.String())
	}
	for _, want := range []string{
		`-----BEGIN CERTIFICATE-----`, // the download
		`"service_id":"2001"`,         // what was bought
		`"reason":"renewal"`,          // the lineage
		`"charges"`,                   // the ledger
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the answers do not contain %s:\n%s", want, stdout.String())
		}
	}
	if code := p.Interrupt(); code != exitDone {
		t.Errorf("it ends with %d: %s", code, p.stderr.String())
	}
}

func TestDemoRunsUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	p := startProcess(t, program, []string{"TMPDIR=" + directory},
		"demo", "--json", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0", "--key-file", directory+"/key")
	var scene demoScene
	if err := json.NewDecoder(p.stdout).Decode(&scene); err != nil {
		t.Fatalf("%v: %s", err, p.Kill())
	}
	if status, body := get(t, scene.API+"/readyz", ""); status != http.StatusOK {
		t.Errorf("/readyz answers %d %s", status, body)
	}
	for id, status := range demoStatuses() {
		code, body := get(t, scene.API+"/v1/services/"+id, scene.Key)
		var service struct {
			Status       string
			State        string
			ReissueState string `json:"reissue_state"`
			Successor    *struct{ Reason, Status string }
		}
		if err := json.Unmarshal([]byte(body), &service); err != nil || code != http.StatusOK || service.Status != status {
			t.Errorf("service %s answers %d %s, want status %s", id, code, body, status)
		}
		switch successor := service.Successor; id {
		case "1004":
			if service.ReissueState != "pending" || successor == nil || successor.Reason != "reissue" || successor.Status != "pending_validation" {
				t.Errorf("the reissue of service %s is %s", id, body)
			}
		case "1005":
			if service.State != "suspended" {
				t.Errorf("service %s is %s", id, body)
			}
		case "1006":
			if successor == nil || successor.Reason != "renewal" || successor.Status != "awaiting_configuration" {
				t.Errorf("the renewal of service %s is %s", id, body)
			}
		}
	}
	if written, err := os.ReadFile(directory + "/key"); err != nil || strings.TrimSpace(string(written)) != scene.Key {
		t.Errorf("the key file holds %q (%v)", written, err)
	}
	if code := p.Interrupt(); code != exitDone {
		t.Errorf("it ends with %d: %s", code, p.stderr.String())
	}
	left, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 { // the key file, which was asked for
		t.Errorf("it left %v behind", left)
	}
}

// The demo tells the same story with the same ids whatever day it is: with leaves of
// 200, 100 and 47 days, and on the days between them.
func TestDemoDoesNotDependOnTheDate(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	stories := map[string][]demoService{}
	t.Run("clocks", func(t *testing.T) {
		for _, day := range []string{
			"2026-07-20", "2026-11-22", "2027-03-15", "2027-08-01", "2028-02-29", "2028-12-31", "2029-03-15", "2029-05-01", "2030-06-15", "2031-12-31",
		} {
			t.Run(day, func(t *testing.T) {
				t.Parallel()
				story := tellDemo(t, day)
				mu.Lock()
				defer mu.Unlock()
				stories[day] = story
			})
		}
	})
	for day, story := range stories {
		if diff := cmp.Diff(stories["2026-11-22"], story); diff != "" {
			t.Errorf("%s (-2026-11-22 +%s):\n%s", day, day, diff)
		}
	}
	for _, service := range stories["2026-11-22"] {
		if want := demoStatuses()[service.ServiceID]; service.Status != want {
			t.Errorf("service %s is %s, want %s", service.ServiceID, service.Status, want)
		}
	}
}

// tellDemo opens a demo at nine o'clock of a day.
func tellDemo(t *testing.T, day string) []demoService {
	t.Helper()
	start, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Fatal(err)
	}
	d := &demo{log: zap.NewNop()}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	err = d.open(t.Context(), demoOptions{
		listen: "127.0.0.1:0", simulatorListen: "127.0.0.1:0", dir: t.TempDir(), start: start.Add(9 * time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	scene, err := d.furnish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	panel, err := d.app.mirror.Panel(t.Context(), demoPanel)
	if err != nil {
		t.Fatal(err)
	}
	oldest, err := d.app.bridge.Service(t.Context(), panel.ID, "1006")
	if err != nil {
		t.Fatal(err)
	}
	last := oldest.Certificates[len(oldest.Certificates)-1]
	if len(oldest.Orders) != 2 || last.Reason != provisioning.ReasonRenewal || last.Status != provisioning.StatusAwaitingConfiguration {
		t.Errorf("the renewal of service 1006 is %+v", last)
	}
	inUse := oldest.Certificates[:len(oldest.Certificates)-1]
	for i, certificate := range inUse[1:] {
		if before := inUse[i].Leaf; certificate.Leaf.NotBefore.After(before.NotAfter) {
			t.Errorf("nothing was in use between %s and %s", before.NotAfter, certificate.Leaf.NotBefore)
		}
	}
	if now := d.simulated.Now(); !now.Before(oldest.Current().Leaf.NotAfter) || now.Format(time.DateOnly) != day {
		t.Errorf("at %s, the certificate of service 1006 is of %s", now, oldest.Current().Leaf.NotAfter)
	}
	return scene.Services
}

func demoStatuses() map[string]string {
	return map[string]string{
		"1001": "awaiting_configuration", "1002": "pending_validation", "1003": "issued",
		"1004": "issued", "1005": "issued", "1006": "issued",
	}
}

func TestDemoSaysThatAPortIsTaken(t *testing.T) {
	t.Parallel()
	_, url := newSimulator(t)
	taken := strings.TrimPrefix(url, "http://")
	for option, args := range map[string][]string{
		"--listen":           {"demo", "--listen", taken, "--simulator-listen", "127.0.0.1:0"},
		"--simulator-listen": {"demo", "--listen", "127.0.0.1:0", "--simulator-listen", taken},
	} {
		var stderr strings.Builder
		code := run(t.Context(), args, io.Discard, &stderr, nil)
		want := taken + " is taken by another program; stop it, or choose another address with " + option
		if code != exitFailed || !strings.Contains(stderr.String(), want) {
			t.Errorf("it ends with %d: %s", code, stderr.String())
		}
	}
}

func TestDemoKeepsItsDatabaseWhereItIsTold(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	args := []string{"demo", "--json", "--dir", directory, "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	stdout, write := io.Pipe()
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, write, io.Discard, nil); _ = write.Close() }()
	var scene demoScene
	if err := json.NewDecoder(stdout).Decode(&scene); err != nil {
		t.Fatal(err)
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("it ends with %d", code)
	}
	if _, err := os.Stat(scene.Database); err != nil || !strings.HasPrefix(scene.Database, directory) {
		t.Errorf("the database is not in %s: %v", directory, err)
	}
	var stderr strings.Builder
	if code := run(t.Context(), args, io.Discard, &stderr, nil); code != exitFailed || !strings.Contains(stderr.String(), "is there already") {
		t.Errorf("the second time it ends with %d: %s", code, stderr.String())
	}
}
