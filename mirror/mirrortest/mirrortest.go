// SPDX-License-Identifier: Apache-2.0

// Package mirrortest gives tests a store of their own, on both databases: the
// real one, because a double would not have the traps of the real one.
package mirrortest

import (
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
)

// Drivers lists the databases that a store must be tested on.
func Drivers() []string { return []string{mirror.SQLite, mirror.MySQL} }

// Each runs a test on a fresh store of every driver, in parallel.
func Each(t *testing.T, test func(t *testing.T, store *mirror.Mirror)) {
	t.Helper()
	for _, driver := range Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, Open(t, driver, time.Now))
		})
	}
}

// Open gives a fresh, migrated store that ends with the test.
func Open(t testing.TB, driver string, now func() time.Time) *mirror.Mirror {
	t.Helper()
	return OpenAt(t, mirror.Options{Driver: driver, DSN: Address(t, driver), Now: now})
}

// OpenAt opens a store that ends with the test.
func OpenAt(t testing.TB, options mirror.Options) *mirror.Mirror {
	t.Helper()
	if options.Now == nil {
		options.Now = time.Now
	}
	store, err := mirror.Open(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// Address gives the address of a fresh, migrated database that ends with the
// test, for tests that open it more than once.
func Address(t testing.TB, driver string) string {
	t.Helper()
	address := EmptyAddress(t, driver)
	switch driver {
	case mirror.SQLite:
		copyFile(t, address)
	case mirror.MySQL:
		copySchema(t, address)
	}
	return address
}

// EmptyAddress gives the address of a fresh database without any table.
func EmptyAddress(t testing.TB, driver string) string {
	t.Helper()
	switch driver {
	case mirror.SQLite:
		return emptyFile(t)
	case mirror.MySQL:
		return emptySchema(t)
	default:
		t.Fatalf("there is no driver %q", driver)
		return ""
	}
}

// migrate runs the migrations on a database.
func migrate(t testing.TB, driver, address string) {
	t.Helper()
	store, err := mirror.Open(t.Context(), mirror.Options{Driver: driver, DSN: address, Now: time.Now, AnySchema: true})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// once makes something that all tests of a binary share, when the first of them
// needs it. Unlike sync.OnceValue it lets the maker fail its test, and the next
// test try again.
type once[T any] struct {
	mu    sync.Mutex
	made  bool
	value T
}

func (o *once[T]) get(produce func() T) T {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.made {
		o.value, o.made = produce(), true
	}
	return o.value
}
