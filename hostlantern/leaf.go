// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// readLeaf makes a leaf of the PEM texts that the provider sent. The certificate
// must belong to the CSR; without a readable CSR there is nothing to compare it
// with. The chain may have any length, none included.
func readLeaf(certificate string, authorities []string, csr string) (*provisioning.Leaf, error) {
	own, err := parseCertificates(certificate)
	if err != nil {
		return nil, fmt.Errorf("the certificate: %w", err)
	}
	chain := own[1:]
	for _, text := range authorities {
		more, err := parseCertificates(text)
		if err != nil {
			return nil, fmt.Errorf("a CA certificate: %w", err)
		}
		chain = append(chain, more...)
	}
	leaf := own[0]
	if request := parseRequest(csr); request != nil && !bytes.Equal(
		request.RawSubjectPublicKeyInfo, leaf.RawSubjectPublicKeyInfo) {
		return nil, errors.New("the certificate is not for the key of the CSR")
	}
	read := &provisioning.Leaf{
		SerialNumber: hex.EncodeToString(leaf.SerialNumber.Bytes()),
		NotBefore:    leaf.NotBefore.UTC(),
		NotAfter:     leaf.NotAfter.UTC(),
		Issuer:       leaf.Issuer.String(),
		PEM:          encode(leaf),
	}
	for _, one := range ordered(leaf, chain) {
		read.Chain = append(read.Chain, encode(one))
	}
	return read, nil
}

// parseCertificates reads all certificates of a text; at least one.
func parseCertificates(text string) ([]*x509.Certificate, error) {
	var read []*x509.Certificate
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %q where a certificate should be", clean(block.Type, 40))
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		read = append(read, certificate)
	}
	if len(read) == 0 || strings.TrimSpace(string(rest)) != "" {
		return nil, errors.New("it is not PEM")
	}
	return read, nil
}

func parseRequest(text string) *x509.CertificateRequest {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil
	}
	return request
}

// ordered brings CA certificates into the order in which a web server sends
// them: each one is the issuer of the one before. What does not belong to that
// line, such as a second path to another root, follows in the order given.
func ordered(leaf *x509.Certificate, authorities []*x509.Certificate) []*x509.Certificate {
	var line []*x509.Certificate
	rest := slices.Clone(authorities)
	for child := leaf; ; {
		next := slices.IndexFunc(rest, func(candidate *x509.Certificate) bool { return issued(candidate, child) })
		if next < 0 {
			return append(line, rest...)
		}
		child = rest[next]
		line = append(line, child)
		rest = slices.Delete(rest, next, next+1)
	}
}

func issued(parent, child *x509.Certificate) bool {
	if !bytes.Equal(parent.RawSubject, child.RawIssuer) {
		return false
	}
	return len(parent.SubjectKeyId) == 0 || len(child.AuthorityKeyId) == 0 ||
		bytes.Equal(parent.SubjectKeyId, child.AuthorityKeyId)
}

func encode(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}
