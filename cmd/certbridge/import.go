// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/provisioning"
)

// importOptions are the flags of import.
type importOptions struct {
	file, panel, account string
	apply, asJSON        bool
	report               string // path of the CSV that is written
	operator, note       string
}

func (p *program) importCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "import FILE.csv",
		Short: "Link many existing certificates to services, from a CSV file",
		Long: `Gives certificates that the provider holds to services, one a line, for a reseller
who comes with many. It is a dry run unless --apply is given: then it says what
would be linked and why the rest would not.

The first line of the file names the columns: service_id and certificate_id, and
if wanted panel, account, product, years, purchased_on (YYYY-MM-DD),
client_external_id, client_name, client_email. Services that are not there are made.
Every line is checked before the first is linked, a line that fails holds up no
other, and a file can be imported again: what is linked already is left alone.
Nothing is bought, and nothing is changed at the provider.

` + besideServe + `

Exit codes: 0 every line is linked, or would be; 1 some are not, or it failed;
2 the command line or the configuration is wrong.`,
		Args: cobra.ExactArgs(1),
	}
	var o importOptions
	flags := command.Flags()
	flags.StringVar(&o.panel, "panel", "", "`NAME` of the panel of lines that name none (default: the only one)")
	flags.StringVar(&o.account, "account", "", "`NAME` of the account of lines that name none (default: the only one)")
	flags.BoolVar(&o.apply, "apply", false, "link, instead of only telling what would be")
	flags.StringVar(&o.report, "report", "", "write what became of each line to `FILE.csv`")
	by, note := signedFlags(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) (err error) {
		o.file, o.note, o.asJSON = args[0], *note, *asJSON
		if o.operator, err = signed(*by); err != nil {
			return err
		}
		lines, err := readImport(o.file)
		if err != nil {
			return err
		}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.importLines(ctx, lines, o)
		})
	}
	return command
}

func readImport(path string) ([]importLine, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	lines, err := importFile(file)
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

// importLines imports what can be read and reports on every line, also when it was
// broken off.
func (r *reconciler) importLines(ctx context.Context, lines []importLine, o importOptions) error {
	if err := r.complete(lines, o); err != nil {
		return err
	}
	var requests []provisioning.LinkRequest
	var places []int // of the requests among the lines
	for i, line := range lines {
		if line.wrong == "" {
			requests, places = append(requests, line.request), append(places, i)
		}
	}
	outcomes, failed := r.runImport(ctx, requests, o)
	all := make([]provisioning.ImportOutcome, len(lines))
	for i, line := range lines {
		all[i] = provisioning.ImportOutcome{State: provisioning.ImportSkipped, Code: "line_unreadable", Detail: line.wrong}
	}
	for i, outcome := range outcomes {
		all[places[i]] = outcome
	}
	report := newImportReport(lines, all, o.apply)
	if err := errors.Join(r.writeReport(report, o.report), r.showReport(report, o)); err != nil {
		return errors.Join(failed, err)
	}
	if failed != nil {
		return fmt.Errorf("the import was broken off; run it again, what is linked is left alone: %w", plainly(failed))
	}
	if report.Skipped > 0 {
		return errReported
	}
	return nil
}

// runImport shows meanwhile how far it is, if somebody looks.
func (r *reconciler) runImport(ctx context.Context, requests []provisioning.LinkRequest, o importOptions) ([]provisioning.ImportOutcome, error) {
	if !isTerminal(r.stderr) {
		return r.bridge.Import(ctx, o.operator, requests, o.apply, nil)
	}
	const empty = "\r\x1b[K"
	defer func() { _, _ = fmt.Fprint(r.stderr, empty) }()
	return r.bridge.Import(ctx, o.operator, requests, o.apply, func(at provisioning.ImportProgress) {
		_, _ = fmt.Fprint(r.stderr, empty, importProgress(at))
	})
}

// importProgress is one line about how far an import is.
func importProgress(at provisioning.ImportProgress) string {
	if at.PagesRead < at.PagesTotal && at.LinesDone < at.LinesTotal {
		return fmt.Sprintf("looking for certificates: page %d of %d of the provider's list", at.PagesRead, at.PagesTotal)
	}
	text := fmt.Sprintf("line %d of %d", at.LinesDone, at.LinesTotal)
	if at.WaitingFor != "" {
		text += "; waiting for " + at.WaitingFor
	}
	return text
}

// complete gives each line its panel and its account.
func (r *reconciler) complete(lines []importLine, o importOptions) error {
	defaults, err := r.importDefaults(o)
	if err != nil {
		return err
	}
	for i := range lines {
		line := &lines[i]
		if line.panel == "" {
			line.panel = defaults.panel
		}
		if line.request.Account == "" {
			line.request.Account = defaults.account
		}
		line.request.Note = o.note
		switch {
		case line.wrong != "":
		case line.panel == "":
			line.wrong = "The line names no panel, and there are several; --panel NAME says which."
		case line.request.Account == "":
			line.wrong = "The line names no account, and there are several; --account NAME says which."
		default:
			if line.request.Panel, err = r.panelID(line.panel); err != nil {
				line.wrong = err.Error() + "."
			}
		}
	}
	return nil
}

// importDefaults are the panel and the account of lines that name none: those that
// are asked for, else the only ones.
func (r *reconciler) importDefaults(o importOptions) (defaults importOptions, err error) {
	defaults.panel, defaults.account = o.panel, o.account
	if o.panel != "" || len(r.panels) == 0 {
		if _, err := r.panelID(o.panel); err != nil {
			return defaults, err
		}
	}
	accounts, err := r.accounts(o.account)
	if err != nil {
		return defaults, err
	}
	if len(accounts) == 1 {
		defaults.account = accounts[0]
	}
	if len(r.panels) == 1 {
		for _, name := range r.panels {
			defaults.panel = name
		}
	}
	return defaults, nil
}
