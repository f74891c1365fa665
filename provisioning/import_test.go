// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// imported imports and tells the state of each line, with the code of what was
// skipped.
func (s *shop) imported(requests []provisioning.LinkRequest, apply bool) (states []string) {
	s.t.Helper()
	outcomes, err := s.bridge.Import(s.t.Context(), ann, requests, apply, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, outcome := range outcomes {
		state := string(outcome.State)
		if outcome.Code != "" {
			state += " " + outcome.Code
		}
		states = append(states, state)
	}
	return states
}

// many are so many certificates that nobody owns, each with a service to be
// linked to.
func (s *shop) many(count int) (requests []provisioning.LinkRequest) {
	s.t.Helper()
	for range count {
		id := s.upstream.buyByHand("single", 1)
		requests = append(requests, s.linking("service-"+id, id))
	}
	return requests
}

// calls counts pages of the list and details that were asked for.
func (s *shop) calls() [2]int {
	asked := s.asked()
	s.upstream.mu.Lock()
	defer s.upstream.mu.Unlock()
	return [2]int{s.upstream.pages, asked}
}

func repeated(state string, count int) (states []string) {
	for range count {
		states = append(states, state)
	}
	return states
}

func TestAnImportTakesOneCallForEachCertificate(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		const count = 250
		requests := s.many(count)
		var last provisioning.ImportProgress
		if _, err := s.bridge.Import(t.Context(), ann, requests, false, func(at provisioning.ImportProgress) { last = at }); err != nil {
			t.Fatal(err)
		}
		if want := (provisioning.ImportProgress{PagesRead: 3, PagesTotal: 3, LinesDone: count, LinesTotal: count}); last != want {
			t.Errorf("the progress ends with %+v, want %+v", last, want)
		}
		if got := s.calls(); got != [2]int{3, 0} {
			t.Errorf("a dry run reads %d pages and asks about %d certificates", got[0], got[1])
		}
		if services, err := s.bridge.Services(t.Context(), provisioning.ServiceQuery{Panel: s.caller.Panel}); err != nil || len(services) > 0 {
			t.Fatalf("a dry run made %d services, %v", len(services), err)
		}
		if diff := cmp.Diff(repeated("linked", count), s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got := s.calls(); got != [2]int{6, count} {
			t.Errorf("with the dry run %d pages were read and %d certificates asked about", got[0], got[1])
		}
		if diff := cmp.Diff(repeated("already_linked", count), s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got := s.calls(); got != [2]int{6, count} {
			t.Errorf("a repetition made calls: %v", got)
		}
	})
}

func TestAnImportTellsWhatItSkips(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("owner")
		s.create("other")
		owned := s.inUse("owner")
		fine := s.many(5)
		multi := s.upstream.buyByHand("multi", 1)
		requests := []provisioning.LinkRequest{
			fine[0],
			s.linking("owner", owned),               // linked before
			s.linking("stranger", s.inUse("other")), // somebody else's
			s.linking("owner", "77"),                // contradicts the second line: the same service
			s.linking("x", "78"),                    // not at the provider
			s.linking("a/b", "79"),                  // no service id
			s.linking("y", "certificate-1"),         // not at the provider
			fine[1], fine[1],                        // equal lines
			s.linking("m", fine[2].CertificateID), fine[2], // one certificate, two services
			fine[3],
		}
		requests[11].Product = "multi" // of another class
		requests = append(requests, s.linking("multi", multi))
		plan := []string{
			"linkable", "skipped duplicate_service", "skipped certificate_owned", "skipped duplicate_service",
			"skipped certificate_unknown_upstream", "skipped invalid_service_id", "skipped certificate_unknown_upstream",
			"linkable", "linkable", "skipped duplicate_certificate", "skipped duplicate_certificate", "skipped certificate_not_linkable", "linkable",
		}
		if diff := cmp.Diff(plan, s.imported(requests, false)); diff != "" {
			t.Errorf("dry run (-want +got)\n%s", diff)
		}
		plan[0], plan[7], plan[8], plan[12] = "linked", "linked", "already_linked", "linked"
		if diff := cmp.Diff(plan, s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s.asked() != 3 {
			t.Errorf("%d certificates were asked about, 3 could be linked", s.asked())
		}
	})
}

// One provider's failure is one line's, and a store that is away ends the import.
func TestAnImportGoesOnAfterFailures(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		requests := s.many(3)
		s.upstream.failReading(&provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultUnreachable})
		if diff := cmp.Diff(repeated("skipped provider_unreachable", 3), s.imported(requests, true)); diff != "" {
			t.Errorf("without a list (-want +got)\n%s", diff)
		}
		s.upstream.failReading(nil)
		s.upstream.fail(false, &provisioning.ProviderError{Outcome: provisioning.Refused, Fault: provisioning.FaultOther})
		if diff := cmp.Diff([]string{"skipped provider_refused", "linked", "linked"}, s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		further := append(requests, s.many(2)...)
		s.store.expect(lostBefore, lostBefore)
		outcomes, err := s.bridge.Import(t.Context(), ann, further, true, nil)
		var told *provisioning.Error
		if !errors.As(err, &told) || told.Code != "store_unavailable" || outcomes[0].State != "" || outcomes[1].State != provisioning.ImportAlready {
			t.Errorf("a store that is away: %+v, %v", outcomes, err)
		}
		s.store.expect()
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.bridge.Import(over, ann, further, true, nil); err == nil {
			t.Error("an import that was broken off says nothing")
		}
		if diff := cmp.Diff([]string{"linked", "already_linked", "already_linked", "linked", "linked"}, s.imported(further, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}, atOnce)
}

// atOnce has a bridge wait for nothing.
func atOnce(c *provisioning.Config) {
	c.Wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
}

// A provider that turns calls away is asked until it answers, and so is one that
// fails, but not for ever.
func TestAnImportIsPatient(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		for _, fault := range []provisioning.Fault{provisioning.FaultThrottled, provisioning.FaultUnreachable} {
			s.upstream.fail(false, &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: fault})
			before := s.asked()
			if diff := cmp.Diff(repeated("linked", 1), s.imported(s.many(1), true)); diff != "" || s.asked() != before+2 {
				t.Errorf("%s: %d calls (-want +got)\n%s", fault, s.asked()-before, diff)
			}
		}
		requests, before := s.many(20), s.asked()
		s.upstream.failAll(&provisioning.ProviderError{Outcome: provisioning.Unknown})
		if diff := cmp.Diff(repeated("skipped provider_unreachable", 20), s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if calls := s.asked() - before; calls != 15 {
			t.Errorf("%d calls to a provider that never answers", calls)
		}
	}, atOnce)
}

// What a synchronization saw need not be looked for in the list.
func TestAnImportUsesWhatWasListed(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		requests := s.many(3)
		var seen []provisioning.Listing
		for _, request := range requests {
			seen = append(seen, provisioning.Listing{Account: "test", CertificateSummary: *s.upstream.listed[request.CertificateID]})
		}
		if err := s.store.SaveListings(t.Context(), "test", seen); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(repeated("linked", 3), s.imported(requests, true)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if got := s.calls(); got != [2]int{0, 3} {
			t.Errorf("%d pages were read and %d certificates asked about", got[0], got[1])
		}
	})
}
