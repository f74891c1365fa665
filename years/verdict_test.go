// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// reader is a panel that follows the change feed, and knows nothing else.
type reader struct {
	cursor    int64
	services  map[string]provisioning.Service
	names     []string                     // of the services, in the order in which they came
	owners    map[string]string            // services by certificate
	told      map[string]provisioning.Date // due dates
	confirmed map[string]provisioning.Date // due dates that an operator wanted
}

// read brings the reader up to date.
func (w *world) read() {
	w.t.Helper()
	for more := true; more; {
		feed, err := w.bridge.Changes(context.Background(), panel, w.reader.cursor, 1000)
		w.must(err)
		for _, change := range feed.Changes {
			w.hear(change.Service)
		}
		w.reader.cursor, more = feed.Next, feed.More
	}
}

// hear takes in a service. Its due date moves forward only.
func (w *world) hear(s provisioning.Service) {
	w.t.Helper()
	if _, known := w.reader.services[s.ServiceID]; !known {
		w.reader.names = append(w.reader.names, s.ServiceID)
	}
	w.reader.services[s.ServiceID] = s
	due, was := w.bridge.DueDate(s), w.reader.told[s.ServiceID]
	if due.Accepted.Before(was) && due.Accepted != w.reader.confirmed[s.ServiceID] {
		w.t.Errorf("service %s: the due date moved back from %s to %s", s.ServiceID, was, due.Accepted)
	}
	w.reader.told[s.ServiceID] = due.Accepted
}

// wantCalls checks what a run cost: the pages of the list, and one call for each
// row that is not as it was, unless the mirror knows why. Of some rows nobody knows
// whether the run before has seen them so already.
func (w *world) wantCalls(part provisioning.SynchronizationPart, before map[string]row, open, calls, lists int) {
	w.t.Helper()
	pages, changed := max(1, (len(w.held)+provisioning.DefaultPageSize-1)/provisioning.DefaultPageSize), 0
	for id, now := range w.rows {
		if was, known := before[id]; !known || was != now {
			changed++
		}
	}
	if lists != pages || part.PagesDone != pages || part.CertificatesSeen != len(w.held) {
		w.t.Errorf("%d pages were read for %d certificates: %+v", lists, len(w.held), part)
	}
	if part.Changed < changed-open || part.Changed > changed+open {
		w.t.Errorf("%d rows changed, give or take %d: %+v", changed, open, part)
	}
	if part.Details > part.Changed || calls != pages+part.Details || part.ProviderCalls != calls {
		w.t.Errorf("%d calls: %+v", calls, part)
	}
	for _, call := range w.sim.Calls() {
		if call.Throttled {
			w.t.Errorf("a call was throttled: %+v", call)
			break
		}
	}
}

// compare checks that the mirror, as the panel has read it, is what the provider
// holds, and that what nobody owns is unlinked.
func (w *world) compare() {
	w.t.Helper()
	owners := map[string]string{}
	w.reader.owners = owners
	for _, s := range w.reader.services {
		for i := range s.Certificates {
			id := s.Certificates[i].CertificateID
			if other, twice := owners[id]; twice {
				w.t.Errorf("certificate %s belongs to service %s and to %s", id, other, s.ServiceID)
			}
			owners[id] = s.ServiceID
		}
		s = w.bridge.Present(s)
		w.compareService(s)
		w.compareDates(&s)
	}
	var unlinked []string
	for _, id := range w.ids {
		if owners[id] == "" {
			unlinked = append(unlinked, id)
		}
	}
	listed := w.unlinked()
	slices.Sort(unlinked)
	slices.Sort(listed)
	if !slices.Equal(unlinked, listed) {
		w.t.Errorf("%d certificates are nobody's, and %d are unlinked", len(unlinked), len(listed))
	}
}

