// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// authority is a three-level hierarchy whose issuing CA is certified three
// times: by the root itself, through one and through two further CAs. A leaf
// therefore verifies with a chain of any length from one to three.
type authority struct {
	issuer *x509.Certificate
	key    *ecdsa.PrivateKey
	root   []byte
	chains [3][][]byte // DER, issuing CA first, without the root; index is length - 1
}

// caEntity is a CA before it has a certificate.
type caEntity struct {
	subject pkix.Name
	key     *ecdsa.PrivateKey
	self    *x509.Certificate // what it signs with
}

func newAuthority(environment string) (*authority, error) {
	names := []string{"Root", "Primary", "Policy", "Issuing"}
	entities := make([]caEntity, len(names))
	for i, name := range names {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("simulator: CA key: %w", err)
		}
		entities[i] = caEntity{key: key, subject: pkix.Name{
			Organization: []string{"Simulator, not for use"}, CommonName: fmt.Sprintf("Simulator %s CA (%s)", name, environment),
		}}
	}
	root, primary, policy, issuing := &entities[0], &entities[1], &entities[2], &entities[3]
	ders := map[string][]byte{}
	for _, step := range []struct {
		name           string
		subject, under *caEntity
	}{
		{"root", root, root},
		{"primary", primary, root},
		{"policy", policy, primary},
		{"policy-root", policy, root},
		{"issuing", issuing, policy},
		{"issuing-root", issuing, root},
	} {
		der, err := certify(step.subject, step.under)
		if err != nil {
			return nil, fmt.Errorf("simulator: CA certificate %s: %w", step.name, err)
		}
		ders[step.name] = der
	}
	return &authority{
		issuer: issuing.self, key: issuing.key, root: ders["root"],
		chains: [3][][]byte{
			{ders["issuing-root"]},
			{ders["issuing"], ders["policy-root"]},
			{ders["issuing"], ders["policy"], ders["primary"]},
		},
	}, nil
}

// certify makes a CA certificate, valid for as long as anyone may set the clock.
func certify(subject, under *caEntity) ([]byte, error) {
	serial, err := serialNumber()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: subject.subject,
		NotBefore: time.Date(2005, time.January, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2049, time.December, 31, 23, 59, 59, 0, time.UTC),
		IsCA:      true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	parent := under.self
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, subject.key.Public(), under.key)
	if err != nil {
		return nil, err
	}
	if subject.self == nil {
		subject.self, err = x509.ParseCertificate(der)
	}
	return der, err
}

// serialNumber draws 128 random bits; the first is zero and the second is one,
// so that the number is positive and never short.
func serialNumber() (*big.Int, error) {
	bytes := make([]byte, 16)
	if _, err := rand.Read(bytes); err != nil {
		return nil, err
	}
	bytes[0] = bytes[0]&0x3F | 0x40
	return new(big.Int).SetBytes(bytes), nil
}

func (a *authority) rootPEM() []byte { return []byte(certificatePEM(a.root)) }

// chain returns the CA certificates for a length from 1 to 3, issuing CA first.
func (a *authority) chain(length int) [][]byte { return a.chains[length-1] }

// leafTemplate is what the CA is asked to sign.
type leafTemplate struct {
	request             *signingRequest
	organization        string
	names               []string
	notBefore, notAfter time.Time
}

func (a *authority) sign(t leafTemplate) (der []byte, serial *big.Int, err error) {
	if serial, err = serialNumber(); err != nil {
		return nil, nil, err
	}
	subject := pkix.Name{}
	if len(t.request.commonName) <= 64 {
		subject.CommonName = t.request.commonName
	}
	if t.organization != "" {
		subject.Organization = []string{t.organization}
	}
	der, err = x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial, Subject: subject, DNSNames: t.names, NotBefore: t.notBefore, NotAfter: t.notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}, a.issuer, t.request.parsed.PublicKey, a.key)
	return der, serial, err
}

// leafNames are the names of a leaf: a single-domain certificate covers the www
// twin, a wildcard its base.
func leafNames(coverage string, names []*dcvName) []string {
	list := make([]string, 0, len(names)+1)
	for _, name := range names {
		list = append(list, name.domain)
	}
	switch base, www := strings.CutPrefix(list[0], "www."); {
	case coverage == wildcard:
		list = append(list, strings.TrimPrefix(list[0], "*."))
	case coverage == singleDomain && www && publicName(base):
		list = append(list, base)
	case coverage == singleDomain && !www:
		list = append(list, "www."+list[0])
	}
	return list
}

// leafDays is how long a leaf issued at an instant may live (Baseline
// Requirements 6.3.2, with the provider's own first date).
func (w *Switches) leafDays(at time.Time) int {
	switch {
	case !at.Before(w.Leaf47From):
		return 47
	case !at.Before(w.Leaf100From):
		return 100
	case !at.Before(w.Leaf200From):
		return 200
	}
	return 398
}

// reuseDays is how long a domain validation may be used again (Baseline
// Requirements 4.2.1); it follows the same dates.
func (w *Switches) reuseDays(at time.Time) int {
	if days := w.leafDays(at); days > 47 {
		return days
	}
	return 10
}

// leafEnd is the last second of a leaf: never beyond the paid term, but at
// least a day.
func (w *Switches) leafEnd(issued, termEnd time.Time) time.Time {
	end := issued.Add(time.Duration(w.leafDays(issued))*24*time.Hour - time.Second)
	if end.After(termEnd) {
		end = termEnd
	}
	if least := issued.Add(24 * time.Hour); end.Before(least) {
		end = least
	}
	return end.Truncate(time.Second)
}

func certificatePEM(der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// bundlePKCS7 packs certificates into a signed-data structure without signers
// (RFC 2315, degenerate case), as PEM.
func bundlePKCS7(ders [][]byte) (string, error) {
	type contentInfo struct{ ContentType asn1.ObjectIdentifier }
	type signedData struct {
		Version          int
		DigestAlgorithms asn1.RawValue
		ContentInfo      contentInfo
		Certificates     asn1.RawValue
		SignerInfos      asn1.RawValue
	}
	type outer struct {
		ContentType asn1.ObjectIdentifier
		Content     signedData `asn1:"explicit,tag:0"`
	}
	var joined []byte
	for _, der := range ders {
		joined = append(joined, der...)
	}
	emptySet := asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true}
	der, err := asn1.Marshal(outer{
		ContentType: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2},
		Content: signedData{
			Version: 1, DigestAlgorithms: emptySet, SignerInfos: emptySet,
			ContentInfo:  contentInfo{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
			Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: joined},
		},
	})
	if err != nil {
		return "", fmt.Errorf("simulator: PKCS7 bundle: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der})), nil
}
