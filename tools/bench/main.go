// SPDX-License-Identifier: Apache-2.0

// Command bench measures what certbridge adds to a provider's own time, for each
// action, and the synchronization against its goals, on both databases.
//
// The baseline of the actions is a bare echo handler that makes the same upstream call, over the
// same HTTP, and two durable commits by database/sql: one row inserted before the
// call, the same row updated after it. Both sides run in one process, in turn,
// against one simulator that answers at once; only the ratios mean anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"
)

// options say how much is measured.
type options struct {
	clients  int // requests at a time
	services int // per database and side
	rounds   int // in which the two sides take turns
	drivers  []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if described := os.Getenv(taskVariable); described != "" {
		err = carryOut(ctx, described, os.Stdout)
	} else {
		err = run(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.clients, "clients", 16, "requests at a time")
	flag.IntVar(&o.services, "services", 2000, "services per database and side")
	flag.IntVar(&o.rounds, "rounds", 8, "rounds in which the two sides take turns")
	profile := flag.String("cpuprofile", "", "write a CPU profile to this file")
	databases := flag.String("databases", "sqlite,mysql", "which databases, separated by commas")
	only := flag.String("only", "", "measure only actions, only synchronization, or of that only calls, feed, speed, writing or memory")
	flag.Parse()
	o.drivers = strings.Split(*databases, ",")
	if *profile != "" {
		file, err := os.Create(*profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			_ = file.Close()
		}()
	}

	if *only == "" || *only == "actions" {
		if err := actions(ctx, o); err != nil || *only != "" {
			return err
		}
	}
	return goals(ctx, o, *only)
}

// actions measures what certbridge adds to each action.
func actions(ctx context.Context, o options) error {
	fmt.Printf("certbridge beside a bare echo handler with the same upstream call and two commits by database/sql\n")
	fmt.Printf("%s, %d CPUs, %d clients, %d services in %d rounds; medians over the rounds\n",
		runtime.Version(), runtime.NumCPU(), o.clients, o.services, o.rounds)
	for _, driver := range o.drivers {
		started := time.Now()
		rows, err := measure(ctx, driver, o)
		if err != nil {
			return fmt.Errorf("%s: %w", driver, err)
		}
		report(os.Stdout, driver, rows)
		fmt.Printf("(%s in %s)\n", driver, time.Since(started).Round(time.Second))
	}
	return nil
}

// goals measures the synchronization against its goals.
func goals(ctx context.Context, o options, only string) error {
	fmt.Printf("\nThe synchronization and its goals; medians of ratios, with the lowest and the highest\n")
	parts, err := partsOf(only)
	if err != nil {
		return err
	}
	return synchronization(ctx, parts, o.drivers, fullScale(), func(measured []goal) { reportGoals(os.Stdout, measured) })
}
