// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"slices"
)

// Unlinked reads a page of certificates that the provider listed and no service
// owns. No call is made: they are as the last synchronization saw them.
//
// Codes: unknown_account, store_unavailable.
func (b *Bridge) Unlinked(ctx context.Context, query UnlinkedQuery) ([]Listing, error) {
	if query.Account != "" {
		if _, err := b.account(query.Account); err != nil {
			return nil, err
		}
	}
	listings, err := b.store.Unlinked(ctx, query)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return listings, nil
}

// Dismiss notes that an unlinked certificate is nobody's business, so that it is
// not listed any more unless somebody asks. operator is "operator:<name>". It can
// be linked all the same.
//
// Codes: unknown_account, certificate_not_listed, certificate_owned,
// store_unavailable.
func (b *Bridge) Dismiss(ctx context.Context, operator, account, certificateID, note string) error {
	if _, err := b.account(account); err != nil {
		return err
	}
	owner, owned, err := b.owner(ctx, account, certificateID)
	if err != nil {
		return err
	}
	if owned {
		return ownedBy(certificateID, owner)
	}
	err = b.store.Dismiss(ctx, account, certificateID, Dismissal{DismissedBy: operator, DismissedAt: b.instant(), DismissedNote: note})
	if errors.Is(err, ErrNotFound) {
		return &Error{Kind: KindNotFound, Code: "certificate_not_listed", Detail: "No synchronization of this account has seen this certificate."}
	}
	if err != nil {
		return storeUnavailable(err)
	}
	b.log.Info("an unlinked certificate was dismissed", "account", account, "certificate", certificateID, "by", operator)
	return nil
}

// owner tells which service owns a certificate, if one does.
func (b *Bridge) owner(ctx context.Context, account, certificateID string) (owner Owner, owned bool, err error) {
	owners, err := b.store.Owners(ctx, account, []string{certificateID})
	if err != nil {
		return Owner{}, false, storeUnavailable(err)
	}
	owner, owned = owners[certificateID]
	return owner, owned, nil
}

func ownedBy(certificateID string, owner Owner) *Error {
	return conflict("certificate_owned", "Certificate %s belongs to service %s of panel %s.", certificateID, owner.ServiceID, owner.Panel)
}

// listedRows finds what the provider's list says about certificates: in what the
// last synchronization saw, and for those that it did not see in the list itself,
// a page at a time until all are found. unread tells why the list could not be
// read to its end; then a certificate that was not found may be there.
func (b *Bridge) listedRows(ctx context.Context, account Account, ids []string, progress func(read, total int)) (rows map[string]CertificateSummary, unread, err error) {
	stored, err := b.store.Listings(ctx, account.Name, ids)
	if err != nil {
		return nil, nil, storeUnavailable(err)
	}
	rows, missing := make(map[string]CertificateSummary, len(ids)), map[string]bool{}
	for _, id := range ids {
		if listing, seen := stored[id]; seen {
			rows[id] = listing.CertificateSummary
		} else {
			missing[id] = true
		}
	}
	for page, total := 1, 1; len(missing) > 0 && page <= total; page++ {
		answer, err := b.askPage(ctx, account.Upstream, page)
		if err != nil {
			return rows, readFailure(err), nil
		}
		for _, row := range answer.Certificates {
			if missing[row.CertificateID] {
				rows[row.CertificateID] = row
				delete(missing, row.CertificateID)
			}
		}
		if answer.Unreadable > 0 {
			unread = &Error{Kind: KindUnavailable, Code: "provider_unreachable", Detail: "The list has rows that cannot be read.", Retryable: true}
		}
		// A page without rows is the end, whatever is said about the length.
		if total = pagesOf(answer.Total); len(answer.Certificates)+answer.Unreadable == 0 {
			break
		}
		progress(page, max(page, total))
	}
	return rows, unread, nil
}

// listedRow is listedRows for one certificate; the row is empty for one that is not
// listed.
func (b *Bridge) listedRow(ctx context.Context, account Account, certificateID string) (CertificateSummary, error) {
	rows, unread, err := b.listedRows(ctx, account, []string{certificateID}, func(int, int) {})
	row, found := rows[certificateID]
	if !found && err == nil {
		err = unread
	}
	return row, err
}

// followed asks about a certificate and what replaced it, one after the other.
func (b *Bridge) followed(ctx context.Context, upstream Provider, certificateID string) (seen []CertificateDetail, err error) {
	for next := certificateID; next != ""; {
		if len(seen) > maxHops {
			return nil, brokenChain(errors.New("certificate " + certificateID + " is replaced too often"))
		}
		detail, err := b.ask(ctx, upstream, next)
		if err != nil {
			return nil, err
		}
		seen = append(seen, detail)
		next = detail.ReplacedBy
		if slices.ContainsFunc(seen, func(d CertificateDetail) bool { return d.CertificateID == next }) {
			return nil, brokenChain(errors.New("certificate " + certificateID + " is replaced in a circle"))
		}
	}
	return seen, nil
}
