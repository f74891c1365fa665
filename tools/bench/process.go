// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// taskVariable holds the task of a process that is to make one run and nothing
// else, so that its time and memory are those of the run.
const taskVariable = "CERTBRIDGE_BENCH_TASK"

// task is a run to be made.
type task struct{ Driver, DSN, Upstream string }

// made is what became of it.
type made struct {
	Took, CPU       time.Duration
	Resident        int64 // the most memory that the process ever had, in bytes
	Marked, Written int64 // rows of listings and services that were written
	Part            provisioning.SynchronizationPart
}

// elsewhere makes a run in a process of its own.
func elsewhere(ctx context.Context, t task) (made, error) {
	program, err := os.Executable()
	if err != nil {
		return made{}, err
	}
	described, err := json.Marshal(t)
	if err != nil {
		return made{}, err
	}
	command := exec.CommandContext(ctx, program)
	command.Env = append(os.Environ(), taskVariable+"="+string(described))
	var said bytes.Buffer
	command.Stderr = &said
	answer, err := command.Output()
	if err != nil {
		return made{}, fmt.Errorf("a run in its own process: %w: %s", err, said.String())
	}
	var m made
	return m, json.Unmarshal(answer, &m)
}

// carryOut is what the process does.
func carryOut(ctx context.Context, described string, answer io.Writer) error {
	var t task
	if err := json.Unmarshal([]byte(described), &t); err != nil {
		return err
	}
	m, err := t.run(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(answer).Encode(m)
}

func (t task) run(ctx context.Context) (m made, err error) {
	store, err := openMirror(ctx, t.Driver, t.DSN, time.Now)
	if err != nil {
		return made{}, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	upstream, err := newUpstream(t.Upstream, nil)
	if err != nil {
		return made{}, err
	}
	counting := &countingStore{Store: store}
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: counting, Now: time.Now, Log: slog.New(slog.DiscardHandler), Accounts: []provisioning.Account{oneAccount(upstream)},
	})
	if err != nil {
		return made{}, err
	}
	defer func() { err = errors.Join(err, bridge.Close(context.WithoutCancel(ctx))) }()
	began, spent := time.Now(), processorTime()
	if m.Part, err = synchronizeOnce(ctx, bridge); err != nil {
		return made{}, err
	}
	m.Took, m.CPU = time.Since(began), processorTime()-spent
	m.Marked, m.Written = counting.marked.Load(), counting.written.Load()
	m.Resident, err = mostResident()
	return m, err
}

// countingStore counts what is written.
type countingStore struct {
	provisioning.Store
	marked, written atomic.Int64
}

func (s *countingStore) SaveListings(ctx context.Context, account string, listings []provisioning.Listing) error {
	s.marked.Add(int64(len(listings)))
	return s.Store.SaveListings(ctx, account, listings)
}

func (s *countingStore) Write(ctx context.Context, change provisioning.Change) error {
	s.written.Add(1)
	return s.Store.Write(ctx, change)
}

// newUpstream is certbridge's client of a provider at a URL.
func newUpstream(url string, gate hostlantern.Gate) (provisioning.Provider, error) {
	client, err := hostlantern.New(hostlantern.Config{
		Account: account, APIUser: apiUser, APIKey: hostlantern.NewAPIKey(apiKey), ClientIP: "203.0.113.9",
		Environment: provisioning.Sandbox, BaseURL: url + "/xml.response", Gate: gate,
	})
	if err != nil {
		return nil, err
	}
	return hostlantern.NewProvider(client), nil
}

func oneAccount(upstream provisioning.Provider) provisioning.Account {
	return provisioning.Account{Name: account, Provider: "hostlantern", Environment: provisioning.Sandbox, Upstream: upstream}
}

// synchronizeOnce makes a run, which must succeed.
func synchronizeOnce(ctx context.Context, bridge *provisioning.Bridge) (provisioning.SynchronizationPart, error) {
	run, _, err := bridge.StartSynchronization(ctx, provisioning.SynchronizationRequest{By: "bench"})
	if err != nil {
		return provisioning.SynchronizationPart{}, err
	}
	if run, err = bridge.FollowSynchronization(ctx, run.ID, nil); err != nil {
		return provisioning.SynchronizationPart{}, err
	}
	if run.State != provisioning.SynchronizationSucceeded {
		return provisioning.SynchronizationPart{}, fmt.Errorf("the run failed: %+v", run)
	}
	return run.Parts[0], nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// mostResident reads the most memory that this process ever had, which only Linux
// tells without that of whoever started it.
func mostResident() (bytes int64, err error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if text, is := strings.CutPrefix(line, "VmHWM:"); is {
			kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(text), " kB"), 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, errors.New("the kernel does not tell the most resident memory")
}
