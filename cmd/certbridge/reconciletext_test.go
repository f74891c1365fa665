// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

func dollars(units int64) provisioning.Money {
	return provisioning.Money{Units: units * 10_000, Currency: "USD"}
}

var sentAt = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// doubtful is a purchase that certbridge looked for once.
func doubtful() provisioning.Operation {
	return provisioning.Operation{
		ID: "op1", Kind: provisioning.OperationPurchase, State: provisioning.OperationUncertain, Panel: "p1", ServiceID: "7", Account: "main",
		RequestedBy: "panel:k1", CreatedAt: sentAt, SentAt: sentAt, UpdatedAt: sentAt.Add(4 * time.Minute), LookAt: sentAt.Add(5 * time.Minute), Looks: 1,
		Failure: &provisioning.Failure{Code: "outcome_unknown", Detail: "Not known.", Upstream: provisioning.Upstream{Code: "5050900", Message: "Unhandled"}},
		Noted:   &provisioning.Noted{At: sentAt, Balance: dollars(100), Authorised: dollars(9), Ceiling: true, Newest: []string{"5", "4", "3", "2"}, Total: 9},
		Evidence: &provisioning.Evidence{At: sentAt.Add(4 * time.Minute), Balance: dollars(100), Total: 10, Conclusion: "It is odd.", Candidates: []provisioning.Candidate{
			{CertificateID: "6", ProviderProduct: "PositiveSSL", ProviderStatus: "newpurchase", Years: 2, PurchasedOn: "2026-11-22"},
		}},
	}
}

// textOf shows an operation an hour after it was sent.
func textOf(t *testing.T, o provisioning.Operation) string {
	t.Helper()
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: struct{ provisioning.Store }{}, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { return sentAt.Add(time.Hour) },
	})
	if err != nil {
		t.Fatal(err)
	}
	r := &reconciler{program: &program{configPath: "/etc/my bridge.yaml"}, bridge: bridge, panels: map[string]string{"p1": "shop"}}
	return r.operationView(o).text()
}

func TestBothSidesAreShown(t *testing.T) {
	t.Parallel()
	want := `op1  purchase, uncertain since 2026-11-22T09:04:00Z
    service     7 of panel shop, account main
    asked for   by panel:k1, 2026-11-22T09:00:00Z; sent 2026-11-22T09:00:00Z
    problem     outcome_unknown: Not known. The provider said: 5050900 Unhandled

  Before the call, 2026-11-22T09:00:00Z:
    balance     100.0000 USD
    authorised  9.0000 USD, the configured ceiling
    newest      5, 4, 3 and 6 older

  At the provider, 2026-11-22T09:04:00Z:
    balance     100.0000 USD, unchanged
    total       10 certificates, 9 before
    candidate   6, PositiveSSL, newpurchase, 2 years, bought 2026-11-22
    conclusion  It is odd.

  It is looked at again at 2026-11-22T09:05:00Z, and may settle by itself. Whoever knows what became of it says:
    certbridge reconcile adopt op1 6 --config '/etc/my bridge.yaml'
    certbridge reconcile not-executed op1 --config '/etc/my bridge.yaml'
    certbridge reconcile give-up op1 --config '/etc/my bridge.yaml'
`
	if diff := cmp.Diff(want, textOf(t, doubtful())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// While the provider may still be at work, nobody is told how to decide.
func TestNoDecisionIsOfferedBeforeTheFirstLook(t *testing.T) {
	t.Parallel()
	o := doubtful()
	o.Evidence, o.Looks, o.SentAt, o.LookAt = nil, 0, sentAt.Add(59*time.Minute), sentAt.Add(63*time.Minute)
	text := textOf(t, o)
	if strings.Contains(text, "reconcile") || !strings.Contains(text, "It is looked at from 2026-11-22T10:03:00Z on") {
		t.Errorf("it says:\n%s", text)
	}
}

// Some operations bring no certificate, and some were looked at in vain.
func TestCommandsFitTheOperation(t *testing.T) {
	t.Parallel()
	for kind, adopt := range map[provisioning.OperationKind]string{
		provisioning.OperationRenew:      "reconcile adopt op1 CERTIFICATE",
		provisioning.OperationPurchase:   "reconcile adopt op1 CERTIFICATE",
		provisioning.OperationReissue:    "reconcile adopt op1 CERTIFICATE",
		provisioning.OperationAddDomains: "reconcile adopt op1 4",
		provisioning.OperationActivate:   "reconcile adopt op1 4",
		provisioning.OperationRevoke:     "reconcile adopt op1 4",
	} {
		o := doubtful()
		o.Kind, o.State, o.Evidence, o.CertificateID = kind, provisioning.OperationNeedsAttention, nil, "4"
		if text := textOf(t, o); !strings.Contains(text, adopt) || !strings.Contains(text, "reconcile give-up op1") {
			t.Errorf("%s: it says\n%s", kind, text)
		}
	}
}

func TestStandingInOneSentence(t *testing.T) {
	t.Parallel()
	for want, counts := range map[string][2]int{
		"No outcome is in doubt.":                                                                     {0, 0},
		"1 operation in doubt and still looked after.":                                                {1, 0},
		"2 operations to be decided by a person, with one of the commands above each.":                {2, 2},
		"1 operation to be decided by a person, and 2 in doubt and still looked after by certbridge.": {3, 1},
	} {
		if got := standing(counts[0], counts[1]); got != want {
			t.Errorf("%v: %q, want %q", counts, got, want)
		}
	}
}

func TestBalancesAreCompared(t *testing.T) {
	t.Parallel()
	euros := provisioning.Money{Units: 50_000, Currency: "EUR"}
	for _, c := range []struct {
		before, after provisioning.Money
		want          string
	}{
		{dollars(10), dollars(2), ", 8.0000 less"},
		{dollars(10), dollars(12), ", 2.0000 more"},
		{dollars(10), dollars(10), ", unchanged"},
		{dollars(10), euros, ""},
		{provisioning.Money{}, dollars(1), ""},
	} {
		if got := change(c.before, c.after); got != c.want {
			t.Errorf("from %s to %s: %q, want %q", c.before, c.after, got, c.want)
		}
	}
}

// What a provider says stays within its line, and its ids are no commands.
func TestTextFromOutsideIsHarmless(t *testing.T) {
	t.Parallel()
	o := doubtful()
	o.Evidence.Candidates[0].CertificateID = "6; reboot"
	o.Evidence.Conclusion = "odd\n  forged line\x1b[2J"
	text := textOf(t, o)
	if strings.Contains(text, "\x1b") || strings.Contains(text, "\n  forged") || !strings.Contains(text, "adopt op1 '6; reboot' --config") {
		t.Errorf("it says:\n%q", text)
	}
}

func TestProgressLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	var terminal bytes.Buffer
	show, done := progressLine(&terminal, "main")
	show(1, 3)
	show(2, 3)
	done()
	const empty = "\r\x1b[K"
	if want := empty + "main: page 1 of 3" + empty + "main: page 2 of 3" + empty; terminal.String() != want {
		t.Errorf("it writes %q, want %q", terminal.String(), want)
	}
}

// What is shown can be pasted into a shell, whatever is in it.
func TestWordsAreQuotedForTheShell(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"/etc/certbridge.yaml": "/etc/certbridge.yaml", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(reboot)": "'$(reboot)'", "~x": "'~x'",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q becomes %s, want %s", word, got, want)
		}
	}
}

