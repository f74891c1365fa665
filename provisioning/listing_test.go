// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// shelf is a provider's list that a test makes up. Row n has the id n.
type shelf struct {
	asked []int
	page  func(page int) (CertificatePage, error)
}

func (s *shelf) ask(page int) (CertificatePage, error) {
	s.asked = append(s.asked, page)
	return s.page(page)
}

// rows makes the rows first to last, in this order.
func rows(first, last, total int) CertificatePage {
	page := CertificatePage{Total: total}
	for n := first; n <= last; n++ {
		page.Certificates = append(page.Certificates, CertificateSummary{CertificateID: fmt.Sprint(n)})
	}
	return page
}

func TestAListIsReadToItsEndAndNoFurther(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		page        func(page int) (CertificatePage, error)
		read, total int
		rows        int
		asked       int // pages
		fails       bool
	}{
		{"empty", func(int) (CertificatePage, error) { return rows(1, 0, 0), nil }, 1, 1, 0, 1, false},
		{"one page", func(int) (CertificatePage, error) { return rows(1, 100, 100), nil }, 1, 1, 100, 1, false},
		{"three pages", func(page int) (CertificatePage, error) {
			return rows(100*page-99, min(100*page, 250), 250), nil
		}, 3, 3, 250, 3, false},
		{"rows that move while it is read", func(page int) (CertificatePage, error) {
			// One is bought between two pages, which moves all others down.
			bought := page - 1
			return rows(100*page-99-bought, min(100*page-bought, 250), 250+bought), nil
		}, 3, 3, 250, 3, false},
		{"a page that cannot be read", func(page int) (CertificatePage, error) {
			if page == 2 {
				return CertificatePage{}, errors.New("away")
			}
			return rows(1, 100, 250), nil
		}, 1, 3, 100, 2, true},
		{"nothing can be read", func(int) (CertificatePage, error) { return CertificatePage{}, errors.New("away") }, 0, 1, 0, 1, true},
		{"the same page for ever", func(int) (CertificatePage, error) { return rows(1, 100, 5000), nil }, 3, 50, 100, 3, false},
		{"empty pages for ever", func(int) (CertificatePage, error) { return rows(1, 0, 5000), nil }, 2, 50, 0, 2, false},
		{"one that grows as fast as it is read", func(page int) (CertificatePage, error) {
			return rows(100*page-99, 100*page, 100*page+100), nil
		}, 14, 15, 1400, 14, false},
		{"a row that cannot be read", func(page int) (CertificatePage, error) {
			answer := rows(100*page-99, min(100*page, 199), 200)
			answer.Unreadable = page - 1
			return answer, nil
		}, 1, 2, 199, 2, false},
		{"rows that are passed over", func(page int) (CertificatePage, error) {
			return rows(100*page-99, min(100*page, 190), 200), nil
		}, 1, 2, 190, 2, false},
		{"a list that shrinks", func(page int) (CertificatePage, error) {
			return rows(100*page-99, 100*page, 300-100*page), nil
		}, 2, 2, 200, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := &shelf{page: c.page}
			told := 0
			list, err := readListing(s.ask, func(read, total int) {
				if told++; read > total {
					t.Errorf("%d of %d pages are read", read, total)
				}
			})
			if (err != nil) != c.fails {
				t.Errorf("error %v", err)
			}
			if list.pagesRead != c.read || list.pagesTotal != c.total || len(list.rows) != c.rows {
				t.Errorf("%d rows, %d of %d pages; want %d, %d of %d", len(list.rows), list.pagesRead, list.pagesTotal, c.rows, c.read, c.total)
			}
			want := make([]int, c.asked)
			for i := range want {
				want[i] = i + 1
			}
			if diff := cmp.Diff(want, s.asked); diff != "" {
				t.Errorf("pages asked for (-want +got):\n%s", diff)
			}
			if answered := c.asked; !c.fails && told != answered || c.fails && told != answered-1 {
				t.Errorf("progress was told %d times for %d pages", told, answered)
			}
		})
	}
}

func TestTheFirstSightOfARowCounts(t *testing.T) {
	t.Parallel()
	s := &shelf{page: func(page int) (CertificatePage, error) {
		answer := rows(100*page-100, 100*page-1, 150)
		for i := range answer.Certificates {
			answer.Certificates[i].ProviderStatus = fmt.Sprint("page ", page)
		}
		answer.Certificates = slices.Concat(answer.Certificates, []CertificateSummary{{CertificateID: "1", ProviderStatus: fmt.Sprint("page ", page)}})
		return answer, nil
	}}
	list, err := readListing(s.ask, nil)
	if err != nil || list.rows["1"].ProviderStatus != "page 1" {
		t.Errorf("%+v, %v", list.rows["1"], err)
	}
}
