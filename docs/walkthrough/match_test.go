// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// elided stands in an answer for text that differs from run to run, for lines in
// between, or for elements of a list.
const elided = "…"

// differences tells how the output of commands differs from the answer that a page
// promises. None is what everybody hopes for.
func differences(answer block, output string) []string {
	if answer.kind != "json" {
		return differentText(answer.text, output)
	}
	want, err := values(answer.text)
	if err != nil {
		return []string{"the page's answer is not JSON: " + err.Error()}
	}
	got, err := values(output)
	if err != nil {
		return []string{"the output is not JSON: " + err.Error()}
	}
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%d JSON values are promised, there are %d", len(want), len(got))}
	}
	var all []string
	for i := range want {
		all = append(all, different("", want[i], got[i])...)
	}
	return all
}

// values reads JSON values that follow each other.
func values(text string) ([]any, error) {
	var all []any
	for decoder := json.NewDecoder(strings.NewReader(text)); ; {
		var one any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
}

// different compares JSON values. An answer may leave members of an object out; it
// may not leave out elements of a list without saying so.
func different(path string, want, got any) []string {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			break
		}
		var all []string
		for _, name := range slices.Sorted(maps.Keys(want)) {
			value, there := object[name]
			if !there {
				all = append(all, fmt.Sprintf("%s.%s: is promised and missing", path, name))
				continue
			}
			all = append(all, different(path+"."+name, want[name], value)...)
		}
		return all
	case []any:
		if list, ok := got.([]any); ok {
			return differentList(path, want, list)
		}
	case string:
		if text, ok := got.(string); ok && likeness(want).MatchString(text) {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s:\n\tpromised %s\n\tgot      %s", path, compact(want), compact(got))}
}

// differentList compares lists, of which the promised one may begin or end with the
// sign for elements that are left out.
func differentList(path string, want, got []any) []string {
	if len(want) > 0 && want[0] == elided {
		want = want[1:]
		got = got[max(0, len(got)-len(want)):]
	} else if len(want) > 0 && want[len(want)-1] == elided {
		want = want[:len(want)-1]
		got = got[:min(len(got), len(want))]
	}
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%s: %d elements are promised, there are %d: %s", path, len(want), len(got), compact(got))}
	}
	var all []string
	for i := range want {
		all = append(all, different(fmt.Sprintf("%s[%d]", path, i), want[i], got[i])...)
	}
	return all
}

func compact(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// likeness is what a promised text allows: the sign in a line is any text within
// that line, and alone in a line any number of lines.
func likeness(promised string) *regexp.Regexp {
	var pattern strings.Builder
	lines := strings.Split(promised, "\n")
	for i, line := range lines {
		end := "\n"
		if i == len(lines)-1 {
			end = ""
		}
		if strings.TrimSpace(line) == elided && len(lines) > 1 {
			pattern.WriteString(`(?:.*\n)*?`)
			if end == "" {
				pattern.WriteString(`.*`)
			}
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), elided, ".*") + end)
	}
	return regexp.MustCompile("^" + pattern.String() + "$")
}

func differentText(promised, output string) []string {
	tidy := func(text string) string {
		lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
		for i, line := range lines {
			lines[i] = strings.TrimRight(line, " \t")
		}
		return strings.Trim(strings.Join(lines, "\n"), "\n")
	}
	if likeness(tidy(promised)).MatchString(tidy(output)) {
		return nil
	}
	return []string{fmt.Sprintf("promised:\n%s\ngot:\n%s", indent(promised), indent(output))}
}

func indent(text string) string {
	return "\t" + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n\t")
}

// Whoever relies on the comparison wants to know that it can fail.
func TestAnswersAreCompared(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		kind, promised, output string
		same                   bool
	}{
		{"json", `{"a": 1}`, `{"a":1,"b":2}`, true},
		{"json", `{"a": 1, "b": 2}`, `{"a":1}`, false},
		{"json", `{"a": {"b": "x…z"}}`, `{"a":{"b":"xyz","c":null}}`, true},
		{"json", `{"a": "x…z"}`, `{"a":"xy"}`, false},
		{"json", `{"a": "…"}`, `{"a":7}`, false},
		{"json", `{"a": null}`, `{"a":"null"}`, false},
		{"json", `[1, 2]`, `[1,2,3]`, false},
		{"json", `[1, "…"]`, `[1,2,3]`, true},
		{"json", `["…", 3]`, `[1,2,3]`, true},
		{"json", `["…", 2]`, `[1,2,3]`, false},
		{"json", `[1, "…"]`, `[]`, false},
		{"json", `{"a": 1} {"b": 2}`, `{"a":1}` + "\n" + `{"b":2}`, true},
		{"json", `{"a": 1}`, `{"a":1} {"b":2}`, false},
		{"json", `{"a": 1}`, `<html>`, false},
		{"text", "one\ntwo\n", "one\ntwo", true},
		{"text", "one\ntwo\n", "one\nthree\n", false},
		{"text", "one …\n", "one thing\n", true},
		{"text", "one …\n", "one\nthing\n", false},
		{"text", "one\n…\nfour\n", "one\ntwo\nthree\nfour\n", true},
		{"text", "one\n…\n", "one\ntwo\nthree\n", true},
		{"text", "one\n…\nfour\n", "one\ntwo\n", false},
		{"text", "a.c\n", "abc\n", false},
	} {
		problems := differences(block{kind: one.kind, text: one.promised}, one.output)
		if same := len(problems) == 0; same != one.same {
			t.Errorf("%s %s and %s: same is %t: %q", one.kind, one.promised, one.output, same, problems)
		}
	}
}
