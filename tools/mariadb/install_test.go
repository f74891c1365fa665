// SPDX-License-Identifier: Apache-2.0

//go:build unix

package mariadb_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/tools/mariadb"
)

// onlyAptGet makes apt-get, a shell script, the only program there is.
func onlyAptGet(t *testing.T, script string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "apt-get"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
}

func TestTheServerIsInstalledWithoutAService(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	onlyAptGet(t, `echo "$DEBIAN_FRONTEND $*" >> `+log)
	err := mariadb.Install(t.Context(), func(string, ...any) {})
	if err == nil || !strings.Contains(err.Error(), "brought no mariadbd") {
		t.Errorf("installed nothing: %v", err)
	}
	got, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	const want = "noninteractive update\n" +
		"noninteractive install --yes --no-install-recommends mariadb-server-core mariadb-client-core\n"
	if string(got) != want {
		t.Errorf("called\n%swant\n%s", got, want)
	}

	onlyAptGet(t, "echo no network; exit 100")
	if err := mariadb.Install(t.Context(), func(string, ...any) {}); err == nil || !strings.Contains(err.Error(), "no network") {
		t.Errorf("a failing apt-get: %v", err)
	}
}
