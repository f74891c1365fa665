// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// ranked is a provider that notes with which priority it is called.
type ranked struct {
	provisioning.Provider
	mu    sync.Mutex
	calls []string
}

func (r *ranked) note(ctx context.Context, call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call+" "+string(provisioning.PriorityOf(ctx)))
}

// taken gives the calls since the last time, each only once, in order of the
// alphabet.
func (r *ranked) taken() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.Sort(r.calls)
	calls := slices.Compact(r.calls)
	r.calls = nil
	return calls
}

func (r *ranked) Purchase(ctx context.Context, request provisioning.PurchaseRequest) (provisioning.Purchase, error) {
	r.note(ctx, "purchase")
	return r.Provider.Purchase(ctx, request)
}

func (r *ranked) Activate(ctx context.Context, request provisioning.ConfigurationRequest) (provisioning.Submission, error) {
	r.note(ctx, "activate")
	return r.Provider.Activate(ctx, request)
}

func (r *ranked) Certificate(ctx context.Context, id string) (provisioning.CertificateDetail, error) {
	r.note(ctx, "certificate")
	return r.Provider.Certificate(ctx, id)
}

func (r *ranked) Certificates(ctx context.Context, page, pageSize int) (provisioning.CertificatePage, error) {
	r.note(ctx, "list")
	return r.Provider.Certificates(ctx, page, pageSize)
}

func (r *ranked) Balance(ctx context.Context) (provisioning.Money, error) {
	r.note(ctx, "balance")
	return r.Provider.Balance(ctx)
}

func (r *ranked) Price(ctx context.Context, request provisioning.PriceRequest) (provisioning.Money, error) {
	r.note(ctx, "price")
	return r.Provider.Price(ctx, request)
}

// What charges goes first, and what holds up the next charge; then what a customer
// does; then what certbridge does by itself.
func TestCallsHaveTheirPriorities(t *testing.T) {
	t.Parallel()
	heard := new(ranked)
	s := newShop(t, mirror.SQLite, func(c *provisioning.Config) {
		heard.Provider = c.Accounts[0].Upstream
		c.Accounts[0].Upstream = heard
	})
	made := func(step string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, heard.taken()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	ctx := t.Context()
	s.create("1")
	made("a purchase", "balance purchase", "list purchase", "price purchase", "purchase purchase")
	s.must(s.bridge.Activate(ctx, s.caller, "1", byDNS(newCSR(t, "example.com"))))
	made("an activation", "activate customer")
	s.must(s.bridge.Synchronize(ctx, s.caller, "1"))
	made("a look at one's service", "certificate customer")

	s.upstream.fail(true, lost)
	if _, err := s.bridge.Create(ctx, s.caller, "2", single); err != nil {
		t.Fatal(err)
	}
	heard.taken()
	s.reconcile(rested)
	made("a purchase in doubt", "balance purchase", "certificate purchase", "list purchase")
	s.upstream.fail(false, lost)
	if _, err := s.bridge.Activate(ctx, s.caller, "2", byDNS(newCSR(t, "example.com"))); err != nil {
		t.Fatal(err)
	}
	heard.taken()
	s.reconcile(time.Hour)
	made("an activation in doubt", "certificate synchronization")
}
