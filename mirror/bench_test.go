// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// BenchmarkCreate is the database's share of a create: the transaction of the
// service with its operation, and that of the outcome.
func BenchmarkCreate(b *testing.B) {
	for _, driver := range mirrortest.Drivers() {
		b.Run(driver, func(b *testing.B) {
			store := mirrortest.Open(b, driver, time.Now)
			ctx := b.Context()
			for i := 0; b.Loop(); i++ {
				id := fmt.Sprint(i)
				created, operation := newService(id), newOperation(id)
				if err := store.Write(ctx, provisioning.Change{After: &created, Operation: operation}); err != nil {
					b.Fatal(err)
				}
				after := created.Clone()
				operation.State = provisioning.OperationSucceeded
				after.Orders = []provisioning.Order{{OrderID: id}}
				after.Certificates = []provisioning.Certificate{{CertificateID: id, OrderID: id}}
				if err := store.Write(ctx, provisioning.Change{
					Before: &created, After: &after, Operation: operation, Events: []provisioning.Event{{Kind: "service.created"}},
				}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkService reads a service with two orders and three certificates.
func BenchmarkService(b *testing.B) {
	for _, driver := range mirrortest.Drivers() {
		b.Run(driver, func(b *testing.B) {
			store := mirrortest.Open(b, driver, time.Now)
			created := newService("1")
			created.Orders = []provisioning.Order{{OrderID: "1"}, {OrderID: "2"}}
			created.Certificates = []provisioning.Certificate{{CertificateID: "1"}, {CertificateID: "2"}, {CertificateID: "3"}}
			if err := store.Write(b.Context(), provisioning.Change{After: &created}); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := store.Service(b.Context(), "p", "1"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
