// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// Watched reads services whose time to be asked about has come.
func (m *Mirror) Watched(ctx context.Context, accounts []string, until time.Time, limit int) ([]provisioning.Watched, error) {
	var rows []serviceRow
	err := m.read.WithContext(ctx).Select("panel", "service_id", "watch_at", "watch_since").
		Where("watch_at <= ?", timeOf(until)).
		// Not a plain column: SQLite would go by the index on it, through every service.
		Where("COALESCE(account, '') IN ?", accounts).
		Order("watch_at").Order("id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, wrap("watched services", err)
	}
	due := make([]provisioning.Watched, len(rows))
	for i, row := range rows {
		due[i] = provisioning.Watched{
			Panel: row.Panel, ServiceID: row.ServiceID,
			Watch: provisioning.Watch{WatchAt: row.WatchAt.std(), WatchSince: row.WatchSince.std()},
		}
	}
	return due, nil
}

// ClaimWatch moves the time at which a service is to be asked about, if it is the
// one that was read. The version stays: whoever writes the service meanwhile knows
// more than a claim does.
func (m *Mirror) ClaimWatch(ctx context.Context, watched provisioning.Watched, next time.Time) error {
	err := m.persist(ctx, func(db *gorm.DB) error {
		return oneRow(db.Model(&serviceRow{}).
			Where("panel = ? AND service_id = ? AND watch_at = ?", watched.Panel, watched.ServiceID, timeOf(watched.WatchAt)).
			UpdateColumn("watch_at", timeOf(next)))
	})
	return wrap("claim watch", err)
}
