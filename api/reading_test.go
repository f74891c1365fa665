// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestETagSavesReadingTheSameAgain(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		first := w.panel.call(t, http.MethodGet, "/v1/services/1", nil).want(t, http.StatusOK)
		etag := first.header.Get("ETag")
		if !strings.HasPrefix(etag, fmt.Sprintf(`"%v-`, first.object(t)["version"])) {
			t.Errorf("ETag is %s", etag)
		}
		for _, have := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
			same := w.panel.call(t, http.MethodGet, "/v1/services/1", nil, header{"If-None-Match", have}).want(t, http.StatusNotModified)
			if len(same.body) != 0 || same.header.Get("ETag") != etag {
				t.Errorf("%s: body %q, ETag %q", have, same.body, same.header.Get("ETag"))
			}
		}
		w.panel.post(t, "1", "suspend", nil).want(t, http.StatusOK)
		changed := w.panel.call(t, http.MethodGet, "/v1/services/1", nil, header{"If-None-Match", etag}).want(t, http.StatusOK)
		if changed.header.Get("ETag") == etag {
			t.Error("another version has the same ETag")
		}
	})
}

func TestListsComeInPages(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		for _, id := range []string{"b", "a", "d", "c", "e"} {
			w.panel.create(t, id, "positivessl")
		}
		w.panel.activate(t, "c", newCSR(t, "example.com"))
		var ids []string
		for path := "/v1/services?limit=2"; path != ""; {
			page := w.panel.call(t, http.MethodGet, path, nil).want(t, http.StatusOK).object(t)
			for _, service := range entries(t, page, "services") {
				ids = append(ids, text(t, service, "service_id"))
			}
			path = ""
			if next, more := page["next"].(string); more {
				path = "/v1/services?limit=2&after=" + next
			}
		}
		if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, ids); diff != "" {
			t.Errorf("services (-want +got):\n%s", diff)
		}
		pending := w.panel.call(t, http.MethodGet, "/v1/services?status=pending_validation", nil).want(t, http.StatusOK).object(t)
		if services := entries(t, pending, "services"); len(services) != 1 || text(t, services[0], "service_id") != "c" {
			t.Errorf("pending are %v", services)
		}

		var kinds []string
		for path := "/v1/services/c/events?limit=1"; path != ""; {
			page := w.panel.call(t, http.MethodGet, path, nil).want(t, http.StatusOK).object(t)
			for _, event := range entries(t, page, "events") {
				kinds = append(kinds, text(t, event, "kind"))
			}
			path = ""
			if next, more := page["next"].(string); more {
				path = "/v1/services/c/events?limit=1&after=" + next
			}
		}
		if diff := cmp.Diff(w.panel.eventKinds(t, "c"), kinds); diff != "" || len(kinds) < 2 {
			t.Errorf("events one by one (-whole +paged):\n%s", diff)
		}
	})
}

func TestProductsAndFormHelpers(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		list := w.panel.call(t, http.MethodGet, "/v1/products", nil).want(t, http.StatusOK).object(t)
		found := false
		for _, product := range entries(t, list, "products") {
			if at(product, "product") == "positivessl" {
				found = true
				wantMembers(t, product, object{
					"account": account, "environment": "sandbox", "provider_product": "PositiveSSL", "validation_level": "dv",
					"coverage": "single", "included_domains": 1.0,
				})
			}
		}
		if !found {
			t.Errorf("positivessl is not among %v", list)
		}

		csr := w.panel.call(t, http.MethodPost, "/v1/csr/decode", object{"csr": newCSR(t, "Example.com", "www.example.com")}).want(t, http.StatusOK).object(t)
		wantMembers(t, csr, object{"common_name": "example.com", "domains": []any{"www.example.com"}, "key_algorithm": "ECDSA", "key_bits": 256.0, "organization": nil})

		calls := len(w.simulator.Calls())
		if calls != 0 {
			t.Errorf("the provider was called %d times", calls)
		}
		approvers := w.panel.call(t, http.MethodGet, "/v1/approver-emails?domain=www.example.com", nil).want(t, http.StatusOK).object(t)
		if !strings.Contains(fmt.Sprint(approvers["approver_emails"]), "admin@example.com") {
			t.Errorf("approvers are %v", approvers)
		}
	})
}

func TestValidationCanBeReadChangedAndRetried(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		p.create(t, "1", "positivessl")
		none := p.call(t, http.MethodGet, "/v1/services/1/validation", nil).want(t, http.StatusOK).object(t)
		wantMembers(t, none, object{"status": "awaiting_configuration", "validation": []any{}})
		p.activate(t, "1", newCSR(t, "example.com"))
		byDNS := p.call(t, http.MethodGet, "/v1/services/1/validation", nil).want(t, http.StatusOK).object(t)
		if entry := entries(t, byDNS, "validation")[0]; text(t, entry, "record", "type") != "CNAME" {
			t.Errorf("validation is %v", entry)
		}
		p.call(t, http.MethodPut, "/v1/services/1/validation", object{"validation": object{"method": "http"}}).want(t, http.StatusOK)
		byHTTP := p.call(t, http.MethodGet, "/v1/services/1/validation", nil).want(t, http.StatusOK).object(t)
		if entry := entries(t, byHTTP, "validation")[0]; text(t, entry, "file", "url") == "" || at(entry, "record") != nil {
			t.Errorf("validation is %v", entry)
		}
		mail := []object{{"domain": "example.com", "method": "email", "approver_email": "admin@example.com"}}
		p.call(t, http.MethodPut, "/v1/services/1/validation", object{"validation": mail}).want(t, http.StatusOK)
		byMail := p.call(t, http.MethodGet, "/v1/services/1/validation", nil).want(t, http.StatusOK).object(t)
		wantMembers(t, entries(t, byMail, "validation")[0], object{"method": "email", "approver_email": "admin@example.com", "status": "pending"})
		p.post(t, "1", "validation/retry", nil).want(t, http.StatusOK)
	})
}

