// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
)

// enoughMemory is the bound of a process that makes a run, in bytes.
const enoughMemory = 128 << 20

// measureMemory makes a run that has seen nothing before, and one that finds
// nothing changed.
func measureMemory(ctx context.Context, driver string, of scale) (goals []goal, err error) {
	s, dsn, err := emptyDatabase(ctx, driver)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	list := &shelf{rows: of.most}
	upstream, err := s.serve(list)
	if err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		name   string
		marked int
	}{{"all of them new", of.most}, {"nothing changed", 0}} {
		before := list.lists.Load()
		run, err := elsewhere(ctx, task{Driver: driver, DSN: dsn, Upstream: upstream})
		if err != nil {
			return nil, err
		}
		calls := int(list.lists.Load() - before)
		goals = append(goals, goal{
			fmt.Sprintf("%d certificates, %s: resident memory", of.most, kind.name),
			"< 128 MiB", fmt.Sprintf("%d MiB", run.Resident>>20), run.Resident < enoughMemory,
		}, goal{
			fmt.Sprintf("%d certificates, %s: rows written, detail calls", of.most, kind.name),
			fmt.Sprintf("%d, 0", kind.marked), fmt.Sprintf("%d, %d", run.Marked+run.Written, list.others.Load()),
			int(run.Marked) == kind.marked && run.Written == 0 && list.others.Load() == 0 && calls == pages(of.most),
		})
	}
	return goals, nil
}

// pages is how many pages so many certificates fill.
func pages(certificates int) int { return (certificates + pageSize - 1) / pageSize }
