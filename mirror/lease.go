// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
)

const (
	// leaseTime is how long a migration is believed to go on without a sign of
	// life. Its holder shows one three times as often.
	leaseTime = 15 * time.Second
	// leaseWait is how often those who wait look whether it is their turn.
	leaseWait = 20 * time.Millisecond
)

// lease is the right to migrate: a row with its holder and its end, by the
// database's clock. GET_LOCK would be simpler, but a cluster's nodes do not share
// it. A holder that was killed loses the lease when it ends; one that was only
// slow finds its context cancelled, and whatever it had begun can be run again.
type lease struct {
	m      *Mirror
	holder string
	// now is the database's clock in microseconds since 1970.
	now string
}

// underLease runs a function while no other process does.
func (m *Mirror) underLease(ctx context.Context, run func(context.Context) error) (err error) {
	l := lease{m: m, holder: rand.Text(), now: m.microseconds()}
	if err := l.prepare(ctx); err != nil {
		return err
	}
	if err := l.await(ctx); err != nil {
		return err
	}
	ctx, lost := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		l.keep(ctx, lost)
	}()
	err = run(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = errors.Join(err, cause)
	}
	lost(nil)
	<-kept
	// The context may be over; the lease is given back all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaseTime)
	defer cancel()
	return errors.Join(err, l.release(ctx))
}

// prepare makes the table and its row, both of which may be there.
func (l lease) prepare(ctx context.Context) error {
	_, err := l.m.lease.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS migration_lease "+
		"(id INTEGER NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, ends_at BIGINT NOT NULL)")
	if err != nil {
		return err
	}
	_, err = l.m.lease.ExecContext(ctx, "INSERT INTO migration_lease (id, holder, ends_at) VALUES (1, '', 0)")
	if _, there := duplicate(err); there {
		return nil
	}
	return err
}

// await takes the lease as soon as it is free.
func (l lease) await(ctx context.Context) error {
	again := time.NewTicker(leaseWait)
	defer again.Stop()
	for {
		taken, err := l.update(ctx, "ends_at < "+l.now)
		if err == nil && taken {
			return nil
		}
		if err != nil && ctx.Err() == nil && !rolledBack(err) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return fmt.Errorf("another process migrates the database: %w", context.Cause(ctx))
		}
	}
}

// keep prolongs the lease until the context is over, and cancels it when the
// lease is lost.
func (l lease) keep(ctx context.Context, lost context.CancelCauseFunc) {
	sign := time.NewTicker(l.m.patience / 3)
	defer sign.Stop()
	for {
		select {
		case <-sign.C:
		case <-ctx.Done():
			return
		}
		kept, err := l.update(ctx, "holder = ?", l.holder)
		if ctx.Err() == nil && (err != nil || !kept) {
			lost(errors.Join(errors.New("the lease on the migration was lost"), err))
			return
		}
	}
}

// update takes or prolongs the lease under a condition.
func (l lease) update(ctx context.Context, condition string, arguments ...any) (bool, error) {
	result, err := l.m.lease.ExecContext(ctx, "UPDATE migration_lease SET holder = ?, ends_at = "+l.now+" + ? WHERE id = 1 AND "+condition,
		append([]any{l.holder, l.m.patience.Microseconds()}, arguments...)...)
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows == 1, err
}

// release ends the lease, if it is still ours.
func (l lease) release(ctx context.Context) error {
	_, err := l.m.lease.ExecContext(ctx, "UPDATE migration_lease SET ends_at = 0 WHERE id = 1 AND holder = ?", l.holder)
	return err
}
