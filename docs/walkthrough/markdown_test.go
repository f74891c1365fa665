// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a page. What the words behind the fence mean is in
// kinds.
type block struct {
	page string
	line int // of the first line within
	kind string
	text string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

// kinds are the words that may stand behind a fence. Another one is a mistake: the
// block would be looked at by nobody.
var kinds = []string{
	"sh",                  // commands, which are run
	"json", "text", "xml", // the answer to the commands right before
	"yaml",    // a configuration file, which is loaded
	"console", // commands that need more than a test has; their options are checked
	"sql",     // for the operator's database server
	"mermaid", // a picture
}

// step is a block of commands with the answer that the page promises, if it
// promises one.
type step struct {
	commands block
	answer   *block
}

// root is where the repository begins.
const root = "../.."

// pages are the README and every page below docs.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(root + "/docs/*.md")
	if err != nil || len(found) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	below, err := filepath.Glob(root + "/docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found = append(append(found, below...), root+"/README.md")
	for i, path := range found {
		found[i] = strings.TrimPrefix(filepath.ToSlash(path), root+"/")
	}
	return found
}

func read(t *testing.T, page string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// blocks are the fenced blocks of a page, in their order.
func blocks(t *testing.T, page string) []block {
	t.Helper()
	var found []block
	open := false
	for i, line := range strings.Split(read(t, page), "\n") {
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open:
			open = false
		case fence:
			open = true
			found = append(found, block{page: page, line: i + 2, kind: kind})
		case open:
			found[len(found)-1].text += line + "\n"
		}
	}
	if open {
		t.Fatalf("%s: a block is not closed", page)
	}
	return found
}

// steps are the commands of a page with their answers.
func steps(t *testing.T, page string) []step {
	t.Helper()
	var found []step
	answerable := false
	for _, b := range blocks(t, page) {
		if !slices.Contains(kinds, b.kind) {
			t.Errorf("%s: %q is none of %q", b, b.kind, kinds)
		}
		switch b.kind {
		case "sh":
			found = append(found, step{commands: b})
			answerable = true
			continue
		case "json", "text", "xml":
			if !answerable {
				t.Errorf("%s: there is no command that this answers", b)
				continue
			}
			found[len(found)-1].answer = &b
		}
		answerable = false
	}
	return found
}
