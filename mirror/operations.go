// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"

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
	Result        string         // JSON
	Failure       sql.NullString // JSON
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
		CreatedAt: timeOf(o.CreatedAt), SentAt: timeOf(o.SentAt), FinishedAt: timeOf(o.FinishedAt), UpdatedAt: timeOf(o.UpdatedAt),
		Version: o.Version + 1,
	}
	if row.Result, err = toJSON(o.Result); err != nil || o.Failure == nil {
		return row, err
	}
	failure, err := toJSON(o.Failure)
	row.Failure = nullable(failure)
	return row, err
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
		Request: r.Request, Attempts: r.Attempts, CreatedAt: r.CreatedAt.std(), SentAt: r.SentAt.std(),
		FinishedAt: r.FinishedAt.std(), UpdatedAt: r.UpdatedAt.std(), Version: r.Version,
	}
	if err := fromJSON(r.Result, &o.Result); err != nil || !r.Failure.Valid {
		return o, err
	}
	o.Failure = new(provisioning.Failure)
	return o, fromJSON(r.Failure.String, o.Failure)
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
