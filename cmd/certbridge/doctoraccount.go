// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// operations tells of those that only a person can settle.
func (d *doctor) operations(ctx context.Context, m *mirror.Mirror, configured []config.Account) {
	const check = "operations"
	open, err := allOperations(ctx, m.Operations, provisioning.OperationQuery{States: []provisioning.OperationState{
		provisioning.OperationRecorded, provisioning.OperationSent, provisioning.OperationUncertain, provisioning.OperationNeedsAttention,
	}})
	needed, doubtful := 0, 0
	for _, operation := range open {
		if needsPerson(operation, configured) {
			needed++
		} else if operation.State == provisioning.OperationUncertain {
			doubtful++
		}
	}
	switch {
	case err != nil:
		d.found(check, checkFailed, "", "%v", err)
	case needed > 0:
		d.found(check, checkWarning, "`certbridge reconcile` shows both sides, and the commands that settle it",
			"%s to be decided by a person", counted(needed, "operation"))
	case doubtful > 0:
		d.found(check, checkOK, "", "none needs a person; %d in doubt and still looked after", doubtful)
	default:
		d.found(check, checkOK, "", "none needs a person")
	}
}

// account asks for the balance, which needs key, user and source address to be
// right and costs nothing, and compares ceilings with prices.
func (d *doctor) account(ctx context.Context, configured config.Account) {
	check := "account " + configured.Name
	clients, err := newAccounts([]config.Account{configured}, nil, nil)
	if err != nil {
		d.found(check, checkFailed, "correct the account in the configuration; `certbridge serve` does not start with it", "%v", err)
		return
	}
	defer clients.Close()
	account := clients.list[0]
	balance, err := account.Upstream.Balance(ctx)
	if err != nil {
		detail, advice := explainFault(err, configured)
		d.found(check, checkFailed, advice, "%s", detail)
		return
	}
	d.balance(check, account, balance)
	for _, product := range slices.Sorted(maps.Keys(account.Ceilings)) {
		d.ceiling(ctx, configured, account, product)
	}
}

// balance judges what an account can spend.
func (d *doctor) balance(check string, account provisioning.Account, balance provisioning.Money) {
	low := account.LowBalance
	switch {
	case balance.Units <= 0:
		d.found(check, checkWarning, "add funds at the provider; purchases and renewals are refused until then",
			"%s, balance %s %s", account.Environment, balance, balance.Currency)
	case balance.Currency == low.Currency && balance.Units < low.Units:
		d.found(check, checkWarning, "add funds at the provider, or lower low_balance",
			"%s, balance %s %s is below %s", account.Environment, balance, balance.Currency, low)
	default:
		d.found(check, checkOK, "", "%s, key and source address are accepted, balance %s %s", account.Environment, balance, balance.Currency)
	}
}

// ceiling compares a ceiling with today's price of one year.
func (d *doctor) ceiling(ctx context.Context, configured config.Account, account provisioning.Account, product string) {
	check := fmt.Sprintf("ceiling of %s in %s", product, account.Name)
	most := account.Ceilings[product].PerYear
	price, err := account.Upstream.Price(ctx, provisioning.PriceRequest{Kind: provisioning.OperationPurchase, Product: product, Years: 1})
	switch {
	case err != nil:
		detail, advice := explainFault(err, configured)
		d.found(check, checkWarning, advice, "cannot be compared with the price: %s", detail)
	case price.IsZero():
		d.found(check, checkOK, "", "%s %s a year; the price list does not say what it costs", most, most.Currency)
	case price.Currency != most.Currency:
		d.found(check, checkWarning, "take it out; it limits nothing", "it is in %s, the price in %s", most.Currency, price.Currency)
	case price.Units > most.Units:
		d.found(check, checkFailed, "raise the ceiling if the price is right; until then none is bought",
			"today's price of %s %s a year is above %s", price, price.Currency, most)
	default:
		d.found(check, checkOK, "", "%s %s a year, today's price is %s", most, most.Currency, price)
	}
}

// explainFault says what went wrong with a call, and what can be done about it.
func explainFault(err error, account config.Account) (detail, next string) {
	var fault *provisioning.ProviderError
	if errors.As(err, &fault) {
		return describe(fault), advice(fault.Fault, account)
	}
	return err.Error(), ""
}

func describe(fault *provisioning.ProviderError) string {
	said := strings.TrimSpace(fault.Upstream.Code + " " + fault.Upstream.Message)
	switch {
	case said != "":
		return "the provider says: " + said
	case fault.Err != nil:
		return fault.Err.Error()
	}
	return fault.Error()
}

// advice is what an operator can do about a fault.
func advice(fault provisioning.Fault, account config.Account) string {
	switch fault {
	case provisioning.FaultCredentials:
		return fmt.Sprintf("check api_user and the API key (sandbox and production have different ones), that API access is switched on, "+
			"and that the address from which this machine reaches the internet is on the provider's allow-list; client_ip says %s", account.ClientIP)
	case provisioning.FaultUnreachable:
		return "check base_url, name resolution, firewall and proxy: " + providerURL(account) + " must be reachable from here"
	case provisioning.FaultThrottled:
		return "the account makes too many calls at present; try again in some minutes"
	case provisioning.FaultEnvironment:
		return "the other environment answered; check environment and base_url"
	}
	return "try again; if it stays, ask the provider's support with this text"
}
