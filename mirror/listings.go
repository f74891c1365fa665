// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/certbridge/certbridge/provisioning"
)

const (
	// fingerprintsAtOnce is how many fingerprints are read at a time. Each page is a
	// statement of its own: none lasts long enough to hold anybody up, whatever is
	// done with the rows in between.
	fingerprintsAtOnce = 5000
	// listingsAtOnce is how many listings a statement writes, as many as a page of
	// a provider's list has.
	listingsAtOnce = 100
)

// listingRow is a row of listings.
type listingRow struct {
	Account       string `gorm:"primaryKey"`
	CertificateID string `gorm:"primaryKey"`
	Fingerprint   int64  // the bits of the unsigned one
	Summary       string // JSON of the provisioning.CertificateSummary
	Status        string
	FirstSeenAt   Time
	ChangedAt     Time
	DismissedBy   string
	DismissedAt   Time
	DismissedNote string
}

// TableName names the table.
func (listingRow) TableName() string { return "listings" }

// listingChanges are the columns that another look at the provider's list changes.
func listingChanges() []string { return []string{"fingerprint", "summary", "status", "changed_at"} }

func newListingRow(account string, l provisioning.Listing) (listingRow, error) {
	summary, err := toJSON(l.CertificateSummary)
	return listingRow{
		Account: account, CertificateID: l.CertificateID, Fingerprint: signed(l.Fingerprint), Summary: summary, Status: string(l.Status),
		FirstSeenAt: timeOf(l.FirstSeenAt), ChangedAt: timeOf(l.ChangedAt),
		DismissedBy: text(l.DismissedBy), DismissedAt: timeOf(l.DismissedAt), DismissedNote: text(l.DismissedNote),
	}, err
}

func (r listingRow) listing() (provisioning.Listing, error) {
	l := provisioning.Listing{
		Account: r.Account, Fingerprint: unsigned(r.Fingerprint), FirstSeenAt: r.FirstSeenAt.std(), ChangedAt: r.ChangedAt.std(),
		Dismissal: provisioning.Dismissal{
			DismissedBy: r.DismissedBy, DismissedAt: r.DismissedAt.std(), DismissedNote: r.DismissedNote,
		},
	}
	err := fromJSON(r.Summary, &l.CertificateSummary)
	l.CertificateID = r.CertificateID // which the row is found by, letter for letter
	return l, err
}

// signed gives the same bits as a number that both databases have.
func signed(fingerprint uint64) int64 {
	return int64(fingerprint) //nolint:gosec // the bits count, not the number
}

// unsigned is the other way of signed.
func unsigned(column int64) uint64 {
	return uint64(column) //nolint:gosec // the bits count, not the number
}

// Fingerprints tells the fingerprint of every listing of an account.
func (m *Mirror) Fingerprints(ctx context.Context, account string, each func(certificateID string, fingerprint uint64)) error {
	after, count := "", fingerprintsAtOnce
	for count == fingerprintsAtOnce {
		var err error
		if after, count, err = m.fingerprintPage(ctx, account, after, each); err != nil {
			return wrap("fingerprints of account "+account, err)
		}
	}
	return nil
}

// fingerprintPage reads a page and tells the last of its ids and how many there
// were. Without gorm's reflection, because there may be a million rows.
func (m *Mirror) fingerprintPage(ctx context.Context, account, after string, each func(string, uint64)) (last string, count int, err error) {
	rows, err := m.read.WithContext(ctx).Raw("SELECT certificate_id, fingerprint FROM listings "+m.byFingerprint()+
		" WHERE account = ? AND certificate_id > ? ORDER BY certificate_id LIMIT ?", account, after, fingerprintsAtOnce).Rows()
	if err != nil {
		return "", 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var fingerprint int64
		if err := rows.Scan(&last, &fingerprint); err != nil {
			return "", 0, err
		}
		each(last, unsigned(fingerprint))
		count++
	}
	return last, count, rows.Err()
}

// byFingerprint has MySQL read the narrow key, which it thinks no better than the
// whole rows. SQLite does so by itself.
func (m *Mirror) byFingerprint() string {
	if m.driver == SQLite {
		return ""
	}
	return "FORCE INDEX (listings_fingerprints)"
}

