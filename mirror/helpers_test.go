// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"database/sql"
	"testing"

	"github.com/certbridge/certbridge/mirror"
)

// connect opens a database beside the mirror, with none of its settings.
func connect(t *testing.T, driver, address string) *sql.DB {
	t.Helper()
	if driver == mirror.SQLite {
		address = "file:" + address + "?_busy_timeout=10000"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// execute runs a statement behind the mirror's back.
func execute(t *testing.T, driver, address, statement string, arguments ...any) {
	t.Helper()
	if _, err := connect(t, driver, address).ExecContext(t.Context(), statement, arguments...); err != nil {
		t.Fatal(err)
	}
}
