// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

const aDay = 24 * time.Hour

// lateStarter buys a service, has it wait, and only then activated and issued. The
// provider's term begins with the issue, ours with the purchase.
func (p *panel) lateStarter(t *testing.T, serviceID string, waits time.Duration) object {
	t.Helper()
	bought := p.create(t, serviceID, "positivessl")
	p.world.simulator.Advance(waits)
	p.activate(t, serviceID, newCSR(t, "example.com"))
	return p.issue(t, serviceID, text(t, bought, "certificate_id"))
}

// Where the provider's expiry dates mean terms, which certbridge finds out from
// three certificates, a term that began late ends late.
func TestAProviderThatTellsTermsIsFollowed(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.simulator.Configure(func(s *simulator.Switches) { s.Expires = simulator.ExpiresTerm })
		p := w.panel
		for i := range 3 {
			issued := p.issued(t, fmt.Sprint(i), "positivessl", newCSR(t, "example.com"))
			wantMembers(t, issued, object{"due_date": "2027-11-22", "previous_due_date": nil, "held_due_date": nil})
		}
		late := p.lateStarter(t, "late", 20*aDay)
		wantMembers(t, late, object{"due_date": "2027-12-12", "previous_due_date": "2027-11-22", "held_due_date": nil})
		wantMembers(t, late["term"], object{"starts_on": "2026-11-22", "ends_on": "2027-12-12"})
		wantMembers(t, late["renewal_window"], object{"opens_on": "2027-09-14", "reminder_on": "2027-09-15", "closes_on": "2028-06-09"})

		kinds := map[string]string{}
		for _, event := range entries(t, p.call(t, http.MethodGet, "/v1/services/late/events", nil).want(t, http.StatusOK).object(t), "events") {
			kinds[text(t, event, "kind")] = text(t, event, "actor") + ": " + text(t, event, "detail")
		}
		if got := kinds["due_date.moved"]; got != "certbridge: 2027-11-22 -> 2027-12-12" {
			t.Errorf("the audit trail says %q", got)
		}
		if kinds["term.moved"] == "" {
			t.Errorf("the audit trail does not say that the term moved: %v", kinds)
		}
	})
}

// Where they mean the file, no term and no due date ever follows them, not even
// where a file ends after the term that we know of.
func TestAProviderThatTellsFilesIsNot(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		for i := range 3 {
			p.issued(t, fmt.Sprint(i), "positivessl", newCSR(t, "example.com"))
		}
		p.lateStarter(t, "late", 200*aDay)
		w.simulator.Advance(90 * aDay)
		reissuing := p.post(t, "late", "reissue", object{"csr": newCSR(t, "example.com")}).want(t, http.StatusOK).object(t)
		reissued := p.issue(t, "late", text(t, reissuing, "successor", "certificate_id"))
		wantMembers(t, reissued, object{"due_date": "2027-11-22", "previous_due_date": nil})
		if end := text(t, reissued, "certificate", "not_after"); end < "2027-11-23" {
			t.Fatalf("the file ends on %s, which proves nothing", end)
		}
		evidence, err := w.store.ExpiryEvidence(t.Context(), account)
		if err != nil || evidence.Meaning() != provisioning.ExpiresLeaf {
			t.Errorf("the evidence is %+v, %v", evidence, err)
		}
	})
}

// One account whose answers contradict each other: nothing follows from them.
func TestContradictingExpiryDatesAreNotBelieved(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		p.issued(t, "leaf", "positivessl", newCSR(t, "example.com"))
		w.simulator.Configure(func(s *simulator.Switches) { s.Expires = simulator.ExpiresTerm })
		for i := range 4 {
			p.issued(t, fmt.Sprint(i), "positivessl", newCSR(t, "example.com"))
		}
		late := p.lateStarter(t, "late", 20*aDay)
		wantMembers(t, late, object{"due_date": "2027-11-22", "previous_due_date": nil, "held_due_date": nil})
		wantMembers(t, late["term"], object{"ends_on": "2027-11-22"})
	})
}

