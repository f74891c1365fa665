// SPDX-License-Identifier: Apache-2.0

package providertest

import (
	"context"
	"errors"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// isRefused insists on a definite no, for whatever reason.
func (s *suite) isRefused(err error) {
	s.t.Helper()
	var failure *provisioning.ProviderError
	if !errors.As(err, &failure) || failure.Outcome != provisioning.Refused {
		s.t.Fatalf("got %v, want a refusal", err)
	}
}

func (s *suite) tryToBuy(ctx context.Context) error {
	_, err := s.Provider.Purchase(ctx, provisioning.PurchaseRequest{OperationID: "op-try", Product: s.Single, Years: 1})
	return err
}

func insufficientFunds(s *suite) {
	s.SpendBalance()
	s.fails(s.tryToBuy(s.ctx), provisioning.Refused, provisioning.FaultInsufficientFunds)
	s.charged(0)
}

func throttled(s *suite) {
	s.ThrottleNext()
	s.fails(s.tryToBuy(s.ctx), provisioning.NotExecuted, provisioning.FaultThrottled)
	s.charged(0)
	s.must(s.tryToBuy(s.ctx))
	s.charged(1)
	s.ThrottleNext()
	_, err := s.Provider.Certificates(s.ctx, 1, 10)
	s.fails(err, provisioning.NotExecuted, provisioning.FaultThrottled)
}

// lostPurchase: whichever way the answer is lost, the charge is made once, and
// what was bought is the newest row of the list.
func lostPurchase(s *suite) {
	for i, lose := range []func(){s.LoseNextAnswer, s.CutNextAnswer, s.GarbleNextAnswer} {
		lose()
		s.uncertain(s.tryToBuy(s.ctx))
		s.charged(i + 1)
		page, err := s.Provider.Certificates(s.ctx, 1, 10)
		s.must(err)
		if page.Total != i+1 || page.Certificates[0].Status != provisioning.StatusAwaitingConfiguration {
			s.t.Errorf("after %d lost purchases the list is %+v", i+1, page)
		}
	}
}

func lostRenewal(s *suite) {
	old, _ := s.issued()
	s.Advance(s.DaysToRenewal)
	request := s.renewal(old)
	s.LoseNextAnswer()
	_, err := s.Provider.Renew(s.ctx, request)
	s.uncertain(err)
	s.charged(2)
	page, err := s.Provider.Certificates(s.ctx, 1, 10)
	s.must(err)
	if page.Total != 2 || page.Certificates[0].CertificateID == old {
		s.t.Errorf("after a lost renewal the list is %+v", page)
	}
}

func lostActivation(s *suite) {
	request, _ := s.configuration(s.buy(s.Single).CertificateID, s.Single, "shop.example.com")
	s.CutNextAnswer()
	_, err := s.Provider.Activate(s.ctx, request)
	s.uncertain(err)
	detail := s.detail(request.CertificateID)
	s.hasStatus(detail, provisioning.StatusPendingValidation)
	if strings.TrimSpace(detail.CSR) != strings.TrimSpace(request.CSR) {
		s.t.Error("the CSR does not tell whose activation it was")
	}
}

func lostReissue(s *suite) {
	old, _ := s.issued()
	request, _ := s.configuration(old, s.Single, "shop.example.com")
	s.LoseNextAnswer()
	_, err := s.Provider.Reissue(s.ctx, request)
	s.uncertain(err)
	successor := s.detail(old).ReplacedBy
	if successor == "" || successor == old {
		s.t.Fatalf("the old certificate points to %q", successor)
	}
	if detail := s.detail(successor); strings.TrimSpace(detail.CSR) != strings.TrimSpace(request.CSR) {
		s.t.Error("the new certificate has another CSR")
	}
}

// hangingPurchase: the request has arrived, so nobody can say what came of it,
// although here nothing did.
func hangingPurchase(s *suite) {
	arrived := s.HangNext()
	ctx, giveUp := context.WithCancel(s.ctx)
	defer giveUp()
	go func() {
		<-arrived
		giveUp()
	}()
	s.uncertain(s.tryToBuy(ctx))
	s.charged(0)
}

func unplugged(s *suite) {
	s.Unplug()
	s.fails(s.tryToBuy(s.ctx), provisioning.NotExecuted, provisioning.FaultUnreachable)
	s.charged(0)
}

func lateCall(s *suite) {
	ctx, giveUp := context.WithCancel(s.ctx)
	giveUp()
	var failure *provisioning.ProviderError
	if err := s.tryToBuy(ctx); !errors.As(err, &failure) || failure.Outcome != provisioning.NotExecuted {
		s.t.Fatalf("got %v, want the outcome not executed", err)
	}
	s.charged(0)
}
