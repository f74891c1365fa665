// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Command withmysql runs another command with a MySQL-protocol server at hand:
//
//	go run ./tools/withmysql -- go test -race ./...
//
// The command finds the server's address in CERTBRIDGE_TEST_MYSQL_DSN: a Data
// Source Name, without a database, of a user who may create databases. The
// server is, in this order,
//
//   - the one that the variable names already,
//   - a private mariadbd of the installed package, in a temporary directory, on
//     a free port of the loopback interface,
//   - the same after installing Debian's mariadb-server-core by apt-get, for root,
//   - a MariaDB container, where a Docker engine answers.
//
// Whatever it started is gone when it ends. The exit code is the command's own;
// 125 means that there is no server, 126 or 127 that the command did not start.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"github.com/certbridge/certbridge/tools/process"
)

// variable names the environment variable that carries the server's address.
const variable = "CERTBRIDGE_TEST_MYSQL_DSN"

// Exit codes of our own, as env(1) and docker(1) use them.
const (
	exitNoServer   = 125
	exitNotRun     = 126
	exitNotFound   = 127
	exitSignalBase = 128
)

// patience is how long an interrupted command may take to end by itself.
const patience = 10 * time.Second

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	os.Exit(run(os.Args[1:], signals, os.Stderr))
}

// run does everything but exit.
func run(args []string, signals <-chan os.Signal, progress io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		fmt.Fprintln(progress, "usage: withmysql -- COMMAND [ARGUMENT...]")
		return exitNoServer
	}
	say := func(format string, values ...any) {
		fmt.Fprintf(progress, "withmysql: "+format+"\n", values...)
	}

	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	interrupted := make(chan os.Signal, 2)
	go func() {
		for received := range signals {
			interrupted <- received
			cancel(fmt.Errorf("stopped by signal %q", received))
		}
	}()

	server, err := find(ctx, say)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		say("%v", err)
		return exitNoServer
	}
	defer server.stop()
	return execute(args, server.dsn, interrupted, say)
}

// execute runs the command, passes signals on to it and its children, and gives
// its exit code.
func execute(args []string, dsn string, signals <-chan os.Signal, say func(string, ...any)) int {
	command := exec.Command(args[0], args[1:]...)
	command.Env = append(os.Environ(), variable+"="+dsn)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	// A group of its own, so that the signal reaches the test binaries too and
	// none of them is left behind.
	command.SysProcAttr = process.OwnGroup()
	if err := command.Start(); err != nil {
		say("%v", err)
		if errors.Is(err, exec.ErrNotFound) {
			return exitNotFound
		}
		return exitNotRun
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()

	var kill <-chan time.Time
	for {
		select {
		case received := <-signals:
			process.SignalGroup(command.Process, received)
			if kill == nil {
				kill = time.After(patience)
			}
		case <-kill:
			process.SignalGroup(command.Process, syscall.SIGKILL)
		case <-ended:
			return exitCode(command.ProcessState)
		}
	}
}

// exitCode is the command's, or 128 plus the signal that ended it.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignalBase + int(status.Signal())
	}
	return state.ExitCode()
}
