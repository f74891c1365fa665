// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

const defaultSimulatorAddress = "127.0.0.1:8081"

// The simulator's only reseller account.
const (
	simulatorUser    = "reseller"
	simulatorKey     = "simulator-key"
	simulatorBalance = "1000.00" // USD
)

func (p *program) simulateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "simulate",
		Short: "Serve the simulator of the Hostlantern API alone",
		Long: `Serves a stand-in for the Hostlantern API, with a certificate authority inside,
until it is interrupted. It keeps nothing: orders and certificates are gone with
the process. Under /control/ it can be told what real life would bring: approved
validation, time that passes, answers that are lost. Nobody is asked for a
password there, so keep it on loopback.`,
		Args: cobra.NoArgs,
	}
	address := command.Flags().String("listen", defaultSimulatorAddress, "`ADDRESS` to listen on")
	environment := command.Flags().String("environment", "sandbox", "which site it stands for, sandbox or production")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.simulate(command.Context(), *address, *environment, *asJSON)
	}
	return command
}

func (p *program) simulate(ctx context.Context, address, environment string, asJSON bool) error {
	simulated, err := simulator.New(simulatorOptions(environment))
	if err != nil {
		return err
	}
	listener, err := listen(ctx, address, "--listen")
	if err != nil {
		return err
	}
	served := newSimulatorServer(simulated, listener)
	base := "http://" + listener.Addr().String()
	if asJSON {
		err = p.sayJSON(map[string]string{
			"base_url": base + simulatorPath, "control_url": base + simulatorControl, "environment": environment,
			"api_user": simulatorUser, "api_key": simulatorKey,
		})
	} else {
		p.say(`The simulator of Hostlantern's %s is at %s%s

An account of certbridge.yaml that uses it:

  - name: simulator
    provider: hostlantern
    environment: %s
    api_user: %s
    api_key: %s
    client_ip: 127.0.0.1
    base_url: %s%s

What it can be told:  curl %s%s/
It forgets everything when it is interrupted.`,
			environment, base, simulatorPath, environment, simulatorUser, simulatorKey, base, simulatorPath, base, simulatorControl)
	}
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return served.Run(ctx)
}

// simulatorPath is where the provider has its API; the simulator takes any path
// but those below simulatorControl.
const (
	simulatorPath    = "/xml.response"
	simulatorControl = "/control"
)

func simulatorOptions(environment string) simulator.Options {
	return simulator.Options{
		Environment: environment,
		Accounts:    []simulator.Account{{ApiUser: simulatorUser, ApiKey: simulatorKey, Balance: simulatorBalance}},
	}
}

// simulatorServer serves a simulator and its control API at one address.
type simulatorServer struct {
	server   *http.Server
	listener net.Listener
}

func newSimulatorServer(simulated *simulator.Simulator, listener net.Listener) *simulatorServer {
	mux := http.NewServeMux()
	mux.Handle("/", simulated)
	control := simulated.Control()
	mux.Handle(simulatorControl+"/", control)
	// The address that is printed ends without a slash; it answers with the list too.
	mux.HandleFunc(simulatorControl, func(w http.ResponseWriter, r *http.Request) {
		list := r.Clone(r.Context())
		list.URL.Path += "/"
		control.ServeHTTP(w, list)
	})
	return &simulatorServer{
		server:   &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second},
		listener: listener,
	}
}

// Run serves until ctx ends.
func (s *simulatorServer) Run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- s.server.Serve(s.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		// Nothing here is worth waiting for.
		if err := errors.Join(s.server.Close(), <-ended); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	}
}
