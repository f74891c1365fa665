// SPDX-License-Identifier: Apache-2.0

package apitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/api/apitest"
)

// recorder is a test that takes notes instead of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, values ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, values...))
}

// answering is a server that always says the same.
type answering struct {
	status          int
	mediaType, body string
}

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: a.status, Header: http.Header{"Content-Type": {a.mediaType}}, Body: io.NopCloser(strings.NewReader(a.body)),
	}, nil
}

const (
	problem = `{"type":"about:blank","title":"Not Found","status":404,"code":"service_not_found","detail":"No.","retryable":false,"request_id":"1"}`
	who     = `{"panel":"1","panel_name":"shop","key_id":"2","scopes":["read"],"expires_at":null,"address":"127.0.0.1","version":"1","time":"2026-11-22T09:00:00Z"}`
)

// A check that lets anything pass would make every other test worthless.
func TestBreachesOfTheContractAreReported(t *testing.T) {
	t.Parallel()
	isJSON, isProblem := "application/json", "application/problem+json"
	for name, c := range map[string]struct {
		method, path, body string
		broken             bool
		answer             answering
		breach             string // "" if all is well
	}{
		"all well":               {"GET", "/v1/whoami", "", false, answering{200, isJSON, who}, ""},
		"a problem":              {"GET", "/v1/services/1", "", false, answering{404, isProblem, problem}, ""},
		"a file":                 {"GET", "/v1/services/1/certificate", "", false, answering{200, "application/zip", "PK"}, ""},
		"unknown path":           {"GET", "/v2", "", false, answering{404, isProblem, problem}, "not in the contract"},
		"broken on purpose":      {"GET", "/v2", "", true, answering{404, isProblem, problem}, ""},
		"unknown field sent":     {"POST", "/v1/csr/decode", `{"csr":"","x":1}`, false, answering{404, isProblem, problem}, "request breaks"},
		"bad id":                 {"GET", "/v1/services/a.b", "", false, answering{404, isProblem, problem}, "request breaks"},
		"unknown field":          {"GET", "/v1/whoami", "", false, answering{200, isJSON, strings.Replace(who, `{`, `{"x":1,`, 1)}, "answer 200 breaks"},
		"missing field":          {"GET", "/v1/whoami", "", false, answering{200, isJSON, strings.Replace(who, `"panel":"1",`, "", 1)}, "answer 200 breaks"},
		"unknown status":         {"GET", "/v1/whoami", "", false, answering{201, isJSON, who}, "answer 201 breaks"},
		"unknown type":           {"GET", "/v1/services/1/certificate", "", false, answering{200, "text/html", "<p>"}, "answer 200 breaks"},
		"unlisted code":          {"GET", "/v1/services/1", "", false, answering{404, isProblem, strings.Replace(problem, "service_not_found", "gone", 1)}, "does not list"},
		"code with other status": {"GET", "/v1/services/1", "", false, answering{409, isProblem, strings.Replace(problem, "404", "409", 1)}, "does not list"},
		"two statuses":           {"GET", "/v1/services/1", "", false, answering{409, isProblem, problem}, "says status 404"},
		"good request refused":   {"GET", "/v1/services/1", "", false, answering{400, isProblem, strings.NewReplacer("404", "400", "service_not_found", "invalid_request").Replace(problem)}, "calls it malformed"},
	} {
		notes := &recorder{TB: t}
		ctx := t.Context()
		if c.broken {
			ctx = apitest.Broken(ctx)
		}
		exchange(ctx, t, apitest.NewTransport(notes, c.answer), c.method, c.path, c.body)
		reported := strings.Join(notes.failures, "\n")
		if (c.breach == "") != (reported == "") || !strings.Contains(reported, c.breach) {
			t.Errorf("%s: reported %q, want something with %q", name, reported, c.breach)
		}
	}
}

func exchange(ctx context.Context, t *testing.T, transport http.RoundTripper, method, path, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, "http://certbridge.test"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
}
