// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"database/sql"
	"fmt"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// serviceRow is a row of services.
type serviceRow struct {
	ID                int64 `gorm:"primaryKey;autoIncrement:false"`
	Panel             string
	ServiceID         string
	Account           string
	Provider          string
	Environment       string
	Product           string
	Years             int
	AdditionalDomains int
	Client            string // JSON
	State             string
	Status            string     // what provisioning.Service.Status says, for the list
	CurrentEndsAt     Time       // what provisioning.Service.CurrentEndsAt says, likewise
	Due               dueDateRow `gorm:"embedded"`
	SynchronizedAt    Time
	WatchAt           Time
	WatchSince        Time
	CreatedAt         Time
	UpdatedAt         Time
	Version           int64
	Sequence          sql.NullInt64 `gorm:"->"` // in the change feed; the database works it out
}

// TableName names the table.
func (serviceRow) TableName() string { return "services" }

// serviceView is a service with its open operation, read in one statement.
type serviceView struct {
	Row  serviceRow    `gorm:"embedded"`
	Open *operationRow `gorm:"foreignKey:OpenService;references:ID"`
}

func newServiceRow(s *provisioning.Service) (serviceRow, error) {
	client, err := toJSON(s.Client)
	if err != nil {
		return serviceRow{}, err
	}
	return serviceRow{
		ID: s.ID, Panel: s.Panel, ServiceID: s.ServiceID, Account: s.Account, Provider: s.Provider,
		Environment: string(s.Environment), Product: s.Product, Years: s.Years, AdditionalDomains: s.AdditionalDomains,
		Client: client, State: string(s.State), Status: string(s.Status()),
		CurrentEndsAt: timeOf(s.CurrentEndsAt()), Due: newDueDateRow(s.DueDate),
		WatchAt: timeOf(s.WatchAt), WatchSince: timeOf(s.WatchSince),
		SynchronizedAt: timeOf(s.SynchronizedAt), CreatedAt: timeOf(s.CreatedAt), UpdatedAt: timeOf(s.UpdatedAt),
		Version: s.Version,
	}, nil
}

// TableName names the table.
func (serviceView) TableName() string { return "services" }

func (v serviceView) service() (provisioning.Service, error) {
	r := v.Row
	s := provisioning.Service{
		ID: r.ID, Panel: r.Panel, ServiceID: r.ServiceID, Account: r.Account, Provider: r.Provider,
		Environment: provisioning.Environment(r.Environment), Product: r.Product, Years: r.Years,
		AdditionalDomains: r.AdditionalDomains, State: provisioning.ServiceState(r.State), DueDate: r.Due.dueDate(),
		Watch:          provisioning.Watch{WatchAt: r.WatchAt.std(), WatchSince: r.WatchSince.std()},
		SynchronizedAt: r.SynchronizedAt.std(), CreatedAt: r.CreatedAt.std(), UpdatedAt: r.UpdatedAt.std(), Version: r.Version,
	}
	if err := fromJSON(r.Client, &s.Client); err != nil {
		return s, err
	}
	if v.Open != nil {
		operation, err := v.Open.operation()
		if err != nil {
			return s, err
		}
		s.Operation = &operation
	}
	return s, nil
}

// Service reads a service as a whole.
func (m *Mirror) Service(ctx context.Context, panel, serviceID string) (provisioning.Service, error) {
	services, err := m.services(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Joins("Open").Where("services.panel = ? AND services.service_id = ?", panel, serviceID)
	})
	if err != nil {
		return provisioning.Service{}, wrap("service", err)
	}
	if len(services) == 0 {
		return provisioning.Service{}, provisioning.ErrNotFound
	}
	return services[0], nil
}

// defaultPage is the length of a page whose query names none.
const defaultPage = 100

// Services reads a page of a panel's services in the order of their id.
func (m *Mirror) Services(ctx context.Context, query provisioning.ServiceQuery) ([]provisioning.Service, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultPage
	}
	var services []provisioning.Service
	for _, standing := range standing(query.Status, query.Now) {
		page, err := m.services(ctx, func(db *gorm.DB) *gorm.DB {
			db = db.Joins("Open").Where("services.panel = ? AND services.service_id > ?", query.Panel, query.After)
			return standing(db).Order("services.service_id").Limit(limit)
		})
		if err != nil {
			return nil, wrap("services", err)
		}
		services = append(services, page...)
	}
	return byServiceID(services, limit), nil
}

// readings bounds how often a read is made without a transaction because a
// service was written between its statements.
const readings = 3

// services reads the selected services in three statements, however many they
// are: each with its open operation if that is selected too, then the
// certificates, then the orders.
func (m *Mirror) services(ctx context.Context, selected func(*gorm.DB) *gorm.DB) ([]provisioning.Service, error) {
	numbered, err := m.numbered(ctx, selected)
	if err != nil {
		return nil, err
	}
	services := make([]provisioning.Service, len(numbered))
	for i := range numbered {
		services[i] = numbered[i].Service
	}
	return services, nil
}

// numbered is services with their places in the change feed, 0 for those that
// wait for one.
func (m *Mirror) numbered(ctx context.Context, selected func(*gorm.DB) *gorm.DB) (services []provisioning.NumberedService, err error) {
	db := m.read.WithContext(ctx)
	for range readings {
		services, whole, err := readServices(db, selected)
		if err != nil || whole {
			return services, err
		}
	}
	// They are written all the time. A snapshot costs round trips, but does not
	// change while it is read.
	err = db.Transaction(func(snapshot *gorm.DB) error {
		services, _, err = readServices(snapshot, selected)
		return err
	}, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	return services, err
}

// readServices reads once. whole is false if one of the services was written
// meanwhile.
func readServices(db *gorm.DB, selected func(*gorm.DB) *gorm.DB) (services []provisioning.NumberedService, whole bool, err error) {
	var views []serviceView
	if err := selected(db).Find(&views).Error; err != nil {
		return nil, false, err
	}
	services = make([]provisioning.NumberedService, len(views))
	if len(views) == 0 {
		return services, true, nil
	}
	keys := make([]int64, len(views))
	byKey := make(map[int64]*provisioning.Service, len(views))
	for i, view := range views {
		services[i].Sequence = view.Row.Sequence.Int64
		if services[i].Service, err = view.service(); err != nil {
			return nil, false, fmt.Errorf("service %s: %w", view.Row.ServiceID, err)
		}
		keys[i], byKey[view.Row.ID] = view.Row.ID, &services[i].Service
	}
	wholeCertificates, err := readCertificates(db, keys, byKey)
	if err != nil {
		return nil, false, err
	}
	wholeOrders, err := readOrders(db, keys, byKey)
	return services, wholeCertificates && wholeOrders, err
}

// childrenOf selects the rows of a table that belong to services, in their
// order, each with the version that its service has at this moment.
func childrenOf(db *gorm.DB, table string, services []int64) *gorm.DB {
	return db.Table(table).
		Select(table+".*, services.version AS service_version").
		Joins("JOIN services ON services.id = "+table+".service_ref").
		Where(table+".service_ref IN ?", services).
		Order(table + ".service_ref").Order(table + ".ordinal")
}
