// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"

	"github.com/certbridge/certbridge/provisioning"
)

// eventRow is a row of events. Its id is the database's to choose: it ascends
// along a service's events, because each comes in a transaction that holds the
// service's row.
type eventRow struct {
	ID         int64 `gorm:"primaryKey"`
	ServiceRef int64
	At         Time
	Kind       string
	Actor      string
	Operation  string
	Detail     string
}

// TableName names the table.
func (eventRow) TableName() string { return "events" }

func newEventRow(e provisioning.Event) eventRow {
	return eventRow{At: timeOf(e.At), Kind: e.Kind, Actor: text(e.Actor), Operation: e.Operation, Detail: text(e.Detail)}
}

func (r eventRow) event() provisioning.Event {
	return provisioning.Event{ID: r.ID, At: r.At.std(), Kind: r.Kind, Actor: r.Actor, Operation: r.Operation, Detail: r.Detail}
}

// Events reads a page of a service's audit trail.
func (m *Mirror) Events(ctx context.Context, panel, serviceID string, after int64, limit int) ([]provisioning.Event, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	var rows []eventRow
	err := m.read.WithContext(ctx).
		Joins("JOIN services ON services.id = events.service_ref").
		Where("services.panel = ? AND services.service_id = ? AND events.id > ?", panel, serviceID, after).
		Order("events.id").Limit(limit).Find(&rows).Error
	if err != nil {
		return nil, wrap("events", err)
	}
	events := make([]provisioning.Event, len(rows))
	for i, row := range rows {
		events[i] = row.event()
	}
	return events, nil
}
