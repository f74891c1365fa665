// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

func writePEM(t *testing.T, name string, certificates ...*x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var text []byte
	for _, one := range certificates {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Raw})...)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func openssl(t *testing.T, arguments ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "openssl", arguments...).CombinedOutput()
	if err != nil {
		t.Errorf("openssl %q: %v: %s", arguments, err, output)
	}
	return string(output)
}

func TestOpenSSLVerifiesWhatIsIssued(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		environment string
		chain, want int
	}{{"sandbox", 0, 1}, {"production", 0, 3}, {"sandbox", 2, 2}, {"sandbox", 3, 3}, {"production", 1, 1}} {
		t.Run(fmt.Sprintf("%s %d", one.environment, one.chain), func(t *testing.T) {
			t.Parallel()
			w := open(t, "2028-05-05", func(o *simulator.Options) {
				o.Environment, o.Switches.ChainLength = one.environment, one.chain
			})
			id := w.issued("Standard SSL", "shop.example.net")
			got := certificatesIn(t, w.okay("ssl.getInfo", "CertificateID", id, "Returncertificate", "TRUE", "Returntype", "INDIVIDUAL"))
			if len(got) != one.want+1 {
				t.Fatalf("%d certificates, want the leaf and %d", len(got), one.want)
			}
			root := filepath.Join(t.TempDir(), "root.pem")
			if err := os.WriteFile(root, w.sim.RootPEM(), 0o600); err != nil {
				t.Fatal(err)
			}
			output := openssl(t, "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "www.shop.example.net",
				"-attime", fmt.Sprint(w.sim.Now().Add(time.Minute).Unix()), "-CAfile", root,
				"-untrusted", writePEM(t, "chain.pem", got[1:]...), writePEM(t, "leaf.pem", got[0]))
			contains(t, output, "leaf.pem: OK")
		})
	}
}

func TestOpenSSLReadsThePKCS7Bundle(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", func(o *simulator.Options) { o.Environment = "production" })
	id := w.issued("PositiveSSL", "shop.example.net")
	body := w.okay("ssl.getInfo", "CertificateID", id, "Returncertificate", "true", "Returntype", "pkcs7")
	bundle := "-----BEGIN PKCS7-----" + between(t, body, "-----BEGIN PKCS7-----", "]]>")
	lacks(t, body, "CaCertificates")
	path := filepath.Join(t.TempDir(), "bundle.p7b")
	if err := os.WriteFile(path, []byte(bundle), 0o600); err != nil {
		t.Fatal(err)
	}
	output := openssl(t, "pkcs7", "-in", path, "-print_certs")
	if count := strings.Count(output, "BEGIN CERTIFICATE"); count != 4 {
		t.Errorf("%d certificates in the bundle", count)
	}
	contains(t, output, "shop.example.net")
}

// leafOf issues a certificate and gives its leaf.
func leafOf(w *world, id string) *x509.Certificate {
	w.t.Helper()
	return certificatesIn(w.t, w.okay("ssl.getInfo", "CertificateID", id, "Returncertificate", "true", "Returntype", "Individual"))[0]
}

func TestALeafCarriesTheNamesOfItsProduct(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.VettedIssuing = simulator.VettedAlways }))
	for _, one := range []struct {
		product, commonName string
		pairs, want         []string
	}{
		{"PositiveSSL", "example.com", nil, []string{"example.com", "www.example.com"}},
		{"PositiveSSL", "WWW.example.com", nil, []string{"example.com", "www.example.com"}},
		{"PositiveSSL Wildcard", "*.example.com", nil, []string{"*.example.com", "example.com"}},
		{"PositiveSSL Multi Domain", "example.com", []string{"DNSNames", "b.example.org,a.example.org"}, []string{"a.example.org", "b.example.org", "example.com"}},
		{"InstantSSL", "example.com", []string{"AdminOrganizationName", "Example BV"}, []string{"example.com", "www.example.com"}},
	} {
		leaf := leafOf(w, w.issued(one.product, one.commonName, one.pairs...))
		names := slices.Sorted(slices.Values(leaf.DNSNames))
		if !slices.Equal(names, one.want) || leaf.Subject.CommonName != strings.ToLower(one.commonName) {
			t.Errorf("%s for %s: %q, names %q", one.product, one.commonName, leaf.Subject.CommonName, names)
		}
		if organization := strings.Join(leaf.Subject.Organization, ""); (organization == "Example BV") != (one.product == "InstantSSL") {
			t.Errorf("%s: organization %q", one.product, organization)
		}
		if !slices.Equal(leaf.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}) || leaf.IsCA {
			t.Errorf("%s: usage %v, CA %t", one.product, leaf.ExtKeyUsage, leaf.IsCA)
		}
	}
}

