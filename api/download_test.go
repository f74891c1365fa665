// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// run runs a foreign program on files in a directory of its own. The programs
// see no configuration of this machine's user.
func run(t *testing.T, directory, program string, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, arguments...)
	command.Dir = directory
	var failure bytes.Buffer
	command.Stderr = &failure
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", program, arguments, err, output, failure.String())
	}
	return string(output)
}

// store writes a download to a file that foreign programs can open.
func (r reply) store(t *testing.T) (directory, name string) {
	t.Helper()
	directory = t.TempDir()
	_, rest, found := strings.Cut(r.header.Get("Content-Disposition"), "attachment; filename=")
	name = strings.Trim(rest, `"`)
	if !found || name != filepath.Base(name) {
		t.Fatalf("Content-Disposition is %q", r.header.Get("Content-Disposition"))
	}
	if err := os.WriteFile(filepath.Join(directory, name), r.body, 0o600); err != nil {
		t.Fatal(err)
	}
	return directory, name
}

// pemBlocks finds certificates in a text, among whatever programs write around
// them.
func pemBlocks(text string) []string {
	var blocks []string
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return blocks
		}
		if block.Type == "CERTIFICATE" {
			blocks = append(blocks, string(block.Bytes))
		}
	}
}

// What openssl finds in each format is what was issued.
func TestDownloadsWithoutKeyOpenInForeignPrograms(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		w.panel.issued(t, "1", "positivessl-wildcard", newCSR(t, "*.example.com"))
		get := func(format string) reply {
			return w.panel.call(t, http.MethodGet, "/v1/services/1/certificate?format="+format, nil).want(t, http.StatusOK)
		}
		full := get("pem")
		directory, name := full.store(t)
		if name != "wildcard_example_com.pem" {
			t.Errorf("the file is called %s", name)
		}
		issued := pemBlocks(string(full.body))
		if len(issued) < 2 {
			t.Fatalf("no chain: %s", full.body)
		}
		root := filepath.Join(directory, "root.pem")
		if err := os.WriteFile(root, w.simulator.RootPEM(), 0o600); err != nil {
			t.Fatal(err)
		}
		// The simulator's leaf is dated by the simulator's clock.
		now := w.simulator.Now().Unix()
		verified := run(t, directory, "openssl", "verify", "-attime", decimal(now), "-CAfile", root, "-untrusted", name, name)
		if !strings.Contains(verified, "OK") {
			t.Errorf("openssl verify: %s", verified)
		}
		if subject := run(t, directory, "openssl", "x509", "-in", name, "-noout", "-subject"); !strings.Contains(subject, "*.example.com") {
			t.Errorf("openssl x509: %s", subject)
		}
		if w.panel.call(t, http.MethodGet, "/v1/services/1/certificate", nil).want(t, http.StatusOK).header.Get("Content-Type") != "application/x-pem-file" {
			t.Error("pem is not what comes unless another format is asked for")
		}

		directory, name = get("pkcs7").store(t)
		printed := run(t, directory, "openssl", "pkcs7", "-print_certs", "-in", name)
		if !slices.Equal(pemBlocks(printed), issued) || name != "wildcard_example_com.p7b" {
			t.Errorf("openssl finds other certificates in %s:\n%s", name, printed)
		}

		archive := get("zip")
		if _, name := archive.store(t); name != "wildcard_example_com.zip" {
			t.Errorf("the file is called %s", name)
		}
		members := unzip(t, archive.body)
		if got := pemBlocks(members["wildcard_example_com.crt"]); !slices.Equal(got, issued[:1]) {
			t.Errorf("the .crt holds %d certificates", len(got))
		}
		if got := pemBlocks(members["wildcard_example_com.ca-bundle"]); !slices.Equal(got, issued[1:]) {
			t.Errorf("the .ca-bundle holds %d certificates", len(got))
		}
		if members["wildcard_example_com.fullchain.pem"] != string(full.body) {
			t.Error("the full chain is another one than in pem")
		}
		for _, word := range []string{"Apache", "nginx", "IIS", "wildcard_example_com.crt"} {
			if !strings.Contains(members["README.txt"], word) {
				t.Errorf("README.txt says nothing about %s", word)
			}
		}
		if len(members) != 4 {
			t.Errorf("%d members", len(members))
		}
	})
}

func unzip(t *testing.T, content []byte) map[string]string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]string{}
	for _, member := range archive.File {
		file, err := member.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(file)
		if err != nil {
			t.Fatal(err)
		}
		members[member.Name] = string(text)
	}
	return members
}

const password = "correct horse 1"

// Every usual form of a private key gives key stores that foreign programs open.
func TestDownloadsWithKeyOpenInForeignPrograms(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		ecKey, rsaKey := newKey(t), newRSAKey(t)
		w.panel.issued(t, "ec", "positivessl", csrOf(t, ecKey, "ec.example.com"))
		w.panel.issued(t, "rsa", "positivessl", csrOf(t, rsaKey, "rsa.example.com"))
		for _, c := range []struct {
			service, privateKey string
			key                 crypto.Signer
		}{
			{"ec", pemKey(t, ecKey), ecKey},
			{"ec", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + sec1Key(t, ecKey), ecKey},
			{"rsa", pemKey(t, rsaKey), rsaKey},
			{"rsa", pkcs1Key(rsaKey), rsaKey},
		} {
			issued := pemBlocks(string(w.panel.call(t, http.MethodGet, "/v1/services/"+c.service+"/certificate", nil).body))
			post := func(format string) reply {
				return w.panel.post(t, c.service, "certificate", object{"format": format, "private_key": c.privateKey, "password": password}).want(t, http.StatusOK)
			}
			checkPFX(t, post("pfx"), issued, c.key)
			checkJKS(t, post("jks"), issued, c.key)
		}
	})
}

