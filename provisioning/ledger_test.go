// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// till is an account whose books a test writes by itself: what services own, what
// the journal says, and what the provider lists.
type till struct {
	t      *testing.T
	store  *watched
	bridge *provisioning.Bridge
	now    time.Time

	listed  []provisioning.CertificateSummary
	balance error
	broken  int // the page that cannot be read; 0 if all can

	throttled int // how many calls for a page are turned away
}

// watched is a store that calls back before it gives services of an account, and
// that may be away.
type watched struct {
	provisioning.Store
	read func() // after services were read
	away error
}

func (w *watched) AccountServices(ctx context.Context, account string, after int64, limit int) ([]provisioning.Service, error) {
	found, err := w.Store.AccountServices(ctx, account, after, limit)
	if then := w.read; then != nil && len(found) == 0 {
		w.read = nil
		then()
	}
	return found, err
}

func (w *watched) Operations(ctx context.Context, query provisioning.OperationQuery) ([]provisioning.Operation, error) {
	if w.away != nil {
		return nil, w.away
	}
	return w.Store.Operations(ctx, query)
}

// teller is the provider of a till.
type teller struct {
	provisioning.Provider
	till *till
}

func (p teller) Balance(context.Context) (provisioning.Money, error) {
	return provisioning.Money{Units: 5_000_000, Currency: "USD"}, p.till.balance
}

func (p teller) Certificates(_ context.Context, page, pageSize int) (provisioning.CertificatePage, error) {
	if page == p.till.broken {
		return provisioning.CertificatePage{}, &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Fault: provisioning.FaultUnreachable}
	}
	if p.till.throttled > 0 {
		p.till.throttled--
		return provisioning.CertificatePage{}, &provisioning.ProviderError{
			Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled, RetryAfter: time.Millisecond,
		}
	}
	all := p.till.listed
	from, to := min((page-1)*pageSize, len(all)), min(page*pageSize, len(all))
	return provisioning.CertificatePage{Certificates: all[from:to], Total: len(all)}, nil
}

