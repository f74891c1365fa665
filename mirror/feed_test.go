// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
	"github.com/certbridge/certbridge/provisioning/storetest"
)

func TestReplicasShareTheFeed(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			var replicas []provisioning.Store
			for range 3 {
				replicas = append(replicas, mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address}))
			}
			storetest.RaceFeed(t, replicas...)
		})
	}
}

// fill makes services and gives their last.
func fill(t *testing.T, store *mirror.Mirror, prefix string, count int) (last provisioning.Service) {
	t.Helper()
	for i := range count {
		last = newService(fmt.Sprint(prefix, i))
		if err := store.Write(t.Context(), provisioning.Change{After: &last}); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

// changed reads one page of the feed and tells the services and the last place.
func changed(t *testing.T, store *mirror.Mirror, after int64) (ids []string, last int64) {
	t.Helper()
	page, err := store.Changes(t.Context(), "p", after, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range page {
		ids, last = append(ids, change.Service.ServiceID), change.Sequence
	}
	return ids, max(last, after)
}

func TestReadingTheFeedTakesFewStatements(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		last := fill(t, store, "s-", 30)
		counter := mirror.NewCounter()
		store.Count(counter)
		place := int64(0)
		takes := func(what string, news, want int) {
			t.Helper()
			counter.Statements = nil
			var ids []string
			if ids, place = changed(t, store, place); len(ids) != news {
				t.Errorf("%s: %d changes, want %d", what, len(ids), news)
			}
			if len(counter.Statements) != want {
				t.Errorf("%s takes %d statements, want %d:\n%s", what, len(counter.Statements), want, strings.Join(counter.Statements, "\n"))
			}
		}
		takes("numbering 30 services and reading them", 30, 9)
		takes("reading what has not changed", 0, 2)
		place = 0
		takes("reading 30 services that have numbers", 30, 4)

		counter.Statements = nil
		after := last.Clone()
		if err := store.Write(t.Context(), provisioning.Change{Before: &last, After: &after}); err != nil {
			t.Fatal(err)
		}
		if len(counter.Statements) != 1 {
			t.Errorf("a write of a numbered service takes %d statements, want 1:\n%s", len(counter.Statements), strings.Join(counter.Statements, "\n"))
		}
		takes("numbering one service and reading it", 1, 9)
	})
}

// The figure: a reader catches up with ten thousand changes in under a hundred
// requests, and here in one for each thousand.
func TestTenThousandChangesTakeFewRequests(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			insertThousands(t, driver, address)
			bridge, err := provisioning.NewBridge(provisioning.Config{
				Store: mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address}), Now: time.Now, Log: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			told := map[string]bool{}
			feed, requests := provisioning.Feed{More: true}, 0
			for ; feed.More; requests++ {
				if feed, err = bridge.Changes(t.Context(), "p", feed.Next, 1000); err != nil {
					t.Fatal(err)
				}
				for _, change := range feed.Changes {
					told[change.Service.ServiceID] = true
				}
			}
			if len(told) != 10_000 || requests != 10 {
				t.Errorf("%d services in %d requests, want 10000 in 10", len(told), requests)
			}
		})
	}
}

// insertThousands makes ten thousand services of the panel p.
func insertThousands(t *testing.T, driver, address string) {
	t.Helper()
	execute(t, driver, address, "INSERT INTO services (id, panel, service_id, account, provider, environment, product, years, "+
		"additional_domains, client, state, status, version) "+
		"WITH d AS (SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5 UNION SELECT 6 "+
		"UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) "+
		"SELECT 1 + a.n + 10 * b.n + 100 * c.n + 1000 * e.n, 'p', 1 + a.n + 10 * b.n + 100 * c.n + 1000 * e.n, "+
		"'a', '', '', '', 1, 0, '{}', 'active', '', 1 FROM d AS a, d AS b, d AS c, d AS e")
}

