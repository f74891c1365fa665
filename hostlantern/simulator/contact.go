// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// bound is the greatest length of a parameter and the error beyond it.
type bound struct {
	name   string
	max    int
	number string
}

// keyed is a bound under the lower-case name of its parameter.
type keyed struct {
	bound
	key string
}

func boundsByKey() []keyed {
	var list []keyed
	for _, one := range contactBounds() {
		list = append(list, keyed{one, strings.ToLower(one.name)})
	}
	return list
}

// contactBounds lists the contact parameters of activate and reissue. The
// legacy ones have no effect any more, but are still measured.
func contactBounds() []bound {
	list := []bound{
		{"AdminOrganizationName", 255, "2013201"},
		{"AdminJobTitle", 255, "2013202"},
		{"AdminFirstName", 255, "2013203"},
		{"AdminLastName", 255, "2013204"},
		{"AdminCity", 255, "2013207"},
		{"AdminStateProvince", 255, "2013208"},
		{"AdminStateProvinceChoice", 255, "2013209"},
		{"AdminPostalCode", 255, "2013210"},
		{"AdminCountry", 2, "2013211"},
		{"AdminPhone", 32, "2013212"},
		{"AdminFax", 32, "2013213"},
		{"AdminEmailAddress", 255, "2013214"},
		{"AdminPhoneExt", 32, "2013215"},
		{"ApproverEmail", 255, "2013295"},
		{"WebServerType", 50, "2013297"},
		{"OrganizationRepEmailAddress", 128, "2013372"},
		{"OrganizationRepFirstName", 60, "2013374"},
		{"OrganizationRepLastName", 60, "2013375"},
		{"OrganizationRepTitle", 60, "2013376"},
		{"OrganizationRepLegalName", 255, "2013380"},
		{"OrganizationRepDUNS", 20, "2013380"},
		{"OrganizationDepartment", 255, "2013380"},
		{"OrganizationRepCity", 255, "2013384"},
		{"OrganizationRepStateProvince", 255, "2013385"},
		{"OrganizationRepPostalCode", 255, "2013386"},
		{"OrganizationRepCountry", 2, "2013387"},
		{"OrganizationPhone", 255, "2013388"},
		{"OrganizationFax", 255, "2013389"},
		{"CompanyIncorporationCountry", 2, "2013667"},
		{"OrganizationRepPhone", 255, "2011388"},
		{"OrganizationRepFax", 255, "2011389"},
	}
	for _, name := range []string{
		"AdminAddress1", "AdminAddress2", "CompanyIncorporationStateProvince", "OrganizationLegalName", "OrganizationAddress1",
		"OrganizationAddress2", "OrganizationPOBox", "OrganizationCity", "OrganizationStateProvince", "OrganizationPostalCode",
		"OrganizationRepPostOfficeBox", "OrganizationRepAddress1", "OrganizationRepAddress2",
	} {
		list = append(list, bound{name, 255, "2013900"})
	}
	for _, name := range []string{
		"CompanyIncorporationLocality", "CompanyIncorporationDate", "CompanyDBA", "CompanyRegistrationNumber",
	} {
		list = append(list, bound{name, 100, "2013900"})
	}
	list = append(list, bound{"OrganizationDUNS", 20, "2013900"}, bound{"OrganizationCountry", 2, "2013900"},
		bound{"DNSApproverEmails", 32767, "2013900"})
	for _, group := range []string{"Tech", "Billing"} {
		for _, suffix := range []string{
			"EmailAddress", "FirstName", "LastName", "Address1", "City", "StateProvince", "Country", "PostalCode", "Phone",
			"OrganizationName", "JobTitle",
		} {
			list = append(list, bound{group + suffix, 255, "2013900"})
		}
	}
	return list
}

// checkContact checks the contact parameters: length, form, and what extended
// validation needs.
func (s *Simulator) checkContact(c *call, p *product) *apiError {
	for _, one := range s.bounds {
		if len(c.get(one.key)) > one.max {
			return refuse(one.number, "Parameter "+one.name+" is TooLong")
		}
	}
	if refused := s.checkForms(c); refused != nil {
		return refused
	}
	for _, name := range []string{"AdminCountry", "OrganizationRepCountry", "OrganizationCountry", "CompanyIncorporationCountry"} {
		if value := c.get(strings.ToLower(name)); value != "" && !s.countries[strings.ToUpper(value)] {
			return refuse("4011297", "Parameter "+name+" country is not a valid ISO 3166-1 alpha-2 country")
		}
	}
	if p.validation != extendedValidated {
		return nil
	}
	for _, name := range []string{"AdminAddress1", "AdminCity", "AdminStateProvince", "AdminCountry", "AdminPostalCode"} {
		if c.get(strings.ToLower(name)) == "" {
			return refuse("2010326", "Parameter "+name+" is missing")
		}
	}
	if c.get("companyincorporationcountry") == "" {
		return refuse("2010667", "CompanyIncorporationCountry is Required for EV SSL certificates")
	}
	return nil
}

func (s *Simulator) checkForms(c *call) *apiError {
	for _, one := range []struct {
		name, number string
		good         func(string) bool
	}{
		{"AdminPhone", "2011212", s.phone.MatchString},
		{"AdminFax", "2011213", s.phone.MatchString},
		{"AdminEmailAddress", "2011214", mailAddress},
		{"AdminPhoneExt", "2011215", allDigits},
		{"OrganizationRepPhone", "2011388", s.phone.MatchString},
		{"OrganizationRepFax", "2011389", s.phone.MatchString},
		{"OrganizationRepEmailAddress", "2013372", mailAddress},
	} {
		if value := c.get(strings.ToLower(one.name)); value != "" && !one.good(value) {
			return refuse(one.number, "Parameter "+one.name+" is Invalid")
		}
	}
	if value := c.get("companyincorporationdate"); value != "" {
		if _, err := time.Parse(time.DateOnly, value); err != nil {
			return refuse("2011668", "Parameter CompanyIncorporationDate is Invalid. Valid format is YYYY-MM-DD")
		}
	}
	if value := c.get("organizationrepduns"); value != "" && !allDigits(value) {
		return refuse("4011380", "OrganizationRepDUNS must be integer")
	}
	if value := c.get("organizationduns"); value != "" && !allDigits(value) {
		return refuse("4011900", "OrganizationDUNS must be integer")
	}
	return nil
}

// phonePattern is +NNN.NNNNNNNNNN: country code, dot, number.
func phonePattern() *regexp.Regexp { return regexp.MustCompile(`^\+[0-9]{1,3}\.[0-9]{4,14}$`) }

func mailAddress(text string) bool {
	parsed, err := mail.ParseAddress(text)
	return err == nil && parsed.Address == text && parsed.Name == ""
}

// countryCodes is ISO 3166-1 alpha-2.
func countryCodes() map[string]bool {
	const list = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ " +
		"CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR " +
		"GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP " +
		"KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ " +
		"NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW " +
		"SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ " +
		"UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
	codes := map[string]bool{}
	for _, code := range strings.Fields(list) {
		codes[code] = true
	}
	return codes
}
