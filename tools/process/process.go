// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package process starts programs that do not outlive the one that started them.
package process

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// OwnGroup puts a process and its children into a group of their own.
func OwnGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// SignalGroup sends a signal to a process started with OwnGroup and to all its
// children. A group that is gone already is none of our concern.
func SignalGroup(leader *os.Process, received os.Signal) {
	if number, ok := received.(syscall.Signal); ok {
		_ = syscall.Kill(-leader.Pid, number)
	}
}

// Bound is a running program that ends when we do, however we end.
type Bound struct {
	command *exec.Cmd
	ended   chan struct{}
}

// Start starts a command. The kernel ends it when the thread that started it ends,
// so that thread is kept for as long as the command runs.
func Start(command *exec.Cmd) (*Bound, error) {
	command.SysProcAttr = boundToUs()
	started := &Bound{command: command, ended: make(chan struct{})}
	outcome := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := command.Start()
		outcome <- err
		if err == nil {
			_ = command.Wait() // only that it ended matters here; how is in the state
			close(started.ended)
		}
	}()
	if err := <-outcome; err != nil {
		return nil, err
	}
	return started, nil
}

// Ended is closed when the program has ended.
func (b *Bound) Ended() <-chan struct{} { return b.ended }

// Kill ends the program at once, and waits until it has ended.
func (b *Bound) Kill() {
	if err := b.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-b.ended
}

// Signal sends a signal to the program. It does not wait for anything.
func (b *Bound) Signal(number os.Signal) error { return b.command.Process.Signal(number) }

// State tells how the program ended; nil while it runs.
func (b *Bound) State() *os.ProcessState {
	select {
	case <-b.ended:
		return b.command.ProcessState
	default:
		return nil
	}
}
