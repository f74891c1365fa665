// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/tools/mariadb"
)

// database is where the workers keep what they know.
type database struct {
	driver, dsn string
	version     string
	server      *mariadb.Server // nil if there is no process of our own to kill
	remove      func() error
}

// crash kills the server and starts it again.
func (d *database) crash(ctx context.Context) error {
	d.server.Kill()
	return d.server.Restart(ctx)
}

// server makes fresh databases of one kind.
type server interface {
	fresh(ctx context.Context, dir string, number int) (*database, error)
}

// files are SQLite databases.
type files struct{}

func (files) fresh(_ context.Context, dir string, _ int) (*database, error) {
	return &database{
		driver: mirror.SQLite, dsn: filepath.Join(dir, "certbridge.db"), version: "SQLite",
		remove: func() error { return nil }, // goes with its directory
	}, nil
}

// schemas are databases on a MariaDB server.
type schemas struct {
	dsn, version string
	server       *mariadb.Server
}

// newSchemas starts a MariaDB server that may be killed. Where there is no program
// for that, but a server that somebody else runs, that one is used and left alive.
func newSchemas(t *testing.T) schemas {
	t.Helper()
	if mariadb.Installed() == "" && mariadb.CanInstall() {
		if err := mariadb.Install(t.Context(), t.Logf); err != nil {
			t.Log(err)
		}
	}
	if given := os.Getenv("CERTBRIDGE_TEST_MYSQL_DSN"); mariadb.Installed() == "" && given != "" {
		t.Logf("there is no mariadbd to start: the given server is used, and is not killed")
		return schemas{dsn: given, version: "as given"}
	}
	server, err := mariadb.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return schemas{dsn: server.DSN(), version: server.Version, server: server}
}

func (s schemas) fresh(ctx context.Context, _ string, number int) (*database, error) {
	name := fmt.Sprintf("chaos_%d_%d", os.Getpid(), number)
	dsn, err := mariadb.Create(ctx, s.dsn, name)
	if err != nil {
		return nil, err
	}
	return &database{
		driver: mirror.MySQL, dsn: dsn, version: s.version, server: s.server,
		remove: func() error { return mariadb.Drop(context.WithoutCancel(ctx), s.dsn, name) },
	}, nil
}
