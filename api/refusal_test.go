// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// badInput is a request that must be refused before anybody upstream hears of it.
type badInput struct {
	name         string
	method, path string
	body         any
	headers      []header
	malformed    bool // breaks the contract, too
	status       int
	code         string
}

// Everything that can be known to be wrong is refused with a code of its own,
// without an upstream call, and nothing changes.
func TestBadInputReachesNobody(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		p.create(t, "single", "positivessl")
		p.create(t, "wildcard", "positivessl-wildcard")
		p.create(t, "multi", "positivessl-multi-domain")
		p.issued(t, "issued", "positivessl", newCSR(t, "issued.example.com"))
		other := w.newPanel(t, "other", "provision")
		other.create(t, "theirs", "positivessl")

		before, calls := everything(t, p, other), len(w.simulator.Calls())
		for _, c := range badInputs(t) {
			answer := p.call
			if c.malformed {
				answer = p.broken
			}
			problem := answer(t, c.method, c.path, c.body, c.headers...).wantProblem(t, c.status, c.code)
			if problem["retryable"] != false {
				t.Errorf("%s: is said to be worth another try", c.name)
			}
			if got := len(w.simulator.Calls()); got != calls {
				t.Errorf("%s: the provider was called: %v", c.name, w.simulator.Calls()[calls:])
				calls = got
			}
		}
		if diff := cmp.Diff(before, everything(t, p, other)); diff != "" {
			t.Errorf("something changed (-before +after):\n%s", diff)
		}
	})
}

// everything is what a panel can see of its services.
func everything(t *testing.T, panels ...*panel) []object {
	t.Helper()
	var all []object
	for _, p := range panels {
		all = append(all, p.call(t, http.MethodGet, "/v1/services", nil).want(t, http.StatusOK).object(t))
	}
	return all
}

