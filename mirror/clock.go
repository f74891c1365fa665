// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"fmt"
	"time"
)

// Clock asks the database for the time, in UTC. MySQL answers with the clock of
// its server. SQLite is a part of this process and answers with the clock of this
// machine: comparing the two says nothing.
func (m *Mirror) Clock(ctx context.Context) (time.Time, error) {
	var micros int64
	if err := m.read.WithContext(ctx).Raw("SELECT " + m.microseconds()).Row().Scan(&micros); err != nil {
		return time.Time{}, fmt.Errorf("database: %w", err)
	}
	return time.UnixMicro(micros).UTC(), nil
}

// microseconds is the database's clock in SQL: microseconds since 1970.
func (m *Mirror) microseconds() string {
	if m.driver == SQLite {
		return "CAST(unixepoch('subsec') * 1000000 AS INTEGER)"
	}
	return "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
}
