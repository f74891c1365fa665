// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// What the journal keeps of an exchange, in bytes.
const (
	mostOfARequest = 4 << 10
	mostOfAnAnswer = 8 << 10
)

// exchanges collects what is noted under a context.
type exchanges struct {
	mu   sync.Mutex
	list []provisioning.Exchange
}

func (e *exchanges) listen(ctx context.Context) context.Context {
	return provisioning.WithExchanges(ctx, func(one provisioning.Exchange) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.list = append(e.list, one)
	})
}

// only is the one exchange, which must be bounded and valid.
func (e *exchanges) only(t *testing.T) provisioning.Exchange {
	t.Helper()
	if len(e.list) != 1 {
		t.Fatalf("%d exchanges were noted: %+v", len(e.list), e.list)
	}
	one := e.list[0]
	if len(one.Request) > mostOfARequest || len(one.Answer) > mostOfAnAnswer || len(one.Problem) > mostOfAnAnswer {
		t.Errorf("%d, %d and %d bytes are kept", len(one.Request), len(one.Answer), len(one.Problem))
	}
	if !utf8.ValidString(one.Request + one.Answer + one.Problem) {
		t.Errorf("the exchange is not valid UTF-8: %+v", one)
	}
	return one
}

// bought is the exchange of a purchase.
func bought(t *testing.T, client *hostlantern.Client) (provisioning.Exchange, error) {
	t.Helper()
	var noted exchanges
	_, err := client.Create(noted.listen(t.Context()), hostlantern.CreateRequest{Type: "PositiveSSL Multi Domain", Years: 2, MoreSANs: 3})
	return noted.only(t), err
}

func TestAnExchangeIsNoted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC)
	answer := example(t, "create")
	s := newStub(t, answer, func(c *hostlantern.Config) {
		c.CommandPrefix = "hostlantern."
		c.Now = func() time.Time {
			now = now.Add(time.Second)
			return now
		}
	})
	s.say(strings.ReplaceAll(answer, "namecheap.ssl", "hostlantern.ssl"))
	got, err := bought(t, s.client)
	if err != nil {
		t.Fatal(err)
	}
	want := provisioning.Exchange{
		Command: "hostlantern.ssl.create", SentAt: time.Date(2026, time.November, 22, 17, 0, 1, 0, time.UTC), Took: time.Second,
		Request: "ApiKey=[redacted]\nApiUser=reseller\nClientIp=203.0.113.9\nCommand=hostlantern.ssl.create\nSANStoADD=3\n" +
			"Type=PositiveSSL Multi Domain\nUserName=reseller\nYears=2\n",
		Answer: strings.ReplaceAll(answer, "namecheap.ssl", "hostlantern.ssl"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestEveryCommandIsNotedOnce(t *testing.T) {
	t.Parallel()
	for name, call := range commands() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStub(t, failure("5050900", "Unhandled exceptions"))
			var noted exchanges
			err := call(noted.listen(t.Context()), s.client)
			one := noted.only(t)
			if !strings.HasSuffix(one.Command, "."+name) || one.Answer == "" || err == nil || one.Problem != err.Error() {
				t.Errorf("%v: noted %+v", err, one)
			}
		})
	}
}

func TestWhatIsNoAnswerIsNotedWithTheReason(t *testing.T) {
	t.Parallel()
	const page = "<html><body>502 Bad Gateway</body></html>"
	for _, row := range []struct {
		name    string
		handler http.HandlerFunc
		answer  string
		problem string
	}{
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, page) }, page, "not an API answer"},
		{"a page with a status", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusBadGateway)
			_, _ = io.WriteString(w, page)
		}, page, "HTTP 502"},
		{"too many calls", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) }, "", "HTTP 405"},
		{"a cut answer", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "<ApiResponse Status=")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}, "<ApiResponse Status=", "unexpected EOF"},
		{"no answer", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "", "EOF"},
		{"a success that lacks the certificate", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, success("ssl.create", `<SSLCreateResult IsSuccess="true"/>`))
		}, success("ssl.create", `<SSLCreateResult IsSuccess="true"/>`), "no usable certificate id"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := bought(t, served(t, row.handler))
			if err == nil || got.Answer != row.answer || !strings.Contains(got.Problem, row.problem) {
				t.Errorf("%v: noted %+v", err, got)
			}
		})
	}
}

func TestARequestThatCouldNotBeMadeIsNoted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	config := validConfig()
	config.BaseURL = server.URL
	server.Close()
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	got, err := bought(t, client)
	if err == nil || got.Answer != "" || !strings.Contains(got.Problem, "not_executed") {
		t.Errorf("%v: noted %+v", err, got)
	}
}

// keys are hard to recognise in one way or another.
var keys = []string{
	"hush-hush-key", "0123456789abcdef0123456789abcdef", "a+b/c=d&e", `<k>"quo'ted"&amp;`, "per%25cent%41", "with blank",
	"kéy-ünï", "aaaaaaaaaab",
}

// spellings are the ways in which a server may repeat what it was sent.
var spellings = map[string]func(string) string{
	"as it is":        func(key string) string { return key },
	"as a form value": url.QueryEscape,
	"as a path":       url.PathEscape,
	"in lower case percents": func(key string) string {
		var text strings.Builder
		for i := range len(key) {
			fmt.Fprintf(&text, "%%%02x", key[i])
		}
		return text.String()
	},
	"in XML": func(key string) string {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(key)
	},
	"in decimal references":     func(key string) string { return references(key, "&#%d;") },
	"in hexadecimal references": func(key string) string { return references(key, "&#x%04X;") },
}

