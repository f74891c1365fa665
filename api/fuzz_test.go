// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// Whatever a body holds, looking it over ends without a panic, and what passes is
// one JSON value whose objects can be read in one way only.
func FuzzCheckJSON(f *testing.F) {
	for _, text := range []string{
		`{}`, `{"a":{"b":[1,"x",null,true]}}`, `{"a":1,"a":2}`, `{"A":1}`, `{"a":"\"}{:"}`, `["a","b"]`, `"\\":`,
		`{"\u0061":1,"a":2}`, `[[[[[[[[[[]]]]]]]]]]`, "{\"a\" \n:\t1}", "\xff", ``, `1 2`, `{"a":"{\"b\":1}"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if checkJSON(text) != nil {
			return
		}
		if !utf8.Valid(text) || !json.Valid(text) {
			t.Fatalf("%q passed", text)
		}
		if depth := nesting(t, json.RawMessage(text)); depth > maxDepth {
			t.Fatalf("%q passed with %d levels", text, depth)
		}
	})
}

// nesting counts the levels of a value, and looks at every name on the way.
func nesting(t *testing.T, text json.RawMessage) int {
	t.Helper()
	deepest := 0
	var object map[string]json.RawMessage
	var list []json.RawMessage
	switch {
	case json.Unmarshal(text, &object) == nil && object != nil:
		for name, value := range object {
			if !plainName.MatchString(name) {
				t.Fatalf("the name %q passed", name)
			}
			deepest = max(deepest, nesting(t, value))
		}
	case json.Unmarshal(text, &list) == nil && list != nil:
		for _, value := range list {
			deepest = max(deepest, nesting(t, value))
		}
	default:
		return 0
	}
	return deepest + 1
}
