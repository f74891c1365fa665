// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

const (
	account = "bench"
	apiUser = "reseller"
	apiKey  = "simulator-key"
)

// stages tells the databases of this process apart.
var stages atomic.Int64

// stage is both sides, ready to be driven, with the provider behind them.
type stage struct {
	simulator *simulator.Simulator
	bare      *bare
	panel     *panel
	closers   []func() error
}

func (s *stage) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	return errors.Join(errs...)
}

func newStage(ctx context.Context, driver string, o options) (_ *stage, err error) {
	s := &stage{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.simulator, err = newSimulator(); err != nil {
		return nil, err
	}
	upstream, err := s.serve(s.simulator)
	if err != nil {
		return nil, err
	}
	upstream += "/xml.response"
	csr, err := newCSR()
	if err != nil {
		return nil, err
	}
	ours, theirs, err := s.databases(ctx, driver)
	if err != nil {
		return nil, err
	}
	if err := s.newBare(driver, theirs, upstream, csr, o); err != nil {
		return nil, fmt.Errorf("baseline: %w", err)
	}
	if err := s.newPanel(ctx, driver, ours, upstream, csr, o); err != nil {
		return nil, fmt.Errorf("certbridge: %w", err)
	}
	return s, nil
}

// newSimulator is a provider that takes any number of calls, and whose clock stands.
func newSimulator() (*simulator.Simulator, error) {
	switches := simulator.DefaultSwitches()
	switches.ThrottlePerMinute, switches.ThrottlePerHour, switches.ThrottlePerDay = 0, 0, 0
	made, err := simulator.New(simulator.Options{
		Switches: switches,
		Accounts: []simulator.Account{{ApiUser: apiUser, ApiKey: apiKey, Balance: "1000000.00"}},
	})
	if err != nil {
		return nil, err
	}
	made.Freeze()
	return made, nil
}

// serve answers on a free port of the loopback interface.
func (s *stage) serve(handler http.Handler) (url string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	s.closers = append(s.closers, server.Close)
	return "http://" + listener.Addr().String(), nil
}

// databases makes two empty databases of a kind, one for each side.
func (s *stage) databases(ctx context.Context, driver string) (ours, theirs string, err error) {
	if driver == mirror.SQLite {
		directory, err := os.MkdirTemp("", "certbridge-bench-")
		if err != nil {
			return "", "", err
		}
		s.closers = append(s.closers, func() error { return os.RemoveAll(directory) })
		return filepath.Join(directory, "ours.db"), filepath.Join(directory, "theirs.db"), nil
	}
	dsn := os.Getenv("CERTBRIDGE_TEST_MYSQL_DSN")
	if dsn == "" {
		return "", "", errors.New("CERTBRIDGE_TEST_MYSQL_DSN is not set; run `make bench`, which brings a server along")
	}
	config, err := mysqldriver.ParseDSN(dsn)
	if err != nil {
		return "", "", err
	}
	admin, err := sql.Open("mysql", dsn)
	if err != nil {
		return "", "", err
	}
	s.closers = append(s.closers, admin.Close)
	var made []string
	for _, side := range []string{"ours", "theirs"} {
		name := fmt.Sprintf("certbridge_bench_%d_%d_%s", os.Getpid(), stages.Add(1), side)
		if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
			return "", "", err
		}
		s.closers = append(s.closers, func() error {
			_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name)
			return err
		})
		side := config.Clone()
		side.DBName = name
		made = append(made, side.FormatDSN())
	}
	return made[0], made[1], nil
}

func (s *stage) newBare(driver, dsn, upstream, csr string, o options) error {
	var db *sql.DB
	var err error
	if driver == mirror.SQLite {
		// The same durability and the same single writer as certbridge's own.
		db, err = sql.Open("sqlite", "file:"+dsn+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(10000)&_txlock=immediate")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
	} else {
		config, parseErr := mysqldriver.ParseDSN(dsn)
		if parseErr != nil {
			return parseErr
		}
		config.InterpolateParams = true
		db, err = sql.Open("mysql", config.FormatDSN())
		if err == nil {
			db.SetMaxOpenConns(32)
			db.SetMaxIdleConns(32)
		}
	}
	if err != nil {
		return err
	}
	s.closers = append(s.closers, db.Close)
	handler, err := newBaseline(db, upstream)
	if err != nil {
		return err
	}
	url, err := s.serve(handler)
	s.bare = &bare{client: newClient(o), url: url, certificates: make([]string, o.services), csr: csr}
	return err
}

func (s *stage) newPanel(ctx context.Context, driver, dsn, upstream, csr string, o options) error {
	store, err := openMirror(ctx, driver, dsn, s.simulator.Now)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, store.Close)
	client, err := hostlantern.New(hostlantern.Config{
		Account: account, APIUser: apiUser, APIKey: hostlantern.NewAPIKey(apiKey), ClientIP: "203.0.113.9",
		Environment: provisioning.Sandbox, BaseURL: upstream,
	})
	if err != nil {
		return err
	}
	bridge, err := provisioning.NewBridge(provisioning.Config{
		Store: store, Now: s.simulator.Now, Log: slog.New(slog.DiscardHandler),
		Accounts: []provisioning.Account{{
			Name: account, Provider: "hostlantern", Environment: provisioning.Sandbox, Upstream: hostlantern.NewProvider(client),
		}},
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { return bridge.Close(context.WithoutCancel(ctx)) })
	key := api.GenerateKey()
	if err := store.CreatePanel(ctx, provisioning.Panel{ID: "bench", Name: "bench", CreatedAt: s.simulator.Now(), Keys: []provisioning.PanelKey{{
		ID: key.ID, SecretHash: key.SecretHash, Scopes: []provisioning.Scope{provisioning.ScopeProvision}, CreatedAt: s.simulator.Now(),
	}}}); err != nil {
		return err
	}
	server, err := api.New(api.Config{
		Bridge: bridge, Keys: store, Idempotency: store, Ready: store.Ping, Now: s.simulator.Now,
		Log: zap.NewNop(), Version: "bench", Registry: prometheus.NewRegistry(),
	})
	if err != nil {
		return err
	}
	url, err := s.serve(server)
	s.panel = &panel{client: newClient(o), url: url, key: key.Token, csr: csr, newest: make([]string, o.services)}
	return err
}

func openMirror(ctx context.Context, driver, dsn string, now func() time.Time) (*mirror.Mirror, error) {
	options := mirror.Options{Driver: driver, DSN: dsn, Now: now, AnySchema: true}
	empty, err := mirror.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(empty.Migrate(ctx), empty.Close()); err != nil {
		return nil, err
	}
	options.AnySchema, options.Exclusive = false, true
	return mirror.Open(ctx, options)
}

func newClient(o options) *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: o.clients}, Timeout: time.Minute}
}

func newCSR() (string, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "example.com"}}, key)
	if err != nil {
		return "", err
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})), nil
}
