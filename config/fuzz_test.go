// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/certbridge/certbridge/config"
)

// Whatever a file holds, loading it ends with a configuration or with problems
// that say what is wrong.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"", "# nothing\n", "---\n", "--- ...\n", "- a\n", "*a", "&a [*a]", "listen: &a [*a]", "a: b: c", "\t", "\x00", "\xff",
		"? [a]\n: b\n", "{[a]: b}", "!!binary x", "<<: {listen: x}", "listen: !!str 8080", "listen: |\n  :1\n",
		"accounts: &a [&b {name: x, <<: *b}, *b]", "accounts: [null, 1, [], {}]", "database: null", minimal, minimal + account,
		"due_date: {offset_days: 99999999999999999999}", "shutdown: {grace: 9999999999h}", "listen: '${KEY'", string(config.Example),
	} {
		f.Add(seed)
	}
	path := filepath.Join(f.TempDir(), "certbridge.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := config.Load(path, []string{"KEY=k"})
		var wrong *config.Error
		if err != nil && (!errors.As(err, &wrong) || len(wrong.Problems) == 0) {
			t.Errorf("the error says nothing about the file: %v", err)
		}
	})
}
