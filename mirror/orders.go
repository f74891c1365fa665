// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"database/sql"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// orderRow is a row of orders.
type orderRow struct {
	ID              int64 `gorm:"primaryKey;autoIncrement:false"`
	ServiceRef      int64
	Ordinal         int // its place among the service's orders
	Account         string
	OrderID         sql.NullString // NULL while the provider has named none
	TransactionID   string
	Predecessor     sql.NullString // NULL for the first
	Years           int
	ChargedUnits    int64
	ChargedCurrency string
	PurchasedOn     Date
	StartsOn        Date
	EndsOn          Date
	LinkedBy        string
}

// TableName names the table.
func (orderRow) TableName() string { return "orders" }

func newOrderRow(s *provisioning.Service, ordinal int) orderRow {
	o := &s.Orders[ordinal]
	return orderRow{
		ID: o.ID, ServiceRef: s.ID, Ordinal: ordinal, Account: s.Account, OrderID: nullable(o.OrderID),
		TransactionID: o.TransactionID, Predecessor: nullable(o.Predecessor), Years: o.Years,
		ChargedUnits: o.Charged.Units, ChargedCurrency: o.Charged.Currency, PurchasedOn: Date(o.PurchasedOn),
		StartsOn: Date(o.Term.StartsOn), EndsOn: Date(o.Term.EndsOn), LinkedBy: text(o.LinkedBy),
	}
}

func (r orderRow) key() int64             { return r.ID }
func (r orderRow) keyed(k int64) orderRow { r.ID = k; return r }

func (r orderRow) order() provisioning.Order {
	return provisioning.Order{
		ID: r.ID, OrderID: r.OrderID.String, TransactionID: r.TransactionID, Predecessor: r.Predecessor.String, Years: r.Years,
		Charged:     provisioning.Money{Units: r.ChargedUnits, Currency: r.ChargedCurrency},
		PurchasedOn: provisioning.Date(r.PurchasedOn),
		Term:        provisioning.Term{StartsOn: provisioning.Date(r.StartsOn), EndsOn: provisioning.Date(r.EndsOn)},
		LinkedBy:    r.LinkedBy,
	}
}

// readOrders gives the services their orders. whole is false if a service is not
// the one that was read before.
func readOrders(db *gorm.DB, keys []int64, services map[int64]*provisioning.Service) (whole bool, err error) {
	var rows []struct {
		Row            orderRow `gorm:"embedded"`
		ServiceVersion int64
	}
	if err := childrenOf(db, "orders", keys).Find(&rows).Error; err != nil {
		return false, err
	}
	for _, row := range rows {
		s := services[row.Row.ServiceRef]
		if s.Version != row.ServiceVersion {
			return false, nil
		}
		s.Orders = append(s.Orders, row.Row.order())
	}
	return true, nil
}
