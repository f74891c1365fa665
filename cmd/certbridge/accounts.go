// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"log/slog"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

// accounts are the clients of the configured accounts.
type accounts struct {
	list  []provisioning.Account
	close []func()
}

// newAccounts makes a client for each configured account. It connects to
// nothing yet.
func newAccounts(configured []config.Account, log *slog.Logger) (*accounts, error) {
	made := &accounts{}
	for _, one := range configured {
		upstream, closeClient, err := newProvider(one, log)
		if err != nil {
			return nil, err
		}
		made.close = append(made.close, closeClient)
		made.list = append(made.list, provisioning.Account{
			Name: one.Name, Provider: one.Provider, Environment: provisioning.Environment(one.Environment), Upstream: upstream,
		})
	}
	return made, nil
}

// Close drops the connections that are kept for further calls.
func (a *accounts) Close() {
	for _, closeClient := range a.close {
		closeClient()
	}
}

func newProvider(account config.Account, log *slog.Logger) (provisioning.Provider, func(), error) {
	switch account.Provider {
	case config.ProviderHostlantern:
		client, err := hostlantern.New(hostlantern.Config{
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
