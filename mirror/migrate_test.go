// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

func TestMigratingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.EmptyAddress(t, driver)
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address, AnySchema: true})
			for range 2 {
				if err := store.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				status, err := store.MigrationStatus(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if status.Wanted == 0 || status.Current != status.Wanted {
					t.Fatalf("after migrating: %+v", status)
				}
			}
			mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
		})
	}
}

func TestEightReplicasMigrateAtOnce(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				address := mirrortest.EmptyAddress(t, driver)
				errs := make([]error, 8)
				var replicas sync.WaitGroup
				for i := range errs {
					replicas.Go(func() { errs[i] = migrateAsReplica(t, driver, address) })
				}
				replicas.Wait()
				if err := errors.Join(errs...); err != nil {
					t.Fatal(err)
				}
				mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			}
		})
	}
}

func migrateAsReplica(t *testing.T, driver, address string) error {
	replica, err := mirror.Open(t.Context(), mirror.Options{Driver: driver, DSN: address, Now: time.Now, AnySchema: true})
	if err != nil {
		return err
	}
	return errors.Join(replica.Migrate(t.Context()), replica.Close())
}

func TestADatabaseOfAnotherVersionIsNotServed(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			refused := func(address, sentence string) {
				t.Helper()
				_, err := mirror.Open(t.Context(), mirror.Options{Driver: driver, DSN: address, Now: time.Now})
				if err == nil || !strings.Contains(err.Error(), sentence) {
					t.Errorf("opened with error %v, want one that says %q", err, sentence)
				}
			}
			refused(mirrortest.EmptyAddress(t, driver), `run "certbridge migrate" first`)

			older := mirrortest.Address(t, driver)
			execute(t, driver, older, "DELETE FROM goose_db_version WHERE version_id > 3")
			refused(older, `has schema version 3, this certbridge needs`)

			newer := mirrortest.Address(t, driver)
			execute(t, driver, newer, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, 1)")
			refused(newer, "run a newer certbridge")
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: newer, AnySchema: true})
			if err := store.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "run a newer certbridge") {
				t.Errorf("migrating a newer database: %v", err)
			}
		})
	}
}

func TestAnUnfinishedMigrationIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			// As if killed after the table was made and before that was noted.
			execute(t, driver, address, "DELETE FROM goose_db_version WHERE version_id > 3")
			// And as if killed while holding the lease, some time ago.
			execute(t, driver, address, "UPDATE migration_lease SET holder = 'dead', ends_at = 1")
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address, AnySchema: true})
			if err := store.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
		})
	}
}

func TestAMigrationThatLostItsLeaseIsStopped(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			err := store.UnderLease(t.Context(), 60*time.Millisecond, func(ctx context.Context) error {
				execute(t, driver, address, "UPDATE migration_lease SET holder = 'another'")
				<-ctx.Done()
				return ctx.Err()
			})
			if err == nil || !strings.Contains(err.Error(), "the lease on the migration was lost") {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestAKilledMigrationGivesWayWhenItsLeaseEnds(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			second := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			const long = time.Hour
			impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			err := store.UnderLease(t.Context(), long, func(ctx context.Context) error {
				// Nobody else gets in while the lease lasts ...
				err := second.UnderLease(impatient, long, func(context.Context) error {
					t.Error("two migrate at once")
					return nil
				})
				if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "another process migrates") {
					t.Errorf("the second waited with %v", err)
				}
				// ... and somebody does when it is over.
				execute(t, driver, address, "UPDATE migration_lease SET ends_at = 1")
				entered := false
				err = second.UnderLease(ctx, long, func(context.Context) error {
					entered = true
					return nil
				})
				if err != nil || !entered {
					t.Errorf("after the lease: %v, entered: %v", err, entered)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBothDialectsHaveTheSameMigrations(t *testing.T) {
	t.Parallel()
	names := func(driver string) (names []string) {
		entries, err := os.ReadDir("migrations/" + driver)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	if diff := cmp.Diff(names(mirror.SQLite), names(mirror.MySQL)); diff != "" {
		t.Errorf("(-sqlite +mysql)\n%s", diff)
	}
	for _, name := range names(mirror.MySQL) {
		content, err := os.ReadFile("migrations/mysql/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if statements := strings.Count(string(content), ";\n"); statements != 1 {
			t.Errorf("%s has %d statements; MySQL cannot undo the first when the second fails", name, statements)
		}
	}
}
