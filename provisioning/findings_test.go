// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// reportTime is when the ledger of these tests is made.
func reportTime() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func usd(units int64) Money { return Money{Units: units, Currency: "USD"} }

// bought is an operation that bought certificate c and order o for service s.
func bought(id, s, c, o string, change ...func(*Operation)) Operation {
	operation := Operation{
		ID: id, Kind: OperationPurchase, State: OperationSucceeded, Panel: "p", ServiceID: s, Account: "a", SentAt: reportTime().AddDate(0, -1, 0),
		Request: `{"product":"single","years":1}`, Result: OperationResult{CertificateID: c, OrderID: o, Charged: usd(78800)},
	}
	for _, change := range change {
		change(&operation)
	}
	return operation
}

// added is an operation that bought more names for certificate c.
func added(id, s, c string, domains int) Operation {
	return bought(id, s, c, "more-"+id, func(o *Operation) {
		o.Kind, o.Request = OperationAddDomains, fmt.Sprintf(`{"certificate_id":%q,"domains":%d}`, c, domains)
	})
}

func in(state OperationState) func(*Operation) { return func(o *Operation) { o.State = state } }

func without(o *Operation) { o.Result = OperationResult{} }

// serviceOf is a service that owns certificates, each with an order of its own for
// one year after the one before it.
func serviceOf(id string, certificates ...string) Service {
	s := Service{Panel: "p", ServiceID: id, Account: "a", Product: "single"}
	for i, c := range certificates {
		starts := day("2026-10-22").AddYears(i)
		s.Orders = append(s.Orders, Order{
			OrderID: "o" + c, Years: 1, Charged: usd(78800), PurchasedOn: day("2026-10-22"), Term: firstTerm(starts, 1),
		})
		s.Certificates = append(s.Certificates, Certificate{CertificateID: c, OrderID: "o" + c, Status: StatusIssued, Leaf: &Leaf{}})
	}
	return s
}

func changed(s Service, change func(*Service)) Service {
	change(&s)
	return s
}

