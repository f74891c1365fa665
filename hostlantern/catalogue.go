// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"slices"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// Multi-domain products hold three names in their base price, the common name
// among them, and up to a hundred in all.
const (
	includedDomains      = 3
	maxAdditionalDomains = 97
)

// Products lists what the provider sells, families that it replaced on July 11,
// 2026 included: orders under their names are still accepted, and the answer
// names the successor of the same class.
func Products() []provisioning.Product {
	const (
		dv, ov, ev              = provisioning.DomainValidated, provisioning.OrganizationValidated, provisioning.ExtendedValidation
		single, wildcard, multi = provisioning.SingleDomain, provisioning.WildcardDomain, provisioning.MultiDomain
	)
	return []provisioning.Product{
		product("positivessl", "PositiveSSL", dv, single),
		product("essentialssl", "EssentialSSL", dv, single),
		product("standard-ssl", "Standard SSL", dv, single),
		product("instantssl", "InstantSSL", ov, single),
		product("instantssl-pro", "InstantSSL Pro", ov, single),
		product("premiumssl", "PremiumSSL", ov, single),
		product("high-assurance-ssl", "High Assurance SSL", ov, single),
		product("ev-ssl", "EV SSL", ev, single),
		product("positivessl-wildcard", "PositiveSSL Wildcard", dv, wildcard),
		product("essentialssl-wildcard", "EssentialSSL Wildcard", dv, wildcard),
		product("standard-wildcard-ssl", "Standard Wildcard SSL", dv, wildcard),
		product("premiumssl-wildcard", "PremiumSSL Wildcard", ov, wildcard),
		product("ov-wildcard-ssl", "OV Wildcard SSL", ov, wildcard),
		product("positivessl-multi-domain", "PositiveSSL Multi Domain", dv, multi),
		product("san-certificate", "SAN Certificate", dv, multi),
		product("multi-domain-ssl", "Multi Domain SSL", ov, multi),
		product("unified-communications", "Unified Communications", ov, multi),
		product("ov-multi-domain-ssl", "OV Multi-domain SSL", ov, multi),
		// Before and after July 11, 2026 the name differs by a hyphen only.
		product("ev-multi-domain-ssl", "EV Multi Domain SSL", ev, multi),
	}
}

func product(
	code, name string, level provisioning.ValidationLevel, coverage provisioning.Coverage,
) provisioning.Product {
	p := provisioning.Product{
		Code: code, ProviderName: name, Level: level, Coverage: coverage,
		Years: []int{1, 2, 3, 4, 5}, IncludedDomains: 1,
		Methods: []provisioning.ValidationMethod{
			provisioning.ValidateByEmail, provisioning.ValidateByHTTP, provisioning.ValidateByDNS,
		},
	}
	if coverage == provisioning.MultiDomain {
		p.IncludedDomains, p.MaxAdditionalDomains = includedDomains, maxAdditionalDomains
	}
	if coverage == provisioning.WildcardDomain {
		// A file proves nothing about other hosts (Baseline Requirements 3.2.2.4.18).
		p.Methods = slices.DeleteFunc(p.Methods, func(m provisioning.ValidationMethod) bool {
			return m == provisioning.ValidateByHTTP
		})
	}
	return p
}

// catalogue finds products by code and by the provider's names for them.
type catalogue struct {
	byCode map[string]provisioning.Product
	byName map[string]provisioning.Product // by folded name
}

func newCatalogue() catalogue {
	c := catalogue{byCode: map[string]provisioning.Product{}, byName: map[string]provisioning.Product{}}
	for _, p := range Products() {
		c.byCode[p.Code] = p
		c.byName[foldName(p.ProviderName)] = p
	}
	// Price lists call products by slugs of their own; most fold to the name.
	c.byName[foldName("comodossl-multi-domain-ssl")] = c.byCode["multi-domain-ssl"]
	c.byName[foldName("comodossl-ev-multi-domain-ssl")] = c.byCode["ev-multi-domain-ssl"]
	return c
}

// named finds a product by any spelling of the provider's name for it.
func (c catalogue) named(name string) (provisioning.Product, bool) {
	p, ok := c.byName[foldName(name)]
	return p, ok
}

// foldName makes "EV Multi-Domain SSL", "ev multi domain ssl" and
// "ev-multi-domain-ssl" equal.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}
