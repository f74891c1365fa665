// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// batches is in how many lots the stock was bought, a fortnight apart.
const batches = 10

// stockUp has somebody buy certificates in the provider's panel who does not know
// certbridge yet, and configure most of them.
func (w *world) stockUp(count int) {
	w.t.Helper()
	for batch := range batches {
		var ids []string
		for years := 1; years <= 4; years++ {
			ids = append(ids, w.stockOf(batch, years, count/batches/4)...)
		}
		left, late := len(ids)/50, len(ids)/4 // are never configured, and are later
		w.configure(ids[late:])
		w.sim.Advance(14 * 24 * time.Hour)
		w.configure(ids[left:late])
	}
}

func (w *world) stockOf(batch, years, count int) []string {
	w.t.Helper()
	product := []string{"PositiveSSL", "EssentialSSL", "PositiveSSL Wildcard"}[batch%3]
	ids, err := w.sim.Stock(product, years, count)
	w.must(err)
	return ids
}

// configure activates certificates and has them issued.
func (w *world) configure(ids []string) {
	w.look()
	var working sync.WaitGroup
	for some := range slices.Chunk(ids, (len(ids)+3)/4) {
		working.Go(func() {
			for _, id := range some {
				if _, err := w.upstream.Activate(w.t.Context(), w.configuration(id)); err != nil {
					w.t.Error(err)
					return
				}
				if err := w.sim.Approve(id); err != nil {
					w.t.Error(err)
				}
			}
		})
	}
	working.Wait()
	if w.t.Failed() {
		w.t.FailNow()
	}
}

func contact() provisioning.Contact {
	return provisioning.Contact{
		FirstName: "Ann", LastName: "Doe", Email: "ann@example.com", Phone: "+1.5551234567", Address1: "1 Road", City: "Town",
		State: "CA", PostalCode: "90001", Country: "US",
	}
}

// configuration is one of a certificate for a name of its own.
func (w *world) configuration(id string) provisioning.ConfigurationRequest {
	name, code := "c"+id+".example.com", codes[w.held[id].Product]
	if code == "positivessl-wildcard" {
		name = "*." + name
	}
	return provisioning.ConfigurationRequest{
		CertificateID: id, Product: code, CSR: w.csr(name), CommonName: name, Contact: contact(),
		Validation: []provisioning.ValidationChoice{{Domain: name, Method: provisioning.ValidateByDNS}},
	}
}

// codes are those of the products here, by the names that the provider has for them.
var codes = map[string]string{
	"PositiveSSL": "positivessl", "EssentialSSL": "essentialssl", "PositiveSSL Wildcard": "positivessl-wildcard",
	"Standard SSL": "positivessl", "Standard Wildcard SSL": "positivessl-wildcard",
}

// takeOver gives the stock to services, but for some that nobody claims.
func (w *world) takeOver() {
	w.t.Helper()
	w.look()
	var requests []provisioning.LinkRequest
	for i, id := range w.ids {
		if i%40 == 0 {
			w.strays = append(w.strays, id)
			continue
		}
		requests = append(requests, provisioning.LinkRequest{
			Panel: panel, ServiceID: fmt.Sprintf("old-%d", i), Account: account, CertificateID: id,
		})
	}
	outcomes, err := w.bridge.Import(context.Background(), "operator:anna", requests, true, nil)
	w.must(err)
	for i, outcome := range outcomes {
		if outcome.State != provisioning.ImportLinked {
			w.t.Fatalf("line %d, certificate %s: %+v", i, requests[i].CertificateID, outcome)
		}
	}
}