func (w *world) unlinked() (ids []string) {
	w.t.Helper()
	query := provisioning.UnlinkedQuery{Account: account, Dismissed: true, Worthless: true, Limit: 1000}
	for {
		page, err := w.bridge.Unlinked(context.Background(), query)
		w.must(err)
		for _, one := range page {
			ids = append(ids, one.CertificateID)
			query.After = one.Place()
		}
		if len(page) < query.Limit {
			return ids
		}
	}
}

func (w *world) compareService(s provisioning.Service) {
	w.t.Helper()
	for i := range s.Certificates {
		mirrored := &s.Certificates[i]
		is, there := w.held[mirrored.CertificateID]
		if !there {
			w.t.Errorf("service %s has certificate %s, which the provider does not", s.ServiceID, mirrored.CertificateID)
		}
		if !there || w.unsteady[mirrored.CertificateID] {
			continue // the list may have been read before or after
		}
		w.compareCertificate(s, mirrored, is)
	}
}

func (w *world) compareCertificate(s provisioning.Service, mirrored *provisioning.Certificate, is simulator.Certificate) {
	w.t.Helper()
	serial, notAfter := "", time.Time{}
	if mirrored.Leaf != nil {
		serial, notAfter = mirrored.Leaf.SerialNumber, mirrored.Leaf.NotAfter
	}
	for _, one := range [...]struct{ what, got, want string }{
		{"status", string(mirrored.Status), string(w.status(is))},
		{"provider's status", strings.ToLower(mirrored.ProviderStatus), is.Status},
		{"one that replaced it", mirrored.ReplacedBy, w.replacedBy(is, mirrored.ReplacedBy)},
		{"order", mirrored.OrderID, is.OrderID},
		{"serial number", serial, is.SerialNumber},
		{"common name", mirrored.CommonName, cmp.Or(is.CommonName, mirrored.CommonName)},
	} {
		if one.got != one.want {
			w.t.Errorf("service %s, certificate %s: the %s is %q, want %q", s.ServiceID, is.ID, one.what, one.got, one.want)
		}
	}
	if !notAfter.Equal(is.NotAfter) {
		w.t.Errorf("service %s, certificate %s ends on %s, want %s", s.ServiceID, is.ID, notAfter, is.NotAfter)
	}
	if mirrored.Leaf != nil && mirrored.ExpiresOn != w.rows[is.ID].expires {
		w.t.Errorf("service %s, certificate %s: the provider's date is %s, want %s", s.ServiceID, is.ID, mirrored.ExpiresOn, w.rows[is.ID].expires)
	}
}

// replacedBy is what the mirror must know to have replaced a certificate. What will
// replace it the provider may not tell yet; who asked for it knows.
func (w *world) replacedBy(is simulator.Certificate, known string) string {
	if is.ReplacedBy == "" && known != "" && w.held[known].Replaces == is.ID {
		return known
	}
	return is.ReplacedBy
}

// status is what the mirror must say of a certificate.
func (w *world) status(is simulator.Certificate) provisioning.Status {
	switch is.Status {
	case "newpurchase", "newrenewal":
		return provisioning.StatusAwaitingConfiguration
	case "purchased":
		return provisioning.StatusPendingValidation
	case "purchaseerror":
		return provisioning.StatusRejected
	case "cancelled":
		return provisioning.StatusCancelled
	case "revoked":
		return provisioning.StatusRevoked
	case "expired": // the term is over; a leaf that was issued on its last day may end later
		return provisioning.StatusExpired
	case "replaced":
		if is.IssuedAt.IsZero() || w.superseded(is) {
			return provisioning.StatusReplaced
		}
	}
	// It is in use for as long as nothing is issued that replaces it.
	if !w.sim.Now().Before(is.NotAfter) {
		return provisioning.StatusExpired
	}
	return provisioning.StatusIssued
}

// superseded tells whether what replaced a certificate was issued.
func (w *world) superseded(is simulator.Certificate) bool {
	for is.ReplacedBy != "" {
		if is = w.held[is.ReplacedBy]; !is.IssuedAt.IsZero() {
			return true
		}
	}
	return false
}
