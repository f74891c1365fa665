// SPDX-License-Identifier: Apache-2.0

package simulator

import "time"

// clock is the simulator's own time: it runs at the speed of real time from
// whatever it was last set to, unless it is frozen. The Simulator's mutex
// guards it.
type clock struct {
	base   time.Time // the simulated time at since
	since  time.Time // real time, with its monotonic reading
	frozen bool
}

func newClock(start time.Time) clock {
	now := time.Now()
	if start.IsZero() {
		start = now
	}
	return clock{base: start.Round(0).UTC(), since: now}
}

func (c *clock) now() time.Time {
	if c.frozen {
		return c.base
	}
	return c.base.Add(time.Since(c.since))
}

func (c *clock) set(t time.Time) {
	c.base, c.since = t.Round(0).UTC(), time.Now()
}

// Now returns the simulator's time, in UTC.
func (s *Simulator) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock.now()
}

// SetTime sets the simulator's clock, forwards or backwards. A frozen clock
// stays frozen at the new time.
func (s *Simulator) SetTime(t time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.set(t)
}

// Advance moves the simulator's clock by d.
func (s *Simulator) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.set(s.clock.now().Add(d))
}

// Freeze stops the clock: from now on only SetTime and Advance move it.
func (s *Simulator) Freeze() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.set(s.clock.now())
	s.clock.frozen = true
}

// Thaw lets a frozen clock run again.
func (s *Simulator) Thaw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock.set(s.clock.now())
	s.clock.frozen = false
}

// eastern returns t as the wall clock of the US East coast. The rule is the one
// in force since 2007 (second Sunday of March to first Sunday of November, at
// two o'clock); it is computed here because a machine without time zone files
// must give the same dates.
func eastern(t time.Time) time.Time {
	t = t.UTC()
	begin := nthSunday(t.Year(), time.March, 2).Add(7 * time.Hour)
	end := nthSunday(t.Year(), time.November, 1).Add(6 * time.Hour)
	if !t.Before(begin) && t.Before(end) {
		return t.In(time.FixedZone("EDT", -4*60*60))
	}
	return t.In(time.FixedZone("EST", -5*60*60))
}

func nthSunday(year int, month time.Month, n int) time.Time {
	first := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
	offset := (7 - int(first.Weekday())) % 7
	return first.AddDate(0, 0, offset+7*(n-1))
}

// easternDay returns the calendar day of t on the US East coast, as midnight
// UTC of that date, so that days can be counted and compared.
func easternDay(t time.Time) time.Time {
	year, month, day := eastern(t).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// daysUntil counts calendar days (US Eastern) from now to then; negative when
// then is past.
func daysUntil(now, then time.Time) int {
	return int(easternDay(then).Sub(easternDay(now)) / (24 * time.Hour))
}

// dateLayout gives the layout of a date on the wire.
func dateLayout(padding DatePadding) string {
	if padding == Unpadded {
		return "1/2/2006"
	}
	return "01/02/2006"
}

// wireDate writes an instant as the provider does: a bare US Eastern date, or
// nothing for the zero time.
func wireDate(t time.Time, padding DatePadding) string {
	if t.IsZero() {
		return ""
	}
	return eastern(t).Format(dateLayout(padding))
}
