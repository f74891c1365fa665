// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

const (
	// missingMost bounds the certificates that one run asks about because they were
	// not in the list. Where there are more, it is rather the list that is wrong.
	missingMost = 100
	// missingAtOnce is how many certificates are looked for at a time.
	missingAtOnce = 500
)

// confirmMissing asks about the certificates of services that the whole list did
// not show: nothing is said of an absence until the provider has confirmed it.
func (w *partWork) confirmMissing(ctx context.Context) error {
	owners, err := w.missing(ctx)
	if err != nil || len(owners) == 0 {
		return err
	}
	var services concerned
	for _, one := range owners {
		services.add(one.owner, one.id)
	}
	changes, failed, err := w.takeServices(ctx, 0, services, func(ctx context.Context, owner Owner) (changes []ServiceChange, err error) {
		for _, id := range services.certificates[owner] {
			more, err := w.confirm(ctx, owner, id)
			if err != nil {
				return changes, err
			}
			changes = append(changes, more...)
		}
		return changes, nil
	})
	if err != nil {
		return err
	}
	if w.run.DryRun {
		return w.store(changes)
	}
	var gone []string
	for _, one := range owners {
		if !failed[one.owner] {
			gone = append(gone, one.id)
		}
	}
	if err := w.markGone(ctx, gone); err != nil {
		return err
	}
	return w.store(nil)
}

type missingCertificate struct {
	id    string
	owner Owner
}

// missing finds certificates of services that the list showed before, or never,
// and does not show now.
func (w *partWork) missing(ctx context.Context) (found []missingCertificate, err error) {
	add := func(ids []string) error {
		owners, err := w.b.store.Owners(ctx, w.account.Name, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if owner, owned := owners[id]; owned {
				found = append(found, missingCertificate{id, owner})
			}
		}
		return nil
	}
	if w.known.missed() > 0 {
		if err := w.eachMissed(ctx, add); err != nil {
			return nil, err
		}
	}
	unlisted, err := w.b.store.Unlisted(ctx, w.account.Name, w.run.StartedAt, missingMost+1)
	if err != nil {
		return nil, err
	}
	// What was met and could not be marked is not missing.
	unlisted = slices.DeleteFunc(unlisted, w.known.met)
	if err := add(unlisted); err != nil {
		return nil, err
	}
	if len(found) > missingMost {
		w.fault(SynchronizationError{Code: faultIncomplete, Detail: fmt.Sprintf(
			"The list lacks more than %d certificates that services own; only those are asked about in this run.", missingMost)})
		found = found[:missingMost]
	}
	return found, nil
}

// eachMissed goes through the certificates that the list showed before and does
// not show now, some at a time. They are read once more: ids are not kept.
func (w *partWork) eachMissed(ctx context.Context, take func(ids []string) error) error {
	var some []string
	var failed error
	flush := func() {
		if failed == nil && len(some) > 0 {
			failed = take(some)
		}
		some = nil
	}
	err := w.b.store.Fingerprints(ctx, w.account.Name, func(certificateID string, _ uint64) {
		if failed != nil || !w.known.misses(certificateID) {
			return
		}
		if some = append(some, certificateID); len(some) == missingAtOnce {
			flush()
		}
	})
	flush()
	return errors.Join(err, failed)
}

// confirm asks about a certificate that the list does not show. What the provider
// does not know any more is said; anything else is brought up to date.
func (w *partWork) confirm(ctx context.Context, owner Owner, id string) ([]ServiceChange, error) {
	for range writeAttempts {
		stored, err := w.service(ctx, owner)
		if err != nil {
			return nil, err
		}
		if c := stored.Certificate(id); c == nil || !c.changes() {
			return nil, nil // a list may leave out what is replaced
		}
		upstream := &remembering{Provider: w.upstream, details: map[string]CertificateDetail{}}
		seen, err := w.b.askAbout(ctx, upstream, stored, []string{id})
		var told *Error
		var changes []ServiceChange
		switch {
		case errors.As(err, &told) && told.Code == "certificate_unknown_upstream":
			changes, err = w.sayGone(stored, id)
		case err != nil:
			return nil, err
		default:
			changes, err = w.bringUpToDate(ctx, stored, seen, &search{upstream: upstream, others: map[string]bool{}, asked: map[string]CertificateDetail{}})
		}
		switch {
		case errors.Is(err, ErrStale), errors.Is(err, ErrBusy):
		case errors.Is(err, ErrExists):
			return nil, brokenChain(err)
		default:
			return changes, err
		}
	}
	return nil, inProgress()
}

// sayGone writes into the audit trail and the report that the provider does not
// know a certificate any more. The service stays as it is: what that means a person
// has to find out.
func (w *partWork) sayGone(stored Service, id string) ([]ServiceChange, error) {
	after := stored.Clone()
	after.UpdatedAt = w.b.instant()
	change := Change{Before: &stored, After: &after, Lane: &w.lane, Events: []Event{{
		At: after.UpdatedAt, Kind: "certificate.missing", Actor: "certbridge", Detail: "certificate " + id + " is not known to the provider any more",
	}}}
	return w.writeReported(change, []ServiceChange{{
		Account: stored.Account, Panel: stored.Panel, ServiceID: stored.ServiceID, CertificateID: id, Field: "known_upstream", Old: "true", New: "false",
	}})
}

// markGone marks certificates as asked about, so that the next run does not ask
// again. When the list shows one of them once more, its row differs.
func (w *partWork) markGone(ctx context.Context, ids []string) error {
	known, err := w.b.store.Listings(ctx, w.account.Name, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	now := w.b.instant()
	var gone []Listing
	for _, id := range ids {
		listing, listed := known[id]
		if !listed {
			listing = Listing{CertificateSummary: CertificateSummary{CertificateID: id, Status: StatusUnknown}, FirstSeenAt: now}
		}
		listing.Account, listing.Fingerprint, listing.ChangedAt = w.account.Name, goneFingerprint, now
		gone = append(gone, listing)
	}
	return w.b.store.SaveListings(ctx, w.account.Name, gone)
}
