// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/provisioning"
)

// changesAtOnce is how many changes the reader asks for.
const changesAtOnce = 1000

// measureFeed counts the requests in which a reader of the change feed catches up.
func measureFeed(ctx context.Context, driver string, of scale) (goals []goal, err error) {
	s, dsn, err := emptyDatabase(ctx, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	o, err := newOwned(ctx, s, driver, dsn, of.feed)
	if err != nil {
		return nil, err
	}
	reader, err := newReader(ctx, s, o)
	if err != nil {
		return nil, err
	}
	requests, read, err := reader.catchUp()
	if err != nil {
		return nil, err
	}
	return []goal{{
		fmt.Sprintf("requests to catch up with %d changes, %d at a time", of.feed, changesAtOnce),
		"< 100", fmt.Sprint(requests), requests < 100 && read == of.feed,
	}}, nil
}

func newReader(ctx context.Context, s *stage, o *owned) (*panel, error) {
	key, now := api.GenerateKey(), s.simulator.Now
	if err := o.store.CreatePanel(ctx, provisioning.Panel{ID: "bench", Name: "bench", CreatedAt: now(), Keys: []provisioning.PanelKey{{
		ID: key.ID, SecretHash: key.SecretHash, Scopes: []provisioning.Scope{provisioning.ScopeRead}, CreatedAt: now(),
	}}}); err != nil {
		return nil, err
	}
	server, err := api.New(api.Config{
		Bridge: o.bridge, Keys: o.store, Idempotency: o.store, Ready: o.store.Ping, Now: now,
		Log: zap.NewNop(), Version: "bench", Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return nil, err
	}
	url, err := s.serve(server)
	return &panel{client: newClient(options{clients: 1}), url: url, key: key.Token}, err
}

// catchUp reads the feed to its end.
func (p *panel) catchUp() (requests, read int, err error) {
	for after, more := int64(0), true; more; {
		var page struct {
			Changes []struct{}
			Next    int64
			More    bool
		}
		if err := p.call(http.MethodGet, fmt.Sprintf("/v1/changes?after=%d&limit=%d", after, changesAtOnce), nil, &page); err != nil {
			return requests, read, err
		}
		requests++
		read += len(page.Changes)
		after, more = page.Next, page.More
	}
	return requests, read, nil
}
