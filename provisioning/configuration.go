// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

// maxField bounds one field of a contact, in characters.
const maxField = 255

var (
	phonePattern     = regexp.MustCompile(`^\+[0-9]{1,3}\.[0-9]{4,14}$`)
	countryPattern   = regexp.MustCompile(`^[A-Za-z]{2}$`)
	webServerPattern = regexp.MustCompile(`^[a-z0-9]{0,50}$`)
)

// configure checks a configuration against what was bought and completes it to
// what a provider needs. Nothing of it asks anybody: whatever can be known here
// is refused here, before any upstream call.
func configure(product Product, additional int, configuration Configuration) (ConfigurationRequest, error) {
	csr, err := DecodeCSR(configuration.CSR)
	if err != nil {
		return ConfigurationRequest{}, err
	}
	domains, err := requestedDomains(csr, configuration.Domains)
	if err != nil {
		return ConfigurationRequest{}, err
	}
	if err := checkCoverage(product, additional, csr, domains); err != nil {
		return ConfigurationRequest{}, err
	}
	choices, err := chooseValidation(product, validatedNames(product, csr.CommonName, domains), configuration.Validation)
	if err != nil {
		return ConfigurationRequest{}, err
	}
	if err := checkContact(product.Level, configuration.Contact, csr.Organization); err != nil {
		return ConfigurationRequest{}, err
	}
	if !webServerPattern.MatchString(configuration.WebServer) {
		return ConfigurationRequest{}, invalid("invalid_web_server", "The web server is named by lower-case letters and digits, for example nginx.")
	}
	return ConfigurationRequest{
		Product: product.Code, CSR: configuration.CSR, CommonName: csr.CommonName, Domains: domains,
		WebServer: configuration.WebServer, Validation: choices, Contact: configuration.Contact,
	}, nil
}

// requestedDomains are the names beside the common name: those that were asked
// for, else those of the CSR. A CSR must not name others than those asked for.
func requestedDomains(csr CSR, asked []string) ([]string, error) {
	if asked == nil {
		return csr.Domains, nil
	}
	if len(asked) > maxCSRDomain {
		return nil, invalid("too_many_domains", "More than %d names were given.", maxCSRDomain)
	}
	var domains []string
	for _, name := range asked {
		normal, err := NormalizeName(name)
		if err != nil {
			return nil, err
		}
		if slices.Contains(domains, normal) {
			return nil, invalid("duplicate_domain", "%q is given twice.", normal)
		}
		if normal != csr.CommonName {
			domains = append(domains, normal)
		}
	}
	for _, name := range csr.Domains {
		if !slices.Contains(domains, name) && name != wwwTwin(csr.CommonName) && name != baseName(csr.CommonName) {
			return nil, invalid("csr_name_mismatch", "The CSR is also for %q, which is not among the names given.", name)
		}
	}
	return domains, nil
}

// checkCoverage holds the names against what the product covers and how many
// names were bought.
func checkCoverage(product Product, additional int, csr CSR, domains []string) error {
	if product.Coverage == WildcardDomain && !isWildcard(csr.CommonName) {
		return invalid("csr_wildcard_required", "This product secures all sub-domains of a domain: the common name of the CSR must begin with \"*.\", for example *.%s.", csr.CommonName)
	}
	if product.Coverage != WildcardDomain {
		for _, name := range append([]string{csr.CommonName}, domains...) {
			if isWildcard(name) {
				return invalid("csr_wildcard_not_allowed", "This product does not cover %q; a wildcard product is needed for it.", name)
			}
		}
	}
	bought := product.IncludedDomains + additional
	switch product.Coverage {
	case MultiDomain:
		if 1+len(domains) > bought {
			return invalid("too_many_domains", "%d names are asked for, but %d were bought, the common name among them.", 1+len(domains), bought)
		}
	case WildcardDomain:
		return coveredByOne(csr.CommonName, baseName(csr.CommonName), domains)
	default:
		return coveredByOne(csr.CommonName, wwwTwin(csr.CommonName), domains)
	}
	return nil
}

