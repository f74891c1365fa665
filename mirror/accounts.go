// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/certbridge/certbridge/provisioning"
)

// ownersAtOnce bounds the ids of one statement. Providers list fewer on a page.
const ownersAtOnce = 500

// Owners tells to which services certificates of an account belong.
func (m *Mirror) Owners(ctx context.Context, account string, certificateIDs []string) (map[string]provisioning.Owner, error) {
	owners := make(map[string]provisioning.Owner, len(certificateIDs))
	for ids := range slices.Chunk(certificateIDs, ownersAtOnce) {
		var rows []struct{ CertificateID, Panel, ServiceID string }
		err := m.read.WithContext(ctx).Table("certificates").
			Select("certificates.certificate_id, services.panel, services.service_id").
			Joins("JOIN services ON services.id = certificates.service_ref").
			Where("certificates.account = ? AND certificates.certificate_id IN ?", account, ids).Find(&rows).Error
		if err != nil {
			return nil, wrap("owners", err)
		}
		for _, row := range rows {
			owners[row.CertificateID] = provisioning.Owner{Panel: row.Panel, ServiceID: row.ServiceID}
		}
	}
	return owners, nil
}

// AccountServices reads a page of an account's services in the order of their
// key, without their operations.
func (m *Mirror) AccountServices(ctx context.Context, account string, after int64, limit int) ([]provisioning.Service, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	services, err := m.services(ctx, func(db *gorm.DB) *gorm.DB {
		return db.Where("services.account = ? AND services.id > ?", account, after).Order("services.id").Limit(limit)
	})
	return services, wrap("services of account "+account, err)
}
