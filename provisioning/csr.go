// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"
)

const (
	maxCSR       = 32767 // characters of PEM; no provider is known to take more
	minRSABits   = 2048  // Baseline Requirements 6.1.5
	maxRSABits   = 8192
	maxCSRDomain = 250 // names in one CSR; more than any product holds
)

// CSR is what a certificate signing request asks for.
type CSR struct {
	CommonName         string   // normalised; the first DNS name if the subject has none
	Domains            []string // the DNS names beside the common name, normalised
	KeyAlgorithm       string   // "RSA" or "ECDSA"
	KeyBits            int
	SignatureAlgorithm string
	Organization       string
	Country            string
	State              string
	City               string
}

// DecodeCSR reads a PEM certificate signing request and verifies that it is
// signed by its own key and that the key is strong enough (Baseline Requirements
// 6.1.5). Codes: csr_unreadable, csr_signature, csr_weak_key,
// csr_key_not_supported, csr_common_name_missing, csr_name_not_ascii,
// invalid_domain.
func DecodeCSR(text string) (CSR, error) {
	request, err := parseCSR(text)
	if err != nil {
		return CSR{}, err
	}
	algorithm, bits, err := csrKey(request)
	if err != nil {
		return CSR{}, err
	}
	commonName, domains, err := csrNames(request)
	if err != nil {
		return CSR{}, err
	}
	return CSR{
		CommonName: commonName, Domains: domains,
		KeyAlgorithm: algorithm, KeyBits: bits, SignatureAlgorithm: request.SignatureAlgorithm.String(),
		Organization: first(request.Subject.Organization), Country: first(request.Subject.Country),
		State: first(request.Subject.Province), City: first(request.Subject.Locality),
	}, nil
}

func parseCSR(text string) (*x509.CertificateRequest, error) {
	if len(text) > maxCSR {
		return nil, invalid("csr_unreadable", "The CSR is longer than %d characters.", maxCSR)
	}
	block, rest := pem.Decode([]byte(strings.TrimSpace(text)))
	if block == nil || block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
		return nil, invalid("csr_unreadable", "The CSR is not a PEM block that begins with -----BEGIN CERTIFICATE REQUEST-----.")
	}
	if len(strings.TrimSpace(string(rest))) > 0 {
		return nil, invalid("csr_unreadable", "There is something after the end of the CSR.")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Code: "csr_unreadable", Detail: "The CSR cannot be read; please make a new one.", Err: err}
	}
	if err := request.CheckSignature(); err != nil {
		return nil, &Error{Kind: KindInvalid, Code: "csr_signature", Detail: "The CSR is not signed by its own key; please make a new one.", Err: err}
	}
	return request, nil
}

func csrKey(request *x509.CertificateRequest) (algorithm string, bits int, err error) {
	switch key := request.PublicKey.(type) {
	case *rsa.PublicKey:
		bits = key.N.BitLen()
		if bits < minRSABits {
			return "", 0, invalid("csr_weak_key", "The CSR has an RSA key of %d bits; at least %d are needed.", bits, minRSABits)
		}
		if bits > maxRSABits {
			return "", 0, invalid("csr_key_not_supported", "The CSR has an RSA key of %d bits; at most %d are accepted.", bits, maxRSABits)
		}
		return "RSA", bits, nil
	case *ecdsa.PublicKey:
		bits = key.Curve.Params().BitSize
		if bits != 256 && bits != 384 {
			return "", 0, invalid("csr_key_not_supported", "The CSR has a key on the curve %s; P-256 and P-384 are accepted.", key.Curve.Params().Name)
		}
		return "ECDSA", bits, nil
	default:
		return "", 0, invalid("csr_key_not_supported", "The CSR has a key that is neither RSA nor ECDSA.")
	}
}

func csrNames(request *x509.CertificateRequest) (commonName string, domains []string, err error) {
	names := request.DNSNames
	if request.Subject.CommonName != "" {
		names = append([]string{request.Subject.CommonName}, names...)
	}
	if len(names) == 0 {
		return "", nil, invalid("csr_common_name_missing", "The CSR names no domain: its common name is empty.")
	}
	if len(names) > maxCSRDomain {
		return "", nil, invalid("too_many_domains", "The CSR holds more than %d names.", maxCSRDomain)
	}
	if len(request.IPAddresses) > 0 {
		return "", nil, invalid("invalid_domain", "The CSR asks for an IP address; only domain names are certified.")
	}
	for i, name := range names {
		if strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
			return "", nil, internationalised(name)
		}
		if names[i], err = NormalizeName(name); err != nil {
			return "", nil, err
		}
	}
	for _, name := range names[1:] {
		if name != names[0] && !slices.Contains(domains, name) {
			domains = append(domains, name)
		}
	}
	return names[0], domains, nil
}

// internationalised refuses a name that only a new CSR can bring into the form
// that certificates carry: what is signed cannot be rewritten.
func internationalised(name string) error {
	ascii, err := NormalizeName(name)
	if err != nil {
		return err
	}
	return invalid("csr_name_not_ascii", "The CSR names %q in its own letters; certificates carry %s. Please make the CSR for that.", bounded(name), ascii)
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}
