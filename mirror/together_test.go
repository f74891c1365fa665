// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// Writes that are gathered into one transaction keep their own answers: those
// that cannot be made do not take the others with them.
func TestWritesMadeTogetherSucceedAndFailAlone(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		const services = 40
		stored := make([]provisioning.Service, services)
		for i := range stored {
			stored[i] = newService(fmt.Sprint(i))
			if err := store.Write(t.Context(), provisioning.Change{After: &stored[i]}); err != nil {
				t.Fatal(err)
			}
		}
		var all sync.WaitGroup
		for i := range stored {
			all.Go(func() {
				before, after := stored[i], stored[i].Clone()
				after.Years = 2
				change := provisioning.Change{Before: &before, After: &after, Operation: newOperation(fmt.Sprint("op-", i))}
				var want error
				switch i % 4 {
				case 1: // read before somebody else wrote it
					before.Version--
					want = provisioning.ErrStale
				case 2: // the certificate belongs to another service
					after.Certificates = []provisioning.Certificate{{CertificateID: "one and only"}}
				case 3:
					change.Events = []provisioning.Event{{Kind: "a"}, {Kind: "b"}}
				}
				err := store.Write(t.Context(), change)
				if i%4 == 2 {
					return // which of them came first is not said; they are counted below
				}
				if !errors.Is(err, want) {
					t.Errorf("service %d: got %v, want %v", i, err, want)
				}
			})
		}
		all.Wait()
		holders := 0
		for i := range stored {
			service, err := store.Service(t.Context(), "p", fmt.Sprint(i))
			if err != nil {
				t.Fatal(err)
			}
			written := service.Years == 2
			if written != (service.Operation != nil) || written != (service.Version == 2) {
				t.Errorf("service %d was written in part: %+v", i, service)
			}
			holders += len(service.Certificates)
			if i%4 != 2 && written != (i%4 != 1) {
				t.Errorf("service %d: written %v", i, written)
			}
		}
		if holders != 1 {
			t.Errorf("the certificate belongs to %d services", holders)
		}
	})
}
