// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// report prints the money report of accounts. An account that cannot be reported
// on does not keep the others from it.
func (r *reconciler) report(ctx context.Context, accounts []string, asJSON bool) error {
	if len(accounts) == 0 && !asJSON {
		r.say("No accounts are configured.")
		return nil
	}
	balanced := true
	var failed error
	reports := make([]ledgerView, 0, len(accounts))
	for _, account := range accounts {
		ledger, err := r.readLedger(ctx, account)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("account %s: %w", account, err))
			continue
		}
		balanced = balanced && ledger.Balanced()
		view := r.viewLedger(ledger)
		reports = append(reports, view)
		if !asJSON {
			r.printLedger(view)
		}
	}
	if asJSON {
		if err := r.sayJSON(map[string]any{"balanced": balanced && failed == nil, "accounts": reports}); err != nil {
			return err
		}
	}
	if failed == nil && !balanced {
		return errReported
	}
	return failed
}

// readLedger shows meanwhile how far it is, if somebody looks.
func (r *reconciler) readLedger(ctx context.Context, account string) (provisioning.Ledger, error) {
	if !isTerminal(r.stderr) {
		return r.bridge.Ledger(ctx, account, nil)
	}
	show, done := progressLine(r.stderr, account)
	defer done()
	return r.bridge.Ledger(ctx, account, show)
}

// progressLine writes one line of a terminal over and over, and clears it when done.
func progressLine(to io.Writer, account string) (show func(read, total int), done func()) {
	const empty = "\r\x1b[K"
	show = func(read, total int) { _, _ = fmt.Fprintf(to, "%s%s: page %d of %d", empty, account, read, total) }
	return show, func() { _, _ = fmt.Fprint(to, empty) }
}

// section is what the report says about one finding.
type section struct {
	finding provisioning.Finding
	title   string
	advice  string // what to do about it
}

// sections are all findings, in the order of the report.
var sections = []section{
	{provisioning.FindingUnlinked, "charged and unlinked", "find out who bought it; what nobody needs, the provider may take back"},
	{provisioning.FindingNeverCharged, "owned and never charged", "compare with the provider's statement of the account"},
	{provisioning.FindingChargedTwice, "charged twice in one term", "ask the provider for a refund"},
	{provisioning.FindingAbove, "charged above what was authorised", "compare with the provider's price list, and ask for the difference"},
	{provisioning.FindingUnresolved, "in doubt", "`certbridge reconcile` shows what can be decided"},
	{provisioning.FindingGivenUp, "given up", "decided by a person; compare with the provider's statement of the account"},
	{provisioning.FindingUnused, "bought and not configured yet", "nothing is wrong; remind the customers before it lapses"},
}

// ledgerView is the report of an account, as JSON has it.
type ledgerView struct {
	Account     string            `json:"account"`
	Environment string            `json:"environment"`
	At          string            `json:"at"`
	Balance     *moneyView        `json:"balance"`
	Balanced    bool              `json:"balanced"`
	PagesRead   int               `json:"pages_read"`
	PagesTotal  int               `json:"pages_total"`
	Owned       sumView           `json:"owned"`
	Earlier     int               `json:"earlier"`
	Entries     []ledgerEntryView `json:"entries"`
}

type sumView struct {
	Count int        `json:"count"`
	Total *moneyView `json:"total"`
}

type ledgerEntryView struct {
	Finding          string     `json:"finding"`
	Panel            string     `json:"panel,omitempty"`
	ServiceID        string     `json:"service_id,omitempty"`
	OperationID      string     `json:"operation_id,omitempty"`
	CertificateID    string     `json:"certificate_id,omitempty"`
	OrderID          string     `json:"order_id,omitempty"`
	Product          string     `json:"product,omitempty"`
	Charged          *moneyView `json:"charged,omitempty"`
	Authorised       *moneyView `json:"authorised,omitempty"`
	On               string     `json:"on,omitempty"`                 // YYYY-MM-DD
	ActivationEndsOn string     `json:"activation_ends_on,omitempty"` // YYYY-MM-DD
	LinkedBy         string     `json:"linked_by,omitempty"`          // see provisioning.LedgerEntry
	Detail           string     `json:"detail"`
	charged          provisioning.Money
}

