// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"strings"
)

// kind is what a key's value must be.
type kind int

const (
	section  kind = iota // further keys
	list                 // sections
	text                 // a string
	number               // an integer
	duration             // a string such as 90s or 2m
)

// key is a key that the configuration knows. Lists have the keys of their
// entries.
type key struct {
	name     string
	kind     kind
	fallback any // nil: none
	keys     []key
}

// schema is everything that can be configured.
func schema() key {
	return key{kind: section, keys: []key{
		{name: "listen", kind: text, fallback: "127.0.0.1:8080"},
		{name: "database", kind: section, keys: []key{
			{name: "driver", kind: text},
			{name: "dsn", kind: text},
		}},
		{name: "accounts", kind: list, keys: []key{
			{name: "name", kind: text},
			{name: "provider", kind: text},
			{name: "environment", kind: text},
			{name: "api_user", kind: text},
			{name: "api_key", kind: text},
			{name: "api_key_file", kind: text},
			{name: "user_name", kind: text},
			{name: "client_ip", kind: text},
			{name: "base_url", kind: text},
			{name: "command_prefix", kind: text},
			{name: "namespace", kind: text},
			{name: "promotion_code", kind: text},
			{name: "ceilings", kind: list, keys: []key{
				{name: "product", kind: text},
				{name: "per_year", kind: text},
				{name: "domain_per_year", kind: text},
			}},
			{name: "low_balance", kind: text},
			{name: "budget", kind: section, keys: []key{
				{name: "per_minute", kind: number, fallback: 20},
				{name: "per_hour", kind: number, fallback: 700},
				{name: "per_day", kind: number, fallback: 8000},
			}},
			{name: "expires", kind: text},
			{name: "renewal_window", kind: section, keys: []key{
				{name: "opens", kind: number},
				{name: "closes", kind: number},
			}},
		}},
		{name: "synchronization", kind: section, keys: []key{
			{name: "at", kind: text, fallback: "03:10"},
			{name: "page_size", kind: number, fallback: MaxPageSize},
		}},
		{name: "due_date", kind: section, keys: []key{
			{name: "offset_days", kind: number, fallback: 0},
		}},
		{name: "purchase", kind: section, keys: []key{
			{name: "when", kind: text, fallback: PurchaseAtCreate},
		}},
		{name: "reconciliation", kind: section, keys: []key{
			{name: "deadline", kind: duration, fallback: "30m"},
		}},
		{name: "log", kind: section, keys: []key{
			{name: "level", kind: text, fallback: "info"},
			{name: "format", kind: text, fallback: LogAuto},
		}},
		{name: "shutdown", kind: section, keys: []key{
			{name: "grace", kind: duration, fallback: "2m"},
		}},
	}}
}

// scalar is a key outside of lists, by its full path.
type scalar struct {
	path     string // with dots
	kind     kind
	fallback any
}

// variable is the name of the environment variable that overrules the key.
func (s scalar) variable() string {
	return environmentPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

const environmentPrefix = "CERTBRIDGE_"

// scalars lists the keys outside of lists, in the order of the schema.
func (k key) scalars(prefix string) []scalar {
	var found []scalar
	for _, child := range k.keys {
		path := join(prefix, child.name)
		switch child.kind {
		case section:
			found = append(found, child.scalars(path)...)
		case list:
		default:
			found = append(found, scalar{path: path, kind: child.kind, fallback: child.fallback})
		}
	}
	return found
}

// fallBack completes the values of a list's entry, to which a path that everybody
// has does not lead.
func (k key) fallBack(values map[string]any) {
	for _, child := range k.keys {
		switch _, set := values[child.name]; {
		case child.kind == section:
			inner, _ := values[child.name].(map[string]any)
			if inner == nil {
				inner = make(map[string]any)
			}
			if child.fallBack(inner); len(inner) > 0 {
				values[child.name] = inner
			}
		case !set && child.fallback != nil:
			values[child.name] = child.fallback
		}
	}
}

func (k key) child(name string) (key, bool) {
	at := slices.IndexFunc(k.keys, func(child key) bool { return child.name == name })
	if at < 0 {
		return key{}, false
	}
	return k.keys[at], true
}

func (k key) names() []string {
	names := make([]string, len(k.keys))
	for i, child := range k.keys {
		names[i] = child.name
	}
	return names
}

func join(prefix, name string) string {
	if prefix == "" {
		return name
	}
	return prefix + "." + name
}

// nearest finds the name that somebody who wrote this probably meant, "" if
// none comes close.
func nearest(written string, names []string) string {
	best, distance := "", 1+max(1, len(written)/3)
	for _, name := range names {
		d := editDistance(strings.ToLower(written), strings.ToLower(name))
		if swapped(strings.ToLower(written), strings.ToLower(name)) {
			d = 1
		}
		if d < distance {
			best, distance = name, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete or replace (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// swapped tells whether the words have the same letters in another order.
func swapped(a, b string) bool {
	letters := func(word string) []byte {
		sorted := []byte(word)
		slices.Sort(sorted)
		return sorted
	}
	return slices.Equal(letters(a), letters(b))
}
