// SPDX-License-Identifier: Apache-2.0

// Package walkthrough_test does what the README and the guides tell their readers
// to do, and holds the pages to the answers that they promise.
//
// In an answer, "…" stands for text that differs from run to run, alone in a line
// for any number of lines, and at either end of a list for the elements before or
// after. Members of JSON objects may be left out.
package walkthrough_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What stands in the pages for the addresses, the key and the configuration that
// the demo prints. Nothing else of a command is replaced before it is run.
const (
	apiAddress       = "127.0.0.1:8080"
	simulatorAddress = "127.0.0.1:8081"
	keyLine          = "KEY=cb_..."
	configLine       = "CERTBRIDGE_CONFIG=..."
)

// stage starts what a page's commands are for, and tells what to put for what it
// would have printed.
type stage func(t *testing.T, program string) *strings.Replacer

func demo(t *testing.T, program string) *strings.Replacer {
	t.Helper()
	var said struct{ API, Control, Key, Config string }
	startProcess(t, program, &said, "demo", "--json", "--listen", "127.0.0.1:0", "--simulator-listen", "127.0.0.1:0")
	control := strings.TrimSuffix(strings.TrimPrefix(said.Control, "http://"), "/control")
	return strings.NewReplacer(apiAddress, strings.TrimPrefix(said.API, "http://"), simulatorAddress, control,
		keyLine, "KEY="+said.Key, configLine, "CERTBRIDGE_CONFIG="+said.Config)
}

func simulate(t *testing.T, program string) *strings.Replacer {
	t.Helper()
	var said struct {
		ControlURL string `json:"control_url"`
	}
	startProcess(t, program, &said, "simulate", "--json", "--listen", "127.0.0.1:0")
	return strings.NewReplacer(simulatorAddress, strings.TrimSuffix(strings.TrimPrefix(said.ControlURL, "http://"), "/control"))
}

// stages tells what each page with commands is for.
var stages = map[string]stage{
	"README.md":                       demo,
	"docs/api.md":                     demo,
	"docs/guides/moving-in.md":        demo,
	"docs/guides/uncertain-orders.md": demo,
	"docs/operating.md":               simulate,
	"docs/simulator.md":               simulate,
}

func TestPagesKeepTheirPromises(t *testing.T) {
	t.Parallel()
	program := build(t)
	checkConsole(t, program)
	for _, page := range pages(t) {
		commands := steps(t, page)
		start, staged := stages[page]
		if staged != (len(commands) > 0) {
			t.Errorf("%s: %d blocks of commands, and in the list of pages that have some: %t", page, len(commands), staged)
			continue
		}
		if !staged {
			continue
		}
		for name, directory := range curls(t) {
			t.Run(page+" with "+name, func(t *testing.T) {
				t.Parallel()
				walk(t, commands, start(t, program), startSession(t, filepath.Dir(program), directory))
			})
		}
	}
}

// walk runs the blocks of a page and compares the answers.
func walk(t *testing.T, page []step, put *strings.Replacer, s *session) {
	t.Helper()
	for _, one := range page {
		commands := one.commands
		commands.text = put.Replace(commands.text)
		output := s.run(commands)
		if one.answer == nil {
			continue
		}
		answer := *one.answer
		answer.text = put.Replace(answer.text)
		if problems := differences(answer, output); len(problems) > 0 {
			t.Errorf("%s does not hold for\n%s\n%s\nthe whole output:\n%s", answer, indent(commands.text),
				strings.Join(problems, "\n"), indent(output))
		}
	}
	if s.blocks != len(page) {
		t.Errorf("%d of %d blocks were run", s.blocks, len(page))
	}
}

// curls are directories with a program curl: the stand-in, and the machine's own if
// it has one.
func curls(t *testing.T) map[string]string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	if err := os.Symlink(self, filepath.Join(directory, "curl")); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{"the stand-in": directory}
	if own, err := exec.LookPath("curl"); err == nil {
		found["curl"] = filepath.Dir(own)
	}
	return found
}