func row(id string, status Status, purchased string) CertificateSummary {
	return CertificateSummary{CertificateID: id, Status: status, Product: "single", PurchasedOn: day(purchased)}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	overlapping := changed(serviceOf("1", "c1", "c2"), func(s *Service) { s.Orders[1].Term = s.Orders[0].Term })
	noted := func(newest ...string) func(*Operation) {
		return func(o *Operation) {
			o.Noted, o.SentAt, o.State = &Noted{Newest: newest}, reportTime().Add(-time.Minute), OperationSent
		}
	}
	for _, c := range []struct {
		name       string
		services   []Service
		operations []Operation
		rows       []CertificateSummary
		want       []string // finding, service, certificate, order, operation
		earlier    int
		owned      int
	}{
		{name: "nothing at all"},
		{
			name: "all is well", services: []Service{serviceOf("1", "c1", "c2")}, owned: 3,
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "1", "c2", "oc2"), added("x3", "1", "c1", 0)},
			rows:       []CertificateSummary{row("c1", StatusIssued, "2026-10-22"), row("c2", StatusIssued, "2026-10-22")},
		},
		{
			name: "a refused purchase is none", services: []Service{{Panel: "p", ServiceID: "1"}},
			operations: []Operation{bought("x1", "1", "", "", in(OperationRefused), without)},
		},

		{
			name: "bought by hand before and since", services: []Service{serviceOf("1", "c1")}, operations: []Operation{bought("x1", "1", "c1", "oc1")},
			rows: []CertificateSummary{
				row("old", StatusIssued, "2026-10-20"), row("zone", StatusIssued, "2026-10-21"), row("new", StatusPendingValidation, "2026-11-01"),
				{CertificateID: "undated", Status: StatusIssued}, row("gone", StatusCancelled, "2026-11-01"),
				row("replaced", StatusReplaced, "2026-11-01"), row("over", StatusExpired, "2026-11-01"), row("old-gone", StatusExpired, "2020-11-01"),
			},
			want:    []string{"charged_unlinked - undated - -", "charged_unlinked - zone - -", "charged_unlinked - new - -"},
			earlier: 1, owned: 1,
		},
		{
			name: "certbridge never bought anything", rows: []CertificateSummary{row("old", StatusIssued, "2026-11-22"), {CertificateID: "undated"}}, earlier: 2,
		},
		{
			name: "only a waiting operation is no charge yet", operations: []Operation{bought("x1", "1", "", "", in(OperationRecorded), without, func(o *Operation) { o.SentAt = time.Time{} })},
			rows: []CertificateSummary{row("old", StatusIssued, "2026-11-22")}, earlier: 1,
		},
		{
			name: "a charge whose certificate nobody has, in the list", services: []Service{{Panel: "p", ServiceID: "1"}},
			operations: []Operation{bought("x1", "1", "c1", "oc1")}, rows: []CertificateSummary{row("c1", StatusIssued, "2026-10-22")},
			want: []string{"charged_unlinked 1 c1 oc1 x1"},
		},
		{
			name: "and not in the list", operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "2", "c2", "oc2", in(OperationNeedsAttention))},
			want: []string{"charged_unlinked 1 c1 oc1 x1", "charged_unlinked 2 c2 oc2 x2", "unresolved 2 c2 oc2 x2"},
		},
		{
			name: "and cancelled in the list", operations: []Operation{bought("x1", "1", "c1", "oc1")}, rows: []CertificateSummary{row("c1", StatusCancelled, "2026-10-22")},
			want: []string{"charged_unlinked 1 c1 oc1 x1"},
		},
		{
			name: "a charge for what another service has", services: []Service{serviceOf("1", "c1")},
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "2", "c1", "oc1", in(OperationNeedsAttention))},
			want:       []string{"charged_unlinked 2 c1 oc1 x2", "unresolved 2 c1 oc1 x2"}, owned: 1,
		},
		{
			name: "what is bought at this moment", services: []Service{serviceOf("1", "c1")},
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "2", "", "", without, noted("c1", "hand"))},
			rows: []CertificateSummary{
				row("fresh", StatusAwaitingConfiguration, "2026-11-22"), row("hand", StatusIssued, "2026-11-22"), row("aged", StatusIssued, "2026-11-01"),
			},
			want: []string{"charged_unlinked - aged - -", "charged_unlinked - hand - -"}, owned: 1,
		},
		{
			name: "an account that was empty before", operations: []Operation{bought("x1", "1", "", "", without, noted())},
			rows: []CertificateSummary{row("fresh", StatusAwaitingConfiguration, "2026-11-22")},
		},

		{
			name: "an order without a charge", services: []Service{serviceOf("1", "c1", "c2")}, operations: []Operation{bought("x1", "1", "c1", "oc1")},
			want: []string{"owned_not_charged 1 c2 oc2 -"}, owned: 1,
		},
		{
			name: "a charge whose order is known by its certificate", services: []Service{serviceOf("1", "c1")},
			operations: []Operation{bought("x1", "1", "c1", "")}, owned: 1,
		},
		{
			name: "a charge whose certificate is known by its order", services: []Service{serviceOf("1", "c1")},
			operations: []Operation{bought("x1", "1", "", "oc1")}, owned: 1,
		},
		{
			name: "added names are no order", services: []Service{serviceOf("1", "c1")}, operations: []Operation{added("x1", "1", "c1", 0)},
			want: []string{"owned_not_charged 1 c1 oc1 -"}, owned: 1,
		},

		{
			name: "two orders for one time", services: []Service{overlapping}, owned: 2,
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "1", "c2", "oc2")},
			want:       []string{"charged_twice 1 c2 oc2 -"},
		},
		{
			name: "a cancelled order and another one", owned: 2,
			services: []Service{changed(overlapping, func(s *Service) {
				s.Certificates = []Certificate{
					{CertificateID: "c1", OrderID: "oc1", Status: StatusCancelled}, {CertificateID: "c2", OrderID: "oc2", Status: StatusIssued},
				}
			})},
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "1", "c2", "oc2")},
			want:       []string{"charged_twice 1 c1 oc1 -"},
		},
		{
			name: "the same names twice", services: []Service{changed(serviceOf("1", "c1"), func(s *Service) { s.AdditionalDomains = 3 })}, owned: 3,
			operations: []Operation{
				bought("x1", "1", "c1", "oc1", func(o *Operation) { o.Request = `{"additional_domains":1}` }), added("x2", "1", "c1", 2), added("x3", "1", "c1", 2),
			},
			want: []string{"charged_twice 1 c1 more-x3 x3"},
		},
		{
			name: "more names step by step", services: []Service{changed(serviceOf("1", "c1"), func(s *Service) { s.AdditionalDomains = 5 })}, owned: 3,
			operations: []Operation{
				bought("x1", "1", "c1", "oc1", func(o *Operation) { o.Request = `{"additional_domains":1}` }), added("x2", "1", "c1", 2), added("x3", "1", "c1", 2),
			},
		},

		{
			name: "more than authorised", services: []Service{serviceOf("1", "c1", "c2", "c3", "c4")}, owned: 4,
			operations: []Operation{
				bought("x1", "1", "c1", "oc1", func(o *Operation) { o.Noted = &Noted{Authorised: usd(78799)} }),
				bought("x2", "1", "c2", "oc2", func(o *Operation) { o.Noted = &Noted{Authorised: usd(78800)} }),
				bought("x3", "1", "c3", "oc3", func(o *Operation) { o.Noted = &Noted{} }),
				bought("x4", "1", "c4", "oc4", func(o *Operation) { o.Noted = &Noted{Authorised: Money{Units: 1, Currency: "EUR"}} }),
			},
			want: []string{"charged_above 1 c1 oc1 x1"},
		},

		{
			name: "what nobody knows",
			operations: []Operation{
				bought("x1", "1", "", "", in(OperationUncertain), without), bought("x2", "2", "", "", in(OperationNeedsAttention), without),
				bought("x3", "3", "", "", in(OperationSent), without), bought("x4", "4", "", "", without, noted()),
				bought("x5", "5", "", "", in(OperationRecorded), without),
				bought("x6", "6", "", "", in(OperationRefused), without, func(o *Operation) { o.Decision = &Decision{Verdict: VerdictGiveUp} }),
				bought("x7", "7", "", "", in(OperationRefused), without, func(o *Operation) { o.Decision = &Decision{Verdict: VerdictNotExecuted} }),
			},
			want: []string{"unresolved 1 - - x1", "unresolved 2 - - x2", "unresolved 3 - - x3", "given_up 6 - - x6"},
		},

		{
			name: "what is not used", owned: 3,
			services: []Service{changed(serviceOf("1", "c1", "c2", "c3"), func(s *Service) {
				for i := range s.Certificates {
					s.Certificates[i].Status, s.Certificates[i].Leaf = StatusAwaitingConfiguration, nil
				}
				s.Certificates[0].ActivationEndsOn = day("2027-01-01")
			})},
			operations: []Operation{bought("x1", "1", "c1", "oc1"), bought("x2", "1", "c2", "oc2"), bought("x3", "1", "c3", "oc3")},
			rows: []CertificateSummary{
				row("c2", StatusPendingValidation, "2026-10-22"), row("c3", StatusAwaitingConfiguration, "2026-10-22"),
				row("hand", StatusAwaitingConfiguration, "2026-01-01"), row("lost", StatusAwaitingConfiguration, "2026-11-01"),
			},
			want: []string{
				"charged_unlinked - lost - -", "unused - hand - -", "unused 1 c1 oc1 -", "unused 1 c3 oc3 -", "unused - lost - -",
			},
			earlier: 1,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kept := books{owners: map[string]Owner{}, orders: map[string]Owner{}}
			for i := range c.services {
				kept.hold(&c.services[i])
			}
			for _, operation := range c.operations {
				if spent, ok := chargeOf(operation); ok {
					kept.charges = append(kept.charges, spent)
				}
			}
			list := listing{rows: map[string]CertificateSummary{}}
			for _, row := range c.rows {
				list.rows[row.CertificateID] = row
			}
			entries, earlier := kept.compare(list, reportTime())
			if diff := cmp.Diff(c.want, lines(entries)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if owned := kept.owned(); earlier != c.earlier || owned.Count != c.owned || owned.Total.Units != int64(78800*c.owned) {
				t.Errorf("%d earlier, owned %+v", earlier, owned)
			}
			for _, entry := range entries {
				if !strings.HasSuffix(entry.Detail, ".") {
					t.Errorf("%s: %q is no sentence", entry.Finding, entry.Detail)
				}
			}
		})
	}
}

