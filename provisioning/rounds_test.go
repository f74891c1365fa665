// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// mall is a shop with three accounts. In two of them an activation is in doubt, in
// the third a purchase waits that its replica did not live to carry out.
type mall struct {
	*shop
	second, third   *upstream
	one, two, three provisioning.Operation
}

func newMall(t *testing.T, s *shop) *mall {
	t.Helper()
	m := &mall{shop: s, second: newUpstream(s.clock.Now), third: newUpstream(s.clock.Now)}
	accounts := m.accounts(s.upstream, m.second, m.third)
	s.bridge = s.replica(accounts)
	m.one, m.two = m.doubtedActivation("1", "test", s.upstream), m.doubtedActivation("2", "second", m.second)
	m.three = s.left("3", provisioning.CreateRequest{Account: "third", Product: "single", Years: 1}, accounts)
	s.clock.pass(rested)
	return m
}

// accounts are the three, at those providers.
func (m *mall) accounts(providers ...provisioning.Provider) func(*provisioning.Config) {
	return func(config *provisioning.Config) {
		config.CallTimeout = 10 * time.Second // in which nothing comes that comes at all
		config.Accounts = nil
		for i, name := range []string{"test", "second", "third"} {
			config.Accounts = append(config.Accounts, provisioning.Account{
				Name: name, Provider: "fake", Environment: provisioning.Sandbox, Upstream: providers[i],
			})
		}
	}
}

func (m *mall) doubtedActivation(id, account string, provider *upstream) provisioning.Operation {
	m.t.Helper()
	m.must(m.bridge.Create(m.t.Context(), m.caller, id, provisioning.CreateRequest{Account: account, Product: "single", Years: 1}))
	provider.fail(false, lost)
	result, err := m.bridge.Activate(m.t.Context(), m.caller, id, byDNS(newCSR(m.t, "example.com")))
	if err != nil || result.Operation == nil || result.Operation.State != provisioning.OperationUncertain {
		m.t.Fatalf("%+v, %v", result.Operation, err)
	}
	return *result.Operation
}

// gathering is where calls for several accounts wait until all are there.
type gathering struct {
	mu      sync.Mutex
	missing map[string]bool
	all     chan struct{}
}

// attend tells whether everybody came while the caller had patience.
func (g *gathering) attend(ctx context.Context, who string) bool {
	g.mu.Lock()
	if g.missing[who] {
		if delete(g.missing, who); len(g.missing) == 0 {
			close(g.all)
		}
	}
	g.mu.Unlock()
	select {
	case <-g.all:
		return true
	case <-ctx.Done():
		return false
	}
}

// attending is a provider that answers only once the others were asked as well.
type attending struct {
	*upstream
	name  string
	where *gathering
}

var errAlone = &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: errors.New("nobody else was asked meanwhile")}

func (a attending) Certificate(ctx context.Context, id string) (provisioning.CertificateDetail, error) {
	if !a.where.attend(ctx, a.name) {
		return provisioning.CertificateDetail{}, errAlone
	}
	return a.upstream.Certificate(ctx, id)
}

func (a attending) Purchase(ctx context.Context, request provisioning.PurchaseRequest) (provisioning.Purchase, error) {
	if !a.where.attend(ctx, a.name) {
		return provisioning.Purchase{}, errAlone
	}
	return a.upstream.Purchase(ctx, request)
}

// One provider that hangs keeps neither the charges nor the doubts of another
// account waiting: here each of them hangs until the others were asked.
func TestAProviderThatHangsKeepsNoOtherAccountWaiting(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		m := newMall(t, s)
		where := &gathering{missing: map[string]bool{"test": true, "second": true, "third": true}, all: make(chan struct{})}
		s.bridge = s.replica(m.accounts(attending{s.upstream, "test", where}, attending{m.second, "second", where}, attending{m.third, "third", where}))
		s.reconcile(0)
		if len(where.missing) != 0 {
			t.Errorf("%v were kept waiting", where.missing)
		}
		if one, two := s.operation(m.one.ID), s.operation(m.two.ID); one.State != provisioning.OperationRefused || two.State != provisioning.OperationRefused {
			t.Errorf("the doubts are settled: %s, %s", one.State, two.State)
		}
		if three := s.operation(m.three.ID); three.State != provisioning.OperationSucceeded || m.third.charged() != 1 {
			t.Errorf("the charge is made: %s, %d charges", three.State, m.third.charged())
		}
	})
}

func TestReconcilingOneAccountLeavesTheOthersAlone(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		m := newMall(t, s)
		calls := len(s.upstream.called())
		for _, step := range []struct {
			account string
			open    [3]bool
		}{
			{"third", [3]bool{true, true, false}},
			{"second", [3]bool{true, false, false}},
		} {
			if err := s.bridge.Reconcile(t.Context(), step.account); err != nil {
				t.Fatal(err)
			}
			one, two, three := s.operation(m.one.ID), s.operation(m.two.ID), s.operation(m.three.ID)
			if got := [3]bool{one.State.Open(), two.State.Open(), three.State.Open()}; got != step.open {
				t.Errorf("after the %s account was reconciled, open are %v, want %v", step.account, got, step.open)
			}
		}
		if got := s.operation(m.one.ID); got.Version != m.one.Version || len(s.upstream.called()) != calls {
			t.Errorf("the first account was not left alone: %+v, %v", got, s.upstream.called()[calls:])
		}
	})
}
