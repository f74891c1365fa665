// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// day is a date before product names were replaced and leaves were shortened.
func day(text string) time.Time {
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return parsed.Add(15 * time.Hour) // mid-morning on the US East coast
}

// world is a simulator behind a server, spoken to in nothing but text.
type world struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *httptest.Server
}

// unthrottled are the default switches without limits on calls.
func unthrottled() simulator.Switches {
	switches := simulator.DefaultSwitches()
	switches.ThrottlePerMinute, switches.ThrottlePerHour, switches.ThrottlePerDay = 0, 0, 0
	return switches
}

// open starts a simulator with a frozen clock and no limits, changed by options.
func open(t *testing.T, now string, changes ...func(*simulator.Options)) *world {
	t.Helper()
	options := simulator.Options{Now: day(now), Switches: unthrottled()}
	for _, change := range changes {
		change(&options)
	}
	sim, err := simulator.New(options)
	if err != nil {
		t.Fatal(err)
	}
	sim.Freeze()
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	return &world{t: t, sim: sim, server: server}
}

// with changes the switches a world starts with.
func with(change func(*simulator.Switches)) func(*simulator.Options) {
	return func(o *simulator.Options) { change(&o.Switches) }
}

// post sends a command with parameters as name, value pairs, and gives status,
// body and transport error.
func (w *world) post(command string, pairs ...string) (int, string, error) {
	form := url.Values{
		"ApiUser": {"reseller"}, "ApiKey": {"simulator-key"}, "UserName": {"reseller"}, "ClientIp": {"203.0.113.9"},
		"Command": {"namecheap." + command},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+"/xml.response", strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// visit sends a request without a body and gives the status.
func (w *world) visit(method, address string) int {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// send is a command that must be answered with HTTP 200.
func (w *world) send(command string, pairs ...string) string {
	w.t.Helper()
	status, body, err := w.post(command, pairs...)
	if err != nil || status != http.StatusOK {
		w.t.Fatalf("%s: HTTP %d, %v", command, status, err)
	}
	return body
}

// okay is a command that must succeed.
func (w *world) okay(command string, pairs ...string) string {
	w.t.Helper()
	body := w.send(command, pairs...)
	if !strings.Contains(body, `<ApiResponse Status="OK"`) || strings.Contains(body, "<Error ") {
		w.t.Fatalf("%s %q failed: %s", command, pairs, body)
	}
	return body
}

// refused is a command that must fail with a number and a text.
func (w *world) refused(number, text, command string, pairs ...string) {
	w.t.Helper()
	body := w.send(command, pairs...)
	if !strings.Contains(body, `Status="ERROR"`) {
		w.t.Fatalf("%s %q was not refused: %s", command, pairs, body)
	}
	if want := `<Error Number="` + number + `">`; !strings.Contains(body, want) || !strings.Contains(body, text) {
		w.t.Errorf("%s %q: want %s%s in %s", command, pairs, want, text, body)
	}
}

// contains fails unless a text has every part.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in %s", part, text)
		}
	}
}

// lacks fails if a text has one of the parts.
func lacks(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if strings.Contains(text, part) {
			t.Errorf("unwanted %q in %s", part, text)
		}
	}
}

// attribute cuts the value of an attribute out of an answer.
func attribute(t *testing.T, body, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(body, " "+name+`="`)
	value, _, closed := strings.Cut(rest, `"`)
	if !found || !closed {
		t.Fatalf("no attribute %s in %s", name, body)
	}
	return value
}

// between cuts what stands between two marks out of a text.
func between(t *testing.T, text, left, right string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, left)
	value, _, closed := strings.Cut(rest, right)
	if !found || !closed {
		t.Fatalf("nothing between %q and %q in %s", left, right, text)
	}
	return value
}

// csr makes a certificate request for a common name with a fresh P-256 key.
func csr(tb testing.TB, commonName string, organization ...string) string {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return csrFor(tb, key, commonName, organization...)
}

func csrFor(tb testing.TB, key any, commonName string, organization ...string) string {
	tb.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: commonName, Organization: organization},
	}, key)
	if err != nil {
		tb.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// bought purchases a certificate and gives its id.
func (w *world) bought(product string, pairs ...string) string {
	w.t.Helper()
	return attribute(w.t, w.okay("ssl.create", append([]string{"Years", "1", "Type", product}, pairs...)...), "CertificateID")
}

// pending purchases and activates a certificate by CNAME and gives its id.
func (w *world) pending(product, commonName string, pairs ...string) string {
	w.t.Helper()
	id := w.bought(product)
	w.okay("ssl.activate", append([]string{"CertificateID", id, "CSR", csr(w.t, commonName), "DNSDCValidation", "true"}, pairs...)...)
	return id
}

// issued purchases, activates and approves a certificate and gives its id.
func (w *world) issued(product, commonName string, pairs ...string) string {
	w.t.Helper()
	id := w.pending(product, commonName, pairs...)
	if err := w.sim.Approve(id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// days moves the clock.
func (w *world) days(n int) { w.sim.Advance(time.Duration(n) * 24 * time.Hour) }
