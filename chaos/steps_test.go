// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// bench is one replica with a provider and a service, one step of which is to
// fail.
type bench struct {
	t        *testing.T
	store    *flaky
	provider *simulator.Simulator
	of       replicaOf
	replica  *replica
	account  string
	caller   provisioning.Caller
	calls    *calls
}

// calls are those to the provider, one of which may fail.
type calls struct {
	mu      sync.Mutex
	armed   bool
	at      int
	applied bool
	passed  []string
}

func (c *calls) arm(at int, applied bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.at, c.applied, c.passed = true, at, applied, nil
}

func (c *calls) disarm() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = false
	return c.passed
}

func (c *calls) before(command string) (simulator.Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed {
		return simulator.Fault{}, false
	}
	c.passed = append(c.passed, command)
	kind := simulator.FaultDrop
	if c.applied {
		kind = simulator.FaultLost
	}
	return simulator.Fault{Command: command, Kind: kind}, len(c.passed)-1 == c.at
}

func (b *bench) open() {
	b.t.Helper()
	b.replica = b.of.open(b.t)
}

const benchUser = "reseller"

// newBench makes everything afresh but the database server.
func newBench(t *testing.T, driver string) *bench {
	t.Helper()
	b := &bench{t: t, calls: &calls{}, account: "account"}
	var url string
	b.provider, url = simulated(t, []string{benchUser}, b.calls.before)
	b.store = &flaky{Store: mirrortest.OpenAt(t, mirror.Options{
		Driver: driver, DSN: mirrortest.Address(t, driver), Now: b.provider.Now, LeaseClock: b.provider.Now,
	})}
	b.of = replicaOf{store: b.store, provider: url, accounts: map[string]string{b.account: benchUser}, now: b.provider.Now}
	b.caller = provisioning.Caller{Panel: "panel", Actor: "panel:key", Wait: time.Minute}
	b.open()
	t.Cleanup(func() { b.replica.close(t) })
	return b
}

// action is one that charges.
type action struct {
	name    string
	prepare func(b *bench)
	ask     func(ctx context.Context, b *bench) (provisioning.Result, error)
	rights  rights
}

var actions = []action{
	{
		name:    "purchase",
		prepare: func(*bench) {},
		ask: func(ctx context.Context, b *bench) (provisioning.Result, error) {
			return b.create(ctx, "positivessl", 0)
		},
		rights: rights{purchase: {1, 1}},
	},
	{
		name:    "renew",
		prepare: (*bench).nearTheEnd,
		ask: func(ctx context.Context, b *bench) (provisioning.Result, error) {
			return b.replica.Renew(ctx, b.caller, "1", provisioning.RenewRequest{Years: 1})
		},
		rights: rights{purchase: {1, 1}, renewal: {1, 1}},
	},
	{
		name:    "add domains",
		prepare: func(b *bench) { b.must(b.create(b.t.Context(), "positivessl-multi-domain", 1)) },
		ask: func(ctx context.Context, b *bench) (provisioning.Result, error) {
			return b.replica.AddDomains(ctx, b.caller, "1", 3)
		},
		rights: rights{purchase: {1, 1}, moreDomain: {1, 1}},
	},
}

func (b *bench) create(ctx context.Context, product string, domains int) (provisioning.Result, error) {
	return b.replica.Create(ctx, b.caller, "1", provisioning.CreateRequest{
		Account: b.account, Product: product, Years: 1, AdditionalDomains: domains,
	})
}

func (b *bench) must(result provisioning.Result, err error) provisioning.Service {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	if result.Operation != nil {
		b.t.Fatalf("still open: %s %s", result.Operation.Kind, result.Operation.State)
	}
	return result.Service
}

// nearTheEnd makes a service whose term ends soon.
func (b *bench) nearTheEnd() {
	b.t.Helper()
	ctx := b.t.Context()
	b.must(b.create(ctx, "positivessl", 0))
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.t.Fatal(err)
	}
	s := b.must(b.replica.Activate(ctx, b.caller, "1", provisioning.Configuration{
		CSR: newCSR(key, "example.com"), Validation: []provisioning.ValidationChoice{{Method: provisioning.ValidateByDNS}},
	}))
	if err := b.provider.Approve(s.Current().CertificateID); err != nil {
		b.t.Fatal(err)
	}
	b.must(b.replica.Synchronize(ctx, b.caller, "1"))
	b.provider.Advance(300 * 24 * time.Hour)
}

