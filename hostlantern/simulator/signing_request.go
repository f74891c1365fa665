// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/md5" //nolint:gosec // the provider names validation files by it; no security rests on it
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"net/netip"
	"strings"
	"sync"
)

// signingRequest is a CSR that the certificate authority would accept.
type signingRequest struct {
	pem          string
	parsed       *x509.CertificateRequest
	commonName   string // lower case
	organization string
	md5          string // 32 upper-case hexadecimal digits over the DER form
	sha256       string // 64 likewise
}

// requestError says what is wrong with a CSR, as a sentence for an answer.
type requestError string

func (r requestError) Error() string { return string(r) }

// readSigningRequest decodes and judges a CSR. The error is fit for an answer.
func readSigningRequest(text string) (*signingRequest, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, requestError("The CSR is not a PEM block")
	}
	if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
		return nil, requestError("The PEM block is not a certificate request")
	}
	parsed, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, requestError("The CSR could not be decoded")
	}
	if err := judgeKey(parsed.PublicKey); err != nil {
		return nil, err
	}
	if err := parsed.CheckSignature(); err != nil {
		return nil, requestError("The signature of the CSR does not verify")
	}
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(parsed.Subject.CommonName), "."))
	if name == "" {
		return nil, requestError("The common name is missing")
	}
	md := md5.Sum(block.Bytes) //nolint:gosec // as above
	sha := sha256.Sum256(block.Bytes)
	request := &signingRequest{
		pem: text, parsed: parsed, commonName: name,
		md5: strings.ToUpper(hex.EncodeToString(md[:])), sha256: strings.ToUpper(hex.EncodeToString(sha[:])),
	}
	if len(parsed.Subject.Organization) > 0 {
		request.organization = parsed.Subject.Organization[0]
	}
	return request, nil
}

// judgeKey refuses keys that the Baseline Requirements (6.1.5) do not allow.
func judgeKey(key any) error {
	switch key := key.(type) {
	case *rsa.PublicKey:
		switch bits := key.N.BitLen(); {
		case bits < 2048:
			return requestError(fmt.Sprintf("The RSA key has %d bits, at least 2048 are required", bits))
		case bits > 8192:
			return requestError(fmt.Sprintf("The RSA key has %d bits, at most 8192 are supported", bits))
		}
		return nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() || key.Curve == elliptic.P384() || key.Curve == elliptic.P521() {
			return nil
		}
		return requestError("The elliptic curve of the key is not supported")
	}
	return requestError("The type of the key is not supported")
}

// requestCache remembers CSRs that were read before, good ones only: checking a
// signature costs more than everything else in an activation.
type requestCache struct {
	mu    sync.Mutex
	byPEM map[string]*signingRequest
}

const keptRequests = 1024

func newRequestCache() *requestCache {
	return &requestCache{byPEM: map[string]*signingRequest{}}
}

func (c *requestCache) read(text string) (*signingRequest, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known := c.byPEM[text]; known != nil {
		return known, nil
	}
	request, err := readSigningRequest(text)
	if err != nil {
		return nil, err
	}
	if len(c.byPEM) >= keptRequests {
		clear(c.byPEM)
	}
	c.byPEM[text] = request
	return request, nil
}

// publicName tells whether a certificate may carry a name: a fully qualified
// domain name that is neither an address nor internal. A leading "*." is
// allowed.
func publicName(name string) bool {
	host := strings.TrimPrefix(name, "*.")
	if _, err := netip.ParseAddr(host); err == nil || len(host) > 253 {
		return false
	}
	labels := strings.Split(host, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if !hostLabel(label) {
			return false
		}
	}
	top := labels[len(labels)-1]
	switch top {
	case "local", "localhost", "localdomain", "internal", "intranet", "lan", "corp", "home", "private", "onion", "arpa":
		return false
	}
	return len(top) >= 2 && !allDigits(top)
}

func hostLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for i := range len(label) {
		b := label[i]
		if (b < 'a' || b > 'z') && (b < '0' || b > '9') && b != '-' {
			return false
		}
	}
	return true
}