// Nobody knows then which method is in force, so nothing is shown rather than
// something false.
func TestALostChangeOfValidationDropsTheInstructions(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		p.create(t, "1", "positivessl")
		p.activate(t, "1", newCSR(t, "example.com"))
		shown := func() any {
			t.Helper()
			told := p.call(t, http.MethodGet, "/v1/services/1/validation", nil).want(t, http.StatusOK).object(t)
			return entries(t, told, "validation")[0]
		}
		byFile := object{"validation": object{"method": "http"}}
		w.simulator.Inject(lost("editDCVMethod"))
		problem := p.call(t, http.MethodPut, "/v1/services/1/validation", byFile).wantProblem(t, http.StatusServiceUnavailable, "provider_unreachable")
		if problem["retryable"] != true {
			t.Error("it is not said to be worth another try")
		}
		wantMembers(t, shown(), object{"domain": "example.com", "record": nil, "file": nil})
		p.call(t, http.MethodPut, "/v1/services/1/validation", byFile).want(t, http.StatusOK)
		if text(t, shown(), "file", "url") == "" {
			t.Error("asked again, there is nothing to do")
		}
	})
}

// A renewal and a reissue of the old term may wait for their validation side by
// side. The query says which is meant, the newest unless it does.
func TestValidationOfOneOfSeveralCertificates(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		const validation = "/v1/services/1/validation"
		first := text(t, p.issued(t, "1", "positivessl", newCSR(t, "example.com")), "certificate_id")
		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		renewal := text(t, p.post(t, "1", "renew", nil).want(t, http.StatusOK).object(t), "successor", "certificate_id")
		p.activate(t, "1", newCSR(t, "example.com"))
		reissuing := p.post(t, "1", "reissue", object{"csr": newCSR(t, "example.com")}).want(t, http.StatusOK).object(t)
		reissue := text(t, reissuing, "successor", "certificate_id")

		byFile := object{"validation": object{"method": "http"}}
		p.call(t, http.MethodPut, validation+"?certificate_id="+renewal, byFile).want(t, http.StatusOK)
		p.post(t, "1", "validation/retry?certificate_id="+renewal, nil).want(t, http.StatusOK)
		for query, want := range map[string][2]string{
			"":                           {reissue, "dns"},
			"?certificate_id=":           {reissue, "dns"},
			"?certificate_id=" + reissue: {reissue, "dns"},
			"?certificate_id=" + renewal: {renewal, "http"},
			"?certificate_id=" + first:   {first, "dns"},
		} {
			told := p.call(t, http.MethodGet, validation+query, nil).want(t, http.StatusOK).object(t)
			wantMembers(t, told, object{"certificate_id": want[0]})
			wantMembers(t, entries(t, told, "validation")[0], object{"method": want[1]})
		}
		p.call(t, http.MethodPut, validation+"?certificate_id="+first, byFile).wantProblem(t, http.StatusConflict, "action_not_allowed")
	})
}

func TestRestOfTheVerbs(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		issued := p.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		first := text(t, issued, "certificate_id")
		reissuing := p.post(t, "1", "reissue", object{"csr": newCSR(t, "example.com")}).want(t, http.StatusOK).object(t)
		p.post(t, "1", "revoke", object{"certificate_id": first}).want(t, http.StatusConflict)
		done := p.issue(t, "1", text(t, reissuing, "successor", "certificate_id"))
		if !strings.Contains(fmt.Sprint(done["actions"]), "revoke") {
			t.Errorf("actions are %v", done["actions"])
		}
		p.post(t, "1", "revoke", object{"certificate_id": first}).want(t, http.StatusOK)

		wantMembers(t, p.post(t, "1", "suspend", object{}).want(t, http.StatusOK).object(t), object{"state": "suspended", "status": "issued"})
		p.post(t, "1", "reissue", object{"csr": newCSR(t, "example.com")}).wantProblem(t, http.StatusConflict, "service_suspended")
		wantMembers(t, p.post(t, "1", "unsuspend", nil).want(t, http.StatusOK).object(t), object{"state": "active"})
		wantMembers(t, p.post(t, "1", "terminate", nil).want(t, http.StatusOK).object(t), object{"state": "terminated", "status": "issued"})
		p.post(t, "1", "unsuspend", nil).wantProblem(t, http.StatusConflict, "service_terminated")

		wantMembers(t, p.create(t, "2", "positivessl-multi-domain"), object{"additional_domains": 0.0})
		more := p.post(t, "2", "domains", object{"additional_domains": 2}).want(t, http.StatusOK).object(t)
		wantMembers(t, more, object{"additional_domains": 2.0})
		p.post(t, "2", "domains", object{"additional_domains": 2}).want(t, http.StatusOK)
		p.post(t, "2", "domains", object{"additional_domains": 1}).wantProblem(t, http.StatusConflict, "domains_cannot_shrink")
		if charges := w.simulator.Ledger(); len(charges) != 3 {
			t.Errorf("%d charges", len(charges))
		}
	})
}
