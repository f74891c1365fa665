// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/http"
	"testing"
)

// The steps of a certificate's life, as a panel takes them.

func (p *panel) create(t *testing.T, serviceID, product string) object {
	t.Helper()
	return p.call(t, http.MethodPut, "/v1/services/"+serviceID, order(product)).want(t, http.StatusCreated).object(t)
}

func order(product string) object { return object{"account": account, "product": product, "years": 1} }

func (p *panel) activate(t *testing.T, serviceID string, csr string) object {
	t.Helper()
	return p.post(t, serviceID, "activate", configuration(csr)).want(t, http.StatusOK).object(t)
}

func configuration(csr string) object {
	return object{"csr": csr, "web_server": "nginx", "validation": object{"method": "dns"}}
}

func (p *panel) post(t *testing.T, serviceID, action string, body any, headers ...header) reply {
	t.Helper()
	return p.call(t, http.MethodPost, "/v1/services/"+serviceID+"/"+action, body, headers...)
}

func (p *panel) service(t *testing.T, serviceID string) object {
	t.Helper()
	return p.call(t, http.MethodGet, "/v1/services/"+serviceID, nil).want(t, http.StatusOK).object(t)
}

// issue has the certificate authority issue a certificate, and synchronizes.
func (p *panel) issue(t *testing.T, serviceID, certificateID string) object {
	t.Helper()
	if err := p.world.simulator.Approve(certificateID); err != nil {
		t.Fatal(err)
	}
	return p.post(t, serviceID, "synchronize", nil).want(t, http.StatusOK).object(t)
}

// issued creates, activates and issues a service.
func (p *panel) issued(t *testing.T, serviceID, product string, csr string) object {
	t.Helper()
	p.create(t, serviceID, product)
	pending := p.activate(t, serviceID, csr)
	return p.issue(t, serviceID, text(t, pending, "certificate_id"))
}

// newKey makes a key of a customer's web server.
func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// newCSR makes a CSR with a key of its own.
func newCSR(t *testing.T, names ...string) string {
	t.Helper()
	return csrOf(t, newKey(t), names...)
}

// csrOf makes a CSR; the first name is the common name.
func csrOf(t *testing.T, key crypto.Signer, names ...string) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
	}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// pemKey is a private key in PKCS #8.
func pemKey(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