// Another program, such as an older certbridge while replicas are replaced, knows
// nothing of the feed. What it writes is a change all the same.
func TestAWriterThatKnowsNothingOfTheFeedIsInIt(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			fill(t, store, "s-", 3)
			_, place := changed(t, store, 0)
			execute(t, driver, address, "UPDATE services SET years = 3, version = version + 1 WHERE service_id = 's-1'")
			insertAsFirstRelease(t, driver, address, "4")
			ids, _ := changed(t, store, place)
			if diff := cmp.Diff([]string{"4", "s-1"}, ids); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// A cluster rolls back at the commit what another node did first. Here the
// numbering is rolled back after all of it was done, twice.
func TestANumberingThatIsRolledBackIsMadeAgain(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.MySQL)
	execute(t, mirror.MySQL, address, "CREATE TABLE strikes (remaining INT NOT NULL) ENGINE=MyISAM")
	execute(t, mirror.MySQL, address, "INSERT INTO strikes VALUES (2)")
	execute(t, mirror.MySQL, address, `CREATE TRIGGER strike AFTER UPDATE ON feeds FOR EACH ROW
		IF NEW.sequence <> OLD.sequence AND (SELECT remaining FROM strikes) > 0 THEN
			UPDATE strikes SET remaining = remaining - 1;
			SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'rolled back';
		END IF`)
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address})
	fill(t, store, "s-", 3)
	ids, place := changed(t, store, 0)
	if len(ids) != 3 || place != 3 {
		t.Errorf("told of %v up to %d, want three services up to 3", ids, place)
	}
	var remaining int
	if err := connect(t, mirror.MySQL, address).QueryRowContext(t.Context(), "SELECT remaining FROM strikes").Scan(&remaining); err != nil || remaining != 0 {
		t.Errorf("%d strikes remain, %v", remaining, err)
	}
}

// The numbers were given and nobody heard of it: the next reader finds them.
func TestANumberingWhoseAnswerIsLostIsNotLost(t *testing.T) {
	t.Parallel()
	config, err := mysql.ParseDSN(mirrortest.Address(t, mirror.MySQL))
	if err != nil {
		t.Fatal(err)
	}
	between := newCutter(t, config.Net, config.Addr)
	config.Net, config.Addr = "tcp", between.listener.Addr().String()
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: config.FormatDSN()})
	fill(t, store, "s-", 3)
	between.armed.Store(true)
	if _, err := store.Changes(t.Context(), "p", 0, 10); err == nil || !between.fired.Load() {
		t.Fatalf("read with %v; the connection was cut: %v", err, between.fired.Load())
	}
	ids, place := changed(t, store, 0)
	if len(ids) != 3 || place != 3 {
		t.Errorf("told of %v up to %d, want three services up to 3", ids, place)
	}
}

// After a restore the same numbers would be given to other changes.
func TestAReaderNoticesARestoredBackup(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.SQLite)
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address})
	fill(t, store, "before-", 3)
	_, place := changed(t, store, 0)
	backup := filepath.Join(t.TempDir(), "backup.db")
	execute(t, mirror.SQLite, address, "VACUUM INTO ?", backup)
	fill(t, store, "lost-", 2)
	_, place = changed(t, store, place)

	restored := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: backup})
	fill(t, restored, "after-", 10)
	if _, err := restored.Changes(t.Context(), "p", place, 10); !errors.Is(err, provisioning.ErrCursorAhead) {
		t.Errorf("the reader was told %v", err)
	}
	if ids, _ := changed(t, restored, 0); len(ids) != 13 {
		t.Errorf("from the beginning there are %v", ids)
	}
}

// Nobody waits for a reader: a write of a service that was not read yet succeeds
// while the panel's feed is taken.
func TestWritersDoNotWaitForTheFeed(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.MySQL)
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address})
	last := fill(t, store, "s-", 2)
	changed(t, store, 0)
	taken, err := connect(t, mirror.MySQL, address).BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Rollback() }()
	if _, err := taken.ExecContext(t.Context(), "UPDATE feeds SET turns = turns + 1"); err != nil {
		t.Fatal(err)
	}
	after := last.Clone()
	after.SynchronizedAt = time.Now()
	if err := store.Write(t.Context(), provisioning.Change{Before: &last, After: &after}); err != nil {
		t.Fatal(err)
	}
	fill(t, store, "new-", 2)
}
