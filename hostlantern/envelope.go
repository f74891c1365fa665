// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"errors"
	"fmt"
	"strings"
)

// Message is an error or a warning of the API.
type Message struct {
	Number string
	Text   string
}

// maxMessages bounds errors and warnings together. A dozen fields can be wrong at
// once; none is dropped, because the dropped one might be the one that counts.
const maxMessages = 100

// envelope is what surrounds every answer.
type envelope struct {
	ok        bool // Status="OK"
	errors    []Message
	warnings  []Message
	requested string // what was asked for, as the server understood it; may be ""
	kind      string // canonical name of the command that was answered; may be ""
	server    string
	response  *node // CommandResponse; nil unless ok
}

// decodeEnvelope reads an answer. An error means that it is none: nothing can be
// concluded from it.
func decodeEnvelope(document []byte, namespace string) (*envelope, error) {
	root, err := parseTree(document)
	if err != nil {
		return nil, err
	}
	if root.name != "apiresponse" {
		return nil, fmt.Errorf("not an API answer: its root is %q", clean(root.name, 40))
	}
	if found := root.attr("xmlns"); namespace != "" && found != "" && found != namespace {
		return nil, fmt.Errorf("not an answer of this API: its namespace is %q", clean(found, 100))
	}
	e := &envelope{
		warnings:  messages(root, "warnings", "warning"),
		errors:    messages(root, "errors", "error"),
		requested: root.value("requestedcommand"),
		server:    root.value("server"),
	}
	if len(e.errors)+len(e.warnings) > maxMessages {
		return nil, errors.New("not an API answer: too many errors or warnings")
	}
	switch status := root.attr("status"); {
	case strings.EqualFold(status, "OK"):
		e.ok = true
	case strings.EqualFold(status, "ERROR"):
	default:
		return nil, fmt.Errorf("not an API answer: its status is %q", clean(status, 40))
	}
	return e, e.readResponse(root)
}

// readResponse finds the CommandResponse. Under Status="ERROR" it is noted for
// which command it is and then dropped, because it may be half filled.
func (e *envelope) readResponse(root *node) error {
	responses := root.all("commandresponse")
	if len(responses) > 1 {
		return errors.New("not an API answer: it has several responses")
	}
	if len(responses) == 1 {
		e.kind = responses[0].attr("type")
		if e.ok {
			e.response = responses[0]
		}
	}
	return nil
}

func messages(root *node, wrapper, element string) []Message {
	var list []Message
	read := func(n *node) {
		list = append(list, Message{Number: clean(n.attr("number"), 12), Text: clean(string(n.text), 500)})
	}
	for _, group := range root.all(wrapper) {
		for _, one := range group.all(element) {
			read(one)
		}
	}
	for _, one := range root.all(element) { // without the wrapper
		read(one)
	}
	return list
}

// answers tells whether the envelope is for this command. Letter case is the
// server's choice and a branded server may keep another prefix, so the last two
// parts are compared; what the server leaves out says nothing.
func (e *envelope) answers(command string) bool {
	same := func(name string) bool {
		if name == "" {
			return true
		}
		parts := strings.Split(name, ".")
		return strings.EqualFold(strings.Join(parts[max(0, len(parts)-2):], "."), command)
	}
	return same(e.requested) && same(e.kind)
}

// result finds the one element that holds a command's result.
func (e *envelope) result(names ...string) (*node, error) {
	if e.response == nil {
		return nil, errors.New("the answer has no response")
	}
	var found []*node
	for _, name := range names {
		found = append(found, e.response.all(name)...)
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, errors.New("the answer has no result of this command")
	}
	return nil, errors.New("the answer has several results")
}

// suspectSandbox tells whether a server's name is one of the sandbox's.
func suspectSandbox(server string) bool {
	// "SANDBOX" contains no "SB", so both are looked for. The hexadecimal names
	// that production servers have too contain no S.
	name := strings.ToUpper(server)
	return strings.Contains(name, "SB") || strings.Contains(name, "SANDBOX")
}
