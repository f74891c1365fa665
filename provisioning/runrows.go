// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
)

// shadowsMost bounds the services that a dry run keeps as they would be by now.
const shadowsMost = 500

// takeRows brings the services up to date that own certificates of a page whose rows
// differ from the snapshot, and gives the rows that can be marked then. A row whose
// service could not be written is none: tomorrow it differs again. In a dry run it
// also gives what would have been reported.
func (w *partWork) takeRows(ctx context.Context, page int, rows []CertificateSummary, owners map[string]Owner) (
	marked []CertificateSummary, changes []ServiceChange, err error,
) {
	w.mu.Lock()
	clear(w.said) // of the page before
	w.mu.Unlock()
	owned := map[Owner][]CertificateSummary{}
	var services concerned
	for _, row := range rows {
		if owner, is := owners[row.CertificateID]; is {
			owned[owner] = append(owned[owner], row)
			services.add(owner, row.CertificateID)
		}
	}
	changes, failed, err := w.takeServices(ctx, page, services, func(ctx context.Context, owner Owner) ([]ServiceChange, error) {
		return w.takeService(ctx, owner, owned[owner])
	})
	if err != nil {
		return nil, nil, err
	}
	if !w.run.DryRun {
		changes = nil // they were written with their services
		w.b.reached("run services written")
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row CertificateSummary) bool {
		owner, is := owners[row.CertificateID]
		return is && (failed[owner] || w.lags(row))
	}), changes, nil
}

// lags tells whether the provider's answer about a certificate did not say yet what
// its list says. Such a row is not marked: tomorrow it is asked about again.
func (w *partWork) lags(row CertificateSummary) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	said, asked := w.said[row.CertificateID]
	return asked && !strings.EqualFold(said, row.ProviderStatus)
}

// hear notes what the provider says of certificates one by one.
func (w *partWork) hear(seen []CertificateDetail) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, detail := range seen {
		w.said[detail.CertificateID] = detail.ProviderStatus
	}
}

// mark saves what the list shows, unless the run is dry.
func (w *partWork) mark(ctx context.Context, rows []CertificateSummary) error {
	if len(rows) == 0 || w.run.DryRun {
		return nil
	}
	now := w.b.instant()
	listings := make([]Listing, len(rows))
	for i, row := range rows {
		listings[i] = Listing{
			CertificateSummary: row, Account: w.account.Name, Fingerprint: row.Fingerprint(), FirstSeenAt: now, ChangedAt: now,
		}
	}
	return w.b.store.SaveListings(ctx, w.account.Name, listings)
}

// concerned are services, in the order in which they were met, with the certificates
// because of which they are looked at.
type concerned struct {
	order        []Owner
	certificates map[Owner][]string
}

func (c *concerned) add(owner Owner, certificateID string) {
	if c.certificates == nil {
		c.certificates = map[Owner][]string{}
	}
	if c.certificates[owner] == nil {
		c.order = append(c.order, owner)
	}
	c.certificates[owner] = append(c.certificates[owner], certificateID)
}

// takeServices does something with services, a few at a time, and gives the changes
// in the order of the services. One that fails is noted, and does not stop the
// others; but a store that fails, or a lease that is lost, does.
func (w *partWork) takeServices(ctx context.Context, page int, services concerned,
	take func(context.Context, Owner) ([]ServiceChange, error),
) (changes []ServiceChange, failed map[Owner]bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	found, errs := make([][]ServiceChange, len(services.order)), make([]error, len(services.order))
	places := make(chan struct{}, callsAtOnce)
	var working sync.WaitGroup
	for i, owner := range services.order {
		places <- struct{}{}
		working.Go(func() {
			defer func() { <-places }()
			if found[i], errs[i] = w.takeSafely(ctx, owner, take); w.ends(errs[i]) {
				cancel()
			}
		})
	}
	working.Wait()
	failed = map[Owner]bool{}
	for i, err := range errs {
		switch {
		case err == nil:
			changes = append(changes, found[i]...)
		case w.ends(err):
			return nil, nil, err
		case ctx.Err() == nil:
			owner := services.order[i]
			failed[owner] = true
			fault := faultOf(err)
			fault.Page, fault.Panel, fault.ServiceID = page, owner.Panel, owner.ServiceID
			fault.CertificateID = services.certificates[owner][0]
			w.fault(fault)
		}
	}
	return changes, failed, ctx.Err()
}

