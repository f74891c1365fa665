// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

var _ provisioning.BudgetStore = (*Mirror)(nil)

// budgetRow is what a reader sees of a row of budgets; without one State and
// Version are nil.
type budgetRow struct {
	ReadAt  int64
	State   []byte
	Version *int64
}

// Budget reads the row of an account, with the time by the clock that leases end
// by: replicas count calls together, so they must agree on when these were made.
func (m *Mirror) Budget(ctx context.Context, account string) (provisioning.BudgetRow, error) {
	var row budgetRow
	err := m.read.WithContext(ctx).Raw("SELECT clock.read_at, budgets.state, budgets.version FROM (SELECT ? AS read_at) AS clock "+
		"LEFT JOIN budgets ON budgets.account = ?", m.leaseNow(), account).Scan(&row).Error
	if err != nil {
		return provisioning.BudgetRow{}, wrap("budget", err)
	}
	read := provisioning.BudgetRow{State: row.State, Now: time.UnixMicro(row.ReadAt).UTC()}
	if row.Version != nil {
		read.Version = *row.Version
	}
	return read, nil
}

// SaveBudget is a compare-and-swap on the version that was read. If the answer is
// lost the state may be saved all the same; a call that counts and was not made
// does no harm.
func (m *Mirror) SaveBudget(ctx context.Context, account string, state []byte, version int64) error {
	err := m.persist(ctx, func(db *gorm.DB) error {
		if version == 0 {
			return db.Exec("INSERT INTO budgets (account, state, version) VALUES (?, ?, 1)", account, state).Error
		}
		return oneRow(db.Exec("UPDATE budgets SET state = ?, version = ? WHERE account = ? AND version = ?",
			state, version+1, account, version))
	})
	if _, there := duplicate(err); there {
		err = provisioning.ErrStale
	}
	return wrap("save budget", err)
}
