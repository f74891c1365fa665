// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"testing"
	"time"
)

func TestABalanceBecomesLowOnce(t *testing.T) {
	t.Parallel()
	noon := reportTime()
	meter := new(accountMeter)
	for i, c := range []struct {
		after       time.Duration
		units       int64
		low, became bool
	}{
		{time.Minute, 900, false, false},
		{2 * time.Minute, 90, true, true},
		{3 * time.Minute, 80, true, false},
		{time.Minute, 900, false, false}, // somebody who looked earlier comes late
		{4 * time.Minute, 70, true, false},
		{5 * time.Minute, 900, false, false},
		{6 * time.Minute, 60, true, true},
	} {
		if became := meter.noteBalance(usd(c.units), noon.Add(c.after), c.low); became != c.became {
			t.Errorf("step %d: became low is %t", i, became)
		}
	}
	meter.noteAbove()
	meter.noteAbove()
	want := AccountStanding{Account: "a", Balance: usd(60), BalanceAt: noon.Add(6 * time.Minute), Low: true, AboveAuthorised: 2}
	if got := meter.read("a"); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestTheLedgerLeavesTheStoreItsTime(t *testing.T) {
	t.Parallel()
	bounded, cancel := context.WithTimeout(t.Context(), 4*time.Hour)
	defer cancel()
	inner, end := leavingTime(bounded)
	defer end()
	whole, _ := bounded.Deadline()
	if listing, set := inner.Deadline(); !set || whole.Sub(listing) < 59*time.Minute || whole.Sub(listing) > time.Hour {
		t.Errorf("the list has until %v of %v", listing, whole)
	}
	free, end := leavingTime(t.Context())
	defer end()
	if _, set := free.Deadline(); set {
		t.Error("a ledger without a deadline got one")
	}
}
