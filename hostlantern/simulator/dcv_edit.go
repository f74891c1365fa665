// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"strings"
)

// methodChange is one wish of editDCVMethod.
type methodChange struct {
	name   *dcvName
	method string
	token  string // as it was sent
}

// editDCV is ssl.editDCVMethod: changes or re-arms the validation of a pending
// certificate.
func (s *Simulator) editDCV(c *call, x *xmlWriter) *apiError {
	found, refused := s.byID(c, 10, invalidID(), invalidID())
	if refused != nil {
		return refused
	}
	if found.status != purchased {
		return refuse("2011331", "Status is Invalid")
	}
	for _, one := range []struct {
		name string
		max  int
	}{{"DCVMethod", 255}, {"DNSNames", 3500}, {"DCVMethods", 3500}} {
		if len(c.params[lower(one.name)]) > one.max {
			return refuse("2013294", "Parameter "+one.name+" is TooLong")
		}
	}
	changes, refused := readChanges(c, found)
	if refused != nil {
		return refused
	}
	for _, change := range changes {
		change.name.method, change.name.approver = change.method, ""
		if change.method == byEmail {
			change.name.approver = lower(change.token)
		}
		if change.name == found.names[0] {
			found.approver = shownApprover(change)
		}
	}
	s.writeEdited(x, found, changes)
	c.after = func(ctx context.Context) { s.look(ctx, found.id) }
	return nil
}

// shownApprover is what getInfo says of a method: without underscores.
func shownApprover(change methodChange) string {
	switch change.method {
	case byHTTP:
		return "HTTPCSRHASH"
	case byCNAME:
		return "CNAMECSRHASH"
	}
	return change.token
}

func readChanges(c *call, found *certificate) ([]methodChange, *apiError) {
	method, names, methods := c.get("dcvmethod"), c.get("dnsnames"), c.get("dcvmethods")
	multi := found.product.coverage == multiDomain
	switch {
	case method == "" && names == "" && methods == "":
		return nil, refuse("2010784", "Insufficient data to edit dcvalidation method")
	case method != "" && (names != "" || methods != ""):
		return nil, refuse("2011784", "DNSNames or DCVMethods cannot be sent along with DCVMethod")
	case multi && (names == "" || methods == ""):
		return nil, refuse("2010784", "DNSNames or DCVMethods is missing for multi domain certificate")
	case !multi && method == "":
		return nil, refuse("2010784", "DCVMethod is missing for single domain certificate")
	case !multi:
		change, refused := readChange(found, found.names[0], method)
		return []methodChange{change}, refused
	}
	domains, tokens := splitList(lower(names)), splitList(methods)
	if len(domains) != len(tokens) {
		return nil, refuse("2010767", "The DNSNames and their corresponding DCVMethods are not equal")
	}
	var changes []methodChange
	for i, domain := range domains {
		name := found.nameOf(domain)
		if name == nil {
			return nil, refuse("2011767", "The DNSNames do not match the names of the previous activation: "+domain)
		}
		change, refused := readChange(found, name, tokens[i])
		if refused != nil {
			return nil, refused
		}
		changes = append(changes, change)
	}
	return changes, nil
}

// readChange reads one method: the tokens with underscores, or an approver.
func readChange(found *certificate, name *dcvName, token string) (methodChange, *apiError) {
	change := methodChange{name: name, method: byEmail, token: token}
	switch strings.ToUpper(token) {
	case "HTTP_CSR_HASH":
		if found.product.coverage == wildcard {
			return change, refuse("3011784", noHTTPForWildcard)
		}
		change.method = byHTTP
		return change, nil
	case "CNAME_CSR_HASH":
		change.method = byCNAME
		return change, nil
	}
	switch {
	case approverListed(name.base(), lower(token)):
		return change, nil
	case found.product.coverage == multiDomain:
		return change, refuse("3011784", "DCVMethod for the DomainName "+name.domain+" is not valid. DCVMethods must be in the same order of dnsnames")
	}
	return change, refuse("3011295", "DCVMethod is invalid")
}

func (c *certificate) nameOf(domain string) *dcvName {
	for _, name := range c.names {
		if name.domain == domain {
			return name
		}
	}
	return nil
}

// writeEdited answers with one flat set of values for the whole order: those of
// the first name with each method.
func (s *Simulator) writeEdited(x *xmlWriter, found *certificate, changes []methodChange) {
	x.open("SSLEditDCVMethodResult", "ID", decimal(found.id), "IsSuccess", "true")
	for _, block := range []struct{ method, element, first, second string }{
		{byHTTP, "HttpDCValidation", "FileName", "FileContent"}, {byCNAME, "DNSDCValidation", "HostName", "Target"},
	} {
		if name := found.firstBy(block.method); name != nil {
			x.open(block.element, "ValueAvailable", "true")
			found.writeValues(x, name)
		} else {
			x.open(block.element, "ValueAvailable", "false")
			x.cdata(block.first, "")
			x.cdata(block.second, "")
		}
		x.close(block.element)
	}
	if found.product.coverage != multiDomain {
		x.empty("Domains")
	} else {
		x.open("Domains")
		for _, change := range changes {
			x.empty("Domains", "Name", change.name.domain, "IsSuccess", "true", "DCVMethodSet", change.token)
		}
		x.close("Domains")
	}
	x.close("SSLEditDCVMethodResult")
}

func (c *certificate) firstBy(method string) *dcvName {
	for _, name := range c.names {
		if name.method == method {
			return name
		}
	}
	return nil
}
