// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// expiring says what the provider's expiry dates mean.
func expiring(meaning provisioning.ExpiryMeaning) func(*provisioning.Config) {
	return func(c *provisioning.Config) { c.Accounts[0].Expires = meaning }
}

func TestOnlyALaterPlausibleTermMovesTheDueDate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		meaning provisioning.ExpiryMeaning
		later   int // days after our term
		moved   int
	}{
		{provisioning.ExpiresTerm, 40, 40},
		{provisioning.ExpiresTerm, 1, 1},
		{provisioning.ExpiresTerm, 400, 400},
		{provisioning.ExpiresTerm, 401, 0}, // nobody bought that
		{provisioning.ExpiresTerm, 0, 0},
		{provisioning.ExpiresTerm, -40, 0}, // paid time is never lost
		{provisioning.ExpiresLeaf, 40, 0},
		{provisioning.ExpiresAuto, 40, 0}, // one certificate shows nothing
		{"", 40, 0},
	} {
		t.Run(fmt.Sprint(c.meaning, c.later), func(t *testing.T) {
			onEachStore(t, func(t *testing.T, s *shop) {
				service := s.issued("1", "example.com")
				end := service.Orders[0].Term.EndsOn
				s.upstream.tells(service.Current().CertificateID, func(d *provisioning.CertificateDetail) { d.ExpiresOn = end.AddDays(c.later) })
				for range 2 { // it moves once
					service = s.synchronize("1")
					if got := service.Orders[0].Term.EndsOn; got != end.AddDays(c.moved) {
						t.Errorf("the term ends on %s, want %s", got, end.AddDays(c.moved))
					}
					s.wantDue(service, end.AddDays(c.moved).String(), "", "")
				}
			}, expiring(c.meaning))
		})
	}
}

// Each certificate is evidence once, however often it is looked at, and only while
// its leaf ends well before its term.
func TestEvidenceIsCountedOnce(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		tell := func(id string, of func(leaf, term provisioning.Date) provisioning.Date) {
			t.Helper()
			service := s.issued(id, "example.com")
			current := service.Current()
			on := of(provisioning.DateOf(current.Leaf.NotAfter), service.Orders[0].Term.EndsOn)
			s.upstream.tells(current.CertificateID, func(d *provisioning.CertificateDetail) { d.ExpiresOn = on })
			for range 3 {
				s.synchronize(id)
			}
		}
		want := func(evidence provisioning.ExpiryEvidence, meaning provisioning.ExpiryMeaning) {
			t.Helper()
			got, err := s.store.ExpiryEvidence(t.Context(), "test")
			if err != nil || got != evidence || got.Meaning() != meaning {
				t.Errorf("the evidence is %+v, %q, %v; want %+v, %q", got, got.Meaning(), err, evidence, meaning)
			}
		}
		tell("1", func(leaf, _ provisioning.Date) provisioning.Date { return leaf.AddDays(1) })
		tell("2", func(leaf, _ provisioning.Date) provisioning.Date { return leaf.AddDays(-2) })
		tell("3", func(leaf, _ provisioning.Date) provisioning.Date { return leaf.AddDays(50) }) // neither
		tell("4", func(_, _ provisioning.Date) provisioning.Date { return provisioning.Date{} })
		want(provisioning.ExpiryEvidence{Leaf: 2}, provisioning.ExpiresUnknown)
		tell("5", func(leaf, _ provisioning.Date) provisioning.Date { return leaf })
		want(provisioning.ExpiryEvidence{Leaf: 3}, provisioning.ExpiresLeaf)
		tell("6", func(_, term provisioning.Date) provisioning.Date { return term })
		want(provisioning.ExpiryEvidence{Leaf: 3, Term: 1}, provisioning.ExpiresUnknown)

		// The last leaf of a term ends with it and shows nothing.
		s.create("7")
		activated := s.must(s.bridge.Activate(t.Context(), s.caller, "7", byDNS(newCSR(t, "example.com"))))
		id := activated.Current().CertificateID
		s.upstream.issue(id, 360*24*time.Hour)
		s.upstream.tells(id, func(d *provisioning.CertificateDetail) { d.ExpiresOn = provisioning.DateOf(d.Leaf.NotAfter) })
		s.synchronize("7")
		want(provisioning.ExpiryEvidence{Leaf: 3, Term: 1}, provisioning.ExpiresUnknown)
	})
}
