// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// The journal only grows, and it is asked every few seconds what is open and what
// is due.
func TestWhatIsOpenOrDueIsFoundWithoutReadingTheWholeJournal(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.SQLite)
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address})
	counter := mirror.NewCounter()
	store.Count(counter)
	open := []provisioning.OperationState{provisioning.OperationSent, provisioning.OperationUncertain}
	for _, query := range []provisioning.OperationQuery{
		{States: open},
		{Account: "a", States: open},
		{Account: "a", States: open, Kinds: []provisioning.OperationKind{provisioning.OperationPurchase}},
		{LookUntil: time.Now()},
		{LookUntil: time.Now(), States: open},
		{LookUntil: time.Now(), After: "op", Limit: 1},
		{Account: "a", Kinds: []provisioning.OperationKind{provisioning.OperationPurchase, provisioning.OperationRenew}},
	} {
		counter.Statements = nil
		if _, err := store.Operations(t.Context(), query); err != nil {
			t.Fatal(err)
		}
		var ignored int
		var plan string
		explain := connect(t, mirror.SQLite, address).QueryRowContext(t.Context(), "EXPLAIN QUERY PLAN "+counter.Statements[0])
		if err := explain.Scan(&ignored, &ignored, &ignored, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(plan, "SEARCH operations USING INDEX operations_") && !strings.Contains(plan, "(open_service") {
			t.Errorf("%+v: %s", query, plan)
		}
	}
}
