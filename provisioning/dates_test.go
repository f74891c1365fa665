// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/certbridge/certbridge/provisioning"
)

// tells has the provider say something else about a certificate from now on.
func (u *upstream) tells(id string, change func(*provisioning.CertificateDetail)) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change(u.certificates[id])
}

func (u *upstream) cancel(id string) {
	u.tells(id, func(d *provisioning.CertificateDetail) {
		d.Status, d.ProviderStatus = provisioning.StatusCancelled, "cancelled"
	})
}

func (s *shop) renew(id string, years int) provisioning.Service {
	s.t.Helper()
	return s.must(s.bridge.Renew(s.t.Context(), s.caller, id, provisioning.RenewRequest{Years: years}))
}

// wantDue compares the accepted and the held due date.
func (s *shop) wantDue(service provisioning.Service, accepted, held string, because provisioning.DueDateHold) {
	s.t.Helper()
	due := s.bridge.DueDate(service)
	if due.Accepted.String() != accepted || due.Held.String() != held || due.HeldBecause != because {
		s.t.Errorf("the due date is %+v, want %s, held %q %s", due, accepted, held, because)
	}
	stored, err := s.bridge.Service(s.t.Context(), s.caller.Panel, service.ServiceID)
	if err != nil || stored.DueDate != service.DueDate {
		s.t.Errorf("stored is %+v, %v", stored.DueDate, err)
	}
}

// kinds counts the events of a service by their kinds.
func (s *shop) kinds(id string) map[string]int {
	s.t.Helper()
	events, err := s.bridge.Events(s.t.Context(), s.caller.Panel, id, 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, event := range events {
		kinds[event.Kind]++
	}
	return kinds
}

func withOffset(days int) func(*provisioning.Config) {
	return func(c *provisioning.Config) { c.DueDateOffset = days }
}

func TestTheDueDateIsTheTermLessTheOffset(t *testing.T) {
	t.Parallel()
	for _, offset := range []int{0, 5, 15, 30, 42} {
		onEachStore(t, func(t *testing.T, s *shop) {
			service := s.create("1")
			s.wantDue(service, service.Orders[0].Term.EndsOn.AddDays(-offset).String(), "", "")
			if !service.DueDate.Previous.IsZero() {
				t.Errorf("before the first due date there was %s", service.DueDate.Previous)
			}
		}, withOffset(offset))
	}
}

// A first purchase of many years jumps over nothing, and a renewal of many years
// was asked for.
func TestWhatWasBoughtExplainsAJump(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.must(s.bridge.Create(t.Context(), s.caller, "1", provisioning.CreateRequest{Account: "test", Product: "single", Years: 3}))
		activated := s.must(s.bridge.Activate(t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com"))))
		s.wantDue(activated, activated.Orders[0].Term.EndsOn.AddDays(-30).String(), "", "")
		s.upstream.issue(activated.Current().CertificateID, 200*24*time.Hour)
		first := s.synchronize("1")
		// Bought so late that a gap is left: the jump is longer than the new term.
		s.clock.advance(3*365 + 170)
		renewed := s.renew("1", 3)
		if jump := first.DueDate.Accepted.DaysUntil(renewed.DueDate.Accepted); jump < 3*365+160 {
			t.Fatalf("the due date moved by %d days", jump)
		}
		s.wantDue(renewed, renewed.Orders[1].Term.EndsOn.AddDays(-30).String(), "", "")
		if renewed.DueDate.Previous != first.DueDate.Accepted {
			t.Errorf("the old value is %s, want %s", renewed.DueDate.Previous, first.DueDate.Accepted)
		}
	}, withOffset(30))
}

// What nothing explains waits for a person: here an offset that shrinks by more
// than a year.
func TestAJumpThatNothingExplainsIsHeld(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.create("1")
		s.bridge = s.replica(withOffset(0))
		end := service.Orders[0].Term.EndsOn
		held := s.synchronize("1")
		s.wantDue(held, end.AddDays(-401).String(), end.String(), provisioning.HeldJump)
		s.bridge = s.replica(withOffset(1)) // 400 days may be
		s.wantDue(s.synchronize("1"), end.AddDays(-1).String(), "", "")
	}, withOffset(401))
}