// suffer takes the action while a durable step fails, and dies with it if that
// lasts.
func (b *bench) suffer(a action, at int, how failure) {
	b.t.Helper()
	b.store.arm(at, how)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = a.ask(context.Background(), b) // whatever it says, the judge looks
	}()
	select {
	case <-b.store.tripped:
		if how.lasting {
			b.replica.die()
		}
		<-ended
	case <-ended: // and the step comes after the answer, if at all
	}
	b.restart()
	select {
	case <-b.store.tripped:
	default:
		b.t.Fatalf("step %d was not reached", at+1)
	}
	b.store.disarm()
}

// restart waits for what still runs, and begins anew.
func (b *bench) restart() {
	b.t.Helper()
	b.replica.close(b.t)
	b.open()
}

// begin brings the service to where the action can be taken. What the preparation
// leaves behind must not be taken for a step of the action.
func (b *bench) begin(a action) {
	b.t.Helper()
	a.prepare(b)
	b.restart()
}

// recover lets time pass until nothing is open.
func (b *bench) recover() {
	b.t.Helper()
	for range 12 {
		b.provider.Advance(5 * time.Minute)
		if err := b.replica.Reconcile(b.t.Context(), ""); err != nil {
			b.t.Fatal(err)
		}
		open, err := b.store.Operations(b.t.Context(), provisioning.OperationQuery{States: []provisioning.OperationState{
			provisioning.OperationRecorded, provisioning.OperationSent, provisioning.OperationUncertain, provisioning.OperationNeedsAttention,
		}})
		if err != nil {
			b.t.Fatal(err)
		}
		if len(open) == 0 {
			return
		}
	}
}

// judge looks at what was charged and what the service has.
func (b *bench) judge(may rights) {
	b.t.Helper()
	var have []owned
	if s, err := b.replica.Service(b.t.Context(), b.caller.Panel, "1"); err == nil {
		have = append(have, ownedBy(s))
	}
	for _, one := range judge(b.provider.Ledger(), b.provider.Certificates(), have, []claim{{"1", may}}) {
		b.t.Error(one)
	}
}

// settle is what has to come of every failure: nothing is open after some time,
// what was charged is owned, and asking again brings exactly one.
func (b *bench) settle(a action) {
	b.t.Helper()
	b.recover()
	may := rights{}
	for kind, span := range a.rights {
		may[kind] = span
	}
	may[a.charge()] = span{0, 1}
	b.judge(may)
	b.must(a.ask(b.t.Context(), b))
	b.judge(a.rights)
}

// charge is what the action pays for.
func (a action) charge() charge {
	for _, kind := range []charge{renewal, moreDomain} {
		if _, paid := a.rights[kind]; paid {
			return kind
		}
	}
	return purchase
}

// learn takes the action undisturbed, and gives its durable steps and its calls.
func learn(t *testing.T, driver string, a action) (steps, commands []string) {
	t.Helper()
	b := newBench(t, driver)
	b.begin(a)
	b.store.arm(-1, failure{})
	b.calls.arm(-1, false)
	b.must(a.ask(t.Context(), b))
	b.replica.close(t) // so that the lane was left
	steps, commands = b.store.disarm(), b.calls.disarm()
	b.open()
	b.judge(a.rights)
	return steps, commands
}

// Every durable step and every call of every action that charges fails once, before
// and after it was done, and with the end of the process.
func TestEveryStepMayFail(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		for _, a := range actions {
			t.Run(driver+"/"+a.name, func(t *testing.T) {
				t.Parallel()
				steps, commands := learn(t, driver, a)
				if len(steps) < 5 || len(commands) < 3 {
					t.Fatalf("there must be more steps than %q and more calls than %q", steps, commands)
				}
				for at, step := range steps {
					for _, how := range []failure{{}, {applied: true}, {lasting: true}, {applied: true, lasting: true}} {
						t.Run(fmt.Sprintf("%d %s, %s", at+1, step, how), func(t *testing.T) {
							t.Parallel()
							b := newBench(t, driver)
							b.begin(a)
							b.suffer(a, at, how)
							b.settle(a)
						})
					}
				}
				for at, command := range commands {
					for _, applied := range []bool{false, true} {
						t.Run(fmt.Sprintf("call %d %s, %s", at+1, command, failure{applied: applied}), func(t *testing.T) {
							t.Parallel()
							b := newBench(t, driver)
							b.begin(a)
							b.calls.arm(at, applied)
							_, _ = a.ask(t.Context(), b) // whatever it says, the judge looks
							if passed := b.calls.disarm(); len(passed) <= at {
								t.Fatalf("only %q were called", passed)
							}
							b.settle(a)
						})
					}
				}
			})
		}
	}
}
