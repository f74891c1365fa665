// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// finished follows a run until it is over and gives it as the panel sees it.
func (p *panel) finished(t *testing.T, started object) object {
	t.Helper()
	id := text(t, started, "id")
	if _, err := p.world.bridge.FollowSynchronization(t.Context(), id, nil); err != nil {
		t.Fatal(err)
	}
	return p.call(t, http.MethodGet, "/v1/synchronizations/"+id, nil).want(t, http.StatusOK).object(t)
}

// changesOf reads the report of a run as the panel sees it, in pages of two.
func (p *panel) changesOf(t *testing.T, id string) (lines []string) {
	t.Helper()
	after := ""
	for {
		page := p.call(t, http.MethodGet, "/v1/synchronizations/"+id+"/changes?limit=2"+after, nil).want(t, http.StatusOK).object(t)
		for _, change := range entries(t, page, "changes") {
			lines = append(lines, fmt.Sprint(at(change, "panel"), " ", at(change, "service_id"), " ", at(change, "field"), ": ", at(change, "old"), " -> ", at(change, "new")))
		}
		if page["next"] == nil {
			return lines
		}
		after = "&after=" + text(t, page, "next")
	}
}

func TestAPanelsCronSynchronizesEverything(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		other := w.newPanel(t, "other", provisioning.ScopeProvision)
		operator := w.operator(t)
		first := w.panel.create(t, "1", "positivessl")
		second := other.create(t, "2", "positivessl")
		for _, service := range []object{first, second} {
			if err := w.simulator.Cancel(text(t, service, "certificate_id")); err != nil {
				t.Fatal(err)
			}
		}
		dry := w.panel.call(t, http.MethodPost, "/v1/synchronizations", object{"dry_run": true, "accounts": []string{account}}).want(t, http.StatusAccepted)
		dryRun := w.panel.finished(t, dry.object(t))
		wantMembers(t, dryRun, object{"dry_run": true, "state": "succeeded"})

		answer := w.panel.call(t, http.MethodPost, "/v1/synchronizations", nil).want(t, http.StatusAccepted)
		started := answer.object(t)
		id := text(t, started, "id")
		if answer.header.Get("Location") != "/v1/synchronizations/"+id || answer.header.Get("Retry-After") == "" {
			t.Errorf("headers: %v", answer.header)
		}
		run := w.panel.finished(t, started)
		wantMembers(t, run, object{"dry_run": false, "state": "succeeded", "started_by": nil})
		wantMembers(t, entries(t, run, "accounts")[0], object{
			"account": account, "state": "succeeded", "pages_done": 1.0, "pages_total": 1.0, "certificates_seen": 2.0, "changed": 2.0,
			"details": 2.0, "services_changed": 2.0, "provider_calls": 3.0, "waiting_for": nil, "error_count": 0.0, "errors": []any{},
			"changes_omitted": 0.0,
		})
		if service := other.call(t, http.MethodGet, "/v1/services/2", nil).object(t); service["status"] != "cancelled" {
			t.Errorf("the service of the other panel is %v", service["status"])
		}
		// Each sees its own; operators see all.
		for _, id := range []string{id, text(t, dryRun, "id")} {
			const cancelled = "status: awaiting_configuration -> cancelled"
			for viewer, want := range map[*panel][]string{
				w.panel: {"<nil> 1 " + cancelled}, other: {"<nil> 2 " + cancelled},
				operator: {w.panel.id + " 1 " + cancelled, other.id + " 2 " + cancelled},
			} {
				lines := slices.DeleteFunc(viewer.changesOf(t, id), func(line string) bool { return !strings.Contains(line, "status") })
				slices.Sort(lines)
				slices.Sort(want)
				if diff := cmp.Diff(want, lines); diff != "" {
					t.Errorf("%s: %s", viewer.id, diff)
				}
			}
		}
		seen := operator.call(t, http.MethodGet, "/v1/synchronizations/"+id, nil).want(t, http.StatusOK).object(t)
		if text(t, seen, "started_by") != "panel:"+w.panel.key.ID {
			t.Errorf("it was started by %v", seen["started_by"])
		}
	})
}

