// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// round is what one side did in one round.
type round struct {
	perSecond float64
	p50, p99  time.Duration
}

// drive calls do for each item, a number of clients at a time.
func drive(clients, from, to int, do func(item int) error) (round, error) {
	var (
		next    atomic.Int64
		group   sync.WaitGroup
		mu      sync.Mutex
		failed  error
		latency = make([]time.Duration, to-from)
	)
	started := time.Now()
	for range clients {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(latency) {
					return
				}
				began := time.Now()
				err := do(from + i)
				latency[i] = time.Since(began)
				if err != nil {
					mu.Lock()
					failed = fmt.Errorf("item %d: %w", from+i, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	group.Wait()
	elapsed := time.Since(started)
	if failed != nil {
		return round{}, failed
	}
	slices.Sort(latency)
	return round{
		perSecond: float64(len(latency)) / elapsed.Seconds(),
		p50:       latency[len(latency)/2],
		p99:       latency[len(latency)*99/100],
	}, nil
}

// median of the rounds, figure by figure.
func median(rounds []round) round {
	pick := func(of func(round) float64) float64 {
		values := make([]float64, len(rounds))
		for i, r := range rounds {
			values[i] = of(r)
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return round{
		perSecond: pick(func(r round) float64 { return r.perSecond }),
		p50:       time.Duration(pick(func(r round) float64 { return float64(r.p50) })),
		p99:       time.Duration(pick(func(r round) float64 { return float64(r.p99) })),
	}
}
