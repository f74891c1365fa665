// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// ready is a provider whose pages are decoded already, so that what is left of a
// run is comparing and writing.
type ready struct {
	provisioning.Provider // of which a run of unlinked certificates needs nothing else
	rows                  []provisioning.CertificateSummary
}

func newReady(count int) *ready {
	r := &ready{rows: make([]provisioning.CertificateSummary, count)}
	for i := range r.rows {
		id := strconv.Itoa(firstShelved + count - i)
		r.rows[i] = provisioning.CertificateSummary{
			CertificateID: id, Status: provisioning.StatusIssued, ProviderStatus: "active", Product: "positivessl",
			ProviderProduct: "PositiveSSL", Years: 1, CommonName: "www.customer-" + id + ".example.com",
			PurchasedOn: provisioning.Date{Year: 2026, Month: time.March, Day: 17},
			ExpiresOn:   provisioning.Date{Year: 2027, Month: time.March, Day: 17},
		}
	}
	return r
}

// change makes every hundredth row another one.
func (r *ready) change() {
	for i := oneIn / 2; i < len(r.rows); i += oneIn {
		r.rows[i].ExpiresOn = r.rows[i].ExpiresOn.AddDays(1)
	}
}

// Certificates gives a page.
func (r *ready) Certificates(_ context.Context, page, size int) (provisioning.CertificatePage, error) {
	first := min((page-1)*size, len(r.rows))
	return provisioning.CertificatePage{Certificates: r.rows[first:min(first+size, len(r.rows))], Total: len(r.rows)}, nil
}

// measureWriting compares a run in which one row of a hundred has changed with
// upserting every row, page by page.
func measureWriting(ctx context.Context, driver string, of scale) (goals []goal, err error) {
	s, dsn, err := emptyDatabase(ctx, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	store, err := openMirror(ctx, driver, dsn, time.Now)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, store.Close)
	upstream := newReady(of.many)
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: store, Now: time.Now, Log: slog.New(slog.DiscardHandler), Accounts: []provisioning.Account{oneAccount(upstream)},
	})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { return bridge.Close(context.WithoutCancel(ctx)) })
	ratios, best, err := compareWithUpserts(ctx, store, bridge, upstream, of)
	if err != nil {
		return nil, err
	}
	return []goal{{
		fmt.Sprintf("comparing and writing %d rows, 1 %% changed, to upserting every row", of.many),
		">= 15", fmt.Sprintf("%.1f %s; %.0f rows/s", middle(ratios), spread(ratios, "%.1f"), best), middle(ratios) >= 15,
	}}, nil
}

// compareWithUpserts gives how many times as fast as the upserts runs are, and the
// rows that a run does in a second, in the middle.
func compareWithUpserts(ctx context.Context, store *mirror.Mirror, bridge *provisioning.Bridge, upstream *ready, of scale) (
	ratios []float64, perSecond float64, err error,
) {
	var speeds []float64
	for round := range of.rounds + 1 {
		upserts, err := upsertAll(ctx, store, upstream.rows)
		if err != nil {
			return nil, 0, err
		}
		began := time.Now()
		part, err := synchronizeOnce(ctx, bridge)
		if err != nil {
			return nil, 0, err
		}
		took := time.Since(began)
		changed := len(upstream.rows) / oneIn
		if round == 0 { // nothing was there before
			changed = len(upstream.rows)
		} else {
			ratios = append(ratios, float64(upserts)/float64(took))
			speeds = append(speeds, float64(len(upstream.rows))/took.Seconds())
		}
		if part.Changed != changed {
			return nil, 0, fmt.Errorf("%d rows changed instead of %d", part.Changed, changed)
		}
		upstream.change()
	}
	return ratios, middle(speeds), nil
}

// upsertAll is what a run would do that compares nothing.
func upsertAll(ctx context.Context, store *mirror.Mirror, rows []provisioning.CertificateSummary) (time.Duration, error) {
	began := time.Now()
	for page := range slices.Chunk(rows, pageSize) {
		listings := make([]provisioning.Listing, len(page))
		for i, row := range page {
			listings[i] = provisioning.Listing{CertificateSummary: row, Account: "every", FirstSeenAt: began, ChangedAt: began}
		}
		if err := store.SaveListings(ctx, "every", listings); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}
