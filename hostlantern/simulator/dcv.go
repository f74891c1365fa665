// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"strings"
	"time"
)

// How control over a name is shown.
const (
	byEmail = "email"
	byHTTP  = "http"
	byCNAME = "cname"
)

const noHTTPForWildcard = "Due to CA/B Forum regulations, HTTP DCV method is not allowed for Wildcard certificates"

// dcvName is a name of a certificate and how control over it is shown.
type dcvName struct {
	domain   string // lower case; may begin with "*."
	method   string
	approver string    // for e-mail
	passedAt time.Time // zero: not validated yet
}

// base is the name at which values are published: without the wildcard label.
func (n *dcvName) base() string { return strings.TrimPrefix(n.domain, "*.") }

// chooseValidation settles a method for every name from the whole-order flags
// or the list of approvers.
func (s *Simulator) chooseValidation(c *call, sub *submission, domains []string, coverage string) *apiError {
	http, okay := readFlag(c.get("httpdcvalidation"))
	if !okay {
		return refuse("2013900", "Parameter HTTPDCValidation is Invalid")
	}
	dns, okay := readFlag(c.get("dnsdcvalidation"))
	if !okay {
		return refuse("2013900", "Parameter DNSDCValidation is Invalid")
	}
	switch {
	case http && dns:
		return refuse("2011784", "Both File-Based and DNS-Based authentication can't be enabled")
	case http && coverage == wildcard:
		return refuse("3011784", noHTTPForWildcard)
	case http:
		sub.wholeOrder(domains, byHTTP, "HTTPCSRHASH")
		return nil
	case dns:
		sub.wholeOrder(domains, byCNAME, "CNAMECSRHASH")
		return nil
	}
	return choosePerName(c, sub, domains, coverage)
}

func (sub *submission) wholeOrder(domains []string, method, shown string) {
	sub.approver = shown
	for _, domain := range domains {
		sub.names = append(sub.names, &dcvName{domain: domain, method: method})
	}
}

func choosePerName(c *call, sub *submission, domains []string, coverage string) *apiError {
	first := c.get("approveremail")
	if first == "" {
		return refuse("2010295", "Approver email is required")
	}
	approvers := splitList(c.params["dnsapproveremails"])
	if len(domains) > 1 && len(approvers) == 0 {
		return refuse("2010295", "DNSApproverEmails is required")
	}
	if len(approvers) != len(domains)-1 {
		return refuse("2010767", "The additional DNSNames and their corresponding approver emails are not equal")
	}
	for i, approver := range append([]string{first}, approvers...) {
		name, refused := approvedBy(domains[i], approver, coverage, i > 0)
		if refused != nil {
			return refused
		}
		sub.names = append(sub.names, name)
	}
	sub.approver = first
	return nil
}

// approvedBy reads one approver: the tokens without underscores, or an address
// from the list of the domain.
func approvedBy(domain, approver, coverage string, additional bool) (*dcvName, *apiError) {
	name := &dcvName{domain: domain}
	switch strings.ToUpper(approver) {
	case "HTTPCSRHASH":
		if coverage == wildcard {
			return nil, refuse("3011784", noHTTPForWildcard)
		}
		name.method = byHTTP
		return name, nil
	case "CNAMECSRHASH":
		name.method = byCNAME
		return name, nil
	}
	name.method, name.approver = byEmail, strings.ToLower(approver)
	switch {
	case additional && !approverListed(name.base(), name.approver):
		return nil, refuse("3011295", "Approver email for the DomainName "+domain+
			" is not valid. DNSApproverEmails must be in the same order of dnsnames")
	case strings.EqualFold(approver, "HTTP_CSR_HASH") || strings.EqualFold(approver, "CNAME_CSR_HASH"):
		return nil, refuse("3011295", "Approver email is not valid")
	case !mailAddress(approver):
		return nil, refuse("2011295", "Approver email is invalid")
	case !approverListed(name.base(), name.approver):
		return nil, refuse("3011295", "Approver email is not valid")
	}
	return name, nil
}

// readFlag reads a boolean parameter; a missing one is false.
func readFlag(text string) (value, okay bool) {
	switch strings.ToLower(text) {
	case "", "false":
		return false, true
	case "true":
		return true, true
	}
	return false, false
}

// approverAddresses lists who may approve a domain by e-mail: five local parts
// at the domain and at each of its parents down to the registrable one.
func approverAddresses(domain string) []string {
	var list []string
	for _, at := range withParents(strings.TrimPrefix(domain, "*.")) {
		for _, local := range []string{"admin", "administrator", "hostmaster", "postmaster", "webmaster"} {
			list = append(list, local+"@"+at)
		}
	}
	return list
}

func approverListed(domain, address string) bool {
	for _, listed := range approverAddresses(domain) {
		if listed == address {
			return true
		}
	}
	return false
}

// withParents gives a domain and its parents. Two labels are taken as
// registrable, three below the usual second levels of country domains.
func withParents(domain string) []string {
	labels := strings.Split(domain, ".")
	least := 2
	if n := len(labels); n > 2 && len(labels[n-1]) == 2 {
		switch labels[n-2] {
		case "ac", "co", "com", "edu", "gov", "net", "org":
			least = 3
		}
	}
	list := []string{domain}
	for i := 1; len(labels)-i >= least; i++ {
		list = append(list, strings.Join(labels[i:], "."))
	}
	return list
}

// file gives the validation file of a certificate.
func (c *certificate) file() (name, content string) {
	if c.opaque {
		return "sslcom-" + strings.ToLower(c.request.md5[:20]) + ".txt", "v=1;t=" + strings.ToLower(c.request.sha256[:40]) + "." + c.unique
	}
	separator := " "
	if c.newline {
		separator = "\n"
	}
	return c.request.md5 + ".txt", strings.Join([]string{c.request.sha256, "comodoca.com", c.unique}, separator)
}

// record gives the CNAME record for a name of a certificate.
func (c *certificate) record(name *dcvName) (host, target string) {
	if c.opaque {
		return "_dcv-" + strings.ToLower(c.request.md5[:16]) + "." + name.base(),
			strings.ToLower(c.request.sha256[:40]) + "." + c.unique + ".dcv.sslcom.example"
	}
	sha := c.request.sha256
	return "_" + c.request.md5 + "." + name.base(), sha[:32] + "." + sha[32:] + "." + c.unique + ".comodoca.com"
}

// writeInstructions writes the validation values of activate and reissue: a
// block for each method in use, and in it a DNS element for each name.
func (s *Simulator) writeInstructions(x *xmlWriter, c *certificate) {
	for _, block := range []struct{ method, element string }{{byHTTP, "HttpDCValidation"}, {byCNAME, "DNSDCValidation"}} {
		opened := false
		for _, name := range c.names {
			if name.method != block.method || opened && s.switches.DCVWrapper == WrapperFlat {
				continue
			}
			if !opened {
				x.open(block.element, "ValueAvailable", "true")
				opened = true
			}
			if s.switches.DCVWrapper == WrapperDNS {
				x.open("DNS", "domain", name.domain)
			}
			c.writeValues(x, name)
			if s.switches.DCVWrapper == WrapperDNS {
				x.close("DNS")
			}
		}
		if opened {
			x.close(block.element)
		}
	}
}

// writeValues writes the two values of a name for its method.
func (c *certificate) writeValues(x *xmlWriter, name *dcvName) {
	if name.method == byHTTP {
		file, content := c.file()
		x.cdata("FileName", file)
		x.cdata("FileContent", content)
		return
	}
	host, target := c.record(name)
	x.cdata("HostName", host)
	x.cdata("Target", target)
}