func onEachTill(t *testing.T, test func(t *testing.T, l *till)) {
	t.Helper()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		l := &till{t: t, store: &watched{Store: store}, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
		bridge, err := provisioning.NewBridge(provisioning.Config{
			Store: l.store, Now: func() time.Time { return l.now }, Log: slog.New(slog.DiscardHandler),
			Accounts: []provisioning.Account{
				{Name: "shop", Provider: "fake", Environment: provisioning.Production, Upstream: teller{till: l}},
				{Name: "other", Provider: "fake", Environment: provisioning.Sandbox, Upstream: teller{till: l}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := bridge.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
		l.bridge = bridge
		test(t, l)
	})
}

// buy writes a service that bought certificate c for its order o, a month ago,
// with the operation as a test changes it.
func (l *till) buy(account, serviceID, c string, change ...func(*provisioning.Service, *provisioning.Operation)) {
	l.t.Helper()
	bought := l.now.AddDate(0, -1, 0)
	charged := provisioning.Money{Units: 78800, Currency: "USD"}
	s := provisioning.Service{
		Panel: "p", ServiceID: serviceID, Account: account, Provider: "fake", Environment: provisioning.Production, Product: "single", Years: 1,
		State: provisioning.ServiceActive, CreatedAt: bought, UpdatedAt: bought,
		Orders: []provisioning.Order{{
			OrderID: "o" + c, Years: 1, Charged: charged, PurchasedOn: provisioning.DateOf(bought),
			Term: provisioning.Term{StartsOn: provisioning.DateOf(bought), EndsOn: provisioning.DateOf(bought).AddYears(1)},
		}},
		Certificates: []provisioning.Certificate{{
			CertificateID: c, OrderID: "o" + c, Reason: provisioning.ReasonPurchase, Status: provisioning.StatusPendingValidation, CreatedAt: bought,
		}},
	}
	operation := provisioning.Operation{
		ID: "purchase-" + c, Kind: provisioning.OperationPurchase, State: provisioning.OperationSucceeded, Panel: "p", ServiceID: serviceID,
		Account: account, Request: `{"product":"single","years":1}`, Attempts: 1, CreatedAt: bought, SentAt: bought, FinishedAt: bought, UpdatedAt: bought,
		Result: provisioning.OperationResult{CertificateID: c, OrderID: "o" + c, Charged: charged, ChargedBy: provisioning.ChargedByAnswer},
	}
	for _, change := range change {
		change(&s, &operation)
	}
	if err := l.store.Write(l.t.Context(), provisioning.Change{After: &s, Operation: &operation}); err != nil {
		l.t.Fatal(err)
	}
}

// list has the provider show certificates that were bought on a day.
func (l *till) list(on provisioning.Date, ids ...string) {
	for _, id := range ids {
		l.listed = append(l.listed, provisioning.CertificateSummary{
			CertificateID: id, Status: provisioning.StatusPendingValidation, PurchasedOn: on, ProviderProduct: "Single",
		})
	}
}

// ledger makes the report and gives it without its lines, which are told shortly.
func (l *till) ledger() (report provisioning.Ledger, lines []string) {
	l.t.Helper()
	report, err := l.bridge.Ledger(l.t.Context(), "shop", nil)
	if err != nil {
		l.t.Fatal(err)
	}
	for _, entry := range report.Entries {
		lines = append(lines, fmt.Sprintf("%s %s %s", entry.Finding, entry.CertificateID, entry.OperationID))
	}
	report.Entries = nil
	return report, lines
}

func (l *till) wantLines(want ...string) {
	l.t.Helper()
	if _, lines := l.ledger(); !cmp.Equal(want, lines) {
		l.t.Errorf("(-want +got):\n%s", cmp.Diff(want, lines))
	}
}

func TestTheLedgerBalances(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		monthAgo := provisioning.DateOf(l.now.AddDate(0, -1, 0))
		for n := range 250 {
			c := fmt.Sprintf("c%03d", n)
			l.buy("shop", "s"+c, c)
			l.list(monthAgo, c)
		}
		l.buy("other", "elsewhere", "not-here")
		l.list(monthAgo.AddDays(-30), "by-hand")
		told := 0
		report, err := l.bridge.Ledger(t.Context(), "shop", func(read, total int) {
			if told++; read != told || total != 3 {
				t.Errorf("told %d of %d", read, total)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		want := provisioning.Ledger{
			Account: "shop", Environment: provisioning.Production, At: l.now, Balance: provisioning.Money{Units: 5_000_000, Currency: "USD"},
			PagesRead: 3, PagesTotal: 3, Owned: provisioning.Sum{Count: 250, Total: provisioning.Money{Units: 250 * 78800, Currency: "USD"}}, Earlier: 1,
		}
		if diff := cmp.Diff(want, report); diff != "" || !report.Balanced() {
			t.Errorf("balanced %t (-want +got):\n%s", report.Balanced(), diff)
		}
	})
}

func TestTheLedgerFindsWhatDoesNotAddUp(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		today := provisioning.DateOf(l.now)
		l.buy("shop", "fine", "c1")
		l.buy("shop", "lost", "c2", func(s *provisioning.Service, _ *provisioning.Operation) { s.Orders, s.Certificates = nil, nil })
		l.buy("shop", "dear", "c3", func(_ *provisioning.Service, o *provisioning.Operation) {
			o.Noted = &provisioning.Noted{At: o.SentAt, Authorised: provisioning.Money{Units: 70000, Currency: "USD"}}
		})
		l.buy("shop", "doubtful", "c4", func(s *provisioning.Service, o *provisioning.Operation) {
			s.Orders, s.Certificates = nil, nil
			o.State, o.Result, o.FinishedAt = provisioning.OperationUncertain, provisioning.OperationResult{}, time.Time{}
		})
		l.buy("shop", "gift", "c5", func(_ *provisioning.Service, o *provisioning.Operation) {
			o.State, o.Result = provisioning.OperationRefused, provisioning.OperationResult{}
		})
		l.buy("shop", "forgotten", "c6", func(s *provisioning.Service, _ *provisioning.Operation) {
			s.Certificates[0].Status = provisioning.StatusAwaitingConfiguration
		})
		l.list(today, "c1", "c2", "c3", "c5", "stranger")
		l.wantLines(
			"charged_unlinked c2 purchase-c2", "charged_unlinked stranger ", "owned_not_charged c5 ", "charged_above c3 purchase-c3",
			"unresolved  purchase-c4", "unused c6 ",
		)
	})
}

// What is bought while the report is made is in no line of it.
func TestPurchasesGoOnWhileTheLedgerIsMade(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		l.buy("shop", "1", "c1")
		l.list(provisioning.DateOf(l.now), "c1", "c2")
		l.store.read = func() {
			l.buy("shop", "2", "c2")
			s, err := l.store.Service(t.Context(), "p", "1")
			if err != nil {
				t.Fatal(err)
			}
			after := s.Clone()
			after.AdditionalDomains = 2
			more := provisioning.Operation{
				ID: "more", Kind: provisioning.OperationAddDomains, State: provisioning.OperationSucceeded, Panel: "p", ServiceID: "1", Account: "shop",
				Request: `{"certificate_id":"c1","domains":2}`, Result: provisioning.OperationResult{CertificateID: "c1", OrderID: "more-c1"},
				CreatedAt: l.now, SentAt: l.now, FinishedAt: l.now, UpdatedAt: l.now,
			}
			if err := l.store.Write(t.Context(), provisioning.Change{Before: &s, After: &after, Operation: &more}); err != nil {
				t.Fatal(err)
			}
		}
		report, lines := l.ledger()
		if l.store.read != nil || lines != nil || report.Owned.Count != 3 {
			t.Errorf("%v, owned %+v", lines, report.Owned)
		}
	})
}

