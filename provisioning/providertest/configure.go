// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

func activateByDNS(s *suite) {
	submission, request := s.pending()
	if submission.CertificateID != request.CertificateID || submission.Status != provisioning.StatusPendingValidation ||
		submission.ProviderStatus == "" {
		s.t.Fatalf("the submission is %+v", submission)
	}
	s.hasRecord(s.only(submission.Validation, "shop.example.com"), "shop.example.com")
	detail := s.detail(submission.CertificateID)
	s.hasStatus(detail, provisioning.StatusPendingValidation)
	if detail.CommonName != "shop.example.com" || detail.Leaf != nil {
		s.t.Errorf("the certificate under validation is %+v", detail)
	}
	if strings.TrimSpace(detail.CSR) != strings.TrimSpace(request.CSR) {
		s.t.Errorf("the CSR was changed:\n%s\nwant:\n%s", detail.CSR, request.CSR)
	}
	s.charged(1)
}

func activateByHTTP(s *suite) {
	request, _ := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	choose(&request, provisioning.ValidateByHTTP, "")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	s.hasFile(s.only(submission.Validation, "shop.example.com"), "shop.example.com")
}

func activateByEmail(s *suite) {
	request, _ := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	choose(&request, provisioning.ValidateByEmail, "admin@shop.example.com")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	step := s.only(submission.Validation, "shop.example.com")
	if step.ApproverEmail != "admin@shop.example.com" || step.Record != nil || step.File != nil {
		s.t.Errorf("validation by e-mail asks for %+v", step)
	}
}

func activateWildcard(s *suite) {
	request, _ := s.configuration(s.buy(s.Wildcard).CertificateID, s.Wildcard, "*.example.com")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	s.hasRecord(s.only(submission.Validation, "*.example.com"), "example.com")
}

func wildcardByHTTP(s *suite) {
	request, _ := s.configuration(s.buy(s.Wildcard).CertificateID, s.Wildcard, "*.example.com")
	choose(&request, provisioning.ValidateByHTTP, "")
	_, err := s.Provider.Activate(s.ctx, request)
	s.fails(err, provisioning.Refused, provisioning.FaultValidationMethod)
	s.hasStatus(s.detail(request.CertificateID), provisioning.StatusAwaitingConfiguration)
}

func activateSeveral(s *suite) {
	request, _ := s.configuration(s.buy(s.MultiDomain).CertificateID, s.MultiDomain,
		"example.com", "www.example.com", "example.net")
	request.Validation[1].Method = provisioning.ValidateByHTTP
	request.Validation[2].Method = provisioning.ValidateByEmail
	request.Validation[2].ApproverEmail = "admin@example.net"
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	if len(submission.Validation) != 3 {
		s.t.Fatalf("three names have %d instructions", len(submission.Validation))
	}
	s.hasRecord(submission.Validation[0], "example.com")
	s.hasFile(submission.Validation[1], "www.example.com")
	if step := submission.Validation[2]; step.ApproverEmail != "admin@example.net" || step.Domain != "example.net" {
		s.t.Errorf("the third name asks for %+v", step)
	}
	s.Approve(submission.CertificateID)
	leaf := s.leaf(submission.CertificateID)
	for _, name := range []string{"example.com", "www.example.com", "example.net"} {
		if err := leaf.VerifyHostname(name); err != nil {
			s.t.Error(err)
		}
	}
}

func activateTwice(s *suite) {
	_, request := s.pending()
	_, err := s.Provider.Activate(s.ctx, request)
	s.fails(err, provisioning.Refused, provisioning.FaultStatus)
}

func issue(s *suite) {
	request, key := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	submission, err := s.Provider.Activate(s.ctx, request)
	s.must(err)
	s.Approve(submission.CertificateID)
	detail := s.detail(submission.CertificateID)
	s.hasStatus(detail, provisioning.StatusIssued)
	s.belongsTo(detail, key)
	s.charged(1)
}