func references(key, form string) string {
	var text strings.Builder
	for _, r := range key {
		if r > 127 { // a reference is for a character, the others are for bytes
			text.WriteRune(r)
			continue
		}
		fmt.Fprintf(&text, form, r)
	}
	return text.String()
}

func withKey(t *testing.T, key string, answer func(body string) string) (provisioning.Exchange, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, answer(string(body)))
	}))
	defer server.Close()
	config := validConfig()
	config.BaseURL, config.APIKey = server.URL, hostlantern.NewAPIKey(key)
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	return bought(t, client)
}

func TestTheKeyIsNeverNoted(t *testing.T) {
	t.Parallel()
	for _, key := range keys {
		for name, spell := range spellings {
			t.Run(fmt.Sprintf("%s %s", key, name), func(t *testing.T) {
				t.Parallel()
				spelled := spell(key)
				for place, answer := range map[string]func(body string) string{
					"alone":        func(string) string { return spelled },
					"twice":        func(string) string { return "<p>" + spelled + spelled + "</p>" },
					"in an error":  func(string) string { return failure("1011102", "no") + spelled },
					"at the bound": func(string) string { return strings.Repeat("x", mostOfAnAnswer-len(spelled)/2) + spelled },
					"in a request": func(body string) string { return "<pre>" + body + "</pre>" },
					"as a command": func(string) string { return `<ApiResponse Status="OK"><RequestedCommand>` + spelled },
					"in a message": func(string) string {
						return `<ApiResponse Status="ERROR"><Errors><Error Number="1">` + spelled + `</Error></Errors></ApiResponse>`
					},
					"after a start": func(string) string { return key[:len(key)/2] + spelled },
				} {
					got, err := withKey(t, key, answer)
					if err == nil {
						t.Fatal("taken for an answer")
					}
					text := got.Request + got.Answer + got.Problem
					for _, form := range []string{key, spelled, url.QueryEscape(key)} {
						if strings.Contains(text, form) {
							t.Errorf("%s: the key is noted as %s in %+v", place, form, got)
						}
					}
					if place == "alone" && got.Answer != "[redacted]" {
						t.Errorf("the answer is %q", got.Answer)
					}
				}
			})
		}
	}
}

// A key that is cut off by the end of an answer is one as well.
func TestTheStartOfTheKeyIsNotNoted(t *testing.T) {
	t.Parallel()
	const key = "0123&56789abcdef"
	for name, spell := range spellings {
		spelled := spell(key)
		for cut := len(spell(key[:4])); cut < len(spelled); cut++ {
			got, _ := withKey(t, key, func(string) string { return "key=" + spelled[:cut] })
			if got.Answer != "key=[redacted]" {
				t.Errorf("%s, cut to %s: the answer is %q", name, spelled[:cut], got.Answer)
			}
		}
	}
	if got, _ := withKey(t, key, func(string) string { return "key=012" }); got.Answer != "key=012" {
		t.Errorf("three digits became %q", got.Answer)
	}
}

func TestAnAnswerIsNotedToABoundOnly(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"letters":            strings.Repeat("a", 1<<20),
		"three bytes each":   strings.Repeat("€", 1<<19),
		"no UTF-8":           strings.Repeat("\xff\xfe", 1<<19),
		"control characters": strings.Repeat("\x00\x1b[2J", 1<<18),
	} {
		got, err := bought(t, served(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		if err == nil || len(got.Answer) < mostOfAnAnswer-8 || !strings.HasSuffix(got.Answer, "...") {
			t.Errorf("%s: %v, %d bytes are kept", name, err, len(got.Answer))
		}
		if strings.ContainsAny(got.Answer, "\x00\x1b") {
			t.Errorf("%s: control characters are kept", name)
		}
	}
	whole := strings.Repeat("a", mostOfAnAnswer)
	got, _ := bought(t, served(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, whole) }))
	if got.Answer != whole {
		t.Error("what just fits is cut")
	}
}

func TestALongRequestIsNotedReadably(t *testing.T) {
	t.Parallel()
	s := newStub(t, failure("5050900", "Unhandled exceptions"))
	var noted exchanges
	csr := newCSR(t, newKey(t), "shop.example.com")
	names := make([]hostlantern.ApprovedName, 100)
	for i := range names {
		names[i] = hostlantern.ApprovedName{Domain: fmt.Sprintf("%d.example.com", i), Approver: hostlantern.ByDNS}
	}
	long := strings.Repeat("ä", 5000)
	_, err := s.client.Activate(noted.listen(t.Context()), hostlantern.ConfigurationRequest{
		CertificateID: "7001", CSR: csr, Names: names, Contact: provisioning.Contact{
			FirstName: long, LastName: long, JobTitle: long, Email: long, Phone: long, Organization: long, Address1: long,
			City: "hush-hush-key", State: long, PostalCode: long, Country: long,
		},
	})
	if failed := new(provisioning.ProviderError); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	got := noted.only(t).Request
	if strings.Contains(got, "hush-hush-key") || !strings.Contains(got, "AdminCity=[redacted]\n") {
		t.Errorf("the key is in a value of %s", got)
	}
	for _, want := range []string{
		"CSR=-----BEGIN CERTIFICATE REQUEST----- MII", fmt.Sprintf("... (%d bytes)\n", len(csr)), "CertificateID=7001\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
}
