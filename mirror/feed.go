// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/certbridge/certbridge/provisioning"
)

// numbersAtOnce bounds the services that one transaction numbers, so that their
// writers do not wait long for it.
const numbersAtOnce = 500

// feedRow is a row of feeds.
type feedRow struct {
	Panel    string `gorm:"primaryKey"`
	Sequence int64  // the last number that was given
	Turns    int64  // how often the row was taken
}

// TableName names the table.
func (feedRow) TableName() string { return "feeds" }

// Changes reads a page of a panel's change feed.
//
// Writers do not number what they write: they would wait for each other at the
// counter, or commit in another order than they took their numbers, and a reader
// would pass over one that commits late. A write only makes its service's version
// differ from the numbered one. Whoever reads gives out the numbers, one reader of a
// panel at a time until it commits, so that they become visible in their order.
func (m *Mirror) Changes(ctx context.Context, panel string, after int64, limit int) ([]provisioning.NumberedService, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	last, waiting, err := m.standingFeed(ctx, panel)
	if err == nil && (waiting || after > last) {
		err = m.numberServices(ctx, panel, after, limit)
	}
	if err != nil {
		return nil, wrap("changes", err)
	}
	changes, err := m.numbered(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Joins("Open").Where("services.panel = ? AND services.sequence > ?", panel, after).
			Order("services.sequence").Limit(limit)
	})
	return changes, wrap("changes", err)
}

// standingFeed reads the last number of a panel's feed, and whether services wait
// for one. It comes before the page is read: what another reader numbers in between
// is in the page.
func (m *Mirror) standingFeed(ctx context.Context, panel string) (last int64, waiting bool, err error) {
	err = m.read.WithContext(ctx).Raw("SELECT COALESCE((SELECT sequence FROM feeds WHERE panel = ?), 0), "+
		"EXISTS (SELECT 1 FROM services WHERE panel = ? AND sequence IS NULL)", panel, panel).Row().Scan(&last, &waiting)
	return last, waiting, err
}

// numberServices numbers what waits in a panel: all of it, or enough for a page.
func (m *Mirror) numberServices(ctx context.Context, panel string, after int64, enough int) error {
	for given, last := 0, numbersAtOnce; given < enough && last == numbersAtOnce; given += last {
		var err error
		if last, err = m.numberSome(ctx, panel, after); err != nil {
			return err
		}
	}
	return nil
}

// numberSome numbers some services that wait and tells how many. A reader that is
// ahead of the feed is told so before anything is numbered: the numbers might reach
// its place, and hide that it belongs to another history, one before a restore. It
// is told after the commit, because only then does a node of a cluster know that its
// own row was not an old one.
func (m *Mirror) numberSome(ctx context.Context, panel string, after int64) (given int, err error) {
	ahead := false
	err = m.transact(ctx, func(tx *gorm.DB) error {
		last, err := takeFeed(tx, panel)
		if err != nil {
			return err
		}
		if ahead = after > last; ahead {
			return nil
		}
		given, err = numberAfter(tx, panel, last)
		return err
	})
	if err == nil && ahead {
		return 0, provisioning.ErrCursorAhead
	}
	return given, err
}

// takeFeed waits for the panel's row of feeds, keeps it until the transaction ends,
// and tells the last number that was given.
func takeFeed(tx *gorm.DB, panel string) (last int64, err error) {
	taken := clause.OnConflict{
		Columns:   []clause.Column{{Name: "panel"}},
		DoUpdates: clause.Assignments(map[string]any{"turns": gorm.Expr("feeds.turns + 1")}),
	}
	if err := tx.Clauses(taken).Create(&feedRow{Panel: panel, Turns: 1}).Error; err != nil {
		return 0, err
	}
	err = tx.Raw("SELECT sequence FROM feeds WHERE panel = ?", panel).Row().Scan(&last)
	return last, err
}

// numberAfter gives services that wait the numbers after last.
//
// One that is written meanwhile is numbered as it is then, if its writer commits
// first, and waits again if not. Both are right: what is read with a number is never
// older than the number.
func numberAfter(tx *gorm.DB, panel string, last int64) (given int, err error) {
	var waiting []int64
	err = tx.Raw("SELECT id FROM services WHERE panel = ? AND sequence IS NULL ORDER BY id LIMIT ?", panel, numbersAtOnce).Scan(&waiting).Error
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	numbers := make([]any, 0, 2*len(waiting)+1)
	for i, id := range waiting {
		numbers = append(numbers, id, last+1+int64(i))
	}
	err = tx.Exec("UPDATE services SET feed_number = CASE id"+strings.Repeat(" WHEN ? THEN ?", len(waiting))+" END, "+
		"feed_version = version WHERE id IN ? AND sequence IS NULL", append(numbers, waiting)...).Error
	if err != nil {
		return 0, err
	}
	err = tx.Exec("UPDATE feeds SET sequence = ? WHERE panel = ?", last+int64(len(waiting)), panel).Error
	return len(waiting), err
}
