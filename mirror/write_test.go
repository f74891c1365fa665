// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

func newService(id string) provisioning.Service {
	return provisioning.Service{
		Panel: "p", ServiceID: id, Account: "a", State: provisioning.ServiceActive,
		CreatedAt: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC),
	}
}

func newOperation(id string) *provisioning.Operation {
	return &provisioning.Operation{ID: id, Kind: provisioning.OperationPurchase, State: provisioning.OperationSent}
}

func TestAWriteTakesFewStatements(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			store := mirrortest.Open(t, driver, time.Now)
			counter := mirror.NewCounter()
			store.Count(counter)
			takes := func(what string, want int, run func() error) {
				t.Helper()
				counter.Statements = nil
				if err := run(); err != nil {
					t.Fatalf("%s: %v", what, err)
				}
				if len(counter.Statements) != want {
					t.Errorf("%s takes %d statements, want %d:\n%s", what, len(counter.Statements), want, strings.Join(counter.Statements, "\n"))
				}
			}
			created, operation := newService("1"), newOperation("op")
			takes("a create", 2, func() error {
				return store.Write(t.Context(), provisioning.Change{After: &created, Operation: operation})
			})
			bought := created.Clone()
			operation.State = provisioning.OperationSucceeded
			bought.Orders = []provisioning.Order{{OrderID: "o-1"}, {OrderID: "o-2"}}
			bought.Certificates = []provisioning.Certificate{{CertificateID: "c-1"}, {CertificateID: "c-2"}, {CertificateID: "c-3"}}
			takes("its outcome", 5, func() error {
				return store.Write(t.Context(), provisioning.Change{
					Before: &created, After: &bought, Operation: operation, Events: []provisioning.Event{{Kind: "a"}, {Kind: "b"}},
				})
			})
			synchronized := bought.Clone()
			synchronized.SynchronizedAt = time.Now()
			takes("a synchronization without news", 1, func() error {
				return store.Write(t.Context(), provisioning.Change{Before: &bought, After: &synchronized})
			})
			issued := synchronized.Clone()
			issued.Certificates[1].Status = provisioning.StatusIssued
			takes("one changed certificate", 2, func() error {
				return store.Write(t.Context(), provisioning.Change{Before: &synchronized, After: &issued})
			})
			for i := range 20 {
				another := newService(fmt.Sprint("another-", i))
				another.Orders = []provisioning.Order{{OrderID: another.ServiceID}}
				if err := store.Write(t.Context(), provisioning.Change{After: &another}); err != nil {
					t.Fatal(err)
				}
			}
			takes("reading a service", 3, func() error {
				_, err := store.Service(t.Context(), "p", "1")
				return err
			})
			takes("reading 21 services of an account", 3, func() error {
				services, err := store.AccountServices(t.Context(), "a", 0, 50)
				if len(services) != 21 {
					t.Errorf("%d services, want 21", len(services))
				}
				return err
			})
			takes("reading operations", 1, func() error {
				_, err := store.Operations(t.Context(), provisioning.OperationQuery{})
				return err
			})
			takes("finding owners", 1, func() error {
				_, err := store.Owners(t.Context(), "a", []string{"c-1", "c-2"})
				return err
			})
			takes("reading 21 services", 3, func() error {
				services, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: "p", Limit: 50})
				if len(services) != 21 {
					t.Errorf("%d services, want 21", len(services))
				}
				return err
			})
		})
	}
}

func TestAGeneratedKeyThatIsTakenIsReplaced(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		const last = int64(1) << 62
		for i := range 3 {
			store.SetLastKey(last)
			created := newService(fmt.Sprint(i))
			created.Orders = []provisioning.Order{{OrderID: fmt.Sprint(i)}}
			if err := store.Write(t.Context(), provisioning.Change{After: &created}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The value that is doubled stands in the server's message, before the key.
func TestAnIDCannotPassForTheNameOfAKey(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		for i, want := range []error{nil, provisioning.ErrExists} {
			created := newService("x' for key 'operations_open_service'")
			if err := store.Write(t.Context(), provisioning.Change{After: &created}); !errors.Is(err, want) {
				t.Errorf("write %d: %v, want %v", i, err, want)
			}
		}
	})
}

func TestAnIDThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		for _, id := range []string{strings.Repeat("x", 256), strings.Repeat("é", 128)} {
			created := newService("1")
			created.Certificates = []provisioning.Certificate{{CertificateID: id}}
			if err := store.Write(t.Context(), provisioning.Change{After: &created}); err == nil {
				t.Errorf("an id of %d bytes was stored", len(id))
			}
		}
	})
}

func TestTextThatIsNoTextIsStoredReadably(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		created := newService("1")
		created.Certificates = []provisioning.Certificate{{CertificateID: "c", StatusDetail: "broken \xff\xfe here"}}
		if err := store.Write(t.Context(), provisioning.Change{After: &created}); err != nil {
			t.Fatal(err)
		}
		stored, err := store.Service(t.Context(), "p", "1")
		if err != nil {
			t.Fatal(err)
		}
		if got := stored.Certificates[0].StatusDetail; got != "broken \uFFFD here" {
			t.Errorf("stored as %q", got)
		}
	})
}

// What a database rolls back it rolls back at any statement. Here it does so at
// the last one, twice; the third run passes.
func TestARolledBackTransactionIsRunAgain(t *testing.T) {
	t.Parallel()
	for _, number := range []int{1213, 1205, 1020} {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, mirror.MySQL)
			// A table without transactions keeps count across the rollbacks.
			execute(t, mirror.MySQL, address, "CREATE TABLE strikes (remaining INT NOT NULL) ENGINE=MyISAM")
			execute(t, mirror.MySQL, address, "INSERT INTO strikes VALUES (2)")
			execute(t, mirror.MySQL, address, fmt.Sprintf(`CREATE TRIGGER strike BEFORE INSERT ON events FOR EACH ROW
				IF (SELECT remaining FROM strikes) > 0 THEN
					UPDATE strikes SET remaining = remaining - 1;
					SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = %d, MESSAGE_TEXT = 'rolled back';
				END IF`, number))
			store := mirrortest.OpenAt(t, mirror.Options{Driver: mirror.MySQL, DSN: address})
			lane, err := store.TakeLane(t.Context(), "a", "holder", time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			created, operation := newService("1"), newOperation("op")
			created.Orders = []provisioning.Order{{OrderID: "o"}}
			err = store.Write(t.Context(), provisioning.Change{
				After: &created, Operation: operation, Events: []provisioning.Event{{Kind: "a"}}, Lane: &lane,
			})
			if err != nil {
				t.Fatal(err)
			}
			stored, err := store.Service(t.Context(), "p", "1")
			if err != nil {
				t.Fatal(err)
			}
			if stored.ID != created.ID || stored.Version != 1 || operation.Version != 1 || stored.Orders[0] != created.Orders[0] {
				t.Errorf("told %+v, stored %+v", created, stored)
			}
			var remaining int
			if err := connect(t, mirror.MySQL, address).QueryRowContext(t.Context(), "SELECT remaining FROM strikes").Scan(&remaining); err != nil || remaining != 0 {
				t.Errorf("%d strikes remain, %v", remaining, err)
			}
		})
	}
}
