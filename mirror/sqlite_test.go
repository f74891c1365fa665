// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// Half of the writers sit in another process, as far as SQLite can tell: the
// mirror's one writing connection does not queue them.
func TestSixteenWritersNeverSeeSQLiteBusy(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.SQLite)
	stores := []*mirror.Mirror{
		mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address, Exclusive: true}),
		mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address}),
	}
	const writers, writes = 16, 12
	var all sync.WaitGroup
	for writer := range writers {
		all.Go(func() {
			store := stores[writer%2]
			for i := range writes {
				id := fmt.Sprintf("%d-%d", writer, i)
				created, operation := newService(id), newOperation(id)
				if err := store.Write(t.Context(), provisioning.Change{After: &created, Operation: operation}); err != nil {
					t.Errorf("creating %s: %v", id, err)
					continue
				}
				read, err := store.Service(t.Context(), "p", id)
				if err != nil {
					t.Errorf("reading %s: %v", id, err)
					continue
				}
				after := read.Clone()
				operation.State = provisioning.OperationSucceeded
				if err := store.Write(t.Context(), provisioning.Change{Before: &read, After: &after, Operation: operation}); err != nil {
					t.Errorf("finishing %s: %v", id, err)
				}
			}
		})
	}
	all.Wait()
	services, err := stores[0].Services(t.Context(), provisioning.ServiceQuery{Panel: "p", Limit: 1000})
	if err != nil || len(services) != writers*writes {
		t.Errorf("%d services, %v; want %d", len(services), err, writers*writes)
	}
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	store := mirrortest.Open(t, mirror.SQLite, time.Now)
	created := newService("1")
	if err := store.Write(t.Context(), provisioning.Change{After: &created}); err != nil {
		t.Fatal(err)
	}
	writing := store.Writer().Begin()
	if writing.Error != nil {
		t.Fatal(writing.Error)
	}
	defer writing.Rollback()
	if err := writing.Exec("UPDATE services SET years = 7").Error; err != nil {
		t.Fatal(err)
	}
	got, err := store.Service(t.Context(), "p", "1")
	if err != nil || got.Years != created.Years {
		t.Errorf("read %d years beside an uncommitted write, %v; want %d", got.Years, err, created.Years)
	}
}

func TestBusyAllowsAnotherRun(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.SQLite)
	holder, impatient := connect(t, mirror.SQLite, address), connect(t, mirror.SQLite, address)
	holder.SetMaxOpenConns(1)
	impatient.SetMaxOpenConns(1)
	for _, statement := range []string{"BEGIN IMMEDIATE"} {
		if _, err := holder.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := impatient.ExecContext(t.Context(), "PRAGMA busy_timeout = 0"); err != nil {
		t.Fatal(err)
	}
	_, err := impatient.ExecContext(t.Context(), "INSERT INTO panels (id, name) VALUES ('p', 'p')")
	if !mirror.RolledBack(err) {
		t.Errorf("%v does not allow another run", err)
	}
}

func TestOneProcessServesFromAnSQLiteFile(t *testing.T) {
	t.Parallel()
	address := mirrortest.Address(t, mirror.SQLite)
	serving := mirror.Options{Driver: mirror.SQLite, DSN: address, Now: time.Now, Exclusive: true}
	first, err := mirror.Open(t.Context(), serving)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = mirror.Open(t.Context(), serving); err == nil || !strings.Contains(err.Error(), "another certbridge serves from "+address) {
		t.Errorf("a second process: %v", err)
	}
	beside := serving
	beside.Exclusive = false
	mirrortest.OpenAt(t, beside) // as `certbridge panel` does
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	mirrortest.OpenAt(t, serving)
}

func TestSQLiteFilesMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "100%.db", "what?.db", "#1;x&y=z.db", "ünï.db"} {
		address := filepath.Join(t.TempDir(), name)
		store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.SQLite, DSN: address, AnySchema: true})
		if err := store.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(address); err != nil {
			t.Error(err)
		}
	}
}

func TestUnusableSQLiteAddressesAreExplained(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", ":memory:", "file:certbridge.db?mode=memory"} {
		_, err := mirror.Open(t.Context(), mirror.Options{Driver: mirror.SQLite, DSN: address, Now: time.Now})
		if err == nil || !strings.Contains(err.Error(), "is not the path of a file") {
			t.Errorf("%q: %v", address, err)
		}
	}
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, []byte("this is no database, and long enough for SQLite to see that it is none"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		filepath.Join(directory, "no", "such", "certbridge.db"): "there is no directory " + filepath.Join(directory, "no", "such") + "; make it",
		filepath.Join(file, "certbridge.db"):                    file + " is not a directory",
		directory:                                               directory + ": is a directory",
		file:                                                    "file is not a database",
	} {
		for _, exclusive := range []bool{false, true} {
			_, err := mirror.Open(t.Context(), mirror.Options{Driver: mirror.SQLite, DSN: address, Now: time.Now, Exclusive: exclusive})
			if err == nil || !strings.HasPrefix(err.Error(), "database "+address+": ") || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, exclusive %t: %v", address, exclusive, err)
			}
		}
	}
}

// Tests may run as a user whom nothing is denied.
func TestAMissingPermissionIsExplained(t *testing.T) {
	t.Parallel()
	address := filepath.Join(t.TempDir(), "certbridge.db")
	err := mirror.Unopened(address, &fs.PathError{Op: "open", Path: address + ".lock", Err: syscall.EACCES})
	want := "database " + address + ": open " + address + ".lock: permission denied; the user who runs certbridge must be able to write the file and its directory"
	if !errors.Is(err, fs.ErrPermission) || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("it says: %v", err)
	}
}
