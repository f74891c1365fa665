// SPDX-License-Identifier: Apache-2.0

// Package providertest holds the contract that every provisioning.Provider must
// pass, in the words of the domain. An adapter runs it against the simulator of
// its provider, over a real connection:
//
//	func TestProviderContract(t *testing.T) {
//		providertest.Run(t, func(t *testing.T) providertest.Harness { ... })
//	}
//
// The contract trusts the ledger of the simulator, never what the provider says
// about itself.
package providertest

import (
	"slices"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// Capability is something that not every provider can do.
type Capability string

// The capabilities that a provider may lack.
const (
	// ApproverEmails: validation by e-mail, to addresses that can be listed.
	ApproverEmails Capability = "approver_emails"
	// MultiDomain: one certificate for several domains, with room to buy.
	MultiDomain Capability = "multi_domain"
	// RenewalGuard: the provider itself turns away a second renewal, and one
	// that is too early.
	RenewalGuard Capability = "renewal_guard"
	// ChangeValidation: methods can be changed while validation is pending.
	ChangeValidation Capability = "change_validation"
	// RevokeReplaced: a certificate that was replaced can be revoked, and only
	// such a one.
	RevokeReplaced Capability = "revoke_replaced"
	// ReplacedOnAcceptance: the old certificate names its successor as soon as a
	// reissue was accepted.
	ReplacedOnAcceptance Capability = "replaced_on_acceptance"
)

// Harness is one provider with an account of its own, and a hand on what stands
// behind it. The faults hit the next call that the provider makes, once.
type Harness struct {
	Provider provisioning.Provider

	// Codes of domain-validated products of each coverage.
	Single, Wildcard, MultiDomain string
	// UnknownID looks like a certificate ID and belongs to no certificate.
	UnknownID string
	// DaysToRenewal is how many days after a purchase for one year a renewal is
	// accepted.
	DaysToRenewal int

	// Secrets are the credentials of the account, as they are sent.
	Secrets []string

	// Approve has a certificate validated and issued.
	Approve func(certificateID string)
	// Charges counts the charges that the account ever had.
	Charges func() int
	// Advance moves the provider's clock.
	Advance func(days int)
	// SpendBalance leaves nothing to buy from.
	SpendBalance func()

	// ThrottleNext turns the next call away as one too many.
	ThrottleNext func()
	// LoseNextAnswer executes the next call and cuts the connection instead of
	// answering.
	LoseNextAnswer func()
	// CutNextAnswer executes the next call and cuts its answer in the middle.
	CutNextAnswer func()
	// GarbleNextAnswer executes the next call and answers with something that is
	// no answer of the provider.
	GarbleNextAnswer func()
	// HangNext leaves the next call without an answer until its caller gives up,
	// and never executes it. The channel is closed when the call has arrived.
	HangNext func() (arrived <-chan struct{})
	// Unplug makes every further connection fail.
	Unplug func()
}

// Run runs the contract, without the parts that need a capability which the
// provider lacks. Every part gets a harness of its own.
func Run(t *testing.T, newHarness func(t *testing.T) Harness, lacks ...Capability) {
	t.Helper()
	parts := []struct {
		name  string
		needs []Capability
		run   func(*suite)
	}{
		{"the catalogue is consistent", nil, catalogue},
		{"a purchase awaits its configuration", nil, purchase},
		{"a purchase takes its charge from the balance", nil, balance},
		{"a price is what is charged", nil, price},
		{"a renewal costs its price", nil, renewalPrice},
		{"added domains cost their price", []Capability{MultiDomain}, domainPrices},
		{"what is not sold has no price", nil, noPrice},
		{"an exchange is noted, without credentials", nil, exchanges},
		{"an exchange is noted, though its answer is lost", nil, lostExchange},
		{"an activation tells what to do for DNS", nil, activateByDNS},
		{"an activation tells what to do for HTTP", nil, activateByHTTP},
		{"an activation sends mail to the approver", []Capability{ApproverEmails}, activateByEmail},
		{"a wildcard is validated at its base domain", nil, activateWildcard},
		{"a wildcard cannot be validated by HTTP", nil, wildcardByHTTP},
		{"several domains are validated each in its way", []Capability{MultiDomain}, activateSeveral},
		{"a certificate is activated once", nil, activateTwice},
		{"what was approved is issued for the key of the CSR", nil, issue},
		{"a reissue brings a new ID that takes the place of the old one", nil, reissue},
		{"a reissue of what was never issued is refused", nil, reissueTooEarly},
		{"a renewal brings a new ID that awaits its configuration", nil, renew},
		{"a renewal far from the end of the term is refused", []Capability{RenewalGuard}, renewTooEarly},
		{"a second renewal is refused", []Capability{RenewalGuard}, renewTwice},
		{"added domains make room for more names", []Capability{MultiDomain}, addDomains},
		{"the list is read in pages, newest purchase first", nil, list},
		{"an empty account has an empty list", nil, emptyList},
		{"an unknown certificate is told apart", nil, unknownCertificate},
		{"approvers of a domain are listed", []Capability{ApproverEmails}, approverEmails},
		{"the validation method can be changed", []Capability{ChangeValidation}, changeValidation},
		{"validation can be tried again while it is pending", nil, retryValidation},
		{"only a replaced certificate can be revoked", []Capability{RevokeReplaced}, revoke},
		{"what is refused spends nothing", nil, refusalsSpendNothing},
		{"a purchase without funds is refused as such", nil, insufficientFunds},
		{"a throttled call was not executed", nil, throttled},
		{"a purchase whose answer is lost is unknown", nil, lostPurchase},
		{"a renewal whose answer is lost is unknown", nil, lostRenewal},
		{"an activation whose answer is lost can be found by its CSR", nil, lostActivation},
		{"a reissue whose answer is lost can be found from the old certificate",
			[]Capability{ReplacedOnAcceptance}, lostReissue},
		{"a read whose answer is lost can be repeated", nil, lostRead},
		{"a purchase that nobody answers is unknown", nil, hangingPurchase},
		{"a call that could not be made was not executed", nil, unplugged},
		{"a call whose time is over before it starts was not executed", nil, lateCall},
	}
	for _, part := range parts {
		if slices.ContainsFunc(part.needs, func(c Capability) bool { return slices.Contains(lacks, c) }) {
			continue
		}
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			part.run(newSuite(t, newHarness(t)))
		})
	}
}
