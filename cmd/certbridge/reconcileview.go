// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"strings"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// moneyView is an amount as JSON has it: a decimal string with its currency.
type moneyView struct {
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

func viewMoney(money provisioning.Money) *moneyView {
	if money.IsZero() {
		return nil
	}
	return &moneyView{money.String(), money.Currency}
}

func (m *moneyView) String() string {
	if m == nil {
		return "not known"
	}
	return m.Amount + " " + m.Currency
}

// operationView is an open operation with both sides and what can be decided.
type operationView struct {
	ID            string        `json:"id"`
	Kind          string        `json:"kind"`
	State         string        `json:"state"`
	Panel         string        `json:"panel"`
	ServiceID     string        `json:"service_id"`
	Account       string        `json:"account"`
	CertificateID string        `json:"certificate_id,omitempty"` // that it acts on
	RequestedBy   string        `json:"requested_by"`
	CreatedAt     time.Time     `json:"created_at"`
	SentAt        time.Time     `json:"sent_at,omitzero"`
	Since         time.Time     `json:"since"` // in this state, as far as it is known
	NextLookAt    time.Time     `json:"next_look_at,omitzero"`
	Looks         int           `json:"looks"`
	Problem       *problemView  `json:"problem,omitempty"`
	Noted         *notedView    `json:"noted,omitempty"`
	Evidence      *evidenceView `json:"evidence,omitempty"`
	Commands      []string      `json:"commands,omitempty"` // that settle it
	balances      [2]provisioning.Money
}

type problemView struct {
	Code            string `json:"code"`
	Detail          string `json:"detail"`
	UpstreamCode    string `json:"upstream_code,omitempty"`
	UpstreamMessage string `json:"upstream_message,omitempty"`
}

// notedView is our side: what was seen before the call.
type notedView struct {
	At         time.Time  `json:"at"`
	Balance    *moneyView `json:"balance"`
	Authorised *moneyView `json:"authorised"`
	ByCeiling  bool       `json:"by_ceiling"` // Authorised is the configured ceiling
	Newest     []string   `json:"newest"`     // certificate IDs, newest first
	Total      int        `json:"total"`
	Domains    int        `json:"domains,omitempty"`
}

// evidenceView is the provider's side: what was seen at the last look.
type evidenceView struct {
	At         time.Time                `json:"at"`
	Balance    *moneyView               `json:"balance"`
	Total      int                      `json:"total"`
	Domains    int                      `json:"domains,omitempty"`
	Candidates []provisioning.Candidate `json:"candidates"`
	Conclusion string                   `json:"conclusion"`
}

func (r *reconciler) operationViews(operations []provisioning.Operation) []operationView {
	views := make([]operationView, 0, len(operations))
	for _, operation := range operations {
		views = append(views, r.operationView(operation))
	}
	return views
}

func (r *reconciler) operationView(o provisioning.Operation) operationView {
	view := operationView{
		ID: o.ID, Kind: string(o.Kind), State: string(o.State), Panel: r.panelName(o.Panel), ServiceID: o.ServiceID, Account: o.Account,
		CertificateID: o.CertificateID, RequestedBy: o.RequestedBy, CreatedAt: o.CreatedAt, SentAt: o.SentAt, Since: o.UpdatedAt,
		NextLookAt: o.LookAt, Looks: o.Looks, Problem: viewProblem(o.Failure),
	}
	if noted := o.Noted; noted != nil {
		view.balances[0] = noted.Balance
		view.Noted = &notedView{
			At: noted.At, Balance: viewMoney(noted.Balance), Authorised: viewMoney(noted.Authorised), ByCeiling: noted.Ceiling,
			Newest: noted.Newest, Total: noted.Total, Domains: noted.Domains,
		}
	}
	if seen := o.Evidence; seen != nil {
		view.balances[1] = seen.Balance
		view.Evidence = &evidenceView{
			At: seen.At, Balance: viewMoney(seen.Balance), Total: seen.Total, Domains: seen.Domains,
			Candidates: seen.Candidates, Conclusion: seen.Conclusion,
		}
	}
	view.Commands = r.decisions(o)
	return view
}

func viewProblem(failure *provisioning.Failure) *problemView {
	if failure == nil {
		return nil
	}
	return &problemView{failure.Code, failure.Detail, failure.Upstream.Code, failure.Upstream.Message}
}

// panelName is the name of a panel, or its id if it is gone.
func (r *reconciler) panelName(id string) string {
	if name, known := r.panels[id]; known {
		return name
	}
	return id
}

// decisions are the commands of which one settles an operation.
func (r *reconciler) decisions(o provisioning.Operation) []string {
	var commands []string
	for _, choice := range r.bridge.Choices(o) {
		words := []string{strings.ReplaceAll(string(choice.Verdict), "_", "-"), o.ID}
		if choice.Verdict == provisioning.VerdictAdopt {
			words = append(words, cmp.Or(choice.CertificateID, "CERTIFICATE"))
		}
		commands = append(commands, r.ownCommand(words...))
	}
	return commands
}

// ownCommand writes a command for the same configuration as this one.
func (p *program) ownCommand(words ...string) string {
	text := "certbridge reconcile"
	for _, word := range words {
		text += " " + shellWord(word)
	}
	if p.configPath != "" {
		text += " --config " + shellWord(p.configPath)
	}
	return text
}

// waitingView is an operation that is not sent yet.
type waitingView struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Panel     string    `json:"panel"`
	ServiceID string    `json:"service_id"`
	Account   string    `json:"account"`
	Since     time.Time `json:"since"`
}

func (r *reconciler) waitingViews(operations []provisioning.Operation) []waitingView {
	views := make([]waitingView, 0, len(operations))
	for _, o := range operations {
		views = append(views, waitingView{o.ID, string(o.Kind), r.panelName(o.Panel), o.ServiceID, o.Account, o.CreatedAt})
	}
	return views
}
