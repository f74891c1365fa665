// SPDX-License-Identifier: Apache-2.0

package mirrortest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/certbridge/certbridge/mirror"
)

// variable names the environment variable with the server's address, which
// `make test` sets.
const variable = "CERTBRIDGE_TEST_MYSQL_DSN"

// migratedSchema is what makes a migrated database in MySQL; running it is
// quicker than migrating.
var migratedSchema once[[]string]

// administrator connects to the server, or to one of its databases, as a user
// who may create databases.
func administrator(t testing.TB, database string) (*sql.DB, *mysql.Config) {
	t.Helper()
	address := os.Getenv(variable)
	if address == "" {
		t.Fatalf("%s is not set: run the tests with `make test`, or with `go run ./tools/withmysql -- go test ./...`, "+
			"which bring a MySQL-protocol server along", variable)
	}
	config, err := mysql.ParseDSN(address)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	config.DBName = database
	connector, err := mysql.NewConnector(config)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return db, config
}

// emptySchema creates a database and drops it when the test has ended.
func emptySchema(t testing.TB) string {
	t.Helper()
	db, config := administrator(t, "")
	name := "certbridge_test_" + strings.ToLower(rand.Text()[:16])
	t.Cleanup(func() {
		defer db.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if _, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
			t.Errorf("the database %s stays behind: %v", name, err)
		}
	})
	if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatalf("the user of %s cannot create a database: %v", variable, err)
	}
	config.DBName = name
	return config.FormatDSN()
}

// copySchema makes a database look as after its migration.
func copySchema(t testing.TB, address string) {
	t.Helper()
	statements := migratedSchema.get(func() []string {
		original := emptySchema(t)
		migrate(t, mirror.MySQL, original)
		return readSchema(t, original)
	})
	db, _ := administrator(t, databaseOf(t, address))
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// readSchema gives the statements that make the tables of a database, and the
// versions in goose's.
func readSchema(t testing.TB, address string) []string {
	t.Helper()
	db, _ := administrator(t, databaseOf(t, address))
	defer db.Close()
	statements := []string{"SET SESSION foreign_key_checks = 0"}
	for _, table := range texts(t, db, "SHOW TABLES") {
		var name, statement string
		if err := db.QueryRowContext(t.Context(), "SHOW CREATE TABLE "+table).Scan(&name, &statement); err != nil {
			t.Fatal(err)
		}
		statements = append(statements, statement)
	}
	versions := texts(t, db, "SELECT CONCAT('(', version_id, ', ', is_applied, ')') FROM goose_db_version ORDER BY id")
	return append(statements, "INSERT INTO migration_lease (id, holder, ends_at) VALUES (1, '', 0)", fmt.Sprintf("INSERT INTO goose_db_version (version_id, is_applied) VALUES %s", strings.Join(versions, ", ")))
}

func databaseOf(t testing.TB, address string) string {
	t.Helper()
	config, err := mysql.ParseDSN(address)
	if err != nil {
		t.Fatal(err)
	}
	return config.DBName
}

// texts reads one column.
func texts(t testing.TB, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
