// SPDX-License-Identifier: Apache-2.0

// Package config reads certbridge's configuration: a YAML file, completed and
// overruled by the environment.
//
// It is strict. A key that it does not know, a value of the wrong kind and a
// variable that is not set are errors, because a misspelled limit that is
// silently ignored costs somebody money. It reports everything that it finds at
// once, each with the key, the line and what is allowed.
package config

import _ "embed"

// Example is a complete configuration file with an explanation of every key.
//
//go:embed certbridge.example.yaml
var Example []byte
