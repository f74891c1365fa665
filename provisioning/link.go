// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// LinkRequest says to which service an unlinked certificate belongs. What is left
// out is taken from what the provider says.
type LinkRequest struct {
	Panel         string // id of the panel
	ServiceID     string // made if the panel has none with this id
	Account       string
	CertificateID string
	Product       string // code; needed if the provider's name for it is not known
	Years         int    // of the paid term; needed if the provider does not say
	// PurchasedOn is when the term begins; needed if the provider does not say, and
	// for a certificate that is a reissue if the list dates it by the reissue.
	PurchasedOn Date
	// As tells what it is to a service that has certificates already: ReasonReissue,
	// what replaced the present one, or ReasonRenewal, the next order. "" for what
	// the provider says.
	As     Reason
	Client Client // for a service that is made
	Note   string // why, kept in the audit trail
}

// mostYears bounds the term of an order that was bought elsewhere.
const mostYears = 10

// Link gives a certificate that the provider holds to a service: a new one, one
// that has no certificate yet, or one that it continues. Nothing is bought and
// nothing is changed upstream; the provider is asked about the certificate and
// what replaced it. operator is "operator:<name>" and is noted with the order, as
// the journal has no charge for it. Linking again what is linked changes nothing.
//
// Codes: invalid_service_id, unknown_account, unknown_product, client_invalid,
// certificate_owned, certificate_not_linkable, product_needed, years_needed,
// purchase_date_needed, link_unclear, service_terminated,
// service_exists_differently, reissue_pending, renewal_pending,
// operation_in_progress, replacement_chain and those of a read that failed.
func (b *Bridge) Link(ctx context.Context, operator string, request LinkRequest) (Result, error) {
	account, err := b.checkLink(request)
	if err != nil {
		return Result{}, err
	}
	return b.link(ctx, &linking{bridge: b, account: account, operator: operator, request: request})
}

func (b *Bridge) checkLink(request LinkRequest) (Account, error) {
	if !serviceIDPattern.MatchString(request.ServiceID) {
		return Account{}, invalid("invalid_service_id", "A service id has 1 to 64 letters, digits, underscores and hyphens.")
	}
	account, err := b.account(request.Account)
	if err != nil {
		return Account{}, err
	}
	if request.Product != "" {
		if _, err := account.product(request.Product); err != nil {
			return Account{}, err
		}
	}
	switch {
	case request.CertificateID == "":
		return Account{}, invalid("certificate_not_linkable", "Which certificate is meant is not said.")
	case request.Years < 0 || request.Years > mostYears:
		return Account{}, invalid("years_needed", "A term has 1 to %d years.", mostYears)
	case !request.PurchasedOn.IsZero() && DateOf(b.instant()).AddDays(dayMargin).Before(request.PurchasedOn):
		return Account{}, invalid("purchase_date_needed", "The date of the purchase is in the future.")
	case request.As != "" && request.As != ReasonReissue && request.As != ReasonRenewal:
		return Account{}, invalid("link_unclear", "A certificate is linked as %s or as %s.", ReasonReissue, ReasonRenewal)
	case request.Client.unfit():
		return Account{}, invalid("client_invalid", "The client's data are longer than %d characters or hold control characters.", maxField)
	}
	return account, nil
}

func (c Client) unfit() bool {
	for _, text := range []string{c.ExternalID, c.Name, c.Email} {
		if len([]rune(text)) > maxField || strings.ContainsFunc(text, isControl) {
			return true
		}
	}
	return false
}

// linking is one certificate on its way to its service.
type linking struct {
	bridge   *Bridge
	account  Account
	operator string
	request  LinkRequest
	row      *CertificateSummary // as the list has it, as far as known; nil until it was looked for
	listed   bool                // the list has no more to say
	seen     []CertificateDetail // the certificate, and what replaced it; nil until asked
}

// link decides on the service as it is and writes if nobody wrote it meanwhile.
// The provider is asked once, however often that takes.
func (b *Bridge) link(ctx context.Context, l *linking) (Result, error) {
	for range writeAttempts {
		linked, err := l.linked(ctx)
		if err != nil || linked != nil {
			return Result{Service: deref(linked), Unchanged: linked != nil}, err
		}
		before, err := l.service(ctx)
		if err != nil {
			return Result{}, err
		}
		result, err := l.attach(ctx, before)
		switch {
		case errors.Is(err, ErrStale):
		case errors.Is(err, ErrExists):
			if linked, err := l.linked(ctx); err != nil || linked != nil {
				continue // the next look tells whose it is
			}
			if before == nil {
				if _, err := b.store.Service(ctx, l.request.Panel, l.request.ServiceID); err == nil {
					continue // the service was made meanwhile
				}
			}
			return Result{}, notLinkable("its order, or what replaced it, belongs to another service")
		default:
			return result, err
		}
	}
	return Result{}, inProgress()
}

func deref(s *Service) Service {
	if s == nil {
		return Service{}
	}
	return *s
}

// linked is the service, if it owns the certificate already.
func (l *linking) linked(ctx context.Context) (*Service, error) {
	owner, owned, err := l.bridge.owner(ctx, l.account.Name, l.request.CertificateID)
	if err != nil || !owned {
		return nil, err
	}
	if owner != l.owner() {
		return nil, ownedBy(l.request.CertificateID, owner)
	}
	s, err := l.bridge.Service(ctx, owner.Panel, owner.ServiceID)
	return &s, err
}

