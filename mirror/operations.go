// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// operationRow is a row of operations.
type operationRow struct {
	ID         string `gorm:"primaryKey"`
	ServiceRef int64
	// OpenService is ServiceRef while the operation is open, else NULL. Its
	// unique key is what allows a service one open operation.
	OpenService   sql.NullInt64
	Kind          string
	State         string
	Panel         string
	ServiceID     string
	Account       string
	CertificateID string
	RequestedBy   string
	Request       string
	Attempts      int
	Fence         int64
	Noted         sql.NullString // JSON
	Result        string         // JSON
	Failure       sql.NullString // JSON
	Looks         int
	LookAt        Time
	Evidence      sql.NullString // JSON
	Decision      sql.NullString // JSON
	Exchanges     sql.NullString // JSON; NULL for none
	CreatedAt     Time
	SentAt        Time
	FinishedAt    Time
	UpdatedAt     Time
	Version       int64
}

// TableName names the table.
func (operationRow) TableName() string { return "operations" }

func newOperationRow(o *provisioning.Operation) (row operationRow, err error) {
	row = operationRow{
		ID: o.ID, Kind: string(o.Kind), State: string(o.State), Panel: o.Panel, ServiceID: o.ServiceID, Account: o.Account,
		CertificateID: o.CertificateID, RequestedBy: text(o.RequestedBy), Request: text(o.Request), Attempts: o.Attempts,
		Fence: o.Fence, Looks: o.Looks, LookAt: timeOf(o.LookAt),
		CreatedAt: timeOf(o.CreatedAt), SentAt: timeOf(o.SentAt), FinishedAt: timeOf(o.FinishedAt), UpdatedAt: timeOf(o.UpdatedAt),
		Version: o.Version + 1,
	}
	if row.Result, err = toJSON(o.Result); err != nil {
		return row, err
	}
	exchanges := &o.Exchanges
	if len(o.Exchanges) == 0 {
		exchanges = nil
	}
	return row, errors.Join(
		writeOptional(&row.Noted, o.Noted),
		writeOptional(&row.Failure, o.Failure),
		writeOptional(&row.Evidence, o.Evidence),
		writeOptional(&row.Decision, o.Decision),
		writeOptional(&row.Exchanges, exchanges),
	)
}

// belongTo names the service that the operation is about.
func (r *operationRow) belongTo(service int64) {
	r.ServiceRef = service
	r.OpenService = sql.NullInt64{Int64: service, Valid: provisioning.OperationState(r.State).Open()}
}

func (r operationRow) operation() (provisioning.Operation, error) {
	o := provisioning.Operation{
		ID: r.ID, Kind: provisioning.OperationKind(r.Kind), State: provisioning.OperationState(r.State), Panel: r.Panel,
		ServiceID: r.ServiceID, Account: r.Account, CertificateID: r.CertificateID, RequestedBy: r.RequestedBy,
		Request: r.Request, Attempts: r.Attempts, Fence: r.Fence, Looks: r.Looks, LookAt: r.LookAt.std(),
		CreatedAt: r.CreatedAt.std(), SentAt: r.SentAt.std(), FinishedAt: r.FinishedAt.std(), UpdatedAt: r.UpdatedAt.std(),
		Version: r.Version,
	}
	var exchanges *[]provisioning.Exchange
	err := errors.Join(
		fromJSON(r.Result, &o.Result),
		readOptional(r.Noted, &o.Noted),
		readOptional(r.Failure, &o.Failure),
		readOptional(r.Evidence, &o.Evidence),
		readOptional(r.Decision, &o.Decision),
		readOptional(r.Exchanges, &exchanges),
	)
	if exchanges != nil {
		o.Exchanges = *exchanges
	}
	return o, err
}

// Operation reads one operation.
func (m *Mirror) Operation(ctx context.Context, id string) (provisioning.Operation, error) {
	var rows []operationRow
	if err := m.read.WithContext(ctx).Where("id = ?", id).Find(&rows).Error; err != nil {
		return provisioning.Operation{}, wrap("operation", err)
	}
	if len(rows) == 0 {
		return provisioning.Operation{}, provisioning.ErrNotFound
	}
	operation, err := rows[0].operation()
	return operation, wrap("operation "+id, err)
}

// Operations reads a page of operations in the order of their id.
func (m *Mirror) Operations(ctx context.Context, query provisioning.OperationQuery) ([]provisioning.Operation, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	var rows []operationRow
	if err := m.selectOperations(m.read.WithContext(ctx), query).Limit(limit).Find(&rows).Error; err != nil {
		return nil, wrap("operations", err)
	}
	operations := make([]provisioning.Operation, len(rows))
	for i, row := range rows {
		var err error
		if operations[i], err = row.operation(); err != nil {
			return nil, wrap("operation "+row.ID, err)
		}
	}
	return operations, nil
}

// selectOperations narrows a reading down to what is asked for, in the order of
// the ids.
func (m *Mirror) selectOperations(db *gorm.DB, query provisioning.OperationQuery) *gorm.DB {
	open, due := allOpen(query.States), !query.LookUntil.IsZero()
	id := "id"
	if m.driver == SQLite && (open || due) {
		// The plus keeps SQLite, which does not know that these are few, from
		// going through all operations that ever were in the order of their ids.
		id = "+id"
	}
	db = db.Order(id)
	if query.After != "" {
		db = db.Where(id+" > ?", query.After)
	}
	if query.Account != "" {
		db = db.Where("account = ?", query.Account)
	}
	if len(query.Kinds) > 0 {
		db = db.Where("kind IN ?", query.Kinds)
	}
	if len(query.States) > 0 {
		db = db.Where("state IN ?", query.States)
	}
	if open { // this is what the indexes know; SQLite uses none for IS NOT NULL
		db = db.Where("open_service > 0")
	}
	if due {
		db = db.Where("look_at <= ?", timeOf(query.LookUntil))
	}
	return db
}

// allOpen tells whether only open operations are in these states.
func allOpen(states []provisioning.OperationState) bool {
	return len(states) > 0 && !slices.ContainsFunc(states, func(s provisioning.OperationState) bool { return !s.Open() })
}