func TestARaisedOffsetIsHeldAndWithdrawn(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		end := s.create("1").Orders[0].Term.EndsOn
		s.bridge = s.replica(withOffset(30))
		for range 2 { // the second time nothing is new
			s.wantDue(s.synchronize("1"), end.String(), end.AddDays(-30).String(), provisioning.HeldBackward)
		}
		s.bridge = s.replica(withOffset(0))
		s.wantDue(s.synchronize("1"), end.String(), "", "")
		kinds := s.kinds("1")
		if kinds["due_date.held"] != 1 || kinds["due_date.withdrawn"] != 1 || kinds["due_date.moved"] != 0 {
			t.Errorf("events are %v", kinds)
		}
	})
}

func TestCancelledAndTerminatedServicesDoNotMove(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		end := s.create("cancelled").Orders[0].Term.EndsOn.String()
		terminated := s.issued("terminated", "example.com")
		s.upstream.tells(terminated.Current().CertificateID, func(d *provisioning.CertificateDetail) {
			d.ExpiresOn = terminated.Orders[0].Term.EndsOn.AddDays(9)
		})
		s.must(s.bridge.Terminate(t.Context(), s.caller, "terminated"))
		bought := s.synchronize("cancelled")
		s.upstream.cancel(bought.Current().CertificateID)
		s.wantDue(s.synchronize("cancelled"), end, "", "")
		refunded := s.issued("refunded", "example.com")
		s.upstream.cancel(refunded.Current().CertificateID)
		s.bridge = s.replica(withOffset(-20), expiring(provisioning.ExpiresTerm)) // would move it forward
		s.wantDue(s.synchronize("refunded"), end, "", "")
		s.wantDue(s.synchronize("cancelled"), end, "", "")
		after := s.synchronize("terminated")
		s.wantDue(after, end, "", "")
		if after.Orders[0].Term != terminated.Orders[0].Term {
			t.Errorf("the term of a terminated service moved to %v", after.Orders[0].Term)
		}
	}, expiring(provisioning.ExpiresTerm))
}

// A service that was written before due dates were kept has its old date to
// compare with.
func TestAnOldServiceHasAPreviousDueDate(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.issued("1", "example.com")
		end := service.DueDate.Accepted
		old := service.Clone()
		old.DueDate = provisioning.DueDate{}
		if err := s.store.Write(t.Context(), provisioning.Change{Before: &service, After: &old}); err != nil {
			t.Fatal(err)
		}
		if due := s.bridge.DueDate(old); due.Accepted != end {
			t.Errorf("it is told %+v, want %s", due, end)
		}
		// The first write is one that moves it.
		s.upstream.tells(old.Current().CertificateID, func(d *provisioning.CertificateDetail) { d.ExpiresOn = end.AddDays(7) })
		if moved := s.synchronize("1"); moved.DueDate.Previous != end || moved.DueDate.Accepted != end.AddDays(7) {
			t.Errorf("after the first write it is told %+v", moved.DueDate)
		}
	}, expiring(provisioning.ExpiresTerm))
}

// Nobody synchronizes, and nothing changed at the provider: the offset did.
func TestAnotherOffsetReachesEveryService(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		end := s.create("1").Orders[0].Term.EndsOn
		s.create("2")
		for _, step := range []struct {
			offset, moved  int
			accepted, held string
		}{
			{30, 0, end.AddDays(-30).String(), ""},
			{5, 2, end.AddDays(-5).String(), ""},
			{5, 0, end.AddDays(-5).String(), ""},
			{15, 2, end.AddDays(-5).String(), end.AddDays(-15).String()},
			{15, 0, end.AddDays(-5).String(), end.AddDays(-15).String()},
		} {
			s.bridge = s.replica(withOffset(step.offset))
			if moved, err := s.bridge.MoveDueDates(t.Context(), "test"); moved != step.moved || err != nil {
				t.Errorf("with an offset of %d, %d are written, %v, want %d", step.offset, moved, err, step.moved)
			}
			due := s.bridge.DueDate(s.mirrored("2"))
			if due.Accepted.String() != step.accepted || due.Held.String() != step.held {
				t.Errorf("with an offset of %d it is %+v, want %+v", step.offset, due, step)
			}
		}
	}, withOffset(30))
}

