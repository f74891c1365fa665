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

// stopping is a store whose caller is stopped in the write that makes a request
// about to be sent durable. When it goes on, nothing was written.
type stopping struct {
	provisioning.Store
	once    sync.Once
	stopped func()
}

func (d *stopping) Write(ctx context.Context, change provisioning.Change) error {
	failed := false
	if change.Lane != nil && change.Operation.State == provisioning.OperationSent {
		d.once.Do(func() {
			d.stopped()
			failed = true
		})
	}
	if failed {
		return errors.New("i/o timeout")
	}
	return d.Store.Write(ctx, change)
}

// Both replicas find the same operation as sent. Only one of them has sent it.
func TestWhatAnotherReplicaSentIsNotTakenForOurs(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		begun, let, rounds := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		other := s.replica(func(config *provisioning.Config) {
			config.Accounts[0].Upstream = stalled{s.upstream, func() {
				close(begun)
				<-let
			}}
		})
		store := &stopping{Store: s.store, stopped: func() {
			s.clock.pass(3 * time.Minute) // longer than the lease
			go func() { rounds <- other.Reconcile(context.Background(), "") }()
			<-begun // the other replica's request is under way
		}}
		stopped := s.replica(func(config *provisioning.Config) { config.Store = store })
		if _, err := stopped.Create(t.Context(), s.impatient(), "1", single); err != nil {
			t.Fatal(err)
		}
		<-begun
		if err := stopped.Close(t.Context()); err != nil { // once it has done what it was about to do
			t.Fatal(err)
		}
		if s.upstream.charged() != 0 {
			t.Error("it sent what the other replica had sent")
		}
		close(let)
		if err := <-rounds; err != nil {
			t.Fatal(err)
		}
		if service := s.service("1"); len(service.Orders) != 1 || service.Operation != nil || s.upstream.charged() != 1 {
			t.Errorf("%+v, %d charges", service, s.upstream.charged())
		}
	})
}
