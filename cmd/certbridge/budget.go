// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// newBudget makes the budget of the configured accounts. All who open the database
// share it.
func newBudget(configured []config.Account, database *mirror.Mirror, log *slog.Logger) (*provisioning.Budget, error) {
	return provisioning.NewBudget(provisioning.BudgetConfig{Store: database, Limits: limitsOf(configured), Log: log})
}

// limitsOf are the limits of calls by account.
func limitsOf(configured []config.Account) map[string]provisioning.CallLimits {
	limits := make(map[string]provisioning.CallLimits, len(configured))
	for _, one := range configured {
		limits[one.Name] = provisioning.CallLimits(one.Budget)
	}
	return limits
}