// The first answer has the dates of the first term.
func TestDatesAreRightFromTheFirstAnswerOn(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		bought := w.panel.create(t, "1", "positivessl")
		wantMembers(t, bought, object{"due_date": "2027-11-22", "previous_due_date": nil, "held_due_date": nil})
		wantMembers(t, bought["renewal_window"], object{"opens_on": "2027-08-25", "reminder_on": "2027-08-26", "closes_on": "2028-05-20"})
		if got := w.panel.service(t, "1"); !cmp.Equal(got["renewal_window"], bought["renewal_window"]) || got["due_date"] != bought["due_date"] {
			t.Errorf("read again it is %v", got)
		}
	})
}

// cancelledRenewal is a service whose renewal was cancelled by the provider, so
// that its due date would move back.
func (p *panel) cancelledRenewal(t *testing.T, serviceID string) {
	t.Helper()
	renewed := p.post(t, serviceID, "renew", object{"years": 1}).want(t, http.StatusOK).object(t)
	wantMembers(t, renewed, object{"due_date": "2028-11-22", "previous_due_date": "2027-11-22", "held_due_date": nil})
	if err := p.world.simulator.Cancel(text(t, renewed, "successor", "certificate_id")); err != nil {
		t.Fatal(err)
	}
	held := p.post(t, serviceID, "synchronize", nil).want(t, http.StatusOK).object(t)
	wantMembers(t, held, object{"due_date": "2028-11-22", "previous_due_date": "2027-11-22"})
	wantMembers(t, held["held_due_date"], object{"date": "2027-11-22", "reason": "backward"})
}

func TestAnOperatorDecidesAboutADateThatWouldMoveBack(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p, operator := w.panel, w.operator(t)
		for _, id := range []string{"1", "2"} {
			p.issued(t, id, "positivessl", newCSR(t, "example.com"))
		}
		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		for _, id := range []string{"1", "2"} {
			p.cancelledRenewal(t, id)
		}
		first := operator.call(t, http.MethodGet, "/v1/due-dates?state=held&limit=1", nil).want(t, http.StatusOK).object(t)
		next := text(t, first, "next")
		second := operator.call(t, http.MethodGet, "/v1/due-dates?limit=1&after="+next, nil).want(t, http.StatusOK).object(t)
		if held := append(entries(t, first, "due_dates"), entries(t, second, "due_dates")...); len(held) != 2 || second["next"] != nil ||
			at(held[0], "service_id") != "1" || at(held[1], "service_id") != "2" || at(held[0], "panel") != p.id {
			t.Fatalf("held are %v and %v", first, second)
		}

		confirm := object{"panel": p.id, "service_id": "1", "decision": "confirm", "date": "2027-11-22", "note": "the customer was refunded"}
		confirmed := operator.call(t, http.MethodPost, "/v1/due-dates", confirm).want(t, http.StatusOK).object(t)
		wantMembers(t, confirmed, object{"due_date": "2027-11-22", "previous_due_date": "2028-11-22", "held_due_date": nil})
		reject := object{"panel": p.id, "service_id": "2", "decision": "reject"}
		rejected := operator.call(t, http.MethodPost, "/v1/due-dates", reject).want(t, http.StatusOK).object(t)
		wantMembers(t, rejected, object{"due_date": "2028-11-22", "previous_due_date": "2027-11-22", "held_due_date": nil})

		// Neither is asked about again.
		for id, due := range map[string]string{"1": "2027-11-22", "2": "2028-11-22"} {
			again := p.post(t, id, "synchronize", nil).want(t, http.StatusOK).object(t)
			wantMembers(t, again, object{"due_date": due, "held_due_date": nil})
		}
		operator.call(t, http.MethodPost, "/v1/due-dates", confirm).wantProblem(t, http.StatusConflict, "due_date_not_held")
		none := operator.call(t, http.MethodGet, "/v1/due-dates", nil).want(t, http.StatusOK).object(t)
		if len(entries(t, none, "due_dates")) != 0 {
			t.Errorf("still held: %v", none)
		}
	})
}

