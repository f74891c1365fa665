// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"errors"
	"fmt"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"
	sqlitedriver "modernc.org/sqlite"

	"github.com/certbridge/certbridge/provisioning"
)

// This is the only file that reads what the drivers number and write.

// Error numbers of MySQL and MariaDB.
const (
	mysqlCheckRead       = 1020 // the row changed since the snapshot (MariaDB, innodb_snapshot_isolation)
	mysqlColumnExists    = 1060
	mysqlIndexExists     = 1061
	mysqlDuplicate       = 1062
	mysqlLockWaitTimeout = 1205
	mysqlNoParent        = 1452
	mysqlDeadlock        = 1213 // also a Galera cluster's answer to the loser of a conflict, at COMMIT too
)

// Result codes of SQLite; the primary one is in the low byte.
const (
	sqliteError      = 1 // anything; the text says what
	sqliteBusy       = 5
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteRowID      = 2579
)

// rolledBack tells whether the database said that it undid the transaction, so
// that it can be run again. A lost connection is no such answer.
func rolledBack(err error) bool {
	if e, ok := errors.AsType[*mysqldriver.MySQLError](err); ok {
		return e.Number == mysqlDeadlock || e.Number == mysqlLockWaitTimeout || e.Number == mysqlCheckRead
	}
	if e, ok := errors.AsType[*sqlitedriver.Error](err); ok {
		return e.Code()&0xff == sqliteBusy
	}
	return errors.Is(err, errOwnKeyTaken)
}

// errOwnKeyTaken: a key that we made up ourselves is in use. The next one will
// not be.
var errOwnKeyTaken = errors.New("a generated key is taken")

// duplicate names the key that a row would have doubled; ok is false if that is
// not what happened. MySQL names the index, SQLite the columns.
func duplicate(err error) (key string, ok bool) {
	if e, is := errors.AsType[*mysqldriver.MySQLError](err); is && e.Number == mysqlDuplicate {
		// Duplicate entry '<value>' for key '<key>'. The value may say anything,
		// but it comes first.
		key = strings.TrimSuffix(e.Message[strings.LastIndex(e.Message, " '")+2:], "'")
		return key[strings.LastIndexByte(key, '.')+1:], true
	}
	if e, is := errors.AsType[*sqlitedriver.Error](err); is {
		switch e.Code() {
		case sqliteUnique, sqlitePrimaryKey, sqliteRowID:
			return e.Error(), true // "... failed: table.column, table.column (2067)"
		}
	}
	return "", false
}

// taken turns a duplicate key into what the Store promises, and leaves every
// other error as it is.
func taken(err error) error {
	key, ok := duplicate(err)
	switch {
	case !ok:
		return err
	case strings.Contains(key, "open_service"):
		return provisioning.ErrBusy
	case key == "PRIMARY", strings.Contains(key, ".id ("):
		return errOwnKeyTaken
	default:
		return fmt.Errorf("%w: %w", provisioning.ErrExists, err)
	}
}

// named is like taken, for rows whose key is given to them.
func named(err error) error {
	if _, ok := duplicate(err); ok {
		return fmt.Errorf("%w: %w", provisioning.ErrExists, err)
	}
	return err
}

// missingParent tells whether a row refers to one that is not there.
func missingParent(err error) bool {
	if e, ok := errors.AsType[*mysqldriver.MySQLError](err); ok {
		return e.Number == mysqlNoParent
	}
	e, ok := errors.AsType[*sqlitedriver.Error](err)
	return ok && e.Code() == sqliteForeignKey
}

// addedBefore tells whether an ALTER TABLE failed because what it adds is there.
func addedBefore(err error) bool {
	if e, ok := errors.AsType[*mysqldriver.MySQLError](err); ok {
		return e.Number == mysqlColumnExists || e.Number == mysqlIndexExists
	}
	e, ok := errors.AsType[*sqlitedriver.Error](err)
	return ok && e.Code() == sqliteError && strings.Contains(e.Error(), "duplicate column name")
}
