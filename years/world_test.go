// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

const (
	panel, account = "panel", "hostlantern"
	offset         = 15 // days before the end of the term, see provisioning.Config
)

// documented are the provider's limits.
var documented = provisioning.CallLimits{PerMinute: 20, PerHour: 700, PerDay: 8000}

// world is a simulated provider behind a real server, a store, and a bridge between
// them, in a time of their own.
type world struct {
	t        *testing.T
	random   *rand.Rand
	sim      *simulator.Simulator
	pace     *pace
	server   *httptest.Server
	store    *mirror.Mirror           // its leases end by leases
	budgets  provisioning.BudgetStore // goes by the simulated clock
	leases   leaseClock
	bridge   *provisioning.Bridge
	upstream *hostlantern.Provider // as somebody uses it who does not go through certbridge
	key      *ecdsa.PrivateKey
	caller   provisioning.Caller
	expires  provisioning.ExpiryMeaning // what the bridge is told that the provider's dates mean
	limited  bool                       // calls are

	calls   atomic.Int64 // that reached the provider
	lists   atomic.Int64 // of them, for pages of the list
	details atomic.Int64 // of them, about one certificate

	reader   reader
	held     map[string]simulator.Certificate // what the provider holds, as of the last look
	rows     map[string]row                   // what the list showed in the last run
	unsteady map[string]bool                  // certificates that changed during the last run: their time was over
	ids      []string                         // of it, the oldest first
	pending  []string                         // waits for the authority
	strays   []string                         // what was bought in the provider's panel and is nobody's yet
	renewals []renewal                        // what was renewed in the provider's panel
	reissued map[string]bool                  // see mayReissue
	made     int                              // services by customers
	shows    simulator.ExpiryMeaning          // what the provider's dates have meant so far; "" for both
	known    bool                             // that they mean the end of the term was known before the last run
	happened map[string]int
}

// renewal is a certificate and what was bought to renew it.
type renewal struct{ of, id string }

// leaseClock is the time of leases, which who works prolongs by real time: that of
// the machine, and what was added to it.
type leaseClock struct{ ahead atomic.Int64 }

func (c *leaseClock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *leaseClock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

func newWorld(t *testing.T, driver string, seed uint64, start time.Time) *world {
	t.Helper()
	t.Logf("the seed is %d", seed)
	sim, err := simulator.New(simulator.Options{
		Environment: "sandbox", Now: start,
		Accounts: []simulator.Account{{ApiUser: "reseller", ApiKey: "simulator-key", Balance: "100000000.00"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sim.Freeze()
	w := &world{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), sim: sim, pace: newPace(sim.Advance),
		caller: provisioning.Caller{Panel: panel, Actor: "panel:key", Wait: 5 * time.Minute}, happened: map[string]int{}, reissued: map[string]bool{},
		expires: provisioning.ExpiresAuto,
	}
	w.reader.services = map[string]provisioning.Service{}
	w.reader.owners, w.reader.confirmed = map[string]string{}, map[string]provisioning.Date{}
	w.reader.told = map[string]provisioning.Date{}
	if w.key, err = ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(http.HandlerFunc(w.serve))
	t.Cleanup(w.server.Close)
	address := mirrortest.Address(t, driver)
	w.store = mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address, Now: sim.Now, LeaseClock: w.leases.now})
	w.budgets = mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address, Now: sim.Now, LeaseClock: sim.Now})
	w.limit(false)
	return w
}

// limit has calls limited on both sides, or on none, from now on. Whoever has a
// bridge needs a new one.
func (w *world) limit(limited bool) {
	w.limited = limited
	limits := provisioning.CallLimits{}
	if limited {
		limits = documented
	}
	w.sim.Configure(func(s *simulator.Switches) {
		s.ThrottlePerMinute, s.ThrottlePerHour, s.ThrottlePerDay = limits.PerMinute, limits.PerHour, limits.PerDay
	})
	gate := w.gate()
	w.upstream = w.client(gate)
	w.bridge = w.replica(gate)
}

