// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

func changesAreWritten(t *testing.T, store provisioning.Store) {
	bystander := create(t, store, fullService("bystander"))
	before := create(t, store, fullService("1042"))
	after := before.Clone()
	after.State, after.Years, after.Client = provisioning.ServiceTerminated, 0, provisioning.Client{}
	after.SynchronizedAt, after.UpdatedAt = time.Time{}, noon().Add(time.Hour)
	after.Orders[1].Term.EndsOn, after.Orders[1].Charged = provisioning.Date{}, provisioning.Money{}
	after.Certificates[0].Status, after.Certificates[0].Leaf = provisioning.StatusRevoked, nil
	after.Certificates[1].Validation[0].Status = provisioning.ValidationCompleted
	after.Certificates[1].Leaf = &provisioning.Leaf{SerialNumber: "ff", NotAfter: noon()}
	after.Orders = append(after.Orders, order("1042-o3", "1042-o2"))
	after.Certificates = append(after.Certificates, certificate("1042-c4", "1042-o3"), certificate("1042-c5", "1042-o3"))
	// One that was found late takes its place in the lineage.
	after.Certificates[0], after.Certificates[1] = after.Certificates[1], after.Certificates[0]
	write(t, store, provisioning.Change{Before: &before, After: &after})
	if after.Version != before.Version+1 {
		t.Errorf("version %d after a write of version %d", after.Version, before.Version)
	}
	equal(t, read(t, store, after), after)
	equal(t, read(t, store, bystander), bystander)

	// A write without any difference is a write all the same.
	again := after.Clone()
	write(t, store, provisioning.Change{Before: &after, After: &again})
	if again.Version != after.Version+1 {
		t.Errorf("version %d after an empty write of version %d", again.Version, after.Version)
	}
	equal(t, read(t, store, again), again)
}

func historyStays(t *testing.T, store provisioning.Store) {
	before := create(t, store, fullService("1042"))
	for what, change := range map[string]func(s *provisioning.Service){
		"another panel":       func(s *provisioning.Service) { s.Panel = "panel-2" },
		"another service id":  func(s *provisioning.Service) { s.ServiceID = "1043" },
		"another account":     func(s *provisioning.Service) { s.Account = "shop-production" },
		"a missing order":     func(s *provisioning.Service) { s.Orders = s.Orders[1:] },
		"a missing leaf link": func(s *provisioning.Service) { s.Certificates = s.Certificates[:2] },
		"a doubled entry":     func(s *provisioning.Service) { s.Orders = append(s.Orders, s.Orders[0]) },
	} {
		after := before.Clone()
		change(&after)
		if err := store.Write(t.Context(), provisioning.Change{Before: &before, After: &after}); err == nil {
			t.Errorf("%s was written", what)
		}
	}
	equal(t, read(t, store, before), before)
}

func naturalKeysAreUnique(t *testing.T, store provisioning.Store) {
	create(t, store, fullService("1"))

	same := emptyService("1")
	refused(t, "a service id that is taken", store.Write(t.Context(), provisioning.Change{After: &same}), provisioning.ErrExists)

	sameOrder := emptyService("2")
	sameOrder.Orders = []provisioning.Order{order("1-o1", "")}
	refused(t, "an order id that is taken", store.Write(t.Context(), provisioning.Change{After: &sameOrder}), provisioning.ErrExists)

	sameCertificate := emptyService("2")
	sameCertificate.Certificates = []provisioning.Certificate{certificate("1-c2", "")}
	refused(t, "a certificate id that is taken", store.Write(t.Context(), provisioning.Change{After: &sameCertificate}), provisioning.ErrExists)

	other := emptyService("2")
	other.Account = "shop-production"
	other.Orders = []provisioning.Order{order("1-o1", ""), order("1-o2", "1-o1")}
	other.Certificates = []provisioning.Certificate{certificate("1-c1", "1-o1")}
	create(t, store, other)

	third := emptyService("3")
	write(t, store, provisioning.Change{After: &third, Operation: finished("op", third)})
	fourth := emptyService("4")
	refused(t, "an operation id that is taken",
		store.Write(t.Context(), provisioning.Change{After: &fourth, Operation: finished("op", fourth)}), provisioning.ErrExists)
	if fourth.ID != 0 || fourth.Version != 0 {
		t.Errorf("a refused write left key %d and version %d in the service", fourth.ID, fourth.Version)
	}
}

