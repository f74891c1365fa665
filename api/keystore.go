// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/pavlo-v-chernykh/keystore-go/v4"
	"software.sslmate.com/src/go-pkcs12"
)

const (
	// maxPrivateKey bounds the PEM text of a key; RSA 8192 has 6.4 KiB.
	maxPrivateKey = 16 << 10
	// Java's keytool asks for six characters, people for more.
	minPassword = 8
	maxPassword = 128
	// jksAlias names the one entry of a JKS file.
	jksAlias = "certificate"
)

// secret is text that is overwritten after its use. It exists because a Go
// string cannot be.
type secret []byte

// UnmarshalText copies the text of a JSON string.
func (s *secret) UnmarshalText(text []byte) error {
	*s = bytes.Clone(text)
	return nil
}

// downloadKeystore answers with the issued certificate together with the key
// that the caller posts. The key is used for this answer and kept nowhere.
func (s *Server) downloadKeystore(c *call) (answer, error) {
	var body struct {
		Format        string `json:"format"`
		PrivateKey    secret `json:"private_key"`
		Password      secret `json:"password"`
		CertificateID string `json:"certificate_id"`
	}
	defer func() {
		clear(body.PrivateKey)
		clear(body.Password)
	}()
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	pack, known := map[string]func(keyPair, []byte, time.Time) ([]byte, error){
		"pfx": packPFX, "jks": packJKS,
	}[body.Format]
	if !known {
		return answer{}, invalidField("format", "one of pfx and jks is expected")
	}
	if err := checkPassword(body.Password); err != nil {
		return answer{}, err
	}
	found, err := s.issued(c, body.CertificateID)
	if err != nil {
		return answer{}, err
	}
	pair, err := found.pairWith(body.PrivateKey)
	if err != nil {
		return answer{}, err
	}
	content, err := pack(pair, body.Password, s.now())
	if err != nil {
		return answer{}, fmt.Errorf("download: %w", err)
	}
	mediaType := map[string]string{"pfx": "application/x-pkcs12", "jks": "application/x-java-keystore"}[body.Format]
	return file{found.stem() + "." + body.Format, mediaType, content}.answer(), nil
}

// checkPassword allows what every program that opens such files can be given:
// PKCS #12 encodes passwords as UTF-16, JKS by cutting characters in half, and
// both agree on printable ASCII only.
func checkPassword(password []byte) error {
	if len(password) < minPassword || len(password) > maxPassword ||
		bytes.ContainsFunc(password, func(r rune) bool { return r < ' ' || r > '~' }) {
		return newProblem(http.StatusUnprocessableEntity, "password_not_allowed",
			"The password needs %d to %d printable ASCII characters.", minPassword, maxPassword)
	}
	return nil
}

// keyPair is a certificate with its chain and the key that belongs to it.
type keyPair struct {
	key   crypto.Signer
	leaf  *x509.Certificate
	chain []*x509.Certificate
}

func (i issued) pairWith(privateKey []byte) (keyPair, error) {
	key, err := parsePrivateKey(privateKey)
	if err != nil {
		return keyPair{}, err
	}
	list, err := i.der()
	if err != nil {
		return keyPair{}, err
	}
	pair := keyPair{key: key}
	for at, raw := range list {
		certificate, err := x509.ParseCertificate(raw)
		if err != nil {
			return keyPair{}, fmt.Errorf("the stored certificate %s: %w", i.leaf.SerialNumber, err)
		}
		if at == 0 {
			pair.leaf = certificate
		} else {
			pair.chain = append(pair.chain, certificate)
		}
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(pair.leaf.PublicKey) {
		return keyPair{}, newProblem(http.StatusUnprocessableEntity, "private_key_mismatch",
			"This private key does not belong to the certificate.")
	}
	return pair, nil
}

// parsePrivateKey reads an RSA or ECDSA key in PKCS #8, PKCS #1 or SEC 1.
// openssl writes a block of curve parameters before the latter; it is passed.
func parsePrivateKey(text []byte) (crypto.Signer, error) {
	unreadable := func(detail string) error {
		return newProblem(http.StatusUnprocessableEntity, "private_key_unreadable", "%s", detail)
	}
	if len(text) > maxPrivateKey {
		return nil, unreadable("The private key is too long.")
	}
	block, rest := pem.Decode(text)
	if block != nil && block.Type == "EC PARAMETERS" {
		block, _ = pem.Decode(rest)
	}
	if block == nil {
		return nil, unreadable("The private key is not in PEM form.")
	}
	defer clear(block.Bytes)
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return nil, newProblem(http.StatusUnprocessableEntity, "private_key_encrypted",
			"The private key is protected by a passphrase; please remove it first.")
	}
	var key any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, unreadable("The PEM text holds something else than a private key.")
	}
	if err != nil {
		// The error might quote the key.
		return nil, unreadable("The private key cannot be read.")
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	default:
		return nil, unreadable("The private key is neither RSA nor ECDSA.")
	}
}

// packPFX makes a PKCS #12 file that OpenSSL 3, Windows Server 2019 and Java 8u301
// and their successors open (RFC 7292, PBES2 with AES-256).
func packPFX(pair keyPair, password []byte, _ time.Time) ([]byte, error) {
	return pkcs12.Modern2023.Encode(pair.key, pair.leaf, pair.chain, string(password))
}

// packJKS makes a Java key store with one entry, whose password is that of the
// store, as Tomcat expects it.
func packJKS(pair keyPair, password []byte, now time.Time) ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(pair.key)
	if err != nil {
		return nil, err
	}
	defer clear(key)
	entry := keystore.PrivateKeyEntry{CreationTime: now, PrivateKey: key}
	for _, certificate := range append([]*x509.Certificate{pair.leaf}, pair.chain...) {
		entry.CertificateChain = append(entry.CertificateChain, keystore.Certificate{Type: "X509", Content: certificate.Raw})
	}
	store := keystore.New(keystore.WithMinPasswordLen(minPassword))
	if err := store.SetPrivateKeyEntry(jksAlias, entry, password); err != nil {
		return nil, err
	}
	var buffer bytes.Buffer
	if err := store.Store(&buffer, password); err != nil {
		return nil, err
	}
	return buffer.Bytes(), nil
}
