// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"slices"
	"strings"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	mysqldialect "gorm.io/driver/mysql"
	"gorm.io/gorm"
)

// sqlMode is the part of sql_mode that we rely on. Without it a server cuts text
// and makes up dates instead of refusing them; MariaDB's own default lacks the
// NO_ZERO ones.
const sqlMode = "STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"

const (
	mysqlCollation   = "utf8mb4_bin" // exists on MySQL and MariaDB alike
	mysqlIsolation   = "READ-COMMITTED"
	mysqlConnections = 32
	// mysqlLeaders is how many transactions of writes run at a time. Few, so that
	// they gather; more than one, so that a distant server's round trips overlap.
	mysqlLeaders = 4
)

func (m *Mirror) openMySQL(ctx context.Context, dsn string) error {
	config, err := mysqldriver.ParseDSN(dsn)
	if err != nil {
		return fmt.Errorf("the MySQL address is not of the form user:password@tcp(host:3306)/database: %w", err)
	}
	if config.DBName == "" {
		return errors.New("the MySQL address names no database; it ends in /database")
	}
	isolation, err := isolationVariable(ctx, config)
	if err != nil {
		return err
	}
	settle(config, isolation)
	connector, err := mysqldriver.NewConnector(config)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	db := sql.OpenDB(connector)
	m.closer = append(m.closer, db.Close)
	db.SetMaxOpenConns(mysqlConnections)
	db.SetMaxIdleConns(mysqlConnections)
	db.SetConnMaxIdleTime(time.Minute)
	db.SetConnMaxLifetime(5 * time.Minute) // a balancer's change of mind is followed
	settings, err := readSession(ctx, db, isolation)
	if err != nil {
		return fmt.Errorf("database: %w", err)
	}
	if err := settings.check(); err != nil {
		return err
	}
	m.write, err = gorm.Open(mysqldialect.New(mysqldialect.Config{
		Conn:      db,
		DSNConfig: config,
		// With RETURNING, which gorm adds for MariaDB, an INSERT that did
		// nothing would be reported as one that made a row.
		DisableWithReturning:      true,
		SkipInitializeWithVersion: true,
	}), gormConfig())
	m.read, m.lease = m.write, db
	return wrap("open", err)
}

// settle makes the settings that the promises rest on, whatever the address
// says. What else it says stays, TLS above all.
func settle(config *mysqldriver.Config, isolation string) {
	config.ParseTime = true // times are times, not bytes
	config.Loc = time.UTC
	config.ClientFoundRows = true   // an UPDATE counts the rows that it found, as SQLite does
	config.InterpolateParams = true // one round trip per statement
	config.MultiStatements = false
	config.AllowAllFiles = false
	config.AllowOldPasswords = false
	config.Collation = mysqlCollation
	config.Timeout = 10 * time.Second
	config.ReadTimeout = 30 * time.Second
	config.WriteTimeout = 30 * time.Second
	// The driver's own lines on stderr say nothing that its errors do not.
	config.Logger = log.New(io.Discard, "", 0)
	params := map[string]string{
		"time_zone": "'+00:00'",
		"sql_mode":  "'" + sqlMode + "'",
		// Gap locks would make inserts wait for neighbours.
		isolation: "'" + mysqlIsolation + "'",
		// Less than ReadTimeout: a lock that does not come is told by the server.
		"innodb_lock_wait_timeout": "10",
	}
	for name, value := range config.Params {
		if _, ours := params[strings.ToLower(name)]; !ours {
			params[name] = value
		}
	}
	config.Params = params
	// "charset=..." in the address would send SET NAMES after our settings.
	_ = config.Apply(mysqldriver.Charset("utf8mb4", mysqlCollation))
}

// isolationVariable asks what the server calls the isolation level: MySQL 8 has
// only transaction_isolation, MariaDB before 11.1 only tx_isolation.
func isolationVariable(ctx context.Context, config *mysqldriver.Config) (string, error) {
	plain := config.Clone()
	plain.Params = nil
	plain.Timeout, plain.ReadTimeout = 10*time.Second, 30*time.Second
	plain.Logger = log.New(io.Discard, "", 0)
	connector, err := mysqldriver.NewConnector(plain)
	if err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	var name, value string
	err = db.QueryRowContext(ctx, "SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')").Scan(&name, &value)
	if err != nil {
		return "", fmt.Errorf("database: %w", err)
	}
	return name, nil
}

// session is what the server says about a connection.
type session struct {
	isolation, sqlMode, timeZone, client, results, collation string
	autocommit                                               bool
}

func readSession(ctx context.Context, db *sql.DB, isolation string) (s session, err error) {
	err = db.QueryRowContext(ctx, "SELECT @@"+isolation+", @@sql_mode, @@time_zone, @@character_set_client, "+
		"@@character_set_results, @@collation_connection, @@autocommit").
		Scan(&s.isolation, &s.sqlMode, &s.timeZone, &s.client, &s.results, &s.collation, &s.autocommit)
	return s, err
}

// check refuses a connection whose settings did not take, for example because a
// proxy between us and the server keeps them to itself.
func (s session) check() error {
	for _, setting := range []struct{ name, is, must string }{
		{"transaction_isolation", s.isolation, mysqlIsolation},
		{"time_zone", s.timeZone, "+00:00"},
		{"character_set_client", s.client, "utf8mb4"},
		{"character_set_results", s.results, "utf8mb4"},
		{"collation_connection", s.collation, mysqlCollation},
		{"autocommit", fmt.Sprint(s.autocommit), "true"},
	} {
		if setting.is != setting.must {
			return fmt.Errorf("the database server did not take a setting that certbridge relies on: %s is %q and must be %q; "+
				"is there a proxy in between?", setting.name, setting.is, setting.must)
		}
	}
	modes := strings.Split(s.sqlMode, ",")
	for mode := range strings.SplitSeq(sqlMode, ",") {
		if !slices.Contains(modes, mode) {
			return fmt.Errorf("the database server did not take a setting that certbridge relies on: sql_mode is %q and must contain %s; "+
				"is there a proxy in between?", s.sqlMode, mode)
		}
	}
	return nil
}
