// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// fullFeed is a store whose feed has one service at every place.
type fullFeed struct {
	provisioning.Store
	places int64
	err    error
}

func (s *fullFeed) Changes(_ context.Context, panel string, after int64, limit int) (page []provisioning.NumberedService, err error) {
	for place := after + 1; place <= s.places && len(page) < limit; place++ {
		page = append(page, provisioning.NumberedService{
			Sequence: place, Service: provisioning.Service{Panel: panel, ServiceID: fmt.Sprint(place)},
		})
	}
	return page, s.err
}

func TestPagesOfTheFeed(t *testing.T) {
	t.Parallel()
	bridge := newShop(t, "sqlite", func(config *provisioning.Config) {
		config.Store = &fullFeed{Store: config.Store, places: 2500}
	}).bridge
	type told struct {
		Changes int
		Next    int64
		More    bool
	}
	for _, c := range []struct {
		name  string
		after int64
		limit int
		want  told
	}{
		{"the usual page", 0, 0, told{200, 200, true}},
		{"a page before the beginning", -7, 10, told{10, 10, true}},
		{"a page in between", 1200, 300, told{300, 1500, true}},
		{"the longest page", 0, 1_000_000, told{1000, 1000, true}},
		{"a last page that is full", 2490, 10, told{10, 2500, false}},
		{"a last page that is not", 2495, 10, told{5, 2500, false}},
		{"nothing new", 2500, 10, told{0, 2500, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			feed, err := bridge.Changes(t.Context(), "panel", c.after, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, told{len(feed.Changes), feed.Next, feed.More}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAFeedThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for code, cause := range map[string]error{
		"cursor_ahead":      fmt.Errorf("mirror: %w", provisioning.ErrCursorAhead),
		"store_unavailable": errors.New("connection lost"),
	} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			bridge := newShop(t, "sqlite", func(config *provisioning.Config) {
				config.Store = &fullFeed{Store: config.Store, err: cause}
			}).bridge
			_, err := bridge.Changes(t.Context(), "panel", 5, 10)
			if got, ok := errors.AsType[*provisioning.Error](err); !ok || got.Code != code {
				t.Errorf("told %v, want %s", err, code)
			}
		})
	}
}
