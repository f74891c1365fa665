// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// Error is everything that is wrong with a configuration.
type Error struct {
	Path     string // of the file; "" if there was none
	Problems []Problem
}

// Problem is one thing that is wrong. Its text never contains the value of a key
// that holds a secret.
type Problem struct {
	Key  string // for example accounts[0].client_ip, or the name of a variable; "" for the file as a whole
	Line int    // in the file; 0 if it is not there
	Text string // what is wrong and what is allowed
}

// Error lists the problems, one a line.
func (e *Error) Error() string {
	where := e.Path
	if where == "" {
		where = "environment"
	}
	lines := make([]string, len(e.Problems))
	for i, problem := range e.Problems {
		place := where
		if problem.Line > 0 {
			place = fmt.Sprintf("%s:%d", where, problem.Line)
		}
		lines[i] = strings.Join(nonEmpty(place, problem.Key, problem.Text), ": ")
	}
	return strings.Join(lines, "\n")
}

func nonEmpty(texts ...string) []string {
	kept := texts[:0]
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}

// Load reads the file at path, fills in ${NAME} and lets CERTBRIDGE_ variables
// overrule it. environ has the form of os.Environ. Without a path, the
// environment alone is read. Files with API keys are read too; a relative name is
// that of a file beside the configuration, wherever certbridge was started.
//
// The error is an *Error with all that is wrong, or says why the file cannot be
// read.
func Load(path string, environ []string) (Config, error) {
	var source []byte
	if path != "" {
		var err error
		if source, err = os.ReadFile(path); err != nil {
			return Config{}, err // *fs.PathError says which file and why
		}
	}
	return parse(path, source, environment(environ))
}

func parse(path string, source []byte, env variables) (Config, error) {
	file := readFile(source, env)
	problems := file.problems
	report := func() error {
		if len(problems) == 0 {
			return nil
		}
		return &Error{Path: path, Problems: problems}
	}

	// Three layers: fallbacks, the file, the environment.
	layers := viper.New()
	scalars := schema().scalars("")
	for _, one := range scalars {
		layers.SetDefault(one.path, one.fallback)
	}
	if err := layers.MergeConfigMap(file.values); err != nil {
		return Config{}, fmt.Errorf("merging the configuration: %w", err)
	}
	values, wrong := env.overrules(scalars, file.variables)
	problems = append(problems, wrong...)
	for name, value := range values {
		layers.Set(name, value)
	}

	var config Config
	decode := viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(
		mapstructure.StringToTimeDurationHookFunc(), secretHook))
	if err := layers.UnmarshalExact(&config, decode); err != nil {
		// The walk over the file has found and removed what cannot be decoded.
		return Config{}, fmt.Errorf("decoding the configuration: %w", errors.Join(report(), err))
	}
	problems = check(&config, filepath.Dir(path), file.lines, problems)
	return config, report()
}

// secretHook makes secrets of texts while mapstructure decodes.
func secretHook(from, to reflect.Type, value any) (any, error) {
	if written, ok := value.(string); ok && from.Kind() == reflect.String && to == reflect.TypeFor[Secret]() {
		return NewSecret(written), nil
	}
	return value, nil
}
