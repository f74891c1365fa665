// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const htmlPage = "<!DOCTYPE html>\n<html><head><title>Service Unavailable</title></head>" +
	"<body><h1>We'll be right back</h1><p>The server is temporarily unable to service your request.</p></body></html>\n"

// ServeHTTP answers the XML API, at any path outside /control/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/control/") {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		page(w, http.StatusNotImplemented)
		return
	}
	params, err := readParams(w, r)
	if err != nil {
		page(w, http.StatusRequestEntityTooLarge)
		return
	}
	c := &call{sim: s, params: params, source: sourceAddress(r), post: r.Method == http.MethodPost}
	s.answer(w, r, c)
}

// answer runs one call through faults, execution and the envelope.
func (s *Simulator) answer(w http.ResponseWriter, r *http.Request, c *call) {
	started := time.Now()
	s.mu.Lock()
	name, known := s.recognize(c)
	fault := s.takeFault(name)
	latency := s.switches.Latency + s.switches.CommandLatency[name[strings.LastIndexByte(name, '.')+1:]]
	s.mu.Unlock()

	if fault.Kind == FaultSlow || fault.Kind == FaultSlowBefore {
		latency += fault.Delay
	}
	wait(r.Context(), latency)
	if !fault.executes() {
		s.turnAway(w, c, name, fault, started)
		return
	}

	s.mu.Lock()
	switches := s.switches
	result := s.execute(c, name, known, fault)
	s.mu.Unlock()
	if c.after != nil {
		c.after(r.Context())
	}
	if result.throttled && switches.ThrottleForm == Throttle405 {
		page(w, http.StatusMethodNotAllowed)
		return
	}
	result.elapsed = time.Since(started)
	s.deliver(w, s.envelope(&switches, &result.answer), standing(&switches, fault))
}

// outcome is an answer and what happened on the way to it.
type outcome struct {
	answer
	throttled bool
}

// recognize finds the command of a call: its lower-case name without prefix,
// and whether there is such a command.
func (s *Simulator) recognize(c *call) (name string, known bool) {
	name, prefixed := strings.CutPrefix(strings.ToLower(c.get("command")), strings.ToLower(s.switches.CommandPrefix))
	_, known = s.commands[name]
	return name, known && prefixed
}

// execute authenticates, throttles and runs a command, under the mutex.
func (s *Simulator) execute(c *call, name string, known bool, fault Fault) outcome {
	c.now = s.clock.now()
	record := Call{Command: clip(name), At: c.now, Account: s.claimedAccount(c), Fault: fault.Kind}
	result := outcome{answer: answer{now: c.now}}
	defer func() {
		if len(result.errors) > 0 {
			record.Error = result.errors[0].number
		}
		s.remember(record)
	}()
	if refused := s.authenticate(c); refused != nil {
		result.errors = []apiError{*refused}
		return result
	}
	if !c.account.throttle.admit(c.now, &s.switches) {
		record.Throttled, result.throttled = true, true
		result.errors = []apiError{{"500000", "Too many requests"}}
		return result
	}
	if !known {
		result.errors = []apiError{{"1011104", "Parameter Command is invalid"}}
		return result
	}
	one := s.commands[name]
	record.Command = one.name
	result.requested, result.kind = c.get("command"), s.switches.CommandPrefix+one.name
	if one.requested != "" {
		result.requested = s.switches.CommandPrefix + one.requested
	}
	x := &xmlWriter{b: make([]byte, 0, 1024)}
	if s.switches.IsSuccessFalse && one.failed != nil {
		one.failed(x, c.params)
		result.body = x.b
		return result
	}
	record.Executed = true
	refused := one.run(s, c, x)
	if fault.Kind == FaultUnhandled || fault.Kind == FaultErrorExecuted {
		refused = refuse(fault.Number, fault.Text)
	}
	if refused == nil {
		result.body = x.b
		return result
	}
	s.refusal(&result, one, refused)
	return result
}

// refusal writes the answer to a command that was refused.
func (s *Simulator) refusal(result *outcome, one command, refused *apiError) {
	result.errors = []apiError{*refused}
	if s.switches.MultipleErrors {
		result.errors = append(result.errors, apiError{"2011300", "Invalid SSL Certificate Selection"})
	}
	if !s.switches.ErrorWithResult || one.fake == nil {
		result.kind = ""
		return
	}
	x := &xmlWriter{}
	one.fake(x)
	result.body = x.b
}

// clip bounds what is remembered of a command that nobody knows.
func clip(name string) string { return name[:min(80, len(name))] }

func (s *Simulator) claimedAccount(c *call) string {
	if record := s.accounts[strings.ToLower(c.get("apiuser"))]; record != nil {
		return record.ApiUser
	}
	return ""
}

// turnAway answers a call that a fault keeps from being executed.
func (s *Simulator) turnAway(w http.ResponseWriter, c *call, name string, fault Fault, started time.Time) {
	s.mu.Lock()
	now, switches := s.clock.now(), s.switches
	if one, known := s.commands[name]; known {
		name = one.name
	}
	throttled := fault.Kind == Fault405 || fault.Kind == Fault500000
	s.remember(Call{Command: clip(name), At: now, Account: s.claimedAccount(c), Throttled: throttled, Fault: fault.Kind})
	s.mu.Unlock()
	switch fault.Kind {
	case FaultHTML:
		page(w, http.StatusOK)
	case Fault405:
		page(w, http.StatusMethodNotAllowed)
	case FaultServerError:
		page(w, http.StatusInternalServerError)
	case Fault500000:
		s.deliver(w, s.envelope(&switches, &answer{now: now, errors: []apiError{{"500000", "Too many requests"}}}), Fault{})
	case FaultError:
		s.deliver(w, s.envelope(&switches, &answer{
			now: now, errors: []apiError{{fault.Number, fault.Text}}, requested: c.get("command"), elapsed: time.Since(started),
		}), Fault{})
	default:
		panic(http.ErrAbortHandler) // net/http closes the connection without a word
	}
}

// standing turns a switch that spoils every answer into the fault it stands for.
func standing(w *Switches, fault Fault) Fault {
	switch {
	case fault.Kind != "":
		return fault
	case w.ConnectionDrop:
		return Fault{Kind: FaultLost}
	case w.HTMLBody:
		return Fault{Kind: FaultHTML}
	}
	return fault
}

// deliver sends an executed answer, or what a fault leaves of it.
func (s *Simulator) deliver(w http.ResponseWriter, body []byte, fault Fault) {
	switch fault.Kind {
	case FaultLost:
		panic(http.ErrAbortHandler)
	case FaultHTML:
		page(w, http.StatusOK)
		return
	case FaultHTMLExecuted:
		page(w, http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", "no-store")
	if fault.Kind == FaultCut {
		_, _ = w.Write(body[:len(body)/2])
		if flusher, ok := w.(http.Flusher); ok {
			flusher.Flush()
		}
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body)
}

func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, htmlPage)
}
