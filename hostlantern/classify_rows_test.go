// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import "github.com/certbridge/certbridge/provisioning"

// Short names for the faults, so that a row fits on a line.
const (
	other       = provisioning.FaultOther
	credentials = provisioning.FaultCredentials
	years       = provisioning.FaultYears
	domains     = provisioning.FaultDomains
	gone        = provisioning.FaultProductDiscontinued
	funds       = provisioning.FaultInsufficientFunds
	noSuchID    = provisioning.FaultUnknownCertificate
	window      = provisioning.FaultRenewalWindow
	csrFault    = provisioning.FaultCSR
	approver    = provisioning.FaultApproverEmail
	method      = provisioning.FaultValidationMethod
	contact     = provisioning.FaultContact
	state       = provisioning.FaultStatus
)

// everywhere is what any command may report.
func everywhere() []reported {
	return []reported{
		{"1010101", "Parameter APIUser is missing", refused, credentials},
		{"1010102", "Parameter APIKey is missing", refused, credentials},
		{"1010104", "Parameter Command is missing", refused, other},
		{"1010105", "Parameter ClientIP is missing", refused, credentials},
		{"1011101", "API user is invalid", refused, credentials},
		{"1011102", "Parameter APIKey is missing", refused, credentials},
		{"1011102", "API Key is invalid or API access has not been enabled", refused, credentials},
		{"1011105", "Parameter ClientIP is missing", refused, credentials},
		{"1011150", "Parameter RequestIP is invalid", refused, credentials},
		{"1011150", "Invalid request IP: 203.0.113.9", refused, credentials},
		{"1016103", "Parameter UserName is unauthorized", refused, credentials},
		{"1017101", "Parameter ApiUser is disabled or locked", refused, credentials},
		{"1017103", "Parameter UserName is disabled or locked", refused, credentials},
		{"1017105", "Parameter ClientIP is disabled or locked", refused, credentials},
		{"1017150", "Parameter RequestIP is disabled or locked", refused, credentials},
		{"1017410", "Too many declined payments", refused, credentials},
		{"1017411", "Too many login attempts", refused, credentials},
		{"1019103", "Parameter UserName is not available", refused, credentials},
		{"1030408", "Unsupported authentication type", refused, credentials},
		{"1050900", "Unknown error when validating APIUser", notExecuted, other},
		{"500000", "Too many requests", notExecuted, provisioning.FaultThrottled},
		{"3050900", "Unknown error at the provider", unknown, other},
		{"5019169", "Unknown exceptions", unknown, other},
		{"5050169", "Unknown exceptions", unknown, other},
		{"5050900", "Unhandled exceptions", unknown, other},

		// In no table: the first digit tells how far the request came.
		{"1999999", "something about the user", refused, credentials},
		{"2999999", "something about the request", refused, other},
		{"3999999", "something from the authority", unknown, other},
		{"4999999", "something from the database", unknown, other},
		{"5999999", "something else", unknown, other},
		{"9999999", "of no known class", unknown, other},
		{"299999", "too short", unknown, other},
		{"29999999", "too long", unknown, other},
		{"2O11294", "with a letter", unknown, other},
		{"-200000", "with a sign", unknown, other},
		{"", "without a number", unknown, other},
		{"0000000", "zero", unknown, other},
	}
}

func promotionErrors() []reported {
	var rows []reported
	for _, text := range []string{
		"Promotion code is not available", "Promotion code usage exceeded", "Promotion code is not started yet.",
		"Promotion code is expired", "Promotion code requires username.", "Access denied for the promotion code",
		"Promotion code is not active", "Error occured while validating promotion code", //nolint:misspell // the provider writes it so
	} {
		rows = append(rows, reported{"2011170", text, refused, other})
	}
	return append(rows, reported{"2013170", "Parameter PromotionCode is TooLong", refused, other})
}

