// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// app is certbridge as a server: serve and demo differ in what they put in.
type app struct {
	mirror   *mirror.Mirror
	bridge   *provisioning.Bridge
	pause    time.Duration // between two rounds of reconciliation
	server   *http.Server
	listener net.Listener
	grace    time.Duration
	log      *zap.Logger
}

// parts are what an app is made of. Whoever made Mirror and Listener closes them
// after the app.
type parts struct {
	Mirror        *mirror.Mirror
	Listener      net.Listener
	Accounts      []provisioning.Account
	Budget        *provisioning.Budget // of the accounts
	Seams         seams
	Purchase      provisioning.PurchaseMoment
	DueDateOffset int                     // days
	Deadline      time.Duration           // see provisioning.Config; 0: the usual one
	Daily         *provisioning.TimeOfDay // when the synchronization starts by itself; nil: never
	PageSize      int                     // of the synchronization; 0: the usual one
	Grace         time.Duration           // how long running operations may take to end
	Log           *zap.Logger
}

func newApp(p parts) (*app, error) {
	a := &app{mirror: p.Mirror, listener: p.Listener, grace: p.Grace, log: p.Log, pause: p.Seams.reconcileWait}
	var err error
	a.bridge, err = newBridge(p)
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	handler, err := api.New(api.Config{
		Bridge: a.bridge, Calls: p.Budget, Keys: p.Mirror, Idempotency: p.Mirror, Ready: p.Mirror.Ping,
		Now: p.Seams.now, Log: p.Log, Version: programVersion(), Registry: registry,
	})
	if err != nil {
		return nil, err
	}
	a.server, err = api.NewHTTPServer(p.Listener.Addr().String(), handler, p.Log)
	return a, err
}

// newBridge makes the bridge of an app, and of a command that does without a server.
func newBridge(p parts) (*provisioning.Bridge, error) {
	return provisioning.NewBridge(provisioning.Config{
		Store: p.Mirror, Accounts: p.Accounts, Now: p.Seams.now, Log: domainLog(p.Log),
		Purchase: p.Purchase, DueDateOffset: p.DueDateOffset,
		CallTimeout: p.Seams.callTimeout, Deadline: p.Deadline, Reached: p.Seams.reached, Daily: p.Daily, PageSize: p.PageSize,
	})
}

// Run serves and reconciles until ctx ends. Then it takes no more requests, and
// waits for those that run and for the operations behind them.
func (a *app) Run(ctx context.Context) error {
	stopReconciling := a.reconcile(ctx)
	defer stopReconciling()
	ended := make(chan error, 1)
	go func() { ended <- a.server.Serve(a.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	a.log.Info("stopping: waiting for requests and operations to end", zap.Duration("at_most", a.grace))
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.grace)
	defer cancel()
	err := a.server.Shutdown(grace)
	if err != nil {
		err = fmt.Errorf("requests were cut off: %w", err)
	}
	stopReconciling() // so that it begins nothing that Close would not wait for
	if cut := a.bridge.Close(grace); cut != nil {
		err = errors.Join(err, fmt.Errorf("operations were cut off and are uncertain now: %w", cut))
	}
	if cause := <-ended; !errors.Is(cause, http.ErrServerClosed) {
		err = errors.Join(err, cause)
	}
	if err == nil {
		a.log.Info("stopped")
	}
	return err
}

// reconcile looks after operations, and after what is being validated, in the
// background until ctx ends or it is told to stop, which waits for its end and may
// be said twice.
func (a *app) reconcile(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var rounds sync.WaitGroup
		rounds.Go(func() { a.bridge.KeepReconciling(ctx, a.pause) })
		rounds.Go(func() { a.bridge.KeepWatching(ctx, a.pause) })
		rounds.Wait()
	}()
	return func() {
		cancel()
		<-ended
	}
}

// Close waits for operations that something else than a request began.
func (a *app) Close() error {
	grace, cancel := context.WithTimeout(context.Background(), a.grace)
	defer cancel()
	return a.bridge.Close(grace)
}

// listen takes a TCP address, and says in plain words when somebody has it.
func listen(ctx context.Context, address, option string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program; stop it, or choose another address with %s", address, option)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (%s): %w", address, option, err)
	}
	return listener, nil
}