func reissue(s *suite) {
	old, _ := s.issued()
	submission, key := s.reissued(old)
	if submission.CertificateID == old || submission.CertificateID == "" {
		s.t.Fatalf("the reissue of %s has the ID %q", old, submission.CertificateID)
	}
	if s.detail(old).Leaf == nil {
		s.t.Error("the old certificate cannot be downloaded while the new one is validated")
	}
	s.Approve(submission.CertificateID)
	renewed := s.detail(submission.CertificateID)
	s.hasStatus(renewed, provisioning.StatusIssued)
	s.belongsTo(renewed, key)
	replaced := s.detail(old)
	s.hasStatus(replaced, provisioning.StatusReplaced)
	if replaced.ReplacedBy != submission.CertificateID {
		s.t.Errorf("the old certificate points to %q, want %q", replaced.ReplacedBy, submission.CertificateID)
	}
	if replaced.Leaf == nil {
		s.t.Error("the old certificate cannot be downloaded any more")
	}
	if renewed.OrderID != replaced.OrderID {
		s.t.Errorf("the reissue belongs to order %q, the certificate before it to %q", renewed.OrderID, replaced.OrderID)
	}
	s.charged(1)
}

func reissueTooEarly(s *suite) {
	request, _ := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	_, err := s.Provider.Reissue(s.ctx, request)
	s.fails(err, provisioning.Refused, provisioning.FaultStatus)
}

// only is the instruction for the one name of a certificate.
func (s *suite) only(steps []provisioning.DomainValidation, domain string) provisioning.DomainValidation {
	s.t.Helper()
	if len(steps) != 1 || steps[0].Domain != domain || steps[0].Status != provisioning.ValidationPending {
		s.t.Fatalf("the instructions for %s are %+v", domain, steps)
	}
	return steps[0]
}

func (s *suite) hasRecord(step provisioning.DomainValidation, base string) {
	s.t.Helper()
	if step.Method != provisioning.ValidateByDNS || step.Record == nil || step.File != nil {
		s.t.Fatalf("validation by DNS asks for %+v", step)
	}
	if !strings.HasSuffix(strings.ToLower(step.Record.Name), "."+base) || strings.Contains(step.Record.Name, "*") ||
		step.Record.Type == "" || step.Record.Value == "" {
		s.t.Errorf("the record is %+v, want one below %s", *step.Record, base)
	}
}

func (s *suite) hasFile(step provisioning.DomainValidation, base string) {
	s.t.Helper()
	if step.Method != provisioning.ValidateByHTTP || step.File == nil || step.Record != nil {
		s.t.Fatalf("validation by HTTP asks for %+v", step)
	}
	// The one place where authorities look (Baseline Requirements 3.2.2.4.18).
	if !strings.HasPrefix(step.File.URL, "http://"+base+"/.well-known/pki-validation/") || step.File.Content == "" {
		s.t.Errorf("the file is %+v", *step.File)
	}
}

func (s *suite) leaf(certificateID string) *x509.Certificate {
	s.t.Helper()
	detail := s.detail(certificateID)
	if detail.Leaf == nil {
		s.t.Fatalf("certificate %s has no PEM", certificateID)
	}
	return s.parse(detail.Leaf.PEM)
}

func (s *suite) parse(text string) *x509.Certificate {
	s.t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		s.t.Fatalf("not exactly one PEM block: %q", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	s.must(err)
	return certificate
}

// belongsTo insists on a leaf for the key, told as it is, with a chain of which
// each member signed the one before.
func (s *suite) belongsTo(detail provisioning.CertificateDetail, key *ecdsa.PrivateKey) {
	s.t.Helper()
	if detail.Leaf == nil {
		s.t.Fatalf("certificate %s has no PEM", detail.CertificateID)
	}
	leaf := s.parse(detail.Leaf.PEM)
	if !key.PublicKey.Equal(leaf.PublicKey) {
		s.t.Error("the certificate is for another key")
	}
	if !leaf.NotAfter.Equal(detail.Leaf.NotAfter) || !leaf.NotBefore.Equal(detail.Leaf.NotBefore) ||
		leaf.Issuer.String() != detail.Leaf.Issuer || strings.ToLower(detail.Leaf.SerialNumber) != detail.Leaf.SerialNumber {
		s.t.Errorf("the certificate differs from what is told about it: %+v", detail.Leaf)
	}
	if len(detail.Leaf.Chain) == 0 {
		s.t.Error("the certificate comes without its issuer")
	}
	for child, i := leaf, 0; i < len(detail.Leaf.Chain); i++ {
		parent := s.parse(detail.Leaf.Chain[i])
		if err := child.CheckSignatureFrom(parent); err != nil {
			s.t.Errorf("member %d of the chain did not sign the one before: %v", i+1, err)
		}
		child = parent
	}
}