func chargeErrors() []reported {
	return append(promotionErrors(), []reported{
		{"2011301", "We're sorry, the requested SSL type has been discontinued", refused, gone},
		{"2013167", "OutOfRange. Max Years value for this Type is 2.", refused, years},
		{"2015167", "Number of years should be maximum 3", refused, years},
		{"2032409", "Some error occurred during authentication phase", refused, other},
		{"2033409", "Possibly a logical error in authentication phase. Order chargeable for Username is not found", refused, other},
		{"2528166", "Order creation failed", refused, other},
		{"2528166", "ORDER CREATION FAILED; 12; CALCULATIONERROR", refused, other},
		{"2528166", "ORDER CREATION FAILED; INSUFFICIENTFUNDS;Insufficient funds in account; Sorry! Your available " +
			"balance is insufficient to cover the current billing amount;", refused, funds},
		{"4011299", "The Purchasevalidationid already exists.The certificate cannot be created", unknown, other},
		{"4080167", "Certificates may not be issued for more than 2 years", refused, years},
	}...)
}

func createErrors() []reported {
	return append(chargeErrors(), []reported{
		{"2010167", "Parameter Years is Missing", refused, years},
		{"2010298", "Parameter Type is Missing", refused, other},
		{"2011167", "Parameter Years is Invalid", refused, years},
		{"2011301", "Parameter Type is not valid", refused, other},
		{"2011767", "Addon details is not available for the SSLType", refused, domains},
		{"2011767", "Number of SANS To add is not within the limit.", refused, domains},
		{"2011900", "Parameter SANSToAdd is Invalid", refused, domains},
		{"2013167", "Parameter Years is OutOfRange", refused, years},
		{"2013900", "Parameter SANSToAdd is OutOfRange", refused, domains},
	}...)
}

func renewErrors() []reported {
	return append(chargeErrors(), []reported{
		{"2010167", "Parameter Years is Missing", refused, years},
		{"2010294", "Parameter CertificateID is Missing", refused, other},
		{"2010301", "Parameter SSLType is Missing", refused, other},
		{"2011167", "Parameter Years is Invalid", refused, years},
		{"2011294", "Parameter CertificateID is Invalid", refused, noSuchID},
		{"2011301", "Parameter SSLType is not valid", refused, other},
		{"2012301", "SSLType Mismatch", refused, other},
		{"2013167", "Years is TooLong", refused, years},
		{"2013294", "CertificateID TooLong", refused, noSuchID},
		{"2013301", "SSLType TooLong", refused, other},
		{"4011294", "Certificate not meet the ExpireDate. So cannot Renew", refused, window},
		{"4011294", "Cannot renew with Year=3 when certificate's days to expire > 90. Try again when certificate's " +
			"days to expire <= 90", refused, window},
		{"4011294", "CertificateID is invalid", refused, noSuchID},
		{"4011294", "something new", unknown, other},
		{"4011331", "Certificate status is invalid", refused, state},
		{"4011331", "something new", unknown, other},
		{"4028294", "This CertificateID is already queued for Renewal", refused, provisioning.FaultRenewalQueued},
	}...)
}

