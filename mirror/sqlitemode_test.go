// SPDX-License-Identifier: Apache-2.0

//go:build unix

package mirror_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// Customers' names and addresses are nobody else's on the machine.
func TestANewSQLiteFileIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	address := filepath.Join(t.TempDir(), "certbridge.db")
	store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address, AnySchema: true})
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{address, address + "-wal", address + "-shm"} {
		info, err := os.Stat(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has the mode %o", filepath.Base(path), mode)
		}
	}
	// A file that an operator made readable stays so.
	if err := os.Chmod(address, 0o640); err != nil {
		t.Fatal(err)
	}
	mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address})
	if info, err := os.Stat(address); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
}
