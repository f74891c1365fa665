// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
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
	if program := mariadbd(); program != "" {
		return private(ctx, program, say)
	}
	var tried []error
	if canInstall() {
		if err := install(ctx, say); err != nil {
			tried = append(tried, err)
		} else {
			return private(ctx, mariadbd(), say)
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
	version, err := answer(ctx, config)
	if err != nil {
		return server{}, fmt.Errorf("the server in %s does not answer: %w", variable, err)
	}
	say("using %s at %s, as %s says", version, config.Addr, variable)
	return server{dsn: dsn, stop: func() {}}, nil
}

// loopback addresses a server of our own, whose root needs no password.
func loopback(port int) *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "tcp", fmt.Sprintf("127.0.0.1:%d", port)
	return config
}

// await asks until the server answers, it ended, or a minute is over. Nothing
// but asking shows that a database server is ready.
func await(ctx context.Context, config *mysql.Config, ended <-chan struct{}) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if version, err = answer(ctx, config); err == nil {
			return version, nil
		}
		select {
		case <-again.C:
		case <-ended:
			return "", errors.New("it ended while starting")
		case <-ctx.Done():
			return "", fmt.Errorf("it was not ready in time: %w", err)
		}
	}
}

// answer asks a server for its name and version.
func answer(ctx context.Context, config *mysql.Config) (string, error) {
	config = config.Clone()
	config.Timeout = 5 * time.Second
	// Refused connections are expected while a server starts.
	config.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var comment, version string
	err = db.QueryRowContext(ctx, "SELECT @@version_comment, @@version").Scan(&comment, &version)
	return comment + " " + version, err
}