func reported(l provisioning.Ledger) string {
	var out bytes.Buffer
	r := &reconciler{program: &program{stdout: &out}, panels: map[string]string{"p1": "shop"}}
	r.printLedger(r.viewLedger(l))
	return out.String()
}

func TestReportGroupsWhatItFound(t *testing.T) {
	t.Parallel()
	day := provisioning.DateOf(sentAt)
	want := `Account main, production, at 2026-11-22T09:00:00Z. Balance: 5.0000 USD.

  charged and owned                      3  24.0000 USD
  charged and unlinked                   2  8.0000 USD
  owned and never charged                0
  charged twice in one term              0
  charged above what was authorised      1  9.0000 USD
  in doubt                               0
  given up                               0
  bought and not configured yet          0
  bought before certbridge               4

Charged and unlinked: find out who bought it; what nobody needs, the provider may take back.
  Nobody owns it.
    certificate 6, positivessl, charged 8.0000 USD, order 60, on 2026-11-22, operation op1, to be activated by 2027-11-22
    certificate 7

Charged above what was authorised: compare with the provider's price list, and ask for the difference.
  It cost too much.
    service 7 of panel shop, charged 9.0000 USD, authorised 8.0000 USD

It does not add up: see above.

`
	got := reported(provisioning.Ledger{
		Account: "main", Environment: provisioning.Production, At: sentAt, Balance: dollars(5), PagesRead: 1, PagesTotal: 1,
		Owned: provisioning.Sum{Count: 3, Total: dollars(24)}, Earlier: 4,
		Entries: []provisioning.LedgerEntry{
			{
				Finding: provisioning.FindingUnlinked, OperationID: "op1", CertificateID: "6", OrderID: "60", Product: "positivessl",
				Charged: dollars(8), On: day, ActivationEndsOn: day.AddYears(1), Detail: "Nobody owns it.",
			},
			{Finding: provisioning.FindingUnlinked, CertificateID: "7", Detail: "Nobody owns it."},
			{
				Finding: provisioning.FindingAbove, Panel: "p1", ServiceID: "7",
				Charged: dollars(9), Authorised: dollars(8), Detail: "It cost too much.",
			},
		},
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What is bought and not used yet is told, and is nothing wrong; a list that was not
// read to its end proves nothing.
func TestReportEndsWithItsVerdict(t *testing.T) {
	t.Parallel()
	unused := []provisioning.LedgerEntry{{Finding: provisioning.FindingUnused, CertificateID: "8", Detail: "It waits."}}
	for want, ledger := range map[string]provisioning.Ledger{
		"It adds up.": {PagesRead: 2, PagesTotal: 2, Entries: unused},
		"Only 1 of 3 pages of the provider's list could be read, so it is not known whether it adds up. Try again.": {PagesRead: 1, PagesTotal: 3},
	} {
		if got := reported(ledger); !strings.HasSuffix(got, "\n\n"+want+"\n\n") {
			t.Errorf("it ends with:\n%s\nwant %q", got, want)
		}
	}
}

// Every finding that the domain knows has its place in the report.
func TestEveryFindingHasASection(t *testing.T) {
	t.Parallel()
	for _, finding := range []provisioning.Finding{
		provisioning.FindingUnlinked, provisioning.FindingNeverCharged, provisioning.FindingChargedTwice,
		provisioning.FindingAbove, provisioning.FindingUnresolved, provisioning.FindingGivenUp, provisioning.FindingUnused,
	} {
		text := reported(provisioning.Ledger{Entries: []provisioning.LedgerEntry{{Finding: finding, CertificateID: "c9", Detail: "So it is."}}})
		if !strings.Contains(text, "  So it is.\n    certificate c9\n") {
			t.Errorf("%s is not shown:\n%s", finding, text)
		}
	}
}
