// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
)

// NumberedService is a service in its panel's change feed.
type NumberedService struct {
	Sequence int64 // its place; a later change has a higher one
	Service  Service
}

// FeedStore tells what changed, panel by panel.
type FeedStore interface {
	// Changes reads the services of a panel that changed after the given place in
	// its feed, at most limit of them, in the order of their places; 0 is before
	// the first. However often a service changed, it is there once, as it is now.
	//
	// A reader that goes on from the last place it was given misses nothing,
	// whoever writes meanwhile: no place at or before it is given later. If fewer
	// than limit come back, everything is there that was written before the call.
	// Places ascend, with gaps.
	//   ErrCursorAhead: no place as high as after was ever given.
	Changes(ctx context.Context, panel string, after int64, limit int) ([]NumberedService, error)
}

// Sizes of a page of the change feed.
const (
	defaultFeedPage = 200
	maxFeedPage     = 1000
)

// Feed is a page of a panel's change feed.
type Feed struct {
	Changes []NumberedService
	Next    int64 // the place to go on from; that of the request if nothing changed
	More    bool  // there is more to read already
}

// Changes reads what changed for a panel after a place in its feed, from the mirror.
// 0 gives every service. limit is 200 unless given, and at most 1000.
//
// Codes: cursor_ahead, store_unavailable.
func (b *Bridge) Changes(ctx context.Context, panel string, after int64, limit int) (Feed, error) {
	if limit <= 0 {
		limit = defaultFeedPage
	}
	limit = min(limit, maxFeedPage)
	after = max(after, 0)
	changes, err := b.store.Changes(ctx, panel, after, limit+1)
	if errors.Is(err, ErrCursorAhead) {
		return Feed{}, conflict("cursor_ahead",
			"The list of changes does not reach as far as it was read before. It has to be read again from the beginning, after=0.")
	}
	if err != nil {
		return Feed{}, storeUnavailable(err)
	}
	feed := Feed{Changes: changes, Next: after}
	if len(changes) > limit {
		feed.Changes, feed.More = changes[:limit], true
	}
	if last := len(feed.Changes) - 1; last >= 0 {
		feed.Next = feed.Changes[last].Sequence
	}
	return feed, nil
}
