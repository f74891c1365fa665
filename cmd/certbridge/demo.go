// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) demoCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "demo",
		Short: "Run everything in one process, without configuration or network",
		Long: `Runs certbridge and the simulator of the Hostlantern API in one process, on a
SQLite database in a temporary directory, with a panel, its key and a few
services in different states, and prints what to try. It needs no configuration
and no network. It runs until it is interrupted, and leaves nothing behind.

Both live by the simulator's clock: what moves it makes both a year older. A
configuration beside the database lets other commands look at the demo, such as
certbridge reconcile.`,
		Args: cobra.NoArgs,
	}
	options := demoOptions{start: p.seams.now()}
	flags := command.Flags()
	flags.StringVar(&options.listen, "listen", "127.0.0.1:8080", "`ADDRESS` of the HTTP API")
	flags.StringVar(&options.simulatorListen, "simulator-listen", defaultSimulatorAddress, "`ADDRESS` of the simulator")
	flags.StringVar(&options.dir, "dir", "", "keep database and configuration in `DIR`, to look into; it must not hold one yet, as the simulator forgets what it sold")
	flags.StringVar(&options.keyFile, "key-file", "", "write the panel's key to `FILE` as well, once everything is ready")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.demo(command.Context(), options, *asJSON)
	}
	return command
}

type demoOptions struct {
	listen, simulatorListen string
	dir, keyFile            string
	start                   time.Time // of the simulator's clock
}

const (
	demoAccount = "hostlantern-sandbox"
	demoPanel   = "demo"
	demoGrace   = 10 * time.Second // the simulator answers at once
	// demoReconcileWait is short, since the demo's hours pass in a moment.
	demoReconcileWait = 100 * time.Millisecond
)

func (p *program) demo(ctx context.Context, options demoOptions, asJSON bool) (err error) {
	log, err := newLogger(p.stderr, config.Log{Level: "warn", Format: config.LogAuto})
	if err != nil {
		return err
	}
	d := &demo{log: log}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.open(ctx, options); err != nil {
		return err
	}
	scene, err := d.furnish(ctx)
	if err != nil {
		return fmt.Errorf("making the demo's services: %w", err)
	}
	if options.keyFile != "" {
		if err := os.WriteFile(options.keyFile, []byte(scene.Key+"\n"), 0o600); err != nil {
			return err
		}
	}
	if asJSON {
		err = p.sayJSON(scene)
	} else {
		err = scene.print(p.stdout)
	}
	if err != nil {
		return err
	}
	return d.app.Run(ctx)
}

// demo is certbridge and the simulator in one process.
type demo struct {
	log          *zap.Logger
	database     string // path
	config       string // path of the configuration for other commands
	simulated    *simulator.Simulator
	simulatorURL string
	app          *app
	closers      []func() error // to be called from the last to the first
}

// Close ends everything that open began.
func (d *demo) Close() error {
	var errs []error
	for _, closer := range slices.Backward(d.closers) {
		errs = append(errs, closer())
	}
	return errors.Join(errs...)
}

// later remembers what Close has to do.
func (d *demo) later(closer func() error) { d.closers = append(d.closers, closer) }

func (d *demo) open(ctx context.Context, options demoOptions) (err error) {
	// Both addresses first: all else can hardly fail.
	apiListener, err := listen(ctx, options.listen, "--listen")
	if err != nil {
		return err
	}
	d.later(func() error { _ = apiListener.Close(); return nil }) // what served from it has closed it
	simulatorListener, err := listen(ctx, options.simulatorListen, "--simulator-listen")
	if err != nil {
		return err
	}
	d.later(func() error { _ = simulatorListener.Close(); return nil })
	if err := d.openSimulator(ctx, simulatorListener, options.start); err != nil {
		return err
	}
	path, remove, err := demoDatabase(options.dir)
	if err != nil {
		return err
	}
	d.database = path
	d.later(remove)
	if err := d.writeConfig(apiListener.Addr().String()); err != nil {
		return err
	}
	return d.openApp(ctx, apiListener)
}

// openSimulator serves the simulator until Close, longer than the bridge, whose
// last operations need it.
func (d *demo) openSimulator(ctx context.Context, listener net.Listener, start time.Time) (err error) {
	of := simulatorOptions("sandbox")
	of.Now = start
	if d.simulated, err = simulator.New(of); err != nil {
		return err
	}
	// Somebody who tries things out is not a program that has to be slowed down.
	d.simulated.Configure(func(s *simulator.Switches) {
		s.ThrottlePerMinute, s.ThrottlePerHour, s.ThrottlePerDay = 0, 0, 0
	})
	d.simulatorURL = "http://" + listener.Addr().String()
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- newSimulatorServer(d.simulated, listener).Run(ctx) }()
	d.later(func() error {
		stop()
		return <-ended
	})
	return nil
}

