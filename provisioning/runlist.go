// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// listReader reads the pages of a list ahead of whoever takes them, in their
// order. It asks for no page beyond the end of the list as far as it is known.
type listReader struct {
	upstream Provider
	size     int
	total    int // pages, as far as is known
	asked    int // the last page that was asked for
	answers  []chan pageAnswer
	readers  sync.WaitGroup
}

type pageAnswer struct {
	CertificatePage
	err error
}

// next gives the page after the one that it gave before. The list must not be over.
func (r *listReader) next(ctx context.Context) pageAnswer {
	for len(r.answers) < pagesAhead && (r.asked < r.total || len(r.answers) == 0) {
		r.asked++
		r.ask(ctx, r.asked)
	}
	first := r.answers[0]
	r.answers = r.answers[1:]
	select {
	case answer := <-first:
		return answer
	case <-ctx.Done():
		return pageAnswer{err: ctx.Err()}
	}
}

func (r *listReader) ask(ctx context.Context, page int) {
	answer := make(chan pageAnswer, 1)
	r.answers = append(r.answers, answer)
	r.readers.Go(func() {
		var got pageAnswer
		defer func() {
			if cause := recover(); cause != nil {
				got.err = fmt.Errorf("panic: %v", cause)
			}
			answer <- got
		}()
		got.CertificatePage, got.err = r.upstream.Certificates(ctx, page, r.size)
	})
}

// ready tells whether the next page has come already.
func (r *listReader) ready() bool { return len(r.answers) > 0 && len(r.answers[0]) > 0 }

