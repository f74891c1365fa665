// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// Limits are how long what is issued through the API may live and be reused. The
// seller kept the limits of March 15, 2026 from three days earlier on.
func Limits() provisioning.LimitTable {
	return provisioning.IndustryLimits().SwitchedOn(
		provisioning.Date{Year: 2026, Month: time.March, Day: 12}, provisioning.Date{Year: 2026, Month: time.March, Day: 15})
}
