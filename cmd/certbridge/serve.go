// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Serve the HTTP API",
		Long: `Serves the HTTP API until it is interrupted. Then it takes no more requests and
waits for running operations, for as long as shutdown.grace says; a second
interrupt ends it at once. All the while it looks after operations whose outcome
is not known; certbridge reconcile shows those.

It neither makes nor changes the database: certbridge migrate does that. The log
goes to standard error.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return p.serve(command.Context()) },
	}
}

// dailyAt is when the daily synchronization starts, on the clock of this machine;
// nil for never.
func dailyAt(configured config.Synchronization) (*provisioning.TimeOfDay, error) {
	if configured.At == "" {
		return nil, nil
	}
	at, err := provisioning.ParseTimeOfDay(configured.At, time.Local)
	return &at, err
}

func (p *program) serve(ctx context.Context) (err error) {
	loaded, err := p.loadConfig()
	if err != nil {
		return err
	}
	log, err := newLogger(p.stderr, loaded.Log)
	if err != nil {
		return err
	}
	for _, warning := range loaded.Warnings {
		log.Warn(warning)
	}
	if len(loaded.Accounts) == 0 {
		log.Warn("no accounts are configured; nothing can be bought")
	}
	listener, err := listen(ctx, loaded.Listen, "listen in the configuration")
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }() // what served from it has closed it
	database, err := p.openMirror(ctx, loaded.Database, mirror.Options{Log: domainLog(log), Exclusive: true})
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
	daily, err := dailyAt(loaded.Synchronization)
	if err != nil {
		return err
	}
	served, err := newApp(parts{
		Mirror: database, Listener: listener, Accounts: clients.list, Budget: budget, Seams: p.seams,
		Purchase: provisioning.PurchaseMoment(loaded.Purchase.When), DueDateOffset: loaded.DueDate.OffsetDays,
		Deadline: loaded.Reconciliation.Deadline, Grace: loaded.Shutdown.Grace, Log: log,
		Daily: daily, PageSize: loaded.Synchronization.PageSize,
	})
	if err != nil {
		return err
	}
	log.Info("serving", zap.String("address", "http://"+listener.Addr().String()), zap.String("version", programVersion()),
		zap.String("database", loaded.Database.Driver), zap.Int("accounts", len(clients.list)))
	return served.Run(ctx)
}
