// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
	"github.com/certbridge/certbridge/provisioning/storetest"
)

// contrary sets everything that can be set in an address to what we do not want.
const contrary = "parseTime=false&loc=Asia%2FTokyo&clientFoundRows=false&interpolateParams=false&multiStatements=true" +
	"&charset=latin1&collation=latin1_swedish_ci&sql_mode=%27%27&SQL_MODE=%27ANSI%27&time_zone=%27%2B09%3A00%27&readTimeout=1h" +
	"&innodb_lock_wait_timeout=50"

func contraryAddress(t *testing.T) string {
	address := mirrortest.Address(t, mirror.MySQL)
	address, _, _ = strings.Cut(address, "?")
	return address + "?" + contrary
}

func TestAContraryMySQLAddressKeepsTheContract(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T, leaseClock func() time.Time) provisioning.Store {
		return mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: contraryAddress(t), LeaseClock: leaseClock})
	})
}

func TestInstantsAreStoredInUTC(t *testing.T) {
	t.Parallel()
	address := contraryAddress(t)
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address})
	if err := store.CreatePanel(t.Context(), provisioning.Panel{ID: "p", Name: "shop", CreatedAt: instant()}); err != nil {
		t.Fatal(err)
	}
	var stored string
	plain, _, _ := strings.Cut(address, "?")
	err := connect(t, mirror.MySQL, plain).QueryRowContext(t.Context(), "SELECT CAST(created_at AS CHAR) FROM panels").Scan(&stored)
	if err != nil || stored != "2026-11-22 12:34:56.789012" {
		t.Errorf("stored as %q, %v", stored, err)
	}
}

func TestEveryMySQLConnectionHasTheSettings(t *testing.T) {
	t.Parallel()
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: contraryAddress(t)})
	db, err := store.Writer().DB()
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		conn, err := db.Conn(t.Context()) // held, so that each is another one
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		got := make(map[string]string)
		rows, err := conn.QueryContext(t.Context(), "SHOW SESSION VARIABLES")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name, value string
			if err := rows.Scan(&name, &value); err != nil {
				t.Fatal(err)
			}
			got[name] = value
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if isolation := got["tx_isolation"] + got["transaction_isolation"]; !strings.HasPrefix(isolation, "READ-COMMITTED") {
			t.Errorf("isolation %q", isolation)
		}
		for name, want := range map[string]string{
			"time_zone": "+00:00", "character_set_client": "utf8mb4", "collation_connection": "utf8mb4_bin", "innodb_lock_wait_timeout": "10",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
		for mode := range strings.SplitSeq(mirror.SQLMode, ",") {
			if !strings.Contains(got["sql_mode"], mode) {
				t.Errorf("sql_mode %q lacks %s", got["sql_mode"], mode)
			}
		}
		if _, err := conn.ExecContext(t.Context(), "SELECT 1; SELECT 2"); err == nil {
			t.Error("two statements in one were accepted")
		}
	}
}

func TestAServerThatDoesNotTakeTheSettingsIsRefused(t *testing.T) {
	t.Parallel()
	type session struct {
		isolation, sqlMode, timeZone, client, results, collation string
		autocommit                                               bool
	}
	good := session{"READ-COMMITTED", mirror.SQLMode + ",ANSI_QUOTES", "+00:00", "utf8mb4", "utf8mb4", "utf8mb4_bin", true}
	check := func(s session) error {
		return mirror.CheckSession(s.isolation, s.sqlMode, s.timeZone, s.client, s.results, s.collation, s.autocommit)
	}
	if err := check(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*session){
		"transaction_isolation": func(s *session) { s.isolation = "REPEATABLE-READ" },
		"STRICT_ALL_TABLES":     func(s *session) { s.sqlMode = strings.ReplaceAll(s.sqlMode, "STRICT_ALL_TABLES,", "") },
		"NO_ZERO_DATE":          func(s *session) { s.sqlMode = strings.ReplaceAll(s.sqlMode, "NO_ZERO_DATE,", "") },
		"time_zone":             func(s *session) { s.timeZone = "SYSTEM" },
		"character_set_client":  func(s *session) { s.client = "latin1" },
		"character_set_results": func(s *session) { s.results = "latin1" },
		"collation_connection":  func(s *session) { s.collation = "utf8mb4_general_ci" },
		"autocommit":            func(s *session) { s.autocommit = false },
	} {
		bad := good
		spoil(&bad)
		if err := check(bad); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want an error that names it", name, err)
		}
	}
}

