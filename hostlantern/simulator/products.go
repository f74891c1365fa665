// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"strings"
	"time"
)

// What a certificate vouches for, and which names it covers.
const (
	domainValidated       = "DV"
	organizationValidated = "OV"
	extendedValidated     = "EV"

	singleDomain = "single"
	wildcard     = "wildcard"
	multiDomain  = "multi-domain"
)

// A multi-domain product includes the common name and two more; up to 97 can
// be added.
const (
	includedNames = 2
	maxAdded      = 97
)

// product is one entry of the catalogue. Prices are per year.
type product struct {
	name                 string
	slug                 string // in users.getPricing
	validation, coverage string
	successor            string // the name that replaces it; empty: none
	sslcom               bool   // sold only since the replacement
	purchase, renewal    money
	domain               money // one add-on domain
	absolute             bool  // priced per term, not per year
}

func catalogue() []product {
	cents := func(n int64) money { return money(n * 100) }
	return []product{
		{"PositiveSSL", "positivessl", domainValidated, singleDomain, "Standard SSL", false, cents(788), cents(900), 0, false},
		{"EssentialSSL", "essentialssl", domainValidated, singleDomain, "Standard SSL", false, cents(1888), cents(2088), 0, false},
		{"Standard SSL", "standard-ssl", domainValidated, singleDomain, "", true, cents(788), cents(900), 0, false},
		{"InstantSSL", "instantssl", organizationValidated, singleDomain, "High Assurance SSL", false, cents(3288), cents(3688), 0, false},
		{"InstantSSL Pro", "instantssl-pro", organizationValidated, singleDomain, "High Assurance SSL", false, cents(4388), cents(4788), 0, false},
		{"PremiumSSL", "premiumssl", organizationValidated, singleDomain, "High Assurance SSL", false, cents(7988), cents(8388), 0, false},
		{"High Assurance SSL", "high-assurance-ssl", organizationValidated, singleDomain, "", true, cents(3288), cents(3688), 0, false},
		{"EV SSL", "ev-ssl", extendedValidated, singleDomain, "", false, cents(7888), cents(8288), 0, true},
		{"PositiveSSL Wildcard", "positivessl-wildcard", domainValidated, wildcard, "Standard Wildcard SSL", false, cents(7488), cents(7988), 0, false},
		{"EssentialSSL Wildcard", "essentialssl-wildcard", domainValidated, wildcard, "Standard Wildcard SSL", false, cents(8888), cents(9388), 0, false},
		{"Standard Wildcard SSL", "standard-wildcard-ssl", domainValidated, wildcard, "", true, cents(7488), cents(7988), 0, false},
		{"PremiumSSL Wildcard", "premiumssl-wildcard", organizationValidated, wildcard, "OV Wildcard SSL", false, cents(16988), cents(17988), 0, false},
		{"OV Wildcard SSL", "ov-wildcard-ssl", organizationValidated, wildcard, "", true, cents(16988), cents(17988), 0, false},
		{"PositiveSSL Multi Domain", "positivessl-multi-domain", domainValidated, multiDomain, "SAN Certificate", false, cents(2388), cents(2588), cents(1188), false},
		{"SAN Certificate", "san-certificate", domainValidated, multiDomain, "", true, cents(2388), cents(2588), cents(1188), false},
		{"Multi Domain SSL", "comodossl-multi-domain-ssl", organizationValidated, multiDomain, "OV Multi-domain SSL", false, cents(8988), cents(9488), cents(2788), false},
		{"Unified Communications", "unified-communications", organizationValidated, multiDomain, "OV Multi-domain SSL", false, cents(8988), cents(9488), cents(2788), false},
		{"OV Multi-domain SSL", "ov-multi-domain-ssl", organizationValidated, multiDomain, "", true, cents(8988), cents(9488), cents(2788), false},
		{"EV Multi Domain SSL", "comodossl-ev-multi-domain-ssl", extendedValidated, multiDomain, "EV Multi-Domain SSL", false, cents(16788), cents(17588), cents(8388), true},
		{"EV Multi-Domain SSL", "ev-multi-domain-ssl", extendedValidated, multiDomain, "", true, cents(16788), cents(17588), cents(8388), true},
	}
}

// discontinued tells whether a name belongs to a certificate authority or a
// family that is no longer sold.
func discontinued(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range []string{
		"geotrust", "rapidssl", "quickssl", "true businessid", "symantec", "secure site", "verisign",
		"thawte", "ssl123", "ssl web server", "ssl webserver ev", "sgc super", "ev ssl sgc", "comodossl",
	} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return false
}

const discontinuedText = "We're sorry, the requested SSL type has been discontinued"

// replaced tells whether the product replacement is in force.
func (s *Simulator) replaced(now time.Time) bool {
	from := s.switches.ProductReplacedOn
	return !from.IsZero() && !easternDay(now).Before(time.Date(from.Year(), from.Month(), from.Day(), 0, 0, 0, 0, time.UTC))
}

// productNamed finds a product of the catalogue by name, in any letter case.
func productNamed(name string) *product {
	for _, one := range catalogue() {
		if strings.EqualFold(one.name, name) {
			return &one
		}
	}
	return nil
}

// sold resolves the name in a request: the product that is meant, or why it
// cannot be had. A replaced name gives its successor.
func (s *Simulator) sold(name, parameter string, now time.Time) (*product, *apiError) {
	found := productNamed(name)
	if found == nil && discontinued(name) {
		return nil, refuse("2011301", discontinuedText)
	}
	if found == nil || found.sslcom && !s.replaced(now) {
		return nil, refuse("2011301", "Parameter "+parameter+" is not valid")
	}
	return s.current(found, now), nil
}

// current is what a product is fulfilled as today.
func (s *Simulator) current(p *product, now time.Time) *product {
	if p.successor != "" && s.replaced(now) {
		return productNamed(p.successor)
	}
	return p
}

// fulfilledBySSLcom tells whether SSL.com is the certificate authority of an
// order for p that is placed now.
func (s *Simulator) fulfilledBySSLcom(p *product, now time.Time) bool {
	return p.sslcom || p.successor == "" && s.replaced(now)
}

func (p *product) sameClass(other *product) bool {
	return p.validation == other.validation && p.coverage == other.coverage
}