// submitErrors is what activate and reissue report.
func submitErrors() []reported {
	rows := []reported{
		{"2010214", "Parameter AdminEmailAddress is Missing", refused, contact},
		{"2010294", "Parameter CertificateID is Missing", refused, other},
		{"2010295", "Approver email is required", refused, approver},
		{"2010295", "DNSApproverEmails is required", refused, approver},
		{"2010296", "Parameter CSR is Missing", refused, csrFault},
		{"2010297", "Parameter WebServerType is Missing", refused, other},
		{"2010326", "Parameter AdminCity is missing", refused, contact},
		{"2010396", "Either CSR Organization or AdminOrganizationName must be specified", refused, contact},
		{"2010667", "CompanyIncorporationCountry is Required for EV SSL certificates", refused, contact},
		{"2010767", "The additional domain names provided in DNSNames exceeded the purchased SANS.Only 2 SANS can be " +
			"activated for this certificate.", refused, domains},
		{"2010767", "The additional DNSNames and their corresponding approver emails are not equal", refused, domains},
		{"2011166", "Invalid Renewal Order Domain", refused, domains},
		{"2011294", "Parameter CertificateID is Invalid", refused, noSuchID},
		{"2011294", "CertificateID is invalid", refused, noSuchID},
		{"2011295", "Approver email is invalid", refused, approver},
		{"2011296", "CSR is not for a wildcard", refused, csrFault},
		{"2011297", "Parameter WebServerType is Invalid", refused, other},
		{"2011300", "Invalid SSL Certificate Selection", refused, other},
		{"2011301", "We're sorry, the requested SSL type has been discontinued", refused, gone},
		{"2011333", "", refused, other},
		{"2011510", "", refused, other},
		{"2011668", "Parameter CompanyIncorporationDate is Invalid. Valid format is YYYY-MM-DD", refused, contact},
		{"2011767", "example.local is not a public name", refused, domains},
		{"2011784", "Both File-Based and DNS-Based authentication can't be enabled", refused, method},
		{"2013294", "Parameter CertificateID is TooLong", refused, noSuchID},
		{"2013295", "Parameter ApproverEmail is TooLong", refused, approver},
		{"2013296", "Parameter CSR is TooLong", refused, csrFault},
		{"2013297", "Parameter WebServerType is TooLong", refused, other},
		{"2013900", "Parameter AdminAddress1 is TooLong", refused, contact},
		{"2013900", "Parameter HTTPDCValidation is Invalid", refused, method},
		{"2013900", "Parameter DNSDCValidation is Invalid", refused, method},
		{"2014296", "Duplicate Values in Common Names detected.", refused, csrFault},
		{"2015182", "Phone format is invalid", refused, contact},
		{"2019331", "Certificate status is not available", refused, state},
		{"2030296", "Invalid CSR - Wildcard not supported with this type of certificate.", refused, csrFault},
		{"2030332", "", refused, other},
		{"3011166", "Invalid renewal order domain", refused, domains},
		{"3011295", "Error From Certificate Provider", refused, other},
		{"3011295", "Approver email is not valid", refused, approver},
		{"3011295", "Approver email for the DomainName x.example is not valid. DNSApproverEmails must be in the same " +
			"order of dnsnames", refused, approver},
		{"3011296", "Invalid CSR. The key is too small", refused, csrFault},
		{"3011784", "Due to CA/B Forum regulations, HTTP DCV method is not allowed for Wildcard certificates", refused, method},
		{"3022296", "Error occures while creating Http DCV based file", unknown, other},
		{"3022296", "Error occured while retrieving details for DNS based DCValidation.", unknown, other}, //nolint:misspell // the provider writes it so
		{"3027295", "We are unable to process your order. Error Details: 17", refused, other},
		{"3028301", "Failed to purchase certificate", refused, other},
		{"4011294", "CertificateId is not valid", refused, noSuchID},
		{"4011296", "CSR invalid error from provider", refused, csrFault},
		{"4011297", "Parameter AdminCountry country is not a valid ISO 3166-1 alpha-2 country", refused, contact},
		{"4011331", "Status is InValid.", refused, state},
		{"4011331", "Unable to update DCV filerecords in database. Please try again.", unknown, other},
		{"4011380", "OrganizationRepDUNS must be integer", refused, contact},
		{"4011900", "OrganizationDUNS must be integer", refused, contact},
		{"4020294", "Activation period for this certificate has expired.", refused, provisioning.FaultActivationExpired},
		{"4024294", "Unable to update records", unknown, other},
		{"4024295", "Unable to update records", unknown, other},
		{"4024296", "Unable to update records", unknown, other},
		{"4024331", "Unable to update records", unknown, other},
		{"4024510", "Unable to update records", unknown, other},
		{"4027295", "Failed to send ApproverEmail", unknown, other},
		{"4050900", "Error occured from database", unknown, other}, //nolint:misspell // the provider writes it so
		{"4080167", "Certificates may not be issued for more than 2 years", refused, years},
	}
	for _, number := range []string{
		"2011212", "2011213", "2011214", "2011215", "2011388", "2011389",
		"2013201", "2013202", "2013203", "2013204", "2013207", "2013208", "2013209", "2013210", "2013211", "2013212",
		"2013213", "2013214", "2013215", "2013372", "2013374", "2013375", "2013376", "2013380", "2013384", "2013385",
		"2013386", "2013387", "2013388", "2013389", "2013667",
	} {
		rows = append(rows, reported{number, "Parameter is TooLong", refused, contact})
	}
	return rows
}

