// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

const ann = "operator:ann"

// issuedByHand is a certificate that somebody bought and configured in the
// provider's own pages.
func (s *shop) issuedByHand(commonName string) (certificateID string) {
	s.t.Helper()
	id := s.upstream.buyByHand("single", 1)
	s.configureByHand(id, commonName)
	return id
}

func (s *shop) configureByHand(id, commonName string) {
	s.upstream.mu.Lock()
	detail := s.upstream.certificates[id]
	detail.CSR, detail.CommonName, detail.ProviderProduct = newCSR(s.t, commonName), commonName, "Single"
	s.upstream.mu.Unlock()
	s.upstream.issue(id, 200*24*time.Hour)
}

// linking is a request to link a certificate to a service.
func (s *shop) linking(serviceID, certificateID string) provisioning.LinkRequest {
	return provisioning.LinkRequest{Panel: s.caller.Panel, ServiceID: serviceID, Account: "test", CertificateID: certificateID}
}

func (s *shop) link(request provisioning.LinkRequest) provisioning.Service {
	s.t.Helper()
	return s.must(s.bridge.Link(s.t.Context(), ann, request))
}

// refusedLink checks that nothing is linked, and why.
func (s *shop) refusedLink(code string, request provisioning.LinkRequest) {
	s.t.Helper()
	_, err := s.bridge.Link(s.t.Context(), ann, request)
	var told *provisioning.Error
	if !errors.As(err, &told) || told.Code != code {
		s.t.Errorf("linking %+v: %v, want %s", request, err, code)
	}
}

// inUse is the id of a service's certificate.
func (s *shop) inUse(id string) string {
	s.t.Helper()
	service := s.read(id)
	return service.Current().CertificateID
}

// kindsBy are the kinds of the events that the operator caused.
func (s *shop) kindsBy(id string) (kinds []string) {
	s.t.Helper()
	events, err := s.bridge.Events(s.t.Context(), s.caller.Panel, id, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, event := range events {
		if event.Actor == ann {
			kinds = append(kinds, event.Kind)
		}
	}
	return kinds
}

func TestAnUnlinkedCertificateGetsAService(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		id := s.issuedByHand("example.com")
		purchased := provisioning.DateOf(s.clock.Now())
		s.clock.advance(40)
		charges := s.upstream.charged()
		request := s.linking("1", id)
		request.Client, request.Note = provisioning.Client{Name: "Ann Other"}, "bought by phone"
		s.link(request)

		got := s.read("1")
		current := got.Current()
		if got.State != provisioning.ServiceActive || got.Product != "single" || got.Years != 1 || got.Client.Name != "Ann Other" || got.SynchronizedAt.IsZero() {
			t.Errorf("the service is %+v", got)
		}
		if got.Status() != provisioning.StatusIssued || current.CertificateID != id || current.CommonName != "example.com" || current.Leaf == nil {
			t.Errorf("the certificate in use is %+v", current)
		}
		want := provisioning.Order{
			ID: got.Orders[0].ID, OrderID: "o" + id, Years: 1, PurchasedOn: purchased, LinkedBy: ann,
			Term: provisioning.Term{StartsOn: purchased, EndsOn: purchased.AddYears(1)},
		}
		if diff := cmp.Diff([]provisioning.Order{want}, got.Orders); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if diff := cmp.Diff([]string{"service.created", "certificate.linked", "certificate.issued"}, s.kindsBy("1")); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		if s.upstream.charged() != charges {
			t.Error("linking was charged")
		}

		// Again it changes nothing and asks nobody.
		asked := len(s.upstream.called())
		result, err := s.bridge.Link(t.Context(), ann, request)
		if err != nil || !result.Unchanged || len(s.upstream.called()) != asked {
			t.Errorf("linking again: %+v, %v, %d calls", result, err, len(s.upstream.called())-asked)
		}
		s.refusedLink("certificate_owned", s.linking("2", id))
	})
}

func TestAServiceThatHasNothingTakesACertificate(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("1")
		id := s.upstream.buyByHand("single", 1)
		s.link(s.linking("1", id))
		got := s.read("1")
		if len(got.Certificates) != 1 || got.Status() != provisioning.StatusAwaitingConfiguration || got.Orders[0].LinkedBy != ann {
			t.Errorf("the service is %s with %+v", got.Status(), got.Orders)
		}
		// It goes on as if it had been bought here.
		s.must(s.bridge.Activate(t.Context(), s.caller, "1", byDNS(newCSR(t, "example.com"))))
		if s.upstream.charged() != 0 {
			t.Errorf("%d charges", s.upstream.charged())
		}
	}, func(c *provisioning.Config) { c.Purchase = provisioning.PurchaseAtActivation })
}

