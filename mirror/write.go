// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// plan is what a change comes to, worked out before the transaction begins.
type plan struct {
	service      serviceRow
	insert       bool // the service is new
	orders       children[orderRow]
	certificates children[certificateRow]
	operation    *operationRow
	events       []eventRow
	changes      []changeRow        // entries of a run's report
	lane         *provisioning.Lane // nil: written whoever holds the lane
}

// keyedRow is a row whose key the mirror makes.
type keyedRow[R any] interface {
	comparable
	key() int64
	keyed(key int64) R
}

// children are the new and the changed rows of one table.
type children[R keyedRow[R]] struct {
	added   []R
	changed []R
	places  []int // of the added ones, in the service
}

// Write makes a change durable, or nothing of it. It reads nothing: a create is
// two INSERTs, and so on; what stands in the way shows in the number of rows or
// in the key that would be doubled.
func (m *Mirror) Write(ctx context.Context, change provisioning.Change) error {
	p, err := newPlan(change)
	if err != nil {
		return wrap("write", err)
	}
	err = m.group.write(ctx, p, m.commit)
	if err != nil {
		return wrap("write", err)
	}
	p.report(change)
	return nil
}

func newPlan(change provisioning.Change) (*plan, error) {
	before, after := change.Before, change.After
	if after == nil {
		return nil, errors.New("a change without a service")
	}
	p := &plan{insert: before == nil}
	if p.insert {
		before = &provisioning.Service{Panel: after.Panel, ServiceID: after.ServiceID, Account: after.Account}
	}
	if after.ID != before.ID || after.Panel != before.Panel || after.ServiceID != before.ServiceID || after.Account != before.Account {
		return nil, fmt.Errorf("service %s cannot change its panel, its id or its account", before.ServiceID)
	}
	var err error
	if p.service, err = newServiceRow(after); err != nil {
		return nil, err
	}
	p.service.Version = before.Version + 1
	if err := p.orders.compare(before, after, len(before.Orders), len(after.Orders), func(s *provisioning.Service, i int) (orderRow, error) {
		return newOrderRow(s, i), nil
	}); err != nil {
		return nil, fmt.Errorf("orders of service %s: %w", after.ServiceID, err)
	}
	if err := p.certificates.compare(before, after, len(before.Certificates), len(after.Certificates), newCertificateRow); err != nil {
		return nil, fmt.Errorf("certificates of service %s: %w", after.ServiceID, err)
	}
	if change.Operation != nil {
		row, err := newOperationRow(change.Operation)
		if err != nil {
			return nil, err
		}
		p.operation = &row
	}
	if change.Lane != nil {
		lane := *change.Lane
		p.lane = &lane
	}
	for _, event := range change.Events {
		p.events = append(p.events, newEventRow(event))
	}
	p.changes = newChangeRows(change.Report)
	return p, nil
}

// compare finds the rows that are new and those that differ.
func (c *children[R]) compare(before, after *provisioning.Service, countBefore, countAfter int,
	row func(*provisioning.Service, int) (R, error)) error {
	stored := make(map[int64]R, countBefore)
	for i := range countBefore {
		was, err := row(before, i)
		if err != nil {
			return err
		}
		stored[was.key()] = was
	}
	for i := range countAfter {
		is, err := row(after, i)
		if err != nil {
			return err
		}
		if is.key() == 0 {
			c.added, c.places = append(c.added, is), append(c.places, i)
			continue
		}
		was, known := stored[is.key()]
		if !known {
			return fmt.Errorf("key %d was not read with the service, or comes twice", is.key())
		}
		delete(stored, is.key())
		if was != is {
			c.changed = append(c.changed, is)
		}
	}
	if len(stored) > 0 {
		return errors.New("none is ever removed")
	}
	return nil
}

// statements counts what run will make.
func (p *plan) statements() int {
	count := 1 + len(p.orders.changed) + len(p.certificates.changed)
	for _, further := range []bool{len(p.orders.added) > 0, len(p.certificates.added) > 0, p.operation != nil, len(p.events) > 0, len(p.changes) > 0, p.lane != nil} {
		if further {
			count++
		}
	}
	return count
}

