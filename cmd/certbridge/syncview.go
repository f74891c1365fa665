// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// runView is a run with its report, as JSON has it.
type runView struct {
	ID         string          `json:"id"`
	State      string          `json:"state"`
	DryRun     bool            `json:"dry_run"`
	StartedBy  string          `json:"started_by"`
	StartedAt  time.Time       `json:"started_at"`
	FinishedAt time.Time       `json:"finished_at"`
	Accounts   []runPartView   `json:"accounts"`
	Changes    []runChangeView `json:"changes"`
}

type runPartView struct {
	Account          string         `json:"account"`
	State            string         `json:"state"`
	PagesDone        int            `json:"pages_done"`
	PagesTotal       int            `json:"pages_total"`
	CertificatesSeen int            `json:"certificates_seen"`
	Changed          int            `json:"changed"`
	Details          int            `json:"details"`
	ServicesChanged  int            `json:"services_changed"`
	ProviderCalls    int            `json:"provider_calls"`
	ChangesOmitted   int            `json:"changes_omitted"`
	ErrorCount       int            `json:"error_count"`
	Errors           []runErrorView `json:"errors"`
}

type runErrorView struct {
	At            time.Time `json:"at"`
	Page          int       `json:"page,omitempty"`
	Panel         string    `json:"panel,omitempty"` // its name
	ServiceID     string    `json:"service_id,omitempty"`
	CertificateID string    `json:"certificate_id,omitempty"`
	Code          string    `json:"code"`
	Detail        string    `json:"detail"`
}

type runChangeView struct {
	Account       string `json:"account"`
	Panel         string `json:"panel"` // its name
	ServiceID     string `json:"service_id"`
	CertificateID string `json:"certificate_id,omitempty"`
	Field         string `json:"field"`
	Old           string `json:"old"`
	New           string `json:"new"`
}

func (r *reconciler) viewRun(run provisioning.Synchronization, changes []provisioning.ServiceChange) runView {
	v := runView{
		ID: run.ID, State: string(run.State), DryRun: run.DryRun, StartedBy: run.StartedBy, StartedAt: run.StartedAt,
		FinishedAt: run.FinishedAt, Accounts: make([]runPartView, 0, len(run.Parts)), Changes: make([]runChangeView, 0, len(changes)),
	}
	for _, part := range run.Parts {
		one := runPartView{
			Account: part.Account, State: string(part.State), PagesDone: part.PagesDone, PagesTotal: part.PagesTotal,
			CertificatesSeen: part.CertificatesSeen, Changed: part.Changed, Details: part.Details, ServicesChanged: part.ServicesChanged,
			ProviderCalls: part.ProviderCalls, ChangesOmitted: part.Omitted, ErrorCount: part.ErrorCount, Errors: []runErrorView{},
		}
		for _, failed := range part.Errors {
			one.Errors = append(one.Errors, runErrorView{
				At: failed.At, Page: failed.Page, Panel: r.panelName(failed.Panel), ServiceID: failed.ServiceID,
				CertificateID: failed.CertificateID, Code: failed.Code, Detail: failed.Detail,
			})
		}
		v.Accounts = append(v.Accounts, one)
	}
	for _, change := range changes {
		v.Changes = append(v.Changes, runChangeView{
			Account: change.Account, Panel: r.panelName(change.Panel), ServiceID: change.ServiceID, CertificateID: change.CertificateID,
			Field: change.Field, Old: change.Old, New: change.New,
		})
	}
	return v
}

// text is the report for people: what changed, service by service, then how each
// account went.
func (v runView) text() string {
	var b strings.Builder
	last := ""
	for _, change := range v.Changes {
		service := fmt.Sprintf("Service %s of panel %s, account %s:", change.ServiceID, change.Panel, change.Account)
		if service != last {
			fmt.Fprintln(&b, printable(service))
			last = service
		}
		fmt.Fprintf(&b, "  %-16s %s\n", spaced(change.Field), printable(orNothing(change.Old)+" -> "+orNothing(change.New)))
	}
	if len(v.Changes) > 0 {
		b.WriteString("\n")
	}
	if len(v.Accounts) == 0 {
		b.WriteString("No accounts are configured.\n")
	}
	for _, part := range v.Accounts {
		b.WriteString(part.text(v.DryRun))
	}
	return b.String()
}

func orNothing(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

func (v runPartView) text(dryRun bool) string {
	var b strings.Builder
	did := "changed"
	if dryRun {
		did = "would change"
	}
	fmt.Fprintf(&b, "Account %s: %s of the list, %s, %s not as before; %s %s; %s.\n", printable(v.Account), counted(v.PagesDone, "page"),
		counted(v.CertificatesSeen, "certificate"), fmt.Sprint(v.Changed), counted(v.ServicesChanged, "service"), did, counted(v.ProviderCalls, "call"))
	if v.ChangesOmitted > 0 {
		fmt.Fprintf(&b, "  %s more than a report holds.\n", counted(v.ChangesOmitted, "change"))
	}
	for _, failed := range v.Errors {
		fmt.Fprintf(&b, "  %s\n", printable(failed.text()))
	}
	if more := v.ErrorCount - len(v.Errors); more > 0 {
		fmt.Fprintf(&b, "  And %s more.\n", counted(more, "error"))
	}
	return b.String()
}

// text is one line about an error.
func (v runErrorView) text() string {
	about := ""
	if v.ServiceID != "" {
		about = fmt.Sprintf("service %s of panel %s: ", v.ServiceID, v.Panel)
	}
	return "Error: " + about + v.Detail + " (" + v.Code + ")"
}