func TestErrorsOfARunAreThoseOfTheirPanel(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		other := w.newPanel(t, "other", provisioning.ScopeProvision)
		operator := w.operator(t)
		service := w.panel.create(t, "1", "positivessl")
		if err := w.simulator.Cancel(text(t, service, "certificate_id")); err != nil {
			t.Fatal(err)
		}
		w.simulator.Inject(simulator.Fault{Command: "getinfo", Kind: simulator.FaultError, Number: "2011294"})
		run := w.panel.finished(t, w.panel.call(t, http.MethodPost, "/v1/synchronizations", object{}).want(t, http.StatusAccepted).object(t))
		wantMembers(t, run, object{"state": "failed"})
		id := text(t, run, "id")
		for viewer, want := range map[*panel]int{w.panel: 1, operator: 1, other: 0} {
			part := entries(t, viewer.call(t, http.MethodGet, "/v1/synchronizations/"+id, nil).want(t, http.StatusOK).object(t), "accounts")[0]
			errs := entries(t, part, "errors")
			if len(errs) != want || at(part, "error_count") != 1.0 {
				t.Errorf("%s sees %v", viewer.id, part)
			}
			for _, failed := range errs {
				detail, panel := at(failed, "detail"), at(failed, "panel")
				if (detail != nil) != (viewer == operator) || (panel != nil) != (viewer == operator) || at(failed, "service_id") != "1" {
					t.Errorf("%s sees %v", viewer.id, failed)
				}
			}
		}
	})
}

func TestARunThatIsUnderWayIsJoined(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		entered, open := make(chan struct{}, 100), make(chan struct{})
		w.standFor(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			entered <- struct{}{}
			<-open
			w.simulator.ServeHTTP(rw, r)
		}))
		first := w.panel.call(t, http.MethodPost, "/v1/synchronizations", nil).want(t, http.StatusAccepted).object(t)
		<-entered
		second := w.panel.call(t, http.MethodPost, "/v1/synchronizations", nil).want(t, http.StatusOK)
		if joined := second.object(t); joined["id"] != first["id"] || joined["state"] != "running" || second.header.Get("Location") == "" {
			t.Errorf("%v", joined)
		}
		close(open)
		w.panel.finished(t, first)
	})
}

func TestSynchronizationsThatAreRefused(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		reader := w.newPanel(t, "reader", provisioning.ScopeRead)
		reader.call(t, http.MethodPost, "/v1/synchronizations", nil).wantProblem(t, http.StatusForbidden, "insufficient_scope")
		w.panel.call(t, http.MethodPost, "/v1/synchronizations", object{"accounts": []string{"none"}}).
			wantProblem(t, http.StatusUnprocessableEntity, "unknown_account")
		w.panel.broken(t, http.MethodPost, "/v1/synchronizations", object{"dry": true}).wantProblem(t, http.StatusBadRequest, "invalid_request")
		w.panel.call(t, http.MethodGet, "/v1/synchronizations/none", nil).wantProblem(t, http.StatusNotFound, "synchronization_not_found")
		w.panel.call(t, http.MethodGet, "/v1/synchronizations/none/changes", nil).wantProblem(t, http.StatusNotFound, "synchronization_not_found")
		run := w.panel.finished(t, w.panel.call(t, http.MethodPost, "/v1/synchronizations", nil).want(t, http.StatusAccepted).object(t))
		changes := "/v1/synchronizations/" + text(t, run, "id") + "/changes"
		reader.call(t, http.MethodGet, changes, nil).want(t, http.StatusOK)
		w.panel.broken(t, http.MethodGet, changes+"?after=x", nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
	})
}
