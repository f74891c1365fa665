// SPDX-License-Identifier: Apache-2.0

package provisioning

// ValidationLevel is what a certificate authority verifies about the subject
// (Baseline Requirements 7.1.6.1): the domain, the organisation, or the
// organisation under the Extended Validation guidelines.
type ValidationLevel string

// The validation levels.
const (
	DomainValidated       ValidationLevel = "dv"
	OrganizationValidated ValidationLevel = "ov"
	ExtendedValidation    ValidationLevel = "ev"
)

// Coverage is which names one certificate of a product can hold.
type Coverage string

// The coverages. A single-domain certificate also covers the www name beside
// its common name.
const (
	SingleDomain   Coverage = "single"
	WildcardDomain Coverage = "wildcard"
	MultiDomain    Coverage = "multi_domain"
)

// Product is what an account can buy.
type Product struct {
	Code         string // lower-case slug, for example "positivessl-wildcard"
	ProviderName string // the provider's own spelling, for example "PositiveSSL Wildcard"
	Level        ValidationLevel
	Coverage     Coverage
	Years        []int // the terms that can be bought, in years
	// IncludedDomains counts the names in the base price, the common name
	// among them; 1 unless Coverage is MultiDomain.
	IncludedDomains int
	// MaxAdditionalDomains is how many names can be bought beyond those.
	MaxAdditionalDomains int
	// Methods are the ways in which control of a domain can be shown.
	Methods []ValidationMethod
}

// SameClass tells whether two products promise the same: providers replace
// products by others of the same level and coverage, under another name.
func (p Product) SameClass(other Product) bool {
	return p.Level == other.Level && p.Coverage == other.Coverage
}

// ValidationMethod is a way to show control of a domain (Baseline Requirements
// 3.2.2.4): a mail to an approver, a file on the web server, a DNS record.
type ValidationMethod string

// The validation methods.
const (
	ValidateByEmail ValidationMethod = "email" // 3.2.2.4.4
	ValidateByHTTP  ValidationMethod = "http"  // 3.2.2.4.18
	ValidateByDNS   ValidationMethod = "dns"   // 3.2.2.4.7
)
