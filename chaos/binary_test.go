// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build compiles certbridge as the Makefile does, with the seams of the crash
// tests. replaced, unless nil, has other files in the place of some of ours.
func build(t *testing.T, replaced map[string]string) string {
	t.Helper()
	dependOnSources(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "certbridge")
	args := []string{"build", "-tags", "chaos", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", program}
	if replaced != nil {
		overlay, err := json.Marshal(map[string]map[string]string{"Replace": replaced})
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "overlay.json")
		if err := os.WriteFile(path, overlay, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-overlay", path)
	}
	command := exec.CommandContext(t.Context(), "go", append(args, "./cmd/certbridge")...)
	command.Dir = ".."
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return program
}

// replace gives the text of a file with a passage replaced that must occur once.
func replace(path, passage, instead string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if count := strings.Count(string(text), passage); count != 1 {
		return "", fmt.Errorf("%s: %q occurs %d times instead of once", path, passage, count)
	}
	return strings.Replace(string(text), passage, instead, 1), nil
}

// dependOnSources touches what certbridge is made of, so that go test does not take
// an old result for the present program, which only another process reads.
func dependOnSources(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"../go.mod", "../*/*.go", "../*/*/*.go", "../mirror/migrations/*/*.sql"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, path := range paths {
			if _, err := os.Stat(path); err != nil {
				t.Fatal(err)
			}
		}
	}
}
