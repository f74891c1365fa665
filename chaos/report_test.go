// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// tally is what an act, or several, came to.
type tally struct {
	mu    sync.Mutex
	kills map[string]int // by place

	acts, services, leaps, quietRounds int
	faults                             map[string]int
	charges                            map[string]int // by command
	orders, certificates               int
	doubles, lost, doubts, others      int
	version                            string // of the database
	duration                           time.Duration
	storm                              time.Duration // the part of it with kills
}

// The places of a kill: certbridge at any moment or at a named point, and the
// database server.
const (
	atRandom   = "at any moment"
	atDatabase = "the database"
)

func atPoint(point string) string { return "at the point `" + point + "`" }

func newTally() *tally {
	return &tally{kills: map[string]int{}, faults: map[string]int{}, charges: map[string]int{}}
}

func (c *tally) kill(place string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kills[place]++
}

// killed is how many processes were killed.
func (c *tally) killed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return total(c.kills)
}

// everywhere tells whether somebody has died at every point.
func (c *tally) everywhere() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !slices.ContainsFunc(points, func(point string) bool { return c.kills[atPoint(point)] == 0 })
}

// rarest is one of the points at which the fewest have died.
func (c *tally) rarest(chance *rand.Rand) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Not always the rarest: a point that nobody gets to would be waited for
	// every time.
	if chance.IntN(3) == 0 {
		return points[chance.IntN(len(points))]
	}
	return slices.MinFunc(points, func(a, b string) int { return c.kills[atPoint(a)] - c.kills[atPoint(b)] })
}

// add counts the end of an act.
func (c *tally) add(services []*service, charges []simulator.Charge, held []simulator.Certificate, found []finding, faults map[string]int) {
	c.acts++
	c.services += len(services)
	c.certificates += len(held)
	c.faults = faults
	orders := map[string]bool{}
	for _, one := range held {
		orders[one.OrderID] = true
	}
	c.orders += len(orders)
	for _, one := range charges {
		c.charges[one.Command]++
	}
	for _, one := range found {
		switch one.verdict {
		case double:
			c.doubles++
		case lost:
			c.lost++
		case doubt:
			c.doubts++
		default:
			c.others++
		}
	}
}

// merge adds another act.
func (c *tally) merge(next *tally) {
	c.acts += next.acts
	c.services += next.services
	c.leaps += next.leaps
	c.quietRounds += next.quietRounds
	c.orders += next.orders
	c.certificates += next.certificates
	c.doubles += next.doubles
	c.lost += next.lost
	c.doubts += next.doubts
	c.others += next.others
	c.duration += next.duration
	c.storm += next.storm
	c.version = next.version
	for _, both := range []struct{ to, from map[string]int }{{c.kills, next.kills}, {c.faults, next.faults}, {c.charges, next.charges}} {
		for name, count := range both.from {
			both.to[name] += count
		}
	}
}

// String is one line.
func (c *tally) String() string {
	return fmt.Sprintf("%d kills, %d faults, %d services, %d charges, %d orders, doubles %d, lost %d, in doubt %d, other findings %d, %s (%s per kill)",
		total(c.kills), total(c.faults), c.services, total(c.charges), c.orders, c.doubles, c.lost, c.doubts, c.others, c.duration.Round(time.Second/10),
		(c.storm / time.Duration(max(1, total(c.kills)))).Round(time.Millisecond))
}

// table is a tally as Markdown.
func (c *tally) table() string {
	var text strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&text, "| %s | %v |\n", name, value) }
	fmt.Fprintf(&text, "| what | how many |\n|---|---:|\n")
	line("acts, each on an empty database", c.acts)
	line("**kills**", total(c.kills))
	for _, name := range sorted(c.kills) {
		line("killed "+name, c.kills[name])
	}
	line("**faults of the provider**", total(c.faults))
	for _, name := range sorted(c.faults) {
		line("`"+name+"`", c.faults[name])
	}
	line("services", c.services)
	line("**charges in the provider's ledger**", total(c.charges))
	for _, name := range sorted(c.charges) {
		line("`"+name+"`", c.charges[name])
	}
	line("orders at the provider", c.orders)
	line("certificates at the provider", c.certificates)
	line("**charged twice**", c.doubles)
	line("**lost**", c.lost)
	line("**left in doubt**", c.doubts)
	line("**other findings**", c.others)
	line("duration", c.duration.Round(time.Second))
	line("for a kill and the start after it", (c.storm / time.Duration(max(1, total(c.kills)))).Round(time.Millisecond))
	return text.String()
}

func total(tally map[string]int) int {
	sum := 0
	for _, count := range tally {
		sum += count
	}
	return sum
}

// explained is how many services are explained at most.
const explained = 4

// explain tells the history of services that something is wrong with.
func (a *act) explain(ctx context.Context, found []finding) {
	var told []string
	for _, one := range found {
		a.say("%s", one)
		if one.service == "" || slices.Contains(told, one.service) || len(told) == explained {
			continue
		}
		told = append(told, one.service)
		a.tell(ctx, one.service)
	}
}

// tell tells the history of one service from all sides.
func (a *act) tell(ctx context.Context, id string) {
	for _, one := range a.shop.all() {
		if one.id == id {
			a.say("  %s: %s in account %s", id, one.product, one.account)
			for _, line := range one.history[max(0, len(one.history)-40):] {
				a.say("  panel  %s", line)
			}
		}
	}
	var trail struct{ Events []json.RawMessage }
	if err := a.shop.panel.read(ctx, "/v1/services/"+id+"/events?limit=500", &trail); err != nil {
		a.say("  events %v", err)
	}
	for _, event := range trail.Events {
		a.say("  event  %s", event)
	}
	var lineage json.RawMessage
	if err := a.shop.panel.read(ctx, "/v1/services/"+id+"/certificates", &lineage); err == nil {
		a.say("  owns   %s", lineage)
		for _, charge := range a.provider.Ledger() {
			if strings.Contains(string(lineage), `"`+charge.CertificateID+`"`) {
				a.say("  charge %d %s %s %s %s", charge.Sequence, charge.At.Format(time.RFC3339Nano), charge.Command, charge.CertificateID, charge.Amount)
			}
		}
	}
	for _, one := range a.workers {
		for _, line := range one.said(`"` + id + `"`) {
			a.say("  log    %s", line)
		}
	}
}
