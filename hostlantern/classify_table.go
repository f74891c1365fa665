// SPDX-License-Identifier: Apache-2.0

package hostlantern

import "github.com/certbridge/certbridge/provisioning"

// The outcomes and commands by short names, so that a row fits on a line.
const (
	refused     = provisioning.Refused
	notExecuted = provisioning.NotExecuted
	unknown     = provisioning.Unknown

	anyText = ""

	cmdCreate     = "ssl.create"
	cmdRenew      = "ssl.renew"
	cmdActivate   = "ssl.activate"
	cmdReissue    = "ssl.reissue"
	cmdInfo       = "ssl.getInfo"
	cmdList       = "ssl.getList"
	cmdParseCSR   = "ssl.parseCSR"
	cmdApprovers  = "ssl.getApproverEmailList"
	cmdResend     = "ssl.resendApproverEmail"
	cmdFulfilment = "ssl.resendfulfillmentemail"
	cmdMoreSANs   = "ssl.purchasemoresans"
	cmdRevoke     = "ssl.revokecertificate"
	cmdEditDCV    = "ssl.editDCVMethod"
	cmdBalances   = "users.getBalances"
	cmdPricing    = "users.getPricing"
)

// classification is the one place that knows what error numbers mean. Rows with
// a text or a command stand before those without for the same number.
//
// A row says Refused only where the error proves that nothing was done. Errors
// of the certificate authority or the database that may come after the fact are
// Unknown, whatever their text claims.
func classification() []rule {
	return join(globalRules(), orderRules(), identityRules(), requestRules(), contactRules(), authorityRules(), stateRules())
}

func join(groups ...[]rule) []rule {
	var all []rule
	for _, group := range groups {
		all = append(all, group...)
	}
	return all
}

// globalRules: before any command is looked at, except for the last ones, which
// tell of a failure on the server at no particular moment.
func globalRules() []rule {
	return []rule{
		{"1010101", anyText, "", refused, provisioning.FaultCredentials},
		{"1010102", anyText, "", refused, provisioning.FaultCredentials},
		{"1010104", anyText, "", refused, provisioning.FaultOther}, // no command
		{"1010105", anyText, "", refused, provisioning.FaultCredentials},
		{"1011101", anyText, "", refused, provisioning.FaultCredentials},
		{"1011102", anyText, "", refused, provisioning.FaultCredentials},
		{"1011104", anyText, "", refused, provisioning.FaultOther}, // not a command; a wrong prefix
		{"1011105", anyText, "", refused, provisioning.FaultCredentials},
		{"1011150", anyText, "", refused, provisioning.FaultCredentials}, // the source address is not allowed
		{"1016103", anyText, "", refused, provisioning.FaultCredentials},
		{"1017101", anyText, "", refused, provisioning.FaultCredentials},
		{"1017103", anyText, "", refused, provisioning.FaultCredentials},
		{"1017105", anyText, "", refused, provisioning.FaultCredentials},
		{"1017150", anyText, "", refused, provisioning.FaultCredentials},
		{"1017410", anyText, "", refused, provisioning.FaultCredentials}, // locked: declined payments
		{"1017411", anyText, "", refused, provisioning.FaultCredentials}, // locked: login attempts
		{"1019103", anyText, "", refused, provisioning.FaultCredentials},
		{"1030408", anyText, "", refused, provisioning.FaultCredentials},
		// The server could not check the user, so it did not get to the command.
		{"1050900", anyText, "", notExecuted, provisioning.FaultOther},
		{"500000", anyText, "", notExecuted, provisioning.FaultThrottled},

		{"3050900", anyText, "", unknown, provisioning.FaultOther},
		{"5019169", anyText, "", unknown, provisioning.FaultOther},
		{"5050169", anyText, "", unknown, provisioning.FaultOther},
		{"5050900", anyText, "", unknown, provisioning.FaultOther},
	}
}

