// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// stub is a server that answers every call with the same text and remembers the
// forms that it was sent.
type stub struct {
	client   *hostlantern.Client
	provider *hostlantern.Provider

	mu     sync.Mutex
	answer string
	forms  []url.Values
}

func newStub(t *testing.T, answer string, adjust ...func(*hostlantern.Config)) *stub {
	t.Helper()
	s := &stub{answer: answer}
	server := httptest.NewServer(s)
	config := validConfig()
	config.BaseURL = server.URL
	for _, change := range adjust {
		change(&config)
	}
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.Close()
		server.Close()
	})
	s.client, s.provider = client, hostlantern.NewProvider(client)
	return s
}

func validConfig() hostlantern.Config {
	return hostlantern.Config{
		Account: "stub", APIUser: "reseller", APIKey: hostlantern.NewAPIKey("hush-hush-key"),
		ClientIP: "203.0.113.9", Environment: provisioning.Sandbox,
	}
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forms = append(s.forms, r.PostForm)
	_, _ = io.WriteString(w, s.answer)
}

func (s *stub) say(answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// lastForm is what was sent last, without what every call carries.
func (s *stub) lastForm(t *testing.T) map[string]string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.forms) == 0 {
		t.Fatal("nothing was sent")
	}
	form := map[string]string{}
	for name, values := range s.forms[len(s.forms)-1] {
		if len(values) != 1 {
			t.Errorf("%s was sent %d times", name, len(values))
		}
		form[name] = values[0]
	}
	for _, name := range []string{"ApiUser", "ApiKey", "UserName", "ClientIp"} {
		if form[name] == "" {
			t.Errorf("%s was not sent", name)
		}
		delete(form, name)
	}
	return form
}

func (s *stub) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.forms)
}

// example is a file of testdata/answers.
func example(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "answers", name+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// success wraps a result as a successful answer of a command.
func success(command, result string) string {
	return `<ApiResponse Status="OK"><Errors/><RequestedCommand>namecheap.` + command + `</RequestedCommand>` +
		`<CommandResponse Type="namecheap.` + command + `">` + result + `</CommandResponse></ApiResponse>`
}

// failure is an answer with one error.
func failure(number, text string) string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;")
	return `<ApiResponse Status="ERROR"><Errors><Error Number="` + number + `">` + escape.Replace(text) +
		`</Error></Errors><Warnings/><RequestedCommand/></ApiResponse>`
}

func providerError(t *testing.T, err error) *provisioning.ProviderError {
	t.Helper()
	var failed *provisioning.ProviderError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, want a provider error", err)
	}
	return failed
}

// uncertain insists on an answer from which nothing is concluded.
func uncertain(t *testing.T, err error) {
	t.Helper()
	if failed := providerError(t, err); failed.Outcome != provisioning.Unknown {
		t.Errorf("got %v, want the outcome unknown", failed)
	}
}
