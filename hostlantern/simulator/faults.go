// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of scripted faults.
const (
	FaultLost          = "lost"           // executed, the connection is cut before any byte of the answer
	FaultCut           = "cut"            // executed, the connection is cut in the middle of the XML
	FaultHTML          = "html"           // not executed, an HTML page with 200
	FaultHTMLExecuted  = "html_executed"  // executed, an HTML page with 502
	Fault405           = "405"            // not executed, HTTP 405: throttled
	Fault500000        = "500000"         // not executed, error 500000 in HTTP 200: throttled
	FaultSlow          = "slow"           // waits Delay, then executes and answers
	FaultSlowBefore    = "slow_before"    // waits Delay or until the client leaves, never executes, cuts
	FaultServerError   = "server_error"   // not executed, HTTP 500
	FaultUnhandled     = "unhandled"      // executed, answers error 5050900
	FaultDrop          = "drop"           // not executed, the connection is cut
	FaultError         = "error"          // not executed, answers Number and Text
	FaultErrorExecuted = "error_executed" // executed, answers Number and Text
)

// Fault is something that goes wrong for the next Times calls of a command.
// A waiting fault ends its wait when the client goes away; "slow" executes all
// the same then, because the provider does not know that nobody listens.
type Fault struct {
	Command string        // last part of the command, like "create", in any case; empty: any command
	Kind    string        // one of the kinds above
	Times   int           // how many calls it hits; 0 means 1
	Delay   time.Duration // for "slow" and "slow_before"
	Number  string        // for "error" and "error_executed"; empty: 5050900
	Text    string        // likewise; empty: "Unhandled exceptions"
}

func faultKinds() []string {
	return []string{
		FaultLost, FaultCut, FaultHTML, FaultHTMLExecuted, Fault405, Fault500000, FaultSlow,
		FaultSlowBefore, FaultServerError, FaultUnhandled, FaultDrop, FaultError, FaultErrorExecuted,
	}
}

// Inject adds a fault; faults are used up in the order in which they came. It
// panics on an unknown kind, as that is a mistake in the caller's source; the
// control API answers one with an error.
func (s *Simulator) Inject(f Fault) {
	if err := s.inject(f); err != nil {
		panic(err)
	}
}

func (s *Simulator) inject(f Fault) error {
	if !slices.Contains(faultKinds(), f.Kind) {
		return fmt.Errorf("simulator: fault kind %q is none of %q", f.Kind, faultKinds())
	}
	if f.Times < 0 || f.Delay < 0 {
		return fmt.Errorf("simulator: fault %q: times and delay cannot be negative", f.Kind)
	}
	if f.Times == 0 {
		f.Times = 1
	}
	f.Command = strings.ToLower(f.Command)
	if f.Number == "" {
		f.Number = "5050900"
	}
	if f.Text == "" {
		f.Text = "Unhandled exceptions"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
	return nil
}

// ClearFaults drops all faults that are still waiting.
func (s *Simulator) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// takeFault uses up one hit of the first fault that fits a command.
func (s *Simulator) takeFault(command string) Fault {
	last := command[strings.LastIndexByte(command, '.')+1:]
	for i := range s.faults {
		fault := s.faults[i]
		if fault.Command != "" && fault.Command != last {
			continue
		}
		if s.faults[i].Times--; s.faults[i].Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return fault
	}
	return Fault{}
}

// executes tells whether the command runs although the fault hits it.
func (f Fault) executes() bool {
	switch f.Kind {
	case FaultHTML, Fault405, Fault500000, FaultSlowBefore, FaultServerError, FaultDrop, FaultError:
		return false
	}
	return true
}

// wait sleeps in real time, or until the client goes away.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
