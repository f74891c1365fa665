// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

func TestStandingCountsWhatIsOpen(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		open := func(account, id string, kind provisioning.OperationKind, state provisioning.OperationState) {
			l.buy(account, id, id, func(_ *provisioning.Service, o *provisioning.Operation) {
				o.Kind, o.State, o.FinishedAt = kind, state, time.Time{}
			})
		}
		const pages = 201 // one more than fits on a page
		for n := range pages {
			open("shop", fmt.Sprintf("many-%03d", n), provisioning.OperationPurchase, provisioning.OperationRecorded)
		}
		open("shop", "1", provisioning.OperationRenew, provisioning.OperationUncertain)
		open("other", "2", provisioning.OperationReissue, provisioning.OperationNeedsAttention)
		open("former", "3", provisioning.OperationPurchase, provisioning.OperationSent)
		l.buy("shop", "4", "closed")

		standing, err := l.bridge.Standing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counted := map[provisioning.OpenCount]bool{}
		zeros := 0
		for _, count := range standing.Open {
			if count.Count == 0 {
				zeros++
				continue
			}
			counted[count] = true
		}
		want := map[provisioning.OpenCount]bool{
			{Account: "shop", Kind: provisioning.OperationPurchase, State: provisioning.OperationRecorded, Count: pages}:   true,
			{Account: "shop", Kind: provisioning.OperationRenew, State: provisioning.OperationUncertain, Count: 1}:         true,
			{Account: "other", Kind: provisioning.OperationReissue, State: provisioning.OperationNeedsAttention, Count: 1}: true,
			{Account: "former", Kind: provisioning.OperationPurchase, State: provisioning.OperationSent, Count: 1}:         true,
		}
		if diff := cmp.Diff(want, counted); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if all := 2 * 8 * 4; zeros != all-3 {
			t.Errorf("%d zeros, want %d", zeros, all-3)
		}
	})
}

func TestStandingWithoutItsStoreTellsTheRest(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		l.store.away = errors.New("gone")
		standing, err := l.bridge.Standing(t.Context())
		wantCode(t, err, "store_unavailable")
		want := []provisioning.AccountStanding{{Account: "shop"}, {Account: "other"}}
		if diff := cmp.Diff(want, standing.Accounts); diff != "" || standing.Open != nil {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestOperatorsSeeOperationsOfAllPanels(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		l.buy("shop", "1", "c1")
		l.buy("shop", "1", "c2", func(s *provisioning.Service, o *provisioning.Operation) {
			s.Panel, o.Panel, o.State, o.FinishedAt = "q", "q", provisioning.OperationUncertain, time.Time{}
		})
		ids := func(query provisioning.OperationQuery) (ids []string) {
			t.Helper()
			found, err := l.bridge.Operations(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, operation := range found {
				ids = append(ids, operation.ID)
			}
			return ids
		}
		if got := ids(provisioning.OperationQuery{}); !cmp.Equal(got, []string{"purchase-c2"}) {
			t.Errorf("open are %v", got)
		}
		done := provisioning.OperationQuery{States: []provisioning.OperationState{provisioning.OperationSucceeded}}
		if got := ids(done); !cmp.Equal(got, []string{"purchase-c1"}) {
			t.Errorf("succeeded are %v", got)
		}
		for id, panel := range map[string]string{"purchase-c1": "p", "purchase-c2": "q"} {
			operation, s, err := l.bridge.AnyOperation(t.Context(), id)
			if err != nil || operation.ID != id || s.Panel != panel {
				t.Errorf("%s: %+v %+v %v", id, operation, s, err)
			}
		}
		_, _, err := l.bridge.AnyOperation(t.Context(), "none")
		wantCode(t, err, "operation_not_found")
		l.store.away = errors.New("gone")
		_, err = l.bridge.Operations(t.Context(), provisioning.OperationQuery{})
		wantCode(t, err, "store_unavailable")
	})
}
