// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// shelf stands in for the provider's list where there are too many certificates for
// a simulator that keeps books on each of them. It makes a page out of the numbers
// of its rows, in the simulator's wire form, and knows no other command.
type shelf struct {
	rows    int
	latency time.Duration
	edition atomic.Int64 // with each one, every hundredth row is another one
	lists   atomic.Int64 // pages that were asked for
	others  atomic.Int64 // calls that were no pages
}

// firstShelved is the certificate id of the last row; ids descend as dates do.
const firstShelved = 30_000_000

// oneIn is how many rows there are for one that changes.
const oneIn = 100

// ServeHTTP answers ssl.getList.
func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || !strings.HasSuffix(r.PostForm.Get("Command"), ".ssl.getList") {
		s.others.Add(1)
		http.Error(w, "this is a list and nothing else", http.StatusNotImplemented)
		return
	}
	s.lists.Add(1)
	page, _ := strconv.Atoi(r.PostForm.Get("Page"))
	size, _ := strconv.Atoi(r.PostForm.Get("PageSize"))
	answer := s.page(page, size)
	wait(r.Context(), s.latency)
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
	_, _ = w.Write(answer)
}

func wait(ctx context.Context, lasting time.Duration) {
	if lasting <= 0 {
		return
	}
	timer := time.NewTimer(lasting)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// page is a page of the list as it goes over the wire.
func (s *shelf) page(page, size int) []byte {
	first := min((page-1)*size, s.rows)
	last := min(first+size, s.rows)
	b := make([]byte, 0, 1024+240*(last-first))
	b = append(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"+
		`<ApiResponse Status="OK" xmlns="http://api.namecheap.com/xml.response"><Errors /><Warnings />`+
		`<RequestedCommand>namecheap.ssl.getlist</RequestedCommand><CommandResponse Type="namecheap.ssl.getList"><SSLListResult>`...)
	for row := first; row < last; row++ {
		b = s.appendRow(b, row)
	}
	b = append(b, `</SSLListResult><Paging><TotalItems>`...)
	b = strconv.AppendInt(b, int64(s.rows), 10)
	b = append(b, `</TotalItems><CurrentPage>`...)
	b = strconv.AppendInt(b, int64(page), 10)
	b = append(b, `</CurrentPage><PageSize>`...)
	b = strconv.AppendInt(b, int64(size), 10)
	return append(b, `</PageSize></Paging></CommandResponse><Server>PHX01SBAPIEXT05</Server>`+
		`<GMTTimeDifference>--5:00</GMTTimeDifference><ExecutionTime>0.02</ExecutionTime></ApiResponse>`...)
}

func (s *shelf) appendRow(b []byte, row int) []byte {
	number := int64(s.rows - row)
	b = append(b, `<SSL CertificateID="`...)
	b = strconv.AppendInt(b, firstShelved+number, 10)
	b = append(b, `" HostName="www.customer-`...)
	b = strconv.AppendInt(b, number, 10)
	b = append(b, `.example.com" SSLType="PositiveSSL" PurchaseDate="03/17/2026" ExpireDate="`...)
	b = append(b, s.expiry(row)...)
	return append(b, `" ActivationExpireDate="" IsExpiredYN="false" Status="active" Years="1" />`...)
}

// expiry is what changes.
func (s *shelf) expiry(row int) string {
	at := time.Date(2027, time.March, 17, 0, 0, 0, 0, time.UTC)
	if row%oneIn == oneIn/2 {
		at = at.AddDate(0, 0, int(s.edition.Load()))
	}
	return at.Format("01/02/2006")
}