func ordersWithoutID(t *testing.T, store provisioning.Store) {
	for _, id := range []string{"1", "2"} {
		s := emptyService(id)
		s.Orders = []provisioning.Order{order("", "")}
		written := create(t, store, s)
		equal(t, read(t, store, written), written)
	}
}

func idsAreExact(t *testing.T, store provisioning.Store) {
	for _, id := range []string{"a", "A", "ä", "a ", " a", "á", "a\t"} {
		s := fullService(id)
		s.Certificates, s.Orders = nil, nil
		s.Orders = []provisioning.Order{order(id, "")}
		s.Certificates = []provisioning.Certificate{certificate(id, id)}
		written := create(t, store, s)
		equal(t, read(t, store, written), written)
	}
	_, err := store.Service(t.Context(), panel, "Ä")
	refused(t, "a service id of another case", err, provisioning.ErrNotFound)
	_, err = store.Service(t.Context(), panel, "a  ")
	refused(t, "a service id with more spaces", err, provisioning.ErrNotFound)
}

func oneSuccessor(t *testing.T, store provisioning.Store) {
	before := create(t, store, fullService("1"))
	after := before.Clone()
	after.Orders = append(after.Orders, order("1-o3", "1-o1"))
	refused(t, "a second successor", store.Write(t.Context(), provisioning.Change{Before: &before, After: &after}), provisioning.ErrExists)
	equal(t, read(t, store, before), before)
}

func staleWriters(t *testing.T, store provisioning.Store) {
	s := emptyService("1")
	opened := operation("op", s)
	write(t, store, provisioning.Change{After: &s, Operation: opened})
	first, second := s.Clone(), s.Clone()
	first.Years, second.Years = 2, 3
	write(t, store, provisioning.Change{Before: &s, After: &first})
	refused(t, "a write of an old version", store.Write(t.Context(), provisioning.Change{Before: &s, After: &second}), provisioning.ErrStale)
	if second.Version != s.Version {
		t.Errorf("a refused write left version %d", second.Version)
	}

	sent, late := *opened, *opened
	sent.State, late.State = provisioning.OperationSent, provisioning.OperationRefused
	again := first.Clone()
	write(t, store, provisioning.Change{Before: &first, After: &again, Operation: &sent})
	if sent.Version != 2 {
		t.Errorf("version %d of an operation after its second write", sent.Version)
	}
	third := again.Clone()
	refused(t, "a write of an old version of the operation",
		store.Write(t.Context(), provisioning.Change{Before: &again, After: &third, Operation: &late}), provisioning.ErrStale)

	unknown := *operation("unknown", s)
	unknown.Version = 1
	refused(t, "an operation that is not there",
		store.Write(t.Context(), provisioning.Change{Before: &again, After: &third, Operation: &unknown}), provisioning.ErrStale)

	ghost := emptyService("ghost")
	ghost.ID, ghost.Version = 12345, 1
	shade := ghost.Clone()
	refused(t, "a service that is not there", store.Write(t.Context(), provisioning.Change{Before: &ghost, After: &shade}), provisioning.ErrStale)
}

