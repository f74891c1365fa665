// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

// importReport is what became of an import.
type importReport struct {
	Applied  bool             `json:"applied"`  // false: a dry run
	Linked   int              `json:"linked"`   // by this run
	Linkable int              `json:"linkable"` // what a run with --apply would link
	Already  int              `json:"already_linked"`
	Skipped  int              `json:"skipped"`
	Untried  int              `json:"untried"` // because it was broken off
	Lines    []importLineView `json:"lines"`
}

type importLineView struct {
	Line          int    `json:"line"`
	Panel         string `json:"panel"`
	ServiceID     string `json:"service_id"`
	Account       string `json:"account"`
	CertificateID string `json:"certificate_id"`
	State         string `json:"state"` // linked, linkable, already_linked, skipped or untried
	Code          string `json:"code,omitempty"`
	Retryable     bool   `json:"retryable,omitempty"`
	Detail        string `json:"detail,omitempty"`
}

func newImportReport(lines []importLine, outcomes []provisioning.ImportOutcome, applied bool) importReport {
	report := importReport{Applied: applied, Lines: make([]importLineView, 0, len(lines))}
	for i, line := range lines {
		outcome := outcomes[i]
		view := importLineView{
			Line: line.number, Panel: line.panel, ServiceID: line.request.ServiceID, Account: line.request.Account,
			CertificateID: line.request.CertificateID, State: string(outcome.State), Code: outcome.Code,
			Retryable: outcome.Retryable, Detail: outcome.Detail,
		}
		switch outcome.State {
		case provisioning.ImportLinked:
			report.Linked++
		case provisioning.ImportLinkable:
			report.Linkable++
		case provisioning.ImportAlready:
			report.Already++
		case provisioning.ImportSkipped:
			report.Skipped++
		default:
			report.Untried++
			view.State, view.Retryable = "untried", true
		}
		report.Lines = append(report.Lines, view)
	}
	return report
}

// showReport prints the totals and every line that was not linked.
func (r *reconciler) showReport(report importReport, o importOptions) error {
	if o.asJSON {
		return r.sayJSON(report)
	}
	for _, line := range report.Lines {
		if line.State != string(provisioning.ImportSkipped) {
			continue
		}
		r.say("line %d: %s", line.Line, printable(fmt.Sprintf("service %s, certificate %s: %s", line.ServiceID, line.CertificateID, line.Detail)))
	}
	if report.Skipped > 0 {
		r.say("")
	}
	r.say("%s", report.text())
	if !o.apply && report.Linkable > 0 {
		r.say("Nothing was linked: this was a dry run. Link with: %s import %s --apply", r.ownName(), shellWord(o.file))
	}
	return nil
}

// text is the report in one line.
func (r importReport) text() string {
	text := fmt.Sprintf("%d lines: %d linked", len(r.Lines), r.Linked)
	if !r.Applied {
		text = fmt.Sprintf("%d lines: %d can be linked", len(r.Lines), r.Linkable)
	}
	text += fmt.Sprintf(", %d linked before, %d skipped", r.Already, r.Skipped)
	if r.Untried > 0 {
		text += fmt.Sprintf(", %d not tried", r.Untried)
	}
	return text + "."
}

// writeReport writes a CSV file of what became of each line; not with "".
func (r *reconciler) writeReport(report importReport, path string) (err error) {
	if path == "" {
		return nil
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	writer := csv.NewWriter(file)
	rows := [][]string{{"line", "panel", "service_id", "account", "certificate_id", "state", "code", "retryable", "detail"}}
	for _, line := range report.Lines {
		rows = append(rows, []string{
			strconv.Itoa(line.Line), line.Panel, line.ServiceID, line.Account, line.CertificateID, line.State, line.Code,
			strconv.FormatBool(line.Retryable), line.Detail,
		})
	}
	return writer.WriteAll(rows)
}
