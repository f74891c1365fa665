// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// firstRelease is the schema version before lanes and reconciliation.
const firstRelease = 8

// What the first release wrote is there after the migration, and can be written
// on; and the first release can write beside a newer one while replicas are
// replaced.
func TestOperationsOfTheFirstReleaseStay(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.EmptyAddress(t, driver)
			empty := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address, AnySchema: true})
			if err := empty.MigrateTo(t.Context(), firstRelease); err != nil {
				t.Fatal(err)
			}
			insertAsFirstRelease(t, driver, address, "1")
			if err := empty.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			insertAsFirstRelease(t, driver, address, "2")
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			for _, id := range []string{"1", "2"} {
				continueOperation(t, store, id)
			}
		})
	}
}

// insertAsFirstRelease makes a service with an operation that was sent.
func insertAsFirstRelease(t *testing.T, driver, address, id string) {
	t.Helper()
	execute(t, driver, address, "INSERT INTO services (id, panel, service_id, account, provider, environment, product, years, "+
		"additional_domains, client, state, status, version) VALUES (?, 'p', ?, 'a', '', '', '', 1, 0, '{}', 'active', '', 1)", id, id)
	execute(t, driver, address, "INSERT INTO operations (id, service_ref, open_service, kind, state, panel, service_id, account, "+
		"certificate_id, requested_by, request, attempts, result, version) "+
		"VALUES (?, ?, ?, 'purchase', 'sent', 'p', ?, 'a', '', '', '{}', 1, '{}', 1)", "op-"+id, id, id, id)
}

func continueOperation(t *testing.T, store *mirror.Mirror, id string) {
	t.Helper()
	want := provisioning.Operation{
		ID: "op-" + id, Kind: provisioning.OperationPurchase, State: provisioning.OperationSent, Panel: "p", ServiceID: id,
		Account: "a", Request: "{}", Attempts: 1, Version: 1,
	}
	before, err := store.Service(t.Context(), "p", id)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&want, before.Operation); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	want.State, want.Looks, want.LookAt = provisioning.OperationUncertain, 1, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	want.Evidence = &provisioning.Evidence{Conclusion: "Nothing is there."}
	after := before.Clone()
	if err := store.Write(t.Context(), provisioning.Change{Before: &before, After: &after, Operation: &want}); err != nil {
		t.Fatal(err)
	}
	got, err := store.Operation(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