func TestADecisionStaysTaken(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		end := s.create("1").Orders[0].Term.EndsOn
		s.bridge = s.replica(withOffset(30))
		s.synchronize("1")
		decide := func(decision provisioning.DueDateDecision) provisioning.Service {
			t.Helper()
			return s.must(s.bridge.DecideDueDate(t.Context(), "operator:ann", s.caller.Panel, "1", decision, provisioning.Date{}, "why"))
		}
		s.wantDue(decide(provisioning.RejectDueDate), end.String(), "", "")
		s.wantDue(s.synchronize("1"), end.String(), "", "")
		// Another date is another question, and then the first one is too.
		s.bridge = s.replica(withOffset(15))
		s.wantDue(s.synchronize("1"), end.String(), end.AddDays(-15).String(), provisioning.HeldBackward)
		s.bridge = s.replica(withOffset(30))
		s.wantDue(s.synchronize("1"), end.String(), end.AddDays(-30).String(), provisioning.HeldBackward)
		confirmed := decide(provisioning.ConfirmDueDate)
		s.wantDue(confirmed, end.AddDays(-30).String(), "", "")
		if confirmed.DueDate.Previous != end {
			t.Errorf("the old value is %s, want %s", confirmed.DueDate.Previous, end)
		}
		kinds := s.kinds("1")
		if kinds["due_date.rejected"] != 1 || kinds["due_date.confirmed"] != 1 || kinds["due_date.held"] != 3 {
			t.Errorf("events are %v", kinds)
		}
	})
}

func TestCarriedDaysAreInTheTermAlready(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		end := s.issued("1", "example.com").Orders[0].Term.EndsOn
		s.clock.advance(305) // 60 days before the end
		renewed := s.renew("1", 1)
		if got := renewed.CarriedDays(renewed.Orders[1]); got != 60 || renewed.Orders[1].Term.EndsOn != end.AddYears(1) {
			t.Errorf("60 days before the end %d are carried over, into %v", got, renewed.Orders[1].Term)
		}
		if got := renewed.CarriedDays(renewed.Orders[0]); got != 0 {
			t.Errorf("a first term has %d days from another one", got)
		}
		s.clock.advance(20)
		activated := s.must(s.bridge.Activate(t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com"))))
		s.upstream.issue(activated.Successor().CertificateID, 200*24*time.Hour)
		issued := s.synchronize("1")
		if got := issued.CarriedDays(issued.Orders[1]); got != 40 || issued.Orders[1].Term.EndsOn != end.AddYears(1) {
			t.Errorf("40 days before the end %d are carried over, into %v", got, issued.Orders[1].Term)
		}
	})
}

func TestTheConfiguredWindowWins(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.issued("1", "example.com")
		end := service.Orders[0].Term.EndsOn
		dates := s.bridge.RenewalDates(service)
		if dates == nil || dates.OpensOn != end.AddDays(-30) || dates.ReminderOn != end.AddDays(-29) || dates.ClosesOn != end.AddDays(10) {
			t.Fatalf("the window is %+v around %s", dates, end)
		}
		unbought := provisioning.Service{Account: "test"}
		if s.bridge.RenewalDates(unbought) != nil {
			t.Error("a service without a term has a window")
		}
		s.clock.advance(365 - 31)
		if early := s.renew("1", 1); len(early.Orders) != 1 {
			t.Error("it was renewed the day before the window opens")
		}
		s.clock.advance(1)
		if open := s.renew("1", 1); len(open.Orders) != 2 {
			t.Error("it was not renewed on the first day of the window")
		}
	}, func(c *provisioning.Config) {
		c.Accounts[0].RenewalWindow = &provisioning.RenewalWindow{Opens: 30, Closes: 10}
	})
}

func TestExpireMarksWhatHasEnded(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		for i := range 103 { // more than are read at a time
			s.issued(fmt.Sprintf("%03d", i), "example.com")
		}
		if marked, err := s.bridge.Expire(t.Context()); marked != 0 || err != nil {
			t.Errorf("%d marked before their time, %v", marked, err)
		}
		s.clock.advance(200)
		marked := s.mirrored("000")
		present := s.bridge.Present(marked)
		if present.Status() != provisioning.StatusExpired || marked.Status() != provisioning.StatusIssued {
			t.Errorf("at present it is %s, marked as %s", present.Status(), marked.Status())
		}
		for _, want := range []int{103, 0} {
			if marked, err := s.bridge.Expire(t.Context()); marked != want || err != nil {
				t.Errorf("%d marked, %v, want %d", marked, err, want)
			}
		}
		if last := s.mirrored("102"); last.Status() != provisioning.StatusExpired {
			t.Errorf("it is %s in the mirror", last.Status())
		}
		if kinds := s.kinds("050"); kinds["certificate.expired"] != 1 {
			t.Errorf("events are %v", kinds)
		}
		s.synchronize("050")
		if kinds := s.kinds("050"); kinds["certificate.expired"] != 1 {
			t.Errorf("after a synchronization events are %v", kinds)
		}
	})
}

