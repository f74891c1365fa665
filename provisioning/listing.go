// SPDX-License-Identifier: Apache-2.0

package provisioning

const (
	// listingPage is how many certificates are asked for at once.
	listingPage = 100
	// stalePages is after how many pages without anything new a list is given up:
	// it does not go on, whatever it says about its length.
	stalePages = 2
	// sparePages is by how many pages a list may grow while it is read, beyond
	// doubling.
	sparePages = 10
)

// listing is a provider's list as far as it was read, without the repetitions
// that come of rows moving while it is.
type listing struct {
	rows                  map[string]CertificateSummary // by certificate ID
	pagesRead, pagesTotal int
}

// readListing reads a list page by page. It ends at its end, at the first page
// that cannot be read, and when there is no end to be seen; what was read is
// given in any case.
func readListing(ask func(page int) (CertificatePage, error), progress func(read, total int)) (listing, error) {
	l := listing{rows: map[string]CertificateSummary{}, pagesTotal: 1}
	promised, unreadable, most, stale := 0, 0, 1, 0
	for page := 1; page <= min(l.pagesTotal, most) && stale < stalePages; page++ {
		answer, err := ask(page)
		if err != nil {
			return l, err
		}
		if page == 1 {
			promised = answer.Total
			most = 2*pagesOf(promised) + sparePages
		}
		l.pagesTotal = max(page, pagesOf(answer.Total))
		stale++
		if l.take(answer) {
			stale = 0
		}
		// A page with a row that cannot be read was not compared as a whole.
		if unreadable += answer.Unreadable; answer.Unreadable == 0 {
			l.pagesRead++
		}
		if progress != nil {
			progress(l.pagesRead, l.pagesTotal)
		}
	}
	if len(l.rows)+unreadable < promised {
		// Rows were passed over although every page was read.
		l.pagesRead = min(l.pagesRead, l.pagesTotal-1)
	}
	return l, nil
}

// take keeps the rows of a page and tells whether one of them is new.
func (l *listing) take(page CertificatePage) bool {
	before := len(l.rows)
	for _, row := range page.Certificates {
		if _, known := l.rows[row.CertificateID]; !known {
			l.rows[row.CertificateID] = row
		}
	}
	return len(l.rows) > before
}

// pagesOf is how many pages so many rows fill; no rows are one empty page.
func pagesOf(rows int) int { return max(1, (rows+listingPage-1)/listingPage) }
