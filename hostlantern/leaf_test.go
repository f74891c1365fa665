// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newCSR(t *testing.T, key crypto.Signer, name string) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// signed is a certificate with the key that belongs to it.
type signed struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         string
}

// sign makes a certificate for key; issuer nil makes it a root.
func sign(t *testing.T, name string, serial int64, issuer *signed) *signed {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2026, time.February, 9, 0, 0, 0, 0, time.UTC),
		NotAfter:  time.Date(2026, time.August, 27, 23, 59, 59, 0, time.UTC),
		IsCA:      true, BasicConstraintsValid: true,
	}
	parent, signer := template, key
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &signed{certificate, key, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
}

// issuedInfo is a getInfo answer with PEM texts, as the API wraps them.
func issuedInfo(csr, leaf string, authorities ...string) string {
	var text strings.Builder
	text.WriteString(`<CertificateDetails><CSR><![CDATA[` + csr + `]]></CSR><CommonName>example.com</CommonName>` +
		`<Certificates CertificateReturned="true" ReturnType="INDIVIDUAL"><Certificate><![CDATA[` + "\n" + leaf + "\n\n" + `]]></Certificate><CaCertificates>`)
	for _, one := range authorities {
		text.WriteString(`<Certificate Type="INTERMEDIATE"><Certificate><![CDATA[` + one + `]]></Certificate></Certificate>`)
	}
	text.WriteString(`</CaCertificates></Certificates></CertificateDetails>`)
	return info(`Status="active" Type="positivessl" Expires="8/27/2026"`, text.String())
}

func TestTheChainIsPutInOrder(t *testing.T) {
	t.Parallel()
	root := sign(t, "Root", 1, nil)
	middle := sign(t, "Middle", 2, root)
	issuer := sign(t, "Issuer", 3, middle)
	stranger := sign(t, "Stranger", 4, nil)
	leaf := sign(t, "example.com", 0x0a1b2c, issuer)
	csr := newCSR(t, leaf.key, "example.com")
	for name, row := range map[string]struct{ sent, want []*signed }{
		"in order":       {[]*signed{issuer, middle, root}, []*signed{issuer, middle, root}},
		"backwards":      {[]*signed{root, middle, issuer}, []*signed{issuer, middle, root}},
		"one":            {[]*signed{issuer}, []*signed{issuer}},
		"none":           {nil, nil},
		"with a gap":     {[]*signed{root, issuer}, []*signed{issuer, root}},
		"with a foreign": {[]*signed{stranger, middle, issuer}, []*signed{issuer, middle, stranger}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sent, want []string
			for _, one := range row.sent {
				sent = append(sent, one.pem)
			}
			for _, one := range row.want {
				want = append(want, one.pem)
			}
			detail, err := newStub(t, issuedInfo(csr, leaf.pem, sent...)).provider.Certificate(t.Context(), "7001")
			if err != nil {
				t.Fatal(err)
			}
			if detail.Status != provisioning.StatusIssued || !slices.Equal(detail.Leaf.Chain, want) {
				t.Errorf("got %s with a chain of %d", detail.Status, len(detail.Leaf.Chain))
			}
			if detail.Leaf.PEM != leaf.pem || detail.Leaf.SerialNumber != "0a1b2c" || detail.Leaf.Issuer != "CN=Issuer" ||
				!detail.Leaf.NotAfter.Equal(leaf.certificate.NotAfter) || !detail.Leaf.NotBefore.Equal(leaf.certificate.NotBefore) {
				t.Errorf("got %+v", detail.Leaf)
			}
		})
	}
	t.Run("in one text with the leaf", func(t *testing.T) {
		t.Parallel()
		detail, err := newStub(t, issuedInfo(csr, leaf.pem+middle.pem+issuer.pem)).provider.Certificate(t.Context(), "7001")
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{issuer.pem, middle.pem}; !slices.Equal(detail.Leaf.Chain, want) {
			t.Errorf("got a chain of %d", len(detail.Leaf.Chain))
		}
	})
	t.Run("without a CSR to compare with", func(t *testing.T) {
		t.Parallel()
		detail, err := newStub(t, issuedInfo("", leaf.pem)).provider.Certificate(t.Context(), "7001")
		if err != nil || detail.Leaf == nil {
			t.Errorf("got %+v, %v", detail, err)
		}
	})
}

func TestACertificateThatIsNotTheOneIsNone(t *testing.T) {
	t.Parallel()
	issuer := sign(t, "Issuer", 3, nil)
	leaf, other := sign(t, "example.com", 5, issuer), sign(t, "example.com", 6, issuer)
	csr := newCSR(t, leaf.key, "example.com")
	for name, answer := range map[string]string{
		"for another key":          issuedInfo(csr, other.pem, issuer.pem),
		"leaf and issuer swapped":  issuedInfo(csr, issuer.pem, leaf.pem),
		"not PEM":                  issuedInfo(csr, "MIIB", issuer.pem),
		"empty":                    issuedInfo(csr, "", issuer.pem),
		"a CSR instead":            issuedInfo(csr, csr, issuer.pem),
		"broken DER":               issuedInfo(csr, "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", issuer.pem),
		"cut":                      issuedInfo(csr, leaf.pem[:len(leaf.pem)/2], issuer.pem),
		"something after it":       issuedInfo(csr, leaf.pem+"and so on", issuer.pem),
		"a broken CA certificate":  issuedInfo(csr, leaf.pem, "-----BEGIN CERTIFICATE-----"),
		"promised and not sent":    strings.Replace(issuedInfo(csr, ""), `Status="active"`, `Status="replaced"`, 1),
		"active without any":       info(`Status="active" Type="positivessl"`, ""),
		"two":                      strings.Replace(issuedInfo(csr, leaf.pem), "<CaCertificates>", "<Certificate>x</Certificate><CaCertificates>", 1),
		"no status":                info(`Type="positivessl"`, ""),
		"a private key beside it!": issuedInfo(csr, leaf.pem+"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			detail, err := newStub(t, answer).provider.Certificate(t.Context(), "7001")
			if err == nil {
				t.Fatalf("taken for the certificate: %+v", detail)
			}
			uncertain(t, err)
		})
	}
}
