// SPDX-License-Identifier: Apache-2.0

package api

import (
	"archive/zip"
	"bytes"
	"encoding/pem"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/smallstep/pkcs7"

	"github.com/certbridge/certbridge/provisioning"
)

// download answers with the issued certificate in a format without a key.
func (s *Server) download(c *call) (answer, error) {
	parameters, err := c.query("format", "certificate_id")
	if err != nil {
		return answer{}, err
	}
	pack, known := map[string]func(issued) (file, error){
		"": packPEM, "pem": packPEM, "zip": packZIP, "pkcs7": packPKCS7,
	}[parameters.Get("format")]
	if !known {
		return answer{}, invalidField("format", "one of pem, zip and pkcs7 is expected")
	}
	found, err := s.issued(c, parameters.Get("certificate_id"))
	if err != nil {
		return answer{}, err
	}
	made, err := pack(found)
	if err != nil {
		return answer{}, fmt.Errorf("download: %w", err)
	}
	return made.answer(), nil
}

// issued is a certificate that can be downloaded.
type issued struct {
	commonName string
	leaf       provisioning.Leaf
}

func certificateNotFound() *problem {
	return newProblem(http.StatusNotFound, "certificate_not_found", "This service has no certificate with this id.")
}

// issued finds the certificate that is asked for, the one in use unless an id
// names another of the lineage.
func (s *Server) issued(c *call, certificateID string) (issued, error) {
	service, err := s.bridge.Service(c.Request().Context(), c.panel(), c.serviceID())
	if err != nil {
		return issued{}, err
	}
	certificate := service.Current()
	if certificateID != "" {
		if certificate = service.Certificate(certificateID); certificate == nil {
			return issued{}, certificateNotFound()
		}
	}
	if certificate == nil || certificate.Leaf == nil {
		return issued{}, newProblem(http.StatusConflict, "certificate_not_issued",
			"The certificate has not been issued yet.")
	}
	return issued{commonName: certificate.CommonName, leaf: *certificate.Leaf}, nil
}

// file is what a download gives.
type file struct {
	name      string
	mediaType string
	content   []byte
}

func (f file) answer() answer {
	header := http.Header{}
	header.Set(echo.HeaderContentType, f.mediaType)
	header.Set(echo.HeaderContentDisposition, mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	return answer{status: http.StatusOK, header: header, body: f.content}
}

// stem is the common name as a file name: "*.example.com" gives
// "wildcard_example_com".
func (i issued) stem() string {
	name := strings.Replace(i.commonName, "*", "wildcard", 1)
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-':
			return r
		default:
			return '_'
		}
	}, name)
}

// fullChain is the leaf and what follows it, as PEM, in the order in which TLS
// sends it.
func (i issued) fullChain() string {
	return pemText(append([]string{i.leaf.PEM}, i.leaf.Chain...))
}

func pemText(certificates []string) string {
	var text strings.Builder
	for _, one := range certificates {
		text.WriteString(strings.TrimSpace(one))
		text.WriteByte('\n')
	}
	return text.String()
}

// der gives the leaf and the chain in binary.
func (i issued) der() ([][]byte, error) {
	var list [][]byte
	rest := []byte(i.fullChain())
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("the stored certificate %s is not PEM", i.leaf.SerialNumber)
		}
		list, rest = append(list, block.Bytes), after
	}
	return list, nil
}

func packPEM(i issued) (file, error) {
	return file{i.stem() + ".pem", "application/x-pem-file", []byte(i.fullChain())}, nil
}

// packPKCS7 makes a degenerate SignedData, which holds certificates and signs
// nothing (RFC 5652 section 5.2): what IIS and Windows import.
func packPKCS7(i issued) (file, error) {
	certificates, err := i.der()
	if err != nil {
		return file{}, err
	}
	content, err := pkcs7.DegenerateCertificate(bytes.Join(certificates, nil))
	if err != nil {
		return file{}, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: content})
	return file{i.stem() + ".p7b", "application/x-pkcs7-certificates", text}, nil
}

func packZIP(i issued) (file, error) {
	stem := i.stem()
	var buffer bytes.Buffer
	archive := zip.NewWriter(&buffer)
	for _, member := range []struct{ name, text string }{
		{stem + ".crt", pemText([]string{i.leaf.PEM})},
		{stem + ".ca-bundle", pemText(i.leaf.Chain)},
		{stem + ".fullchain.pem", i.fullChain()},
		{"README.txt", strings.ReplaceAll(zipReadme, "NAME", stem)},
	} {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: member.name, Method: zip.Deflate, Modified: i.leaf.NotBefore.UTC()})
		if err != nil {
			return file{}, err
		}
		if _, err := w.Write([]byte(member.text)); err != nil {
			return file{}, err
		}
	}
	if err := archive.Close(); err != nil {
		return file{}, err
	}
	return file{stem + ".zip", "application/zip", buffer.Bytes()}, nil
}

const zipReadme = `In this archive:

  NAME.crt            the certificate alone
  NAME.ca-bundle      the certificates of the authorities above it
  NAME.fullchain.pem  both in one file

The private key is not here: it is where the certificate signing request was made.

Apache 2.4.8 or later
  SSLCertificateFile     /path/to/NAME.fullchain.pem
  SSLCertificateKeyFile  /path/to/your.key

nginx
  ssl_certificate      /path/to/NAME.fullchain.pem;
  ssl_certificate_key  /path/to/your.key;

IIS
  Complete the request with NAME.crt in the IIS Manager, and import NAME.ca-bundle
  into the intermediate authorities of the computer. Or download the format pfx,
  which holds the key too.
`
