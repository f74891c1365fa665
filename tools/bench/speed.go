// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pageSize    = 100
	connections = 4
)

// measureSpeed compares runs with what their provider's latency allows, and with
// the mere decoding of the pages.
func measureSpeed(ctx context.Context, driver string, of scale) (goals []goal, err error) {
	s, dsn, err := emptyDatabase(ctx, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	list := &shelf{rows: of.many}
	upstream, err := s.serve(list)
	if err != nil {
		return nil, err
	}
	t := task{Driver: driver, DSN: dsn, Upstream: upstream}
	if _, err := elsewhere(ctx, t); err != nil { // it has not seen any of it
		return nil, err
	}
	allowed, err := compareWithLatency(ctx, t, list, of)
	if err != nil {
		return nil, err
	}
	spent, err := compareWithDecoding(ctx, t, list, of)
	if err != nil {
		return nil, err
	}
	return []goal{
		{
			fmt.Sprintf("%d certificates, 1 %% changed, %s latency, to what four bare connections reach", of.many, of.latency),
			">= 0.90", fmt.Sprintf("%.2f ", middle(allowed)) + spread(allowed, "%.2f"), middle(allowed) >= 0.9,
		},
		{
			fmt.Sprintf("CPU for %d certificates, 1 %% changed, to decoding their pages", of.many),
			"<= 2", fmt.Sprintf("%.2f ", middle(spent)) + spread(spent, "%.2f"), middle(spent) <= 2,
		},
	}, nil
}

// compareWithLatency gives how much of the speed of bare connections a run has.
func compareWithLatency(ctx context.Context, t task, list *shelf, of scale) (ratios []float64, err error) {
	list.latency = of.latency
	defer func() { list.latency = 0 }()
	for range of.rounds {
		bare, err := fetchAll(ctx, t.Upstream, list.rows)
		if err != nil {
			return nil, err
		}
		list.edition.Add(1)
		run, err := elsewhere(ctx, t)
		if err != nil {
			return nil, err
		}
		ratios = append(ratios, float64(bare)/float64(run.Took))
	}
	return ratios, nil
}

// fetchAll reads all pages over four connections and throws them away.
func fetchAll(ctx context.Context, upstream string, rows int) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var fetching sync.WaitGroup
	errs := make([]error, connections)
	began := time.Now()
	for i := range errs {
		fetching.Go(func() {
			for errs[i] == nil {
				page := int(next.Add(1))
				if (page-1)*pageSize >= rows {
					return
				}
				errs[i] = fetch(ctx, client, upstream, page)
			}
		})
	}
	fetching.Wait()
	return time.Since(began), errors.Join(errs...)
}

func fetch(ctx context.Context, client *http.Client, upstream string, page int) error {
	response, err := client.PostForm(upstream, url.Values{
		"Command": {"namecheap.ssl.getList"}, "Page": {strconv.Itoa(page)}, "PageSize": {strconv.Itoa(pageSize)},
	})
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return errors.Join(err, response.Body.Close(), ctx.Err())
}

// compareWithDecoding gives how many times the processor time of decoding a run
// takes, HTTP, comparing and whatever of the database is in its process included.
func compareWithDecoding(ctx context.Context, t task, list *shelf, of scale) (ratios []float64, err error) {
	for range of.rounds {
		list.edition.Add(1)
		decoding, err := decodeAll(list)
		if err != nil {
			return nil, err
		}
		run, err := elsewhere(ctx, t)
		if err != nil {
			return nil, err
		}
		ratios = append(ratios, float64(run.CPU)/float64(decoding))
	}
	return ratios, nil
}

// decodedPage is what a page says, for encoding/xml.
type decodedPage struct {
	Rows []struct {
		CertificateID        string `xml:",attr"`
		HostName             string `xml:",attr"`
		SSLType              string `xml:",attr"`
		PurchaseDate         string `xml:",attr"`
		ExpireDate           string `xml:",attr"`
		ActivationExpireDate string `xml:",attr"`
		IsExpiredYN          bool   `xml:",attr"`
		Status               string `xml:",attr"`
		Years                int    `xml:",attr"`
	} `xml:"CommandResponse>SSLListResult>SSL"`
}

// decodeAll is the processor time that it takes to decode all pages with
// encoding/xml. They are made before.
func decodeAll(list *shelf) (time.Duration, error) {
	pages := make([][]byte, 0, list.rows/pageSize+1)
	for page := 1; (page-1)*pageSize < list.rows; page++ {
		pages = append(pages, list.page(page, pageSize))
	}
	runtime.GC()
	began := processorTime()
	for _, page := range pages {
		var decoded decodedPage
		if err := xml.Unmarshal(page, &decoded); err != nil {
			return 0, err
		}
		if len(decoded.Rows) == 0 {
			return 0, errors.New("nothing was decoded")
		}
	}
	return processorTime() - began, nil
}
