// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// listed is a listing with every field set that a synchronization sets.
func listed(certificateID string) provisioning.Listing {
	return provisioning.Listing{
		CertificateSummary: provisioning.CertificateSummary{
			CertificateID: certificateID, Reason: provisioning.ReasonRenewal, Status: provisioning.StatusIssued, ProviderStatus: "active",
			Product: "positivessl", ProviderProduct: "PositiveSSL <\"1\"> Änn 🔒", Years: 2, CommonName: "example.com",
			PurchasedOn:      provisioning.Date{Year: 2026, Month: time.November, Day: 22},
			ExpiresOn:        provisioning.Date{Year: 2028, Month: time.February, Day: 29},
			ActivationEndsOn: provisioning.Date{Year: 2027, Month: time.January, Day: 1},
		},
		Account: account, Fingerprint: math.MaxUint64, FirstSeenAt: noon(), ChangedAt: noon().Add(time.Hour),
	}
}

// withStatus is a listing of a certificate with another status.
func withStatus(certificateID string, status provisioning.Status) provisioning.Listing {
	l := listed(certificateID)
	l.Status = status
	return l
}

// save saves listings of an account.
func save(t *testing.T, store provisioning.Store, account string, listings ...provisioning.Listing) {
	t.Helper()
	if err := store.SaveListings(t.Context(), account, listings); err != nil {
		t.Fatalf("saving %d listings: %v", len(listings), err)
	}
}

// lookUp reads listings of certificates.
func lookUp(t *testing.T, store provisioning.Store, account string, ids ...string) map[string]provisioning.Listing {
	t.Helper()
	found, err := store.Listings(t.Context(), account, ids)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// fingerprints reads all fingerprints of an account.
func fingerprints(t *testing.T, store provisioning.Store, account string) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	if err := store.Fingerprints(t.Context(), account, func(certificateID string, fingerprint uint64) {
		if _, twice := all[certificateID]; twice {
			t.Errorf("certificate %s was told twice", certificateID)
		}
		all[certificateID] = fingerprint
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// unlinked reads unlinked certificates and tells their places.
func unlinked(t *testing.T, store provisioning.Store, query provisioning.UnlinkedQuery) []string {
	t.Helper()
	listings, err := store.Unlinked(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var places []string
	for _, listing := range listings {
		places = append(places, listing.Place())
	}
	return places
}

func listingsComeBack(t *testing.T, store provisioning.Store) {
	full, bare := listed("c1"), provisioning.Listing{Account: account, CertificateSummary: provisioning.CertificateSummary{CertificateID: "c2"}}
	save(t, store, account, full, bare)
	save(t, store, account)
	equal(t, lookUp(t, store, account, "c1", "c2", "C1", "c3"), map[string]provisioning.Listing{"c1": full, "c2": bare})
	equal(t, lookUp(t, store, account), map[string]provisioning.Listing{})
	equal(t, lookUp(t, store, "shop-production", "c1"), map[string]provisioning.Listing{})
	found, err := store.Unlinked(t.Context(), provisioning.UnlinkedQuery{})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, found, []provisioning.Listing{full, bare})
}

func listingsAreReplaced(t *testing.T, store provisioning.Store) {
	first, beside := listed("c1"), listed("c2")
	save(t, store, account, first, beside)
	dismissal := provisioning.Dismissal{DismissedBy: "operator:ann", DismissedAt: noon(), DismissedNote: "Test 🔒"}
	if err := store.Dismiss(t.Context(), account, "c1", dismissal); err != nil {
		t.Fatal(err)
	}
	again := withStatus("c1", provisioning.StatusPendingValidation)
	again.Fingerprint, again.CommonName = 1, "other.example"
	again.FirstSeenAt, again.ChangedAt = noon().AddDate(0, 0, 1), noon().AddDate(0, 0, 1)
	save(t, store, account, again)

	want := again
	want.FirstSeenAt, want.Dismissal = first.FirstSeenAt, dismissal
	equal(t, lookUp(t, store, account, "c1", "c2"), map[string]provisioning.Listing{"c1": want, "c2": beside})

	// More rows than a statement takes, some new and some not, in any order.
	var many []provisioning.Listing
	for i := range 251 {
		l := listed(fmt.Sprint("c", 251-i))
		l.Fingerprint = uint64(i)
		many = append(many, l)
	}
	save(t, store, account, many...)
	all := fingerprints(t, store, account)
	if len(all) != len(many) || all["c251"] != 0 || all["c1"] != 250 {
		t.Errorf("%d fingerprints after %d were saved; that of c251 is %d, that of c1 %d", len(all), len(many), all["c251"], all["c1"])
	}
}

func fingerprintsAreTold(t *testing.T, store provisioning.Store) {
	equal(t, fingerprints(t, store, account), map[string]uint64{})
	// More than are read at a time, and the ends of what a fingerprint may be.
	want := map[string]uint64{}
	var listings []provisioning.Listing
	for i := range 10_001 {
		l := listed(fmt.Sprint("c-", i))
		l.Fingerprint = []uint64{0, math.MaxUint64, math.MaxInt64, math.MaxInt64 + 1, uint64(i)}[min(i, 4)]
		listings, want[l.CertificateID] = append(listings, l), l.Fingerprint
	}
	save(t, store, account, listings...)
	other := listed("c-0")
	other.Fingerprint = 7
	save(t, store, "shop-production", other)
	equal(t, fingerprints(t, store, account), want)
	equal(t, fingerprints(t, store, "shop-production"), map[string]uint64{"c-0": 7})
}

func unlinkedAreFound(t *testing.T, store provisioning.Store) {
	create(t, store, fullService("1")) // with 1-c1, 1-c2 and 1-c3
	save(t, store, account, listed("1-c1"), listed("1-C1"), listed("1-c3"), withStatus("2", provisioning.StatusAwaitingConfiguration),
		withStatus("3", provisioning.StatusUnknown))
	save(t, store, "shop-production", listed("1-c1"), listed("9"))
	for _, status := range provisioning.WorthlessStatuses() {
		save(t, store, account, withStatus("w-"+string(status), status))
	}

	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{}),
		[]string{"shop-production/1-c1", "shop-production/9", "shop-sandbox/1-C1", "shop-sandbox/2", "shop-sandbox/3"})
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{Account: account}), []string{"shop-sandbox/1-C1", "shop-sandbox/2", "shop-sandbox/3"})
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{Account: account, Worthless: true}),
		[]string{"shop-sandbox/1-C1", "shop-sandbox/2", "shop-sandbox/3", "shop-sandbox/w-cancelled", "shop-sandbox/w-expired",
			"shop-sandbox/w-replaced", "shop-sandbox/w-revoked"})
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{Account: "nobody"}), []string(nil))

	// It is linked as soon as a service owns it, whichever came first.
	second := emptyService("2")
	second.Certificates = []provisioning.Certificate{certificate("2", "")}
	create(t, store, second)
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{Account: account}), []string{"shop-sandbox/1-C1", "shop-sandbox/3"})
}

