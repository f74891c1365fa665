// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	dvSingle   = Product{Code: "single", Level: DomainValidated, Coverage: SingleDomain, IncludedDomains: 1, Methods: []ValidationMethod{ValidateByEmail, ValidateByHTTP, ValidateByDNS}}
	dvWildcard = Product{Code: "wildcard", Level: DomainValidated, Coverage: WildcardDomain, IncludedDomains: 1, Methods: []ValidationMethod{ValidateByEmail, ValidateByDNS}}
	dvMulti    = Product{Code: "multi", Level: DomainValidated, Coverage: MultiDomain, IncludedDomains: 3, MaxAdditionalDomains: 97, Methods: []ValidationMethod{ValidateByEmail, ValidateByHTTP, ValidateByDNS}}
	evSingle   = Product{Code: "ev", Level: ExtendedValidation, Coverage: SingleDomain, IncludedDomains: 1, Methods: []ValidationMethod{ValidateByEmail, ValidateByHTTP, ValidateByDNS}}
)

func p256(t testing.TB) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func csrOf(t testing.TB, key crypto.Signer, commonName string, names ...string) string {
	t.Helper()
	return csrFrom(t, key, &x509.CertificateRequest{Subject: pkix.Name{CommonName: commonName}, DNSNames: names})
}

func csrFrom(t testing.TB, key crypto.Signer, template *x509.CertificateRequest) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func codeOf(err error) string {
	var told *Error
	if errors.As(err, &told) {
		return told.Code
	}
	if err != nil {
		return "untyped: " + err.Error()
	}
	return ""
}

func TestCSRsThatAreNotAccepted(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := csrOf(t, p256(t), "example.com")
	block, _ := pem.Decode([]byte(good))
	forged := append([]byte(nil), block.Bytes...)
	forged[len(forged)-1] ^= 1
	for name, test := range map[string]struct{ csr, code string }{
		"nothing":               {"", "csr_unreadable"},
		"words":                 {"my certificate please", "csr_unreadable"},
		"a certificate":         {strings.ReplaceAll(good, "CERTIFICATE REQUEST", "CERTIFICATE"), "csr_unreadable"},
		"cut in the middle":     {good[:len(good)/2], "csr_unreadable"},
		"broken inside":         {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: block.Bytes[:40]})), "csr_unreadable"},
		"two of them":           {good + good, "csr_unreadable"},
		"too long":              {good + strings.Repeat("\n", maxCSR), "csr_unreadable"},
		"signed by another key": {string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: forged})), "csr_signature"},
		"RSA 1024":              {csrOf(t, weak, "example.com"), "csr_weak_key"},
		"P-521":                 {csrOf(t, p521, "example.com"), "csr_key_not_supported"},
		"Ed25519":               {csrOf(t, ed, "example.com"), "csr_key_not_supported"},
		"without a name":        {csrOf(t, p256(t), ""), "csr_common_name_missing"},
		"in its own letters":    {csrOf(t, p256(t), "bücher.example.de"), "csr_name_not_ascii"},
		"for an internal name":  {csrOf(t, p256(t), "intranet"), "invalid_domain"},
		"for an address":        {csrFrom(t, p256(t), &x509.CertificateRequest{Subject: pkix.Name{CommonName: "example.com"}, IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}}), "invalid_domain"},
	} {
		if _, err := DecodeCSR(test.csr); codeOf(err) != test.code {
			t.Errorf("a CSR that is %s: %q, want %q", name, codeOf(err), test.code)
		}
	}
}