func badInputs(t *testing.T) []badInput {
	t.Helper()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	const services = "/v1/services/"
	activate := func(name, service string, body object, code string) badInput {
		return badInput{name: name, method: http.MethodPost, path: services + service + "/activate", body: body, status: 422, code: code}
	}
	do := func(name, path string, body object, status int, code string) badInput {
		return badInput{name: name, method: http.MethodPost, path: services + path, body: body, status: status, code: code}
	}
	create := func(name, service string, body object, status int, code string) badInput {
		return badInput{name: name, method: http.MethodPut, path: services + service, body: body, status: status, code: code}
	}
	with := func(base object, name string, value any) object {
		changed := object{}
		for n, v := range base {
			changed[n] = v
		}
		changed[name] = value
		return changed
	}
	good := configuration(newCSR(t, "example.com"))
	twisted := strings.Replace(newCSR(t, "example.com"), "MII", "MIJ", 1)
	if !strings.Contains(twisted, "MIJ") {
		twisted = strings.Replace(newCSR(t, "example.com"), "MIH", "MIJ", 1)
	}

	inputs := []badInput{
		activate("broken CSR", "single", configuration("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"), "csr_unreadable"),
		activate("CSR with a wrong length", "single", configuration(twisted), "csr_unreadable"),
		activate("no CSR", "single", object{"validation": object{"method": "dns"}}, "csr_unreadable"),
		{name: "activation without a body", method: http.MethodPost, path: services + "single/activate", status: 422, code: "csr_unreadable"},
		activate("weak CSR", "single", configuration(csrOf(t, weak, "example.com")), "csr_weak_key"),
		activate("CSR for more names than those asked for", "single", with(configuration(newCSR(t, "example.com", "other.example.org")), "domains", []string{}), "csr_name_mismatch"),
		activate("CSR with more names than bought", "single", configuration(newCSR(t, "example.com", "mail.example.com")), "too_many_domains"),
		activate("more names than bought, multi-domain", "multi", configuration(newCSR(t, "a.example.com", "b.example.com", "c.example.com", "d.example.com")), "too_many_domains"),
		activate("CSR for an internal name", "single", configuration(newCSR(t, "server.local")), "invalid_domain"),
		activate("CSR without wildcard for a wildcard product", "wildcard", good, "csr_wildcard_required"),
		activate("wildcard CSR for a single product", "single", configuration(newCSR(t, "*.example.com")), "csr_wildcard_not_allowed"),
		activate("wildcard with HTTP validation", "wildcard", with(configuration(newCSR(t, "*.example.com")), "validation", object{"method": "http"}), "validation_method_not_allowed"),
		activate("no validation", "single", object{"csr": good["csr"]}, "validation_missing"),
		activate("e-mail without approver", "single", with(good, "validation", object{"method": "email"}), "approver_email_missing"),
		activate("approver of another domain", "single", with(good, "validation", object{"method": "email", "approver_email": "admin@example.org"}), "approver_email_not_allowed"),
		activate("the same name twice", "single", with(good, "domains", []string{"www.example.com", "WWW.example.com"}), "duplicate_domain"),

		create("unknown product", "new", with(order("positivessl"), "product", "no-such-product"), 422, "unknown_product"),
		create("unknown account", "new", with(order("positivessl"), "account", "elsewhere"), 422, "unknown_account"),
		create("term that is not sold", "new", with(order("positivessl"), "years", 9), 422, "years_not_offered"),
		create("more domains for a single product", "new", with(order("positivessl"), "additional_domains", 3), 422, "too_many_domains"),
		create("another product than before", "single", order("positivessl-wildcard"), 409, "service_exists_differently"),

		do("another panel's service", "theirs/renew", object{}, 404, "service_not_found"),
		do("reissue before issuance", "single/reissue", good, 409, "action_not_allowed"),
		do("renewal before issuance", "single/renew", object{}, 409, "action_not_allowed"),
		{name: "renewal before issuance, without a body", method: http.MethodPost, path: services + "single/renew", status: 409, code: "action_not_allowed"},
		do("retry of a validation that is not", "single/validation/retry", object{}, 409, "action_not_allowed"),
		do("domains for a single product", "single/domains", object{"additional_domains": 2}, 409, "action_not_allowed"),
		do("revocation of an unknown certificate", "issued/revoke", object{"certificate_id": "999"}, 404, "certificate_not_found"),
		do("activation of what is issued", "issued/activate", good, 409, "action_not_allowed"),
		{name: "other methods when nothing is validated", method: http.MethodPut, path: services + "issued/validation", body: object{"validation": object{"method": "dns"}}, status: 409, code: "action_not_allowed"},
		{name: "other methods for an unknown certificate", method: http.MethodPut, path: services + "issued/validation?certificate_id=1", body: object{"validation": object{"method": "dns"}}, status: 404, code: "certificate_not_found"},
		{name: "validation of an unknown certificate", method: http.MethodGet, path: services + "issued/validation?certificate_id=1", status: 404, code: "certificate_not_found"},
		{name: "retry for an unknown certificate", method: http.MethodPost, path: services + "single/validation/retry?certificate_id=1", status: 404, code: "certificate_not_found"},
		{name: "download before issuance", method: http.MethodGet, path: services + "single/certificate", status: 409, code: "certificate_not_issued"},
		{name: "download of an unknown certificate", method: http.MethodGet, path: services + "issued/certificate?certificate_id=1", status: 404, code: "certificate_not_found"},
		{name: "broken CSR to decode", method: http.MethodPost, path: "/v1/csr/decode", body: object{"csr": "hello"}, status: 422, code: "csr_unreadable"},
		{name: "approvers of no domain", method: http.MethodGet, path: "/v1/approver-emails?domain=localhost", status: 422, code: "invalid_domain"},
		{name: "unknown operation", method: http.MethodGet, path: "/v1/operations/none", status: 404, code: "operation_not_found"},
	}
	unknownMethod := activate("unknown validation method", "single", with(good, "validation", object{"method": "telepathy"}), "validation_method_unknown")
	unknownMethod.malformed = true
	return append(append(inputs, unknownMethod), malformedInputs()...)
}

