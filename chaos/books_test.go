// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// books has certbridge's own account of itself agree with what the provider knows:
// what it says about money is worth nothing unless it is right after all this.
func (a *act) books(ctx context.Context, charges []simulator.Charge) ([]finding, error) {
	var open struct {
		Operations []json.RawMessage
	}
	if err := a.shop.panel.read(ctx, "/v1/operations", &open); err != nil {
		return nil, err
	}
	var found []finding
	for _, operation := range open.Operations {
		found = append(found, finding{other, "", fmt.Sprintf("open in the journal: %.300s", operation)})
	}
	var report struct {
		Ledgers []struct {
			Account  string
			Balanced bool
			Owned    struct{ Total *string }
			Entries  []struct{ Finding, Detail string }
		}
	}
	if err := a.shop.panel.read(ctx, "/v1/ledger", &report); err != nil {
		return nil, err
	}
	for _, one := range report.Ledgers {
		spent, owned := spentBy(one.Account, charges), new(big.Rat)
		if one.Owned.Total != nil {
			owned.SetString(*one.Owned.Total)
		}
		if !one.Balanced || spent.Cmp(owned) != 0 {
			found = append(found, finding{other, "", fmt.Sprintf("the books of account %s: %s charged, %s owned, balanced %t, %.500v",
				one.Account, spent.FloatString(4), owned.FloatString(4), one.Balanced, one.Entries)})
		}
	}
	if len(report.Ledgers) != len(a.accounts()) {
		found = append(found, finding{other, "", fmt.Sprintf("there are books of %d accounts", len(report.Ledgers))})
	}
	return found, nil
}

// spentBy sums up an account's charges.
func spentBy(account string, charges []simulator.Charge) *big.Rat {
	sum := new(big.Rat)
	for _, one := range charges {
		if amount, ok := new(big.Rat).SetString(one.Amount); ok && one.Account == account {
			sum.Add(sum, amount)
		}
	}
	return sum
}
