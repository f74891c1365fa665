// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/certbridge/certbridge/provisioning"
)

// runRow is a row of synchronizations.
type runRow struct {
	ID string `gorm:"primaryKey"`
	// OpenKind is NULL unless the run is under way. Its unique key is what makes one
	// of two runs that start at once.
	OpenKind   sql.NullString
	State      string
	DryRun     bool
	Whole      bool
	Joined     int // how often it was joined
	StartedBy  string
	StartedAt  Time
	FinishedAt Time
}

// TableName names the table.
func (runRow) TableName() string { return "synchronizations" }

// partRow is a row of synchronization_parts.
type partRow struct {
	Run              string `gorm:"primaryKey"`
	Account          string `gorm:"primaryKey"`
	State            string
	PageSize         int
	PagesDone        int
	PagesTotal       int
	CertificatesSeen int
	Changed          int
	Details          int
	ServicesChanged  int
	ProviderCalls    int
	WaitingFor       string
	Resumed          bool
	Reported         int
	Omitted          int
	ErrorCount       int
	Errors           string // JSON
	FinishedAt       Time
}

// TableName names the table.
func (partRow) TableName() string { return "synchronization_parts" }

// openKind tells runs apart of which there is one at a time.
func openKind(dryRun bool) string {
	if dryRun {
		return "dry"
	}
	return "real"
}

func newRunRow(run provisioning.Synchronization) runRow {
	return runRow{
		ID: run.ID, State: string(run.State), DryRun: run.DryRun, Whole: run.Whole, StartedBy: text(run.StartedBy),
		OpenKind:  sql.NullString{String: openKind(run.DryRun), Valid: run.State == provisioning.SynchronizationRunning},
		StartedAt: timeOf(run.StartedAt), FinishedAt: timeOf(run.FinishedAt),
	}
}

func (r runRow) run() provisioning.Synchronization {
	return provisioning.Synchronization{
		ID: r.ID, State: provisioning.SynchronizationState(r.State), DryRun: r.DryRun, Whole: r.Whole, StartedBy: r.StartedBy,
		StartedAt: r.StartedAt.std(), FinishedAt: r.FinishedAt.std(),
	}
}

func newPartRow(run string, p provisioning.SynchronizationPart) (partRow, error) {
	errs, err := toJSON(p.Errors)
	return partRow{
		Run: run, Account: p.Account, State: string(p.State), PageSize: p.PageSize, PagesDone: p.PagesDone, PagesTotal: p.PagesTotal,
		CertificatesSeen: p.CertificatesSeen, Changed: p.Changed, Details: p.Details, ServicesChanged: p.ServicesChanged,
		ProviderCalls: p.ProviderCalls, WaitingFor: text(p.WaitingFor), Resumed: p.Resumed, Reported: p.Reported, Omitted: p.Omitted,
		ErrorCount: p.ErrorCount, Errors: errs, FinishedAt: timeOf(p.FinishedAt),
	}, err
}

func (r partRow) part() (provisioning.SynchronizationPart, error) {
	p := provisioning.SynchronizationPart{
		Account: r.Account, State: provisioning.SynchronizationState(r.State), PageSize: r.PageSize, PagesDone: r.PagesDone,
		PagesTotal: r.PagesTotal, CertificatesSeen: r.CertificatesSeen, Changed: r.Changed, Details: r.Details,
		ServicesChanged: r.ServicesChanged, ProviderCalls: r.ProviderCalls, WaitingFor: r.WaitingFor, Resumed: r.Resumed,
		Reported: r.Reported, Omitted: r.Omitted, ErrorCount: r.ErrorCount, FinishedAt: r.FinishedAt.std(),
	}
	return p, fromJSON(r.Errors, &p.Errors)
}

// StartRun stores a run or joins the one that is under way.
func (m *Mirror) StartRun(ctx context.Context, run provisioning.Synchronization) (provisioning.Synchronization, error) {
	row := newRunRow(run)
	parts := make([]partRow, len(run.Parts))
	for i, part := range run.Parts {
		var err error
		if parts[i], err = newPartRow(run.ID, part); err != nil {
			return provisioning.Synchronization{}, wrap("start run", err)
		}
	}
	// Twice at most, as a rule: the run that was in the way may end meanwhile.
	for range attempts {
		err := m.transact(ctx, func(tx *gorm.DB) error {
			if err := tx.Create(&row).Error; err != nil || len(parts) == 0 {
				return err
			}
			return tx.Create(&parts).Error
		})
		if _, taken := duplicate(err); !taken {
			return run, wrap("start run", err)
		}
		id, err := m.joinRun(ctx, row, parts)
		if errors.Is(err, provisioning.ErrNotFound) {
			continue
		}
		if err != nil {
			return provisioning.Synchronization{}, wrap("join run", err)
		}
		return m.Run(ctx, id)
	}
	return provisioning.Synchronization{}, wrap("start run", provisioning.ErrBusy)
}

