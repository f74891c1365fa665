// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// PathVariable names the configuration file when the command line does not.
const PathVariable = environmentPrefix + "CONFIG"

// variables is an environment.
type variables map[string]string

func environment(environ []string) variables {
	env := make(variables, len(environ))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		env[name] = value
	}
	return env
}

// notOurs are variables that begin like ours but are set by others: Kubernetes
// describes a service that is called certbridge, and tests have their own.
var notOurs = regexp.MustCompile(`^CERTBRIDGE_(SERVICE_(HOST|PORT(_.*)?)|PORT(_.*)?|TEST_.*)$`)

// overrules gives the values of the keys that the environment sets. A variable
// that would set an unknown key is a problem, unless the file uses it by name.
func (env variables) overrules(scalars []scalar, used map[string]bool) (map[string]any, []Problem) {
	values := make(map[string]any)
	var problems []Problem
	names := make([]string, len(scalars))
	for i, one := range scalars {
		name := one.variable()
		names[i] = name
		written, set := env[name]
		if !set {
			continue
		}
		value, err := convert(written, one.kind)
		if err != nil {
			problems = append(problems, Problem{Key: name, Text: err.Error()})
			continue
		}
		values[one.path] = value
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !strings.HasPrefix(name, environmentPrefix) || name == PathVariable || slices.Contains(names, name) ||
			used[name] || notOurs.MatchString(name) {
			continue
		}
		problems = append(problems, Problem{Key: name, Text: unknown("variable", name, names)})
	}
	return values, problems
}

// unknown describes a name that is not known.
func unknown(what, written string, names []string) string {
	if meant := nearest(written, names); meant != "" {
		return fmt.Sprintf("unknown %s; did you mean %s? Known are %s", what, meant, strings.Join(names, ", "))
	}
	return fmt.Sprintf("unknown %s; known are %s", what, strings.Join(names, ", "))
}

// convert makes of a text what its key needs.
func convert(written string, kind kind) (any, error) {
	switch kind {
	case number:
		value, err := strconv.Atoi(strings.TrimSpace(written))
		if err != nil {
			return nil, fmt.Errorf("must be a whole number")
		}
		return value, nil
	case duration:
		written = strings.TrimSpace(written)
		if _, err := time.ParseDuration(written); err != nil {
			return nil, fmt.Errorf("must be a duration such as 90s or 2m")
		}
	}
	return written, nil
}

// reference is ${NAME}, or $${ for a literal ${.
var reference = regexp.MustCompile(`\$\$\{|\$\{([^{}]*)\}|\$\{`)

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// expand fills in variables, and tells which were used and what is wrong.
func (env variables) expand(written string) (filled string, used, problems []string) {
	filled = reference.ReplaceAllStringFunc(written, func(found string) string {
		if found == "$${" {
			return "${"
		}
		name := strings.TrimSuffix(strings.TrimPrefix(found, "${"), "}")
		if found == "${" || !variableName.MatchString(name) {
			problems = append(problems, "has ${ without a variable's name and } after it; write $${ for a literal ${")
			return ""
		}
		used = append(used, name)
		value, set := env[name]
		if !set {
			problems = append(problems, fmt.Sprintf("the environment variable %s is not set", name))
		}
		return value
	})
	return filled, used, problems
}
