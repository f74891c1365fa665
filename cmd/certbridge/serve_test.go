// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// serve starts certbridge serve and waits until it says where.
func (i installation) serve() (address string, r running) {
	i.t.Helper()
	ctx, cancel := context.WithCancel(i.t.Context())
	log, write := io.Pipe()
	r = running{t: i.t, stop: cancel, ended: make(chan int, 1)}
	go func() {
		code := runWith(ctx, i.seams, []string{"serve", "--config", i.config}, io.Discard, write, []string{"KEY=" + simulatorKey})
		_ = write.Close()
		r.ended <- code
		close(r.ended)
	}()
	i.t.Cleanup(cancel)
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var entry struct{ Message, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) == nil && entry.Message == "serving" {
			go func() { _, _ = io.Copy(io.Discard, log) }()
			return entry.Address, r
		}
	}
	i.t.Fatalf("certbridge serve ended with %d before it served: %s", <-r.ended, lines.Text())
	return "", r
}

// get answers with status and body.
func get(t *testing.T, url, key string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// createdKey makes a panel and gives its key.
func (i installation) createdKey(args ...string) string {
	i.t.Helper()
	var made struct{ Panel, Key string }
	if err := json.Unmarshal([]byte(i.must(append(append([]string{"panel"}, args...), "--json")...)), &made); err != nil {
		i.t.Fatal(err)
	}
	return made.Key
}

// Not parallel: other tests' goroutines would look like leaks.
func TestServeStopsWhenItIsInterruptedAndLeavesNothingRunning(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	t.Run("serve", func(t *testing.T) {
		i := install(t, mirror.SQLite)
		i.must("migrate")
		address, r := i.serve()
		if status, body := get(t, address+"/readyz", ""); status != http.StatusOK {
			t.Errorf("/readyz answers %d %s", status, body)
		}
		if code := r.Stop(); code != exitDone {
			t.Errorf("it ends with %d", code)
		}
	})
	// gorm's cache of statements never ends its own watch.
	goleak.VerifyNone(t, leaks, goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

func TestKeysAreSeenByWhatServes(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			keysAreSeen(t, install(t, driver))
		})
	}
}

func keysAreSeen(t *testing.T, i installation) {
	t.Helper()
	i.must("migrate")
	address, r := i.serve()
	defer r.Stop()
	whoami := func(key string) int {
		t.Helper()
		status, _ := get(t, address+"/v1/whoami", key)
		return status
	}

	first := i.createdKey("create", "shop.EU", "--scope", "read", "--address", "127.0.0.0/8")
	if status := whoami(first); status != http.StatusOK {
		t.Errorf("a new key is answered %d", status)
	}
	elsewhere := i.createdKey("create", "elsewhere", "--address", "198.51.100.7")
	if status := whoami(elsewhere); status != http.StatusForbidden {
		t.Errorf("a key from another address is answered %d", status)
	}

	second := i.createdKey("rotate", "shop.EU", "--overlap", "1h")
	if whoami(first) != http.StatusOK || whoami(second) != http.StatusOK {
		t.Error("during the overlap one of the keys does not work")
	}
	third := i.createdKey("rotate", "shop.EU", "--overlap", "0s")
	if whoami(first) != http.StatusUnauthorized || whoami(second) != http.StatusUnauthorized || whoami(third) != http.StatusOK {
		t.Error("without overlap the old keys must end at once, and the new one work")
	}
	i.must("panel", "revoke", "shop.EU")
	if status := whoami(third); status != http.StatusUnauthorized {
		t.Errorf("a revoked key is answered %d", status)
	}
	// What comes after has the rights of what was there before.
	fourth := i.createdKey("rotate", "shop.EU")
	var panels []panelView
	if err := json.Unmarshal([]byte(i.must("panel", "list", "--json")), &panels); err != nil {
		t.Fatal(err)
	}
	keys := panels[1].Keys
	if last := keys[len(keys)-1]; panels[1].Panel != "shop.EU" || len(keys) != 4 || last.State != "in_force" ||
		joined(last.Scopes) != "read" || joined(last.Addresses) != "127.0.0.0/8" {
		t.Errorf("the panels are %+v", panels)
	}
	if status := whoami(fourth); status != http.StatusOK {
		t.Errorf("the key after a revocation is answered %d", status)
	}
}

func TestASecondServerOnTheSameFileIsRefused(t *testing.T) {
	t.Parallel()
	i := install(t, mirror.SQLite)
	i.must("migrate")
	_, r := i.serve()
	defer r.Stop()
	if _, stderr, code := i.command("serve"); code != exitFailed || !strings.Contains(stderr, "another certbridge serves from") {
		t.Errorf("it ends with %d: %s", code, stderr)
	}
}

func TestDoctorAsksAReadyServer(t *testing.T) {
	t.Parallel()
	i := install(t, mirror.SQLite)
	i.must("migrate")
	address, r := i.serve()
	environ := []string{"KEY=x", "CERTBRIDGE_LISTEN=" + strings.TrimPrefix(address, "http://")}
	ready := func() int {
		return run(t.Context(), []string{"doctor", "--ready", "--config", i.config}, io.Discard, io.Discard, environ)
	}
	if code := ready(); code != exitDone {
		t.Errorf("while it serves, doctor --ready ends with %d", code)
	}
	r.Stop()
	if code := ready(); code != exitFailed {
		t.Errorf("after it stopped, doctor --ready ends with %d", code)
	}
}

func TestSimulateServesUntilItIsInterrupted(t *testing.T) {
	t.Parallel()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, program, nil, "simulate", "--json", "--listen", "127.0.0.1:0", "--environment", "production")
	var told map[string]string
	if err := json.NewDecoder(p.stdout).Decode(&told); err != nil {
		t.Fatalf("%v: %s", err, p.Kill())
	}
	if status, body := get(t, told["control_url"]+"/clock", ""); status != http.StatusOK {
		t.Errorf("the control API answers %d %s", status, body)
	}
	if status, body := get(t, told["control_url"], ""); status != http.StatusOK || !strings.Contains(body, "/control/clock/advance") {
		t.Errorf("the control API says %d %s of itself", status, body)
	}
	query := "?ApiUser=" + told["api_user"] + "&UserName=" + told["api_user"] + "&ApiKey=" + told["api_key"] +
		"&ClientIp=127.0.0.1&Command=namecheap.users.getBalances"
	if _, body := get(t, told["base_url"]+query, ""); !strings.Contains(body, `Status="OK"`) || !strings.Contains(body, "1000.00") {
		t.Errorf("the simulator answers %s", body)
	}
	if code := p.Interrupt(); code != exitDone {
		t.Errorf("it ends with %d: %s", code, p.stderr.String())
	}
}
