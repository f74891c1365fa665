// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/provisioning"
)

func limitedAccount(lowBalance string, ceilings ...config.Ceiling) []config.Account {
	return []config.Account{{
		Name: "shop", Provider: config.ProviderHostlantern, Environment: config.EnvironmentSandbox,
		APIUser: "reseller", APIKey: config.NewSecret("k"), ClientIP: "203.0.113.9",
		Ceilings: ceilings, LowBalance: lowBalance,
	}}
}

func TestLimitsReachTheDomain(t *testing.T) {
	t.Parallel()
	made, err := newAccounts(limitedAccount("50.00",
		config.Ceiling{Product: "positivessl", PerYear: "10"},
		config.Ceiling{Product: "positivessl-multi-domain", PerYear: "30.00", DomainPerYear: "15.5"},
	), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	usd := func(units int64) provisioning.Money { return provisioning.Money{Units: units, Currency: "USD"} }
	want := map[string]provisioning.Ceiling{
		"positivessl":              {PerYear: usd(100000)},
		"positivessl-multi-domain": {PerYear: usd(300000), DomainPerYear: usd(155000)},
	}
	if diff := cmp.Diff(want, made.list[0].Ceilings); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := made.list[0].LowBalance; got != usd(500000) {
		t.Errorf("the low balance is %v", got)
	}
}

func TestWithoutLimitsThereAreNone(t *testing.T) {
	t.Parallel()
	made, err := newAccounts(limitedAccount(""), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	if one := made.list[0]; len(one.Ceilings) != 0 || !one.LowBalance.IsZero() {
		t.Errorf("the limits are %v and %v", one.Ceilings, one.LowBalance)
	}
}

func TestALimitThatWouldLimitNothingIsAnError(t *testing.T) {
	t.Parallel()
	for want, ceiling := range map[string]config.Ceiling{
		`account "shop": the ceiling for "positivesssl": there is no such product`: {Product: "positivesssl", PerYear: "10"},
		"domain_per_year is missing":       {Product: "positivessl-multi-domain", PerYear: "30"},
		"domain_per_year limits nothing":   {Product: "positivessl", PerYear: "10", DomainPerYear: "5"},
		`"ten" is not an amount of money`:  {Product: "positivessl", PerYear: "ten"},
		`"five" is not an amount of money`: {Product: "positivessl-multi-domain", PerYear: "10", DomainPerYear: "five"},
	} {
		_, err := newAccounts(limitedAccount("", ceiling), nil, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error is %v, want %q", err, want)
		}
	}
	if _, err := newAccounts(limitedAccount("much"), nil, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a balance that is no amount is taken")
	}
}