func openOperation(t *testing.T, store provisioning.Store) {
	s := emptyService("1")
	opened := operation("op", s)
	write(t, store, provisioning.Change{After: &s, Operation: opened})
	for _, state := range []provisioning.OperationState{
		provisioning.OperationSent, provisioning.OperationUncertain, provisioning.OperationNeedsAttention,
	} {
		before := read(t, store, s)
		if before.Operation == nil {
			t.Fatalf("no open operation before it became %s", state)
		}
		equal(t, *before.Operation, *opened)
		after := before.Clone()
		opened.State, opened.Attempts = state, opened.Attempts+1
		write(t, store, provisioning.Change{Before: &before, After: &after, Operation: opened})
	}
	before := read(t, store, s)
	after := before.Clone()
	opened.State = provisioning.OperationSucceeded
	write(t, store, provisioning.Change{Before: &before, After: &after, Operation: opened})
	after = read(t, store, s)
	if after.Operation != nil {
		t.Errorf("operation %s is still there after it succeeded", after.Operation.ID)
	}
	if got, err := store.Operation(t.Context(), "op"); err != nil || got.State != provisioning.OperationSucceeded {
		t.Errorf("operation by id: %+v, %v", got, err)
	}
	next := after.Clone()
	write(t, store, provisioning.Change{Before: &after, After: &next, Operation: operation("op-2", s)})
}

func oneOpenOperation(t *testing.T, store provisioning.Store) {
	s := emptyService("1")
	write(t, store, provisioning.Change{After: &s, Operation: operation("op", s)})
	after := s.Clone()
	second := operation("op-2", s)
	refused(t, "a second open operation",
		store.Write(t.Context(), provisioning.Change{Before: &s, After: &after, Operation: second}), provisioning.ErrBusy)
	if second.Version != 0 || after.Version != s.Version {
		t.Errorf("a refused write left versions %d and %d", second.Version, after.Version)
	}
	write(t, store, provisioning.Change{Before: &s, After: &after, Operation: finished("op-3", s)})

	other := emptyService("2")
	write(t, store, provisioning.Change{After: &other, Operation: operation("op-4", other)})
}

// failingWrites makes writes that fail at their last statement.
func failingWrites(t *testing.T, store provisioning.Store) {
	taken := create(t, store, fullService("taken"))
	busy := emptyService("busy")
	write(t, store, provisioning.Change{After: &busy, Operation: operation("op", busy)})

	fresh := fullService("fresh")
	fresh.Certificates[2].CertificateID = taken.Certificates[0].CertificateID
	err := store.Write(t.Context(), provisioning.Change{
		After: &fresh, Operation: operation("op-2", fresh), Events: []provisioning.Event{{At: noon(), Kind: "never"}},
	})
	refused(t, "a write with a certificate of another service", err, provisioning.ErrExists)
	_, err = store.Service(t.Context(), panel, "fresh")
	refused(t, "a service that was not written", err, provisioning.ErrNotFound)
	_, err = store.Operation(t.Context(), "op-2")
	refused(t, "an operation that was not written", err, provisioning.ErrNotFound)
	retried := fullService("fresh")
	create(t, store, retried)

	after := busy.Clone()
	after.State, after.Orders = provisioning.ServiceTerminated, []provisioning.Order{order("new", "")}
	err = store.Write(t.Context(), provisioning.Change{
		Before: &busy, After: &after, Operation: operation("op-3", busy), Events: []provisioning.Event{{At: noon(), Kind: "never"}},
	})
	refused(t, "a write that opens a second operation", err, provisioning.ErrBusy)
	got := read(t, store, busy)
	if got.State != busy.State || got.Version != busy.Version || len(got.Orders) != 0 {
		t.Errorf("a refused write left %+v", got)
	}
	events, err := store.Events(t.Context(), panel, "busy", 0, 10)
	if err != nil || len(events) != 0 {
		t.Errorf("a refused write left events %+v, %v", events, err)
	}
	if errors.Is(err, provisioning.ErrNotFound) {
		t.Error("reading events of a service without any is no error")
	}
}

// finished is an operation that is not open.
func finished(id string, s provisioning.Service) *provisioning.Operation {
	done := operation(id, s)
	done.State, done.FinishedAt = provisioning.OperationSucceeded, noon()
	return done
}
