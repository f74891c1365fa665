// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/tools/process"
)

const (
	// callTimeout bounds the calls to the provider, which answers in milliseconds.
	// It is short, as each call that is lost by waiting takes it in real time.
	callTimeout   = 400 * time.Millisecond
	reconcileWait = 25 * time.Millisecond
)

// worker is one replica of certbridge: a place where one process runs at a time.
type worker struct {
	program string
	dir     string // of its configuration and log
	url     string
	environ []string
	running *process.Bound
	log     *os.File
}

// place is what the workers of an act have in common.
type place struct {
	program  string
	dir      string
	clock    *clock
	database *database
	provider string // URL
	accounts []simulator.Account
}

// newWorker gives a replica an address and a configuration.
func newWorker(p place, number int) (*worker, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return nil, err
	}
	w := &worker{program: p.program, dir: filepath.Join(p.dir, fmt.Sprintf("worker-%d", number)), url: "http://" + address}
	w.environ = []string{
		"CERTBRIDGE_TEST_CLOCK=" + p.clock.file,
		"CERTBRIDGE_TEST_CALL_TIMEOUT=" + callTimeout.String(),
		"CERTBRIDGE_TEST_RECONCILE_WAIT=" + reconcileWait.String(),
	}
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(w.config(), []byte(configuration(p, address)), 0o600); err != nil {
		return nil, err
	}
	w.log, err = os.OpenFile(w.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return w, err
}

func (w *worker) config() string  { return filepath.Join(w.dir, "certbridge.yaml") }
func (w *worker) logPath() string { return filepath.Join(w.dir, "log") }

func configuration(p place, address string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "listen: %s\ndatabase: {driver: %s, dsn: %q}\n", address, p.database.driver, p.database.dsn)
	fmt.Fprintf(&text, "log: {level: warn, format: json}\nshutdown: {grace: 10s}\naccounts:\n")
	for _, account := range p.accounts {
		fmt.Fprintf(&text, "  - {name: %s, provider: hostlantern, environment: sandbox, api_user: %s, api_key: %s, client_ip: 127.0.0.1, base_url: %q,"+
			" budget: {per_minute: 0, per_hour: 0, per_day: 0}}\n",
			account.ApiUser, account.ApiUser, account.ApiKey, p.provider+"/xml.response")
	}
	return text.String()
}

// start starts the process, to die at a point if one is named.
func (w *worker) start(fate fate) error {
	command := exec.Command(w.program, "serve", "--config", w.config())
	command.Env, command.Stderr = w.environ, w.log
	if fate.point != "" {
		command.Env = append(command.Env, fmt.Sprintf("CERTBRIDGE_TEST_KILL=%s:%d", fate.point, fate.nth))
	}
	running, err := process.Start(command)
	w.running = running
	return err
}

// ready waits until the process answers. False means that it ended before, or did
// not get there in the time that it has.
func (w *worker) ready(ctx context.Context, patience time.Duration) bool {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	again := time.NewTicker(3 * time.Millisecond)
	defer again.Stop()
	over := time.NewTimer(patience)
	defer over.Stop()
	for {
		if response, err := client.Get(w.url + "/readyz"); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-again.C:
		case <-w.running.Ended():
			return false
		case <-over.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// kill ends the process if it has not ended by itself, and tells how it ended.
func (w *worker) kill() end {
	byItself := w.running.State() != nil
	w.running.Kill()
	status, ok := w.running.State().Sys().(syscall.WaitStatus)
	switch {
	case !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL:
		return endFailed
	case byItself:
		return endAtPoint
	}
	return endKilled
}

// stop ends the process as an operator does.
func (w *worker) stop() error {
	if err := w.running.Signal(os.Interrupt); err != nil {
		return err
	}
	<-w.running.Ended()
	if code := w.running.State().ExitCode(); code != 0 {
		return fmt.Errorf("a worker that was asked to stop ended with %s", w.running.State())
	}
	return nil
}

// fate is how a process is to end: when it passes a point for the nth time, or
// when it was ready for so long.
type fate struct {
	point string
	nth   int
	after time.Duration
	early bool // do not wait until it is ready
}

// end is how a process ended.
type end int

const (
	endKilled  end = iota // by us
	endAtPoint            // by itself, at its point
	endFailed             // it gave up, for example because there was no database
)

// run runs certbridge for one command, and gives what it printed.
func (w *worker) run(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, w.program, append(args, "--config", w.config())...)
	command.Env, command.Stderr = w.environ, w.log
	return command.Output()
}

// said gives the lines of the log that name something.
func (w *worker) said(what string) []string {
	text, err := os.ReadFile(w.logPath())
	if err != nil {
		return []string{err.Error()}
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, what) {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}
