// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/mirror"
)

func (p *program) migrateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database to the schema of this version",
		Long: `Makes the tables in an empty database (for SQLite, also the file), and brings
those of an older version up to date. It may run any number of times and on
several machines at once; what is there already is left alone.`,
		Args: cobra.NoArgs,
	}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.migrate(command.Context(), *asJSON)
	}
	return command
}

func (p *program) migrate(ctx context.Context, asJSON bool) error {
	loaded, err := p.loadConfig()
	if err != nil {
		return err
	}
	log, err := newLogger(p.stderr, loaded.Log)
	if err != nil {
		return err
	}
	database, err := p.openMirror(ctx, loaded.Database, mirror.Options{AnySchema: true, Log: domainLog(log)})
	if err != nil {
		return err
	}
	before, after, err := migrate(ctx, database)
	if err := errors.Join(err, database.Close()); err != nil {
		return err
	}
	if asJSON {
		return p.sayJSON(map[string]int64{"before": before, "after": after})
	}
	switch before {
	case after:
		p.say("The schema is at version %d already; nothing was changed.", after)
	case 0:
		p.say("The database was empty; it has schema version %d now.", after)
	default:
		p.say("The schema was at version %d; it is at version %d now.", before, after)
	}
	return nil
}

// migrate tells the version before and after.
func migrate(ctx context.Context, m *mirror.Mirror) (before, after int64, err error) {
	status, err := m.MigrationStatus(ctx)
	if err != nil {
		return 0, 0, err
	}
	if err := m.Migrate(ctx); err != nil {
		return 0, 0, err
	}
	return status.Current, status.Wanted, nil
}
