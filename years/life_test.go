// SPDX-License-Identifier: Apache-2.0

package years_test

import (
	"fmt"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
)

// live lets happen what happens between two runs.
func (w *world) live() {
	w.t.Helper()
	w.authority()
	for range 1 + len(w.ids)/400 {
		w.inThePanel()
		w.byStaff()
	}
	for range 2 {
		w.byCustomers()
	}
	w.byOperator()
}

// some picks a certificate that the provider held when it was last looked at and
// that fits, if one is found soon.
func (w *world) some(fits func(simulator.Certificate) bool) (simulator.Certificate, bool) {
	for range 60 {
		if one := w.held[w.ids[w.random.IntN(len(w.ids))]]; fits(one) {
			return one, true
		}
	}
	return simulator.Certificate{}, false
}

// service picks a service that the panel knows, as the panel knows it.
func (w *world) service(fits func(s *provisioning.Service) bool) (provisioning.Service, bool) {
	for range 60 {
		id := w.reader.names[w.random.IntN(len(w.reader.names))]
		if s := w.reader.services[id]; fits(&s) {
			return s, true
		}
	}
	return provisioning.Service{}, false
}

func (w *world) chance(percent int) bool { return w.random.IntN(100) < percent }

// authority issues most of what waits for it, refuses some, and lets some wait.
func (w *world) authority() {
	waiting := w.pending
	w.pending = nil
	for _, id := range waiting {
		switch {
		case w.chance(25):
			w.pending = append(w.pending, id)
		case w.chance(92):
			w.staff("issued", w.sim.Approve(id))
		default:
			w.staff("rejected", w.sim.RejectByCA(id))
			if w.chance(50) {
				w.staff("reset", w.sim.Reset(id))
			}
		}
	}
}

// staff counts what the provider's people did. They try what cannot be done, too:
// what they wanted to issue was cancelled meanwhile.
func (w *world) staff(what string, err error) {
	if err != nil {
		what += " in vain"
	}
	w.happened[what]++
}

// inUse tells whether a certificate can be reissued.
func (w *world) inUse(one simulator.Certificate) bool {
	return one.Status == "active" && w.sim.Now().Before(one.TermEnd)
}

// inThePanel is what somebody does in the provider's own panel, who does not know
// of certbridge.
func (w *world) inThePanel() {
	w.t.Helper()
	if one, found := w.some(w.inUse); found {
		w.reissueByHand(one.ID)
	}
	if w.chance(10) {
		id, err := w.sim.PurchaseByHand("PositiveSSL", 1+w.random.IntN(3))
		w.must(err)
		w.happened["bought by hand"]++
		w.strays = append(w.strays, id)
	}
	if one, found := w.some(w.renewable); found && w.chance(20) {
		bought, err := w.upstream.Renew(w.t.Context(), provisioning.RenewalRequest{
			CertificateID: one.ID, Product: codes[one.Product], ProviderProduct: one.Product, Years: 1,
		})
		w.staff("renewed by hand", err)
		if err == nil {
			w.renewals = append(w.renewals, renewal{of: one.ID, id: bought.CertificateID})
		}
	}
	if one, found := w.some(func(one simulator.Certificate) bool { return one.Status == "replaced" }); found && w.chance(10) {
		w.staff("revoked by hand", w.upstream.Revoke(w.t.Context(), one.ID, one.Product))
	}
}

func (w *world) renewable(one simulator.Certificate) bool {
	left := one.TermEnd.Sub(w.sim.Now())
	return one.Status == "active" && left < 80*24*time.Hour && left > 0
}

// reissueByHand reissues a certificate, sometimes several times before the next
// run, so that a chain is to be followed.
func (w *world) reissueByHand(id string) {
	for w.mayReissue(id) {
		next, err := w.sim.ReissueByHand(id, "")
		w.staff("reissued by hand", err)
		if err != nil {
			return
		}
		if !w.chance(30) {
			w.pending = append(w.pending, next)
			return
		}
		w.staff("issued", w.sim.Approve(next))
		if !w.chance(50) {
			return
		}
		id = next
	}
}

// mayReissue tells whether a certificate is reissued at all. Where the provider
// does not show at once that it was, that happens once: of two reissues side by
// side, nobody is told which of them took its place in the end.
func (w *world) mayReissue(id string) bool {
	if w.sim.Switches().ReplacedOn == simulator.ReplacedOnAcceptance {
		return true
	}
	again := w.reissued[id]
	w.reissued[id] = true
	return !again
}

// byStaff is what the provider's staff does: it cancels.
func (w *world) byStaff() {
	if one, found := w.some(func(one simulator.Certificate) bool {
		return one.Status == "purchased" || one.Status == "newrenewal" || one.Status == "newpurchase"
	}); found && w.chance(15) {
		w.staff("cancelled before issue", w.sim.Cancel(one.ID))
	}
	if one, found := w.some(w.inUse); found && w.chance(4) {
		w.staff("cancelled in use", w.sim.Cancel(one.ID))
	}
}

