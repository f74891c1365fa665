// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// points are the named places of a charge at which certbridge can be made to die,
// see provisioning.Config.Reached.
var points = []string{"recorded", "lane taken", "noted", "sent", "called", "settled", "looked", "reconciled"}

// accountNames are the accounts at the provider. Each has a lane of its own, which
// stays taken until time moves when its holder dies.
var accountNames = []string{"first", "second", "third", "fourth", "fifth", "sixth"}

// plan is what an act is to be.
type plan struct {
	program string
	server  server
	workers int
	// accounts is how many accounts at the provider are used.
	accounts int
	number   int
	seed     uint64
	kills    int
	services int  // at most
	calm     bool // the provider fails never
	// life is how long a process lives at most that does not die at a point.
	life time.Duration
	// impatient acts end as soon as something needs a person, instead of waiting
	// for what is not settled by itself.
	impatient bool
	say       func(format string, args ...any) // told of progress
}

// act is one run on one database: a provider, a panel, and certbridge between them,
// which is killed again and again.
type act struct {
	plan
	dir      string
	database *database
	provider *provider
	clock    *clock
	workers  []*worker
	shop     *shop
	chance   *rand.Rand
	count    *tally
	failures int // of workers to start, while the database was there
}

// perform plays an act to its end and gives what was counted and found.
func perform(ctx context.Context, p plan) (_ *tally, found []finding, err error) {
	a := &act{plan: p, chance: rand.New(rand.NewPCG(p.seed, 3)), count: newTally()}
	began := time.Now()
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(ctx); err != nil {
		return a.count, nil, fmt.Errorf("opening: %w", err)
	}
	if err := a.storm(ctx); err != nil {
		return a.count, nil, fmt.Errorf("storm: %w", err)
	}
	a.count.storm = time.Since(began)
	if err := a.quiet(ctx); err != nil {
		return a.count, nil, fmt.Errorf("quiet: %w", err)
	}
	found, err = a.verdict(ctx)
	a.count.duration = time.Since(began)
	return a.count, found, err
}

// open makes everything that an act needs.
func (a *act) open(ctx context.Context) (err error) {
	if a.dir, err = os.MkdirTemp("", "certbridge-chaos-"); err != nil {
		return err
	}
	if a.database, err = a.server.fresh(ctx, a.dir, a.number); err != nil {
		return err
	}
	a.count.version = a.database.version
	var accounts []simulator.Account
	for _, name := range a.accounts() {
		accounts = append(accounts, simulator.Account{ApiUser: name, ApiKey: "key-of-" + name, Balance: "10000000"})
	}
	if a.provider, err = newProvider(a.seed, accounts); err != nil {
		return err
	}
	a.provider.clear(a.calm)
	if a.clock, err = newClock(a.dir, a.provider.Simulator); err != nil {
		return err
	}
	at := place{
		program: a.program, dir: a.dir, clock: a.clock, database: a.database, provider: a.provider.server.URL, accounts: accounts,
	}
	var urls []string
	for number := range a.plan.workers {
		one, err := newWorker(at, number)
		if err != nil {
			return err
		}
		a.workers, urls = append(a.workers, one), append(urls, one.url)
	}
	if _, err := a.workers[0].run(ctx, "migrate"); err != nil {
		return fmt.Errorf("migrate: %w: %q", err, a.workers[0].said(""))
	}
	text, err := a.workers[0].run(ctx, "panel", "create", "shop", "--scope", "operate", "--json")
	if err != nil {
		return fmt.Errorf("panel create: %w: %q", err, a.workers[0].said(""))
	}
	var made struct{ Key string }
	if err := json.Unmarshal(text, &made); err != nil {
		return err
	}
	a.shop, err = newShop(newPanel(made.Key, urls), a.provider, a.accounts(), a.seed, a.services)
	return err
}

// accounts are the names of the accounts that are used.
func (a *act) accounts() []string { return accountNames[:a.plan.accounts] }

// close ends what is left and removes it.
func (a *act) close() error {
	var errs []error
	for _, one := range a.workers {
		if one.running != nil {
			one.running.Kill()
		}
		errs = append(errs, one.log.Close())
	}
	if a.provider != nil {
		a.provider.server.Close()
	}
	if a.database != nil {
		errs = append(errs, a.database.remove())
	}
	return errors.Join(append(errs, os.RemoveAll(a.dir))...)
}

// tellEvery is how often an act tells how far it is.
const tellEvery = 5 * time.Second

// storm kills until there were kills enough.
func (a *act) storm(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	closed := a.shop.open(ctx)
	defer closed()
	defer stop()
	told := time.Now()
	for number := 0; !a.enough(); number++ {
		if err := a.round(ctx, number); err != nil {
			return err
		}
		if time.Since(told) > tellEvery {
			told = time.Now()
			a.say("act %d: %d of %d kills, %d charges", a.number, a.count.killed(), a.kills, len(a.provider.Ledger()))
		}
		if a.failures > 20+a.count.killed() {
			return fmt.Errorf("certbridge does not start: %q", a.workers[0].said(""))
		}
	}
	return nil
}

// enough tells whether there were kills enough: as many as are wanted and, in an act
// of full length on a machine that has other things to do, at every point.
func (a *act) enough() bool {
	killed := a.count.killed()
	return killed >= a.kills && (a.kills < killsPerAct || killed >= 2*a.kills || a.count.everywhere())
}