// joinRun adds parts to the run that is under way and tells its id. Until the
// commit it holds the run's row, so that the run cannot end without them.
func (m *Mirror) joinRun(ctx context.Context, asked runRow, parts []partRow) (id string, err error) {
	err = m.transact(ctx, func(tx *gorm.DB) error {
		held := tx.Model(&runRow{}).Where("open_kind = ?", asked.OpenKind.String).
			UpdateColumns(map[string]any{"joined": gorm.Expr("joined + 1"), "whole": gorm.Expr("whole OR ?", asked.Whole)})
		if held.Error != nil {
			return held.Error
		}
		if held.RowsAffected == 0 {
			return provisioning.ErrNotFound
		}
		if err := tx.Model(&runRow{}).Where("open_kind = ?", asked.OpenKind.String).Select("id").Row().Scan(&id); err != nil {
			return err
		}
		var there []string
		if err := tx.Model(&partRow{}).Where("run = ?", id).Pluck("account", &there).Error; err != nil {
			return err
		}
		missing := missingParts(id, parts, there)
		if len(missing) == 0 {
			return nil
		}
		return tx.Create(&missing).Error
	})
	return id, err
}

// missingParts are the parts of accounts that are not there yet.
func missingParts(run string, parts []partRow, there []string) []partRow {
	known := make(map[string]bool, len(there))
	for _, account := range there {
		known[account] = true
	}
	var missing []partRow
	for _, part := range parts {
		if !known[part.Account] {
			part.Run = run
			missing = append(missing, part)
		}
	}
	return missing
}

// Run reads a run.
func (m *Mirror) Run(ctx context.Context, id string) (provisioning.Synchronization, error) {
	runs, err := m.runs(m.read.WithContext(ctx).Where("id = ?", id))
	if err != nil {
		return provisioning.Synchronization{}, wrap("run", err)
	}
	if len(runs) == 0 {
		return provisioning.Synchronization{}, provisioning.ErrNotFound
	}
	return runs[0], nil
}

// Runs reads runs, the newest first.
func (m *Mirror) Runs(ctx context.Context, query provisioning.RunQuery) ([]provisioning.Synchronization, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	selected := m.read.WithContext(ctx).Order("started_at DESC").Order("id DESC").Limit(limit)
	if query.State != "" {
		selected = selected.Where("state = ?", string(query.State))
	}
	if query.State == provisioning.SynchronizationRunning {
		selected = selected.Where("open_kind IN ?", []string{openKind(false), openKind(true)}) // what the index knows
	}
	if query.Real {
		selected = selected.Where("dry_run = ?", false)
	}
	if query.Whole {
		selected = selected.Where("whole = ?", true)
	}
	runs, err := m.runs(selected)
	return runs, wrap("runs", err)
}

// runs reads the selected runs with their parts.
func (m *Mirror) runs(selected *gorm.DB) ([]provisioning.Synchronization, error) {
	var rows []runRow
	if err := selected.Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, err
	}
	runs := make([]provisioning.Synchronization, len(rows))
	byID := make(map[string]*provisioning.Synchronization, len(rows))
	ids := make([]string, len(rows))
	for i, row := range rows {
		runs[i], ids[i] = row.run(), row.ID
		byID[row.ID] = &runs[i]
	}
	var parts []partRow
	err := m.read.WithContext(selected.Statement.Context).Where("run IN ?", ids).Order("run").Order("account").Find(&parts).Error
	if err != nil {
		return nil, err
	}
	for _, row := range parts {
		part, err := row.part()
		if err != nil {
			return nil, fmt.Errorf("account %s of run %s: %w", row.Account, row.Run, err)
		}
		run := byID[row.Run]
		run.Parts = append(run.Parts, part)
	}
	return runs, nil
}

