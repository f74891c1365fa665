// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

func everyFieldComesBack(t *testing.T, store provisioning.Store) {
	written := create(t, store, fullService("1042"))
	if written.ID == 0 || written.Version != 1 {
		t.Errorf("after the first write: key %d, version %d, want a key and version 1", written.ID, written.Version)
	}
	for _, o := range written.Orders {
		if o.ID == 0 {
			t.Errorf("order %s got no key", o.OrderID)
		}
	}
	for _, c := range written.Certificates {
		if c.ID == 0 {
			t.Errorf("certificate %s got no key", c.CertificateID)
		}
	}
	equal(t, read(t, store, written), written)
}

func emptyComesBackEmpty(t *testing.T, store provisioning.Store) {
	empty := provisioning.Service{Panel: panel, ServiceID: "1", Account: account}
	empty.Orders = []provisioning.Order{{OrderID: "o"}}
	empty.Certificates = []provisioning.Certificate{{CertificateID: "c"}, {CertificateID: "leaf", Leaf: &provisioning.Leaf{}}}
	written := create(t, store, empty)
	equal(t, read(t, store, written), written)

	none := create(t, store, provisioning.Service{Panel: panel, ServiceID: "2", Account: account})
	equal(t, read(t, store, none), none)
}

func operationComesBack(t *testing.T, store provisioning.Store) {
	s := emptyService("1")
	written := &provisioning.Operation{
		ID: "op-1", Kind: provisioning.OperationRenew, State: provisioning.OperationUncertain, Panel: s.Panel, ServiceID: s.ServiceID,
		Account: s.Account, CertificateID: "c-1", RequestedBy: "operator:Änn", Request: `{"years":1}`, Attempts: 2,
		Result: provisioning.OperationResult{
			CertificateID: "c-2", OrderID: "o-2", TransactionID: "t-2",
			Charged: provisioning.Money{Units: -1, Currency: "EUR"},
		},
		Failure: &provisioning.Failure{
			Code: "provider_unreachable", Detail: "No answer.", Retryable: true,
			Upstream: provisioning.Upstream{Code: "504", Message: "<html>"},
		},
		CreatedAt: noon(), SentAt: noon().Add(time.Microsecond), FinishedAt: noon().Add(time.Minute), UpdatedAt: noon().Add(time.Hour),
	}
	write(t, store, provisioning.Change{After: &s, Operation: written})
	if written.Version != 1 {
		t.Errorf("version %d after the first write, want 1", written.Version)
	}
	got, err := store.Operation(t.Context(), "op-1")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, *written)

	bare := &provisioning.Operation{ID: "op-2", State: provisioning.OperationRefused}
	before := read(t, store, s)
	write(t, store, provisioning.Change{Before: &before, After: &s, Operation: bare})
	if got, err = store.Operation(t.Context(), "op-2"); err != nil {
		t.Fatal(err)
	}
	equal(t, got, *bare)
}

func textComesBack(t *testing.T, store provisioning.Store) {
	for i, text := range []string{
		"Ünïcödé", "日本語", "🔒 four bytes", "e\u0301 stays decomposed", "trailing space ", " leading", "tab\tnewline\r\n",
		`quote ' " backslash \ percent % underscore _`, `\' OR 1=1 --`, "nul\x00inside", strings.Repeat("é", 70_000),
	} {
		s := fullService(string(rune('a' + i)))
		s.Client.Name = text
		c := &s.Certificates[0]
		c.ProviderStatus, c.StatusDetail, c.ProviderProduct, c.CSR, c.CommonName = text, text, text, text, text
		c.Contact.Organization, c.Leaf.Issuer, c.Leaf.PEM, c.Domains = text, text, text, []string{text}
		written := create(t, store, s)
		equal(t, read(t, store, written), written)
	}
}

// instantsHaveNoZone writes the same instant in another zone, with more digits
// than a store keeps.
func instantsHaveNoZone(t *testing.T, store provisioning.Store) {
	tokyo := time.FixedZone("Tokyo", 9*60*60)
	s := emptyService("1")
	s.CreatedAt = time.Date(2026, 11, 23, 1, 30, 0, 123_456_789, tokyo)
	s.UpdatedAt = time.Date(1969, 7, 20, 20, 17, 40, 1_000, time.UTC)
	s.SynchronizedAt = time.Date(2026, 3, 29, 2, 30, 0, 0, time.UTC) // an hour that clocks in Europe skip
	create(t, store, s)
	got := read(t, store, s)
	if want := time.Date(2026, 11, 22, 16, 30, 0, 123_456_000, time.UTC); !got.CreatedAt.Equal(want) || got.CreatedAt.Location() != time.UTC {
		t.Errorf("created at %v, want %v", got.CreatedAt, want)
	}
	if !got.UpdatedAt.Equal(s.UpdatedAt) || !got.SynchronizedAt.Equal(s.SynchronizedAt) {
		t.Errorf("got %v and %v, want %v and %v", got.UpdatedAt, got.SynchronizedAt, s.UpdatedAt, s.SynchronizedAt)
	}
}

func nothingIsNotFound(t *testing.T, store provisioning.Store) {
	create(t, store, emptyService("1"))
	_, err := store.Service(t.Context(), panel, "2")
	refused(t, "an unknown service", err, provisioning.ErrNotFound)
	_, err = store.Operation(t.Context(), "nothing")
	refused(t, "an unknown operation", err, provisioning.ErrNotFound)
	services, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: "nobody", Limit: 10})
	if err != nil || len(services) != 0 {
		t.Errorf("services of an unknown panel: %v, %v", services, err)
	}
	events, err := store.Events(t.Context(), panel, "2", 0, 10)
	if err != nil || len(events) != 0 {
		t.Errorf("events of an unknown service: %v, %v", events, err)
	}
}

func panelsSeeTheirOwn(t *testing.T, store provisioning.Store) {
	mine, theirs := emptyService("1"), emptyService("1")
	theirs.Panel, theirs.Product = "panel-2", "positivessl-wildcard"
	write(t, store, provisioning.Change{After: &mine, Events: []provisioning.Event{{At: noon(), Kind: "mine"}}})
	write(t, store, provisioning.Change{After: &theirs, Events: []provisioning.Event{{At: noon(), Kind: "theirs"}}})
	equal(t, read(t, store, mine), mine)
	equal(t, read(t, store, theirs), theirs)
	_, err := store.Service(t.Context(), "PANEL-1", "1")
	refused(t, "a panel of another case", err, provisioning.ErrNotFound)
	services, err := store.Services(t.Context(), provisioning.ServiceQuery{Panel: "panel-2", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, services, []provisioning.Service{theirs})
	events, err := store.Events(t.Context(), "panel-2", "1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].Kind != "theirs" {
		t.Errorf("events of panel-2: %+v", events)
	}
}
