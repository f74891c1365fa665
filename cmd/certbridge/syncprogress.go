// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

const (
	// barWidth is that of the progress bar, in letters.
	barWidth = 20
	// lineStep is by how many hundredths a run goes on between two plain lines.
	lineStep = 10
)

// syncProgress shows how far a run is: a bar on a terminal, now and then a line
// elsewhere.
type syncProgress struct {
	to       io.Writer
	terminal bool
	now      func() time.Time
	left     func(ctx context.Context, run provisioning.Synchronization) (provisioning.CallsLeft, bool)

	began      time.Time // when the first page was done with that was shown
	beganPages int
	shown      string // the last plain line
	step       int    // of that, in lineStep
	waiting    string
}

func newSyncProgress(r *reconciler) *syncProgress {
	return &syncProgress{to: r.stderr, terminal: isTerminal(r.stderr), now: r.seams.now, left: r.callsLeft}
}

// show shows how far the run is at this moment.
func (s *syncProgress) show(ctx context.Context, run provisioning.Synchronization) {
	now := s.now()
	state := stateOf(run)
	if s.began.IsZero() && state.pagesTotal > 0 {
		s.began, s.beganPages = now, state.pagesDone
	}
	if state.pagesDone > s.beganPages && state.pagesDone < state.pagesTotal {
		each := now.Sub(s.began) / time.Duration(state.pagesDone-s.beganPages)
		state.remaining = each * time.Duration(state.pagesTotal-state.pagesDone)
	}
	if run.State == provisioning.SynchronizationRunning {
		state.left, state.limited = s.left(ctx, run)
	}
	if s.terminal {
		_, _ = fmt.Fprint(s.to, "\r\x1b[K", state.bar(), " ", state.text())
		return
	}
	step := 100 * state.pagesDone / max(1, state.pagesTotal) / lineStep
	if text := state.text(); text != s.shown && (s.shown == "" || step != s.step || state.waitingFor != s.waiting) {
		_, _ = fmt.Fprintln(s.to, text)
		s.shown, s.step, s.waiting = text, step, state.waitingFor
	}
}

// done clears the bar.
func (s *syncProgress) done() {
	if s.terminal {
		_, _ = fmt.Fprint(s.to, "\r\x1b[K")
	}
}

// syncState is how far a run is, in all of its accounts.
type syncState struct {
	pagesDone, pagesTotal int
	changed, errors       int
	waitingFor            string
	left                  provisioning.CallsLeft
	limited               bool
	remaining             time.Duration // 0: not known
}

func stateOf(run provisioning.Synchronization) (state syncState) {
	for _, part := range run.Parts {
		state.pagesDone += part.PagesDone
		state.pagesTotal += max(part.PagesTotal, part.PagesDone)
		state.changed += part.ServicesChanged
		state.errors += part.ErrorCount
		if part.WaitingFor != "" && state.waitingFor == "" {
			state.waitingFor = part.WaitingFor
		}
	}
	return state
}

func (s syncState) bar() string {
	full := 0
	if s.pagesTotal > 0 {
		full = barWidth * s.pagesDone / s.pagesTotal
	}
	return "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "]"
}

// text is one line.
func (s syncState) text() string {
	pages := "reading the first page of the list"
	if s.pagesTotal > 0 {
		pages = fmt.Sprintf("page %d of %d", s.pagesDone, s.pagesTotal)
	}
	words := []string{pages, counted(s.changed, "service") + " changed"}
	if s.errors > 0 {
		words = append(words, counted(s.errors, "error"))
	}
	if s.limited {
		words = append(words, leftText(s.left))
	}
	if s.remaining > 0 {
		words = append(words, "about "+roughly(s.remaining)+" to go")
	}
	text := strings.Join(words, ", ")
	if s.waitingFor != "" {
		text += "; waiting for " + s.waitingFor
	}
	return printable(text)
}

// leftText tells how many calls may still be made.
func leftText(left provisioning.CallsLeft) string {
	var windows []string
	for _, window := range []struct {
		calls int
		name  string
	}{{left.Minute, "minute"}, {left.Hour, "hour"}, {left.Day, "day"}} {
		if window.calls != provisioning.Unlimited {
			windows = append(windows, fmt.Sprintf("%d/%s", window.calls, window.name))
		}
	}
	return "calls left " + strings.Join(windows, " ")
}

// roughly is a duration as exactly as anybody can tell it.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int((d+time.Second-1)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int((d+30*time.Second)/time.Minute))
	}
	return fmt.Sprintf("%d h", int((d+30*time.Minute)/time.Hour))
}
