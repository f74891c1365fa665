// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/certbridge/certbridge/provisioning"
)

// Time is an instant as both databases keep it: UTC in whole microseconds, in
// SQLite as an integer since 1970, in MySQL as DATETIME(6). SQLite would compare
// times as text, zone and all; MySQL would accept a zero time on one server and
// refuse it on the next. The zero value is "no instant" and stored as NULL.
type Time struct {
	micros int64
	set    bool
}

// timeOf cuts to microseconds.
func timeOf(t time.Time) Time {
	if t.IsZero() {
		return Time{}
	}
	return Time{micros: t.UnixMicro(), set: true}
}

// std gives the instant in UTC, the zero time for no instant.
func (t Time) std() time.Time {
	if !t.set {
		return time.Time{}
	}
	return time.UnixMicro(t.micros).UTC()
}

// GormDataType names the type, which also keeps gorm from taking the columns
// created_at and updated_at for its own to fill.
func (Time) GormDataType() string { return "instant" }

// GormValue writes the instant as the dialect at hand keeps it.
func (t Time) GormValue(_ context.Context, db *gorm.DB) clause.Expr {
	switch {
	case !t.set:
		return clause.Expr{SQL: "NULL"}
	case db.Name() == SQLite:
		return clause.Expr{SQL: "?", Vars: []any{t.micros}}
	default:
		return clause.Expr{SQL: "?", Vars: []any{t.std()}}
	}
}

// Scan reads what either database keeps.
func (t *Time) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*t = Time{}
	case int64:
		*t = Time{micros: value, set: true}
	case time.Time:
		*t = timeOf(value)
	default:
		return fmt.Errorf("an instant cannot be read from %T", value)
	}
	return nil
}

// Date is a calendar date: TEXT of the form YYYY-MM-DD in SQLite, DATE in MySQL.
// The zero value is "no date" and stored as NULL.
type Date provisioning.Date

// GormDataType names the type.
func (Date) GormDataType() string { return "date" }

// GormValue writes YYYY-MM-DD, which both databases take.
func (d Date) GormValue(context.Context, *gorm.DB) clause.Expr {
	date := provisioning.Date(d)
	if date.IsZero() {
		return clause.Expr{SQL: "NULL"}
	}
	return clause.Expr{SQL: "?", Vars: []any{date.String()}}
}

// Scan reads what either database keeps.
func (d *Date) Scan(value any) error {
	switch value := value.(type) {
	case nil:
		*d = Date{}
	case time.Time:
		*d = Date(provisioning.DateOf(value))
	case string:
		date, err := provisioning.ParseDate(value)
		if err != nil {
			return err
		}
		*d = Date(date)
	default:
		return fmt.Errorf("a date cannot be read from %T", value)
	}
	return nil
}