// takeSafely does something with one service. Neither a mistake of ours nor a service
// that the store cannot read or write ends the whole: the store is away only if the
// progress cannot be stored either.
func (w *partWork) takeSafely(ctx context.Context, owner Owner, take func(context.Context, Owner) ([]ServiceChange, error)) (changes []ServiceChange, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			w.b.log.Error("synchronizing a service panicked", "panel", owner.Panel, "service", owner.ServiceID, "cause", cause, "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", cause)
		}
	}()
	changes, err = take(ctx, owner)
	if err == nil || !w.ends(err) || errors.Is(err, ErrLaneLost) {
		return changes, err
	}
	if alive := w.store(nil); alive != nil {
		return nil, err
	}
	w.b.log.Error("a service could not be read or written", "panel", owner.Panel, "service", owner.ServiceID, "error", err)
	return nil, &Error{Kind: KindUnavailable, Code: faultInternal, Detail: "The database cannot read or write this service; the log says more."}
}

// ends tells whether an error ends the work on the part for now.
func (w *partWork) ends(err error) bool {
	var told *Error
	return errors.Is(err, ErrLaneLost) || errors.As(err, &told) && told.Code == "store_unavailable"
}

// takeService asks about those certificates of a service whose rows the mirror does
// not explain, one call each, and brings the service up to date in one write.
func (w *partWork) takeService(ctx context.Context, owner Owner, rows []CertificateSummary) ([]ServiceChange, error) {
	upstream := &remembering{Provider: w.upstream, details: map[string]CertificateDetail{}}
	search := &search{upstream: upstream, others: map[string]bool{}, asked: map[string]CertificateDetail{}}
	for range writeAttempts {
		stored, err := w.service(ctx, owner)
		if err != nil {
			return nil, err
		}
		var ask []string
		for _, row := range rows {
			if !stored.explains(row) || upstream.knows(row.CertificateID) {
				ask = append(ask, row.CertificateID)
			}
		}
		if len(ask) == 0 {
			return nil, nil
		}
		seen, err := w.b.askAbout(ctx, upstream, stored, ask)
		if err != nil {
			return nil, err
		}
		w.hear(seen)
		changes, err := w.bringUpToDate(ctx, stored, seen, search)
		switch {
		case errors.Is(err, ErrStale), errors.Is(err, ErrBusy):
		case errors.Is(err, ErrExists) && search.found != "":
			// What was found for a lost answer is another service's: it looks on.
			search.others[search.found], search.found = true, ""
		case errors.Is(err, ErrExists):
			return nil, brokenChain(err)
		default:
			return changes, err
		}
	}
	return nil, inProgress()
}

// service reads a service; in a dry run, as it would be by now.
func (w *partWork) service(ctx context.Context, owner Owner) (Service, error) {
	w.mu.Lock()
	shadow, is := w.shadows[owner]
	w.mu.Unlock()
	if is {
		return shadow, nil
	}
	return w.b.Service(ctx, owner.Panel, owner.ServiceID)
}

// bringUpToDate writes what was seen of a service, if that is anything new, and
// gives what is not as it was.
func (w *partWork) bringUpToDate(ctx context.Context, stored Service, seen []CertificateDetail, search *search) ([]ServiceChange, error) {
	after, operation, events := w.b.compose(ctx, Caller{Panel: stored.Panel, Actor: "certbridge"}, stored, seen, search)
	if operation == nil && after.isAs(stored) {
		return nil, nil
	}
	after.UpdatedAt = w.b.instant()
	for i := range events {
		events[i].At = after.UpdatedAt
	}
	change := w.b.complete(ctx, Change{Before: &stored, After: &after, Operation: operation, Events: events, Lane: &w.lane})
	return w.writeReported(change, w.b.compareServices(stored, after))
}

// writeReported makes a change durable with what the report says of it, or notes
// what it would have said.
func (w *partWork) writeReported(change Change, changes []ServiceChange) ([]ServiceChange, error) {
	changes = w.room(changes)
	for i := range changes {
		changes[i].Run = w.run.ID
	}
	if w.run.DryRun {
		w.shade(*change.After)
	} else {
		change.Report = changes
		ctx, cancel := w.b.storing()
		defer cancel()
		if err := w.b.put(ctx, change); err != nil {
			w.unreport(len(changes))
			if errors.Is(err, ErrLaneLost) {
				w.lose()
			}
			if !settledError(err) {
				err = storeUnavailable(err)
			}
			return nil, err
		}
	}
	w.change(func(p *SynchronizationPart) { p.ServicesChanged++ })
	return changes, nil
}