func (l *linking) owner() Owner { return Owner{l.request.Panel, l.request.ServiceID} }

// service reads the service; nil if it is to be made.
func (l *linking) service(ctx context.Context) (*Service, error) {
	s, err := l.bridge.store.Service(ctx, l.request.Panel, l.request.ServiceID)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return &s, nil
}

// attach asks the provider and writes the service with its new certificate.
func (l *linking) attach(ctx context.Context, before *Service) (Result, error) {
	if err := l.look(ctx, before); err != nil {
		return Result{}, err
	}
	after, events, err := l.change(ctx, before)
	if err != nil {
		return Result{}, err
	}
	result, err := l.bridge.write(before, after, nil, events)
	if err == nil {
		l.bridge.log.Info("a certificate was linked", "account", l.account.Name, "certificate", l.request.CertificateID,
			"panel", after.Panel, "service", after.ServiceID, "by", l.operator)
	}
	return result, err
}

// look finds out what the certificate is: by what a synchronization saw of it, then
// by the provider's word, and only if it was never seen and its date is not given by
// the provider's list, which may be long.
func (l *linking) look(ctx context.Context, before *Service) error {
	id := l.request.CertificateID
	if l.row == nil {
		stored, err := l.bridge.store.Listings(ctx, l.account.Name, []string{id})
		if err != nil {
			return storeUnavailable(err)
		}
		listing, seen := stored[id]
		l.row, l.listed = &listing.CertificateSummary, seen || !l.request.PurchasedOn.IsZero()
	}
	if err := l.check(before); err != nil {
		return err
	}
	if l.seen == nil {
		seen, err := l.bridge.followed(ctx, l.account.Upstream, id)
		if err != nil {
			return err
		}
		l.seen = seen
	}
	if !l.listed {
		row, err := l.bridge.listedRow(ctx, l.account, id)
		if err != nil {
			return err
		}
		l.row, l.listed = &row, true
	}
	return l.check(before)
}

// check refuses what does not fit. Before the provider was asked about the
// certificate it tells what the list alone shows.
func (l *linking) check(before *Service) error {
	if before != nil {
		switch {
		case before.State == ServiceTerminated:
			return conflict("service_terminated", "This service was terminated; a certificate needs one that is in use.")
		case before.Account != l.account.Name:
			return conflict("service_exists_differently", "This service exists with account %s.", before.Account)
		case before.Operation != nil:
			return inProgress()
		}
	}
	if l.status() == StatusCancelled {
		return notLinkable("it was cancelled")
	}
	if sold := l.soldFor(); sold > 0 && l.request.Years > 0 && l.request.Years != sold {
		return notLinkable("it was sold for %d years, not for %d", sold, l.request.Years)
	}
	product, err := l.product(before)
	switch {
	case err != nil && l.seen == nil && l.row.Product == "":
		return nil // the provider may say more when it is asked
	case err != nil:
		return err
	case before != nil:
		sold, err := l.account.product(before.Product)
		if err != nil || !sold.SameClass(product) {
			return notLinkable("it is a %s, and the service was sold as %s", product.Code, before.Product)
		}
	}
	return nil
}

func notLinkable(format string, args ...any) *Error {
	return conflict("certificate_not_linkable", "This certificate cannot be linked: %s.", fmt.Sprintf(format, args...))
}

// status is what is known of the certificate last.
func (l *linking) status() Status {
	if len(l.seen) > 0 {
		return l.seen[0].Status
	}
	return l.row.Status
}

// product is what the certificate is. Providers replace products by others of the
// same class under another name; what the request says, or what the service was
// sold as, counts among those, and where the provider's name is not known.
func (l *linking) product(before *Service) (Product, error) {
	code := l.row.Product
	if len(l.seen) > 0 && l.seen[0].Product != "" {
		code = l.seen[0].Product
	}
	said := l.request.Product
	if said == "" && before != nil {
		said = before.Product
	}
	found, err := l.account.product(code)
	switch {
	case err != nil && said != "":
		return l.account.product(said)
	case err != nil:
		return Product{}, invalid("product_needed", "The provider calls the product of certificate %s %q, which is not known here.",
			l.request.CertificateID, bounded(l.row.ProviderProduct))
	case said == "":
		return found, nil
	}
	wanted, err := l.account.product(said)
	if err != nil || !wanted.SameClass(found) {
		return Product{}, notLinkable("it is a %s, not a %s", found.Code, said)
	}
	return wanted, nil
}

func (l *linking) years() int { return cmp.Or(l.soldFor(), l.request.Years) }

// soldFor is the term as the provider tells it, 0 if it does not.
func (l *linking) soldFor() int {
	if l.row.Years > 0 {
		return l.row.Years
	}
	if len(l.seen) > 0 {
		return l.seen[0].Years
	}
	return 0
}

func (l *linking) purchasedOn() Date {
	if !l.request.PurchasedOn.IsZero() {
		return l.request.PurchasedOn
	}
	return l.row.PurchasedOn
}