func unlinkedInPages(t *testing.T, store provisioning.Store) {
	// An account after the other, though its ids come before; ids may hold a slash.
	var want []string
	for _, holder := range []string{"account-1", "account-2"} {
		for _, id := range []string{"1", "10", "2", "A/1", "a", "a/2", "b"} {
			save(t, store, holder, listed(id))
			want = append(want, holder+"/"+id)
		}
	}
	for _, query := range []provisioning.UnlinkedQuery{{Limit: 3}, {Account: "account-2", Limit: 3}} {
		var got []string
		for {
			page := unlinked(t, store, query)
			if len(page) > 3 {
				t.Fatalf("a page of %d, want at most 3", len(page))
			}
			if len(page) == 0 {
				break
			}
			got = append(got, page...)
			query.After = page[len(page)-1]
		}
		if query.Account == "" {
			equal(t, got, want)
		} else {
			equal(t, got, want[7:])
		}
	}
	var many []provisioning.Listing
	for i := range 101 {
		many = append(many, listed(fmt.Sprintf("m-%03d", i)))
	}
	save(t, store, "account-3", many...)
	if page := unlinked(t, store, provisioning.UnlinkedQuery{Account: "account-3"}); len(page) != 100 || page[99] != "account-3/m-099" {
		t.Errorf("a page without a limit has %d", len(page))
	}
}

func unlinkedAreDismissed(t *testing.T, store provisioning.Store) {
	save(t, store, account, listed("1"), listed("2"))
	save(t, store, "shop-production", listed("1"))
	dismissal := provisioning.Dismissal{DismissedBy: "operator:ann", DismissedAt: noon().Add(time.Minute), DismissedNote: "bought by hand"}
	for _, unknown := range []struct{ account, id string }{{account, "3"}, {"nobody", "1"}, {account, "1 "}} {
		refused(t, "dismissing what was never listed", store.Dismiss(t.Context(), unknown.account, unknown.id, dismissal), provisioning.ErrNotFound)
	}
	for range 2 { // again is no harm
		if err := store.Dismiss(t.Context(), account, "1", dismissal); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{}), []string{"shop-production/1", "shop-sandbox/2"})
	equal(t, unlinked(t, store, provisioning.UnlinkedQuery{Account: account, Dismissed: true}), []string{"shop-sandbox/1", "shop-sandbox/2"})
	want := listed("1")
	want.Dismissal = dismissal
	equal(t, lookUp(t, store, account, "1"), map[string]provisioning.Listing{"1": want})
}

// racingListings saves the same listings many times at once, in different orders.
func racingListings(t *testing.T, store provisioning.Store) {
	listings := make([]provisioning.Listing, 150)
	for i := range listings {
		listings[i] = listed(fmt.Sprint("c-", i))
	}
	var all sync.WaitGroup
	for i := range racers {
		mine := slices.Clone(listings)
		if i%2 == 0 {
			slices.Reverse(mine)
		}
		all.Go(func() {
			if err := store.SaveListings(t.Context(), account, mine); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := fingerprints(t, store, account); len(got) != len(listings) {
		t.Errorf("%d listings, want %d", len(got), len(listings))
	}
}
