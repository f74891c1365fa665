// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// scale says with how much the synchronization is measured.
type scale struct {
	counted []int         // certificates of the accounts whose calls are counted
	feed    int           // changes that a reader of the feed catches up with
	many    int           // certificates for speed
	most    int           // certificates for memory
	latency time.Duration // of the provider, where speed is measured
	rounds  int           // in which a run and what it is compared with take turns
}

func fullScale() scale {
	return scale{
		counted: []int{1000, 10_000, 100_000}, feed: 10_000, many: 100_000, most: 1_000_000,
		latency: 20 * time.Millisecond, rounds: 5,
	}
}

// goal is a figure of the synchronization beside what it should be.
type goal struct {
	figure, wanted, measured string
	met                      bool
}

// part is a part of what is measured of the synchronization.
type part struct {
	name    string
	measure func(ctx context.Context, driver string, of scale) ([]goal, error)
}

// partsOf gives the part of a name, or all of them.
func partsOf(only string) ([]part, error) {
	all := []part{
		{"calls", measureCalls}, {"feed", measureFeed}, {"speed", measureSpeed}, {"writing", measureWriting}, {"memory", measureMemory},
	}
	if only == "" || only == "synchronization" {
		return all, nil
	}
	for _, one := range all {
		if one.name == only {
			return []part{one}, nil
		}
	}
	return nil, fmt.Errorf("there is nothing called %q to measure", only)
}

// synchronization measures parts on databases, and tells of each as soon as it is
// measured.
func synchronization(ctx context.Context, parts []part, drivers []string, of scale, tell func([]goal)) error {
	for _, part := range parts {
		for _, driver := range drivers {
			goals, err := part.measure(ctx, driver, of)
			if err != nil {
				return fmt.Errorf("%s, %s: %w", part.name, driver, err)
			}
			for i := range goals {
				goals[i].figure = driver + ", " + goals[i].figure
			}
			tell(goals)
		}
	}
	return nil
}

func reportGoals(w io.Writer, goals []goal) {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, g := range goals {
		verdict := "met"
		if !g.met {
			verdict = "NOT MET"
		}
		_, _ = fmt.Fprintln(table, strings.Join([]string{g.figure, g.wanted, g.measured, verdict}, "\t"))
	}
	_ = table.Flush()
}

// emptyDatabase is a stage with an empty database, whose address it gives.
func emptyDatabase(ctx context.Context, driver string) (s *stage, dsn string, err error) {
	s = &stage{}
	if dsn, _, err = s.databases(ctx, driver); err != nil {
		return nil, "", errors.Join(err, s.close())
	}
	return s, dsn, nil
}

// middle is the median.
func middle(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}

// spread tells the lowest and the highest of what was measured.
func spread(values []float64, format string) string {
	return fmt.Sprintf("("+format+" to "+format+")", slices.Min(values), slices.Max(values))
}
