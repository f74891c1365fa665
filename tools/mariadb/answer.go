// SPDX-License-Identifier: Apache-2.0

//go:build unix

package mariadb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Loopback addresses a server of our own, whose root needs no password.
func Loopback(port int) *mysql.Config {
	config := mysql.NewConfig()
	config.User, config.Net, config.Addr = "root", "tcp", fmt.Sprintf("127.0.0.1:%d", port)
	return config
}

// Await asks until the server answers, it ended, or a minute is over, and gives
// its name and version. Nothing but asking shows that a database server is ready.
func Await(ctx context.Context, config *mysql.Config, ended <-chan struct{}) (version string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if version, err = Answer(ctx, config); err == nil {
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

// Answer asks a server for its name and version.
func Answer(ctx context.Context, config *mysql.Config) (string, error) {
	var comment, version string
	err := with(config, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, "SELECT @@version_comment, @@version").Scan(&comment, &version)
	})
	return comment + " " + version, err
}

// Create makes an empty database on the server of a Data Source Name, and gives
// the Data Source Name of that.
func Create(ctx context.Context, dsn, database string) (string, error) {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return "", err
	}
	err = with(config, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "CREATE DATABASE "+database)
		return err
	})
	config.DBName = database
	return config.FormatDSN(), err
}

// Drop removes a database from the server of a Data Source Name.
func Drop(ctx context.Context, dsn, database string) error {
	config, err := mysql.ParseDSN(dsn)
	if err != nil {
		return err
	}
	return with(config, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "DROP DATABASE IF EXISTS "+database)
		return err
	})
}

// with runs something on a connection of its own.
func with(config *mysql.Config, do func(*sql.DB) error) error {
	config = config.Clone()
	config.Timeout = 5 * time.Second
	// Refused connections are expected while a server starts.
	config.Logger = log.New(io.Discard, "", 0)
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	return do(db)
}
