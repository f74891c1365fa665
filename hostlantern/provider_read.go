// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"fmt"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// status maps the provider's word, in any letter case. product is a code or a
// provider's name: what is bought decides what the wait is for. Words from before
// today's ordering system are unknown on purpose; somebody should look.
func (p *Provider) status(word, product string) provisioning.Status {
	switch strings.ToLower(word) {
	case "newpurchase", "newrenewal":
		return provisioning.StatusAwaitingConfiguration
	case purchased:
		known, ok := p.catalogue.byCode[product]
		if !ok {
			known, ok = p.catalogue.named(product)
		}
		if ok && known.Level != provisioning.DomainValidated {
			return provisioning.StatusPendingDocuments
		}
		return provisioning.StatusPendingValidation
	case "active":
		return provisioning.StatusIssued
	case "replaced":
		return provisioning.StatusReplaced
	case "cancelled":
		return provisioning.StatusCancelled
	case "purchaseerror":
		return provisioning.StatusRejected
	case "expired":
		return provisioning.StatusExpired
	case "revoked":
		return provisioning.StatusRevoked
	}
	return provisioning.StatusUnknown
}

// code is the catalogue's code for a provider's name, "" if it has none.
func (p *Provider) code(name string) string {
	known, _ := p.catalogue.named(name)
	return known.Code
}

// Certificate reads everything about one certificate.
func (p *Provider) Certificate(ctx context.Context, certificateID string) (provisioning.CertificateDetail, error) {
	info, err := p.client.GetInfo(ctx, certificateID)
	if err != nil {
		return provisioning.CertificateDetail{}, err
	}
	detail := provisioning.CertificateDetail{
		CertificateID:    certificateID,
		Status:           p.status(info.Status, info.Type),
		ProviderStatus:   info.Status,
		StatusDetail:     info.StatusDescription,
		Product:          p.code(info.Type),
		ProviderProduct:  info.Type,
		Years:            info.Years,
		OrderID:          info.OrderID,
		AuthorityOrder:   info.ProviderOrderID,
		ReplacedBy:       info.ReplacedBy,
		ActivationEndsOn: info.ActivationEndsOn,
		ExpiresOn:        info.Expires,
		CommonName:       info.CommonName,
		CSR:              info.CSR,
		Domains:          info.SANsCount,
	}
	if info.ReplacedBy != "" && !ended(detail.Status) {
		// Some answers still say "active" for a certificate that was replaced.
		detail.Status = provisioning.StatusReplaced
	}
	if info.Certificate == "" {
		if detail.Status == provisioning.StatusIssued {
			return provisioning.CertificateDetail{}, unclear("certificate %s is issued, but was not sent", certificateID)
		}
		return detail, nil
	}
	if detail.Leaf, err = readLeaf(info.Certificate, info.CACertificates, info.CSR); err != nil {
		return provisioning.CertificateDetail{}, unclear("certificate %s: %w", certificateID, err)
	}
	return detail, nil
}

// ended tells whether a certificate is out of use for a reason of its own, which
// says more than that it was replaced.
func ended(status provisioning.Status) bool {
	switch status {
	case provisioning.StatusRevoked, provisioning.StatusCancelled,
		provisioning.StatusRejected, provisioning.StatusExpired:
		return true
	}
	return false
}

// Certificates reads one page of MinPageSize to MaxPageSize rows.
func (p *Provider) Certificates(ctx context.Context, page, pageSize int) (provisioning.CertificatePage, error) {
	if page < 1 || pageSize < MinPageSize || pageSize > MaxPageSize {
		return provisioning.CertificatePage{}, refuse(provisioning.FaultOther,
			"pages count from 1 and have %d to %d rows", MinPageSize, MaxPageSize)
	}
	list, err := p.client.GetList(ctx, ListRequest{Page: page, PageSize: pageSize})
	if err != nil {
		return provisioning.CertificatePage{}, err
	}
	result := provisioning.CertificatePage{
		Certificates: make([]provisioning.CertificateSummary, len(list.Rows)), Total: list.Total,
		Unreadable: list.Unreadable,
	}
	for i, row := range list.Rows {
		result.Certificates[i] = provisioning.CertificateSummary{
			CertificateID:    row.CertificateID,
			Reason:           reason(row.Status),
			Status:           p.status(row.Status, row.Type),
			ProviderStatus:   row.Status,
			Product:          p.code(row.Type),
			ProviderProduct:  row.Type,
			Years:            row.Years,
			CommonName:       row.HostName,
			PurchasedOn:      row.PurchasedOn,
			ExpiresOn:        row.ExpiresOn,
			ActivationEndsOn: row.ActivationEndsOn,
		}
	}
	return result, nil
}

// reason is why a certificate exists, as far as its status tells: while it awaits
// its configuration.
func reason(word string) provisioning.Reason {
	switch strings.ToLower(word) {
	case "newpurchase":
		return provisioning.ReasonPurchase
	case "newrenewal":
		return provisioning.ReasonRenewal
	}
	return ""
}

// unclear is an answer from which nothing can be concluded.
func unclear(format string, args ...any) error {
	return &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: fmt.Errorf(format, args...)}
}
