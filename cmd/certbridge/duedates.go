// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) dueDatesCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "due-dates",
		Short: "Show due dates that wait for an operator, and decide about them",
		Long: `A due date follows the end of the paid term, minus the offset in the
configuration, and moves forward by itself. One that would move back, because a
renewal was cancelled or the offset was raised, or more than 400 days ahead
without an order that explains it, waits here. Until somebody decides, the panel
keeps the date that it was told.

It works beside a running certbridge serve.`,
		Args: cobra.NoArgs,
	}
	list := p.dueDatesListCommand()
	command.RunE = list.RunE
	command.Flags().AddFlagSet(list.Flags())
	command.AddCommand(list,
		p.dueDateDecisionCommand("confirm PANEL SERVICE", "The panel shall be told the date that is held", provisioning.ConfirmDueDate),
		p.dueDateDecisionCommand("reject PANEL SERVICE", "The panel shall keep the date that it was told", provisioning.RejectDueDate))
	return command
}

func (p *program) dueDatesListCommand() *cobra.Command {
	command := &cobra.Command{Use: "list", Short: "Show the due dates that wait for an operator", Args: cobra.NoArgs}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.listDueDates(ctx, *asJSON)
		})
	}
	return command
}

func (p *program) dueDateDecisionCommand(use, short string, decision provisioning.DueDateDecision) *cobra.Command {
	command := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(2)}
	by := command.Flags().String("by", "", "`NAME` of who decided (default: the user of the operating system)")
	note := command.Flags().String("note", "", "`TEXT` that says why, kept with the decision")
	on := command.Flags().String("date", "", "decide only if `YYYY-MM-DD` is the date that is held")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		var seen provisioning.Date
		if err := seen.UnmarshalText([]byte(*on)); err != nil {
			return fmt.Errorf("--date: %w", err)
		}
		if *by == "" {
			name, err := whoami()
			if err != nil {
				return err
			}
			*by = name
		}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			panel, err := r.panelNamed(args[0])
			if err != nil {
				return err
			}
			result, err := r.bridge.DecideDueDate(ctx, "operator:"+*by, panel, args[1], decision, seen, *note)
			if err != nil {
				return undecided(err)
			}
			return r.sayDueDate(result.Service, *asJSON)
		})
	}
	return command
}

// undecided says why nothing was decided.
func undecided(err error) error {
	var told *provisioning.Error
	if !errors.As(err, &told) {
		return err
	}
	return fmt.Errorf("nothing was decided: %s\n`certbridge due-dates` shows what waits for a decision", told.Detail)
}

// panelNamed finds the id of a panel by its name, or takes the id itself.
func (r *reconciler) panelNamed(name string) (id string, err error) {
	if _, isID := r.panels[name]; isID {
		return name, nil
	}
	for id, known := range r.panels {
		if known == name {
			return id, nil
		}
	}
	return "", fmt.Errorf("there is no panel %q; `certbridge panel list` shows all", name)
}

// dueDateEntry is a due date as it is printed.
type dueDateEntry struct {
	Panel           string            `json:"panel"`
	ServiceID       string            `json:"service_id"`
	Account         string            `json:"account"`
	DueDate         provisioning.Date `json:"due_date"`
	PreviousDueDate provisioning.Date `json:"previous_due_date,omitzero"`
	HeldDueDate     provisioning.Date `json:"held_due_date,omitzero"`
	Reason          string            `json:"reason,omitempty"` // backward or jump
}

func (r *reconciler) dueDateEntry(s provisioning.Service) dueDateEntry {
	due := r.bridge.DueDate(s)
	return dueDateEntry{
		Panel: r.panelName(s.Panel), ServiceID: s.ServiceID, Account: s.Account, DueDate: due.Accepted, PreviousDueDate: due.Previous,
		HeldDueDate: due.Held, Reason: string(due.HeldBecause),
	}
}

// listDueDates prints every due date that is held.
func (r *reconciler) listDueDates(ctx context.Context, asJSON bool) error {
	const page = 100
	entries, after := []dueDateEntry{}, int64(0)
	for {
		held, err := r.bridge.HeldDueDates(ctx, after, page)
		if err != nil {
			return err
		}
		for _, s := range held {
			entries, after = append(entries, r.dueDateEntry(s)), s.ID
		}
		if len(held) < page {
			break
		}
	}
	switch {
	case asJSON:
		return r.sayJSON(map[string]any{"due_dates": entries})
	case len(entries) == 0:
		r.say("No due date waits for an operator.")
		return nil
	}
	table := tabwriter.NewWriter(r.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PANEL\tSERVICE\tTOLD\tHELD\tWHY")
	for _, entry := range entries {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", entry.Panel, entry.ServiceID, entry.DueDate, entry.HeldDueDate, holdReasons[entry.Reason])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	r.say("\n%s to be decided: certbridge due-dates confirm|reject PANEL SERVICE", counted(len(entries), "due date"))
	return nil
}

var holdReasons = map[string]string{
	string(provisioning.HeldBackward): "earlier than what the panel was told",
	string(provisioning.HeldJump):     "further ahead than any order explains",
}

// sayDueDate prints how things are after a decision.
func (r *reconciler) sayDueDate(s provisioning.Service, asJSON bool) error {
	entry := r.dueDateEntry(s)
	if asJSON {
		return r.sayJSON(entry)
	}
	r.say("The due date of service %s of panel %s is %s.", entry.ServiceID, entry.Panel, entry.DueDate)
	return nil
}
