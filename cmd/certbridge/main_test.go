// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// TestMain lets this binary be certbridge, for scripts and for tests that need a
// process of its own, and as much of curl as the demo's commands need.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"certbridge": main, "curl": curl})
}

// TestScripts runs the scripts in testdata/script. Each has a simulator of its
// own, with its address in $SIMULATOR.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(env *testscript.Env) error {
			simulated, err := simulator.New(simulatorOptions("sandbox"))
			if err != nil {
				return err
			}
			server := httptest.NewServer(simulated)
			env.Defer(server.Close)
			env.Setenv("SIMULATOR", server.URL)
			name, value, _ := strings.Cut(atOnce, "=")
			env.Setenv(name, value)
			return nil
		},
	})
}

// installation is a configuration with its database, and certbridge on it.
type installation struct {
	t      *testing.T
	config string // path of the file
	seams  seams  // the usual ones, unless a test changes them
}

// install writes a configuration for an empty database and a simulator.
func install(t *testing.T, driver string) installation {
	t.Helper()
	_, url := newSimulator(t)
	return installAgainst(t, driver, url)
}

// installAgainst writes a configuration for an empty database and a provider.
func installAgainst(t *testing.T, driver, providerURL string) installation {
	t.Helper()
	path := filepath.Join(t.TempDir(), "certbridge.yaml")
	text := fmt.Sprintf(`
listen: 127.0.0.1:0
database: {driver: %s, dsn: %q}
accounts:
  - name: hostlantern-sandbox
    provider: hostlantern
    environment: sandbox
    api_user: reseller
    api_key: ${KEY}
    client_ip: 127.0.0.1
    base_url: %s/xml.response
    budget: {per_minute: 0, per_hour: 0, per_day: 0}
log: {format: json}
shutdown: {grace: 20s}
`, driver, mirrortest.EmptyAddress(t, driver), providerURL)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return installation{t, path, usualSeams()}
}

// command runs certbridge to its end and gives what it printed and its exit code.
func (i installation) command(args ...string) (stdout, stderr string, code int) {
	i.t.Helper()
	var out, problems bytes.Buffer
	code = runWith(i.t.Context(), i.seams, append(args, "--config", i.config), &out, &problems, []string{"KEY=" + simulatorKey})
	return out.String(), problems.String(), code
}

// must is command for what has to succeed.
func (i installation) must(args ...string) string {
	i.t.Helper()
	stdout, stderr, code := i.command(args...)
	if code != exitDone {
		i.t.Fatalf("certbridge %s ends with %d: %s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// newSimulator serves a simulator for one test.
func newSimulator(t *testing.T) (simulated *simulator.Simulator, url string) {
	t.Helper()
	simulated, err := simulator.New(simulatorOptions("sandbox"))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(simulated)
	t.Cleanup(server.Close)
	return simulated, server.URL
}

// running is certbridge while it serves.
type running struct {
	t     *testing.T
	stop  context.CancelFunc
	ended chan int
}

// Stop interrupts it and gives its exit code. Once more, it does nothing.
func (r running) Stop() int {
	r.t.Helper()
	r.stop()
	return <-r.ended
}