// orderRules: what is bought, for how long, for how much.
func orderRules() []rule {
	return []rule{
		{"2010167", anyText, "", refused, provisioning.FaultYears},
		{"2011167", anyText, "", refused, provisioning.FaultYears},
		{"2013167", anyText, "", refused, provisioning.FaultYears},
		{"2015167", anyText, "", refused, provisioning.FaultYears},
		{"4080167", anyText, "", refused, provisioning.FaultYears},

		{"2010298", anyText, "", refused, provisioning.FaultOther}, // no type
		{"2010301", anyText, "", refused, provisioning.FaultOther},
		{"2013301", anyText, "", refused, provisioning.FaultOther},
		{"2011300", anyText, "", refused, provisioning.FaultOther}, // type not for this command
		{"4011300", anyText, "", refused, provisioning.FaultOther},
		{"2011301", "discontinued", "", refused, provisioning.FaultProductDiscontinued},
		{"2011301", anyText, "", refused, provisioning.FaultOther},
		{"2012301", anyText, "", refused, provisioning.FaultOther}, // not the type of the old certificate
		{"2011298", anyText, "", refused, provisioning.FaultOther},
		{"2011272", anyText, "", refused, provisioning.FaultOther},

		{"2011170", anyText, "", refused, provisioning.FaultOther}, // promotion codes
		{"2013170", anyText, "", refused, provisioning.FaultOther},

		{"2011767", anyText, "", refused, provisioning.FaultDomains}, // add-on count, or names that cannot be
		{"2011900", anyText, "", refused, provisioning.FaultDomains},
		{"2013900", anyText, cmdCreate, refused, provisioning.FaultDomains},

		// The order is checked and paid before anything else happens, and these
		// texts say that it was not made. There is no number for a short balance.
		{"2528166", "insufficientfunds", "", refused, provisioning.FaultInsufficientFunds},
		{"2528166", anyText, "", refused, provisioning.FaultOther},
		{"2032409", anyText, "", refused, provisioning.FaultOther}, // authentication of the order
		{"2033409", anyText, "", refused, provisioning.FaultOther},
		// The order may be there: only its certificate is said not to be.
		{"4011299", anyText, "", unknown, provisioning.FaultOther},
		{"4022312", anyText, "", unknown, provisioning.FaultOther}, // balance not available now
	}
}

// identityRules: which certificate.
func identityRules() []rule {
	return []rule{
		{"2010294", anyText, "", refused, provisioning.FaultOther}, // no id
		{"2011294", anyText, "", refused, provisioning.FaultUnknownCertificate},
		{"2013294", "dnsnames", "", refused, provisioning.FaultDomains},
		{"2013294", "dcvmethod", "", refused, provisioning.FaultValidationMethod},
		{"2013294", anyText, "", refused, provisioning.FaultUnknownCertificate},
		{"4011294", "is invalid", "", refused, provisioning.FaultUnknownCertificate},
		{"4011294", "is not valid", "", refused, provisioning.FaultUnknownCertificate},
		{"4011294", "expiredate", "", refused, provisioning.FaultRenewalWindow},
		{"4011294", "days to expire", "", refused, provisioning.FaultRenewalWindow},
	}
}

