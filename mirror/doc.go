// SPDX-License-Identifier: Apache-2.0

// Package mirror keeps services, operations, events, lanes, panels and idempotency
// keys in a database: MySQL or MariaDB, or one SQLite file. It implements
// provisioning.Store on gorm, and it is the only package that knows gorm, a
// driver or a line of SQL.
//
// Ownership is never an upsert: a row is ours when a plain INSERT of its natural
// key succeeded, or when an UPDATE that names the version it was read with
// changed exactly one row. A transaction that the database rolled back (deadlock,
// lock wait, a cluster's certification) is run again as a whole; one whose answer
// was lost is not, because it may have happened.
//
// Every write of a service raises its version, so a read needs no transaction:
// its statements carry the version along and are repeated if it moved between
// them.
package mirror