// malformedInputs break the contract itself.
func malformedInputs() []badInput {
	const service = "/v1/services/single"
	json := []header{{"Content-Type", "application/json"}}
	body := func(name, text string) badInput {
		return badInput{name: name, method: http.MethodPut, path: service, body: text, headers: json, status: 400, code: "invalid_request"}
	}
	id := func(name, path string) badInput {
		return badInput{name: name, method: http.MethodGet, path: "/v1/services/" + path, status: 422, code: "invalid_service_id"}
	}
	inputs := []badInput{
		id("id with a dot", "a.b"), id("id with a space", "a%20b"), id("id with a slash", "a%2Fb"),
		id("id in another script", "%C3%A4"), id("long id", strings.Repeat("a", 65)), id("id to climb with", "%2e%2e"),
		{name: "id with a dot, action", method: http.MethodPost, path: "/v1/services/a.b/suspend", status: 422, code: "invalid_service_id"},
		{name: "id with a dot, creation", method: http.MethodPut, path: "/v1/services/a.b", body: order("positivessl"), status: 422, code: "invalid_service_id"},
		body("no JSON", "hello"), body("nothing", " "), body("no object", "[]"), body("a number", "7"),
		body("null", "null"), body("an empty object", "{}"), body("no account", `{"product":"positivessl","years":1}`),
		body("no product", `{"account":"`+account+`","years":1}`), body("no term", `{"account":"`+account+`","product":"positivessl"}`),
		body("a term that is null", `{"account":"`+account+`","product":"positivessl","years":null}`),
		{name: "null for an action", method: http.MethodPost, path: service + "/renew", body: "null", headers: json, status: 400, code: "invalid_request"},
		body("two values", `{"years":1} {"years":2}`), body("unknown field", `{"period":1}`),
		body("a field twice", `{"years":1,"years":2}`), body("a field in other letters", `{"Years":1}`),
		body("unknown field within", `{"client":{"nick":"Ann"}}`), body("text for a number", `{"years":"1"}`),
		body("half a number", `{"years":1.5}`), body("not UTF-8", "{\"product\":\"\xff\"}"),
		body("deep nesting", `{"client":`+strings.Repeat(`{"client":`, 20)+"1"+strings.Repeat("}", 21)),
		{name: "date that no calendar has", method: http.MethodPost, path: service + "/renew", body: object{"paid_until": "2027-02-30"}, status: 400, code: "invalid_request"},
		{name: "validation that is a text", method: http.MethodPut, path: service + "/validation", body: object{"validation": "dns"}, status: 400, code: "invalid_request"},
		{name: "validation with an unknown field", method: http.MethodPut, path: service + "/validation", body: object{"validation": object{"method": "dns", "mail": "x"}}, status: 400, code: "invalid_request"},
		{name: "validation list without domain", method: http.MethodPut, path: service + "/validation", body: object{"validation": []object{{"method": "dns"}}}, status: 400, code: "invalid_request"},
		{name: "no validation at all", method: http.MethodPut, path: service + "/validation", body: object{}, status: 400, code: "invalid_request"},
		{name: "no number of domains", method: http.MethodPost, path: service + "/domains", body: object{}, status: 400, code: "invalid_request"},
		{name: "unknown parameter of a validation", method: http.MethodGet, path: service + "/validation?certificate=1", status: 400, code: "invalid_request"},
		{name: "unknown parameter of a retry", method: http.MethodPost, path: service + "/validation/retry?id=1", status: 400, code: "invalid_request"},
		{name: "no certificate to revoke", method: http.MethodPost, path: service + "/revoke", body: object{}, status: 400, code: "invalid_request"},
		{name: "a body where none belongs", method: http.MethodPost, path: service + "/suspend", body: object{"reason": "late"}, status: 400, code: "invalid_request"},
		{name: "unknown status", method: http.MethodGet, path: "/v1/services?status=fine", status: 400, code: "invalid_request"},
		{name: "unknown parameter", method: http.MethodGet, path: "/v1/services?page=2", status: 400, code: "invalid_request"},
		{name: "parameter twice", method: http.MethodGet, path: "/v1/services?limit=2&limit=3", status: 400, code: "invalid_request"},
		{name: "page too large", method: http.MethodGet, path: "/v1/services?limit=501", status: 400, code: "invalid_request"},
		{name: "event that is no number", method: http.MethodGet, path: service + "/events?after=x", status: 400, code: "invalid_request"},
		{name: "unknown format", method: http.MethodGet, path: service + "/certificate?format=exe", status: 400, code: "invalid_request"},
		{name: "query that cannot be read", method: http.MethodGet, path: "/v1/services?limit=%zz", status: 400, code: "invalid_request"},
		{name: "form instead of JSON", method: http.MethodPut, path: service, body: "years=1", headers: []header{{"Content-Type", "application/x-www-form-urlencoded"}}, status: 415, code: "unsupported_media_type"},
		{name: "JSON in another charset", method: http.MethodPut, path: service, body: "{}", headers: []header{{"Content-Type", "application/json; charset=latin1"}}, status: 415, code: "unsupported_media_type"},
		{name: "body of more than 1 MiB", method: http.MethodPut, path: service, body: `{"product":"` + strings.Repeat("a", 1<<20) + `"}`, headers: json, status: 413, code: "body_too_large"},
		{name: "unknown path", method: http.MethodGet, path: "/v1/nothing", status: 404, code: "not_found"},
		{name: "unknown method", method: http.MethodDelete, path: service, status: 405, code: "method_not_allowed"},
		{name: "idempotency key with a blank", method: http.MethodPut, path: service, body: order("positivessl"), headers: []header{{"Idempotency-Key", "a b"}}, status: 400, code: "idempotency_key_invalid"},
		{name: "long idempotency key", method: http.MethodPut, path: service, body: order("positivessl"), headers: []header{{"Idempotency-Key", strings.Repeat("k", 256)}}, status: 400, code: "idempotency_key_invalid"},
	}
	for i := range inputs {
		inputs[i].malformed = true
	}
	return inputs
}

