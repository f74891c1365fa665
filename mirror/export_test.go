// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// What the tests of this package need to see of its inside.

// Writer is the handle that writes.
func (m *Mirror) Writer() *gorm.DB { return m.write }

// Count counts the statements of the store from now on.
func (m *Mirror) Count(statements *Counter) {
	session := &gorm.Session{Logger: statements, NewDB: true}
	m.write, m.read = m.write.Session(session), m.read.Session(session)
}

// Counter counts statements.
type Counter struct {
	logger.Interface
	Statements []string
}

// NewCounter makes a counter for one goroutine.
func NewCounter() *Counter { return &Counter{Interface: logger.Discard} }

// Trace is called once per statement.
func (c *Counter) Trace(_ context.Context, _ time.Time, statement func() (string, int64), _ error) {
	text, _ := statement()
	c.Statements = append(c.Statements, text)
}

// SetLastKey makes the next generated key the one after last.
func (m *Mirror) SetLastKey(last int64) { m.keys.last = last }

// UnderLease runs a function under the lease on the migration, which lasts as
// long as given.
func (m *Mirror) UnderLease(ctx context.Context, patience time.Duration, run func(context.Context) error) error {
	m.patience = patience
	return m.underLease(ctx, run)
}

// MigrateTo brings the schema to an older version.
func (m *Mirror) MigrateTo(ctx context.Context, version int64) error {
	provider, err := m.provider()
	if err != nil {
		return err
	}
	_, err = provider.UpTo(ctx, version)
	return err
}

// RolledBack tells whether an error allows another run.
func RolledBack(err error) bool { return rolledBack(err) }

// Unopened says why a SQLite file could not be opened.
func Unopened(path string, err error) error { return unopened(path, err) }

// CheckSession judges what a MySQL server says about a connection.
func CheckSession(isolation, sqlMode, timeZone, client, results, collation string, autocommit bool) error {
	return session{isolation, sqlMode, timeZone, client, results, collation, autocommit}.check()
}

// SQLMode is what CheckSession wants.
const SQLMode = sqlMode
