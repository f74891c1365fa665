// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// watchedService is a service that is to be asked about so many minutes after noon.
func watchedService(serviceID string, minutes int) provisioning.Service {
	s := emptyService(serviceID)
	s.WatchAt, s.WatchSince = noon().Add(time.Duration(minutes)*time.Minute), noon()
	return s
}

// watched reads what is due and tells the ids.
func watched(t *testing.T, store provisioning.Store, until time.Time, limit int, accounts ...string) (ids []string) {
	t.Helper()
	due, err := store.Watched(t.Context(), accounts, until, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range due {
		s, err := store.Service(t.Context(), one.Panel, one.ServiceID)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, one.Watch, s.Watch)
		ids = append(ids, one.ServiceID)
	}
	return ids
}

func watchedAreFound(t *testing.T, store provisioning.Store) {
	for _, s := range []provisioning.Service{
		watchedService("late", 3), watchedService("early", 1), watchedService("next", 2), emptyService("never"),
	} {
		create(t, store, s)
	}
	elsewhere := watchedService("elsewhere", 0)
	elsewhere.Account, elsewhere.Panel = "shop-production", "panel-2"
	create(t, store, elsewhere)

	end := noon().Add(time.Hour)
	equal(t, watched(t, store, end, 10, account), []string{"early", "next", "late"})
	equal(t, watched(t, store, end, 2, account), []string{"early", "next"})
	equal(t, watched(t, store, noon().Add(2*time.Minute), 10, account), []string{"early", "next"})
	equal(t, watched(t, store, noon().Add(2*time.Minute-time.Microsecond), 10, account), []string{"early"})
	equal(t, watched(t, store, end, 10, account, "shop-production"), []string{"elsewhere", "early", "next", "late"})
	equal(t, watched(t, store, end, 10, "nobody"), []string(nil))
	equal(t, watched(t, store, end, 10), []string(nil))

	// What is not watched any more is not found.
	before := read(t, store, emptyService("early"))
	after := before.Clone()
	after.Watch = provisioning.Watch{}
	write(t, store, provisioning.Change{Before: &before, After: &after})
	equal(t, watched(t, store, end, 10, account), []string{"next", "late"})
	equal(t, read(t, store, after), after)
}

func watchesAreClaimed(t *testing.T, store provisioning.Store) {
	s := create(t, store, watchedService("1", 0))
	create(t, store, watchedService("2", 0))
	due := provisioning.Watched{Panel: s.Panel, ServiceID: s.ServiceID, Watch: s.Watch}
	next := noon().Add(time.Hour)
	if err := store.ClaimWatch(t.Context(), due, next); err != nil {
		t.Fatal(err)
	}
	refused(t, "a claim that comes second", store.ClaimWatch(t.Context(), due, next.Add(time.Hour)), provisioning.ErrStale)
	for _, unknown := range []provisioning.Watched{
		{Panel: "panel-2", ServiceID: s.ServiceID, Watch: provisioning.Watch{WatchAt: next}},
		{Panel: s.Panel, ServiceID: "3", Watch: provisioning.Watch{WatchAt: next}},
		{Panel: s.Panel, ServiceID: s.ServiceID},
	} {
		refused(t, "a claim on what is not there", store.ClaimWatch(t.Context(), unknown, next), provisioning.ErrStale)
	}
	want := s.Clone()
	want.WatchAt = next
	equal(t, read(t, store, s), want) // its version among the rest: a claim keeps nobody from writing
	after := s.Clone()
	after.Years = 2
	write(t, store, provisioning.Change{Before: &s, After: &after})
	equal(t, watched(t, store, noon(), 10, account), []string{"1", "2"})
}

// racingClaims has many claim the same watch.
func racingClaims(t *testing.T, store provisioning.Store) {
	s := create(t, store, watchedService("1", 0))
	due := provisioning.Watched{Panel: s.Panel, ServiceID: s.ServiceID, Watch: s.Watch}
	race(t, func(i int) error {
		return store.ClaimWatch(t.Context(), due, noon().Add(time.Duration(i+1)*time.Minute))
	}, provisioning.ErrStale)
}
