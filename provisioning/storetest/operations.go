// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// operationGoesItsWay fills an operation step by step, as one does that ends in
// doubt, and empties what is filled for a time only.
func operationGoesItsWay(t *testing.T, store provisioning.Store) {
	s := emptyService("1")
	o := operation("op", s)
	step := func(what string) {
		t.Helper()
		change := provisioning.Change{After: &s, Operation: o}
		if o.Version > 0 {
			before := read(t, store, s)
			s = before.Clone()
			change.Before = &before
		}
		write(t, store, change)
		got, err := store.Operation(t.Context(), o.ID)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		equal(t, got, *o)
		if (got.Noted == nil) != (o.Noted == nil) || (got.Evidence == nil) != (o.Evidence == nil) ||
			(got.Decision == nil) != (o.Decision == nil) || (got.Failure == nil) != (o.Failure == nil) {
			t.Errorf("%s: what is not there came as something empty, or the other way: %+v", what, got)
		}
		if open := read(t, store, s).Operation; o.State.Open() {
			equal(t, open, o)
		} else if open != nil {
			t.Errorf("%s: it is still open", what)
		}
	}
	step("recorded")

	o.State, o.Attempts, o.Fence, o.SentAt, o.LookAt = provisioning.OperationSent, 1, 1<<40, noon(), noon().Add(time.Minute)
	o.Noted = new(noted())
	step("sent")

	o.State, o.Looks, o.LookAt = provisioning.OperationUncertain, 1, noon().Add(time.Hour)
	o.Failure = &provisioning.Failure{Code: "no_answer", Detail: "No answer came.", Retryable: true}
	o.Evidence = new(evidence())
	o.Exchanges = []provisioning.Exchange{
		{Command: "ssl.create", SentAt: noon(), Took: 30 * time.Second, Request: "Type=PositiveSSL&Years=1", Problem: "timeout"},
		{Command: "ssl.getList", SentAt: noon().Add(time.Minute), Took: 1, Request: "Page=1", Answer: "<r>Änn 🔒 & co</r>\x00\r\n"},
	}
	step("uncertain")

	o.State, o.Looks, o.LookAt = provisioning.OperationNeedsAttention, 7, time.Time{}
	o.Evidence.Candidates, o.Evidence.Conclusion = nil, "Nothing is there."
	step("needs attention")

	o.State, o.FinishedAt, o.UpdatedAt = provisioning.OperationSucceeded, noon().Add(2*time.Hour), noon().Add(3*time.Hour)
	o.Failure = nil
	o.Decision = &provisioning.Decision{
		Verdict: provisioning.VerdictAdopt, CertificateID: "c-1", DecidedBy: "operator:Änn", At: noon(), Note: "seen\nin the list",
	}
	o.Result = provisioning.OperationResult{
		CertificateID: "c-1", OrderID: "o-1", TransactionID: "t-1", Charged: provisioning.Money{Units: 78_800, Currency: "USD"},
		ChargedBy: provisioning.ChargedByBalance,
	}
	step("succeeded")

	o.Noted, o.Evidence, o.Decision, o.Exchanges = &provisioning.Noted{}, &provisioning.Evidence{}, &provisioning.Decision{}, []provisioning.Exchange{}
	o.Fence, o.Looks, o.Attempts, o.Result = 0, 0, 0, provisioning.OperationResult{}
	step("emptied")
	if got, err := store.Operation(t.Context(), o.ID); err != nil || got.Exchanges != nil {
		t.Errorf("no exchanges came as %#v, %v", got.Exchanges, err)
	}
	o.Noted, o.Evidence, o.Decision, o.Exchanges = nil, nil, nil, nil
	step("forgotten")
}

func noted() provisioning.Noted {
	return provisioning.Noted{
		At: noon(), Balance: provisioning.Money{Units: 9_081_600, Currency: "USD"}, Newest: []string{"12", "11", "9"}, Total: 3,
		Domains: 4, Authorised: provisioning.Money{Units: 78_800, Currency: "USD"}, Ceiling: true,
	}
}

func evidence() provisioning.Evidence {
	return provisioning.Evidence{
		At: noon().Add(time.Hour), Balance: provisioning.Money{Units: -5, Currency: "EUR"}, Total: 5, Domains: 2,
		Candidates: []provisioning.Candidate{
			{CertificateID: "13", ProviderProduct: "PositiveSSL", ProviderStatus: "newpurchase", Years: 2, PurchasedOn: "2026-11-22"},
			{CertificateID: "14"},
		},
		Conclusion: "Two are there, and \"one\" was bought.",
	}
}

// filed is an operation as operationsAreFound looks for it.
type filed struct {
	id, account string
	kind        provisioning.OperationKind
	state       provisioning.OperationState
	lookAt      time.Time
}