// A malformed request is told which field is meant.
func TestProblemsNameTheField(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		for body, field := range map[string]string{
			`{"period":1}`:                    "period",
			`{"client":{"email":7}}`:          "client.email",
			`{"years":1,"years":2}`:           "years",
			`{"client":{"nick":"Ann"}}`:       "nick",
			`{"years":100000000000000000000}`: "years",
		} {
			problem := w.panel.broken(t, http.MethodPut, "/v1/services/1", body).wantProblem(t, 400, "invalid_request")
			got := entries(t, problem, "errors")
			if len(got) != 1 || text(t, got[0], "field") != field || text(t, got[0], "detail") == "" {
				t.Errorf("%s: errors are %v", body, got)
			}
		}
	})
}

// A body that does not say how long it is gets cut at the limit.
func TestUnannouncedLargeBodyIsRefused(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		body := strings.NewReader(`{"product":"` + strings.Repeat("a", 2<<20) + `"}`)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPut, w.address+"/v1/services/1", struct{ *strings.Reader }{body})
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = -1
		request.Header.Set("Authorization", "Bearer "+w.panel.key.Token)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d", response.StatusCode)
		}
	})
}

// Names in other scripts are accepted and kept as A-labels.
func TestInternationalisedNamesAreNormalised(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.create(t, "1", "positivessl")
		body := configuration(newCSR(t, "XN--BCHER-KVA.example.COM"))
		body["domains"] = []string{"www.bücher.example.com"}
		pending := w.panel.post(t, "1", "activate", body).want(t, http.StatusOK).object(t)
		wantMembers(t, pending, object{"common_name": "xn--bcher-kva.example.com", "domains": []any{"www.xn--bcher-kva.example.com"}})
	})
}