func editErrors() []reported {
	return []reported{
		{"2010294", "Parameter CertificateID is Missing", refused, other},
		{"2013294", "Parameter CertificateID is TooLong", refused, noSuchID},
		{"2013294", "Parameter DNSNames is TooLong", refused, domains},
		{"2013294", "Parameter DCVMethod is TooLong", refused, method},
		{"2013294", "Parameter DCVMethods is TooLong", refused, method},
		{"2011294", "CertificateID is invalid", refused, noSuchID},
		{"2010784", "Insufficient data to edit dcvalidation method", refused, method},
		{"2010784", "DNSNames or DCVMethods is missing for a multi domain certificate", refused, method},
		{"2010784", "DCVMethod is missing for a single domain certificate", refused, method},
		{"2011784", "DNSNames or DCVMethods cannot be sent along with DCVMethod", refused, method},
		{"2011767", "DNSNames do not match those of the activation", refused, domains},
		{"2011331", "Status is Invalid", refused, state},
		{"2010767", "DNSNames and DCVMethods are not equal", refused, domains},
		{"3011295", "DCVMethod is invalid", refused, method},
		{"3011295", "Error From Certificate Provider", refused, other},
		{"3011784", "DCVMethod for the DomainName x.example is not valid", refused, method},
		{"2011301", "We're sorry, the requested SSL type has been discontinued", refused, gone},
		{"4011331", "Unable to update DCV filerecords", unknown, other},
	}
}

// byCommand is what single commands report, over what all of them may.
func byCommand() map[string][]reported {
	return map[string][]reported{
		"create":   createErrors(),
		"renew":    renewErrors(),
		"activate": submitErrors(),
		"reissue":  submitErrors(),
		"getInfo":  {{"2011294", "CertificateID is invalid", refused, noSuchID}},
		"getList":  {{"2011272", "ListType is invalid", refused, other}},
		"parseCSR": {
			{"2011300", "CertificateType is invalid", refused, other},
			{"3022296", "Failed to retrive CSR details from provider", unknown, other}, //nolint:misspell // the provider writes it so
		},
		"getApproverEmailList": {
			{"2011166", "DomainName is invalid", refused, domains},
			{"2011296", "CSR is invalid", refused, csrFault},
			{"2011300", "CertificateType is invalid", refused, other},
			{"4011300", "CertificateType is invalid", refused, other},
			{"3022295", "Failed to retrive ApproverEmail", unknown, other}, //nolint:misspell // the provider writes it so
		},
		"resendApproverEmail": {
			{"2011294", "CertificateID is invalid", refused, noSuchID},
			{"2011331", "Status is invalid", refused, state},
			{"3011295", "ApproverEmail is invalid", refused, approver},
		},
		"resendfulfillmentemail": {
			{"2010294", "Parameter CertificateID is Missing", refused, other},
			{"2011294", "CertificateID is invalid", refused, noSuchID},
			{"2011331", "Status is invalid", refused, state},
			{"3011299", "No administrator email is on file for this certificate", refused, contact},
			{"3022334", "Failed to resend fulfillment email", refused, other},
		},
		"purchasemoresans": chargeErrors(),
		"revokecertificate": {
			{"4011331", "Status is invalid", refused, state},
			{"2011300", "Wrong SSL certificate selection. The type provided is not supported by command.", refused, other},
		},
		"editDCVMethod": editErrors(),
		"getBalances":   {{"4022312", "Balance information is not available", unknown, other}},
		"getPricing": append(promotionErrors(),
			reported{"2011298", "ProductType is invalid", refused, other}),
	}
}
