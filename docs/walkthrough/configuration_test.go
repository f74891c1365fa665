// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/config"
)

// Configuration files in the pages can be loaded as they stand there. Variables get
// a value, and the files of keys are made elsewhere.
func TestConfigurationsAreValid(t *testing.T) {
	t.Parallel()
	loaded := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			if b.kind != "yaml" {
				continue
			}
			loaded++
			if _, err := load(t, b.text); err != nil {
				t.Errorf("%s: %v", b, err)
			}
		}
	}
	if loaded < 2 {
		t.Errorf("%d configuration files were found; SQLite and MySQL have one each", loaded)
	}
}

var (
	variable = regexp.MustCompile(`\$\{([A-Z_]+)\}`)
	keyFile  = regexp.MustCompile(`(?m)^( *api_key_file: ).*$`)
)

func load(t *testing.T, text string) (config.Config, error) {
	t.Helper()
	directory := t.TempDir()
	key, path := filepath.Join(directory, "key"), filepath.Join(directory, "certbridge.yaml")
	text = keyFile.ReplaceAllString(text, "${1}"+key)
	for name, content := range map[string]string{key: "a-key\n", path: text} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var environ []string
	if !strings.Contains(text, "database:") { // the page shows accounts only
		environ = append(environ, "CERTBRIDGE_DATABASE_DRIVER=sqlite", "CERTBRIDGE_DATABASE_DSN=certbridge.db")
	}
	for _, name := range variable.FindAllStringSubmatch(text, -1) {
		environ = append(environ, name[1]+"=a-value")
	}
	loaded, err := config.Load(path, environ)
	if len(loaded.Warnings) > 0 {
		t.Errorf("warnings %q of\n%s", loaded.Warnings, text)
	}
	return loaded, err
}

// Commands that need more than a test has are there, and know the options that they
// are given. Those of other programs are the reader's.
func checkConsole(t *testing.T, program string) {
	t.Helper()
	makefile := read(t, "Makefile")
	ours := regexp.MustCompile(`^(?:docker compose exec certbridge /)?certbridge (.*)$`)
	checked := 0
	for _, page := range pages(t) {
		for _, b := range blocks(t, page) {
			for line := range strings.Lines(b.text) {
				if b.kind != "console" {
					break
				}
				line = strings.TrimSpace(line)
				if target, ok := strings.CutPrefix(line, "make "); ok {
					checked++
					if !strings.Contains(makefile, "\n"+target+": ") {
						t.Errorf("%s: the Makefile has no target %s", b, target)
					}
				}
				if command := ours.FindStringSubmatch(line); command != nil {
					checked++
					checkCommand(t, b, program, strings.Fields(command[1]))
				}
			}
		}
	}
	if checked == 0 {
		t.Error("no commands were found")
	}
}

func checkCommand(t *testing.T, b block, program string, words []string) {
	t.Helper()
	help := exec.CommandContext(t.Context(), program, append(words, "--help")...)
	help.Env = []string{atOnce}
	output, err := help.CombinedOutput()
	// The help of a group is what a command gets that is not in it.
	if err != nil || strings.Contains(string(output), "Available Commands:") {
		t.Errorf("%s: certbridge %s: %v\n%s", b, strings.Join(words, " "), err, output)
	}
}
