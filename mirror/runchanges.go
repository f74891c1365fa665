// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"

	"github.com/certbridge/certbridge/provisioning"
)

// changeRow is a row of synchronization_changes. Its id is the database's to
// choose.
type changeRow struct {
	ID            int64 `gorm:"primaryKey"`
	Run           string
	Account       string
	Panel         string
	ServiceID     string
	CertificateID string
	Field         string
	OldValue      string
	NewValue      string
}

// TableName names the table.
func (changeRow) TableName() string { return "synchronization_changes" }

func newChangeRows(changes []provisioning.ServiceChange) []changeRow {
	var rows []changeRow
	for _, c := range changes {
		rows = append(rows, changeRow{
			Run: c.Run, Account: c.Account, Panel: c.Panel, ServiceID: c.ServiceID, CertificateID: c.CertificateID, Field: c.Field,
			OldValue: text(c.Old), NewValue: text(c.New),
		})
	}
	return rows
}

func (r changeRow) change() provisioning.ServiceChange {
	return provisioning.ServiceChange{
		ID: r.ID, Run: r.Run, Account: r.Account, Panel: r.Panel, ServiceID: r.ServiceID, CertificateID: r.CertificateID,
		Field: r.Field, Old: r.OldValue, New: r.NewValue,
	}
}

// RunChanges reads a page of a run's report.
func (m *Mirror) RunChanges(ctx context.Context, query provisioning.RunChangeQuery) ([]provisioning.ServiceChange, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	selected := m.read.WithContext(ctx).Where("run = ? AND id > ?", query.Run, query.After).Order("id").Limit(limit)
	if query.Panel != "" {
		selected = selected.Where("panel = ?", query.Panel)
	}
	var rows []changeRow
	if err := selected.Find(&rows).Error; err != nil {
		return nil, wrap("changes of run "+query.Run, err)
	}
	changes := make([]provisioning.ServiceChange, len(rows))
	for i, row := range rows {
		changes[i] = row.change()
	}
	return changes, nil
}