func checkPFX(t *testing.T, r reply, issued []string, key crypto.Signer) {
	t.Helper()
	directory, name := r.store(t)
	printed := run(t, directory, "openssl", "pkcs12", "-in", name, "-passin", "pass:"+password, "-noenc")
	if !slices.Equal(pemBlocks(printed), issued) {
		t.Errorf("openssl finds other certificates in %s:\n%s", name, printed)
	}
	if !holdsKey(t, printed, key) {
		t.Errorf("openssl finds another key in %s", name)
	}
}

// holdsKey looks for a private key in a text.
func holdsKey(t *testing.T, text string, key crypto.Signer) bool {
	t.Helper()
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return false
		}
		if block.Type != "PRIVATE KEY" {
			continue
		}
		return sameKey(t, block.Bytes, key)
	}
}

func sameKey(t *testing.T, pkcs8 []byte, key crypto.Signer) bool {
	t.Helper()
	found, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	own, ok := key.(interface{ Equal(crypto.PrivateKey) bool })
	return ok && own.Equal(found)
}

// checkJKS opens the file with the reader of this test, and with keytool where
// there is Java.
func checkJKS(t *testing.T, r reply, issued []string, key crypto.Signer) {
	t.Helper()
	entry := readJKS(t, r.body, password)
	if entry.alias != "certificate" || !slices.Equal(entry.chain, issued) || !sameKey(t, entry.key, key) {
		t.Errorf("the JKS holds an entry %q with %d certificates, and perhaps another key", entry.alias, len(entry.chain))
	}
	keytool, err := exec.LookPath("keytool")
	if err != nil {
		return
	}
	directory, name := r.store(t)
	printed := run(t, directory, keytool, "-J-Xmx64m", "-list", "-rfc", "-keystore", name, "-storetype", "JKS", "-storepass", password)
	if !slices.Equal(pemBlocks(printed), issued) || !strings.Contains(printed, "PrivateKeyEntry") {
		t.Errorf("keytool finds:\n%s", printed)
	}
}

// What is wrong with a posted key or password has a code of its own, and no
// answer repeats it.
func TestKeysThatDoNotFit(t *testing.T) {
	onEveryDatabase(t, func(t *testing.T, w *world) {
		key := newKey(t)
		good := pemKey(t, key)
		w.panel.issued(t, "1", "positivessl", csrOf(t, key, "example.com"))
		directory := t.TempDir()
		if err := os.WriteFile(filepath.Join(directory, "key.pem"), []byte(good), 0o600); err != nil {
			t.Fatal(err)
		}
		encrypted := run(t, directory, "openssl", "pkcs8", "-topk8", "-in", "key.pem", "-passout", "pass:secret")
		legacy := strings.Replace(sec1Key(t, key), "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n", 1)
		for name, c := range map[string]struct{ key, password, code string }{
			"another key":           {pemKey(t, newKey(t)), password, "private_key_mismatch"},
			"a key of another kind": {pemKey(t, newRSAKey(t)), password, "private_key_mismatch"},
			"a passphrase":          {encrypted, password, "private_key_encrypted"},
			"an old passphrase":     {legacy, password, "private_key_encrypted"},
			"no key":                {"", password, "private_key_unreadable"},
			"a CSR":                 {newCSR(t, "example.com"), password, "private_key_unreadable"},
			"half a key":            {good[:len(good)/2], password, "private_key_unreadable"},
			"a broken key":          {"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", password, "private_key_unreadable"},
			"an endless key":        {good + strings.Repeat("\n", 20_000), password, "private_key_unreadable"},
			"a short password":      {good, "seven77", "password_not_allowed"},
			"a long password":       {good, strings.Repeat("p", 129), "password_not_allowed"},
			"an umlaut":             {good, "passwört1", "password_not_allowed"},
			"a line break":          {good, "password\n", "password_not_allowed"},
		} {
			for _, format := range []string{"pfx", "jks"} {
				answer := w.panel.broken(t, http.MethodPost, "/v1/services/1/certificate", object{"format": format, "private_key": c.key, "password": c.password})
				problem := answer.wantProblem(t, http.StatusUnprocessableEntity, c.code)
				if strings.Contains(text(t, problem, "detail"), c.password) {
					t.Errorf("%s: the password is repeated: %v", name, problem)
				}
			}
		}
		w.panel.broken(t, http.MethodPost, "/v1/services/1/certificate", object{"format": "exe", "private_key": good, "password": password}).
			wantProblem(t, http.StatusBadRequest, "invalid_request")
		w.panel.create(t, "2", "positivessl")
		w.panel.post(t, "2", "certificate", object{"format": "pfx", "private_key": good, "password": password}).
			wantProblem(t, http.StatusConflict, "certificate_not_issued")
	})
}

func newRSAKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sec1Key(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	if key.Curve != elliptic.P256() {
		t.Fatal("the curve parameters beside it are those of P-256")
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func pkcs1Key(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}
