// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/certbridge/certbridge/provisioning"
)

// customer is what a test knows of one service, beside what the bridge says.
type customer struct {
	s       *shop
	id      string
	charges int // made for this service
	longest int // lineage seen
}

// Whatever a panel asks for, in whatever order, and whatever goes wrong: nothing
// is charged that the service does not own or doubt, no certificate is
// forgotten, and a certificate in use stays in use until the next one is issued.
func TestNoSequenceLosesMoneyOrCertificates(t *testing.T) {
	t.Parallel()
	var services atomic.Int64
	onEachStore(t, func(t *testing.T, s *shop) {
		csrs := []string{newCSR(t, "example.com"), newCSR(t, "example.com")}
		rapid.Check(t, func(t *rapid.T) {
			c := &customer{s: s, id: fmt.Sprint("model-", services.Add(1))}
			c.settle(t) // what the sequence before left in doubt
			defer c.settle(t)
			t.Repeat(map[string]func(*rapid.T){
				"create":   c.ask(func() (provisioning.Result, error) { return s.bridge.Create(s.t.Context(), s.caller, c.id, single) }),
				"activate": c.withCSR(csrs, s.bridge.Activate),
				"reissue":  c.withCSR(csrs, s.bridge.Reissue),
				"renew": c.ask(func() (provisioning.Result, error) {
					return s.bridge.Renew(s.t.Context(), s.caller, c.id, provisioning.RenewRequest{})
				}),
				"synchronize": c.ask(func() (provisioning.Result, error) { return s.bridge.Synchronize(s.t.Context(), s.caller, c.id) }),
				"retry": c.ask(func() (provisioning.Result, error) {
					return s.bridge.RetryValidation(s.t.Context(), s.caller, c.id, "")
				}),
				"suspend":   c.ask(func() (provisioning.Result, error) { return s.bridge.Suspend(s.t.Context(), s.caller, c.id) }),
				"unsuspend": c.ask(func() (provisioning.Result, error) { return s.bridge.Unsuspend(s.t.Context(), s.caller, c.id) }),
				"the authority issues": func(*rapid.T) {
					for _, certificate := range c.service().Certificates {
						if certificate.Status == provisioning.StatusPendingValidation {
							s.upstream.issue(certificate.CertificateID, 200*24*time.Hour)
						}
					}
				},
				"somebody reissues elsewhere": func(*rapid.T) {
					service := c.service()
					if current := service.Current(); current != nil && current.Status == provisioning.StatusIssued && current.ReplacedBy == "" {
						s.upstream.reissueElsewhere(current.CertificateID)
					}
				},
				"the bridge reconciles": func(*rapid.T) { c.round() },
				"time passes":           func(t *rapid.T) { s.clock.advance(rapid.IntRange(0, 60).Draw(t, "days")) },
				"":                      c.check,
			})
		})
	})
}

// service is what the store holds, or nothing.
func (c *customer) service() provisioning.Service {
	service, err := c.s.bridge.Service(c.s.t.Context(), c.s.caller.Panel, c.id)
	var told *provisioning.Error
	if err != nil && (!errors.As(err, &told) || told.Kind != provisioning.KindNotFound) {
		c.s.t.Fatal(err)
	}
	return service
}

// ask takes an action while something may go wrong upstream and in the store.
func (c *customer) ask(act func() (provisioning.Result, error)) func(*rapid.T) {
	return func(t *rapid.T) {
		fates := []fate{
			{executed: true}, {executed: true}, {err: refused}, {err: turned}, {executed: true, err: lost}, {err: lost}, {executed: true, err: mistaken},
		}
		next := rapid.SampledFrom(fates).Draw(t, "fate")
		c.s.upstream.fail(next.executed, next.err)
		var troubles []trouble
		for range rapid.IntRange(0, 2).Draw(t, "troubles") {
			troubles = append(troubles, rapid.SampledFrom([]trouble{fine, lostBefore, lostAfter}).Draw(t, "trouble"))
		}
		c.s.store.expect(troubles...)
		before := c.s.upstream.charged()
		_, err := act()
		c.s.upstream.calm()
		c.s.store.expect()
		c.charges += c.s.upstream.charged() - before
		var told *provisioning.Error
		if err != nil && !errors.As(err, &told) {
			t.Fatalf("an error without a code: %v", err)
		}
	}
}

func (c *customer) withCSR(csrs []string, act func(context.Context, provisioning.Caller, string, provisioning.Configuration) (provisioning.Result, error)) func(*rapid.T) {
	return func(t *rapid.T) {
		csr := rapid.SampledFrom(csrs).Draw(t, "CSR")
		c.ask(func() (provisioning.Result, error) { return act(c.s.t.Context(), c.s.caller, c.id, byDNS(csr)) })(t)
	}
}

// round lets what is in doubt rest, and looks after it.
func (c *customer) round() {
	c.s.clock.pass(rested)
	if err := c.s.bridge.Reconcile(c.s.t.Context(), ""); err != nil {
		c.s.t.Fatal(err)
	}
}

// settle waits for quiet: then what was charged is owned, and no charge is in
// doubt. A reissue may be, where somebody else made another one at the same time.
func (c *customer) settle(t *rapid.T) {
	for range 3 {
		c.round()
	}
	service := c.service()
	if operation := service.Operation; operation != nil && operation.Kind.Charges() {
		t.Fatalf("after quiet the %s is %s: %+v", operation.Kind, operation.State, operation.Evidence)
	}
	if c.charges != len(service.Orders) {
		t.Fatalf("after quiet there are %d charges and %d orders", c.charges, len(service.Orders))
	}
}

// check is what must be true at any time.
func (c *customer) check(t *rapid.T) {
	service := c.service()
	owned := len(service.Orders)
	switch {
	case c.charges < owned:
		t.Fatalf("%d orders, but %d charges", owned, c.charges)
	case c.charges > owned && service.Operation == nil:
		t.Fatalf("%d charges, %d orders, and nothing in doubt", c.charges, owned)
	case c.charges > owned+1:
		t.Fatalf("%d charges, %d orders: charged twice while in doubt", c.charges, owned)
	}
	if len(service.Certificates) < c.longest {
		t.Fatalf("the lineage had %d certificates and has %d", c.longest, len(service.Certificates))
	}
	c.longest = len(service.Certificates)
	issued := false
	for i, certificate := range service.Certificates {
		issued = issued || certificate.Leaf != nil
		if certificate.Replaces != "" && service.Certificate(certificate.Replaces) == nil {
			t.Fatalf("certificate %d replaces one that is not there: %+v", i, certificate)
		}
		if service.Order(certificate.OrderID) == nil {
			t.Fatalf("certificate %d belongs to no order: %+v", i, certificate)
		}
	}
	if current := service.Current(); issued && current.Leaf == nil {
		t.Fatalf("%s is in use and was never issued", current.CertificateID)
	}
	for i := 1; i < len(service.Orders); i++ {
		if service.Orders[i].Predecessor != service.Orders[i-1].OrderID || service.Orders[i].Term.StartsOn.Before(service.Orders[i-1].Term.EndsOn) {
			t.Fatalf("order %d does not follow the one before it: %+v", i, service.Orders)
		}
	}
}
