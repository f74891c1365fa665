// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"slices"

	"github.com/certbridge/certbridge/provisioning"
)

// The calls below help a panel to set itself up and to build its forms.

// whoami is the connection test: which panel and key certbridge sees, and from
// where.
func (s *Server) whoami(c *call) (answer, error) {
	return jsonAnswer(http.StatusOK, struct {
		Panel     string               `json:"panel"`
		PanelName string               `json:"panel_name"`
		KeyID     string               `json:"key_id"`
		Scopes    []provisioning.Scope `json:"scopes"`
		ExpiresAt *string              `json:"expires_at"`
		Address   string               `json:"address"`
		Version   string               `json:"version"`
		Time      string               `json:"time"`
	}{
		Panel: c.panel(), PanelName: c.key.PanelName, KeyID: c.key.ID, Scopes: orEmpty(c.key.Scopes),
		ExpiresAt: instantOrNull(c.key.ExpiresAt), Address: peer(c.Request()).String(),
		Version: s.version, Time: instant(s.now()),
	})
}

type productView struct {
	Account              string                          `json:"account"`
	Provider             string                          `json:"provider"`
	Environment          provisioning.Environment        `json:"environment"`
	Product              string                          `json:"product"`
	ProviderProduct      string                          `json:"provider_product"`
	ValidationLevel      provisioning.ValidationLevel    `json:"validation_level"`
	Coverage             provisioning.Coverage           `json:"coverage"`
	Years                []int                           `json:"years"`
	IncludedDomains      int                             `json:"included_domains"`
	MaxAdditionalDomains int                             `json:"max_additional_domains"`
	ValidationMethods    []provisioning.ValidationMethod `json:"validation_methods"`
}

func (s *Server) products(*call) (answer, error) {
	list := struct {
		Products []productView `json:"products"`
	}{Products: []productView{}}
	for _, of := range s.bridge.Products() {
		for _, p := range of.Products {
			list.Products = append(list.Products, productView{
				Account: of.Account.Name, Provider: of.Account.Provider, Environment: of.Account.Environment,
				Product: p.Code, ProviderProduct: p.ProviderName, ValidationLevel: p.Level, Coverage: p.Coverage,
				Years: orEmpty(p.Years), IncludedDomains: p.IncludedDomains,
				MaxAdditionalDomains: p.MaxAdditionalDomains, ValidationMethods: orEmpty(p.Methods),
			})
		}
	}
	return jsonAnswer(http.StatusOK, list)
}

func (s *Server) decodeCSR(c *call) (answer, error) {
	var body struct {
		CSR string `json:"csr"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	csr, err := provisioning.DecodeCSR(body.CSR)
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, struct {
		CommonName         string   `json:"common_name"`
		Domains            []string `json:"domains"`
		KeyAlgorithm       string   `json:"key_algorithm"`
		KeyBits            int      `json:"key_bits"`
		SignatureAlgorithm string   `json:"signature_algorithm"`
		Organization       *string  `json:"organization"`
		Country            *string  `json:"country"`
		State              *string  `json:"state"`
		City               *string  `json:"city"`
	}{
		CommonName: csr.CommonName, Domains: orEmpty(csr.Domains), KeyAlgorithm: csr.KeyAlgorithm,
		KeyBits: csr.KeyBits, SignatureAlgorithm: csr.SignatureAlgorithm,
		Organization: textOrNull(csr.Organization), Country: textOrNull(csr.Country),
		State: textOrNull(csr.State), City: textOrNull(csr.City),
	})
}

// approverEmails asks the provider who may approve a domain.
func (s *Server) approverEmails(c *call) (answer, error) {
	parameters, err := c.query("domain", "account", "product")
	if err != nil {
		return answer{}, err
	}
	if parameters.Get("domain") == "" {
		return answer{}, invalidField("domain", "this parameter is needed")
	}
	addresses, err := s.bridge.ApproverEmails(c.Request().Context(),
		parameters.Get("account"), parameters.Get("product"), parameters.Get("domain"))
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, struct {
		ApproverEmails []string `json:"approver_emails"`
	}{orEmpty(slices.Clone(addresses))})
}

// healthz tells that the process answers, and nothing about what it needs.
func (s *Server) healthz(*call) (answer, error) {
	return jsonAnswer(http.StatusOK, map[string]string{"status": "ok"})
}

// readyz tells whether requests should be sent here.
func (s *Server) readyz(c *call) (answer, error) {
	if err := s.ready(c.Request().Context()); err != nil {
		p := newProblem(http.StatusServiceUnavailable, "not_ready", "This instance cannot serve requests at the moment.")
		p.Retryable, p.retryAfter, p.cause = true, followAfter, err
		return answer{}, p
	}
	return jsonAnswer(http.StatusOK, map[string]string{"status": "ready"})
}
