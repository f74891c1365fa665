// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mutation is certbridge without one of its safeguards.
type mutation struct {
	name    string
	changes []change
	// replicas: it only shows where several work on one database.
	replicas bool
}

// change replaces a passage that occurs once in a file.
type change struct{ path, passage, instead string }

// mutations is the table of safeguards. Each is taken out by itself, and the crash
// test must notice.
var mutations = []mutation{
	{
		name: "the journal is not written before the call",
		changes: []change{{
			"provisioning/charge.go",
			"err := b.save(ctx, Change{Before: &s, After: &after, Operation: operation, Lane: &lane})",
			"_, err := ctx, error(nil)",
		}},
	},
	{
		name: "the lease of the lane is ignored",
		changes: []change{
			{
				"provisioning/lane.go",
				"lane, err := b.store.TakeLane(ctx, account, b.holder, b.lease())",
				"_, lane, err := ctx, Lane{Account: account, Holder: b.holder, Lasting: b.lease()}, error(nil)",
			},
			{
				"mirror/lanes.go",
				"if kept.Error == nil && kept.RowsAffected != 1 {",
				"if false {",
			},
		},
		replicas: true,
	},
	{
		name: "what may have been executed is retryable",
		changes: []change{{
			"provisioning/journal.go",
			"case failed.outcome == Unknown:",
			"case false:",
		}},
	},
}

// killsPerMutant is within how many kills a mutant must be caught, as in the short
// run, and killsPerTry how many go by until it is judged: the first finding is
// enough.
const killsPerMutant, killsPerTry = 200, 40

// accountsOfMutants are few, so that replicas meet in them.
const accountsOfMutants = 2

func TestMutantsAreCaught(t *testing.T) { //nolint:paralleltest // see TestKilledOnSQLite
	var caught strings.Builder
	for _, mutant := range mutations {
		t.Run(mutant.name, func(t *testing.T) {
			program, first := build(t, mutant.overlay(t)), seed()
			var server server = files{}
			workers, life := 1, lifeAlone
			if mutant.replicas { // which meet rarely, so they live longer and have more to do
				server, workers, life = newSchemas(t), 3, 2*lifeAmong
			}
			sum := newTally()
			for number := 0; sum.killed() < killsPerMutant; number++ {
				count, found, err := perform(t.Context(), plan{
					program: program, server: server, workers: workers, accounts: accountsOfMutants, number: number, seed: first + uint64(number), life: life,
					kills: killsPerTry, services: killsPerMutant, calm: mutant.replicas, impatient: true, say: func(string, ...any) {},
				})
				if err != nil {
					t.Fatalf("seed %d, act %d: %v", first, number, err)
				}
				sum.merge(count)
				if i := slices.IndexFunc(found, finding.aboutMoney); i >= 0 {
					t.Logf("caught after %s: %s", sum, found[i])
					fmt.Fprintf(&caught, "| %s | %d | %s |\n", mutant.name, sum.killed(), found[i])
					return
				}
			}
			t.Errorf("seed %d: not caught: %s", first, sum)
			fmt.Fprintf(&caught, "| %s | %d | **NOT CAUGHT** |\n", mutant.name, sum.killed())
		})
	}
	if *evidenceDir != "" {
		save(t, "mutants.md", "# Mutants\n\n"+written(t)+"| without this safeguard | kills until it was judged | first finding |\n|---|---:|---|\n"+caught.String())
	}
}

// overlay writes the changed files, and gives them by the path that they replace.
func (m mutation) overlay(t *testing.T) map[string]string {
	t.Helper()
	replaced, dir := map[string]string{}, t.TempDir()
	for _, one := range m.changes {
		original, err := filepath.Abs(filepath.Join("..", one.path))
		if err != nil {
			t.Fatal(err)
		}
		from := original
		if before, again := replaced[original]; again {
			from = before
		}
		text, err := replace(from, one.passage, one.instead)
		if err != nil {
			t.Fatal(err)
		}
		replaced[original] = filepath.Join(dir, strings.ReplaceAll(one.path, "/", "-"))
		if err := os.WriteFile(replaced[original], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return replaced
}