// takeKeys gives the new rows their keys; others each time the transaction runs.
func (p *plan) takeKeys(keys *keys, now time.Time) {
	if p.insert {
		p.service.ID = keys.next(now)
	}
	for i, row := range p.orders.added {
		p.orders.added[i] = row.keyed(keys.next(now))
		p.orders.added[i].ServiceRef = p.service.ID
	}
	for i, row := range p.certificates.added {
		p.certificates.added[i] = row.keyed(keys.next(now))
		p.certificates.added[i].ServiceRef = p.service.ID
	}
	if p.operation != nil {
		p.operation.belongTo(p.service.ID)
	}
	for i := range p.events {
		p.events[i].ID, p.events[i].ServiceRef = 0, p.service.ID
	}
	for i := range p.changes {
		p.changes[i].ID = 0
	}
}

// update changes the rows of a plan that exist already.
func (p *plan) update(tx *gorm.DB) error {
	if !p.insert {
		if err := p.updateService(tx); err != nil {
			return err
		}
	}
	if err := updateChildren(tx, p.orders, p.service.ID); err != nil {
		return err
	}
	if err := updateChildren(tx, p.certificates, p.service.ID); err != nil {
		return err
	}
	if p.operation == nil || p.operation.Version == 1 {
		return nil
	}
	return oneRow(tx.Model(p.operation).Where("version = ? AND service_ref = ?", p.operation.Version-1, p.service.ID).
		Select(operationChanges).UpdateColumns(p.operation))
}

// The columns that may change. Who a service belongs to and what an operation was
// asked to do are written once.
var (
	serviceChanges = []string{
		"Provider", "Environment", "Product", "Years", "AdditionalDomains", "Client", "State", "Status",
		"CurrentEndsAt", "DueDate", "PreviousDueDate", "HeldDueDate", "HeldBecause", "RejectedDueDate",
		"SynchronizedAt", "WatchAt", "WatchSince", "UpdatedAt", "Version",
	}
	operationChanges = []string{
		"OpenService", "State", "Attempts", "Fence", "Noted", "Result", "Failure", "Looks", "LookAt", "Evidence", "Decision",
		"Exchanges", "SentAt", "FinishedAt", "UpdatedAt", "Version",
	}
)

func (p *plan) updateService(tx *gorm.DB) error {
	written := tx.Model(&p.service).Where("version = ?", p.service.Version-1).Select(serviceChanges).UpdateColumns(&p.service)
	return oneRow(written)
}

// insertOperations makes new operations. Their ids are given to them, so one that
// is taken stays taken.
func (r *rows) insertOperations(tx *gorm.DB) error {
	err := insert(tx, r.operations)
	if errors.Is(err, errOwnKeyTaken) {
		return fmt.Errorf("operation: %w", provisioning.ErrExists)
	}
	return err
}

// updateChildren changes rows of a table that belong to a service.
func updateChildren[R keyedRow[R]](tx *gorm.DB, rows children[R], service int64) error {
	for i := range rows.changed {
		row := &rows.changed[i]
		if err := oneRow(tx.Model(row).Where("service_ref = ?", service).Select("*").UpdateColumns(row)); err != nil {
			return err
		}
	}
	return nil
}

// oneRow says ErrStale unless exactly one row was found.
func oneRow(written *gorm.DB) error {
	if written.Error != nil {
		return taken(written.Error)
	}
	if written.RowsAffected != 1 {
		return provisioning.ErrStale
	}
	return nil
}

// report tells the caller the new keys and versions, once they are durable.
func (p *plan) report(change provisioning.Change) {
	after := change.After
	after.ID, after.Version = p.service.ID, p.service.Version
	for i, place := range p.orders.places {
		after.Orders[place].ID = p.orders.added[i].ID
	}
	for i, place := range p.certificates.places {
		after.Certificates[place].ID = p.certificates.added[i].ID
	}
	if change.Operation != nil {
		change.Operation.Version = p.operation.Version
	}
}
