// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"bytes"
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

const (
	// idempotencyLife is how long an answer is kept for its repetition.
	idempotencyLife = 30 * 24 * time.Hour
	// idempotencyPatience is how long a request may be under way. One that takes
	// longer died with its process, and its repetition may go on; no request
	// waits for a provider nearly as long.
	idempotencyPatience = 15 * time.Minute
	// clearEvery is after how many new requests old ones are looked for, and
	// clearAtMost how many of them go at once.
	clearEvery  = 500
	clearAtMost = 1000
)

// idempotencyRow is a row of idempotency_keys.
type idempotencyRow struct {
	Panel          string `gorm:"primaryKey"`
	IdempotencyKey string `gorm:"primaryKey"`
	Fingerprint    []byte
	Status         int
	Header         string
	Body           []byte
	CreatedAt      Time
}

// TableName names the table.
func (idempotencyRow) TableName() string { return "idempotency_keys" }

func (r idempotencyRow) request() *provisioning.IdempotentRequest {
	return &provisioning.IdempotentRequest{Panel: r.Panel, Key: r.IdempotencyKey, Fingerprint: r.Fingerprint, Status: r.Status,
		Header: r.Header, Body: r.Body, CreatedAt: r.CreatedAt.std()}
}

// BeginIdempotent claims an idempotency key for a request whose CreatedAt is set.
// If existing is nil the key is the caller's, who ends with FinishIdempotent or
// ForgetIdempotent; else it is what the key was used for: a request with its
// answer, or one under way (Status 0). Keys are free again after 30 days; a
// request under way for 15 minutes is given up for dead, and its repetition gets
// the key.
func (m *Mirror) BeginIdempotent(ctx context.Context, request provisioning.IdempotentRequest) (existing *provisioning.IdempotentRequest, err error) {
	if request.CreatedAt.IsZero() {
		return nil, errors.New("mirror: an idempotent request needs the instant of its creation")
	}
	row := idempotencyRow{Panel: request.Panel, IdempotencyKey: request.Key, Fingerprint: request.Fingerprint,
		CreatedAt: timeOf(request.CreatedAt)}
	// Once, as a rule: the row that stood in the way may be gone when it is read.
	for range attempts {
		err = m.persist(ctx, func(tx *gorm.DB) error { return named(tx.Create(&row).Error) })
		if err == nil {
			m.clearSometimes(ctx)
			return nil, nil
		}
		if !errors.Is(err, provisioning.ErrExists) {
			return nil, wrap("begin idempotent request", err)
		}
		existing, err = m.standing(ctx, request)
		if err != nil || existing != nil {
			return existing, wrap("begin idempotent request", err)
		}
	}
	return nil, wrap("begin idempotent request", provisioning.ErrBusy)
}

// standing reads the request that has the key. It gives nil if the key is free
// after all, because the request was forgotten, is too old or is dead.
func (m *Mirror) standing(ctx context.Context, request provisioning.IdempotentRequest) (*provisioning.IdempotentRequest, error) {
	var rows []idempotencyRow
	// From the writer: what it just ran into must be seen.
	err := m.write.WithContext(ctx).Where("panel = ? AND idempotency_key = ?", request.Panel, request.Key).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	row := rows[0]
	age := request.CreatedAt.Sub(row.CreatedAt.std())
	dead := row.Status == 0 && age > idempotencyPatience && bytes.Equal(row.Fingerprint, request.Fingerprint)
	if age <= idempotencyLife && !dead {
		return row.request(), nil
	}
	err = m.persist(ctx, func(tx *gorm.DB) error {
		return tx.Where("created_at = ? AND status = ?", row.CreatedAt, row.Status).Delete(&row).Error
	})
	return nil, err
}

// FinishIdempotent keeps the answer of a request that BeginIdempotent let begin.
// ErrStale if the key belongs to another request by now.
func (m *Mirror) FinishIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error {
	row := idempotencyRow{Panel: request.Panel, IdempotencyKey: request.Key, Status: request.Status, Header: request.Header, Body: request.Body}
	err := m.persist(ctx, func(tx *gorm.DB) error {
		return oneRow(tx.Model(&row).Where("status = 0 AND created_at = ?", timeOf(request.CreatedAt)).
			Select("Status", "Header", "Body").UpdateColumns(&row))
	})
	return wrap("finish idempotent request", err)
}

// ForgetIdempotent gives the key of a request back, as after an answer that
// invites to try again. It is no error if there is nothing to forget.
func (m *Mirror) ForgetIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error {
	row := idempotencyRow{Panel: request.Panel, IdempotencyKey: request.Key}
	err := m.persist(ctx, func(tx *gorm.DB) error {
		return tx.Where("status = 0 AND created_at = ?", timeOf(request.CreatedAt)).Delete(&row).Error
	})
	return wrap("forget idempotent request", err)
}

// ClearIdempotent removes answers that are older than 30 days, some at a time,
// and tells how many.
func (m *Mirror) ClearIdempotent(ctx context.Context) (int64, error) {
	limit := timeOf(m.now().Add(-idempotencyLife))
	var rows []idempotencyRow
	err := m.read.WithContext(ctx).Select("panel", "idempotency_key", "created_at").
		Where("created_at < ?", limit).Order("created_at").Limit(clearAtMost).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return 0, wrap("clear idempotent requests", err)
	}
	var cleared int64
	err = m.persist(ctx, func(tx *gorm.DB) error {
		deleted := tx.Where("created_at <= ?", rows[len(rows)-1].CreatedAt).Delete(&idempotencyRow{})
		cleared = deleted.RowsAffected
		return deleted.Error
	})
	return cleared, wrap("clear idempotent requests", err)
}

// clearSometimes keeps the table from growing for ever. It is never the
// request's problem.
func (m *Mirror) clearSometimes(ctx context.Context) {
	if m.begun.Add(1)%clearEvery != 0 {
		return
	}
	if _, err := m.ClearIdempotent(ctx); err != nil {
		m.log.WarnContext(ctx, "old idempotency keys were not cleared", "error", err)
	}
}