// room takes a place in the report for each change while there is one, and gives
// those that have one.
func (w *partWork) room(changes []ServiceChange) []ServiceChange {
	w.change(func(p *SynchronizationPart) {
		fitting := min(len(changes), max(0, partReport-p.Reported))
		p.Omitted += len(changes) - fitting
		p.Reported += fitting
		changes = changes[:fitting]
	})
	return changes
}

// unreport gives places back.
func (w *partWork) unreport(count int) {
	w.change(func(p *SynchronizationPart) { p.Reported -= count })
}

// shade keeps a service as it would be, for a further row of it.
func (w *partWork) shade(s Service) {
	if s.Operation != nil && !s.Operation.State.Open() {
		s.Operation = nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.shadows) < shadowsMost {
		w.shadows[Owner{Panel: s.Panel, ServiceID: s.ServiceID}] = s
	}
}

// isAs tells whether a service is as it was, but for when it was looked at.
func (s Service) isAs(before Service) bool {
	s.Certificates = slices.Clone(s.Certificates)
	for i := range s.Certificates {
		// The same leaf may come with its times in another zone.
		was := before.Certificate(s.Certificates[i].CertificateID)
		if is := s.Certificates[i].Leaf; was != nil && is != nil && was.Leaf != nil && is.PEM == was.Leaf.PEM && slices.Equal(is.Chain, was.Leaf.Chain) {
			s.Certificates[i].Leaf = was.Leaf
		}
	}
	s.SynchronizedAt, s.UpdatedAt = before.SynchronizedAt, before.UpdatedAt
	return reflect.DeepEqual(s, before)
}

// explains tells whether the mirror says already what a row of the list shows, so
// that nobody has to be asked. Whatever only the certificate itself tells, such as
// what replaced it, has to be asked for.
func (s *Service) explains(row CertificateSummary) bool {
	c := s.Certificate(row.CertificateID)
	if c == nil || !strings.EqualFold(c.ProviderStatus, row.ProviderStatus) {
		return false
	}
	if row.Status == StatusIssued && c.Leaf == nil || row.Status == StatusReplaced && c.ReplacedBy == "" {
		return false
	}
	if row.CommonName != "" && !strings.EqualFold(row.CommonName, c.CommonName) ||
		row.ProviderProduct != "" && c.ProviderProduct != "" && !strings.EqualFold(row.ProviderProduct, c.ProviderProduct) {
		return false
	}
	order := s.Order(c.OrderID)
	if order != nil && row.Years > 0 && order.Years > 0 && row.Years != order.Years {
		return false
	}
	return c.explainsExpiry(row.ExpiresOn, order)
}

// explainsExpiry tells whether a provider's expiry date is one that is known. What
// it means is not asked here.
func (c *Certificate) explainsExpiry(date Date, order *Order) bool {
	if date.IsZero() || date == c.ExpiresOn {
		return true
	}
	if !c.ExpiresOn.IsZero() {
		return false
	}
	known := []Date{}
	if c.Leaf != nil {
		known = append(known, DateOf(c.Leaf.NotAfter.UTC()))
	}
	if order != nil && !order.Term.EndsOn.IsZero() {
		known = append(known, order.Term.EndsOn)
	}
	return slices.ContainsFunc(known, func(one Date) bool {
		distance := one.DaysUntil(date)
		return distance >= -sameDay && distance <= sameDay
	})
}

// remembering is a provider that is asked about each certificate once.
type remembering struct {
	Provider
	details map[string]CertificateDetail
}

// Certificate reads everything about one certificate, or gives what it read before.
func (r *remembering) Certificate(ctx context.Context, id string) (CertificateDetail, error) {
	if detail, known := r.details[id]; known {
		return detail, nil
	}
	detail, err := r.Provider.Certificate(ctx, id)
	if err == nil {
		r.details[id] = detail
	}
	return detail, err
}

func (r *remembering) knows(id string) bool {
	_, known := r.details[id]
	return known
}
