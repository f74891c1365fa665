// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"testing"
	"time"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
	"github.com/certbridge/certbridge/provisioning/storetest"
)

func TestTheMirrorKeepsTheContractOfABudgetStore(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			storetest.RunBudgets(t, func(t *testing.T, clock func() time.Time) provisioning.BudgetStore {
				return mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: mirrortest.Address(t, driver), LeaseClock: clock})
			})
		})
	}
}