// file makes operations, each with a service of its own, not in the order of
// their ids.
func file(t *testing.T, store provisioning.Store, operations []filed) {
	t.Helper()
	for i := range operations {
		f := operations[(i*5+3)%len(operations)]
		s := emptyService("s-" + f.id)
		s.Account = f.account
		o := operation(f.id, s)
		o.Kind, o.State, o.LookAt = f.kind, f.state, f.lookAt
		write(t, store, provisioning.Change{After: &s, Operation: o})
	}
}

func operationsAreFound(t *testing.T, store provisioning.Store) {
	const other = "shop-production"
	file(t, store, []filed{
		{"A", account, provisioning.OperationPurchase, provisioning.OperationSucceeded, time.Time{}},
		{"B", account, provisioning.OperationActivate, provisioning.OperationRefused, noon()},
		{"a", other, provisioning.OperationPurchase, provisioning.OperationUncertain, noon()},
		{"b", account, provisioning.OperationPurchase, provisioning.OperationUncertain, noon().Add(time.Microsecond)},
		{"c", account, provisioning.OperationRenew, provisioning.OperationRecorded, time.Time{}},
		{"d", account, provisioning.OperationAddDomains, provisioning.OperationSent, noon().Add(-time.Hour)},
		{"e", other, provisioning.OperationRenew, provisioning.OperationNeedsAttention, time.Time{}},
		{"f", account, provisioning.OperationRevoke, provisioning.OperationSent, noon()},
	})
	find := func(query provisioning.OperationQuery, want ...string) {
		t.Helper()
		operations, err := store.Operations(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range operations {
			whole, err := store.Operation(t.Context(), o.ID)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, o, whole)
			got = append(got, o.ID)
		}
		equal(t, got, want)
	}
	open := []provisioning.OperationState{
		provisioning.OperationRecorded, provisioning.OperationSent, provisioning.OperationUncertain, provisioning.OperationNeedsAttention,
	}
	charges := []provisioning.OperationKind{provisioning.OperationPurchase, provisioning.OperationRenew, provisioning.OperationAddDomains}
	// In the order of bytes, as no language sorts.
	find(provisioning.OperationQuery{}, "A", "B", "a", "b", "c", "d", "e", "f")
	find(provisioning.OperationQuery{Account: other}, "a", "e")
	find(provisioning.OperationQuery{Account: "SHOP-PRODUCTION"})
	find(provisioning.OperationQuery{Kinds: charges}, "A", "a", "b", "c", "d", "e")
	find(provisioning.OperationQuery{States: open}, "a", "b", "c", "d", "e", "f")
	find(provisioning.OperationQuery{States: []provisioning.OperationState{provisioning.OperationSent, provisioning.OperationSucceeded}}, "A", "d", "f")
	find(provisioning.OperationQuery{LookUntil: noon()}, "B", "a", "d", "f")
	find(provisioning.OperationQuery{LookUntil: noon().Add(time.Microsecond)}, "B", "a", "b", "d", "f")
	find(provisioning.OperationQuery{LookUntil: noon(), States: open}, "a", "d", "f")
	find(provisioning.OperationQuery{Account: account, Kinds: charges, States: open}, "b", "c", "d")
	find(provisioning.OperationQuery{Account: account, Kinds: charges, States: open, LookUntil: noon(), After: "a", Limit: 1}, "d")
	find(provisioning.OperationQuery{After: "b"}, "c", "d", "e", "f")
	find(provisioning.OperationQuery{After: "b", Limit: 2}, "c", "d")
	find(provisioning.OperationQuery{After: "f"})

	// What is finished leaves the open ones.
	before := read(t, store, emptyService("s-d"))
	after := before.Clone()
	done := *before.Operation
	done.State, done.LookAt = provisioning.OperationSucceeded, time.Time{}
	write(t, store, provisioning.Change{Before: &before, After: &after, Operation: &done})
	find(provisioning.OperationQuery{Account: account, States: open}, "b", "c", "f")
	find(provisioning.OperationQuery{LookUntil: noon()}, "B", "a", "f")
}

func operationsHaveADefaultPage(t *testing.T, store provisioning.Store) {
	before := create(t, store, emptyService("1"))
	for i := range 101 {
		after := before.Clone()
		write(t, store, provisioning.Change{Before: &before, After: &after, Operation: finished(fmt.Sprintf("op-%03d", i), after)})
		before = after
	}
	page, err := store.Operations(t.Context(), provisioning.OperationQuery{})
	if err != nil || len(page) != 100 || page[99].ID != "op-099" {
		t.Errorf("a page of %d, %v", len(page), err)
	}
}