func TestUnusableMySQLAddressesAreExplained(t *testing.T) {
	t.Parallel()
	for address, sentence := range map[string]string{
		"certbridge:hunter2@localhost":            "not of the form",
		"certbridge:hunter2@tcp(127.0.0.1:3306)/": "names no database",
		"certbridge:hunter2@tcp(127.0.0.1:1)/x":   "connection refused",
	} {
		_, err := mirror.Open(t.Context(), mirror.Options{Driver: mirror.MySQL, DSN: address, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), sentence) {
			t.Errorf("%s: %v, want %q", address, err, sentence)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the password is in %q", err)
		}
	}
	_, err := mirror.Open(t.Context(), mirror.Options{Driver: "postgres", Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), `"sqlite" or "mysql"`) {
		t.Errorf("an unknown driver: %v", err)
	}
}

// gorm would add RETURNING on MariaDB, and with it, or where an UPDATE counts the
// rows that it found, an upsert that inserted nothing is told as one row. So an
// INSERT is plain, and one that inserted nothing is an error.
func TestEveryInsertIsPlain(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		counter := mirror.NewCounter()
		store.Count(counter)
		created := newService("1")
		created.Orders = []provisioning.Order{{OrderID: "o-1"}}
		created.Certificates = []provisioning.Certificate{{CertificateID: "c-1"}}
		request := provisioning.IdempotentRequest{Panel: "p", Key: "k", Fingerprint: []byte{1}, CreatedAt: time.Now()}
		for what, write := range map[string]func() error{
			"a service": func() error {
				return store.Write(t.Context(), provisioning.Change{
					After: &created, Operation: newOperation("op"), Events: []provisioning.Event{{Kind: "a"}},
				})
			},
			"a panel": func() error {
				return store.CreatePanel(t.Context(), provisioning.Panel{
					ID: "p", Name: "shop", Keys: []provisioning.PanelKey{{ID: "k", SecretHash: []byte{1}}},
				})
			},
			"a request": func() error {
				_, err := store.BeginIdempotent(t.Context(), request)
				return err
			},
			"a lane": func() error {
				_, err := store.TakeLane(t.Context(), "a", "holder", time.Hour)
				return err
			},
		} {
			if err := write(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		if len(counter.Statements) != 10 {
			t.Errorf("%d statements, want 10", len(counter.Statements))
		}
		for _, statement := range counter.Statements {
			if strings.HasPrefix(statement, "SELECT ") {
				continue // a lane is read before it is taken
			}
			if !strings.HasPrefix(statement, "INSERT INTO ") {
				t.Errorf("not a plain INSERT: %s", statement)
			}
			for _, more := range []string{"RETURNING", "ON DUPLICATE", "ON CONFLICT"} {
				if strings.Contains(statement, more) {
					t.Errorf("%s in %s", more, statement)
				}
			}
		}
	})
}

func TestAnUpdateCountsTheRowsThatItFound(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		if err := store.CreatePanel(t.Context(), provisioning.Panel{ID: "p", Name: "shop"}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			updated := store.Writer().Exec("UPDATE panels SET name = ? WHERE id = ?", "other", "p")
			if updated.Error != nil || updated.RowsAffected != 1 {
				t.Errorf("%d rows, %v; want 1", updated.RowsAffected, updated.Error)
			}
		}
	})
}

func TestZeroDatesAreRefusedByMySQL(t *testing.T) {
	t.Parallel()
	store := mirrortest.Open(t, mirror.MySQL, time.Now)
	for _, date := range []string{"0000-00-00", "2026-00-01", "2026-02-30"} {
		if err := store.Writer().Exec("INSERT INTO panels (id, name, created_at) VALUES (?, ?, ?)", date, date, date).Error; err == nil {
			t.Errorf("%s was stored", date)
		}
	}
}

// On a Galera cluster each node counts in steps of its own.
func TestKeysAreRightWhereTheServerCountsInSteps(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.MySQL)
	address, _, _ = strings.Cut(address, "?")
	store := mirrortest.OpenAt(t, mirror.Options{
		Driver: mirror.MySQL, DSN: address + "?auto_increment_increment=3&auto_increment_offset=2",
	})
	created := newService("1")
	for i := range 5 {
		created.Orders = append(created.Orders, provisioning.Order{OrderID: fmt.Sprint("o-", i)})
	}
	if err := store.Write(t.Context(), provisioning.Change{After: &created}); err != nil {
		t.Fatal(err)
	}
	stored, err := store.Service(t.Context(), created.Panel, created.ServiceID)
	if err != nil {
		t.Fatal(err)
	}
	for i, order := range stored.Orders {
		if order != created.Orders[i] {
			t.Errorf("order %d was told as %+v and is stored as %+v", i, created.Orders[i], order)
		}
	}
}
