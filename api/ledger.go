// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"sync"

	"github.com/certbridge/certbridge/provisioning"
)

type ledgerView struct {
	Account     string                   `json:"account"`
	Environment provisioning.Environment `json:"environment"`
	At          string                   `json:"at"`
	Balance     *string                  `json:"balance"`
	Currency    *string                  `json:"currency"`
	PagesRead   int                      `json:"pages_read"`
	PagesTotal  int                      `json:"pages_total"`
	Balanced    bool                     `json:"balanced"`
	Owned       sumView                  `json:"owned"`
	Earlier     int                      `json:"earlier"`
	Entries     []ledgerEntryView        `json:"entries"`
}

type sumView struct {
	Count    int     `json:"count"`
	Total    *string `json:"total"`
	Currency *string `json:"currency"`
}

type ledgerEntryView struct {
	Finding          provisioning.Finding `json:"finding"`
	Panel            *string              `json:"panel"`
	ServiceID        *string              `json:"service_id"`
	OperationID      *string              `json:"operation_id"`
	CertificateID    *string              `json:"certificate_id"`
	OrderID          *string              `json:"order_id"`
	Product          *string              `json:"product"`
	ChargedAmount    *string              `json:"charged_amount"`
	AuthorisedAmount *string              `json:"authorised_amount"`
	Currency         *string              `json:"currency"`
	On               *string              `json:"on"`
	ActivationEndsOn *string              `json:"activation_ends_on"`
	LinkedBy         *string              `json:"linked_by"`
	Detail           string               `json:"detail"`
}

// ledger answers with the money report of one account, or of all.
func (s *Server) ledger(c *call) (answer, error) {
	parameters, err := c.query("account")
	if err != nil {
		return answer{}, err
	}
	accounts := []string{parameters.Get("account")}
	if accounts[0] == "" {
		accounts = nil
		for _, of := range s.bridge.Products() {
			accounts = append(accounts, of.Account.Name)
		}
	}
	ledgers, err := s.ledgers(c.Request().Context(), accounts)
	if err != nil {
		return answer{}, err
	}
	views := make([]ledgerView, 0, len(ledgers))
	for _, one := range ledgers {
		views = append(views, viewOfLedger(one))
	}
	return jsonAnswer(http.StatusOK, struct {
		Ledgers []ledgerView `json:"ledgers"`
	}{views})
}

// ledgers reads the accounts side by side: each has a provider of its own to wait
// for, and they share the time.
func (s *Server) ledgers(ctx context.Context, accounts []string) ([]provisioning.Ledger, error) {
	ledgers, errs := make([]provisioning.Ledger, len(accounts)), make([]error, len(accounts))
	var reading sync.WaitGroup
	for i, account := range accounts {
		reading.Go(func() { ledgers[i], errs[i] = s.bridge.Ledger(ctx, account, nil) })
	}
	reading.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return ledgers, nil
}

func viewOfLedger(l provisioning.Ledger) ledgerView {
	v := ledgerView{
		Account: l.Account, Environment: l.Environment, At: instant(l.At), Balance: amountOrNull(l.Balance), Currency: currencyOf(l.Balance),
		PagesRead: l.PagesRead, PagesTotal: l.PagesTotal, Balanced: l.Balanced(), Earlier: l.Earlier,
		Owned:   sumView{Count: l.Owned.Count, Total: amountOrNull(l.Owned.Total), Currency: currencyOf(l.Owned.Total)},
		Entries: make([]ledgerEntryView, 0, len(l.Entries)),
	}
	for _, e := range l.Entries {
		v.Entries = append(v.Entries, ledgerEntryView{
			Finding: e.Finding, Panel: textOrNull(e.Panel), ServiceID: textOrNull(e.ServiceID), OperationID: textOrNull(e.OperationID),
			CertificateID: textOrNull(e.CertificateID), OrderID: textOrNull(e.OrderID), Product: textOrNull(e.Product),
			ChargedAmount: amountOrNull(e.Charged), AuthorisedAmount: amountOrNull(e.Authorised), Currency: currencyOf(e.Charged, e.Authorised),
			On: dateOrNull(e.On), ActivationEndsOn: dateOrNull(e.ActivationEndsOn),
			LinkedBy: textOrNull(e.LinkedBy), Detail: e.Detail,
		})
	}
	return v
}
