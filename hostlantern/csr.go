// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"strings"
)

// ParsedCSR is the answer to ssl.parseCSR.
type ParsedCSR struct {
	CommonName       string
	DomainName       string
	Country          string
	State            string
	Locality         string
	Organization     string
	OrganizationUnit string
	Email            string
	ValidTrueDomain  bool
	DNSNames         []string
}

// ParseCSR has the provider read a CSR (ssl.parseCSR). It takes at most 2000
// characters, which a 4096-bit key with many names exceeds; activation takes
// 32767. So it is a second opinion at best. certificateType is optional.
func (c *Client) ParseCSR(ctx context.Context, csr, certificateType string) (ParsedCSR, error) {
	parameters := url.Values{"csr": {csr}}
	if certificateType != "" {
		parameters.Set("CertificateType", certificateType)
	}
	cmd := command{name: cmdParseCSR, results: []string{"sslparsecsrresult"}}
	return ask(ctx, c, cmd, parameters, c.readCSR)
}

func (c *Client) readCSR(answer *reply) (ParsedCSR, error) {
	details := answer.result.child("csrdetails")
	parsed := ParsedCSR{
		CommonName:       clean(details.value("commonname"), 253),
		DomainName:       clean(details.value("domainname"), 253),
		Country:          clean(details.value("country"), 100),
		State:            clean(details.value("state"), 200),
		Locality:         clean(details.value("locality"), 200),
		Organization:     clean(details.value("organisation"), 200),
		OrganizationUnit: clean(details.value("organisationunit"), 200),
		Email:            clean(details.value("email"), 254),
		ValidTrueDomain:  truth(details.value("validtruedomain")),
	}
	if parsed.CommonName == "" {
		return ParsedCSR{}, c.broken(answer.command, "the answer has no common name")
	}
	for _, one := range details.all("dnsnames") {
		parsed.DNSNames = append(parsed.DNSNames, strings.FieldsFunc(string(one.text), func(r rune) bool {
			return r == ',' || r == ' ' || r == '\n' || r == '\t'
		})...)
	}
	return parsed, nil
}
