// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// issuedUntil is a service whose certificate in use ends at an instant. An older
// one, of an order before, has ended long ago.
func issuedUntil(serviceID string, ends time.Time) provisioning.Service {
	s := emptyService(serviceID)
	s.Orders = []provisioning.Order{order(serviceID+"-o1", ""), order(serviceID+"-o2", serviceID+"-o1")}
	s.Certificates = []provisioning.Certificate{
		issuedCertificate(serviceID+"-c1", serviceID+"-o1"), issuedCertificate(serviceID+"-c2", serviceID+"-o2"),
	}
	s.Certificates[0].Status, s.Certificates[0].Leaf.NotAfter = provisioning.StatusExpired, noon().AddDate(-1, 0, 0)
	s.Certificates[1].Leaf.NotAfter = ends
	return s
}

func servicesByPresentStatus(t *testing.T, store provisioning.Store) {
	marked := issuedUntil("3-marked", noon().Add(-time.Hour))
	marked.Certificates[1].Status = provisioning.StatusExpired
	for _, s := range []provisioning.Service{
		issuedUntil("1-over", noon().Add(-time.Minute)), issuedUntil("2-now", noon()), marked, issuedUntil("4-valid", noon().Add(time.Microsecond)),
		issuedUntil("5-over", noon().Add(-time.Hour)), emptyService("6-empty"),
	} {
		create(t, store, s)
	}
	find := func(status provisioning.Status, after string, limit int, now time.Time, want ...string) {
		t.Helper()
		found, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: panel, Status: status, After: after, Limit: limit, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range found {
			got = append(got, s.ServiceID)
		}
		equal(t, got, want)
	}
	find(provisioning.StatusIssued, "", 10, noon(), "4-valid")
	find(provisioning.StatusExpired, "", 10, noon(), "1-over", "2-now", "3-marked", "5-over")
	find(provisioning.StatusExpired, "", 3, noon(), "1-over", "2-now", "3-marked")
	find(provisioning.StatusExpired, "3-marked", 3, noon(), "5-over")
	find(provisioning.StatusAwaitingPurchase, "", 10, noon(), "6-empty")
	find("", "", 10, noon(), "1-over", "2-now", "3-marked", "4-valid", "5-over", "6-empty")
	find(provisioning.StatusIssued, "", 10, noon().Add(-2*time.Hour), "1-over", "2-now", "4-valid", "5-over")
	// As it was written.
	find(provisioning.StatusIssued, "", 10, time.Time{}, "1-over", "2-now", "4-valid", "5-over")
	find(provisioning.StatusExpired, "", 10, time.Time{}, "3-marked")
}

func endedServices(t *testing.T, store provisioning.Store) {
	over := create(t, store, issuedUntil("over", noon()))
	create(t, store, issuedUntil("valid", noon().Add(time.Microsecond)))
	create(t, store, emptyService("empty"))
	other := issuedUntil("of another panel", noon().Add(-time.Hour))
	other.Panel = "panel-2"
	other = create(t, store, other)

	find := func(after int64, limit int, want ...provisioning.Service) {
		t.Helper()
		got, err := store.EndedServices(t.Context(), noon(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	}
	find(0, 10, over, other)
	find(0, 1, over)
	find(over.ID, 10, other)
	find(0, 0, over, other)

	marked := over.Clone()
	marked.Certificates[1].Status = provisioning.StatusExpired
	write(t, store, provisioning.Change{Before: &over, After: &marked})
	find(0, 10, other)
}

func heldServices(t *testing.T, store provisioning.Store) {
	full := create(t, store, fullService("full"))
	create(t, store, emptyService("empty"))
	other := emptyService("full")
	other.Panel, other.DueDate.Held, other.DueDate.HeldBecause = "panel-2", full.DueDate.Held, provisioning.HeldJump
	other = create(t, store, other)

	find := func(after int64, limit int, want ...provisioning.Service) {
		t.Helper()
		got, err := store.HeldServices(t.Context(), after, limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	}
	find(0, 10, full, other)
	find(0, 1, full)
	find(full.ID, 10, other)

	decided := full.Clone()
	decided.DueDate = provisioning.DueDate{Accepted: full.DueDate.Held, Previous: full.DueDate.Accepted}
	write(t, store, provisioning.Change{Before: &full, After: &decided})
	equal(t, read(t, store, decided), decided)
	find(0, 10, other)
}

func expiryEvidence(t *testing.T, store provisioning.Store) {
	if got, err := store.ExpiryEvidence(t.Context(), account); err != nil || got != (provisioning.ExpiryEvidence{}) {
		t.Errorf("without any: %+v, %v", got, err)
	}
	const writers, each = 4, 5
	var writing sync.WaitGroup
	errs := make(chan error, writers*each)
	for range writers {
		writing.Go(func() {
			for range each {
				_, err := store.NoteExpiry(t.Context(), account, provisioning.ExpiryEvidence{Leaf: 2, Term: 1})
				errs <- err
			}
		})
	}
	writing.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	want := provisioning.ExpiryEvidence{Leaf: 2 * writers * each, Term: writers * each}
	if got, err := store.ExpiryEvidence(t.Context(), account); err != nil || got != want {
		t.Errorf("after %d notes: %+v, %v, want %+v", writers*each, got, err, want)
	}
	want.Term += 7
	if got, err := store.NoteExpiry(t.Context(), account, provisioning.ExpiryEvidence{Term: 7}); err != nil || got != want {
		t.Errorf("another note tells %+v, %v, want %+v", got, err, want)
	}
	if got, err := store.ExpiryEvidence(t.Context(), fmt.Sprint(account, "-2")); err != nil || got != (provisioning.ExpiryEvidence{}) {
		t.Errorf("of another account: %+v, %v", got, err)
	}
}
