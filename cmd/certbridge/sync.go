// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/provisioning"
)

// syncOptions are the flags of sync.
type syncOptions struct {
	account        string
	dryRun, asJSON bool
}

func (p *program) syncCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "sync",
		Short: "Synchronize all services with what the provider holds, now",
		Long: `Makes the run that a panel's cron, or certbridge serve at synchronization.at,
makes once a day: it reads the provider's list, asks about each certificate that
changed, brings services up to date, and reports what is not as it was. If such a
run is under way it joins that and follows it; if nobody works on it, it does.
Interrupted, it leaves the run to certbridge serve or to the next certbridge sync.

With --dry-run it changes nothing, and reports what a run would change now.

How far it is goes to standard error, the report to standard output.

` + besideServe + `

Exit codes: 0 done; 1 something could not be synchronized, or it failed; 2 the
command line or the configuration is wrong.`,
		Args: cobra.NoArgs,
	}
	var o syncOptions
	command.Flags().StringVar(&o.account, "account", "", "only the account `NAME`")
	command.Flags().BoolVar(&o.dryRun, "dry-run", false, "only report what would change")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		o.asJSON = *asJSON
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.synchronize(ctx, o)
		})
	}
	return command
}

// synchronize makes or joins a run, and reports on it when it is over.
func (r *reconciler) synchronize(ctx context.Context, o syncOptions) error {
	names, err := r.accounts(o.account)
	if err != nil {
		return err
	}
	request := provisioning.SynchronizationRequest{DryRun: o.dryRun, By: "certbridge"}
	if o.account != "" {
		request.Accounts = names
	}
	run, joined, err := r.bridge.StartSynchronization(ctx, request)
	if err != nil {
		return plainly(err)
	}
	if joined {
		_, _ = fmt.Fprintf(r.stderr, "A synchronization is under way since %s; this one joins it.\n", moment(run.StartedAt))
	}
	progress := newSyncProgress(r)
	id := run.ID
	run, err = r.bridge.FollowSynchronization(ctx, id, func(run provisioning.Synchronization) { progress.show(ctx, run) })
	progress.done()
	if ctx.Err() != nil {
		return fmt.Errorf("synchronization %s was not followed to its end; certbridge serve goes on with it, or certbridge sync", id)
	}
	if err != nil {
		return plainly(err)
	}
	return r.reportRun(ctx, run, o)
}

// reportRun prints the report of a run that is over.
func (r *reconciler) reportRun(ctx context.Context, run provisioning.Synchronization, o syncOptions) error {
	changes, err := r.runChanges(ctx, run.ID)
	if err != nil {
		return plainly(err)
	}
	view := r.viewRun(run, changes)
	if o.asJSON {
		err = r.sayJSON(view)
	} else {
		_, err = fmt.Fprint(r.stdout, view.text())
	}
	if err == nil && run.Errors() > 0 {
		return errReported
	}
	return err
}

// runChanges reads the whole report of a run.
func (r *reconciler) runChanges(ctx context.Context, id string) ([]provisioning.ServiceChange, error) {
	query := provisioning.RunChangeQuery{Run: id, Limit: 500}
	var all []provisioning.ServiceChange
	for {
		page, err := r.bridge.SynchronizationChanges(ctx, query)
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

// callsLeft are the calls that the accounts of a run which are still at work have
// left, for the account that has the fewest. known is false if none has a limit.
func (r *reconciler) callsLeft(ctx context.Context, run provisioning.Synchronization) (left provisioning.CallsLeft, known bool) {
	for _, part := range run.Parts {
		if part.State != provisioning.SynchronizationRunning {
			continue
		}
		one, err := r.budget.Left(ctx, part.Account)
		if err != nil || fewest(one) == provisioning.Unlimited {
			continue
		}
		if !known || fewest(one) < fewest(left) {
			left, known = one, true
		}
	}
	return left, known
}

// fewest is how many calls may be made in all, provisioning.Unlimited for any
// number.
func fewest(left provisioning.CallsLeft) int {
	least := provisioning.Unlimited
	for _, calls := range []int{left.Minute, left.Hour, left.Day} {
		if calls != provisioning.Unlimited && (least == provisioning.Unlimited || calls < least) {
			least = calls
		}
	}
	return least
}
