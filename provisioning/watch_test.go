// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// validating makes a service whose certificate is being validated.
func (s *shop) validating(id, commonName string) provisioning.Service {
	s.t.Helper()
	s.create(id)
	return s.must(s.bridge.Activate(s.t.Context(), s.caller, id, byDNS(newCSR(s.t, commonName))))
}

// asked counts how often the provider was asked about a certificate.
func (s *shop) asked() int {
	count := 0
	for _, call := range s.upstream.called() {
		if call == "certificate" {
			count++
		}
	}
	return count
}

// watchFor lets time pass in steps, with a round after each.
func (s *shop) watchFor(whole, step time.Duration) {
	s.t.Helper()
	for passed := time.Duration(0); passed < whole; passed += step {
		s.clock.pass(step)
		if err := s.bridge.WatchValidations(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
}

// read is the service as it is stored.
func (s *shop) read(id string) provisioning.Service {
	s.t.Helper()
	service, err := s.bridge.Service(s.t.Context(), s.caller.Panel, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return service
}

func TestAValidationIsWatchedLessAndLessOften(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.validating("1", "example.com")
		var looks []time.Duration
		begun, day := s.clock.Now(), 24*time.Hour
		until := func(end, step time.Duration) (count int) {
			before := s.asked()
			for s.clock.Now().Sub(begun) < end {
				count := s.asked()
				s.watchFor(step, step)
				if s.asked() > count {
					looks = append(looks, s.clock.Now().Sub(begun))
				}
			}
			return s.asked() - before
		}
		first, second := until(day, 15*time.Second), until(2*day, time.Minute)
		further, late := until(14*day, time.Hour), until(30*day, time.Hour)
		minutes := []time.Duration{2 * time.Minute, 5 * time.Minute, 9*time.Minute + 30*time.Second, 16*time.Minute + 15*time.Second}
		if !slices.Equal(looks[:4], minutes) {
			t.Errorf("the first looks came after %v, want %v", looks[:4], minutes)
		}
		for i := 1; i < len(looks); i++ {
			if longest := max(looks[i], 0); looks[i]-looks[i-1] > 13*time.Hour {
				t.Errorf("nothing was asked between %v and %v", looks[i-1], longest)
			}
		}
		for i, want := range []struct{ got, least, most int }{{first, 29, 33}, {second, 7, 9}, {further, 90, 100}, {late, 30, 33}} {
			if want.got < want.least || want.got > want.most {
				t.Errorf("part %d: %d calls, want %d to %d", i, want.got, want.least, want.most)
			}
		}
	})
}

func TestWhatTheAuthorityIssuesIsThereWithinMinutes(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.validating("1", "example.com")
		s.watchFor(20*time.Minute, 15*time.Second)
		s.upstream.issue(service.Current().CertificateID, 200*24*time.Hour)
		s.watchFor(15*time.Minute, 15*time.Second)
		if got := s.read("1"); got.Status() != provisioning.StatusIssued || !got.WatchAt.IsZero() || !got.WatchSince.IsZero() {
			t.Errorf("the service is %s and watched: %+v", got.Status(), got.Watch)
		}
		asked := s.asked()
		s.watchFor(30*24*time.Hour, 6*time.Hour)
		if s.asked() != asked {
			t.Errorf("an issued certificate was asked about %d times", s.asked()-asked)
		}
	})
}

func TestAReissueIsWatchedAsASuccessor(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.issued("1", "example.com")
		service := s.must(s.bridge.Reissue(s.t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com"))))
		s.watchFor(2*time.Minute, time.Minute)
		s.upstream.issue(service.Successor().CertificateID, 200*24*time.Hour)
		s.watchFor(3*time.Minute, time.Minute)
		if got := s.read("1"); got.Current().CertificateID != service.Successor().CertificateID || !got.WatchAt.IsZero() {
			t.Errorf("the certificate in use is %s, watched: %+v", got.Current().CertificateID, got.Watch)
		}
	})
}

func TestWhoDoesSomethingIsWatchedCloselyAgain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.validating("1", "example.com")
		for name, act := range map[string]func() (provisioning.Result, error){
			"retry": func() (provisioning.Result, error) {
				return s.bridge.RetryValidation(t.Context(), s.caller, "1", "")
			},
			"change": func() (provisioning.Result, error) {
				return s.bridge.ChangeValidation(t.Context(), s.caller, "1", "", []provisioning.ValidationChoice{{Method: provisioning.ValidateByHTTP}})
			},
		} {
			s.watchFor(3*24*time.Hour, time.Hour)
			if next := s.read("1").WatchAt.Sub(s.clock.Now()); next < time.Hour {
				t.Fatalf("%s: after three days the next look is in %v", name, next)
			}
			s.must(act())
			if next := s.read("1").WatchAt.Sub(s.clock.Now()); next != 2*time.Minute {
				t.Errorf("%s: the next look is in %v", name, next)
			}
		}
		// A look by somebody else counts as one.
		s.clock.pass(time.Minute)
		s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))
		if next := s.read("1").WatchAt.Sub(s.clock.Now()); next != 2*time.Minute+30*time.Second {
			t.Errorf("after a synchronization the next look is in %v", next)
		}
		// What nobody has any more is not watched, and what changes nothing upstream
		// moves nothing.
		before := s.read("1").Watch
		s.must(s.bridge.Suspend(t.Context(), s.caller, "1"))
		if got := s.read("1").Watch; got != before {
			t.Errorf("a suspension moved the watch from %+v to %+v", before, got)
		}
		s.must(s.bridge.Terminate(t.Context(), s.caller, "1"))
		if got := s.read("1").Watch; got != (provisioning.Watch{}) {
			t.Errorf("a terminated service is watched: %+v", got)
		}
	})
}

func TestReplicasDoNotAskTwice(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		const services = 8
		for i := range services {
			s.validating(string(rune('a'+i)), "example.com")
		}
		replicas := []*provisioning.Bridge{s.bridge, s.replica(), s.replica()}
		for round := range 3 {
			s.clock.pass(3 * time.Hour)
			before := s.asked()
			var all sync.WaitGroup
			for _, replica := range replicas {
				all.Go(func() {
					if err := replica.WatchValidations(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if asked := s.asked() - before; asked != services {
				t.Errorf("round %d: %d calls for %d services", round, asked, services)
			}
		}
	})
}

// A provider that is away is asked at the next time, and nobody is asked in its
// place.
func TestAWatchSurvivesAnAbsentProvider(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.validating("1", "example.com")
		s.upstream.fail(false, &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Err: errors.New("away")})
		s.watchFor(2*time.Minute, 2*time.Minute)
		if asked, next := s.asked(), s.read("1").WatchAt.Sub(s.clock.Now()); asked != 1 || next != 3*time.Minute {
			t.Errorf("%d calls, the next look is in %v", asked, next)
		}
		// An account that is not configured here is another replica's.
		elsewhere := s.replica(func(c *provisioning.Config) { c.Accounts[0].Name = "elsewhere" })
		s.clock.pass(time.Hour)
		if err := elsewhere.WatchValidations(t.Context()); err != nil || s.asked() != 1 {
			t.Errorf("a replica without the account made %d calls, %v", s.asked()-1, err)
		}
	})
}
