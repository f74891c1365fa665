// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"slices"
	"strconv"
	"time"
)

// keptCalls bounds the memory of calls; the ledger has no bound, it is money.
const keptCalls = 100_000

// Charge is one debit of an account's balance. Command is the canonical command
// without its prefix ("ssl.create"), or "panel.purchase" for what was bought by
// hand in the provider's own panel.
type Charge struct {
	Sequence      int       `json:"sequence"` // from 1
	At            time.Time `json:"at"`
	Account       string    `json:"account"`
	Command       string    `json:"command"`
	OrderID       string    `json:"order_id"`
	TransactionID string    `json:"transaction_id"`
	CertificateID string    `json:"certificate_id"`
	Product       string    `json:"product"`
	Amount        string    `json:"amount"` // decimal, four places
	Currency      string    `json:"currency"`
	Years         int       `json:"years"`
	Domains       int       `json:"domains"` // add-on domains paid by this charge
}

// Call is one request to the API as the simulator saw it. Executed means that
// the command ran, whether it then succeeded or refused; a call turned away by
// authentication, throttling or a fault was not executed.
type Call struct {
	Command   string    `json:"command"` // canonical without prefix; as sent when it is unknown
	At        time.Time `json:"at"`
	Account   string    `json:"account"`
	Executed  bool      `json:"executed"`
	Throttled bool      `json:"throttled"`
	Error     string    `json:"error,omitempty"` // number of the first Error
	Fault     string    `json:"fault,omitempty"` // kind of the scripted fault that hit it
}

// Ledger returns every charge so far, oldest first.
func (s *Simulator) Ledger() []Charge {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ledger)
}

// Calls returns the API calls so far, oldest first; at least the latest fifty
// thousand.
func (s *Simulator) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *Simulator) remember(one Call) {
	if len(s.calls) >= keptCalls {
		s.calls = append(s.calls[:0], s.calls[keptCalls/2:]...)
	}
	s.calls = append(s.calls, one)
}

// debit is a charge that is about to be made.
type debit struct {
	account     *account
	command     string
	certificate int64
	product     *product
	amount      money
	years       int
	domains     int
}

// charge takes the money and writes the ledger, or refuses for want of funds.
func (s *Simulator) charge(now time.Time, d debit) (order, transaction int64, refused *apiError) {
	if s.switches.Funds == FundsNever || s.switches.Funds == FundsByBalance && d.account.balance < d.amount {
		return 0, 0, refuse("2528166", "ORDER CREATION FAILED; INSUFFICIENTFUNDS;Insufficient funds in account; "+
			"Sorry! Your available balance is insufficient to cover the current billing amount;")
	}
	d.account.balance -= d.amount
	order, transaction = next(&s.numbers.order), next(&s.numbers.transaction)
	s.ledger = append(s.ledger, Charge{
		Sequence: len(s.ledger) + 1, At: now, Account: d.account.ApiUser, Command: d.command,
		OrderID: decimal(order), TransactionID: decimal(transaction), CertificateID: decimal(d.certificate),
		Product: d.product.name, Amount: d.amount.String(), Currency: "USD", Years: d.years, Domains: d.domains,
	})
	return order, transaction, nil
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
