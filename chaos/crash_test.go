// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// killsPerAct is how often certbridge is killed until everything is left in peace
// and judged.
const killsPerAct = 200

// How long processes live at most that die at any moment: enough for some charges.
// Where several work side by side they are slower.
const (
	lifeAlone = 120 * time.Millisecond
	lifeAmong = 250 * time.Millisecond
)

// findingsTold is how many findings are told; one is too many.
const findingsTold = 30

// These tests do not run in parallel: the machine has few processors, and what they
// want to show is what happens when processes die in the middle of their work.

func TestKilledOnSQLite(t *testing.T) { //nolint:paralleltest // see above
	crash(t, "SQLite", files{}, 1, lifeAlone)
}

func TestKilledOnMariaDB(t *testing.T) { //nolint:paralleltest // see above
	crash(t, "MariaDB", newSchemas(t), 3, lifeAmong)
}

// crash plays acts until there were kills enough, and judges each.
func crash(t *testing.T, name string, server server, workers int, life time.Duration) {
	t.Helper()
	program, first, sum := build(t, nil), seed(), newTally()
	t.Logf("seed %d", first)
	for number := 0; sum.killed() < *killsWanted; number++ {
		count, found, err := perform(t.Context(), plan{
			program: program, server: server, workers: workers, accounts: len(accountNames), number: number, seed: first + uint64(number), life: life,
			kills: min(killsPerAct, *killsWanted-sum.killed()), services: killsPerAct, say: t.Logf,
		})
		sum.merge(count)
		if err != nil {
			t.Fatalf("seed %d, act %d: %v", first, number, err)
		}
		for _, one := range found[:min(len(found), findingsTold)] {
			t.Errorf("seed %d, act %d: %s", first, number, one)
		}
		t.Logf("act %d: %s; so far: %s", number, count, sum)
		if t.Failed() {
			break
		}
	}
	for _, place := range places(server) {
		if sum.kills[place] == 0 && *killsWanted >= killsPerAct {
			t.Errorf("nothing was ever killed %s", place)
		}
	}
	t.Logf("kills: %v; faults: %v", sum.kills, sum.faults)
	if *evidenceDir != "" {
		record(t, name, first, sum)
	}
}

// places are where something must have been killed in every run.
func places(server server) []string {
	list := []string{atRandom}
	for _, point := range points {
		list = append(list, atPoint(point))
	}
	if s, own := server.(schemas); own && s.server != nil {
		list = append(list, atDatabase)
	}
	return list
}

// record writes the summary of a run for those who were not there.
func record(t *testing.T, name string, seed uint64, sum *tally) {
	t.Helper()
	result := "passed"
	if t.Failed() {
		result = "FAILED"
	}
	text := fmt.Sprintf("# Crash run on %s: %s\n\n", name, result) + written(t) +
		fmt.Sprintf("Seed %d; %s.\n\n", seed, sum.version) + sum.table()
	save(t, "crash-"+strings.ToLower(name)+".md", text)
}

// written tells when, from what and on what a page of evidence was made.
func written(t *testing.T) string {
	t.Helper()
	git := func(args ...string) string {
		output, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", ".."}, args...)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(output))
	}
	commit := git("describe", "--tags", "--always")
	if git("status", "--porcelain", "--", ".", ":!docs/evidence") != "" {
		commit += " with changes"
	}
	return "Written by `make chaos`; what that does is told in [chaos/doc.go](../../chaos/doc.go).\n\n" +
		fmt.Sprintf("%s, commit %s; %s, %s/%s, %d processors.\n\n",
			time.Now().UTC().Format(time.DateOnly), commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}

// save writes a page of evidence.
func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(*evidenceDir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(*evidenceDir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