// requestRules: the CSR, the names in it and how they are validated.
func requestRules() []rule {
	return []rule{
		{"2010296", anyText, "", refused, provisioning.FaultCSR},
		{"2011296", anyText, "", refused, provisioning.FaultCSR},
		{"2013296", anyText, "", refused, provisioning.FaultCSR},
		{"2014296", anyText, "", refused, provisioning.FaultCSR},
		{"2030296", anyText, "", refused, provisioning.FaultCSR},

		{"2011166", anyText, "", refused, provisioning.FaultDomains},
		{"3011166", anyText, "", refused, provisioning.FaultDomains},
		{"2010767", anyText, "", refused, provisioning.FaultDomains},

		{"2010295", anyText, "", refused, provisioning.FaultApproverEmail},
		{"2011295", anyText, "", refused, provisioning.FaultApproverEmail},
		{"2013295", anyText, "", refused, provisioning.FaultApproverEmail},

		{"2010784", anyText, "", refused, provisioning.FaultValidationMethod},
		{"2011784", anyText, "", refused, provisioning.FaultValidationMethod},
		{"3011784", anyText, "", refused, provisioning.FaultValidationMethod},
		{"2013900", "dcvalidation", "", refused, provisioning.FaultValidationMethod},

		{"2010297", anyText, "", refused, provisioning.FaultOther}, // web server type
		{"2011297", anyText, "", refused, provisioning.FaultOther},
		{"2013297", anyText, "", refused, provisioning.FaultOther},

		{"2011333", anyText, "", refused, provisioning.FaultOther}, // listed without a text
		{"2011510", anyText, "", refused, provisioning.FaultOther},
		{"2030332", anyText, "", refused, provisioning.FaultOther},
	}
}

// contactRules: who. The numbers are checked before anything is sent on.
func contactRules() []rule {
	numbers := []string{
		"2010214", "2010326", "2010396", "2010667",
		"2011212", "2011213", "2011214", "2011215", "2011388", "2011389", "2011668",
		"2013201", "2013202", "2013203", "2013204", "2013207", "2013208", "2013209", "2013210", "2013211",
		"2013212", "2013213", "2013214", "2013215",
		"2013372", "2013374", "2013375", "2013376", "2013380", "2013384", "2013385", "2013386", "2013387",
		"2013388", "2013389", "2013667", "2013900", "2015182",
		"3011299",                       // no administrator's address on file
		"4011297", "4011380", "4011900", // country, registration numbers
	}
	rows := make([]rule, len(numbers))
	for i, number := range numbers {
		rows[i] = rule{number, anyText, "", refused, provisioning.FaultContact}
	}
	return rows
}

// authorityRules: what the certificate authority answered.
func authorityRules() []rule {
	return []rule{
		{"3011295", "dcvmethod", "", refused, provisioning.FaultValidationMethod},
		{"3011295", "error from certificate provider", "", refused, provisioning.FaultOther},
		{"3011295", anyText, "", refused, provisioning.FaultApproverEmail},
		{"3011296", anyText, "", refused, provisioning.FaultCSR},
		{"4011296", anyText, "", refused, provisioning.FaultCSR},
		{"3027295", anyText, "", refused, provisioning.FaultOther},
		{"3028301", anyText, "", refused, provisioning.FaultOther},
		{"3022334", anyText, cmdFulfilment, refused, provisioning.FaultOther},
		{"3022295", anyText, "", unknown, provisioning.FaultOther}, // approvers not known now
		// The authority has the order, what it answered was lost on the way.
		{"3022296", anyText, "", unknown, provisioning.FaultOther},
		{"4027295", anyText, "", unknown, provisioning.FaultOther},
	}
}

// stateRules: what state the certificate is in, and what went wrong in keeping
// it after the authority had taken the order.
func stateRules() []rule {
	return []rule{
		{"2019331", anyText, "", refused, provisioning.FaultStatus},
		{"2011331", anyText, "", refused, provisioning.FaultStatus},
		{"4011331", "unable to update", "", unknown, provisioning.FaultOther},
		{"4011331", "status is invalid", "", refused, provisioning.FaultStatus},
		{"4020294", anyText, "", refused, provisioning.FaultActivationExpired},
		{"4028294", anyText, "", refused, provisioning.FaultRenewalQueued},

		{"4024294", anyText, "", unknown, provisioning.FaultOther},
		{"4024295", anyText, "", unknown, provisioning.FaultOther},
		{"4024296", anyText, "", unknown, provisioning.FaultOther},
		{"4024331", anyText, "", unknown, provisioning.FaultOther},
		{"4024510", anyText, "", unknown, provisioning.FaultOther},
		{"4050900", anyText, "", unknown, provisioning.FaultOther},
	}
}