func TestALedgerOfPartOfTheListSaysSo(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		l.buy("shop", "1", "c1")
		for n := range 150 {
			l.list(provisioning.DateOf(l.now).AddDays(-300), fmt.Sprint("old-", n))
		}
		l.broken, l.balance = 2, errors.New("away")
		report, lines := l.ledger()
		if report.PagesRead != 1 || report.PagesTotal != 2 || report.Balanced() || lines != nil || report.Earlier != 100 {
			t.Errorf("%+v %v", report, lines)
		}
		if !report.Balance.IsZero() {
			t.Errorf("the balance is %v and could not be read", report.Balance)
		}
		l.broken = 1
		if report, _ = l.ledger(); report.PagesRead != 0 || report.PagesTotal != 1 || report.Balanced() || report.Owned.Count != 1 {
			t.Errorf("%+v", report)
		}
	})
}

// A list is longer than the number of calls that a provider takes at once.
func TestALedgerWaitsForAProviderThatIsBusy(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		l.buy("shop", "1", "c1")
		l.list(provisioning.DateOf(l.now), "c1")
		l.throttled = 3
		if report, _ := l.ledger(); report.PagesRead != 1 || !report.Balanced() || l.throttled != 0 {
			t.Errorf("%+v", report)
		}
		l.throttled = 1000
		if report, _ := l.ledger(); report.PagesRead != 0 || report.Balanced() || l.throttled < 900 {
			t.Errorf("%+v, %d calls", report, 1000-l.throttled)
		}
	})
}

func TestALedgerNeedsItsAccountAndItsStore(t *testing.T) {
	t.Parallel()
	onEachTill(t, func(t *testing.T, l *till) {
		_, err := l.bridge.Ledger(t.Context(), "nobody", nil)
		wantCode(t, err, "unknown_account")
		l.store.away = errors.New("gone")
		_, err = l.bridge.Ledger(t.Context(), "shop", nil)
		wantCode(t, err, "store_unavailable")
	})
}