// byCustomers is what comes through certbridge.
func (w *world) byCustomers() {
	w.t.Helper()
	ctx := w.t.Context()
	if w.chance(50) {
		w.made++
		id := fmt.Sprintf("new-%d", w.made)
		_, err := w.bridge.Create(ctx, w.caller, id, provisioning.CreateRequest{Account: account, Product: "positivessl", Years: 1 + w.random.IntN(2)})
		if w.note("created", err) && w.chance(90) {
			w.activate(id, "www."+id+".example.net")
		}
	}
	if s, found := w.service(func(s *provisioning.Service) bool {
		return s.Status() == provisioning.StatusIssued && s.Successor() == nil
	}); found && w.mayReissue(currentID(&s)) {
		name := s.Current().CommonName
		result, err := w.bridge.Reissue(ctx, w.caller, s.ServiceID, w.asked(name))
		if w.note("reissued", err) {
			w.landed(result)
			w.await(result.Service.Successor())
		}
	}
	if s, found := w.service(func(s *provisioning.Service) bool { return s.Successor() == nil && w.renewable(w.held[currentID(s)]) }); found {
		_, err := w.bridge.Renew(ctx, w.caller, s.ServiceID, provisioning.RenewRequest{Years: 1})
		if w.note("renewed", err) && w.chance(85) {
			w.activate(s.ServiceID, s.Current().CommonName)
		}
	}
	if s, found := w.service(func(s *provisioning.Service) bool { return s.AwaitsConfiguration() != nil }); found && w.chance(30) {
		name := "late-" + s.ServiceID + ".example.org"
		if s.Product == "positivessl-wildcard" {
			name = "*." + name
		}
		if current := s.Current(); current.CommonName != "" {
			name = current.CommonName
		}
		w.activate(s.ServiceID, name)
	}
	if s, found := w.service(func(s *provisioning.Service) bool { return s.Certificates[0].Status == provisioning.StatusReplaced }); found && w.chance(20) {
		_, err := w.bridge.Revoke(ctx, w.caller, s.ServiceID, s.Certificates[0].CertificateID)
		w.note("revoked", err)
	}
}

func currentID(s *provisioning.Service) string {
	if current := s.Current(); current != nil {
		return current.CertificateID
	}
	return ""
}

func (w *world) asked(name string) provisioning.Configuration {
	return provisioning.Configuration{
		CSR: w.csr(name), Contact: contact(), Validation: []provisioning.ValidationChoice{{Method: provisioning.ValidateByDNS}},
	}
}

func (w *world) activate(serviceID, name string) {
	w.t.Helper()
	result, err := w.bridge.Activate(w.t.Context(), w.caller, serviceID, w.asked(name))
	if w.note("activated", err) {
		w.landed(result)
		w.await(result.Service.UnderValidation())
	}
}

// landed: nobody loses an answer here.
func (w *world) landed(result provisioning.Result) {
	w.t.Helper()
	if result.Operation != nil {
		w.t.Fatalf("the outcome is still to come: %+v", result.Operation)
	}
}

func (w *world) await(c *provisioning.Certificate) {
	if c != nil {
		w.pending = append(w.pending, c.CertificateID)
	}
}

// byOperator gives to services what was bought elsewhere, and decides about dates.
func (w *world) byOperator() {
	w.t.Helper()
	ctx := w.t.Context()
	if len(w.strays) > 0 && w.chance(40) {
		at := w.random.IntN(len(w.strays))
		id := w.strays[at]
		w.strays = append(w.strays[:at], w.strays[at+1:]...)
		_, err := w.bridge.Link(ctx, "operator:anna", provisioning.LinkRequest{Panel: panel, ServiceID: "found-" + id, Account: account, CertificateID: id})
		w.note("linked", err)
	}
	for _, one := range w.renewals {
		if serviceID := w.reader.owners[one.of]; serviceID != "" {
			_, err := w.bridge.Link(ctx, "operator:anna", provisioning.LinkRequest{
				Panel: panel, ServiceID: serviceID, Account: account, CertificateID: one.id, As: provisioning.ReasonRenewal,
			})
			w.note("linked as a renewal", err)
		}
	}
	w.renewals = nil
	held, err := w.bridge.HeldDueDates(ctx, 0, 100)
	w.must(err)
	for _, s := range held {
		w.happened["held "+string(s.DueDate.HeldBecause)]++
		if w.chance(20) {
			_, err := w.bridge.DecideDueDate(ctx, "operator:anna", s.Panel, s.ServiceID, provisioning.ConfirmDueDate, s.DueDate.Held, "")
			if w.note("confirmed", err) {
				w.reader.confirmed[s.ServiceID] = s.DueDate.Held
			}
		}
	}
}
