// SPDX-License-Identifier: Apache-2.0

// Package provisioning is the domain of certbridge: services that panels sell,
// the orders and certificates behind them, the actions that panels ask for, and
// the journal of operations that makes those actions safe to ask for twice.
//
// It knows no transport, no database and no provider. What it needs from them it
// states as two interfaces, Provider and Store; the packages providertest and
// storetest hold the contracts that every implementation must pass.
package provisioning
