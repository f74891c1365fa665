// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// ConfigurationRequest is what ssl.activate and ssl.reissue take.
type ConfigurationRequest struct {
	CertificateID string
	CSR           string // PEM
	WebServerType string // see WebServerType; "" leaves the choice to the provider
	// AllByHTTP and AllByDNS choose one method for the whole order. Without
	// them, Approver says how the common name is validated.
	AllByHTTP, AllByDNS bool
	// Approver is an e-mail address, or ByHTTP or ByDNS.
	Approver string
	// Names beside the common name, for multi-domain products, each with an
	// approver of its own.
	Names   []ApprovedName
	Contact provisioning.Contact
	Level   provisioning.ValidationLevel // decides which contact fields are sent
}

// ApprovedName is a name beside the common name with its approver: an e-mail
// address, or ByHTTP or ByDNS.
type ApprovedName struct {
	Domain   string
	Approver string
}

// The words that stand for a method where activate and reissue take an e-mail
// address. editDCVMethod has a spelling of its own.
const (
	ByHTTP = "HTTPCSRHASH"
	ByDNS  = "CNAMECSRHASH"
)

// Accepted is the answer to ssl.activate and ssl.reissue.
type Accepted struct {
	ID           string // of the certificate; for a reissue, the new one
	Instructions Instructions
}

// Activate submits a CSR for a certificate that has none (ssl.activate).
func (c *Client) Activate(ctx context.Context, request ConfigurationRequest) (Accepted, error) {
	cmd := command{name: cmdActivate, write: true, results: []string{"sslactivateresult"}, declares: true}
	return ask(ctx, c, cmd, request.parameters(), func(answer *reply) (Accepted, error) {
		accepted, err := c.readAccepted(answer)
		if err == nil && accepted.ID != request.CertificateID {
			return Accepted{}, c.broken(cmd, "the answer is for certificate %s", accepted.ID)
		}
		return accepted, err
	})
}

// Reissue submits a CSR for an issued certificate (ssl.reissue).
func (c *Client) Reissue(ctx context.Context, request ConfigurationRequest) (Accepted, error) {
	// The documentation shows the element of activate, servers send their own.
	cmd := command{
		name: cmdReissue, write: true, declares: true,
		results: []string{"sslreissueresult", "sslactivateresult"},
	}
	return ask(ctx, c, cmd, request.parameters(), c.readAccepted)
}

func (c *Client) readAccepted(answer *reply) (Accepted, error) {
	id, ok := identifier(answer.result.attr("id"))
	if !ok {
		return Accepted{}, c.broken(answer.command, "the answer has no usable certificate id")
	}
	return Accepted{ID: id, Instructions: readInstructions(answer.result)}, nil
}

func (r ConfigurationRequest) parameters() url.Values {
	p := url.Values{"CertificateID": {r.CertificateID}, "CSR": {r.CSR}}
	set := func(name, value string) {
		if value != "" {
			p.Set(name, value)
		}
	}
	set("WebServerType", r.WebServerType)
	switch {
	case r.AllByHTTP:
		p.Set("HTTPDCValidation", strconv.FormatBool(true))
	case r.AllByDNS:
		p.Set("DNSDCValidation", strconv.FormatBool(true))
	default:
		set("ApproverEmail", r.Approver)
	}
	if len(r.Names) > 0 {
		names, approvers := make([]string, len(r.Names)), make([]string, len(r.Names))
		for i, one := range r.Names {
			names[i], approvers[i] = one.Domain, one.Approver
		}
		p.Set("DNSNames", strings.Join(names, ","))
		p.Set("DNSApproverEmails", strings.Join(approvers, ","))
	}
	for name, value := range contactParameters(r.Contact, r.Level) {
		set(name, value)
	}
	return p
}

// contactParameters spells a contact as the API does. The organisation's
// representative is who the authority calls back, so it is sent only where there
// is a call.
func contactParameters(contact provisioning.Contact, level provisioning.ValidationLevel) map[string]string {
	p := map[string]string{
		"AdminEmailAddress":     contact.Email,
		"AdminFirstName":        contact.FirstName,
		"AdminLastName":         contact.LastName,
		"AdminJobTitle":         contact.JobTitle,
		"AdminPhone":            contact.Phone,
		"AdminOrganizationName": contact.Organization,
		"AdminAddress1":         contact.Address1,
		"AdminAddress2":         contact.Address2,
		"AdminCity":             contact.City,
		"AdminStateProvince":    contact.State,
		"AdminPostalCode":       contact.PostalCode,
		"AdminCountry":          contact.Country,
	}
	if level == provisioning.OrganizationValidated || level == provisioning.ExtendedValidation {
		p["OrganizationRepFirstName"] = contact.FirstName
		p["OrganizationRepLastName"] = contact.LastName
		p["OrganizationRepTitle"] = contact.JobTitle
		p["OrganizationRepPhone"] = contact.Phone
		p["OrganizationRepEmailAddress"] = contact.Email
	}
	if level == provisioning.ExtendedValidation {
		// Required, and the contact has one country only. The authority checks it
		// against the register (EV Guidelines 3.2.2.2).
		p["CompanyIncorporationCountry"] = contact.Country
	}
	return p
}

// WebServerType maps a web server's name to one that the API knows, "other" for
// any that it does not. No name stays no name.
func WebServerType(name string) string {
	folded := strings.ToLower(strings.TrimSpace(name))
	if folded == "" {
		return ""
	}
	switch folded {
	case "apacheopenssl", "apachessl", "apacheraven", "apachessleay", "apache2", "apacheapachessl",
		"tomcat", "cpanel", "ipswitch", "plesk", "weblogic", "website", "webstar", "nginx",
		"iis", "iis4", "iis5", "c2net", "ibmhttp", "iplanet", "domino", "dominogo4625", "dominogo4626",
		"netscape", "zeusv3", "cobaltseries", "ensim", "hsphere":
		return folded
	case "apache", "httpd":
		return "apache2"
	}
	return "other"
}