// coveredByOne allows, beside the common name, only the one name that the
// product covers for free.
func coveredByOne(commonName, free string, domains []string) error {
	for _, name := range domains {
		if name != free {
			return invalid("too_many_domains", "This product secures %s and %s; it has no room for %q.", commonName, free, name)
		}
	}
	return nil
}

// validatedNames are the names whose control must be shown one by one. The free
// name beside a single or wildcard one is covered by the validation of the other.
func validatedNames(product Product, commonName string, domains []string) []string {
	if product.Coverage == MultiDomain {
		return append([]string{commonName}, domains...)
	}
	return []string{commonName}
}

// chooseValidation makes one choice per name from one choice for all of them, or
// checks that there is one for each.
func chooseValidation(product Product, names []string, given []ValidationChoice) ([]ValidationChoice, error) {
	if len(given) == 0 {
		return nil, invalid("validation_missing", "Say how control of the domain is to be shown: by email, http or dns.")
	}
	forAll := len(given) == 1 && given[0].Domain == ""
	byName := map[string]ValidationChoice{}
	if !forAll {
		var err error
		if byName, err = choicesByName(names, given); err != nil {
			return nil, err
		}
	}
	choices := make([]ValidationChoice, 0, len(names))
	for _, name := range names {
		choice, found := byName[name]
		if forAll {
			choice, found = given[0], true
		}
		if !found {
			return nil, invalid("validation_missing", "Say how control of %q is to be shown: by email, http or dns.", name)
		}
		choice.Domain = name
		if err := checkChoice(product, choice); err != nil {
			return nil, err
		}
		choices = append(choices, choice)
	}
	return choices, nil
}

// choicesByName sorts choices by the name that they are for. The name that is
// covered by the validation of another, and the base of a wildcard, may be named
// too: the record or the approver of a wildcard belongs to its base.
func choicesByName(names []string, given []ValidationChoice) (map[string]ValidationChoice, error) {
	byName := map[string]ValidationChoice{}
	for _, choice := range given {
		name, err := NormalizeName(choice.Domain)
		if err != nil {
			return nil, err
		}
		meant := name
		if !slices.Contains(names, name) && (name == wwwTwin(names[0]) || name == baseName(names[0])) {
			meant = names[0]
		}
		if !slices.Contains(names, meant) {
			return nil, invalid("validation_domain_unknown", "A validation method is given for %q, which is not among the names.", name)
		}
		before, twice := byName[meant]
		if twice && (before.Domain == choice.Domain || before.Method != choice.Method) {
			return nil, invalid("duplicate_domain", "Two validation methods are given for %q.", name)
		}
		if !twice || meant == name {
			byName[meant] = choice
		}
	}
	return byName, nil
}

func checkChoice(product Product, choice ValidationChoice) error {
	switch choice.Method {
	case ValidateByEmail, ValidateByHTTP, ValidateByDNS:
	default:
		return invalid("validation_method_unknown", "%q is not a validation method; there are email, http and dns.", bounded(string(choice.Method)))
	}
	if choice.Method == ValidateByHTTP && isWildcard(choice.Domain) {
		return invalid("validation_method_not_allowed", "A file cannot show control of all sub-domains of %s; choose dns or email (Baseline Requirements 3.2.2.4.18).", baseName(choice.Domain))
	}
	if !slices.Contains(product.Methods, choice.Method) {
		return invalid("validation_method_not_allowed", "This product cannot be validated by %s.", choice.Method)
	}
	if choice.Method != ValidateByEmail {
		if choice.ApproverEmail != "" {
			return invalid("approver_email_not_allowed", "An approver's address belongs to validation by email only.")
		}
		return nil
	}
	if choice.ApproverEmail == "" {
		return invalid("approver_email_missing", "Validation of %s by email needs the address of the approver.", choice.Domain)
	}
	if !mayApprove(choice.ApproverEmail, choice.Domain) {
		return invalid("approver_email_not_allowed", "%q may not approve %s; use admin@, administrator@, webmaster@, hostmaster@ or postmaster@ the domain.", bounded(choice.ApproverEmail), choice.Domain)
	}
	return nil
}

