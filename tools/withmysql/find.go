// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/certbridge/certbridge/tools/mariadb"
)

// server is a database server that answers, and how to be rid of it.
type server struct {
	dsn  string
	stop func()
}

// find gives the first server that there is or can be had.
func find(ctx context.Context, say func(string, ...any)) (server, error) {
	if dsn := os.Getenv(variable); dsn != "" {
		return given(ctx, dsn, say)
	}
	if mariadb.Installed() != "" {
		return private(ctx, say)
	}
	var tried []error
	if mariadb.CanInstall() {
		if err := mariadb.Install(ctx, say); err != nil {
			tried = append(tried, err)
		} else {
			return private(ctx, say)
		}
	}
	if dockerAnswers(ctx) {
		return container(ctx, say)
	}
	return server{}, errors.Join(append(tried, fmt.Errorf(
		"no MySQL-protocol server for the tests: install MariaDB (Debian: apt-get install mariadb-server-core mariadb-client-core), "+
			"start Docker, or set %s to a server whose user may create databases, "+
			"for example root:secret@tcp(127.0.0.1:3306)/", variable))...)
}

// given checks the server that the environment names.
func given(ctx context.Context, dsn string, say func(string, ...any)) (server, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return server{}, fmt.Errorf("%s is no Data Source Name such as root:secret@tcp(127.0.0.1:3306)/: %w", variable, err)
	}
	version, err := mariadb.Answer(ctx, config)
	if err != nil {
		return server{}, fmt.Errorf("the server in %s does not answer: %w", variable, err)
	}
	say("using %s at %s, as %s says", version, config.Addr, variable)
	return server{dsn: dsn, stop: func() {}}, nil
}

// private starts a MariaDB of our own.
func private(ctx context.Context, say func(string, ...any)) (server, error) {
	begun := time.Now()
	say("starting a private MariaDB (%s)", mariadb.Installed())
	own, err := mariadb.Start(ctx)
	if err != nil {
		return server{}, err
	}
	dsn := own.DSN()
	say("%s is ready at %s after %.1f s", own.Version, dsn, time.Since(begun).Seconds())
	return server{dsn: dsn, stop: func() {
		if err := own.Close(); err != nil {
			say("%v", err)
		}
	}}, nil
}
