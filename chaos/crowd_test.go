// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

const (
	clients  = 64
	replicas = 3
)

// crowd is a number of clients in front of three replicas on one database.
type crowd struct {
	t        *testing.T
	provider *simulator.Simulator
	store    *mirror.Mirror // of the test itself
	address  string
	of       replicaOf
	key      string
	wait     string // how long clients wait, for Prefer
}

func newCrowd(t *testing.T, before func(command string) (simulator.Fault, bool)) *crowd {
	t.Helper()
	provider, url := simulated(t, accountNames, before)
	c := &crowd{t: t, provider: provider, address: mirrortest.Address(t, mirror.MySQL), wait: "wait=30"}
	accounts := map[string]string{}
	for _, name := range accountNames {
		accounts[name] = name
	}
	c.of = replicaOf{provider: url, accounts: accounts, now: provider.Now}
	c.store = c.mirror()
	generated := api.GenerateKey()
	err := c.store.CreatePanel(t.Context(), provisioning.Panel{ID: "panel", Name: "shop", CreatedAt: provider.Now(), Keys: []provisioning.PanelKey{{
		ID: generated.ID, Panel: "panel", SecretHash: generated.SecretHash, Scopes: []provisioning.Scope{provisioning.ScopeProvision}, CreatedAt: provider.Now(),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	c.key = generated.Token
	return c
}

// mirror opens the database once more, as each replica does.
func (c *crowd) mirror() *mirror.Mirror {
	c.t.Helper()
	return mirrortest.OpenAt(c.t, mirror.Options{Driver: mirror.MySQL, DSN: c.address, Now: c.provider.Now, LeaseClock: c.provider.Now})
}

// serve opens the replicas, has something done with a panel that knows them, and
// closes them when all that runs has ended.
func (c *crowd) serve(do func(p *panel, opened []*replica)) {
	c.t.Helper()
	var urls []string
	var opened []*replica
	var servers []*httptest.Server
	for range replicas {
		of := c.of
		store := c.mirror()
		of.store = store
		one := of.open(c.t)
		handler, err := api.New(api.Config{
			Bridge: one.Bridge, Keys: store, Idempotency: store, Ready: store.Ping, Now: c.provider.Now, Log: zap.NewNop(),
			Version: "test", Registry: prometheus.NewRegistry(),
		})
		if err != nil {
			c.t.Fatal(err)
		}
		server := httptest.NewServer(handler)
		urls, opened, servers = append(urls, server.URL), append(opened, one), append(servers, server)
	}
	do(newPanel(c.key, urls), opened)
	for i, one := range opened {
		servers[i].Close()
		one.close(c.t)
	}
}

// customer is one client with his service.
type customer struct {
	request request
	done    bool
}

// customers want one thing each.
func customers(method, path string, body func(number int) object) []*customer {
	var list []*customer
	for number := range clients {
		list = append(list, &customer{request: request{method, fmt.Sprintf(path, number), body(number)}})
	}
	return list
}

// twice has all clients at once say their request twice, until it is done.
func (c *crowd) twice(p *panel, list []*customer) {
	c.t.Helper()
	var asking sync.WaitGroup
	for number, one := range list {
		if one.done {
			continue
		}
		chance := rand.New(rand.NewPCG(1, uint64(number)))
		asking.Go(func() {
			got, err := p.say(context.Background(), chance, one.request, manner{twice: true, patience: time.Minute, wait: c.wait})
			var answer struct {
				Operation *struct{ State string }
			}
			if err != nil || json.Unmarshal(got.body, &answer) != nil {
				c.t.Errorf("%s %s: %d %s %v", one.request.method, one.request.path, got.status, got.body, err)
				return
			}
			one.done = got.status < 300 && got.status != http.StatusAccepted && answer.Operation == nil
		})
	}
	asking.Wait()
}

func undone(list []*customer) (count int) {
	for _, one := range list {
		if !one.done {
			count++
		}
	}
	return count
}

// judge looks at all services.
func (c *crowd) judge(may rights) {
	c.t.Helper()
	services, err := c.store.Services(c.t.Context(), provisioning.ServiceQuery{Panel: "panel", Limit: 2 * clients})
	if err != nil {
		c.t.Fatal(err)
	}
	var have []owned
	var claims []claim
	for _, s := range services {
		have = append(have, ownedBy(s))
		claims = append(claims, claim{s.ServiceID, may})
	}
	charges := c.provider.Ledger()
	for _, one := range judge(charges, c.provider.Certificates(), have, claims) {
		c.t.Error(one)
	}
	want := 0
	for _, span := range may {
		want += clients * span.most
	}
	if len(services) != clients || len(charges) != want {
		c.t.Errorf("%d services and %d charges, want %d and %d", len(services), len(charges), clients, want)
	}
}

func creates(number int) object {
	return object{"account": accountNames[number%len(accountNames)], "product": "positivessl-multi-domain", "years": 1, "additional_domains": 0}
}

func moreDomains(int) object { return object{"additional_domains": 2} }

func TestACrowdBuysOnce(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, func(string) (simulator.Fault, bool) { return simulator.Fault{}, false })
	c.serve(func(p *panel, _ []*replica) {
		for _, list := range [][]*customer{
			customers(http.MethodPut, "/v1/services/%d", creates),
			customers(http.MethodPost, "/v1/services/%d/domains", moreDomains),
		} {
			c.twice(p, list)
			if left := undone(list); left > 0 {
				t.Errorf("%d clients did not get what they asked for", left)
			}
		}
	})
	c.judge(rights{purchase: {1, 1}, moreDomain: {1, 1}})
}

// Every sixth charge is executed and its answer is lost.
func TestACrowdBuysOnceWhenAnswersAreLost(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	count := 0
	c := newCrowd(t, func(command string) (simulator.Fault, bool) {
		mu.Lock()
		defer mu.Unlock()
		if command != "create" && command != "purchasemoresans" {
			return simulator.Fault{}, false
		}
		count++
		return simulator.Fault{Command: command, Kind: simulator.FaultLost}, count%6 == 0
	})
	c.wait = "wait=1" // nothing goes on in an account until the time of its doubt is over
	for _, list := range [][]*customer{
		customers(http.MethodPut, "/v1/services/%d", creates),
		customers(http.MethodPost, "/v1/services/%d/domains", moreDomains),
	} {
		for range 40 {
			c.serve(func(p *panel, opened []*replica) {
				var looking sync.WaitGroup
				for _, one := range opened {
					looking.Go(func() {
						if err := one.Reconcile(t.Context(), ""); err != nil {
							t.Error(err)
						}
					})
				}
				looking.Wait()
				c.twice(p, list)
			})
			if undone(list) == 0 {
				break
			}
			c.provider.Advance(5 * time.Minute) // nothing runs now
		}
		if left := undone(list); left > 0 {
			t.Errorf("%d clients did not get what they asked for", left)
		}
	}
	c.judge(rights{purchase: {1, 1}, moreDomain: {1, 1}})
}
