// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// unlinkedView is a certificate that the provider listed and no service owns.
type unlinkedView struct {
	Account          string              `json:"account"`
	CertificateID    string              `json:"certificate_id"`
	Status           provisioning.Status `json:"status"`
	ProviderStatus   string              `json:"provider_status"`
	Product          *string             `json:"product"`
	ProviderProduct  string              `json:"provider_product"`
	Years            *int                `json:"years"`
	CommonName       *string             `json:"common_name"`
	PurchasedOn      *string             `json:"purchased_on"`
	ExpiresOn        *string             `json:"expires_on"`
	ActivationEndsOn *string             `json:"activation_ends_on"`
	FirstSeenAt      *string             `json:"first_seen_at"`
	Dismissed        *dismissalView      `json:"dismissed"`
}

// dismissalView is who said that a certificate is nobody's business.
type dismissalView struct {
	By   string  `json:"by"`
	At   string  `json:"at"`
	Note *string `json:"note"`
}

// unlinked lists certificates that no service owns, as the last synchronization
// saw them.
func (s *Server) unlinked(c *call) (answer, error) {
	parameters, err := c.query("account", "dismissed", "worthless", "after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	query := provisioning.UnlinkedQuery{Account: parameters.Get("account"), After: parameters.Get("after"), Limit: limit + 1}
	if query.After != "" && !strings.Contains(query.After, "/") {
		return answer{}, invalidField("after", "the next of a page is expected")
	}
	for name, wanted := range map[string]*bool{"dismissed": &query.Dismissed, "worthless": &query.Worthless} {
		if *wanted, err = yesOrNo(name, parameters.Get(name)); err != nil {
			return answer{}, err
		}
	}
	found, err := s.bridge.Unlinked(c.Request().Context(), query)
	if err != nil {
		return answer{}, err
	}
	page := struct {
		Certificates []unlinkedView `json:"certificates"`
		Next         *string        `json:"next"`
	}{Certificates: []unlinkedView{}}
	for i, listing := range found {
		if i == limit {
			page.Next = textOrNull(found[i-1].Place())
			break
		}
		page.Certificates = append(page.Certificates, viewOfListing(listing))
	}
	return jsonAnswer(http.StatusOK, page)
}

// yesOrNo reads a parameter that is true, false or not given.
func yesOrNo(name, value string) (bool, error) {
	switch value {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, invalidField(name, "true or false is expected")
}

func viewOfListing(l provisioning.Listing) unlinkedView {
	v := unlinkedView{
		Account: l.Account, CertificateID: l.CertificateID, Status: l.Status, ProviderStatus: l.ProviderStatus,
		Product: textOrNull(l.Product), ProviderProduct: l.ProviderProduct, Years: numberOrNull(l.Years), CommonName: textOrNull(l.CommonName),
		PurchasedOn: dateOrNull(l.PurchasedOn), ExpiresOn: dateOrNull(l.ExpiresOn), ActivationEndsOn: dateOrNull(l.ActivationEndsOn),
		FirstSeenAt: instantOrNull(l.FirstSeenAt),
	}
	if l.DismissedBy != "" {
		v.Dismissed = &dismissalView{By: l.DismissedBy, At: instant(l.DismissedAt), Note: textOrNull(l.DismissedNote)}
	}
	return v
}

// link gives an unlinked certificate to a service of the panel whose key is used.
func (s *Server) link(c *call) (answer, error) {
	var body struct {
		Account       string              `json:"account"`
		CertificateID string              `json:"certificate_id"`
		ServiceID     string              `json:"service_id"`
		Product       string              `json:"product"`
		Years         int                 `json:"years"`
		PurchasedOn   string              `json:"purchased_on"`
		As            provisioning.Reason `json:"as"`
		Client        struct {
			ExternalID string `json:"external_id"`
			Name       string `json:"name"`
			Email      string `json:"email"`
		} `json:"client"`
		Note string `json:"note"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := neededFields(body.Account, body.CertificateID); err != nil {
		return answer{}, err
	}
	if body.ServiceID == "" {
		return answer{}, invalidField("service_id", "this field is needed")
	}
	request := provisioning.LinkRequest{
		Panel: c.panel(), ServiceID: body.ServiceID, Account: body.Account, CertificateID: body.CertificateID, Product: body.Product,
		Years: body.Years, As: body.As, Client: provisioning.Client(body.Client), Note: body.Note,
	}
	if body.PurchasedOn != "" {
		purchased, err := provisioning.ParseDate(body.PurchasedOn)
		if err != nil {
			return answer{}, invalidField("purchased_on", "a date YYYY-MM-DD is expected")
		}
		request.PurchasedOn = purchased
	}
	if err := boundedNote(body.Note); err != nil {
		return answer{}, err
	}
	result, err := s.bridge.Link(c.Request().Context(), c.caller().Actor, request)
	if err != nil {
		return answer{}, err
	}
	return s.outcome(result)
}

// dismiss notes that an unlinked certificate is nobody's business.
func (s *Server) dismiss(c *call) (answer, error) {
	var body struct {
		Account       string `json:"account"`
		CertificateID string `json:"certificate_id"`
		Note          string `json:"note"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if err := neededFields(body.Account, body.CertificateID); err != nil {
		return answer{}, err
	}
	if err := boundedNote(body.Note); err != nil {
		return answer{}, err
	}
	actor := c.caller().Actor
	if err := s.bridge.Dismiss(c.Request().Context(), actor, body.Account, body.CertificateID, body.Note); err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, struct {
		Account       string  `json:"account"`
		CertificateID string  `json:"certificate_id"`
		DismissedBy   string  `json:"dismissed_by"`
		Note          *string `json:"note"`
	}{body.Account, body.CertificateID, actor, textOrNull(body.Note)})
}

func neededFields(account, certificateID string) error {
	switch "" {
	case account:
		return invalidField("account", "this field is needed")
	case certificateID:
		return invalidField("certificate_id", "this field is needed")
	}
	return nil
}

// maxNote bounds what a person writes beside a decision, in characters.
const maxNote = 1000

func boundedNote(note string) error {
	if len([]rune(note)) > maxNote {
		return invalidField("note", "a note has at most %d characters", maxNote)
	}
	return nil
}