// checkContact holds a contact against what the product's level needs.
func checkContact(level ValidationLevel, contact Contact, csrOrganization string) error {
	type field struct{ name, value string }
	fields := []field{
		{"first_name", contact.FirstName}, {"last_name", contact.LastName}, {"job_title", contact.JobTitle},
		{"email", contact.Email}, {"phone", contact.Phone}, {"organization", contact.Organization},
		{"address1", contact.Address1}, {"address2", contact.Address2}, {"city", contact.City},
		{"state", contact.State}, {"postal_code", contact.PostalCode}, {"country", contact.Country},
	}
	var needed []string
	if level == OrganizationValidated || level == ExtendedValidation {
		needed = []string{"first_name", "last_name", "email", "phone"}
		if csrOrganization == "" {
			needed = append(needed, "organization")
		}
	}
	if level == ExtendedValidation {
		needed = append(needed, "address1", "city", "state", "postal_code", "country")
	}
	for _, f := range fields {
		if f.value == "" && slices.Contains(needed, f.name) {
			return invalid("contact_incomplete", "This product needs the contact's %s.", strings.ReplaceAll(f.name, "_", " "))
		}
		if len([]rune(f.value)) > maxField || strings.ContainsFunc(f.value, isControl) {
			return invalid("contact_invalid", "The contact's %s is too long or holds control characters.", strings.ReplaceAll(f.name, "_", " "))
		}
	}
	if contact.Email != "" {
		if address, err := mail.ParseAddress(contact.Email); err != nil || address.Address != contact.Email {
			return invalid("contact_invalid", "The contact's email is not an address.")
		}
	}
	if contact.Phone != "" && !phonePattern.MatchString(contact.Phone) {
		return invalid("contact_invalid", "The contact's phone is written +CC.NUMBER, for example +1.5551234567.")
	}
	if contact.Country != "" && !countryPattern.MatchString(contact.Country) {
		return invalid("contact_invalid", "The contact's country is a two-letter code (ISO 3166-1), for example US.")
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// takeOver fills what a reissue leaves out from the certificate that is replaced.
// Names and methods go with the common name: for another one they start anew.
func (c Configuration) takeOver(from Certificate) Configuration {
	if c.CSR == "" {
		c.CSR = from.CSR
	}
	if c.WebServer == "" {
		c.WebServer = from.WebServer
	}
	if c.Contact == (Contact{}) {
		c.Contact = from.Contact
	}
	csr, err := DecodeCSR(c.CSR)
	sameName := err == nil && csr.CommonName == from.CommonName
	if c.Domains == nil && sameName {
		c.Domains = append([]string{}, from.Domains...)
	}
	if c.Validation == nil {
		choices := sameMethods(from.Validation)
		if sameName || len(choices) == 1 && choices[0].Domain == "" {
			c.Validation = choices
		}
	}
	return c
}

// sameMethods chooses as before: one method for all names if there was one that
// does not depend on the name, else name by name.
func sameMethods(before []DomainValidation) []ValidationChoice {
	var choices []ValidationChoice
	one := true
	for _, domain := range before {
		choices = append(choices, ValidationChoice{Domain: domain.Domain, Method: domain.Method, ApproverEmail: domain.ApproverEmail})
		one = one && domain.Method == before[0].Method && domain.Method != ValidateByEmail
	}
	if one && len(choices) > 0 {
		return []ValidationChoice{{Method: choices[0].Method}}
	}
	return choices
}
