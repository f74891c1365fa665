// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// dueDateRow is what a row of services holds of its due date.
type dueDateRow struct {
	DueDate         Date
	PreviousDueDate Date
	HeldDueDate     Date
	HeldBecause     string
	RejectedDueDate Date
}

func newDueDateRow(d provisioning.DueDate) dueDateRow {
	return dueDateRow{
		DueDate: Date(d.Accepted), PreviousDueDate: Date(d.Previous), HeldDueDate: Date(d.Held),
		HeldBecause: string(d.HeldBecause), RejectedDueDate: Date(d.Rejected),
	}
}

func (r dueDateRow) dueDate() provisioning.DueDate {
	return provisioning.DueDate{
		Accepted: provisioning.Date(r.DueDate), Previous: provisioning.Date(r.PreviousDueDate), Held: provisioning.Date(r.HeldDueDate),
		HeldBecause: provisioning.DueDateHold(r.HeldBecause), Rejected: provisioning.Date(r.RejectedDueDate),
	}
}

// HeldServices reads a page of the services whose due date waits for an operator.
func (m *Mirror) HeldServices(ctx context.Context, after int64, limit int) ([]provisioning.Service, error) {
	services, err := m.pageByKey(ctx, after, limit, func(db *gorm.DB) *gorm.DB {
		return db.Where("services.held_due_date IS NOT NULL")
	})
	return services, wrap("services with a held due date", err)
}

// EndedServices reads a page of the services whose certificate in use has ended.
func (m *Mirror) EndedServices(ctx context.Context, until time.Time, after int64, limit int) ([]provisioning.Service, error) {
	services, err := m.pageByKey(ctx, after, limit, func(db *gorm.DB) *gorm.DB {
		return db.Where("services.current_ends_at <= ?", timeOf(until))
	})
	return services, wrap("services whose certificate has ended", err)
}

// pageByKey reads selected services in the order of their key, without their
// operations.
func (m *Mirror) pageByKey(ctx context.Context, after int64, limit int, selected func(*gorm.DB) *gorm.DB) ([]provisioning.Service, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	return m.services(ctx, func(db *gorm.DB) *gorm.DB {
		return selected(db).Where("services.id > ?", after).Order("services.id").Limit(limit)
	})
}

// standing selects the services that have a status at a moment, whatever their row
// says. Those that are expired are found by two statements: an index helps with
// either, and with none that asks for both.
func standing(status provisioning.Status, now time.Time) []func(*gorm.DB) *gorm.DB {
	as := func(status provisioning.Status, more string, values ...any) func(*gorm.DB) *gorm.DB {
		return func(db *gorm.DB) *gorm.DB {
			return db.Where("services.status = ?"+more, append([]any{string(status)}, values...)...)
		}
	}
	switch {
	case status == "":
		return []func(*gorm.DB) *gorm.DB{func(db *gorm.DB) *gorm.DB { return db }}
	case now.IsZero():
		return []func(*gorm.DB) *gorm.DB{as(status, "")}
	case status == provisioning.StatusIssued:
		return []func(*gorm.DB) *gorm.DB{as(status, " AND (services.current_ends_at IS NULL OR services.current_ends_at > ?)", timeOf(now))}
	case status == provisioning.StatusExpired:
		return []func(*gorm.DB) *gorm.DB{as(status, ""), as(provisioning.StatusIssued, " AND services.current_ends_at <= ?", timeOf(now))}
	}
	return []func(*gorm.DB) *gorm.DB{as(status, "")}
}

// byServiceID puts pages of one panel together, in the order of their service id.
func byServiceID(pages []provisioning.Service, limit int) []provisioning.Service {
	slices.SortFunc(pages, func(a, b provisioning.Service) int { return strings.Compare(a.ServiceID, b.ServiceID) })
	// A service that was marked between the statements is in both.
	pages = slices.CompactFunc(pages, func(a, b provisioning.Service) bool { return a.ServiceID == b.ServiceID })
	return pages[:min(limit, len(pages))]
}

// NoteExpiry adds to the evidence of an account.
func (m *Mirror) NoteExpiry(ctx context.Context, account string, seen provisioning.ExpiryEvidence) (total provisioning.ExpiryEvidence, err error) {
	err = m.transact(ctx, func(tx *gorm.DB) error {
		written := tx.Exec("UPDATE expiry_evidence SET leaf = leaf + ?, term = term + ? WHERE account = ?", seen.Leaf, seen.Term, account)
		if written.Error == nil && written.RowsAffected == 0 {
			written = tx.Exec("INSERT INTO expiry_evidence (account, leaf, term) VALUES (?, ?, ?)", account, seen.Leaf, seen.Term)
		}
		if written.Error != nil {
			return written.Error
		}
		total, err = expiryEvidence(tx, account)
		return err
	})
	if _, raced := duplicate(err); raced {
		// Somebody else was the first of the account: now its row is there.
		return m.NoteExpiry(ctx, account, seen)
	}
	return total, wrap("note expiry", err)
}

// ExpiryEvidence reads the evidence of an account.
func (m *Mirror) ExpiryEvidence(ctx context.Context, account string) (provisioning.ExpiryEvidence, error) {
	evidence, err := expiryEvidence(m.read.WithContext(ctx), account)
	return evidence, wrap("expiry evidence", err)
}

func expiryEvidence(db *gorm.DB, account string) (evidence provisioning.ExpiryEvidence, err error) {
	err = db.Raw("SELECT leaf, term FROM expiry_evidence WHERE account = ?", account).Scan(&evidence).Error
	return evidence, err
}