// SaveListings inserts listings or replaces what they show.
//
// Unlike everything else it is an upsert: whose a certificate is does not hang on
// it, and what two synchronizations saw at the same moment is equally true. The
// rows are written in one order, so that two of them do not wait for each other.
func (m *Mirror) SaveListings(ctx context.Context, account string, listings []provisioning.Listing) error {
	rows := make([]listingRow, len(listings))
	for i, listing := range listings {
		var err error
		if rows[i], err = newListingRow(account, listing); err != nil {
			return wrap("save listing "+listing.CertificateID, err)
		}
	}
	slices.SortStableFunc(rows, func(a, b listingRow) int { return cmp.Compare(a.CertificateID, b.CertificateID) })
	for some := range slices.Chunk(rows, listingsAtOnce) {
		err := m.persist(ctx, func(db *gorm.DB) error { return db.Clauses(replaceListings()).Create(&some).Error })
		if err != nil {
			return wrap("save listings of account "+account, err)
		}
	}
	return nil
}

func replaceListings() clause.OnConflict {
	return clause.OnConflict{
		Columns:   []clause.Column{{Name: "account"}, {Name: "certificate_id"}},
		DoUpdates: clause.AssignmentColumns(listingChanges()),
	}
}

// Listings reads the listings of certificates.
func (m *Mirror) Listings(ctx context.Context, account string, certificateIDs []string) (map[string]provisioning.Listing, error) {
	listings := make(map[string]provisioning.Listing, len(certificateIDs))
	for ids := range slices.Chunk(certificateIDs, ownersAtOnce) {
		found, err := m.listings(m.read.WithContext(ctx).Where("account = ? AND certificate_id IN ?", account, ids))
		if err != nil {
			return nil, wrap("listings of account "+account, err)
		}
		for _, listing := range found {
			listings[listing.CertificateID] = listing
		}
	}
	return listings, nil
}

// Unlinked reads a page of listings that no service owns.
func (m *Mirror) Unlinked(ctx context.Context, query provisioning.UnlinkedQuery) ([]provisioning.Listing, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	db := m.read.WithContext(ctx).
		Joins("LEFT JOIN certificates ON certificates.account = listings.account AND certificates.certificate_id = listings.certificate_id").
		Where("certificates.id IS NULL").
		Order("listings.account").Order("listings.certificate_id").Limit(limit)
	if query.Account != "" {
		db = db.Where("listings.account = ?", query.Account)
	}
	switch account, certificateID, paged := strings.Cut(query.After, "/"); {
	case paged && account == query.Account:
		db = db.Where("listings.certificate_id > ?", certificateID)
	case paged && m.driver == SQLite:
		db = db.Where("(listings.account, listings.certificate_id) > (?, ?)", account, certificateID)
	case paged: // the same in the words by which MySQL finds the place in the key
		db = db.Where("(listings.account > ? OR listings.account = ? AND listings.certificate_id > ?)", account, account, certificateID)
	}
	if !query.Dismissed {
		db = db.Where("listings.dismissed_by = ''")
	}
	if !query.Worthless {
		db = db.Where("listings.status NOT IN ?", provisioning.WorthlessStatuses())
	}
	listings, err := m.listings(db)
	return listings, wrap("unlinked certificates", err)
}

// listings reads what was selected.
func (m *Mirror) listings(selected *gorm.DB) ([]provisioning.Listing, error) {
	var rows []listingRow
	if err := selected.Select("listings.*").Find(&rows).Error; err != nil {
		return nil, err
	}
	listings := make([]provisioning.Listing, len(rows))
	for i, row := range rows {
		var err error
		if listings[i], err = row.listing(); err != nil {
			return nil, err
		}
	}
	return listings, nil
}

// Dismiss notes that a person does not want to see an unlinked certificate.
func (m *Mirror) Dismiss(ctx context.Context, account, certificateID string, dismissal provisioning.Dismissal) error {
	err := m.persist(ctx, func(db *gorm.DB) error {
		written := db.Model(&listingRow{}).Where("account = ? AND certificate_id = ?", account, certificateID).
			Select("DismissedBy", "DismissedAt", "DismissedNote").
			UpdateColumns(listingRow{
				DismissedBy: text(dismissal.DismissedBy), DismissedAt: timeOf(dismissal.DismissedAt), DismissedNote: text(dismissal.DismissedNote),
			})
		if written.Error == nil && written.RowsAffected == 0 {
			return provisioning.ErrNotFound
		}
		return written.Error
	})
	return wrap("dismiss", err)
}
