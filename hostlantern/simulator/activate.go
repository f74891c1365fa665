// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"strings"
	"time"
)

// submission is what activate and reissue hand to the certificate authority,
// checked.
type submission struct {
	request               *signingRequest
	names                 []*dcvName // the common name first
	approver              string     // as getInfo shows it
	unique                string
	organization          string
	adminEmail, adminName string
}

// activate is ssl.activate: the CSR of a new purchase or renewal.
func (s *Simulator) activate(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), refuse("4011294", "CertificateId is not valid"))
	if refused != nil {
		return refused
	}
	if refused := s.activatable(found, c.now); refused != nil {
		return refused
	}
	if s.switches.AdminEmailRequired && c.get("adminemailaddress") == "" {
		return refuse("2010214", "Parameter AdminEmailAddress is Missing")
	}
	sub, refused := s.readSubmission(c, found.order)
	if refused != nil {
		return refused
	}
	if old := found.order.renewalOf; old != nil && old.commonName != sub.request.commonName {
		return refuse("2011166", "Invalid Renewal Order Domain")
	}
	if s.switches.PurchaseError {
		found.status = purchaseError
		return refuse("3027295", "We are unable to process your order. Error Details: the certificate authority refused the submission")
	}
	found.order.adminEmail, found.order.adminName = sub.adminEmail, sub.adminName
	if old := found.order.renewalOf; old != nil {
		found.order.carriedDays = max(0, daysUntil(c.now, old.end))
	}
	found.product = s.current(found.product, c.now)
	found.order.product = found.product
	if found.order.provider == 0 {
		found.order.provider = next(&s.numbers.provider)
	}
	s.submit(found, sub, c.now)
	x.open("SSLActivateResult", "ID", decimal(found.id), "IsSuccess", "true")
	s.writeInstructions(x, found)
	x.close("SSLActivateResult")
	return nil
}

// activatable checks status and deadline.
func (s *Simulator) activatable(found *certificate, now time.Time) *apiError {
	if found.status != newPurchase && found.status != newRenewal {
		return refuse("4011331", "Status is InValid.")
	}
	if s.switches.DeadlinePassed || easternDay(now).After(easternDay(found.order.activationBefore)) {
		return refuse("4020294", "Activation period for this certificate has expired.")
	}
	return nil
}

// submit gives a checked submission to the CA: the certificate is pending now.
func (s *Simulator) submit(found *certificate, sub *submission, now time.Time) {
	found.status = purchased
	found.request, found.names, found.approver = sub.request, sub.names, sub.approver
	found.organization = sub.organization
	found.unique = sub.unique
	if found.unique == "" {
		found.unique = fmt.Sprintf("%013x", uint64(now.UnixMicro())&0xFFFFFFFFFFFFF)
	}
	found.order.sslcom = s.fulfilledBySSLcom(found.product, now)
	found.opaque = found.order.sslcom && s.switches.DCVShape == ShapeOpaque
	found.newline = s.switches.HTTPSeparator == SeparatorNewline
	found.order.commonName = sub.request.commonName
}

// readSubmission checks everything that activate and reissue have in common.
func (s *Simulator) readSubmission(c *call, o *order) (*submission, *apiError) {
	csr := strings.TrimSpace(c.params["csr"])
	switch {
	case csr == "":
		return nil, refuse("2010296", "Parameter CSR is Missing")
	case len(csr) > 32767:
		return nil, refuse("2013296", "Parameter CSR is TooLong")
	}
	if refused := s.checkContact(c, o.product); refused != nil {
		return nil, refused
	}
	if value := c.get("uniquevalue"); len(value) > 20 {
		return nil, refuse("2013900", "Parameter UniqueValue is TooLong")
	}
	request, err := s.requests.read(csr)
	if err != nil {
		return nil, refuse("3011296", "Invalid CSR. "+err.Error())
	}
	sub := &submission{
		request: request, unique: c.get("uniquevalue"), adminEmail: c.get("adminemailaddress"),
		adminName: strings.TrimSpace(c.get("adminfirstname") + " " + c.get("adminlastname")),
	}
	if o.product.validation != domainValidated {
		if sub.organization = c.get("adminorganizationname"); sub.organization == "" {
			sub.organization = request.organization
		}
		if sub.organization == "" {
			return nil, refuse("2010396", "Either CSR Organization or AdminOrganizationName must be specified")
		}
	}
	domains, refused := readDomains(c, request.commonName, o)
	if refused != nil {
		return nil, refused
	}
	return sub, s.chooseValidation(c, sub, domains, o.product.coverage)
}

// readDomains gives the names of a certificate, the common name first.
func readDomains(c *call, commonName string, o *order) ([]string, *apiError) {
	if refused := fitsCoverage(commonName, o.product.coverage); refused != nil {
		return nil, refused
	}
	text := c.params["dnsnames"]
	if len(text) > 32767 {
		return nil, refuse("2013900", "Parameter DNSNames is TooLong")
	}
	domains := append([]string{commonName}, splitList(strings.ToLower(text))...)
	if len(domains)-1 > o.slots() {
		return nil, refuse("2010767", fmt.Sprintf("The additional domain names provided in DNSNames exceeded the purchased SANS."+
			"Only %d SANS can be activated for this certificate.", o.slots()))
	}
	seen := map[string]bool{}
	for i, domain := range domains {
		switch {
		case i > 0 && strings.HasPrefix(domain, "*."):
			return nil, refuse("2030296", "Invalid CSR - Wildcard not supported with this type of certificate.")
		case !publicName(domain):
			return nil, refuse("2011767", "Public IP address, internal name or unsupported TLD in common name or DNSNames: "+domain)
		case seen[domain]:
			return nil, refuse("2014296", "Duplicate Values in Common Names detected.")
		}
		seen[domain] = true
	}
	return domains, nil
}

// fitsCoverage refuses a common name with or without a star where the product
// does not allow it.
func fitsCoverage(commonName, coverage string) *apiError {
	switch star := strings.HasPrefix(commonName, "*."); {
	case coverage == wildcard && !star:
		return refuse("2011296", "CSR is not for a wildcard. The common name must start with *.")
	case coverage != wildcard && star:
		return refuse("2030296", "Invalid CSR - Wildcard not supported with this type of certificate.")
	}
	return nil
}

// splitList reads a comma list; an empty text is an empty list, an empty member
// stays one.
func splitList(text string) []string {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	list := strings.Split(text, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

func lower(text string) string { return strings.ToLower(text) }
