// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// The figures are for `make bench`; here only that both sides go through a whole
// life on both databases, and that each action is measured.
func TestBothSidesLiveThroughAllActions(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			rows, err := measure(t.Context(), driver, options{clients: 2, services: 4, rounds: 2})
			if err != nil {
				t.Fatal(err)
			}
			var printed bytes.Buffer
			report(&printed, driver, rows)
			for _, step := range life {
				if !strings.Contains(printed.String(), step.action) {
					t.Errorf("%s was not measured:\n%s", step.action, printed.String())
				}
			}
			for _, row := range rows {
				if row.baseline.perSecond <= 0 || row.certbridge.perSecond <= 0 {
					t.Errorf("%s: %+v", row.action, row)
				}
			}
		})
	}
}

func TestTheMedianIsTakenFigureByFigure(t *testing.T) {
	t.Parallel()
	got := median([]round{{1, 30, 200}, {3, 10, 100}, {2, 20, 300}})
	if want := (round{2, 20 * time.Nanosecond, 200 * time.Nanosecond}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestAFailureEndsARound(t *testing.T) {
	t.Parallel()
	if _, err := drive(4, 0, 100, func(item int) error {
		if item == 50 {
			return errors.New("stop")
		}
		return nil
	}); err == nil || !strings.Contains(err.Error(), "item 50") {
		t.Errorf("got %v", err)
	}
}
