// SPDX-License-Identifier: Apache-2.0

package api

import (
	"slices"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// The types below are the shapes of openapi.yaml. What is not known yet is null,
// never an empty string; lists are never null.

type serviceView struct {
	ServiceID         string                          `json:"service_id"`
	Account           string                          `json:"account"`
	Provider          string                          `json:"provider"`
	Environment       provisioning.Environment        `json:"environment"`
	Product           string                          `json:"product"`
	Years             int                             `json:"years"`
	AdditionalDomains int                             `json:"additional_domains"`
	State             provisioning.ServiceState       `json:"state"`
	Status            provisioning.Status             `json:"status"`
	StatusDetail      string                          `json:"status_detail"`
	ProviderStatus    *string                         `json:"provider_status"`
	CertificateID     *string                         `json:"certificate_id"`
	ReissueState      provisioning.ReissueState       `json:"reissue_state"`
	CommonName        *string                         `json:"common_name"`
	Domains           []string                        `json:"domains"`
	Order             *orderView                      `json:"order"`
	Term              *termView                       `json:"term"`
	DueDate           *string                         `json:"due_date"`
	PreviousDueDate   *string                         `json:"previous_due_date"`
	HeldDueDate       *heldView                       `json:"held_due_date"`
	RenewalWindow     *windowView                     `json:"renewal_window"`
	Certificate       *leafView                       `json:"certificate"`
	Validation        []provisioning.DomainValidation `json:"validation"`
	Successor         *successorView                  `json:"successor"`
	Actions           []provisioning.Action           `json:"actions"`
	Operation         *operationRef                   `json:"operation"`
	SynchronizedAt    *string                         `json:"synchronized_at"`
	UpdatedAt         string                          `json:"updated_at"`
	Version           int64                           `json:"version"`
}

type orderView struct {
	OrderID       string  `json:"order_id"`
	ChargedAmount *string `json:"charged_amount"`
	Currency      *string `json:"currency"`
	PurchasedOn   *string `json:"purchased_on"`
	Predecessor   *string `json:"predecessor"`
}

type termView struct {
	StartsOn    string `json:"starts_on"`
	EndsOn      string `json:"ends_on"`
	CarriedDays int    `json:"carried_days"`
}

type leafView struct {
	SerialNumber string `json:"serial_number"`
	NotBefore    string `json:"not_before"`
	NotAfter     string `json:"not_after"`
	Issuer       string `json:"issuer"`
}

type successorView struct {
	CertificateID string                          `json:"certificate_id"`
	Reason        provisioning.Reason             `json:"reason"`
	Status        provisioning.Status             `json:"status"`
	Order         *orderView                      `json:"order"`
	Term          *termView                       `json:"term"`
	Validation    []provisioning.DomainValidation `json:"validation"`
}

// operationRef is an operation where something else carries it.
type operationRef struct {
	ID    string                      `json:"id"`
	Kind  provisioning.OperationKind  `json:"kind"`
	State provisioning.OperationState `json:"state"`
}

// certificateView is an entry of the lineage.
type certificateView struct {
	CertificateID string              `json:"certificate_id"`
	Status        provisioning.Status `json:"status"`
	Reason        provisioning.Reason `json:"reason"`
	Replaces      *string             `json:"replaces"`
	ReplacedBy    *string             `json:"replaced_by"`
	NotBefore     *string             `json:"not_before"`
	NotAfter      *string             `json:"not_after"`
}

func (s *Server) view(service provisioning.Service) serviceView {
	service = s.bridge.Present(service)
	due := s.bridge.DueDate(service)
	v := serviceView{
		ServiceID: service.ServiceID, Account: service.Account, Provider: service.Provider,
		Environment: service.Environment, Product: service.Product, Years: service.Years,
		AdditionalDomains: service.AdditionalDomains,
		State:             service.State, Status: service.Status(), ReissueState: service.ReissueState(),
		Domains: []string{}, Validation: []provisioning.DomainValidation{},
		DueDate: dateOrNull(due.Accepted), PreviousDueDate: dateOrNull(due.Previous), HeldDueDate: heldOf(due),
		RenewalWindow:  windowOf(s.bridge.RenewalDates(service)),
		Actions:        orEmpty(s.bridge.Actions(service)),
		Operation:      refOf(service.Operation),
		SynchronizedAt: instantOrNull(service.SynchronizedAt),
		UpdatedAt:      instant(service.UpdatedAt),
		Version:        service.Version,
	}
	v.StatusDetail = statusSentences[v.Status]
	current := service.Current()
	if current == nil {
		return v
	}
	if current.StatusDetail != "" {
		v.StatusDetail = current.StatusDetail
	}
	v.ProviderStatus = textOrNull(current.ProviderStatus)
	v.CertificateID = textOrNull(current.CertificateID)
	v.CommonName = textOrNull(current.CommonName)
	v.Domains = orEmpty(current.Domains)
	v.Validation = orEmpty(current.Validation)
	v.Order, v.Term = orderAndTerm(&service, current.OrderID)
	if leaf := current.Leaf; leaf != nil {
		v.Certificate = &leafView{
			SerialNumber: leaf.SerialNumber, Issuer: leaf.Issuer,
			NotBefore: instant(leaf.NotBefore), NotAfter: instant(leaf.NotAfter),
		}
	}
	if next := service.Successor(); next != nil {
		v.Successor = &successorView{
			CertificateID: next.CertificateID, Reason: next.Reason, Status: next.Status,
			Validation: orEmpty(next.Validation),
		}
		v.Successor.Order, v.Successor.Term = orderAndTerm(&service, next.OrderID)
	}
	return v
}

// statusSentences are for statuses about which the provider said nothing more.
// They are read by end customers.
var statusSentences = map[provisioning.Status]string{
	provisioning.StatusAwaitingPurchase:      "The certificate has not been bought yet.",
	provisioning.StatusAwaitingConfiguration: "The certificate is bought and waits for a certificate signing request.",
	provisioning.StatusPendingValidation:     "Control of each domain has to be shown before the certificate can be issued.",
	provisioning.StatusPendingDocuments:      "The certificate authority is checking the organisation.",
	provisioning.StatusIssued:                "The certificate is issued.",
	provisioning.StatusReplaced:              "The certificate was replaced by another one.",
	provisioning.StatusExpired:               "The certificate has expired.",
	provisioning.StatusCancelled:             "The certificate was cancelled.",
	provisioning.StatusRevoked:               "The certificate was revoked.",
	provisioning.StatusRejected:              "The certificate authority rejected the request.",
	provisioning.StatusUnknown:               "The state of the certificate is not clear at the moment.",
}

func orderAndTerm(service *provisioning.Service, orderID string) (*orderView, *termView) {
	order := service.Order(orderID)
	if order == nil {
		return nil, nil
	}
	v := &orderView{
		OrderID: order.OrderID, PurchasedOn: dateOrNull(order.PurchasedOn),
		Predecessor: textOrNull(order.Predecessor),
	}
	if !order.Charged.IsZero() {
		v.ChargedAmount, v.Currency = textOrNull(order.Charged.String()), textOrNull(order.Charged.Currency)
	}
	if order.Term.EndsOn.IsZero() {
		return v, nil
	}
	return v, &termView{
		StartsOn: order.Term.StartsOn.String(), EndsOn: order.Term.EndsOn.String(), CarriedDays: service.CarriedDays(*order),
	}
}

func lineageView(service *provisioning.Service) []certificateView {
	views := make([]certificateView, 0, len(service.Certificates))
	for _, certificate := range service.Certificates {
		v := certificateView{
			CertificateID: certificate.CertificateID, Status: certificate.Status, Reason: certificate.Reason,
			Replaces:   textOrNull(certificate.Replaces),
			ReplacedBy: textOrNull(service.ReplacedBy(certificate.CertificateID)),
		}
		if leaf := certificate.Leaf; leaf != nil {
			v.NotBefore, v.NotAfter = instantOrNull(leaf.NotBefore), instantOrNull(leaf.NotAfter)
		}
		views = append(views, v)
	}
	return views
}

func refOf(operation *provisioning.Operation) *operationRef {
	if operation == nil {
		return nil
	}
	return &operationRef{ID: operation.ID, Kind: operation.Kind, State: operation.State}
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func dateOrNull(date provisioning.Date) *string { return textOrNull(date.String()) }

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

func instantOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return textOrNull(instant(t))
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return slices.Clip(list)
}