// goThroughList compares the list with the snapshot, page by page. A page that
// cannot be read is passed over. It ends at the end of the list, and when there is
// no end to be seen.
func (w *partWork) goThroughList(ctx context.Context) error {
	if w.part.PagesTotal > 0 && w.part.PagesDone >= w.part.PagesTotal {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	pages := &listReader{upstream: w.upstream, size: w.part.PageSize, total: max(w.part.PagesDone+1, w.part.PagesTotal), asked: w.part.PagesDone}
	defer pages.readers.Wait()
	defer cancel()
	if err := w.comparePages(ctx, pages); err != nil {
		return err
	}
	return w.takeCompared(ctx)
}

// comparePages compares pages as they come. Before it waits for one, those that have
// come are done with.
func (w *partWork) comparePages(ctx context.Context, pages *listReader) error {
	most, stale, failed := 0, 0, 0
	for page := w.part.PagesDone + 1; page <= pages.total; page++ {
		if stale == stalePages {
			w.whole = false
			w.fault(SynchronizationError{Code: faultIncomplete, Page: page,
				Detail: "The list ended before its end: pages came without anything new on them. The next run reads it again."})
			return nil
		}
		if !pages.ready() || len(w.compared) == pagesTogether {
			if err := w.takeCompared(ctx); err != nil {
				return err
			}
		}
		answer := pages.next(ctx)
		if err := ctx.Err(); err != nil {
			return err
		}
		if answer.err != nil {
			if failed++; !w.passOver(page, failed, answer.err) {
				return nil
			}
			pages.total = max(pages.total, page+1) // how long the list is may not be known yet
			continue
		}
		failed = 0
		if most == 0 { // the bound of a list that grows while it is read
			most = max(page, 2*pagesFor(answer.Total, pages.size)+sparePages)
		}
		pages.total = min(max(page, pagesFor(answer.Total, pages.size)), most)
		if stale++; w.compare(page, pages.total, answer.CertificatePage) {
			stale = 0
		}
	}
	return nil
}

// passOver notes that a page could not be read, and tells whether to go on with the
// next one.
func (w *partWork) passOver(page, failed int, cause error) bool {
	w.whole = false
	fault := faultOf(readFailure(cause))
	fault.Page, fault.Detail = page, fmt.Sprintf("Page %d of the list could not be read, %s. %s", page, fault.Code, fault.Detail)
	fault.Code = faultPageUnread
	w.fault(fault)
	w.b.log.Warn("a page of the list could not be read", "account", w.account.Name, "page", page, "error", cause)
	if !errors.Is(cause, errNobodyAnswers) && failed < failedPages {
		return true
	}
	w.fault(SynchronizationError{Code: faultGivenUp, Page: page, Detail: "The rest of the list was not read: the provider does not answer."})
	return false
}

// pagesFor is how many pages of a size so many rows fill; no rows are one empty page.
func pagesFor(rows, size int) int { return max(1, (rows+size-1)/size) }

// comparedPage is a page of the list with its rows that are not as the list showed
// them last.
type comparedPage struct {
	number, total int // total is that of all pages
	met           int // rows that no page before it had
	unreadable    int
	differing     []CertificateSummary
}

// compare compares a page, which is then to be taken. It tells whether there was
// anything new on it, even if that has not changed.
func (w *partWork) compare(number, total int, answer CertificatePage) (fresh bool) {
	page := comparedPage{number: number, total: total, unreadable: answer.Unreadable}
	for _, row := range answer.Certificates {
		again, unchanged := w.known.meet(row)
		if again { // rows move to the next page when something is bought meanwhile
			continue
		}
		if page.met++; !unchanged {
			page.differing = append(page.differing, row)
		}
	}
	if page.unreadable > 0 {
		w.whole = false
	}
	w.compared = append(w.compared, page)
	w.b.reached("run page read")
	return page.met > 0 || page.unreadable > 0
}

// takeCompared does with the pages that were compared what there is to do. One by
// one where services have to be brought up to date; of the others as many as there
// are at once, because they cost no more than one.
func (w *partWork) takeCompared(ctx context.Context) error {
	pages := w.compared
	w.compared = nil
	owners, err := w.ownersOf(ctx, pages)
	if err != nil {
		return err
	}
	first := 0
	for i, page := range pages {
		if !page.concerns(owners) {
			continue
		}
		if err := w.passPages(ctx, pages[first:i]); err != nil {
			return err
		}
		marked, changes, err := w.takeRows(ctx, page.number, page.differing, owners)
		if err != nil {
			return err
		}
		if err := w.endPages(ctx, pages[i:i+1], marked, changes); err != nil {
			return err
		}
		first = i + 1
	}
	return w.passPages(ctx, pages[first:])
}

// ownersOf finds out whose the certificates are that differ.
func (w *partWork) ownersOf(ctx context.Context, pages []comparedPage) (map[string]Owner, error) {
	var ids []string
	for _, page := range pages {
		for _, row := range page.differing {
			ids = append(ids, row.CertificateID)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return w.b.store.Owners(ctx, w.account.Name, ids)
}

// concerns tells whether a service owns any of what differs.
func (p comparedPage) concerns(owners map[string]Owner) bool {
	return slices.ContainsFunc(p.differing, func(row CertificateSummary) bool {
		_, owned := owners[row.CertificateID]
		return owned
	})
}

// passPages ends pages on which nothing has changed for any service.
func (w *partWork) passPages(ctx context.Context, pages []comparedPage) error {
	var rows []CertificateSummary
	for _, page := range pages {
		rows = append(rows, page.differing...)
	}
	return w.endPages(ctx, pages, rows, nil)
}

// endPages marks rows of pages, and then notes that the pages are done with.
func (w *partWork) endPages(ctx context.Context, pages []comparedPage, rows []CertificateSummary, changes []ServiceChange) error {
	if len(pages) == 0 {
		return nil
	}
	if err := w.mark(ctx, rows); err != nil {
		return err
	}
	differing := 0
	for _, page := range pages {
		differing += len(page.differing)
		w.endPage(page)
	}
	if differing == 0 {
		w.storeSoon()
	} else if err := w.store(changes); err != nil {
		return err
	}
	for range pages {
		w.b.reached("run page done")
	}
	return nil
}

// endPage counts a page as done.
func (w *partWork) endPage(page comparedPage) {
	if page.unreadable > 0 {
		w.fault(SynchronizationError{Code: faultUnreadableRows, Page: page.number,
			Detail: fmt.Sprintf("%d certificates of the list have no usable ID.", page.unreadable)})
	}
	w.change(func(p *SynchronizationPart) {
		p.PagesDone, p.PagesTotal = page.number, page.total
		p.CertificatesSeen += page.met
		p.Changed += len(page.differing)
	})
}