func TestACSRIsDecoded(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := csrFrom(t, key, &x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: "XN--bcher-kva.example.de", Organization: []string{"Bücher GmbH"}, Country: []string{"DE"}, Province: []string{"Bayern"}, Locality: []string{"München"}},
		DNSNames: []string{"www.xn--bcher-kva.example.de", "xn--bcher-kva.example.de", "WWW.xn--bcher-kva.example.de"},
	})
	got, err := DecodeCSR("\r\n" + text + "  \n")
	if err != nil {
		t.Fatal(err)
	}
	want := CSR{
		CommonName: "xn--bcher-kva.example.de", Domains: []string{"www.xn--bcher-kva.example.de"}, KeyAlgorithm: "RSA", KeyBits: 2048,
		SignatureAlgorithm: "SHA256-RSA", Organization: "Bücher GmbH", Country: "DE", State: "Bayern", City: "München",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNamesMustBeThoseThatWereBought(t *testing.T) {
	t.Parallel()
	key := p256(t)
	for name, test := range map[string]struct {
		product    Product
		additional int
		csr        string
		domains    []string
		code       string
		want       []string // the names beside the common name
	}{
		"one name":                             {dvSingle, 0, csrOf(t, key, "example.com"), nil, "", nil},
		"with its www":                         {dvSingle, 0, csrOf(t, key, "example.com"), []string{"www.example.com"}, "", []string{"www.example.com"}},
		"www with its base":                    {dvSingle, 0, csrOf(t, key, "www.example.com", "example.com"), nil, "", []string{"example.com"}},
		"another name beside it":               {dvSingle, 0, csrOf(t, key, "example.com"), []string{"shop.example.com"}, "too_many_domains", nil},
		"another name in the CSR":              {dvSingle, 0, csrOf(t, key, "example.com", "shop.example.com"), nil, "too_many_domains", nil},
		"a CSR for more than was asked":        {dvMulti, 0, csrOf(t, key, "example.com", "example.org"), []string{"example.net"}, "csr_name_mismatch", nil},
		"wildcard CSR for a single product":    {dvSingle, 0, csrOf(t, key, "*.example.com"), nil, "csr_wildcard_not_allowed", nil},
		"wildcard among the names":             {dvMulti, 0, csrOf(t, key, "example.com"), []string{"*.example.org"}, "csr_wildcard_not_allowed", nil},
		"plain CSR for a wildcard product":     {dvWildcard, 0, csrOf(t, key, "example.com"), nil, "csr_wildcard_required", nil},
		"wildcard with its base":               {dvWildcard, 0, csrOf(t, key, "*.example.com", "example.com"), nil, "", []string{"example.com"}},
		"wildcard with another":                {dvWildcard, 0, csrOf(t, key, "*.example.com"), []string{"example.org"}, "too_many_domains", nil},
		"three names included":                 {dvMulti, 0, csrOf(t, key, "example.com"), []string{"example.org", "example.net"}, "", []string{"example.org", "example.net"}},
		"a fourth name not bought":             {dvMulti, 0, csrOf(t, key, "example.com"), []string{"a.example.com", "b.example.com", "c.example.com"}, "too_many_domains", nil},
		"a fourth name bought":                 {dvMulti, 1, csrOf(t, key, "example.com"), []string{"a.example.com", "b.example.com", "c.example.com"}, "", []string{"a.example.com", "b.example.com", "c.example.com"}},
		"the same name twice":                  {dvMulti, 0, csrOf(t, key, "example.com"), []string{"a.example.com", "A.example.com."}, "duplicate_domain", nil},
		"the common name among the names":      {dvMulti, 0, csrOf(t, key, "example.com"), []string{"example.com", "example.org"}, "", []string{"example.org"}},
		"an internationalised name":            {dvMulti, 0, csrOf(t, key, "example.com"), []string{"bücher.example.de"}, "", []string{"xn--bcher-kva.example.de"}},
		"the names of the CSR, if none given":  {dvMulti, 0, csrOf(t, key, "example.com", "example.org"), nil, "", []string{"example.org"}},
		"a name that nobody may certify":       {dvMulti, 0, csrOf(t, key, "example.com"), []string{"server.local"}, "invalid_domain", nil},
		"more names than any certificate hold": {dvMulti, 97, csrOf(t, key, "example.com"), make([]string, 300), "too_many_domains", nil},
	} {
		request, err := configure(test.product, test.additional, Configuration{CSR: test.csr, Domains: test.domains, Validation: []ValidationChoice{{Method: ValidateByDNS}}})
		if codeOf(err) != test.code {
			t.Errorf("%s: %q, want %q", name, codeOf(err), test.code)
		}
		if diff := cmp.Diff(test.want, request.Domains); err == nil && diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestHowControlIsShown(t *testing.T) {
	t.Parallel()
	key := p256(t)
	single, wildcard := csrOf(t, key, "example.com"), csrOf(t, key, "*.example.com")
	multi := csrOf(t, key, "example.com", "example.org")
	byMail := func(domain, address string) ValidationChoice {
		return ValidationChoice{Domain: domain, Method: ValidateByEmail, ApproverEmail: address}
	}
	for name, test := range map[string]struct {
		product Product
		csr     string
		given   []ValidationChoice
		code    string
		want    []ValidationChoice
	}{
		"nothing said":           {dvSingle, single, nil, "validation_missing", nil},
		"no such method":         {dvSingle, single, []ValidationChoice{{Method: "phone"}}, "validation_method_unknown", nil},
		"dns":                    {dvSingle, single, []ValidationChoice{{Method: ValidateByDNS}}, "", []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}}},
		"file for a wildcard":    {dvWildcard, wildcard, []ValidationChoice{{Method: ValidateByHTTP}}, "validation_method_not_allowed", nil},
		"dns for a wildcard":     {dvWildcard, wildcard, []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}, {Domain: "*.example.com", Method: ValidateByDNS}}, "", []ValidationChoice{{Domain: "*.example.com", Method: ValidateByDNS}}},
		"mail without address":   {dvSingle, single, []ValidationChoice{{Method: ValidateByEmail}}, "approver_email_missing", nil},
		"mail to a stranger":     {dvSingle, single, []ValidationChoice{byMail("", "ann@example.com")}, "approver_email_not_allowed", nil},
		"mail":                   {dvSingle, single, []ValidationChoice{byMail("example.com", "admin@example.com")}, "", []ValidationChoice{byMail("example.com", "admin@example.com")}},
		"address with dns":       {dvSingle, single, []ValidationChoice{{Method: ValidateByDNS, ApproverEmail: "admin@example.com"}}, "approver_email_not_allowed", nil},
		"one name left out":      {dvMulti, multi, []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}}, "validation_missing", nil},
		"a name too many":        {dvMulti, multi, []ValidationChoice{{Domain: "example.net", Method: ValidateByDNS}}, "validation_domain_unknown", nil},
		"one method for all":     {dvMulti, multi, []ValidationChoice{{Method: ValidateByHTTP}}, "", []ValidationChoice{{Domain: "example.com", Method: ValidateByHTTP}, {Domain: "example.org", Method: ValidateByHTTP}}},
		"one method for each":    {dvMulti, multi, []ValidationChoice{byMail("example.org", "admin@example.org"), {Domain: "Example.com", Method: ValidateByDNS}}, "", []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}, byMail("example.org", "admin@example.org")}},
		"a name twice":           {dvMulti, multi, []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}, {Domain: "example.com", Method: ValidateByHTTP}, {Domain: "example.org", Method: ValidateByDNS}}, "duplicate_domain", nil},
		"the base of a wildcard": {dvWildcard, wildcard, []ValidationChoice{{Domain: "example.com", Method: ValidateByDNS}}, "", []ValidationChoice{{Domain: "*.example.com", Method: ValidateByDNS}}},
		"one address for names":  {dvMulti, multi, []ValidationChoice{byMail("", "admin@example.com")}, "approver_email_not_allowed", nil},
	} {
		request, err := configure(test.product, 0, Configuration{CSR: test.csr, Validation: test.given})
		if codeOf(err) != test.code {
			t.Errorf("%s: %q, want %q", name, codeOf(err), test.code)
		}
		if diff := cmp.Diff(test.want, request.Validation); err == nil && diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhichContactAProductNeeds(t *testing.T) {
	t.Parallel()
	whole := Contact{
		FirstName: "Ann", LastName: "Doe", Email: "ann@example.com", Phone: "+1.5551234567", Organization: "Example Ltd",
		Address1: "1 Road", City: "Town", State: "ST", PostalCode: "12345", Country: "US",
	}
	without := func(change func(*Contact)) Contact {
		contact := whole
		change(&contact)
		return contact
	}
	for name, test := range map[string]struct {
		product Product
		contact Contact
		code    string
	}{
		"none for DV":           {dvSingle, Contact{}, ""},
		"whole for EV":          {evSingle, whole, ""},
		"none for EV":           {evSingle, Contact{}, "contact_incomplete"},
		"EV without city":       {evSingle, without(func(c *Contact) { c.City = "" }), "contact_incomplete"},
		"EV without phone":      {evSingle, without(func(c *Contact) { c.Phone = "" }), "contact_incomplete"},
		"phone without country": {dvSingle, without(func(c *Contact) { c.Phone = "5551234567" }), "contact_invalid"},
		"not an address":        {dvSingle, without(func(c *Contact) { c.Email = "Ann <ann@example.com>" }), "contact_invalid"},
		"a country in words":    {dvSingle, without(func(c *Contact) { c.Country = "USA" }), "contact_invalid"},
		"a line break":          {dvSingle, without(func(c *Contact) { c.City = "Town\r\nX: y" }), "contact_invalid"},
		"far too long":          {dvSingle, without(func(c *Contact) { c.Address1 = strings.Repeat("x", 256) }), "contact_invalid"},
	} {
		_, err := configure(test.product, 0, Configuration{CSR: csrOf(t, p256(t), "example.com"), Validation: []ValidationChoice{{Method: ValidateByDNS}}, Contact: test.contact})
		if codeOf(err) != test.code {
			t.Errorf("%s: %q, want %q", name, codeOf(err), test.code)
		}
	}
}

func FuzzDecodeCSR(f *testing.F) {
	f.Add(csrOf(f, p256(f), "example.com", "www.example.com"))
	f.Add("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n")
	f.Fuzz(func(t *testing.T, text string) {
		csr, err := DecodeCSR(text)
		if code := codeOf(err); strings.HasPrefix(code, "untyped") {
			t.Fatalf("an error without a code: %s", code)
		}
		if err == nil && (csr.CommonName == "" || csr.KeyBits < 256) {
			t.Fatalf("accepted without a name or key: %+v", csr)
		}
	})
}
