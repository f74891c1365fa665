// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// What a lost answer cost is told by the balance only if nothing else can have
// moved it. An amount that we made up raises no alert.
func TestWhatALostAnswerCostIsNeverMadeUpFromOtherPeoplesMoney(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		paid    int64 // moved the balance meanwhile
		listed  int64 // 0: the price list does not say
		ceiling int64 // 0: there is none
		charged int64
		by      provisioning.ChargeSource
	}{
		"nothing else":                               {0, 78800, 0, 78800, provisioning.ChargedByBalance},
		"a top-up":                                   {50000, 78800, 0, 78800, provisioning.ChargedByPrice},
		"another purchase":                           {-100000, 78800, 0, 78800, provisioning.ChargedByPrice},
		"another purchase, below the ceiling":        {-100000, 78800, 200000, 78800, provisioning.ChargedByPrice},
		"no price, below the ceiling":                {0, 0, 80000, 78800, provisioning.ChargedByBalance},
		"no price, another purchase above a ceiling": {-100000, 0, 80000, 80000, provisioning.ChargedByPrice},
	} {
		heard := new(heard)
		changes := []func(*provisioning.Config){heard.listen}
		if test.ceiling != 0 {
			changes = append(changes, limited(test.ceiling))
		}
		onEachStore(t, func(t *testing.T, s *shop) {
			s.upstream.lists(test.listed)
			operation := s.doubtedPurchase("1", true)
			s.upstream.pay(test.paid)
			s.reconcile(rested)
			s.wantInferred(name, operation.ID, usd(test.charged), test.by)
			if s.told("1", "charge.above_authorised") != 0 || heard.count("charged more than was authorised") != 0 {
				t.Errorf("%s: an alert about an amount that nobody told", name)
			}
		}, changes...)
	}
}

// lists has the price list say so much, 0: nothing.
func (u *upstream) lists(units int64) {
	if u.listedPrice = new(provisioning.Money); units != 0 {
		*u.listedPrice = usd(units)
	}
}

// wantInferred compares what an operation cost that was carried out, also in the
// service and in the ledger.
func (s *shop) wantInferred(name, id string, charged provisioning.Money, by provisioning.ChargeSource) {
	s.t.Helper()
	got := s.operation(id)
	if got.State != provisioning.OperationSucceeded || got.Result.Charged != charged || got.Result.ChargedBy != by {
		s.t.Errorf("%s: %s, charged %s by %s, want %s by %s", name, got.State, got.Result.Charged, got.Result.ChargedBy, charged, by)
	}
	ledger := s.ledger()
	if entry(ledger, provisioning.FindingAbove, id) != nil || !ledger.Balanced() {
		s.t.Errorf("%s: the ledger: %+v", name, ledger.Entries)
	}
}

// More came than went, and the certificate shows that the domains were bought.
func TestATopUpMeanwhileMakesNoNegativeCharge(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		service := s.must(s.bridge.Create(t.Context(), s.caller, "1", multi))
		s.upstream.certificates[service.Current().CertificateID].Domains = 3
		operation := s.doubted(true, "add domains", func() (provisioning.Result, error) { return s.bridge.AddDomains(t.Context(), s.caller, "1", 2) })
		s.upstream.pay(1_000_000)
		s.reconcile(rested)
		s.wantInferred("added domains", operation.ID, usd(78800), provisioning.ChargedByPrice)
	})
	for name, test := range map[string]struct {
		listed, ceiling int64
		charged         provisioning.Money
	}{
		"a price":             {78800, 0, usd(78800)},
		"a ceiling":           {0, 80000, usd(80000)},
		"nothing to go by":    {0, 0, provisioning.Money{}},
		"a price and a limit": {78800, 80000, usd(78800)},
	} {
		var changes []func(*provisioning.Config)
		if test.ceiling != 0 {
			changes = append(changes, limited(test.ceiling))
		}
		onEachStore(t, func(t *testing.T, s *shop) {
			s.upstream.lists(test.listed)
			operation := s.doubtedPurchase("1", true)
			s.upstream.pay(1_000_000)
			s.reconcile(rested)
			if err := s.decide(operation.ID, provisioning.VerdictAdopt, "1001"); err != nil {
				t.Fatal(err)
			}
			s.wantInferred("adopted, with "+name, operation.ID, test.charged, provisioning.ChargedByPrice)
		}, changes...)
	}
}
