// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"database/sql"
	"fmt"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// certificateRow is a row of certificates.
type certificateRow struct {
	ID               int64 `gorm:"primaryKey;autoIncrement:false"`
	ServiceRef       int64
	Ordinal          int // its place in the lineage
	Account          string
	CertificateID    string
	OrderID          string
	Reason           string
	Replaces         string
	ReplacedBy       string
	Status           string
	ProviderStatus   string
	StatusDetail     string
	ProviderProduct  string
	ActivationEndsOn Date
	ExpiresOn        Date
	CommonName       string
	Domains          string // JSON
	CSR              string
	WebServer        string
	Contact          string // JSON
	Validation       string // JSON
	// The leaf; all of it is NULL or empty until the certificate is issued.
	SerialNumber sql.NullString
	NotBefore    Time
	NotAfter     Time
	Issuer       string
	PEM          string
	Chain        string // JSON
	CreatedAt    Time
}

// TableName names the table.
func (certificateRow) TableName() string { return "certificates" }

func newCertificateRow(s *provisioning.Service, ordinal int) (row certificateRow, err error) {
	c := &s.Certificates[ordinal]
	row = certificateRow{
		ID: c.ID, ServiceRef: s.ID, Ordinal: ordinal, Account: s.Account, CertificateID: c.CertificateID, OrderID: c.OrderID,
		Reason: string(c.Reason), Replaces: c.Replaces, ReplacedBy: c.ReplacedBy, Status: string(c.Status),
		ProviderStatus: text(c.ProviderStatus), StatusDetail: text(c.StatusDetail), ProviderProduct: text(c.ProviderProduct),
		ActivationEndsOn: Date(c.ActivationEndsOn), ExpiresOn: Date(c.ExpiresOn), CommonName: text(c.CommonName), CSR: text(c.CSR), WebServer: text(c.WebServer),
		CreatedAt: timeOf(c.CreatedAt),
	}
	if row.Domains, err = toJSON(c.Domains); err != nil {
		return row, err
	}
	if row.Contact, err = toJSON(c.Contact); err != nil {
		return row, err
	}
	if row.Validation, err = toJSON(c.Validation); err != nil {
		return row, err
	}
	if c.Leaf == nil {
		return row, nil
	}
	row.SerialNumber = sql.NullString{String: c.Leaf.SerialNumber, Valid: true}
	row.Issuer, row.PEM = text(c.Leaf.Issuer), text(c.Leaf.PEM)
	row.NotBefore, row.NotAfter = timeOf(c.Leaf.NotBefore), timeOf(c.Leaf.NotAfter)
	row.Chain, err = toJSON(c.Leaf.Chain)
	return row, err
}

func (r certificateRow) key() int64                   { return r.ID }
func (r certificateRow) keyed(k int64) certificateRow { r.ID = k; return r }

func (r certificateRow) certificate() (provisioning.Certificate, error) {
	c := provisioning.Certificate{
		ID: r.ID, CertificateID: r.CertificateID, OrderID: r.OrderID, Reason: provisioning.Reason(r.Reason),
		Replaces: r.Replaces, ReplacedBy: r.ReplacedBy, Status: provisioning.Status(r.Status),
		ProviderStatus: r.ProviderStatus, StatusDetail: r.StatusDetail, ProviderProduct: r.ProviderProduct,
		ActivationEndsOn: provisioning.Date(r.ActivationEndsOn), ExpiresOn: provisioning.Date(r.ExpiresOn), CommonName: r.CommonName, CSR: r.CSR, WebServer: r.WebServer,
		CreatedAt: r.CreatedAt.std(),
	}
	if err := fromJSON(r.Domains, &c.Domains); err != nil {
		return c, err
	}
	if err := fromJSON(r.Contact, &c.Contact); err != nil {
		return c, err
	}
	if err := fromJSON(r.Validation, &c.Validation); err != nil {
		return c, err
	}
	if !r.SerialNumber.Valid {
		return c, nil
	}
	c.Leaf = &provisioning.Leaf{SerialNumber: r.SerialNumber.String, NotBefore: r.NotBefore.std(), NotAfter: r.NotAfter.std(),
		Issuer: r.Issuer, PEM: r.PEM}
	return c, fromJSON(r.Chain, &c.Leaf.Chain)
}

// readCertificates gives the services their lineages. whole is false if a
// service is not the one that was read before.
func readCertificates(db *gorm.DB, keys []int64, services map[int64]*provisioning.Service) (whole bool, err error) {
	var rows []struct {
		Row            certificateRow `gorm:"embedded"`
		ServiceVersion int64
	}
	if err := childrenOf(db, "certificates", keys).Find(&rows).Error; err != nil {
		return false, err
	}
	for _, row := range rows {
		s := services[row.Row.ServiceRef]
		if s.Version != row.ServiceVersion {
			return false, nil
		}
		certificate, err := row.Row.certificate()
		if err != nil {
			return false, fmt.Errorf("certificate %s: %w", row.Row.CertificateID, err)
		}
		s.Certificates = append(s.Certificates, certificate)
	}
	return true, nil
}
