// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
)

// The migrations: one DDL statement per file in MySQL, which cannot undo one, but
// makes all of it or nothing. Each can be run again: a CREATE TABLE because it is
// written so, an ALTER TABLE because up sees that it was made. Both folders hold
// the same versions.
// They only ever go forward: to undo a change of the schema is a new migration.
//
//go:embed migrations
var migrations embed.FS

// versionTable is where goose notes what was applied.
const versionTable = "goose_db_version"

// SchemaStatus is how far a database's schema is from what this program needs.
type SchemaStatus struct {
	Current int64 // version of the database; 0 if it is empty
	Wanted  int64 // version of this program
}

// Migrate brings the schema to the version of this program. Any number of
// processes may do so at once; one works, the others wait for it. It does nothing
// when there is nothing to do.
func (m *Mirror) Migrate(ctx context.Context) error {
	status, err := m.MigrationStatus(ctx)
	if err != nil || status.Current == status.Wanted {
		return err
	}
	if status.Current > status.Wanted {
		return status.newer()
	}
	provider, err := m.provider()
	if err != nil {
		return wrap("migrate", err)
	}
	return wrap("migrate", m.underLease(ctx, func(ctx context.Context) error {
		return m.up(ctx, provider)
	}))
}

// up applies what is missing. MySQL commits a statement before goose can note its
// version; a process that is killed in between leaves the one without the other,
// and MySQL has no ALTER TABLE that passes over what is there. Such a version is
// noted late.
func (m *Mirror) up(ctx context.Context, provider *goose.Provider) error {
	for range provider.ListSources() {
		_, err := provider.Up(ctx)
		failed, partial := errors.AsType[*goose.PartialError](err)
		if !partial || !addedBefore(err) {
			return err
		}
		_, err = m.lease.ExecContext(ctx, "INSERT INTO "+versionTable+" (version_id, is_applied) VALUES (?, ?)", failed.Failed.Source.Version, true)
		if err != nil {
			return err
		}
	}
	_, err := provider.Up(ctx)
	return err
}

// MigrationStatus tells the version of the database and that of this program.
func (m *Mirror) MigrationStatus(ctx context.Context) (SchemaStatus, error) {
	provider, err := m.provider()
	if err != nil {
		return SchemaStatus{}, wrap("schema", err)
	}
	sources := provider.ListSources()
	status := SchemaStatus{Wanted: sources[len(sources)-1].Version}
	// Not goose's own question, which makes the table if there is none.
	var tables int
	if err := m.lease.QueryRowContext(ctx, m.tableQuery(), versionTable).Scan(&tables); err != nil {
		return status, wrap("schema", err)
	}
	if tables == 0 {
		return status, nil
	}
	var current sql.NullInt64
	err = m.lease.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+versionTable+" WHERE is_applied").Scan(&current)
	status.Current = current.Int64
	return status, wrap("schema", err)
}

// tableQuery counts the tables of a name.
func (m *Mirror) tableQuery() string {
	if m.driver == SQLite {
		return "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
	}
	return "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = ?"
}

// checkSchema refuses a database that is not at the version of this program.
func (m *Mirror) checkSchema(ctx context.Context) error {
	status, err := m.MigrationStatus(ctx)
	switch {
	case err != nil:
		return err
	case status.Current > status.Wanted:
		return status.newer()
	case status.Current == 0:
		return fmt.Errorf("the database is empty: run \"certbridge migrate\" first")
	case status.Current < status.Wanted:
		return fmt.Errorf("the database has schema version %d, this certbridge needs %d: run \"certbridge migrate\" first",
			status.Current, status.Wanted)
	}
	return nil
}

func (s SchemaStatus) newer() error {
	return fmt.Errorf("the database has schema version %d, this certbridge knows only %d: run a newer certbridge", s.Current, s.Wanted)
}

// provider makes goose ready to apply the migrations of the dialect at hand.
func (m *Mirror) provider() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, "migrations/"+m.driver)
	if err != nil {
		return nil, err
	}
	db, err := m.write.DB()
	if err != nil {
		return nil, err
	}
	dialect := goose.DialectMySQL
	if m.driver == SQLite {
		dialect = goose.DialectSQLite3
	}
	return goose.NewProvider(dialect, db, folder, goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
}
