// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// RunBudgets runs the contract of a provisioning.BudgetStore, each part on a store
// of its own. open gives a fresh, empty one that ends with the test and goes by the
// given clock, or by its own if it is nil.
func RunBudgets(t *testing.T, open func(t *testing.T, clock func() time.Time) provisioning.BudgetStore) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(t *testing.T, store provisioning.BudgetStore, clock *clock)
	}{
		{"what nobody saved is empty", emptyBudget},
		{"a state comes back with the next version", savedBudget},
		{"only the version that was read is replaced", staleBudget},
		{"one of many savers of a version wins", racingBudgets},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			part.test(t, open(t, clock.now), clock)
		})
	}
	t.Run("without a clock it has its own", func(t *testing.T) {
		t.Parallel()
		budgetHasAClock(t, open(t, nil))
	})
}

// readBudget reads a row that must be readable.
func readBudget(t *testing.T, store provisioning.BudgetStore, account string) provisioning.BudgetRow {
	t.Helper()
	row, err := store.Budget(t.Context(), account)
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func saveBudget(t *testing.T, store provisioning.BudgetStore, account string, state []byte, version int64) {
	t.Helper()
	if err := store.SaveBudget(t.Context(), account, state, version); err != nil {
		t.Fatalf("version %d of %s: %v", version, account, err)
	}
}

func emptyBudget(t *testing.T, store provisioning.BudgetStore, clock *clock) {
	equal(t, readBudget(t, store, account), provisioning.BudgetRow{Now: noon()})
	clock.advance(time.Microsecond)
	equal(t, readBudget(t, store, account), provisioning.BudgetRow{Now: noon().Add(time.Microsecond)})
}

func savedBudget(t *testing.T, store provisioning.BudgetStore, clock *clock) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	states := [][]byte{[]byte(`{"a":1}`), all, bytes.Repeat([]byte("x"), 64<<10-1), {}}
	for version, state := range states {
		saveBudget(t, store, account, state, int64(version))
		clock.advance(time.Second)
		equal(t, readBudget(t, store, account), provisioning.BudgetRow{
			State: state, Version: int64(version) + 1, Now: noon().Add(time.Duration(version+1) * time.Second),
		})
	}
	equal(t, readBudget(t, store, "Shop-Sandbox"), provisioning.BudgetRow{Now: clock.now()})
	saveBudget(t, store, "Shop-Sandbox", []byte("another"), 0)
	equal(t, readBudget(t, store, account).Version, int64(len(states)))
}

func staleBudget(t *testing.T, store provisioning.BudgetStore, _ *clock) {
	refused(t, "a version of a row that nobody made", store.SaveBudget(t.Context(), account, []byte("x"), 1), provisioning.ErrStale)
	saveBudget(t, store, account, []byte("first"), 0)
	saveBudget(t, store, account, []byte("second"), 1)
	for _, version := range []int64{0, 1, 3} {
		refused(t, "a version that is not there", store.SaveBudget(t.Context(), account, []byte("x"), version), provisioning.ErrStale)
	}
	got := readBudget(t, store, account)
	equal(t, got, provisioning.BudgetRow{State: []byte("second"), Version: 2, Now: got.Now})
	saveBudget(t, store, account, []byte("second"), 2) // the same state is another version
	refused(t, "the version before", store.SaveBudget(t.Context(), account, []byte("x"), 2), provisioning.ErrStale)
}

// racingBudgets has many writers add one to the same row, none of which may be lost.
func racingBudgets(t *testing.T, store provisioning.BudgetStore, _ *clock) {
	var all sync.WaitGroup
	for range racers {
		all.Go(func() {
			for {
				row, err := store.Budget(t.Context(), account)
				if err == nil {
					err = store.SaveBudget(t.Context(), account, append(row.State, '.'), row.Version)
				}
				if !errors.Is(err, provisioning.ErrStale) {
					if err != nil {
						t.Error(err)
					}
					return
				}
			}
		})
	}
	all.Wait()
	if got := readBudget(t, store, account); len(got.State) != racers || got.Version != racers {
		t.Errorf("%d writers left %d marks in version %d", racers, len(got.State), got.Version)
	}
}

// budgetHasAClock leaves the clock to the store, which goes on by itself.
func budgetHasAClock(t *testing.T, store provisioning.BudgetStore) {
	first := readBudget(t, store, account).Now
	if apart := time.Since(first).Abs(); apart > time.Hour {
		t.Errorf("the store's clock is %s off", apart)
	}
	for !readBudget(t, store, account).Now.After(first) {
		if err := t.Context().Err(); err != nil {
			t.Fatal("the store's clock stands still")
		}
	}
}
