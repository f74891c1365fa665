// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"math"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// feed is a panel's place in its change feed.
type feed struct {
	panel    *panel
	next     int64
	requests int
}

// page reads a page and goes on behind it.
func (f *feed) page(t *testing.T, limit int) object {
	t.Helper()
	f.requests++
	page := f.panel.call(t, http.MethodGet, fmt.Sprintf("/v1/changes?after=%d&limit=%d", f.next, limit), nil).want(t, http.StatusOK).object(t)
	last := f.next
	for _, change := range entries(t, page, "changes") {
		sequence := int64(at(change, "sequence").(float64))
		if sequence <= last {
			t.Fatalf("sequence %d after %d", sequence, last)
		}
		last = sequence
	}
	f.next = int64(at(page, "next").(float64))
	if f.next != last {
		t.Fatalf("next is %d after %d", f.next, last)
	}
	return page
}

// ids reads to the end and tells which services changed.
func (f *feed) ids(t *testing.T, limit int) (ids []string) {
	t.Helper()
	for {
		page := f.page(t, limit)
		for _, change := range entries(t, page, "changes") {
			ids = append(ids, text(t, change, "service", "service_id"))
		}
		if at(page, "more") == false {
			return ids
		}
	}
}

func TestAPanelReadsWhatChanged(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		mine := &feed{panel: w.panel}
		tells := func(limit int, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, mine.ids(t, limit)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
		tells(100)
		for _, id := range []string{"b", "a", "c"} {
			w.panel.create(t, id, "positivessl")
		}
		tells(2, "b", "a", "c")
		tells(100)

		// A service looks there as it does everywhere.
		w.panel.activate(t, "a", newCSR(t, "example.com"))
		page := mine.page(t, 100)
		changes := entries(t, page, "changes")
		if len(changes) != 1 || at(page, "more") != false {
			t.Fatalf("after one activation: %v", page)
		}
		if diff := cmp.Diff(any(w.panel.service(t, "a")), at(changes[0], "service")); diff != "" {
			t.Errorf("(-read by itself +in the feed):\n%s", diff)
		}
		w.panel.post(t, "b", "suspend", nil).want(t, http.StatusOK)
		w.panel.post(t, "b", "unsuspend", nil).want(t, http.StatusOK)
		tells(100, "b")

		calls := len(w.simulator.Calls())
		everything := &feed{panel: w.panel}
		if ids := everything.ids(t, 1); len(ids) != 3 {
			t.Errorf("from the beginning: %v", ids)
		}
		if now := len(w.simulator.Calls()); now != calls {
			t.Errorf("reading cost %d calls", now-calls)
		}
		other := &feed{panel: w.newPanel(t, "other", provisioning.ScopeRead)}
		if ids := other.ids(t, 100); len(ids) != 0 {
			t.Errorf("another panel was told of %v", ids)
		}
	})
}

func TestAPanelThatIsAheadOfItsFeedBeginsAnew(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		for _, after := range []int64{1, 8812, math.MaxInt64} {
			problem := w.panel.call(t, http.MethodGet, fmt.Sprint("/v1/changes?after=", after), nil).
				wantProblem(t, http.StatusConflict, "cursor_ahead")
			wantMembers(t, problem, object{"retryable": false})
		}
		reader := &feed{panel: w.panel}
		if ids := reader.ids(t, 100); len(ids) != 1 {
			t.Errorf("from the beginning: %v", ids)
		}
	})
}

func TestChangesRefuseWhatTheyDoNotKnow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "sqlite")
	for _, query := range []string{"after=-1", "after=x", "after=9223372036854775808", "limit=0", "limit=1001", "cursor=1", "after=1&after=2"} {
		w.panel.broken(t, http.MethodGet, "/v1/changes?"+query, nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
	}
}

// A page is read from the store in parts, which nobody sees.
func TestPagesOfChangesAreAsLongAsAskedFor(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		const services = 230
		var want []string
		for i := range services {
			s := provisioning.Service{Panel: w.panel.id, ServiceID: fmt.Sprint(i), Account: account,
				Product: "positivessl", Years: 1, Provider: "hostlantern", Environment: provisioning.Sandbox,
				State: provisioning.ServiceActive, CreatedAt: w.simulator.Now(), UpdatedAt: w.simulator.Now()}
			if err := w.store.Write(t.Context(), provisioning.Change{After: &s}); err != nil {
				t.Fatal(err)
			}
			want = append(want, s.ServiceID)
		}
		for limit, requests := range map[int]int{1000: 1, services: 1, 120: 2, 100: 3} {
			reader := &feed{panel: w.panel}
			if diff := cmp.Diff(want, reader.ids(t, limit)); diff != "" || reader.requests != requests {
				t.Errorf("pages of %d: %d requests, want %d (-want +got):\n%s", limit, reader.requests, requests, diff)
			}
		}
	})
}
