// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

func eventsInPages(t *testing.T, store provisioning.Store) {
	before := create(t, store, emptyService("1"))
	create(t, store, emptyService("2"))
	var want []provisioning.Event
	for i := range 5 {
		after := before.Clone()
		// The clock may go back; the order is that of the writes.
		at := noon().Add(-time.Duration(i) * time.Minute)
		pair := []provisioning.Event{
			{At: at, Kind: fmt.Sprint("first-", i), Actor: "panel:key", Operation: "op", Detail: "Détail 🔒"},
			{At: at, Kind: fmt.Sprint("second-", i)},
		}
		write(t, store, provisioning.Change{Before: &before, After: &after, Events: pair})
		want, before = append(want, pair...), after
	}
	var got []provisioning.Event
	last := int64(0)
	for {
		page, err := store.Events(t.Context(), panel, "1", last, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 3 {
			t.Fatalf("a page of %d, want at most 3", len(page))
		}
		if len(page) == 0 {
			break
		}
		for _, event := range page {
			if event.ID <= last {
				t.Fatalf("event %d after event %d", event.ID, last)
			}
			last = event.ID
			event.ID = 0
			got = append(got, event)
		}
	}
	for i := range want {
		want[i].ID = 0
	}
	equal(t, got, want)
}

func servicesInPages(t *testing.T, store provisioning.Store) {
	// In the order of bytes, as no language sorts.
	want := []string{"1", "10", "2", "A", "B", "_", "a", "b"}
	for _, i := range []int{3, 0, 7, 5, 1, 6, 2, 4} {
		s := fullService(want[i])
		write(t, store, provisioning.Change{After: &s, Operation: operation("op-"+want[i], s)})
	}
	var got []string
	after := ""
	for {
		page, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: panel, After: after, Limit: 3})
		if err != nil {
			t.Fatal(err)
		}
		if len(page) > 3 {
			t.Fatalf("a page of %d, want at most 3", len(page))
		}
		if len(page) == 0 {
			break
		}
		for _, s := range page {
			equal(t, s, read(t, store, s))
			if len(s.Orders) != 2 || len(s.Certificates) != 3 || s.Operation == nil || s.Operation.ID != "op-"+s.ServiceID {
				t.Errorf("service %s came with %d orders, %d certificates, operation %v",
					s.ServiceID, len(s.Orders), len(s.Certificates), s.Operation)
			}
			got = append(got, s.ServiceID)
		}
		after = page[len(page)-1].ServiceID
	}
	equal(t, got, want)
}

func servicesByStatus(t *testing.T, store provisioning.Store) {
	bought, issued := emptyService("bought"), emptyService("issued")
	bought.Orders, bought.Certificates = []provisioning.Order{order("o1", "")}, []provisioning.Certificate{certificate("c1", "o1")}
	issued.Orders, issued.Certificates = []provisioning.Order{order("o2", "")}, []provisioning.Certificate{issuedCertificate("c2", "o2")}
	issued.Certificates[0].ReplacedBy = ""
	for _, s := range []provisioning.Service{emptyService("empty"), emptyService("empty-2"), bought, issued} {
		create(t, store, s)
	}
	find := func(status provisioning.Status, after string, want ...string) {
		t.Helper()
		services, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: panel, Status: status, After: after, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range services {
			if status != "" && s.Status() != status {
				t.Errorf("service %s is %s and was found as %s", s.ServiceID, s.Status(), status)
			}
			got = append(got, s.ServiceID)
		}
		equal(t, got, want)
	}
	find("", "", "bought", "empty", "empty-2", "issued")
	find(provisioning.StatusAwaitingPurchase, "", "empty", "empty-2")
	find(provisioning.StatusAwaitingPurchase, "empty", "empty-2")
	find(provisioning.StatusAwaitingConfiguration, "", "bought")
	find(provisioning.StatusIssued, "", "issued")
	find(provisioning.StatusRejected, "")

	// The status follows the service.
	before := read(t, store, bought)
	after := before.Clone()
	after.Certificates[0] = issuedCertificate("c1", "o1")
	after.Certificates[0].ID, after.Certificates[0].ReplacedBy = before.Certificates[0].ID, ""
	write(t, store, provisioning.Change{Before: &before, After: &after})
	find(provisioning.StatusAwaitingConfiguration, "")
	find(provisioning.StatusIssued, "", "bought", "issued")
}
