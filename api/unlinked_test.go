// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/provisioning"
)

// foreign buys certificates by hand, as the last synchronization saw them.
func (w *world) foreign(t *testing.T, count int) (ids []string) {
	t.Helper()
	var listings []provisioning.Listing
	for range count {
		id, err := w.simulator.PurchaseByHand("PositiveSSL", 1)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		listings = append(listings, provisioning.Listing{
			Account: account, FirstSeenAt: w.simulator.Now(),
			CertificateSummary: provisioning.CertificateSummary{
				CertificateID: id, Reason: provisioning.ReasonPurchase, Status: provisioning.StatusAwaitingConfiguration, ProviderStatus: "newpurchase",
				Product: "positivessl", ProviderProduct: "PositiveSSL", Years: 1, PurchasedOn: provisioning.DateOf(w.simulator.Now()),
			},
		})
	}
	if err := w.store.SaveListings(t.Context(), account, listings); err != nil {
		t.Fatal(err)
	}
	return ids
}

// unlinked are the ids on a page of unlinked certificates.
func (p *panel) unlinked(t *testing.T, query string) (ids []string, page object) {
	t.Helper()
	page = p.call(t, http.MethodGet, "/v1/unlinked"+query, nil).want(t, http.StatusOK).object(t)
	for _, certificate := range entries(t, page, "certificates") {
		ids = append(ids, text(t, certificate, "certificate_id"))
	}
	return ids, page
}

func TestAnOperatorLinksAndDismisses(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator, ids := w.operator(t), w.foreign(t, 3)
		found, page := operator.unlinked(t, "")
		if diff := cmp.Diff(ids, found); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		wantMembers(t, entries(t, page, "certificates")[0], object{
			"account": account, "status": "awaiting_configuration", "provider_status": "newpurchase", "product": "positivessl",
			"provider_product": "PositiveSSL", "years": 1.0, "common_name": nil, "purchased_on": "2026-11-22", "expires_on": nil,
			"activation_ends_on": nil, "dismissed": nil,
		})
		if seen := text(t, entries(t, page, "certificates")[0], "first_seen_at"); seen == "" {
			t.Error("when it was first seen is not told")
		}

		link := object{
			"account": account, "certificate_id": ids[0], "service_id": "77", "note": "bought by phone", "product": "positivessl",
			"client": object{"external_id": "4", "name": "Ann Other", "email": "ann@example.test"},
		}
		service := operator.call(t, http.MethodPost, "/v1/unlinked/link", link).want(t, http.StatusOK).object(t)
		wantMembers(t, service, object{"service_id": "77", "status": "awaiting_configuration", "certificate_id": ids[0], "product": "positivessl", "years": 1.0})
		again := operator.call(t, http.MethodPost, "/v1/unlinked/link", link, header{"Idempotency-Key", "k"}).want(t, http.StatusOK).object(t)
		if diff := cmp.Diff(service, again); diff != "" {
			t.Errorf("linked again (-want +got):\n%s", diff)
		}

		dismissed := operator.call(t, http.MethodPost, "/v1/unlinked/dismiss",
			object{"account": account, "certificate_id": ids[1], "note": "a test"}).want(t, http.StatusOK).object(t)
		by := "panel:" + operator.key.ID
		wantMembers(t, dismissed, object{"account": account, "certificate_id": ids[1], "dismissed_by": by, "note": "a test"})
		if found, _ = operator.unlinked(t, "?account="+account); !cmp.Equal(found, ids[2:]) {
			t.Errorf("still unlinked: %v", found)
		}
		found, page = operator.unlinked(t, "?dismissed=true&worthless=false")
		if !cmp.Equal(found, ids[1:]) {
			t.Errorf("with those dismissed: %v", found)
		}
		wantMembers(t, at(entries(t, page, "certificates")[0], "dismissed"), object{"by": by, "note": "a test"})

		for _, entry := range entries(t, operator.ledger(t, ""), "entries") {
			if at(entry, "certificate_id") == ids[0] && at(entry, "finding") == "owned_not_charged" {
				wantMembers(t, entry, object{"linked_by": by})
			}
		}
	})
}

func TestUnlinkedCertificatesComeInPages(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator, ids := w.operator(t), w.foreign(t, 5)
		var all []string
		for query := "?limit=2"; query != ""; {
			found, page := operator.unlinked(t, query)
			all, query = append(all, found...), ""
			if next, more := page["next"].(string); more {
				query = fmt.Sprintf("?limit=2&after=%s", next)
			}
		}
		if diff := cmp.Diff(ids, all); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestWhatCannotBeLinkedOrDismissed(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		operator, ids := w.operator(t), w.foreign(t, 1)
		owned := text(t, w.panel.create(t, "1", "positivessl"), "certificate_id")
		link := func(change object) object {
			body := object{"account": account, "certificate_id": ids[0], "service_id": "77"}
			for name, value := range change {
				body[name] = value
			}
			return body
		}
		const path = "/v1/unlinked/link"
		operator.call(t, http.MethodPost, path, link(object{"certificate_id": owned})).wantProblem(t, http.StatusConflict, "certificate_owned")
		operator.call(t, http.MethodPost, path, link(object{"certificate_id": "77"})).wantProblem(t, http.StatusConflict, "certificate_unknown_upstream")
		operator.call(t, http.MethodPost, path, link(object{"account": "x"})).wantProblem(t, http.StatusUnprocessableEntity, "unknown_account")
		operator.call(t, http.MethodPost, path, link(object{"product": "positivessl-wildcard"})).wantProblem(t, http.StatusConflict, "certificate_not_linkable")
		for _, change := range []object{{"account": ""}, {"certificate_id": ""}, {"service_id": ""}, {"purchased_on": "22.11.2026"}, {"panel": "1"}, {"note": string(make([]rune, 1001))}} {
			operator.broken(t, http.MethodPost, path, link(change)).wantProblem(t, http.StatusBadRequest, "invalid_request")
		}
		w.panel.call(t, http.MethodPost, path, link(nil)).wantProblem(t, http.StatusForbidden, "insufficient_scope")

		dismiss := func(id string) object { return object{"account": account, "certificate_id": id} }
		operator.call(t, http.MethodPost, "/v1/unlinked/dismiss", dismiss(owned)).wantProblem(t, http.StatusConflict, "certificate_owned")
		operator.call(t, http.MethodPost, "/v1/unlinked/dismiss", dismiss("77")).wantProblem(t, http.StatusNotFound, "certificate_not_listed")
		operator.broken(t, http.MethodPost, "/v1/unlinked/dismiss", dismiss("")).wantProblem(t, http.StatusBadRequest, "invalid_request")
		for _, query := range []string{"?after=x", "?dismissed=1", "?limit=0", "?state=open"} {
			operator.broken(t, http.MethodGet, "/v1/unlinked"+query, nil).wantProblem(t, http.StatusBadRequest, "invalid_request")
		}
		operator.call(t, http.MethodGet, "/v1/unlinked?account=x", nil).wantProblem(t, http.StatusUnprocessableEntity, "unknown_account")
		w.panel.call(t, http.MethodGet, "/v1/unlinked", nil).wantProblem(t, http.StatusForbidden, "insufficient_scope")
	})
}
