// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// replica is certbridge inside of the test's own process, where the race detector
// sees it and where its store can be made to fail.
type replica struct {
	*provisioning.Bridge
	clients []*hostlantern.Client
}

// replicaOf says what a replica is made of.
type replicaOf struct {
	store    provisioning.Store
	provider string            // URL
	accounts map[string]string // the provider's user by the name of the account
	now      func() time.Time
}

func (of replicaOf) open(t *testing.T) *replica {
	t.Helper()
	r := &replica{}
	config := provisioning.Config{Store: of.store, Now: of.now, Log: slog.New(slog.DiscardHandler)}
	for name, user := range of.accounts {
		client, err := hostlantern.New(hostlantern.Config{
			Account: name, APIUser: user, APIKey: hostlantern.NewAPIKey("key-of-" + user), ClientIP: "127.0.0.1",
			Environment: provisioning.Sandbox, BaseURL: of.provider + "/xml.response",
		})
		if err != nil {
			t.Fatal(err)
		}
		r.clients = append(r.clients, client)
		config.Accounts = append(config.Accounts, provisioning.Account{
			Name: name, Provider: "hostlantern", Environment: provisioning.Sandbox, Upstream: hostlantern.NewProvider(client),
		})
	}
	var err error
	if r.Bridge, err = provisioning.NewBridge(config); err != nil {
		t.Fatal(err)
	}
	return r
}

// close waits for what runs.
func (r *replica) close(t *testing.T) {
	t.Helper()
	if err := r.Close(context.Background()); err != nil {
		t.Error(err)
	}
	r.closeClients()
}

// die ends what runs at once.
func (r *replica) die() {
	dead, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Close(dead) // that it was cut off is what is wanted
	r.closeClients()
}

func (r *replica) closeClients() {
	for _, client := range r.clients {
		client.Close()
	}
}

// simulated is a provider for a test of one process: accounts by their users, no
// limits, and something in front that may break calls.
func simulated(t *testing.T, users []string, before func(command string) (simulator.Fault, bool)) (*simulator.Simulator, string) {
	t.Helper()
	var accounts []simulator.Account
	for _, user := range users {
		accounts = append(accounts, simulator.Account{ApiUser: user, ApiKey: "key-of-" + user, Balance: "1000000"})
	}
	switches := simulator.DefaultSwitches()
	switches.ThrottlePerMinute, switches.ThrottlePerHour, switches.ThrottlePerDay = 0, 0, 0
	provider, err := simulator.New(simulator.Options{Now: beginning, Switches: switches, Accounts: accounts})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		command, _, err := peek(r)
		if err != nil {
			return // who sent it has gone
		}
		if fault, hit := before(command); hit {
			provider.Inject(fault)
		}
		provider.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return provider, server.URL
}

// ownedBy tells what a service has, for the judge.
func ownedBy(s provisioning.Service) owned {
	one := owned{service: s.ServiceID, additionalDomains: s.AdditionalDomains, certificates: map[string]string{}}
	if s.Operation != nil {
		one.operation = string(s.Operation.Kind) + " " + string(s.Operation.State)
	}
	for _, certificate := range s.Certificates {
		one.certificates[certificate.CertificateID] = string(certificate.Reason)
	}
	return one
}
