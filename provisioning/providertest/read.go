// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"slices"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

func list(s *suite) {
	var newestFirst []string
	for range 12 {
		newestFirst = append([]string{s.buy(s.Single).CertificateID}, newestFirst...)
		s.Advance(1)
	}
	var read []string
	for page := 1; page <= 2; page++ {
		answer, err := s.Provider.Certificates(s.ctx, page, 10)
		s.must(err)
		if answer.Total != 12 || answer.Unreadable != 0 {
			s.t.Errorf("page %d tells of %d certificates, %d of them unreadable", page, answer.Total, answer.Unreadable)
		}
		for _, row := range answer.Certificates {
			read = append(read, row.CertificateID)
			if row.Status != provisioning.StatusAwaitingConfiguration || row.ProviderStatus == "" || row.PurchasedOn.IsZero() ||
				!s.product(row.Product).SameClass(s.product(s.Single)) {
				s.t.Errorf("the row is %+v", row)
			}
		}
	}
	if !slices.Equal(read, newestFirst) {
		s.t.Errorf("read %v, want %v", read, newestFirst)
	}
}

func emptyList(s *suite) {
	answer, err := s.Provider.Certificates(s.ctx, 1, 100)
	s.must(err)
	if len(answer.Certificates) != 0 || answer.Total != 0 {
		s.t.Errorf("got %+v", answer)
	}
}

func unknownCertificate(s *suite) {
	_, err := s.Provider.Certificate(s.ctx, s.UnknownID)
	s.fails(err, provisioning.Refused, provisioning.FaultUnknownCertificate)
	request, _ := s.configuration(s.UnknownID, s.Single, "shop.example.com")
	_, err = s.Provider.Activate(s.ctx, request)
	s.fails(err, provisioning.Refused, provisioning.FaultUnknownCertificate)
}

func approverEmails(s *suite) {
	addresses, err := s.Provider.ApproverEmails(s.ctx, "example.com", s.Single)
	s.must(err)
	if !slices.Contains(addresses, "admin@example.com") {
		s.t.Errorf("got %v, want admin@example.com among them", addresses)
	}
	again, err := s.Provider.ApproverEmails(s.ctx, "example.com", "")
	s.must(err)
	if len(again) == 0 {
		s.t.Error("without a product there are no approvers")
	}
}

func changeValidation(s *suite) {
	submission, request := s.pending()
	change := provisioning.ValidationRequest{
		CertificateID: submission.CertificateID, Product: s.Single, Choices: request.Validation,
	}
	before := s.only(submission.Validation, "shop.example.com")
	steps, err := s.Provider.ChangeValidation(s.ctx, change)
	s.must(err)
	if again := s.only(steps, "shop.example.com"); again.Record == nil || *again.Record != *before.Record {
		s.t.Errorf("read again, the record is %+v, want %+v", again.Record, before.Record)
	}
	change.Choices = []provisioning.ValidationChoice{{Domain: "shop.example.com", Method: provisioning.ValidateByHTTP}}
	steps, err = s.Provider.ChangeValidation(s.ctx, change)
	s.must(err)
	s.hasFile(s.only(steps, "shop.example.com"), "shop.example.com")

	s.Approve(submission.CertificateID)
	_, err = s.Provider.ChangeValidation(s.ctx, change)
	s.fails(err, provisioning.Refused, provisioning.FaultStatus)
}

func retryValidation(s *suite) {
	submission, _ := s.pending()
	s.must(s.Provider.RetryValidation(s.ctx, submission.CertificateID))
	s.Approve(submission.CertificateID)
	s.fails(s.Provider.RetryValidation(s.ctx, submission.CertificateID), provisioning.Refused, provisioning.FaultStatus)
}

func revoke(s *suite) {
	old, _ := s.issued()
	name := s.detail(old).ProviderProduct
	s.fails(s.Provider.Revoke(s.ctx, old, name), provisioning.Refused, provisioning.FaultStatus)
	s.hasStatus(s.detail(old), provisioning.StatusIssued)

	submission, _ := s.reissued(old)
	s.Approve(submission.CertificateID)
	s.must(s.Provider.Revoke(s.ctx, old, name))
	if got := s.detail(old).Status; got != provisioning.StatusRevoked && got != provisioning.StatusReplaced {
		s.t.Errorf("the revoked certificate is %s", got)
	}
	s.hasStatus(s.detail(submission.CertificateID), provisioning.StatusIssued)
}

func lostRead(s *suite) {
	bought := s.buy(s.Single)
	s.LoseNextAnswer()
	_, err := s.Provider.Certificate(s.ctx, bought.CertificateID)
	s.uncertain(err)
	s.hasStatus(s.detail(bought.CertificateID), provisioning.StatusAwaitingConfiguration)
}

func refusalsSpendNothing(s *suite) {
	years := s.product(s.Single).Years
	requests := []provisioning.PurchaseRequest{
		{Product: "no-such-product", Years: 1},
		{Product: s.Single, Years: 0},
		{Product: s.Single, Years: years[len(years)-1] + 1},
		{Product: s.Single, Years: 1, AdditionalDomains: 1},
		{Product: s.Single, Years: 1, AdditionalDomains: -1},
	}
	for i, request := range requests {
		request.OperationID = "op-" + strconv.Itoa(i)
		_, err := s.Provider.Purchase(s.ctx, request)
		s.isRefused(err)
	}
	_, err := s.Provider.Renew(s.ctx, provisioning.RenewalRequest{
		OperationID: "op-renew", CertificateID: s.UnknownID, Product: s.Single, Years: 1,
	})
	s.isRefused(err)
	_, err = s.Provider.AddDomains(s.ctx, provisioning.AddDomainsRequest{
		OperationID: "op-add", CertificateID: s.UnknownID, Domains: 0,
	})
	s.isRefused(err)
	s.charged(0)
}
