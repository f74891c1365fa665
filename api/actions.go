// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"

	"github.com/certbridge/certbridge/provisioning"
)

// plain makes a route of an action that needs nothing but the service. Such an
// action leaves nothing to wait for, so "Prefer: wait" means nothing to it.
func (s *Server) plain(action func(context.Context, provisioning.Caller, string) (provisioning.Result, error)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		if err := c.decodeOptional(&struct{}{}); err != nil {
			return answer{}, err
		}
		result, err := action(c.Request().Context(), c.caller(), c.serviceID())
		if err != nil {
			return answer{}, err
		}
		return s.outcome(result)
	}
}

// configurationBody is what activate and reissue are given.
type configurationBody struct {
	CSR        string            `json:"csr"`
	Domains    []string          `json:"domains"`
	WebServer  string            `json:"web_server"`
	Validation validationChoices `json:"validation"`
	Contact    struct {
		FirstName    string `json:"first_name"`
		LastName     string `json:"last_name"`
		JobTitle     string `json:"job_title"`
		Email        string `json:"email"`
		Phone        string `json:"phone"`
		Organization string `json:"organization"`
		Address1     string `json:"address1"`
		Address2     string `json:"address2"`
		City         string `json:"city"`
		State        string `json:"state"`
		PostalCode   string `json:"postal_code"`
		Country      string `json:"country"`
	} `json:"contact"`
}

func (c *call) configuration() (provisioning.Configuration, error) {
	var body configurationBody
	if err := c.decodeOptional(&body); err != nil {
		return provisioning.Configuration{}, err
	}
	return provisioning.Configuration{
		CSR: body.CSR, Domains: body.Domains, WebServer: body.WebServer,
		Validation: body.Validation, Contact: provisioning.Contact(body.Contact),
	}, nil
}

func (s *Server) activate(c *call) (answer, error) {
	configuration, err := c.configuration()
	if err != nil {
		return answer{}, err
	}
	result, err := s.bridge.Activate(c.Request().Context(), c.caller(), c.serviceID(), configuration)
	return s.result(c, result, err)
}

func (s *Server) reissue(c *call) (answer, error) {
	configuration, err := c.configuration()
	if err != nil {
		return answer{}, err
	}
	result, err := s.bridge.Reissue(c.Request().Context(), c.caller(), c.serviceID(), configuration)
	return s.result(c, result, err)
}

func (s *Server) renew(c *call) (answer, error) {
	var body struct {
		Years     int    `json:"years"`
		PaidUntil string `json:"paid_until"`
	}
	if err := c.decodeOptional(&body); err != nil {
		return answer{}, err
	}
	request := provisioning.RenewRequest{Years: body.Years}
	if body.PaidUntil != "" {
		paidUntil, err := provisioning.ParseDate(body.PaidUntil)
		if err != nil {
			return answer{}, invalidField("paid_until", "a date YYYY-MM-DD is expected")
		}
		request.PaidUntil = paidUntil
	}
	result, err := s.bridge.Renew(c.Request().Context(), c.caller(), c.serviceID(), request)
	return s.result(c, result, err)
}

func (s *Server) addDomains(c *call) (answer, error) {
	var body struct {
		AdditionalDomains *int `json:"additional_domains"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if body.AdditionalDomains == nil {
		return answer{}, invalidField("additional_domains", "this field is needed")
	}
	result, err := s.bridge.AddDomains(c.Request().Context(), c.caller(), c.serviceID(), *body.AdditionalDomains)
	return s.result(c, result, err)
}

func (s *Server) revoke(c *call) (answer, error) {
	var body struct {
		CertificateID string `json:"certificate_id"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	if body.CertificateID == "" {
		return answer{}, invalidField("certificate_id", "this field is needed")
	}
	result, err := s.bridge.Revoke(c.Request().Context(), c.caller(), c.serviceID(), body.CertificateID)
	return s.result(c, result, err)
}
