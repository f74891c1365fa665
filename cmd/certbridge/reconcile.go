// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) reconcileCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "reconcile",
		Short: "Show operations whose outcome is not known, and settle them",
		Long: `Looks after operations whose outcome is not known, as certbridge serve does by
itself every few seconds, and then lists those that are still in doubt or need a
person: what was noted before the call, what the provider shows now, and the
commands that settle them. What may have been executed is never sent again. A
charge that was asked for, and not sent before its certbridge died, is sent now.

With --report it compares what was charged with what services own, for each
account; it reads the provider's whole list for that, a page per call, and
changes nothing.

It works beside a running certbridge serve.

Exit codes: 0 nothing needs a person; 1 something does, or with --report does not
add up, or it failed; 2 the command line or the configuration is wrong.`,
		Args: cobra.NoArgs,
	}
	report := command.Flags().Bool("report", false, "compare charges with what is owned, instead")
	account := command.Flags().String("account", "", "only of the account `NAME`")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			accounts, err := r.accounts(*account)
			if err != nil {
				return err
			}
			if *report {
				return r.report(ctx, accounts, *asJSON)
			}
			return r.settle(ctx, *account, *asJSON)
		})
	}
	command.AddCommand(p.adoptCommand(), p.notExecutedCommand(), p.giveUpCommand())
	return command
}

// reconciler is a bridge for one command, beside any that serve.
type reconciler struct {
	*program
	bridge     *provisioning.Bridge
	budget     *provisioning.Budget
	configured []config.Account
	panels     map[string]string // names by id
}

// withReconciler opens what reconciliation needs, for one command.
func (p *program) withReconciler(ctx context.Context, do func(context.Context, *reconciler) error) (err error) {
	loaded, err := p.loadConfig()
	if err != nil {
		return err
	}
	log, err := newLogger(p.stderr, config.Log{Level: "error", Format: loaded.Log.Format})
	if err != nil {
		return err
	}
	database, err := p.openMirror(ctx, loaded.Database, mirror.Options{Log: domainLog(log)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Close()) }()
	budget, err := newBudget(loaded.Accounts, database, domainLog(log))
	if err != nil {
		return err
	}
	clients, err := newAccounts(loaded.Accounts, budget, domainLog(log))
	if err != nil {
		return err
	}
	defer clients.Close()
	bridge, err := newBridge(parts{
		Mirror: database, Accounts: clients.list, Seams: p.seams, Purchase: provisioning.PurchaseMoment(loaded.Purchase.When),
		DueDateOffset: loaded.DueDate.OffsetDays, Deadline: loaded.Reconciliation.Deadline, Log: log,
		PageSize: loaded.Synchronization.PageSize,
	})
	if err != nil {
		return err
	}
	defer func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), loaded.Shutdown.Grace)
		defer cancel()
		err = errors.Join(err, bridge.Close(grace))
	}()
	r := &reconciler{program: p, bridge: bridge, budget: budget, configured: loaded.Accounts}
	if r.panels, err = panelNames(ctx, database); err != nil {
		return err
	}
	return do(ctx, r)
}

// panelNames are the names of panels by their ids.
func panelNames(ctx context.Context, m *mirror.Mirror) (map[string]string, error) {
	panels, err := m.Panels(ctx)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(panels))
	for _, panel := range panels {
		names[panel.ID] = panel.Name
	}
	return names, nil
}

// accounts are the names of all configured accounts, or the one that is asked for.
func (r *reconciler) accounts(only string) ([]string, error) {
	var names []string
	for _, account := range r.configured {
		if only == "" || account.Name == only {
			names = append(names, account.Name)
		}
	}
	if only != "" && names == nil {
		return nil, fmt.Errorf("there is no account %q in the configuration", only)
	}
	return names, nil
}

// settle runs a round, and shows what it left open.
func (r *reconciler) settle(ctx context.Context, account string, asJSON bool) error {
	// A round that failed for one account has looked after the others; what is
	// open is worth showing in any case.
	failed := r.bridge.Reconcile(ctx, account)
	open, err := allOperations(ctx, r.bridge.Operations, provisioning.OperationQuery{Account: account})
	if err != nil {
		return errors.Join(failed, err)
	}
	doubtful, waiting, needed := r.sort(open)
	views := r.operationViews(doubtful)
	if asJSON {
		err = r.sayJSON(map[string]any{"needs_person": needed > 0, "operations": views, "waiting": r.waitingViews(waiting)})
	} else {
		err = r.printOperations(views, r.waitingViews(waiting), needed)
	}
	if err := errors.Join(failed, err); err != nil {
		return err
	}
	if needed > 0 {
		return errReported
	}
	return nil
}

// sort tells operations whose outcome is in doubt from those that wait to be sent,
// and counts those that only a person can settle.
func (r *reconciler) sort(open []provisioning.Operation) (doubtful, waiting []provisioning.Operation, needed int) {
	for _, operation := range open {
		person := needsPerson(operation, r.configured)
		if person {
			needed++
		}
		switch {
		case operation.State == provisioning.OperationRecorded && !person:
			waiting = append(waiting, operation)
		case operation.State != provisioning.OperationSent || r.bridge.Decidable(operation) || person:
			doubtful = append(doubtful, operation)
		}
	}
	return doubtful, waiting, needed
}

// allOperations reads every page of a query.
func allOperations(ctx context.Context, read func(context.Context, provisioning.OperationQuery) ([]provisioning.Operation, error),
	query provisioning.OperationQuery,
) ([]provisioning.Operation, error) {
	query.Limit = 100
	var all []provisioning.Operation
	for {
		page, err := read(ctx, query)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < query.Limit {
			return all, nil
		}
		query.After = page[len(page)-1].ID
	}
}

// needsPerson tells whether only a person can settle an operation: nobody looks
// after those of an account that is not configured any more.
func needsPerson(operation provisioning.Operation, configured []config.Account) bool {
	return operation.State == provisioning.OperationNeedsAttention ||
		!slices.ContainsFunc(configured, func(account config.Account) bool { return account.Name == operation.Account })
}
