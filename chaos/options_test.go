// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"flag"
	"time"
)

// The options of a long run, see the Makefile. Without them it is the short run
// that belongs to all tests.
var (
	killsWanted = flag.Int("kills", 200, "kills for each database")
	seedWanted  = flag.Uint64("seed", 0, "seed of all chance; 0: the time")
	evidenceDir = flag.String("evidence", "", "write a summary of the run into this `DIR`")
)

// seed is the one that was asked for, or a new one.
func seed() uint64 {
	if *seedWanted != 0 {
		return *seedWanted
	}
	return uint64(time.Now().UnixMicro())
}
