// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/certbridge/certbridge/provisioning"
)

// laneRow is what a taker sees of a row of lanes.
type laneRow struct {
	Holder string
	Fence  int64
	Held   bool // its lease lasts
}

// leaseNow is the present of the leases in SQL, in microseconds since 1970. Who
// holds a lane must not depend on whose clock goes wrong, so it is one clock that
// all takers are measured by, the database's; a cluster's nodes must agree on the
// time far better than a lease is long.
func (m *Mirror) leaseNow() clause.Expr {
	if m.leaseClock == nil {
		return clause.Expr{SQL: m.microseconds()}
	}
	return clause.Expr{SQL: "?", Vars: []any{m.leaseClock().UnixMicro()}}
}

// TakeLane takes the purchase lane of an account.
//
// It is a compare-and-swap on the fence that was read. A lock of the server would
// be no lock between the nodes of a cluster; of two nodes that swap the same row
// at once, one is told at its commit that it was rolled back. If the answer is
// lost the lane may be taken all the same: the holder takes it again, anybody else
// waits until the lease ends.
func (m *Mirror) TakeLane(ctx context.Context, account, holder string, lasting time.Duration) (provisioning.Lane, error) {
	lane := provisioning.Lane{Account: account, Holder: holder, Lasting: lasting}
	// Twice at most, as a rule: whoever was quicker holds it then.
	for range attempts {
		standing, there, err := m.standingLane(ctx, account)
		if err != nil {
			return provisioning.Lane{}, wrap("take lane", err)
		}
		if standing.Held && standing.Holder != holder {
			break
		}
		lane.Fence = standing.Fence + 1
		swap := m.swapLane
		if !there {
			swap = m.insertLane
		}
		taken, err := swap(ctx, lane)
		if err != nil {
			return provisioning.Lane{}, wrap("take lane", err)
		}
		if taken {
			return lane, nil
		}
	}
	return provisioning.Lane{}, wrap("take lane", provisioning.ErrBusy)
}

// standingLane reads who has the lane; there is false if nobody ever had.
func (m *Mirror) standingLane(ctx context.Context, account string) (row laneRow, there bool, err error) {
	found := m.read.WithContext(ctx).
		Raw("SELECT holder, fence, ends_at > ? AS held FROM lanes WHERE account = ?", m.leaseNow(), account).Scan(&row)
	return row, found.RowsAffected == 1, found.Error
}

// insertLane takes a lane that nobody ever had, unless somebody does first.
func (m *Mirror) insertLane(ctx context.Context, lane provisioning.Lane) (taken bool, err error) {
	err = m.persist(ctx, func(db *gorm.DB) error {
		return db.Exec("INSERT INTO lanes (account, holder, fence, ends_at) VALUES (?, ?, ?, ? + ?)",
			lane.Account, lane.Holder, lane.Fence, m.leaseNow(), lane.Lasting.Microseconds()).Error
	})
	if _, there := duplicate(err); there {
		return false, nil
	}
	return err == nil, err
}

// swapLane takes a lane that is free or the holder's own, unless somebody does
// first. The fence does not tell whether a write prolonged the lease meanwhile, so
// the row is asked again.
func (m *Mirror) swapLane(ctx context.Context, lane provisioning.Lane) (taken bool, err error) {
	err = m.persist(ctx, func(db *gorm.DB) error {
		now := m.leaseNow()
		written := db.Exec("UPDATE lanes SET holder = ?, fence = ?, ends_at = ? + ? "+
			"WHERE account = ? AND fence = ? AND (ends_at <= ? OR holder = ?)",
			lane.Holder, lane.Fence, now, lane.Lasting.Microseconds(), lane.Account, lane.Fence-1, now, lane.Holder)
		taken = written.RowsAffected == 1
		return written.Error
	})
	return taken, err
}

// LeaveLane ends a lease, if it is still the one that was given.
func (m *Mirror) LeaveLane(ctx context.Context, lane provisioning.Lane) error {
	err := m.persist(ctx, func(db *gorm.DB) error {
		return db.Exec("UPDATE lanes SET ends_at = 0 WHERE account = ? AND holder = ? AND fence = ?",
			lane.Account, lane.Holder, lane.Fence).Error
	})
	return wrap("leave lane", err)
}

// keepLanes prolongs the leases under which plans are written, or turns all of
// them away. It comes before every other statement: from here to the commit the
// rows are locked, and a lane that is held stays held while the rest is written.
// The order keeps two transactions from waiting for each other.
func (m *Mirror) keepLanes(tx *gorm.DB, plans []*plan) error {
	var lanes []*provisioning.Lane
	for _, p := range plans {
		if p.lane != nil {
			lanes = append(lanes, p.lane)
		}
	}
	slices.SortFunc(lanes, func(a, b *provisioning.Lane) int { return cmp.Compare(a.Account, b.Account) })
	for _, lane := range lanes {
		if err := m.keepLane(tx, lane); err != nil {
			return err
		}
	}
	return nil
}

func (m *Mirror) keepLane(tx *gorm.DB, lane *provisioning.Lane) error {
	now := m.leaseNow()
	kept := tx.Exec("UPDATE lanes SET ends_at = ? + ? WHERE account = ? AND holder = ? AND fence = ? AND ends_at > ?",
		now, lane.Lasting.Microseconds(), lane.Account, lane.Holder, lane.Fence, now)
	if kept.Error == nil && kept.RowsAffected != 1 {
		return provisioning.ErrLaneLost
	}
	return kept.Error
}
