// SPDX-License-Identifier: Apache-2.0

package main

import "time"

// seams are what a test that kills certbridge at named places, or moves its
// clock, has to get at. Nobody else can: see seams_shipped.go.
type seams struct {
	now           func() time.Time
	leaseClock    func() time.Time   // of leases; nil: the database's, which all who share it go by
	reached       func(point string) // see provisioning.Config.Reached; nil: nobody is told
	callTimeout   time.Duration      // of provider calls; 0: the usual one
	reconcileWait time.Duration      // between two rounds of reconciliation, while it serves
}

func usualSeams() seams {
	return seams{now: realTime, reconcileWait: 5 * time.Second}
}