// mirrored is a service as the store has it.
func (s *shop) mirrored(id string) provisioning.Service {
	s.t.Helper()
	service, err := s.bridge.Service(s.t.Context(), s.caller.Panel, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return service
}

// Whatever is bought, renewed and cancelled, and however the offset changes: a due
// date never moves back by itself, and never lies before the paid term's end less
// the largest offset that there was.
func TestDueDatesMoveForward(t *testing.T) {
	t.Parallel()
	var services atomic.Int64
	onEachStore(t, func(t *testing.T, s *shop) {
		offsets := []int{0, 5, 15, 30, 90}
		bridges := make([]*provisioning.Bridge, len(offsets))
		for i, offset := range offsets {
			bridges[i] = s.replica(withOffset(offset), expiring(provisioning.ExpiresTerm))
		}
		csr := newCSR(t, "example.com")
		s.upstream.balance = 1 << 50
		rapid.Check(t, func(t *rapid.T) {
			id, largest := fmt.Sprint("dates-", services.Add(1)), 0
			use := func() {
				i := rapid.IntRange(0, len(offsets)-1).Draw(t, "offset")
				s.bridge, largest = bridges[i], max(largest, offsets[i])
			}
			use()
			s.must(s.bridge.Create(s.t.Context(), s.caller, id, provisioning.CreateRequest{
				Account: "test", Product: "single", Years: rapid.IntRange(1, 3).Draw(t, "years"),
			}))
			last := s.mirrored(id).DueDate.Accepted
			for range rapid.IntRange(1, 12).Draw(t, "steps") {
				service := s.mirrored(id)
				switch rapid.SampledFrom([]string{"renew", "renew", "issue", "issue", "cancel", "offset", "later term", "time"}).Draw(t, "step") {
				case "renew":
					s.intoWindow(t, service)
					_, _ = s.bridge.Renew(s.t.Context(), s.caller, id, provisioning.RenewRequest{Years: rapid.IntRange(1, 3).Draw(t, "years")})
				case "issue":
					if awaiting := service.AwaitsConfiguration(); awaiting != nil {
						s.must(s.bridge.Activate(s.t.Context(), s.caller, id, byDNS(csr)))
						s.upstream.issue(awaiting.CertificateID, 100*24*time.Hour)
					}
				case "cancel":
					if successor := service.Successor(); successor != nil {
						s.upstream.cancel(successor.CertificateID)
					}
				case "offset":
					use()
				case "later term":
					if current := service.Current(); current.Leaf != nil {
						later := service.PaidUntil().AddDays(rapid.IntRange(-100, 500).Draw(t, "days"))
						s.upstream.tells(current.CertificateID, func(d *provisioning.CertificateDetail) { d.ExpiresOn = later })
					}
				case "time":
					s.clock.advance(rapid.IntRange(0, 40).Draw(t, "days"))
				}
				service = s.synchronize(id)
				due := service.DueDate
				if due.Accepted.Before(last) {
					t.Fatalf("the due date went back from %s to %s", last, due.Accepted)
				}
				if end := service.PaidUntil(); !end.IsZero() && due.Accepted.Before(end.AddDays(-largest)) {
					t.Fatalf("the due date is %+v, the term ends on %s, the largest offset was %d: %+v", due, end, largest, service.Orders)
				}
				if !due.Held.IsZero() && !due.Held.Before(due.Accepted) {
					t.Fatalf("%+v is held, though orders explain it: %+v", due, service.Orders)
				}
				last = due.Accepted
			}
		})
	})
}

// intoWindow lets time pass until the next term can be bought.
func (s *shop) intoWindow(t *rapid.T, service provisioning.Service) {
	dates := s.bridge.RenewalDates(service)
	if dates == nil {
		return
	}
	today := provisioning.DateOf(s.clock.Now())
	days := rapid.IntRange(0, 269).Draw(t, "day of the window")
	s.clock.advance(max(0, today.DaysUntil(dates.OpensOn)+days))
}