func TestAReplacedCertificateBringsItsChain(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		first := s.issuedByHand("example.com")
		second := s.upstream.reissueElsewhere(first)
		s.upstream.issue(second, 200*24*time.Hour)
		third := s.upstream.reissueElsewhere(second)
		s.link(s.linking("1", first))
		got := s.read("1")
		var lineage []string
		for _, certificate := range got.Certificates {
			lineage = append(lineage, certificate.CertificateID)
		}
		if diff := cmp.Diff([]string{first, second, third}, lineage); diff != "" || len(got.Orders) != 1 {
			t.Errorf("%d orders (-want +got)\n%s", len(got.Orders), diff)
		}
		if got.Current().CertificateID != second || got.ReissueState() != provisioning.ReissuePending {
			t.Errorf("in use is %s, reissue %s", got.Current().CertificateID, got.ReissueState())
		}
		if got := s.asked(); got != 3 {
			t.Errorf("%d calls for three certificates", got)
		}
	})
}

func TestALinkIsAReissueOrARenewal(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.issued("1", "example.com")
		term := service.Orders[0].Term
		first := service.Current().CertificateID
		// The provider says what replaced what.
		reissued := s.upstream.reissueElsewhere(first)
		s.link(s.linking("1", reissued))
		got := s.read("1")
		if next := got.Certificate(reissued); next.Reason != provisioning.ReasonReissue || next.Replaces != first || len(got.Orders) != 1 {
			t.Errorf("linked as %+v", next)
		}
		s.upstream.issue(reissued, 200*24*time.Hour)
		s.must(s.bridge.Synchronize(t.Context(), s.caller, "1"))

		// And what was bought as a renewal.
		s.clock.advance(300)
		renewed := s.upstream.renewByHand("single", 1)
		s.link(s.linking("1", renewed))
		got = s.read("1")
		if order := got.LastOrder(); order.Predecessor != service.Orders[0].OrderID || order.LinkedBy != ann || order.Term.StartsOn != term.EndsOn {
			t.Errorf("the order is %+v", order)
		}
		if got.Successor().CertificateID != renewed {
			t.Errorf("the successor is %+v", got.Successor())
		}
	})
}

func TestAnOperatorSaysWhatTheProviderDoesNot(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.issued("1", "example.com")
		s.clock.advance(300)
		other := s.issuedByHand("example.com")
		request := s.linking("1", other)
		s.refusedLink("link_unclear", request)
		request.As = provisioning.ReasonPurchase
		s.refusedLink("link_unclear", request)
		request.As = provisioning.ReasonRenewal
		s.link(request)
		if got := s.read("1"); got.Current().CertificateID != other || len(got.Orders) != 2 {
			t.Errorf("in use is %s of %d orders", got.Current().CertificateID, len(got.Orders))
		}

		s.issued("2", "example.com")
		request = s.linking("2", s.issuedByHand("example.com"))
		request.As = provisioning.ReasonReissue
		s.link(request)
		got := s.read("2")
		if current := got.Current(); current.CertificateID != request.CertificateID || current.Reason != provisioning.ReasonReissue || len(got.Orders) != 1 {
			t.Errorf("in use is %+v of %d orders", current, len(got.Orders))
		}
		if got.Certificates[0].Status != provisioning.StatusReplaced {
			t.Errorf("what it replaced is %s", got.Certificates[0].Status)
		}

		// A reissue within an order is no renewal, whoever says so.
		s.issued("3", "example.com")
		request = s.linking("3", s.upstream.reissueElsewhere(s.inUse("3")))
		s.upstream.certificates[request.CertificateID].OrderID = s.read("3").Orders[0].OrderID
		request.As = provisioning.ReasonRenewal
		s.refusedLink("certificate_not_linkable", request)
	})
}

func TestWhatCannotBeLinked(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		id, multi := s.issuedByHand("example.com"), s.upstream.buyByHand("multi", 1)
		unnamed, cancelled := s.upstream.buyByHand("", 0), s.upstream.buyByHand("single", 1)
		s.upstream.certificates[cancelled].Status = provisioning.StatusCancelled
		s.create("ended")
		s.must(s.bridge.Terminate(t.Context(), s.caller, "ended"))
		s.create("single")

		s.refusedLink("invalid_service_id", s.linking("a/b", id))
		s.refusedLink("certificate_not_linkable", s.linking("1", ""))
		before := s.calls()
		s.refusedLink("certificate_unknown_upstream", s.linking("1", "77"))
		if after := s.calls(); after != [2]int{before[0], before[1] + 1} {
			t.Errorf("a certificate that is not there took pages of the list: %v after %v", after, before)
		}
		s.refusedLink("service_terminated", s.linking("ended", id))
		s.refusedLink("certificate_not_linkable", s.linking("single", multi))
		s.refusedLink("certificate_not_linkable", s.linking("1", cancelled))
		s.refusedLink("product_needed", s.linking("1", unnamed))
		for code, change := range map[string]func(*provisioning.LinkRequest){
			"unknown_account":              func(r *provisioning.LinkRequest) { r.Account = "elsewhere" },
			"unknown_product":              func(r *provisioning.LinkRequest) { r.Product = "none" },
			"years_needed":                 func(r *provisioning.LinkRequest) { r.CertificateID, r.Product = unnamed, "single" },
			"certificate_not_linkable":     func(r *provisioning.LinkRequest) { r.Product = "multi" },
			"client_invalid":               func(r *provisioning.LinkRequest) { r.Client.Name = "a\nb" },
			"certificate_unknown_upstream": func(r *provisioning.LinkRequest) { r.CertificateID = "78" },
		} {
			request := s.linking("1", id)
			change(&request)
			s.refusedLink(code, request)
		}
		if _, err := s.bridge.Service(t.Context(), s.caller.Panel, "1"); err == nil {
			t.Error("a service was made for what could not be linked")
		}
		s.upstream.listed[unnamed].PurchasedOn = provisioning.Date{}
		request := s.linking("1", unnamed)
		request.Product, request.Years = "single", 2
		s.refusedLink("purchase_date_needed", request)
		request.PurchasedOn = provisioning.Date{Year: 2026, Month: time.March, Day: 1}
		if got := s.link(request); got.PaidUntil() != (provisioning.Date{Year: 2028, Month: time.March, Day: 1}) {
			t.Errorf("paid until %s", got.PaidUntil())
		}
	})
}

