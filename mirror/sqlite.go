// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"gorm.io/gorm"
)

// sqliteReaders is how many reads run beside the one writer. In WAL mode they
// neither wait for it nor hold it up.
const sqliteReaders = 4

func (m *Mirror) openSQLite(ctx context.Context, path string, exclusive bool) error {
	if path == "" || strings.HasPrefix(path, "file:") || strings.Contains(path, ":memory:") {
		return fmt.Errorf("the SQLite address %q is not the path of a file", path)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := checkFolder(path); err != nil {
		return err
	}
	if exclusive {
		release, err := lockFile(path + ".lock")
		if errors.Is(err, errLocked) {
			return fmt.Errorf("another certbridge serves from %s; one SQLite file serves one process, several need MySQL or MariaDB", path)
		}
		if err != nil {
			return unopened(path, err)
		}
		m.closer = append(m.closer, release)
	}
	if err := createFile(path); err != nil {
		return unopened(path, err)
	}
	// One connection writes: writers that queue in Go wait in order and never
	// see SQLITE_BUSY, writers that queue in SQLite poll.
	writer, err := m.openFile(ctx, path, 1, url.Values{"_txlock": {"immediate"}})
	if err != nil {
		return err
	}
	reader, err := m.openFile(ctx, path, sqliteReaders, url.Values{"_query_only": {"1"}})
	if err != nil {
		return err
	}
	if m.lease, err = m.openFile(ctx, path, 1, url.Values{"_txlock": {"immediate"}}); err != nil {
		return err
	}
	if m.write, err = gorm.Open(sqliteDialect{writer}, gormConfig()); err != nil {
		return wrap("open", err)
	}
	reading := gormConfig()
	// Compiling its statements is a third of what a read costs SQLite. Lists of
	// keys come in many lengths, so the number is bounded.
	reading.PrepareStmt, reading.PrepareStmtMaxSize = true, 100
	m.read, err = gorm.Open(sqliteDialect{reader}, reading)
	return wrap("open", err)
}

// openFile opens a pool of connections to the file and checks its settings.
func (m *Mirror) openFile(ctx context.Context, path string, connections int, params url.Values) (*sql.DB, error) {
	params.Set("_busy_timeout", "10000") // ms; for other processes, such as `certbridge panel`
	params.Set("_journal_mode", "WAL")
	params.Set("_synchronous", "FULL") // a commit that was answered survives a power cut
	params.Set("_foreign_keys", "1")
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: params.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	m.closer = append(m.closer, db.Close)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := checkFile(ctx, db); err != nil {
		return nil, unopened(path, err)
	}
	return db, nil
}

// createFile makes a new file, if there is none, that nobody else can read: names
// and addresses of customers are in it. SQLite gives the files beside it the same
// mode. A file that is there keeps its own.
func createFile(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// checkFolder makes sure that the file has somewhere to be. SQLite would say only
// that it cannot open it.
func checkFolder(path string) error {
	folder := filepath.Dir(path)
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("database %s: there is no directory %s; make it, so that the user who runs certbridge can write there, "+
			"or correct the path of the database", path, folder)
	case err == nil && !info.IsDir():
		return fmt.Errorf("database %s: %s is not a directory; correct the path of the database", path, folder)
	case err != nil:
		return unopened(path, err)
	}
	return nil
}

// unopened is why a file could not be opened, and what to do. It asks the
// operating system, because SQLite tells much the same whatever the reason was.
func unopened(path string, err error) error {
	reason := err
	if refused := tryWriting(path); refused != nil {
		reason = refused
	}
	if errors.Is(reason, fs.ErrPermission) {
		return fmt.Errorf("database %s: %w; the user who runs certbridge must be able to write the file and its directory, "+
			"where SQLite keeps more files", path, reason)
	}
	return fmt.Errorf("database %s: %w", path, reason)
}

// tryWriting tells what keeps this process from writing the file, or another one
// beside it. It is for files that could not be opened: closing one that is open
// would give up all locks that this process has on it.
func tryWriting(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err == nil {
		err = file.Close()
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	folder := filepath.Dir(path)
	beside, err := os.CreateTemp(folder, filepath.Base(path)+"-*")
	if refused, ok := errors.AsType[*fs.PathError](err); ok {
		return &fs.PathError{Op: "making files in", Path: folder, Err: refused.Err}
	}
	if err != nil {
		return err
	}
	return errors.Join(beside.Close(), os.Remove(beside.Name()))
}

// openPatience is how long opening a file waits for another process that is
// opening it. SQLite itself does not wait when a file becomes a WAL file.
const openPatience = 10 * time.Second

// checkFile makes the first connection and refuses settings that did not take.
func checkFile(ctx context.Context, db *sql.DB) error {
	ctx, cancel := context.WithTimeout(ctx, openPatience)
	defer cancel()
	for {
		settings, err := readPragmas(ctx, db)
		if err == nil {
			return settings.check()
		}
		if !rolledBack(err) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// pragmas are what SQLite says about a connection.
type pragmas struct {
	journalMode              string
	synchronous, foreignKeys int
}

func readPragmas(ctx context.Context, db *sql.DB) (p pragmas, err error) {
	err = db.QueryRowContext(ctx, "SELECT journal_mode, synchronous, foreign_keys "+
		"FROM pragma_journal_mode, pragma_synchronous, pragma_foreign_keys").Scan(&p.journalMode, &p.synchronous, &p.foreignKeys)
	return p, err
}

func (p pragmas) check() error {
	if p != (pragmas{journalMode: "wal", synchronous: 2, foreignKeys: 1}) {
		return fmt.Errorf("SQLite did not take its settings (journal_mode %s, synchronous %d, foreign_keys %d); "+
			"is the file on a network file system?", p.journalMode, p.synchronous, p.foreignKeys)
	}
	return nil
}
