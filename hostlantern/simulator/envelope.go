// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// xmlWriter appends XML to a buffer. Reflection would cost more than the
// commands themselves.
type xmlWriter struct{ b []byte }

// open writes a start tag; attributes are name, value pairs.
func (x *xmlWriter) open(name string, attributes ...string) {
	x.tag(name, attributes)
	x.b = append(x.b, '>')
}

// empty writes an element without content.
func (x *xmlWriter) empty(name string, attributes ...string) {
	x.tag(name, attributes)
	x.b = append(x.b, ' ', '/', '>')
}

func (x *xmlWriter) close(name string) {
	x.b = append(x.b, '<', '/')
	x.b = append(x.b, name...)
	x.b = append(x.b, '>')
}

func (x *xmlWriter) tag(name string, attributes []string) {
	x.b = append(x.b, '<')
	x.b = append(x.b, name...)
	for i := 0; i+1 < len(attributes); i += 2 {
		x.b = append(x.b, ' ')
		x.attribute(attributes[i], attributes[i+1])
	}
}

func (x *xmlWriter) attribute(name, value string) {
	x.b = append(x.b, name...)
	x.b = append(x.b, '=', '"')
	x.escape(value)
	x.b = append(x.b, '"')
}

// element writes an element with text; an empty text makes an empty element.
func (x *xmlWriter) element(name, text string, attributes ...string) {
	if text == "" {
		x.empty(name, attributes...)
		return
	}
	x.open(name, attributes...)
	x.escape(text)
	x.close(name)
}

// cdata writes an element whose text is a CDATA section.
func (x *xmlWriter) cdata(name, text string) {
	x.open(name)
	x.b = append(x.b, "<![CDATA["...)
	for i, part := range strings.Split(cleanText(text), "]]>") {
		if i > 0 {
			x.b = append(x.b, "]]]]><![CDATA[>"...)
		}
		x.b = append(x.b, part...)
	}
	x.b = append(x.b, "]]>"...)
	x.close(name)
}

func (x *xmlWriter) escape(text string) {
	for _, r := range text {
		switch {
		case r == '&':
			x.b = append(x.b, "&amp;"...)
		case r == '<':
			x.b = append(x.b, "&lt;"...)
		case r == '>':
			x.b = append(x.b, "&gt;"...)
		case r == '"':
			x.b = append(x.b, "&quot;"...)
		case r == '\n' || r == '\r' || r == '\t':
			x.b = append(x.b, "&#"...)
			x.b = strconv.AppendInt(x.b, int64(r), 10)
			x.b = append(x.b, ';')
		case !xmlRune(r):
			x.b = utf8.AppendRune(x.b, utf8.RuneError)
		default:
			x.b = utf8.AppendRune(x.b, r)
		}
	}
}

// xmlRune tells whether XML 1.0 can carry r at all.
func xmlRune(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

func cleanText(text string) string {
	return strings.Map(func(r rune) rune {
		if xmlRune(r) || r == '\n' || r == '\r' || r == '\t' {
			return r
		}
		return utf8.RuneError
	}, text)
}

// answer is everything that an envelope is made of.
type answer struct {
	errors    []apiError
	requested string // RequestedCommand; empty before a command is recognized
	kind      string // the canonical command; empty: no CommandResponse
	body      []byte // the content of CommandResponse
	now       time.Time
	elapsed   time.Duration
}

// envelope wraps an answer as the provider does. The caller holds the mutex or
// passes a copy of the switches.
func (s *Simulator) envelope(w *Switches, a *answer) []byte {
	x := &xmlWriter{b: make([]byte, 0, len(a.body)+768)}
	x.b = append(x.b, `<?xml version="1.0" encoding="utf-8"?>`...)
	x.b = append(x.b, '\n')
	status := "OK"
	if len(a.errors) > 0 {
		status = "ERROR"
	}
	attributes := []string{"Status", status}
	if w.Namespace {
		attributes = append(attributes, "xmlns", w.NamespaceURI)
	}
	x.open("ApiResponse", attributes...)
	writeErrors(x, a.errors)
	writeWarnings(x, w.Warnings)
	x.element("RequestedCommand", a.requested)
	if a.kind != "" {
		x.open("CommandResponse", "Type", a.kind)
		x.b = append(x.b, a.body...)
		x.close("CommandResponse")
	}
	if name := s.serverName(w); name != "" {
		x.element("Server", name)
	}
	x.element("GMTTimeDifference", timeDifference(w, a.now))
	x.element("ExecutionTime", executionTime(a))
	x.close("ApiResponse")
	return x.b
}

func writeErrors(x *xmlWriter, list []apiError) {
	if len(list) == 0 {
		x.empty("Errors")
		return
	}
	x.open("Errors")
	for _, one := range list {
		x.element("Error", one.text, "Number", one.number)
	}
	x.close("Errors")
}

func writeWarnings(x *xmlWriter, form WarningsForm) {
	switch form {
	case WarningsAbsent:
	case WarningsFilled:
		x.open("Warnings")
		x.element("Warning", "The requested SSL type is about to be replaced", "Number", "2011302")
		x.close("Warnings")
	default:
		x.empty("Warnings")
	}
}

func (s *Simulator) serverName(w *Switches) string {
	form := w.Server
	if form == ServerByEnvironment {
		form = ServerSandbox
		if s.environment == production {
			form = ServerProduction
		}
	}
	switch form {
	case ServerProduction:
		return "PHX01APIEXT02"
	case ServerHex:
		return "5eda89c931f6"
	case ServerAbsent:
		return ""
	}
	return "PHX01SBAPIEXT05"
}

func timeDifference(w *Switches, now time.Time) string {
	if w.TimeDifference != "" {
		return w.TimeDifference
	}
	if name, _ := eastern(now).Zone(); name == "EDT" {
		return "--4:00"
	}
	return "--5:00"
}

func executionTime(a *answer) string {
	if a.kind == "" && len(a.errors) > 0 {
		return "0"
	}
	return strconv.FormatFloat(a.elapsed.Seconds(), 'f', 3, 64)
}
