// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// weather decides which calls of the provider go wrong, and how.
type weather struct {
	mu     sync.Mutex
	chance *rand.Rand
	calm   bool
	counts map[string]int // by kind
}

func newWeather(seed uint64) *weather {
	return &weather{chance: rand.New(rand.NewPCG(seed, 1)), counts: map[string]int{}}
}

// kinds are what goes wrong, as often as they stand here. An answer that is lost
// after the command was executed is the worst, and what waits costs the most time.
var kinds = []string{
	simulator.FaultLost, simulator.FaultLost, simulator.FaultLost, simulator.FaultLost,
	simulator.FaultCut, simulator.FaultCut,
	simulator.FaultHTMLExecuted, simulator.FaultHTMLExecuted,
	simulator.FaultUnhandled, simulator.FaultUnhandled,
	simulator.FaultDrop, simulator.FaultDrop,
	simulator.FaultHTML, simulator.FaultServerError, simulator.Fault405, simulator.Fault500000,
	simulator.FaultSlow, simulator.FaultSlowBefore,
}

// faultRate is how many of a hundred calls go wrong. Calls that charge are what
// this is about; when every second reading failed, nothing would ever be settled.
func faultRate(command string) int {
	switch {
	case charging(command):
		return 25
	case command == "activate", command == "reissue":
		return 15
	}
	return 3
}

// over tells what happens to one call of a command; false if nothing does.
func (w *weather) over(command string) (simulator.Fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.calm || w.chance.IntN(100) >= faultRate(command) {
		return simulator.Fault{}, false
	}
	kind := kinds[w.chance.IntN(len(kinds))]
	w.counts[kind]++
	return simulator.Fault{Command: command, Kind: kind, Delay: callTimeout * 3 / 2}, true
}

// clear ends all faults, or lets them come back.
func (w *weather) clear(calm bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = calm
}

// so far by kind.
func (w *weather) soFar() map[string]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.counts)
}

// sorted lists the keys of a tally.
func sorted(tally map[string]int) []string { return slices.Sorted(maps.Keys(tally)) }