// lines tells what entries are about.
func lines(entries []LedgerEntry) (lines []string) {
	for _, e := range entries {
		words := []string{string(e.Finding), e.ServiceID, e.CertificateID, e.OrderID, e.OperationID}
		for i, word := range words {
			if word == "" {
				words[i] = "-"
			}
		}
		lines = append(lines, strings.Join(words, " "))
	}
	return lines
}

func TestALineSaysAllThatIsKnown(t *testing.T) {
	t.Parallel()
	s := changed(serviceOf("1", "c1"), func(s *Service) {
		s.Certificates[0].Status, s.Certificates[0].Leaf, s.Certificates[0].CommonName = StatusAwaitingConfiguration, nil, "example.com"
	})
	kept := books{owners: map[string]Owner{}, orders: map[string]Owner{}}
	kept.hold(&s)
	above, _ := chargeOf(bought("x1", "1", "c1", "oc1", func(o *Operation) { o.Noted = &Noted{Authorised: usd(100)} }))
	kept.charges = []charge{above}
	twin := row("twin", StatusPendingValidation, "2026-11-01")
	twin.CommonName = "example.com"
	awaiting := row("c1", StatusAwaitingConfiguration, "2026-10-22")
	awaiting.ActivationEndsOn = day("2027-10-22")
	entries, _ := kept.compare(listing{rows: map[string]CertificateSummary{"c1": awaiting, "twin": twin}}, reportTime())
	want := []LedgerEntry{
		{Finding: FindingUnlinked, CertificateID: "twin", Product: "single", On: day("2026-11-01")},
		{
			Finding: FindingAbove, Panel: "p", ServiceID: "1", OperationID: "x1", CertificateID: "c1", OrderID: "oc1", Product: "single",
			Charged: usd(78800), Authorised: usd(100), On: day("2026-10-22"),
		},
		{
			Finding: FindingUnused, Panel: "p", ServiceID: "1", CertificateID: "c1", OrderID: "oc1", Product: "single",
			Charged: usd(78800), On: day("2026-10-22"), ActivationEndsOn: day("2027-10-22"),
		},
	}
	for i := range entries {
		if i == 0 && !strings.Contains(entries[i].Detail, "service 1") {
			t.Errorf("the service with the same name is not named: %s", entries[i].Detail)
		}
		entries[i].Detail = ""
	}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWhatIsUnusedOrGivenUpIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, finding := range findings {
		ledger := Ledger{PagesRead: 2, PagesTotal: 2, Entries: []LedgerEntry{{Finding: FindingUnused}, {Finding: finding}}}
		if noMistake := finding == FindingUnused || finding == FindingGivenUp; ledger.Balanced() != noMistake {
			t.Errorf("%s: balanced is %t", finding, ledger.Balanced())
		}
	}
	if (Ledger{PagesRead: 1, PagesTotal: 2}).Balanced() {
		t.Error("balanced without the whole list")
	}
}
