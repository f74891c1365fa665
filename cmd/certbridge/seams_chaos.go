// SPDX-License-Identifier: Apache-2.0

//go:build chaos

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// The environment through which the crash tests in chaos hold certbridge.
const (
	testClock         = "CERTBRIDGE_TEST_CLOCK"          // a file with nanoseconds to add to the machine's time
	testKill          = "CERTBRIDGE_TEST_KILL"           // POINT:N: die at the Nth passing of that point
	testCallTimeout   = "CERTBRIDGE_TEST_CALL_TIMEOUT"   // such as 300ms
	testReconcileWait = "CERTBRIDGE_TEST_RECONCILE_WAIT" // likewise
)

// newSeams reads the environment. What it does not set stays as usual.
func newSeams(environ []string) (seams, error) {
	s := usualSeams()
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		var err error
		switch name {
		case testClock:
			s.now, err = clockOf(value)
			s.leaseClock = s.now // leases, too, end by the time that the tests make
		case testKill:
			s.reached, err = deathAt(value)
		case testCallTimeout:
			s.callTimeout, err = time.ParseDuration(value)
		case testReconcileWait:
			s.reconcileWait, err = time.ParseDuration(value)
		}
		if err != nil {
			return seams{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return s, nil
}

// clockOf is the machine's clock, moved by what a file says at that moment, so
// that one file moves the time of all processes.
func clockOf(path string) (func() time.Time, error) {
	if _, err := offset(path); err != nil {
		return nil, err
	}
	return func() time.Time {
		ahead, err := offset(path)
		if err != nil {
			panic(err) // a test without its clock proves nothing
		}
		return realTime().Add(ahead)
	}, nil
}

func offset(path string) (time.Duration, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	nanoseconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return time.Duration(nanoseconds), err
}

// deathAt ends the process, as kill -9 does, when a point is passed for the Nth
// time. Nothing is executed after that.
func deathAt(text string) (func(point string), error) {
	deadly, count, _ := strings.Cut(text, ":")
	nth, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		return nil, err
	}
	var passed atomic.Int64
	return func(point string) {
		if point != deadly || passed.Add(1) != nth {
			return
		}
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {}
	}, nil
}
