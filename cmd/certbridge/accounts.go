// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// accounts are the clients of the configured accounts.
type accounts struct {
	list  []provisioning.Account
	close []func()
}

// newAccounts makes a client for each configured account, whose calls stay within
// the budget unless that is nil. It connects to nothing yet.
func newAccounts(configured []config.Account, budget *provisioning.Budget, log *slog.Logger) (*accounts, error) {
	made := &accounts{}
	for _, one := range configured {
		upstream, closeClient, err := newProvider(one, budget, log)
		if err != nil {
			return nil, err
		}
		made.close = append(made.close, closeClient)
		account := provisioning.Account{
			Name: one.Name, Provider: one.Provider, Environment: provisioning.Environment(one.Environment), Upstream: upstream,
		}
		setDates(&account, one)
		if err := setLimits(&account, one); err != nil {
			return nil, fmt.Errorf("account %q: %w", one.Name, err)
		}
		made.list = append(made.list, account)
	}
	return made, nil
}

// setDates takes over what is configured about terms.
func setDates(account *provisioning.Account, configured config.Account) {
	account.Expires = provisioning.ExpiryMeaning(configured.Expires)
	if window := configured.RenewalWindow; window != nil {
		account.RenewalWindow = &provisioning.RenewalWindow{Opens: *window.Opens, Closes: *window.Closes}
	}
}

// setLimits takes over what is configured about money. A ceiling for something that
// is not sold is an error, as a misspelled one would limit nothing.
func setLimits(account *provisioning.Account, configured config.Account) error {
	var err error
	if account.LowBalance, err = amount(configured.LowBalance); err != nil {
		return err
	}
	account.Ceilings = make(map[string]provisioning.Ceiling, len(configured.Ceilings))
	for _, one := range configured.Ceilings {
		if account.Ceilings[one.Product], err = ceiling(account.Upstream.Products(), one); err != nil {
			return fmt.Errorf("the ceiling for %q: %w", one.Product, err)
		}
	}
	return nil
}

func ceiling(products []provisioning.Product, configured config.Ceiling) (provisioning.Ceiling, error) {
	at := slices.IndexFunc(products, func(p provisioning.Product) bool { return p.Code == configured.Product })
	if at < 0 {
		return provisioning.Ceiling{}, errors.New("there is no such product")
	}
	switch more := products[at].MaxAdditionalDomains > 0; {
	case more && configured.DomainPerYear == "":
		return provisioning.Ceiling{}, errors.New("domain_per_year is missing: domains can be bought in addition")
	case !more && configured.DomainPerYear != "":
		return provisioning.Ceiling{}, errors.New("domain_per_year limits nothing: no domains can be bought in addition")
	}
	perYear, err := amount(configured.PerYear)
	if err != nil {
		return provisioning.Ceiling{}, err
	}
	domain, err := amount(configured.DomainPerYear)
	return provisioning.Ceiling{PerYear: perYear, DomainPerYear: domain}, err
}

// amount reads a sum in the currency of the accounts; none if there is no text.
func amount(text string) (provisioning.Money, error) {
	if text == "" {
		return provisioning.Money{}, nil
	}
	return provisioning.ParseMoney(text, hostlantern.DefaultCurrency)
}

// Close drops the connections that are kept for further calls.
func (a *accounts) Close() {
	for _, closeClient := range a.close {
		closeClient()
	}
}

func newProvider(account config.Account, budget *provisioning.Budget, log *slog.Logger) (provisioning.Provider, func(), error) {
	switch account.Provider {
	case config.ProviderHostlantern:
		var gate hostlantern.Gate
		if budget != nil {
			gate = budget.For(account.Name)
		}
		client, err := hostlantern.New(hostlantern.Config{
			Gate:          gate,
			Account:       account.Name,
			Environment:   provisioning.Environment(account.Environment),
			APIUser:       account.APIUser,
			APIKey:        hostlantern.NewAPIKey(account.APIKey.Reveal()),
			UserName:      account.UserName,
			ClientIP:      account.ClientIP,
			BaseURL:       account.BaseURL,
			CommandPrefix: account.CommandPrefix,
			Namespace:     account.Namespace,
			PromotionCode: account.PromotionCode,
			Log:           log,
		})
		if err != nil {
			return nil, nil, err
		}
		return hostlantern.NewProvider(client), client.Close, nil
	}
	return nil, nil, fmt.Errorf("account %q: there is no provider %q", account.Name, account.Provider)
}