// gate is a budget of one process.
func (w *world) gate() hostlantern.Gate {
	w.t.Helper()
	if !w.limited {
		return nil
	}
	budget, err := provisioning.NewBudget(provisioning.BudgetConfig{
		Store: pacedStore{w.budgets, w.pace}, Limits: map[string]provisioning.CallLimits{account: documented}, Wait: w.pace.wait,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return pacedGate{budget.For(account), w.pace}
}

func (w *world) client(gate hostlantern.Gate) *hostlantern.Provider {
	w.t.Helper()
	client, err := hostlantern.New(hostlantern.Config{
		Account: account, APIUser: "reseller", APIKey: hostlantern.NewAPIKey("simulator-key"), ClientIP: "203.0.113.9",
		Environment: provisioning.Sandbox, BaseURL: w.server.URL + "/xml.response", Gate: gate, Now: w.sim.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(client.Close)
	return hostlantern.NewProvider(client)
}

// replica is one more bridge on the same store and provider.
func (w *world) replica(gate hostlantern.Gate, change ...func(*provisioning.Config)) *provisioning.Bridge {
	w.t.Helper()
	config := provisioning.Config{
		Store: w.store, Now: w.sim.Now, Log: slog.New(slog.DiscardHandler), DueDateOffset: offset,
		Accounts: []provisioning.Account{{
			Name: account, Provider: "hostlantern", Environment: provisioning.Sandbox, Upstream: w.client(gate), Expires: w.expires,
		}},
		// A call may have to wait for a day of the simulated time.
		CallTimeout: 48 * time.Hour, Wait: w.pace.wait,
	}
	for _, change := range change {
		change(&config)
	}
	bridge, err := provisioning.NewBridge(config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if err := bridge.Close(context.Background()); err != nil {
			w.t.Error(err)
		}
	})
	return bridge
}

func (w *world) serve(writer http.ResponseWriter, r *http.Request) {
	defer w.pace.arrived()
	w.calls.Add(1)
	if err := r.ParseForm(); err == nil {
		switch r.PostForm.Get("Command") {
		case "namecheap.ssl.getList":
			w.lists.Add(1)
		case "namecheap.ssl.getInfo":
			w.details.Add(1)
		}
	}
	w.sim.ServeHTTP(writer, r)
}

// csr is a signing request of a customer. All have one key, which nobody minds.
func (w *world) csr(commonName string) string {
	w.t.Helper()
	der, err := x509.CreateCertificateRequest(cryptorand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}}, w.key)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// look reads what the provider holds.
func (w *world) look() {
	all := w.sim.Certificates()
	w.held, w.ids = make(map[string]simulator.Certificate, len(all)), w.ids[:0]
	for _, one := range all {
		w.held[one.ID] = one
		w.ids = append(w.ids, one.ID)
	}
}

// row is what the list shows of a certificate, apart from what never changes.
type row struct {
	status, product, commonName string
	expires                     provisioning.Date
}

// listed are the rows of what the provider held when it was last looked at.
func (w *world) listed() map[string]row {
	rows, shows := make(map[string]row, len(w.held)), w.sim.Switches().Expires
	for id, is := range w.held {
		one := row{status: is.Status, product: is.Product, commonName: is.CommonName}
		switch {
		case is.IssuedAt.IsZero():
		case shows == simulator.ExpiresTerm:
			one.expires = w.dayOf(is.TermEnd)
		default:
			one.expires = w.dayOf(is.NotAfter)
		}
		rows[id] = one
	}
	return rows
}

// note counts what happened, unless it was refused for a reason that there may be:
// the mirror is a day old.
func (w *world) note(what string, err error) bool {
	w.t.Helper()
	if refused, told := errors.AsType[*provisioning.Error](err); told && (refused.Kind == provisioning.KindConflict || refused.Kind == provisioning.KindRefused) {
		w.happened[what+" refused: "+refused.Code]++
		return false
	}
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	w.happened[what]++
	return true
}
