// SPDX-License-Identifier: Apache-2.0

// Package storetest is the contract that every provisioning.Store must pass. It
// knows nothing of any database; it only asks and looks.
package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/certbridge/certbridge/provisioning"
)

// Opener gives a fresh, empty store that ends with the test. Leases end by the
// given clock, or by the store's own if it is nil.
type Opener func(t *testing.T, leaseClock func() time.Time) provisioning.Store

// Run runs the whole contract, each part on a store of its own.
func Run(t *testing.T, open Opener) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(t *testing.T, store provisioning.Store)
	}{
		{"a service comes back as it was written", everyFieldComesBack},
		{"what is empty comes back empty", emptyComesBackEmpty},
		{"an operation comes back as it was written", operationComesBack},
		{"text comes back letter for letter", textComesBack},
		{"an instant is the same in every time zone", instantsHaveNoZone},
		{"what is not there is not found", nothingIsNotFound},
		{"a panel sees only its own services", panelsSeeTheirOwn},
		{"a change writes what differs", changesAreWritten},
		{"a service is never moved and its lineage never shortened", historyStays},
		{"natural keys are unique", naturalKeysAreUnique},
		{"an order without an id is in nobody's way", ordersWithoutID},
		{"ids differ by case and by trailing spaces", idsAreExact},
		{"an order has one successor", oneSuccessor},
		{"a stale writer is turned away", staleWriters},
		{"an operation is loaded with its service while it is open", openOperation},
		{"a service has one open operation", oneOpenOperation},
		{"a failing write leaves nothing behind", failingWrites},
		{"one of many creators wins", racingCreators},
		{"one of many writers of a version wins", racingWriters},
		{"one of many operations is opened", racingOperations},
		{"one of many successors is bought", racingSuccessors},
		{"a reader never sees half a write", wholeReads},
		{"a write that was broken off can be read back", doubtfulWrites},
		{"events come in order and in pages", eventsInPages},
		{"services come in order and in pages", servicesInPages},
		{"services are found by their status", servicesByStatus},
		{"services are found by the status that they have by now", servicesByPresentStatus},
		{"services are found whose certificate has ended", endedServices},
		{"services are found whose due date is held", heldServices},
		{"evidence of expiry dates adds up", expiryEvidence},
		{"an operation goes its way", operationGoesItsWay},
		{"operations are found", operationsAreFound},
		{"a page of operations ends by itself", operationsHaveADefaultPage},
		{"certificates have owners", ownersAreTold},
		{"services of an account are those of all panels", accountServices},
		{"a listing comes back as it was saved", listingsComeBack},
		{"a listing that is saved again stays what it was", listingsAreReplaced},
		{"fingerprints are told one by one", fingerprintsAreTold},
		{"unlinked certificates are found", unlinkedAreFound},
		{"unlinked certificates come in order and in pages", unlinkedInPages},
		{"an unlinked certificate is dismissed", unlinkedAreDismissed},
		{"listings are saved at once by many", racingListings},
		{"watched services are found", watchedAreFound},
		{"a watch is claimed by one", watchesAreClaimed},
		{"one of many claims of a watch wins", racingClaims},
		{"a feed tells what changed", feedTellsWhatChanged},
		{"the feeds of panels are apart", feedsOfPanelsAreApart},
		{"a reader that is ahead of its feed is told", feedIsOvertaken},
		{"a feed keeps to the model", feedKeepsToTheModel},
		{"readers of a feed miss nothing", racingFeed},
		{"a run comes back as it was stored", runsComeBack},
		{"a run that is under way is joined", runsAreJoined},
		{"a run ends with its last part", runsEnd},
		{"runs are found, the newest first", runsAreFound},
		{"a report comes in order and in pages", reportsInPages},
		{"old runs are cleared", oldRunsAreCleared},
		{"one of many runs is started", racingRuns},
		{"certificates that no listing shows are found", unlistedAreFound},
		{"a lease ends by the store's own clock", laneEndsByItsOwnClock},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.test(t, open(t, nil))
		})
	}
	runLanes(t, open)
}

// runLanes runs the parts in which a test moves the clock that leases end by.
func runLanes(t *testing.T, open Opener) {
	t.Helper()
	for _, part := range []struct {
		name string
		test func(t *testing.T, store provisioning.Store, clock *clock)
	}{
		{"a lane has one holder", laneHasOneHolder},
		{"a lease ends by the clock", laneEndsByTheClock},
		{"who does not hold a lane leaves nothing", oldHoldersLeaveNothing},
		{"a write begins its lease anew", writesProlongTheirLane},
		{"nothing is written under a lane that is lost", lostLanes},
		{"one of many takers gets the lane", racingTakers},
		{"nobody writes after a higher fence", hastyHolders},
		{"writes under many lanes have their own answers", lanesBesideEachOther},
		{"progress is saved under a lease", progressUnderALease},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			part.test(t, open(t, clock.now), clock)
		})
	}
}

// write writes a change that must succeed.
func write(t *testing.T, store provisioning.Store, change provisioning.Change) {
	t.Helper()
	if err := store.Write(t.Context(), change); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// create writes a new service that must succeed.
func create(t *testing.T, store provisioning.Store, service provisioning.Service) provisioning.Service {
	t.Helper()
	write(t, store, provisioning.Change{After: &service})
	return service
}

// read reads a service that must be there.
func read(t *testing.T, store provisioning.Store, like provisioning.Service) provisioning.Service {
	t.Helper()
	service, err := store.Service(t.Context(), like.Panel, like.ServiceID)
	if err != nil {
		t.Fatalf("service %s of panel %s: %v", like.ServiceID, like.Panel, err)
	}
	return service
}

// equal compares two services, an empty list being as good as none.
func equal(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// refused checks that a write failed as it should.
func refused(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}
