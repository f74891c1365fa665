// SPDX-License-Identifier: Apache-2.0

// Command certbridge stands between billing panels and certificate providers.
// Each subcommand is a file here; what they do is in the packages around.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/certbridge/certbridge/config"
)

// version is set by the linker, see the Makefile.
var version string

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // it was tried and did not succeed; doctor: a check failed; reconcile: something needs a person
	exitUsage  = 2 // the command line or the configuration is wrong; nothing was tried
)

func main() {
	// The first signal asks for a clean end, the second one gets the usual one.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, os.Environ()))
}

// run is the whole program. It ends when the command is done or ctx is.
func run(ctx context.Context, args []string, stdout, stderr io.Writer, environ []string) int {
	s, err := newSeams(environ)
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "certbridge: %v\n", err)
		return exitUsage
	}
	return runWith(ctx, s, args, stdout, stderr, environ)
}

// runWith is run with what a test has to get at.
func runWith(ctx context.Context, s seams, args []string, stdout, stderr io.Writer, environ []string) int {
	p := &program{stdout: stdout, stderr: stderr, environ: environ, seams: s}
	root := p.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitDone
	}
	if !errors.Is(err, errReported) {
		_, _ = fmt.Fprintf(stderr, "certbridge: %v\n", err)
	}
	var wrong *config.Error
	if !p.started || errors.As(err, &wrong) {
		return exitUsage
	}
	return exitFailed
}

// errReported ends a command that has printed already what is wrong.
var errReported = errors.New("reported")

// programVersion is the version that the program was built from.
func programVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