func TestALeafHoldsTheKeyOfTheCSR(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := w.pending("PositiveSSL", "example.com", "CSR", csrFor(t, rsaKey, "example.com"))
	if err := w.sim.Approve(id); err != nil {
		t.Fatal(err)
	}
	if !rsaKey.PublicKey.Equal(leafOf(w, id).PublicKey) {
		t.Error("another RSA key")
	}
	id = attribute(t, w.okay("ssl.reissue", "CertificateID", id, "CSR", csrFor(t, ecKey, "other.example.com"), "DNSDCValidation", "true"), "ID")
	if err := w.sim.Approve(id); err != nil {
		t.Fatal(err)
	}
	leaf := leafOf(w, id)
	if !ecKey.PublicKey.Equal(leaf.PublicKey) || leaf.Subject.CommonName != "other.example.com" {
		t.Error("another EC key or name")
	}
}

func TestALeafLivesAsLongAsItsDateAllows(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		on   string
		days int
	}{
		{"2026-03-11", 398}, {"2026-03-12", 200}, {"2027-03-14", 200}, {"2027-03-15", 100}, {"2029-03-14", 100}, {"2029-03-15", 47},
	} {
		w := open(t, one.on)
		leaf := leafOf(w, attribute(t, activated(w, "Years", "5"), "CertificateID"))
		if !leaf.NotBefore.Equal(w.sim.Now().Truncate(time.Second)) {
			t.Errorf("%s: valid from %s", one.on, leaf.NotBefore)
		}
		if got := leaf.NotAfter.Sub(leaf.NotBefore); got != time.Duration(one.days)*24*time.Hour-time.Second {
			t.Errorf("%s: lives %s, want %d days", one.on, got, one.days)
		}
	}
}

// activated purchases and issues a certificate and gives the answer to create.
func activated(w *world, pairs ...string) string {
	w.t.Helper()
	body := w.okay("ssl.create", append([]string{"Years", "1", "Type", "PositiveSSL"}, pairs...)...)
	id := attribute(w.t, body, "CertificateID")
	w.okay("ssl.activate", "CertificateID", id, "CSR", csr(w.t, "example.com"), "DNSDCValidation", "true")
	if err := w.sim.Approve(id); err != nil {
		w.t.Fatal(err)
	}
	return body
}

func TestAReissueLivesNoLongerThanThePaidTermButAtLeastADay(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-04-01")
	id := attribute(t, activated(w), "CertificateID")
	for _, one := range []struct {
		after int // days
		ends  string
	}{{150, "2027-03-17"}, {100, "2027-04-01"}, {114, "2027-04-01"}} {
		w.days(one.after)
		id = attribute(t, w.okay("ssl.reissue", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true"), "ID")
		if err := w.sim.Approve(id); err != nil {
			t.Fatal(err)
		}
		if ends := leafOf(w, id).NotAfter.Format(time.DateOnly); ends != one.ends {
			t.Errorf("after %d more days: ends %s, want %s", one.after, ends, one.ends)
		}
	}
	w.sim.SetTime(day("2027-04-01").Add(-time.Hour))
	id = attribute(t, w.okay("ssl.reissue", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true"), "ID")
	if err := w.sim.Approve(id); err != nil {
		t.Fatal(err)
	}
	if leaf := leafOf(w, id); leaf.NotAfter.Sub(leaf.NotBefore) != 24*time.Hour {
		t.Errorf("the last leaf lives %s", leaf.NotAfter.Sub(leaf.NotBefore))
	}
	w.days(1)
	w.refused("4011331", "Status is InValid.", "ssl.reissue", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
}

func TestIdRangesOfTheEnvironmentsDiffer(t *testing.T) {
	t.Parallel()
	for environment, prefix := range map[string]string{"sandbox": "1024", "production": "3499"} {
		w := open(t, "2026-01-05", func(o *simulator.Options) { o.Environment = environment })
		first, second := w.bought("PositiveSSL"), w.bought("PositiveSSL")
		if !strings.HasPrefix(first, prefix) || len(first) != 8 || first >= second {
			t.Errorf("%s: ids %s and %s", environment, first, second)
		}
	}
}