// openApp puts certbridge on an empty database, with the simulator's clock.
func (d *demo) openApp(ctx context.Context, listener net.Listener) error {
	database, err := mirror.Open(ctx, mirror.Options{
		Driver: mirror.SQLite, DSN: d.database, Now: d.simulated.Now, LeaseClock: d.simulated.Now,
		Exclusive: true, AnySchema: true, Log: domainLog(d.log),
	})
	if err != nil {
		return err
	}
	d.later(database.Close)
	if err := database.Migrate(ctx); err != nil {
		return err
	}
	account := []config.Account{{ // without a budget, as the simulator is
		Name: demoAccount, Provider: config.ProviderHostlantern, Environment: config.EnvironmentSandbox,
		APIUser: simulatorUser, APIKey: config.NewSecret(simulatorKey), ClientIP: "127.0.0.1", BaseURL: d.simulatorURL + simulatorPath,
	}}
	budget, err := newBudget(account, database, domainLog(d.log))
	if err != nil {
		return err
	}
	clients, err := newAccounts(account, budget, domainLog(d.log))
	if err != nil {
		return err
	}
	d.later(func() error { clients.Close(); return nil })
	d.app, err = newApp(parts{
		Mirror: database, Listener: listener, Accounts: clients.list, Budget: budget, Grace: demoGrace, Log: d.log,
		Seams: seams{now: d.simulated.Now, leaseClock: d.simulated.Now, reconcileWait: demoReconcileWait},
	})
	if err != nil {
		return err
	}
	d.later(d.app.Close)
	return nil
}

// writeConfig leaves a configuration with which other commands find the demo's
// database and simulator.
func (d *demo) writeConfig(address string) error {
	d.config = filepath.Join(filepath.Dir(d.database), "certbridge-demo.yaml")
	text := fmt.Sprintf(demoConfig, address, strings.ReplaceAll(d.database, "${", "$${"), demoAccount, simulatorUser, simulatorKey, d.simulatorURL+simulatorPath)
	return os.WriteFile(d.config, []byte(text), 0o600)
}

const demoConfig = `# Made by certbridge demo, for commands beside it. They go by this machine's clock,
# the demo by the simulator's.
listen: %s
database: {driver: sqlite, dsn: %q}
accounts:
  - name: %s
    provider: hostlantern
    environment: sandbox
    api_user: %s
    api_key: %s
    client_ip: 127.0.0.1
    base_url: %s
    budget: {per_minute: 0, per_hour: 0, per_day: 0}
`

// furnish makes the panel and its services.
func (d *demo) furnish(ctx context.Context) (demoScene, error) {
	scene := demoScene{
		API: "http://" + d.app.listener.Addr().String(), Simulator: d.simulatorURL + simulatorPath, Control: d.simulatorURL + simulatorControl,
		Database: d.database, Config: d.config, Panel: demoPanel,
	}
	key := provisioning.PanelKey{Scopes: []provisioning.Scope{provisioning.ScopeOperate}}
	var err error
	if scene.Key, err = createPanel(ctx, d.app.mirror, demoPanel, key, d.simulated.Now()); err != nil {
		return scene, err
	}
	panel, err := d.app.mirror.Panel(ctx, demoPanel)
	if err != nil {
		return scene, err
	}
	shop := &demoShop{
		bridge: d.app.bridge, simulated: d.simulated,
		caller: provisioning.Caller{Panel: panel.ID, Actor: "operator:demo", Wait: time.Minute},
	}
	scene.Services, err = shop.furnish(ctx)
	return scene, err
}

// demoDatabase is a full path for the database, and how to remove what will be there.
func demoDatabase(dir string) (path string, remove func() error, err error) {
	const name = "certbridge-demo.db"
	if dir == "" {
		if dir, err = os.MkdirTemp("", "certbridge-demo-"); err != nil {
			return "", nil, err
		}
		return filepath.Join(dir, name), func() error { return os.RemoveAll(dir) }, nil
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, name)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return "", nil, fmt.Errorf("%s is there already, and the simulator knows nothing of what is in it; remove it or name another directory", path)
	}
	return path, func() error { return nil }, nil
}
