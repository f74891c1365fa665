// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/certbridge/certbridge/provisioning"
)

// The drivers.
const (
	MySQL  = "mysql" // MySQL 8.0, MariaDB 10.6, or newer; also their clusters
	SQLite = "sqlite"
)

// Options say which database, and for what.
type Options struct {
	// Driver is MySQL or SQLite.
	Driver string
	// DSN is user:password@tcp(host:3306)/database, or the path of the SQLite
	// file. All settings of the connection that matter are made in code.
	DSN string
	// Now is the clock.
	Now func() time.Time
	// LeaseClock is the clock that leases on lanes end by, and that budgets of calls
	// go by; it must be safe for concurrent use. nil: the database's own clock, which all who share it go by;
	// tests and the demo set it.
	LeaseClock func() time.Time
	// Log is told about transactions that had to be run again. Optional.
	Log *slog.Logger
	// Exclusive makes this the only process that may open the SQLite file
	// exclusively, as one that serves must. It says nothing to MySQL, which
	// serves any number of processes.
	Exclusive bool
	// AnySchema opens a database whose schema is not the one of this program, in
	// order to Migrate it.
	AnySchema bool
}

// Mirror is the store. It implements provisioning.Store.
type Mirror struct {
	driver   string
	now      func() time.Time
	log      *slog.Logger
	keys     keys
	group    group
	write    *gorm.DB
	read     *gorm.DB // the same as write on MySQL
	closer   []func() error
	patience time.Duration // how long a lease on the migration lasts
	lease    *sql.DB       // for the migrations' lease: a connection that is never busy with a migration
	begun    atomic.Int64  // idempotent requests, to clear old ones now and then

	leaseClock func() time.Time // nil: the database's
}

var _ provisioning.Store = (*Mirror)(nil)

// Open connects to the database and makes sure that it is as it has to be:
// reachable, with the settings that the promises of this package rest on, and
// with the schema of this program.
func Open(ctx context.Context, options Options) (_ *Mirror, err error) {
	if options.Now == nil {
		return nil, errors.New("mirror: Options.Now is not set")
	}
	m := &Mirror{driver: options.Driver, now: options.Now, log: options.Log, patience: leaseTime, leaseClock: options.LeaseClock}
	if m.log == nil {
		m.log = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	switch options.Driver {
	case MySQL:
		m.group.leaders = mysqlLeaders
		err = m.openMySQL(ctx, options.DSN)
	case SQLite:
		m.group.leaders = 1 // as many as there are writers
		err = m.openSQLite(ctx, options.DSN, options.Exclusive)
	default:
		err = fmt.Errorf("database driver %q: it may be %q or %q", options.Driver, SQLite, MySQL)
	}
	if err == nil && !options.AnySchema {
		err = m.checkSchema(ctx)
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// Close closes the connections and gives up the file. It does not wait for
// writes under way.
func (m *Mirror) Close() error {
	var errs []error
	for i := len(m.closer) - 1; i >= 0; i-- {
		errs = append(errs, m.closer[i]())
	}
	m.closer = nil
	return errors.Join(errs...)
}

// Ping asks the database whether it is there, for readiness.
func (m *Mirror) Ping(ctx context.Context) error {
	var one int
	if err := m.read.WithContext(ctx).Raw("SELECT 1").Row().Scan(&one); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}

// gormConfig is the same for both databases. Transactions are made where they
// are needed; statements are not logged, because they carry what customers
// wrote; errors are not translated by gorm, because that loses the key that was
// doubled. Statements are not prepared: the MySQL driver interpolates them (one round
// trip, no handles to count), and SQLite gains nothing where it writes.
func gormConfig() *gorm.Config {
	return &gorm.Config{
		SkipDefaultTransaction:   true,
		DisableNestedTransaction: true,
		DisableAutomaticPing:     true,
		Logger:                   logger.Discard,
		NowFunc:                  func() time.Time { return time.Time{} }, // no column is gorm's to fill
	}
}

// attempts bounds how often a transaction that the database rolled back is run.
const attempts = 8

// transact runs a transaction, and again if the database says that it rolled it
// back. The function must do nothing that cannot be done twice.
func (m *Mirror) transact(ctx context.Context, run func(tx *gorm.DB) error) error {
	return m.persist(ctx, func(db *gorm.DB) error { return db.Transaction(run) })
}

// persist runs a single statement, which is a transaction by itself, or a whole
// transaction, and again if the database says that it rolled it back.
func (m *Mirror) persist(ctx context.Context, run func(db *gorm.DB) error) error {
	for attempt := 1; ; attempt++ {
		err := run(m.write.WithContext(ctx))
		if err == nil || !rolledBack(err) || attempt == attempts {
			return err
		}
		m.log.WarnContext(ctx, "the database rolled a transaction back; it is run again", "attempt", attempt, "error", err)
		pause := time.Duration(rand.Int64N(int64(attempt * 5 * int(time.Millisecond))))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err // it was rolled back: nothing is in doubt
		}
	}
}

// wrap says where an error came from, and keeps what it is.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mirror: %s: %w", what, err)
}
