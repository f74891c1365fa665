// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"strings"
)

// certificateType checks the CertificateType of a helper command.
func certificateType(name string) bool {
	return productNamed(name) != nil
}

// parseCSR is ssl.parseCSR.
func (s *Simulator) parseCSR(c *call, x *xmlWriter) *apiError {
	csr, kind := strings.TrimSpace(c.params["csr"]), c.get("certificatetype")
	switch {
	case !c.post:
		return refuse("5050900", "Unhandled exceptions")
	case csr == "":
		return refuse("2010296", "Parameter CSR is Missing")
	case len(csr) > 2000:
		return refuse("2013296", "Parameter CSR is TooLong")
	case kind != "" && !certificateType(kind):
		return refuse("2011300", "CertificateType is invalid")
	}
	request, err := s.requests.read(csr)
	if err != nil {
		return refuse("3022296", "Failed to retrive CSR details from provider") //nolint:misspell // the provider's spelling
	}
	subject, names := request.parsed.Subject, request.parsed.DNSNames
	if len(names) == 0 {
		names = []string{request.commonName}
	}
	x.open("SSLParseCSRResult")
	x.open("CSRDetails")
	for _, one := range [][2]string{
		{"CommonName", request.commonName},
		{"DomainName", strings.TrimPrefix(request.commonName, "*.")},
		{"Country", first(subject.Country)},
		{"OrganisationUnit", first(subject.OrganizationalUnit)},
		{"Organisation", first(subject.Organization)},
		{"ValidTrueDomain", "false"},
		{"State", first(subject.Province)},
		{"Locality", first(subject.Locality)},
		{"Email", first(request.parsed.EmailAddresses)},
		{"DNSNames", strings.Join(names, ",")},
	} {
		x.open(one[0])
		x.escape(one[1])
		x.close(one[0])
	}
	x.close("CSRDetails")
	x.close("SSLParseCSRResult")
	return nil
}

func first(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// approverEmails is ssl.getApproverEmailList.
func (s *Simulator) approverEmails(c *call, x *xmlWriter) *apiError {
	domain, kind := lower(c.get("domainname")), c.get("certificatetype")
	switch {
	case strings.Contains(domain, "begin certificate request"):
		return refuse("2011296", "CSR is invalid")
	case len(domain) > 70 || !publicName(domain):
		return refuse("2011166", "DomainName is invalid")
	case discontinued(kind) && productNamed(kind) == nil:
		return refuse("4011300", "CertificateType is invalid")
	case !certificateType(kind):
		return refuse("2011300", "CertificateType is invalid")
	}
	x.open("GetApproverEmailListResult", "Domain", domain)
	x.empty("Domainemails")
	x.open("Genericemails")
	for _, address := range approverAddresses(domain) {
		x.element("email", address)
	}
	x.close("Genericemails")
	x.close("GetApproverEmailListResult")
	return nil
}

// resendApproverEmail is ssl.resendApproverEmail; it also makes the CA look at
// files and records again.
func (s *Simulator) resendApproverEmail(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), invalidID())
	if refused != nil {
		return refused
	}
	if found.status != purchased {
		return refuse("2011331", "Status is invalid")
	}
	x.empty("SSLResendApproverEmailResult", "ID", decimal(found.id), "IsSuccess", "true")
	c.after = func(ctx context.Context) { s.look(ctx, found.id) }
	return nil
}

// resendFulfillmentEmail is ssl.resendfulfillmentemail.
func (s *Simulator) resendFulfillmentEmail(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), invalidID())
	if refused != nil {
		return refused
	}
	switch {
	case found.status != active:
		return refuse("2011331", "Status is invalid")
	case found.order.adminEmail == "":
		return refuse("3011299", "No administrator email is on file for this certificate")
	}
	x.empty("SSLResendFulfillmentEmailResult", "ID", decimal(found.id), "IsSuccess", "true")
	return nil
}

// revoke is ssl.revokecertificate: for replaced certificates only.
func (s *Simulator) revoke(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), invalidID())
	if refused != nil {
		return refused
	}
	named := productNamed(c.get("certificatetype"))
	switch {
	case named == nil || !named.sameClass(found.product):
		return refuse("2011300", "Wrong SSL certificate selection. The type provided is not supported by command.")
	case found.status != replaced || found.revoked:
		return refuse("4011331", "Status is invalid")
	}
	found.revoked = true
	attributes := []string{"IsSuccess", "true", "ID", decimal(found.id)}
	if s.switches.UnclosedRevoke {
		x.open("RevokeCertificateResult", attributes...)
	} else {
		x.empty("RevokeCertificateResult", attributes...)
	}
	return nil
}