// SaveProgress stores how far a part is, while its lease is held.
func (m *Mirror) SaveProgress(ctx context.Context, progress provisioning.RunProgress) error {
	row, err := newPartRow(progress.Run, progress.Part)
	if err != nil {
		return wrap("save progress", err)
	}
	changes := newChangeRows(progress.Changes)
	err = m.transact(ctx, func(tx *gorm.DB) error {
		if err := m.keepLane(tx, &progress.Lane); err != nil {
			return err
		}
		if err := oneRow(tx.Model(&row).Select("*").UpdateColumns(&row)); err != nil {
			return err
		}
		return insert(tx, changes)
	})
	return wrap("save progress", err)
}

// FinishRun ends a run when all of its parts are over.
func (m *Mirror) FinishRun(ctx context.Context, id string, at time.Time) error {
	err := m.transact(ctx, func(tx *gorm.DB) error {
		// The row is held before the parts are counted, so that none is added meanwhile.
		held := tx.Exec("UPDATE synchronizations SET joined = joined WHERE id = ? AND open_kind IS NOT NULL", id)
		if held.Error != nil || held.RowsAffected == 0 {
			return held.Error
		}
		var left struct{ Running, Failed int }
		err := tx.Raw("SELECT COUNT(CASE WHEN state = ? THEN 1 END) AS running, COUNT(CASE WHEN state = ? THEN 1 END) AS failed "+
			"FROM synchronization_parts WHERE run = ?",
			string(provisioning.SynchronizationRunning), string(provisioning.SynchronizationFailed), id).Scan(&left).Error
		if err != nil || left.Running > 0 {
			return err
		}
		state := provisioning.SynchronizationSucceeded
		if left.Failed > 0 {
			state = provisioning.SynchronizationFailed
		}
		return tx.Model(&runRow{ID: id}).Select("OpenKind", "State", "FinishedAt").
			UpdateColumns(&runRow{State: string(state), FinishedAt: timeOf(at)}).Error
	})
	return wrap("finish run", err)
}

// clearAtOnce bounds the rows that one statement deletes, so that none holds
// others up for long.
const clearAtOnce = 1000

// ClearRuns forgets old runs: first their reports, then their parts, then
// themselves, so that one that is broken off is found again.
func (m *Mirror) ClearRuns(ctx context.Context, before time.Time) error {
	var ids []string
	err := m.read.WithContext(ctx).Model(&runRow{}).Where("started_at < ? AND open_kind IS NULL", timeOf(before)).
		Limit(defaultPage).Pluck("id", &ids).Error
	if err != nil {
		return wrap("clear runs", err)
	}
	for _, id := range ids {
		if err := m.clearRun(ctx, id); err != nil {
			return wrap("clear run "+id, err)
		}
	}
	return nil
}

func (m *Mirror) clearRun(ctx context.Context, id string) error {
	for {
		var changes []int64
		err := m.read.WithContext(ctx).Model(&changeRow{}).Where("run = ?", id).Order("id").Limit(clearAtOnce).Pluck("id", &changes).Error
		if err != nil {
			return err
		}
		if len(changes) == 0 {
			break
		}
		if err := m.persist(ctx, func(db *gorm.DB) error { return db.Where("id IN ?", changes).Delete(&changeRow{}).Error }); err != nil {
			return err
		}
	}
	return m.transact(ctx, func(tx *gorm.DB) error {
		if err := tx.Where("run = ?", id).Delete(&partRow{}).Error; err != nil {
			return err
		}
		return tx.Where("id = ?", id).Delete(&runRow{}).Error
	})
}

// Unlisted finds certificates that services own and no listing shows.
func (m *Mirror) Unlisted(ctx context.Context, account string, before time.Time, limit int) ([]string, error) {
	var ids []string
	err := m.read.WithContext(ctx).Table("certificates").Select("certificate_id").
		Where("account = ? AND created_at < ?", account, timeOf(before)).
		Where("status NOT IN ?", []string{
			string(provisioning.StatusReplaced), string(provisioning.StatusRevoked), string(provisioning.StatusCancelled),
		}).
		Where("NOT EXISTS (?)", clause.Expr{SQL: "SELECT 1 FROM listings WHERE listings.account = certificates.account " +
			"AND listings.certificate_id = certificates.certificate_id"}).
		Order("certificate_id").Limit(limit).Pluck("certificate_id", &ids).Error
	return ids, wrap("unlisted certificates of account "+account, err)
}