// Somebody else may be quicker, or write the service meanwhile.
func TestRacingLinks(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		id := s.issuedByHand("example.com")
		owners := make(chan string, 8)
		for i := range cap(owners) {
			go func() {
				service := string(rune('a' + i%4))
				_, err := s.bridge.Link(t.Context(), ann, s.linking(service, id))
				var told *provisioning.Error
				switch {
				case err == nil:
					owners <- service
				case errors.As(err, &told) && told.Code == "certificate_owned":
					owners <- ""
				default:
					t.Errorf("service %s: %v", service, err)
					owners <- ""
				}
			}()
		}
		winner := ""
		for range cap(owners) {
			if owner := <-owners; owner != "" && winner != "" && owner != winner {
				t.Errorf("%s and %s own it", owner, winner)
			} else if owner != "" {
				winner = owner
			}
		}
		if got := s.read(winner); len(got.Certificates) != 1 {
			t.Errorf("%d certificates", len(got.Certificates))
		}
	})
}

func TestTheLedgerTellsWhoLinked(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.link(s.linking("1", s.issuedByHand("example.com")))
		ledger, err := s.bridge.Ledger(t.Context(), "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(ledger.Entries) != 1 || !ledger.Balanced() {
			t.Fatalf("balanced %t: %+v", ledger.Balanced(), ledger.Entries)
		}
		if entry := ledger.Entries[0]; entry.Finding != provisioning.FindingNeverCharged || entry.LinkedBy != ann || entry.Mismatch() {
			t.Errorf("the entry is %+v", entry)
		}
	})
}

func TestAnUnlinkedCertificateIsDismissed(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		s.create("1")
		id, owned := s.upstream.buyByHand("single", 1), s.inUse("1")
		for _, listed := range []string{id, owned} {
			row := provisioning.Listing{Account: "test", CertificateSummary: *s.upstream.listed[listed]}
			if err := s.store.SaveListings(t.Context(), "test", []provisioning.Listing{row}); err != nil {
				t.Fatal(err)
			}
		}
		unlinked := func(query provisioning.UnlinkedQuery) (ids []string) {
			listings, err := s.bridge.Unlinked(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			for _, listing := range listings {
				ids = append(ids, listing.CertificateID+" "+listing.DismissedBy+" "+listing.DismissedNote)
			}
			return ids
		}
		if diff := cmp.Diff([]string{id + "  "}, unlinked(provisioning.UnlinkedQuery{Account: "test"})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		for code, request := range map[string][2]string{
			"certificate_owned": {"test", owned}, "certificate_not_listed": {"test", "77"}, "unknown_account": {"elsewhere", id},
		} {
			var told *provisioning.Error
			if err := s.bridge.Dismiss(t.Context(), ann, request[0], request[1], ""); !errors.As(err, &told) || told.Code != code {
				t.Errorf("dismissing %v: %v, want %s", request, err, code)
			}
		}
		if err := s.bridge.Dismiss(t.Context(), ann, "test", id, "a test"); err != nil {
			t.Fatal(err)
		}
		if got := unlinked(provisioning.UnlinkedQuery{}); got != nil {
			t.Errorf("dismissed, and still there: %v", got)
		}
		if diff := cmp.Diff([]string{id + " operator:ann a test"}, unlinked(provisioning.UnlinkedQuery{Dismissed: true})); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		s.link(s.linking("2", id)) // all the same
		if _, err := s.bridge.Unlinked(t.Context(), provisioning.UnlinkedQuery{Account: "elsewhere"}); err == nil {
			t.Error("an unknown account has unlinked certificates")
		}
	})
}
