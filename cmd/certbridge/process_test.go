// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"
)

// atOnce keeps the race detector from sleeping a second when a process ends.
const atOnce = "GORACE=atexit_sleep_ms=0"

// process is certbridge as a process of its own, which takes signals.
type process struct {
	t       *testing.T
	command *exec.Cmd
	stdout  io.Reader
	stderr  bytes.Buffer
}

// startProcess runs the test binary under the name certbridge, whereupon TestMain
// makes it be that.
func startProcess(t *testing.T, program string, environ []string, args ...string) *process {
	t.Helper()
	p := &process{t: t, command: exec.CommandContext(t.Context(), program, args...)}
	p.command.Args[0] = "certbridge"
	p.command.Env = append([]string{atOnce}, environ...)
	p.command.Stderr = &p.stderr
	var err error
	if p.stdout, err = p.command.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// Interrupt does what Ctrl-C does, and gives the exit code.
func (p *process) Interrupt() int {
	p.t.Helper()
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	_ = p.command.Wait() // its error is the exit code
	return p.command.ProcessState.ExitCode()
}

// Kill ends it in any case, and gives what it said.
func (p *process) Kill() string {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
	return p.stderr.String()
}
