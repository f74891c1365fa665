// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

func ownersAreTold(t *testing.T, store provisioning.Store) {
	mine := create(t, store, fullService("1"))
	theirs := fullService("2")
	theirs.Panel = "panel-2"
	create(t, store, theirs)
	elsewhere := emptyService("3")
	elsewhere.Account, elsewhere.Certificates = "shop-production", []provisioning.Certificate{certificate("3-c1", "")}
	create(t, store, elsewhere)

	owners := func(account string, ids ...string) map[string]provisioning.Owner {
		t.Helper()
		found, err := store.Owners(t.Context(), account, ids)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	first, second := provisioning.Owner{Panel: panel, ServiceID: "1"}, provisioning.Owner{Panel: "panel-2", ServiceID: "2"}
	equal(t, owners(account, "1-c1", "1-c3", "2-c2", "nobody's", "3-c1", "1-C2"),
		map[string]provisioning.Owner{"1-c1": first, "1-c3": first, "2-c2": second})
	equal(t, owners("shop-production", "3-c1", "1-c1"), map[string]provisioning.Owner{"3-c1": {Panel: panel, ServiceID: "3"}})
	equal(t, owners(account), map[string]provisioning.Owner{})
	equal(t, owners(account, "1-c1", "1-c1"), map[string]provisioning.Owner{"1-c1": first})

	// More than a page of any provider, and what is asked for comes last.
	many := make([]string, 0, 2001)
	for i := range 2000 {
		many = append(many, fmt.Sprint("none-", i))
	}
	equal(t, owners(account, append(many, mine.Certificates[1].CertificateID)...), map[string]provisioning.Owner{"1-c2": first})
}

func accountServices(t *testing.T, store provisioning.Store) {
	var want []provisioning.Service
	for i := range 7 {
		s := fullService(fmt.Sprint(9 - i)) // the store's key has nothing to do with the id
		if i%2 == 1 {
			s.Panel = "panel-2"
		}
		write(t, store, provisioning.Change{After: &s, Operation: operation("op-"+s.ServiceID, s)})
		want = append(want, s)
		elsewhere := emptyService(fmt.Sprint("elsewhere-", i))
		elsewhere.Account = "shop-production"
		create(t, store, elsewhere)
	}
	var got []provisioning.Service
	after := int64(0)
	for {
		page, err := store.AccountServices(t.Context(), account, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			t.Fatalf("a page of %d, want at most 3", len(page))
		}
		for _, s := range page {
			if s.ID <= after {
				t.Fatalf("key %d after key %d", s.ID, after)
			}
			if s.Operation != nil {
				t.Errorf("service %s came with operation %s", s.ServiceID, s.Operation.ID)
			}
			after = s.ID
		}
		got = append(got, page...)
	}
	equal(t, got, want)
	if page, err := store.AccountServices(t.Context(), "nobody", 0, 3); err != nil || len(page) != 0 {
		t.Errorf("services of an unknown account: %v, %v", page, err)
	}
}