func (r *reconciler) viewLedger(l provisioning.Ledger) ledgerView {
	view := ledgerView{
		Account: l.Account, Environment: string(l.Environment), At: moment(l.At), Balance: viewMoney(l.Balance), Balanced: l.Balanced(),
		PagesRead: l.PagesRead, PagesTotal: l.PagesTotal, Owned: sumView{l.Owned.Count, viewMoney(l.Owned.Total)},
		Earlier: l.Earlier, Entries: make([]ledgerEntryView, 0, len(l.Entries)),
	}
	for _, entry := range l.Entries {
		view.Entries = append(view.Entries, ledgerEntryView{
			Finding: string(entry.Finding), Panel: r.panelName(entry.Panel), ServiceID: entry.ServiceID, OperationID: entry.OperationID,
			CertificateID: entry.CertificateID, OrderID: entry.OrderID, Product: entry.Product,
			Charged: viewMoney(entry.Charged), Authorised: viewMoney(entry.Authorised),
			On: dateText(entry.On), ActivationEndsOn: dateText(entry.ActivationEndsOn), LinkedBy: entry.LinkedBy, Detail: entry.Detail, charged: entry.Charged,
		})
	}
	return view
}

func dateText(date provisioning.Date) string {
	if date.IsZero() {
		return ""
	}
	return date.String()
}

// of are the entries with one finding.
func (v ledgerView) of(finding provisioning.Finding) []ledgerEntryView {
	var found []ledgerEntryView
	for _, entry := range v.Entries {
		if entry.Finding == string(finding) {
			found = append(found, entry)
		}
	}
	return found
}

func (p *program) printLedger(v ledgerView) {
	p.say("Account %s, %s, at %s. Balance: %s.\n", v.Account, v.Environment, v.At, v.Balance)
	p.printTotals(v)
	for _, s := range sections {
		if entries := v.of(s.finding); len(entries) > 0 {
			p.printSection(s, entries)
		}
	}
	p.say("\n%s\n", v.verdict())
}

func (p *program) printTotals(v ledgerView) {
	row := func(label string, count int, total *moneyView) {
		sum := ""
		if total != nil {
			sum = "  " + total.String()
		}
		p.say("  %-34s%6d%s", label, count, sum)
	}
	row("charged and owned", v.Owned.Count, v.Owned.Total)
	for _, s := range sections {
		entries := v.of(s.finding)
		row(s.title, len(entries), total(entries))
	}
	row("bought before certbridge", v.Earlier, nil)
}

// printSection writes the entries with one finding, under what is wrong with them.
func (p *program) printSection(s section, entries []ledgerEntryView) {
	p.say("\n%s%s: %s.", strings.ToUpper(s.title[:1]), s.title[1:], s.advice)
	said := ""
	for _, entry := range entries {
		if entry.Detail != said {
			said = entry.Detail
			p.say("  %s", printable(said))
		}
		p.say("    %s", printable(entry.text()))
	}
}

// total adds what was charged, as far as it is known and of one currency.
func total(entries []ledgerEntryView) *moneyView {
	var sum provisioning.Money
	for _, entry := range entries {
		if sum.Currency == "" || entry.charged.Currency == sum.Currency {
			sum = provisioning.Money{Units: sum.Units + entry.charged.Units, Currency: entry.charged.Currency}
		}
	}
	return viewMoney(sum)
}

// verdict is the report in one sentence.
func (v ledgerView) verdict() string {
	switch {
	case v.Balanced:
		return "It adds up."
	case v.PagesRead < v.PagesTotal:
		return fmt.Sprintf("Only %d of %d pages of the provider's list could be read, so it is not known whether it adds up. Try again.", v.PagesRead, v.PagesTotal)
	}
	return "It does not add up: see above."
}

// text is one line about a finding, as far as its parts are known.
func (e ledgerEntryView) text() string {
	var parts []string
	part := func(label, value string) {
		if value != "" {
			parts = append(parts, strings.TrimSpace(label+" "+value))
		}
	}
	part("certificate", e.CertificateID)
	if e.ServiceID != "" {
		part("service", e.ServiceID+" of panel "+e.Panel)
	}
	part("", e.Product)
	if e.Charged != nil {
		part("charged", e.Charged.String())
	}
	if e.Authorised != nil {
		part("authorised", e.Authorised.String())
	}
	part("order", e.OrderID)
	part("on", e.On)
	part("operation", e.OperationID)
	part("to be activated by", e.ActivationEndsOn)
	return strings.Join(parts, ", ")
}