// years are the great leaps of an act, one after each third of it. They end in the
// time in which what was bought last can be renewed.
var years = []time.Duration{300 * 24 * time.Hour, 345 * 24 * time.Hour}

// round has every worker live and die a few times, side by side, until all are
// dead. Then time may move.
func (a *act) round(ctx context.Context, number int) error {
	a.provider.throttle(a.chance.IntN(12) == 0)
	a.shop.gate.set(true)
	crash := a.database.server != nil && number%8 == 3
	var living sync.WaitGroup
	errs := make([]error, len(a.workers)+1)
	for i, one := range a.workers {
		lives, chance := 1+a.chance.IntN(5)/3, rand.New(rand.NewPCG(a.seed, a.chance.Uint64()))
		living.Go(func() {
			for range lives {
				if errs[i] = a.live(ctx, one, chance, crash); errs[i] != nil {
					return
				}
			}
		})
	}
	if crash {
		after := time.Duration(a.chance.IntN(250)) * time.Millisecond
		living.Go(func() {
			pause(ctx, after)
			errs[len(a.workers)] = a.database.crash(ctx)
			a.count.kill(atDatabase)
		})
	}
	living.Wait()
	a.shop.gate.set(false)
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if err := a.provider.settle(); err != nil {
		return err
	}
	return a.clock.move(a.leap())
}

// leap is by how much time moves after a round: not at all, enough for most that
// rests, or a great deal.
func (a *act) leap() time.Duration {
	third := a.kills / (len(years) + 1)
	if done := a.count.leaps; done < len(years) && a.count.killed() >= third*(done+1) {
		a.count.leaps++
		return years[done]
	}
	switch a.chance.IntN(10) {
	case 0:
		return 0
	case 1:
		return time.Duration(a.chance.IntN(120)) * time.Minute
	}
	return 35*time.Second + time.Duration(a.chance.IntN(60))*time.Second
}

// live is one life of a worker.
func (a *act) live(ctx context.Context, one *worker, chance *rand.Rand, crash bool) error {
	fate := a.fate(chance)
	if err := one.start(fate); err != nil {
		return err
	}
	if !fate.early {
		one.ready(ctx, 5*time.Second)
	}
	over := time.NewTimer(fate.after)
	defer over.Stop()
	select {
	case <-one.running.Ended():
	case <-over.C:
	case <-ctx.Done():
	}
	switch one.kill() {
	case endAtPoint:
		a.count.kill(atPoint(fate.point))
	case endKilled:
		a.count.kill(atRandom)
	case endFailed:
		if !crash {
			a.failures++
		}
	}
	return ctx.Err()
}

// fate decides how a life ends: often at the point where the fewest have ended yet,
// else at any moment.
func (a *act) fate(chance *rand.Rand) fate {
	if chance.IntN(10) < 6 {
		return fate{point: a.count.rarest(chance), nth: 1 + chance.IntN(2), after: max(a.life, 240*time.Millisecond)}
	}
	part := chance.Float64()
	return fate{after: time.Duration(part * part * float64(a.life)), early: chance.IntN(6) == 0}
}

// The end of an act: so many times may time move until everything is settled.
const quietRounds = 20

// quiet lets everything come to rest: no faults, no kills, careful panels.
func (a *act) quiet(ctx context.Context) error {
	a.provider.clear(true)
	a.provider.ClearFaults()
	a.provider.throttle(false)
	if err := a.rest(ctx, a.shop.tidy); err != nil {
		return err
	}
	// Asked once more, nothing may happen but what had been refused before.
	return a.rest(ctx, func(ctx context.Context) { a.shop.insist(ctx); a.shop.tidy(ctx) })
}

// rest works and moves time until nothing is open any more.
func (a *act) rest(ctx context.Context, work func(context.Context)) error {
	for range quietRounds {
		if err := a.clock.move(5 * time.Minute); err != nil {
			return err
		}
		if err := a.serve(ctx); err != nil {
			return err
		}
		work(ctx)
		a.lull(ctx)
		if err := a.stop(); err != nil {
			return err
		}
		restless := a.shop.restless()
		if len(restless) == 0 || a.impatient && slices.ContainsFunc(restless, (*service).stuck) {
			return nil
		}
		work = a.shop.tidy
		a.count.quietRounds++
	}
	return nil // the verdict will tell what is not settled
}

// lull waits until nothing settles by itself any more. When that is does not matter
// for the verdict, only for how often time has to move.
func (a *act) lull(ctx context.Context) {
	chance := rand.New(rand.NewPCG(a.seed, 4))
	open := len(a.shop.restless())
	for unchanged := 0; open > 0 && unchanged < 5; unchanged++ {
		pause(ctx, 3*reconcileWait)
		for _, one := range a.shop.restless() {
			one.look(ctx, a.shop.panel, a.provider, chance)
		}
		if now := len(a.shop.restless()); now < open {
			open, unchanged = now, 0
		}
	}
}

// serve starts all workers, to live.
func (a *act) serve(ctx context.Context) error {
	for _, one := range a.workers {
		if err := one.start(fate{}); err != nil {
			return err
		}
	}
	for _, one := range a.workers {
		if !one.ready(ctx, 30*time.Second) {
			return fmt.Errorf("certbridge does not get ready: %q", one.said(""))
		}
	}
	return nil
}

// stop ends all workers in good order.
func (a *act) stop() error {
	for _, one := range a.workers {
		if err := one.stop(); err != nil {
			return err
		}
	}
	return a.provider.settle()
}