func TestADecisionIsAboutTheDateThatWasSeen(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p, operator := w.panel, w.operator(t)
		p.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		p.cancelledRenewal(t, "1")
		for _, wrong := range []struct {
			body   object
			status int
			code   string
		}{
			{object{"panel": p.id, "service_id": "1", "decision": "confirm", "date": "2027-11-23"}, http.StatusConflict, "due_date_changed"},
			{object{"panel": p.id, "service_id": "2", "decision": "confirm"}, http.StatusNotFound, "service_not_found"},
			{object{"panel": "another", "service_id": "1", "decision": "confirm"}, http.StatusNotFound, "service_not_found"},
		} {
			operator.call(t, http.MethodPost, "/v1/due-dates", wrong.body).wantProblem(t, wrong.status, wrong.code)
		}
		operator.broken(t, http.MethodPost, "/v1/due-dates", object{"panel": p.id, "service_id": "1", "decision": "perhaps"}).
			wantProblem(t, http.StatusUnprocessableEntity, "decision_invalid")
		operator.broken(t, http.MethodPost, "/v1/due-dates", object{"panel": p.id, "service_id": "1"}).
			wantProblem(t, http.StatusBadRequest, "invalid_request")
		operator.broken(t, http.MethodPost, "/v1/due-dates", object{"panel": p.id, "service_id": "1", "decision": "confirm", "date": "22.11.2027"}).
			wantProblem(t, http.StatusBadRequest, "invalid_request")
		operator.broken(t, http.MethodGet, "/v1/due-dates?state=moved", nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
		operator.broken(t, http.MethodGet, "/v1/due-dates?after=x", nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
		p.call(t, http.MethodGet, "/v1/due-dates", nil).wantProblem(t, http.StatusForbidden, "insufficient_scope")
		wantMembers(t, p.service(t, "1")["held_due_date"], object{"date": "2027-11-22"})
	})
}

// A certificate expires when its time is over, though nobody synchronizes and
// nobody has marked it.
func TestACertificateExpiresByItself(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		p.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		listed := func(status string) (ids []any) {
			t.Helper()
			for _, service := range entries(t, p.call(t, http.MethodGet, "/v1/services?status="+status, nil).want(t, http.StatusOK).object(t), "services") {
				ids = append(ids, at(service, "service_id"))
				if at(service, "status") != status {
					t.Errorf("among those that are %s there is %v", status, service)
				}
			}
			return ids
		}
		before := p.call(t, http.MethodGet, "/v1/services/1", nil).want(t, http.StatusOK)
		w.simulator.Advance(201 * aDay)
		wantMembers(t, p.service(t, "1"), object{"status": "expired", "status_detail": at(before.object(t), "status_detail")})
		p.call(t, http.MethodGet, "/v1/services/1", nil, header{"If-None-Match", before.header.Get("ETag")}).want(t, http.StatusOK)
		lineage := p.call(t, http.MethodGet, "/v1/services/1/certificates", nil).want(t, http.StatusOK).object(t)
		wantMembers(t, entries(t, lineage, "certificates")[0], object{"status": "expired"})
		for range 2 { // before and after it is marked
			if issued, expired := listed("issued"), listed("expired"); len(issued) != 0 || len(expired) != 1 {
				t.Errorf("issued are %v, expired %v", issued, expired)
			}
			if _, err := w.bridge.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		w.panel.wantEvent(t, "1", "certificate.expired")
	})
}

func (p *panel) wantEvent(t *testing.T, serviceID, kind string) {
	t.Helper()
	count := 0
	for _, event := range entries(t, p.call(t, http.MethodGet, "/v1/services/"+serviceID+"/events", nil).want(t, http.StatusOK).object(t), "events") {
		if text(t, event, "kind") == kind {
			count++
		}
	}
	if count != 1 {
		t.Errorf("the audit trail says %s %d times, want once", kind, count)
	}
}
