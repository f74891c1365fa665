// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The whole life of a certificate: three certificate ids, two charges.
func TestLifeOfACertificate(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		const (
			id    = "1042"
			inUse = "/v1/services/" + id + "/certificate"
		)
		p := w.panel

		bought := p.create(t, id, "positivessl")
		first := text(t, bought, "certificate_id")
		wantMembers(t, bought, object{"status": "awaiting_configuration", "reissue_state": "none", "certificate": nil, "successor": nil, "operation": nil})
		if got := at(bought, "term"); !cmp.Equal(got, object{"starts_on": "2026-11-22", "ends_on": "2027-11-22", "carried_days": 0.0}) {
			t.Errorf("first term is %v", got)
		}

		pending := p.activate(t, id, newCSR(t, "example.com", "www.example.com"))
		wantMembers(t, pending, object{"status": "pending_validation", "certificate_id": first, "common_name": "example.com", "certificate": nil})
		for _, validation := range entries(t, pending, "validation") {
			wantMembers(t, validation, object{"method": "dns", "status": "pending"})
			if text(t, validation, "record", "name") == "" || text(t, validation, "record", "value") == "" {
				t.Errorf("nothing to do for the customer in %v", validation)
			}
		}

		issued := p.issue(t, id, first)
		wantMembers(t, issued, object{"status": "issued", "certificate_id": first, "successor": nil, "reissue_state": "none"})
		firstSerial := p.downloadedSerial(t, inUse)

		// A leaf lives 200 days at most, so a customer of a whole year reissues.
		w.simulator.SetTime(time.Date(2027, 5, 10, 9, 0, 0, 0, time.UTC))
		reissuing := p.post(t, id, "reissue", object{"csr": newCSR(t, "example.com", "www.example.com")}).want(t, http.StatusOK).object(t)
		second := text(t, reissuing, "successor", "certificate_id")
		wantMembers(t, reissuing, object{"status": "issued", "certificate_id": first, "reissue_state": "pending"})
		wantMembers(t, reissuing["successor"], object{"reason": "reissue", "status": "pending_validation"})
		if second == first || p.downloadedSerial(t, inUse) != firstSerial {
			t.Error("a reissue must bring a new id and leave the old certificate in use")
		}
		p.wantLineage(t, id, [][3]any{{first, "purchase", second}, {second, "reissue", nil}})

		reissued := p.issue(t, id, second)
		wantMembers(t, reissued, object{"status": "issued", "certificate_id": second, "reissue_state": "completed", "successor": nil, "due_date": "2027-11-22"})
		if p.downloadedSerial(t, inUse) == firstSerial || p.downloadedSerial(t, inUse+"?certificate_id="+first) != firstSerial {
			t.Error("the new certificate must be in use, and the old one still be there under its id")
		}

		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		renewed := p.post(t, id, "renew", object{"years": 1}).want(t, http.StatusOK).object(t)
		third := text(t, renewed, "successor", "certificate_id")
		// The leaf of May lived a hundred days; the term that was paid goes on.
		wantMembers(t, renewed, object{"status": "expired", "certificate_id": second, "due_date": "2028-11-22", "previous_due_date": "2027-11-22"})
		wantMembers(t, renewed["successor"], object{"reason": "renewal", "status": "awaiting_configuration"})
		if got := at(renewed, "successor", "term"); !cmp.Equal(got, object{"starts_on": "2027-11-22", "ends_on": "2028-11-22", "carried_days": 52.0}) {
			t.Errorf("second term is %v", got)
		}
		if at(renewed, "successor", "order", "predecessor") != at(renewed, "order", "order_id") {
			t.Errorf("the orders are not linked: %v", renewed)
		}

		p.activate(t, id, newCSR(t, "example.com", "www.example.com"))
		done := p.issue(t, id, third)
		wantMembers(t, done, object{"status": "issued", "certificate_id": third, "successor": nil, "due_date": "2028-11-22"})
		p.wantLineage(t, id, [][3]any{{first, "purchase", second}, {second, "reissue", third}, {third, "renewal", nil}})

		var commands []string
		for _, charge := range w.simulator.Ledger() {
			commands = append(commands, charge.Command)
		}
		if want := []string{"ssl.create", "ssl.renew"}; !slices.Equal(commands, want) {
			t.Errorf("charged for %v instead of %v", commands, want)
		}
		for _, kind := range []string{"certificate.activated", "certificate.reissued", "certificate.renewed"} {
			if !slices.Contains(p.eventKinds(t, id), kind) {
				t.Errorf("the audit trail does not tell of %s", kind)
			}
		}
	})
}

// A call whose members are all optional needs no body, and what an empty one is
// said to be does not matter: curl calls any data a form.
func TestAnEmptyBodyIsAnEmptyObject(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		p := w.panel
		bought := p.issued(t, "1", "positivessl", newCSR(t, "example.com"))
		w.simulator.SetTime(time.Date(2027, 5, 10, 9, 0, 0, 0, time.UTC))
		reissuing := p.call(t, http.MethodPost, "/v1/services/1/reissue", nil).want(t, http.StatusOK).object(t)
		second := text(t, reissuing, "successor", "certificate_id")
		for _, body := range []any{nil, object{}, ""} {
			again := p.call(t, http.MethodPost, "/v1/services/1/reissue", body).want(t, http.StatusOK).object(t)
			if got := text(t, again, "successor", "certificate_id"); got != second {
				t.Errorf("body %q: another certificate %s is under way", body, got)
			}
		}
		p.issue(t, "1", second)

		w.simulator.SetTime(time.Date(2027, 10, 1, 9, 0, 0, 0, time.UTC))
		form := header{"Content-Type", "application/x-www-form-urlencoded"}
		renewed := p.call(t, http.MethodPost, "/v1/services/1/renew", nil, form).want(t, http.StatusOK).object(t)
		if at(renewed, "successor", "reason") != "renewal" || at(renewed, "due_date") == at(bought, "due_date") {
			t.Errorf("nothing was renewed: %v", renewed)
		}
	})
}

// downloadedSerial is the serial number of the leaf that a download holds.
func (p *panel) downloadedSerial(t *testing.T, path string) string {
	t.Helper()
	got := p.call(t, http.MethodGet, path, nil).want(t, http.StatusOK)
	block, _ := pem.Decode(got.body)
	if block == nil {
		t.Fatalf("no PEM: %s", got.body)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return leaf.SerialNumber.Text(16)
}

// wantLineage compares certificate ids, reasons and what replaced them.
func (p *panel) wantLineage(t *testing.T, serviceID string, want [][3]any) {
	t.Helper()
	answer := p.call(t, http.MethodGet, "/v1/services/"+serviceID+"/certificates", nil).want(t, http.StatusOK).object(t)
	var got [][3]any
	for _, certificate := range entries(t, answer, "certificates") {
		got = append(got, [3]any{at(certificate, "certificate_id"), at(certificate, "reason"), at(certificate, "replaced_by")})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lineage (-want +got):\n%s", diff)
	}
}

func (p *panel) eventKinds(t *testing.T, serviceID string) []string {
	t.Helper()
	answer := p.call(t, http.MethodGet, "/v1/services/"+serviceID+"/events", nil).want(t, http.StatusOK).object(t)
	var kinds []string
	for _, event := range entries(t, answer, "events") {
		kinds = append(kinds, text(t, event, "kind"))
	}
	return kinds
}
