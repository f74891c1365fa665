// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"fmt"
	"time"
)

// Date is a calendar date without a time zone, as invoices and terms use it.
// The zero value is "no date". It is written YYYY-MM-DD.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// DateOf is the date of t in t's own location.
func DateOf(t time.Time) Date {
	year, month, day := t.Date()
	return Date{year, month, day}
}

// ParseDate reads YYYY-MM-DD and refuses dates that no calendar has.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date (YYYY-MM-DD)", text)
	}
	return DateOf(t), nil
}

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// String writes YYYY-MM-DD, and "" for no date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.Year, d.Month, d.Day)
}

// MarshalText writes YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD; empty text is no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// Midnight is the start of the date in UTC.
func (d Date) Midnight() time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

// AddDays moves the date by n days, which may be negative.
func (d Date) AddDays(n int) Date { return DateOf(d.Midnight().AddDate(0, 0, n)) }

// AddYears moves the date by n years. February 29 becomes February 28 in a year
// that has no 29th, so that a paid year never ends in March.
func (d Date) AddYears(n int) Date {
	moved := Date{d.Year + n, d.Month, d.Day}
	if d.Month == time.February && d.Day == 29 && DateOf(moved.Midnight()) != moved {
		moved.Day = 28
	}
	return moved
}

// Before tells whether d is earlier than other.
func (d Date) Before(other Date) bool { return d.Midnight().Before(other.Midnight()) }

// DaysUntil counts the days from d to other; negative when other is earlier.
func (d Date) DaysUntil(other Date) int {
	return int(other.Midnight().Sub(d.Midnight()) / (24 * time.Hour))
}
