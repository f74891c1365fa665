// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// life is the order in which the actions are measured. Between them the
// simulator's authority issues what is pending; that is not measured.
var life = []struct {
	action string
	before func(*stage) error
}{
	{"create", nil},
	{"activate", nil},
	{"synchronize", (*stage).issue},
	{"reissue", nil},
	{"renew", func(s *stage) error {
		if err := s.issue(); err != nil {
			return err
		}
		for item := range s.panel.newest { // the mirror has to know of it
			if err := s.panel.do("synchronize", item); err != nil {
				return err
			}
		}
		s.simulator.Advance(300 * 24 * time.Hour) // into the renewal window
		return nil
	}},
}

// issue approves every certificate under validation.
func (s *stage) issue() error {
	for _, ids := range [][]string{s.bare.certificates, s.panel.newest} {
		for _, id := range ids {
			if err := s.simulator.Approve(id); err != nil {
				return fmt.Errorf("certificate %s: %w", id, err)
			}
		}
	}
	return nil
}

// measure drives both sides through a certificate's life.
func measure(ctx context.Context, driver string, o options) (rows []row, err error) {
	s, err := newStage(ctx, driver, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, step := range life {
		if step.before != nil {
			if err := step.before(s); err != nil {
				return nil, fmt.Errorf("before %s: %w", step.action, err)
			}
		}
		measured, err := takeTurns(ctx, s, step.action, o)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step.action, err)
		}
		rows = append(rows, measured)
	}
	return rows, nil
}

// takeTurns measures an action in rounds, so that whatever else the machine does
// meets both sides alike. Who begins changes from round to round.
func takeTurns(ctx context.Context, s *stage, action string, o options) (row, error) {
	sides := []func(string, int) error{s.bare.do, s.panel.do}
	measured := [2][]round{}
	for n := range o.rounds {
		from, to := o.services*n/o.rounds, o.services*(n+1)/o.rounds
		for turn := range sides {
			side := (turn + n) % len(sides)
			if err := ctx.Err(); err != nil {
				return row{}, err
			}
			done, err := drive(o.clients, from, to, func(item int) error { return sides[side](action, item) })
			if err != nil {
				return row{}, err
			}
			measured[side] = append(measured[side], done)
		}
	}
	return row{action: action, baseline: median(measured[0]), certbridge: median(measured[1])}, nil
}
