// SPDX-License-Identifier: Apache-2.0

package mirrortest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/certbridge/certbridge/mirror"
)

// migratedFile is a migrated SQLite file; copying it is quicker than migrating.
var migratedFile once[[]byte]

func emptyFile(t testing.TB) string {
	return filepath.Join(t.TempDir(), "certbridge.db")
}

func copyFile(t testing.TB, path string) {
	t.Helper()
	content := migratedFile.get(func() []byte {
		original := emptyFile(t)
		migrate(t, mirror.SQLite, original)
		content, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		return content
	})
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
