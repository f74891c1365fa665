// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// file is what was found in a configuration file. Only what fits the schema is
// in values, the rest is in problems.
type file struct {
	values    map[string]any
	lines     map[string]int  // of each key, by its path
	variables map[string]bool // that it uses
	problems  []Problem

	env variables
}

func readFile(source []byte, env variables) *file {
	f := &file{values: map[string]any{}, lines: map[string]int{}, variables: map[string]bool{}, env: env}
	decoder := yaml.NewDecoder(bytes.NewReader(source))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return f // empty
	case err != nil:
		f.problem("", 0, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
		return f
	}
	if decoder.Decode(&yaml.Node{}) == nil {
		f.problem("", 0, "holds more than one document; write one, without ---")
	}
	root := resolve(document.Content[0])
	if isNull(root) {
		return f // comments only
	}
	f.values = f.section(schema(), root, "")
	return f
}

func (f *file) problem(path string, line int, format string, args ...any) {
	f.problems = append(f.problems, Problem{Key: path, Line: line, Text: fmt.Sprintf(format, args...)})
}

// section reads the keys of a mapping.
func (f *file) section(known key, node *yaml.Node, path string) map[string]any {
	values := make(map[string]any)
	if node.Kind != yaml.MappingNode {
		f.problem(path, node.Line, "must hold keys: %s", strings.Join(known.names(), ", "))
		return values
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, content := node.Content[i], resolve(node.Content[i+1])
		here := join(path, name.Value)
		child, ok := known.child(name.Value)
		if !ok {
			f.problem(here, name.Line, "%s", unknown("key", name.Value, known.names()))
			continue
		}
		if first, again := f.lines[here]; again {
			f.problem(here, name.Line, "is here twice; line %d has it already", first)
			continue
		}
		f.lines[here] = name.Line
		if isNull(content) {
			continue // as if it were not there
		}
		switch child.kind {
		case section:
			values[child.name] = f.section(child, content, here)
		case list:
			values[child.name] = f.list(child, content, here)
		default:
			if value, ok := f.scalar(child, content, here); ok {
				values[child.name] = value
			}
		}
	}
	return values
}

func (f *file) list(known key, node *yaml.Node, path string) []any {
	if node.Kind != yaml.SequenceNode {
		f.problem(path, node.Line, "must be a list; each entry starts with a dash and has the keys %s", strings.Join(known.names(), ", "))
		return nil
	}
	entries := make([]any, 0, len(node.Content))
	for i, entry := range node.Content {
		here := fmt.Sprintf("%s[%d]", path, i)
		f.lines[here] = entry.Line
		values := f.section(known, resolve(entry), here)
		known.fallBack(values)
		entries = append(entries, values)
	}
	return entries
}

func (f *file) scalar(known key, node *yaml.Node, path string) (any, bool) {
	if node.Kind != yaml.ScalarNode {
		f.problem(path, node.Line, "must be a single value")
		return nil, false
	}
	// YAML reads 0755, 1e5 and yes as something else than what is written.
	if known.kind == text && node.Tag != "!!str" {
		f.problem(path, node.Line, "must be text; put it into quotes")
		return nil, false
	}
	filled, used, wrong := f.env.expand(node.Value)
	for _, name := range used {
		f.variables[name] = true
	}
	for _, text := range wrong {
		f.problem(path, node.Line, "%s", text)
	}
	if len(wrong) > 0 {
		return nil, false
	}
	value, err := convert(filled, known.kind)
	if err != nil {
		f.problem(path, node.Line, "%s", err)
		return nil, false
	}
	return value, true
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.Tag == "!!null" }
