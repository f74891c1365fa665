// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// Instructions is what must be served so that domains are validated. Values are
// passed through byte for byte; their shape depends on the authority and changes.
type Instructions struct {
	Files   []FileInstruction
	Records []RecordInstruction
}

// FileInstruction is a file for HTTP validation. Domain is "" in answers that
// give one set of values for the whole order.
type FileInstruction struct{ Domain, Name, Content string }

// RecordInstruction is a CNAME record. HostName is the full name. Domain is ""
// in answers that give one set of values for the whole order.
type RecordInstruction struct{ Domain, HostName, Target string }

// readInstructions reads both shapes: one DNS element per domain, or the values
// directly in the block (before 2017, and editDCVMethod today).
func readInstructions(result *node) Instructions {
	var read Instructions
	for _, block := range result.all("httpdcvalidation") {
		for _, place := range places(block) {
			file := FileInstruction{
				Domain: place.attr("domain"), Name: place.value("filename"),
				Content: string(place.child("filecontent").text),
			}
			if file.Name != "" && strings.TrimSpace(file.Content) != "" {
				read.Files = append(read.Files, file)
			}
		}
	}
	for _, block := range result.all("dnsdcvalidation") {
		for _, place := range places(block) {
			record := RecordInstruction{
				Domain: place.attr("domain"), HostName: place.value("hostname"),
				Target: string(place.child("target").text),
			}
			if record.HostName != "" && strings.TrimSpace(record.Target) != "" {
				read.Records = append(read.Records, record)
			}
		}
	}
	return read
}

func places(block *node) []*node {
	if wrapped := block.all("dns"); len(wrapped) > 0 {
		return wrapped
	}
	return []*node{block}
}

// forChoices says for each name what is to be done. A name without an
// instruction of its own in a list of them stays without one: it is covered by
// another name, or the instruction must be read again.
func (in Instructions) forChoices(choices []provisioning.ValidationChoice) []provisioning.DomainValidation {
	steps := make([]provisioning.DomainValidation, len(choices))
	for i, choice := range choices {
		steps[i] = provisioning.DomainValidation{
			Domain: choice.Domain, Method: choice.Method, Status: provisioning.ValidationPending,
		}
		switch choice.Method {
		case provisioning.ValidateByEmail:
			steps[i].ApproverEmail = choice.ApproverEmail
		case provisioning.ValidateByHTTP:
			steps[i].File = in.file(baseDomain(choice.Domain))
		case provisioning.ValidateByDNS:
			steps[i].Record = in.record(baseDomain(choice.Domain), choices)
		}
	}
	return steps
}

func (in Instructions) file(domain string) *provisioning.ValidationFile {
	for _, file := range in.Files {
		if file.Domain != "" && baseDomain(file.Domain) != domain {
			continue
		}
		return &provisioning.ValidationFile{
			URL: "http://" + domain + "/.well-known/pki-validation/" + file.Name, Content: file.Content,
		}
	}
	return nil
}

// record finds the record for a domain. Values for the whole order carry the
// full host name of the first domain only; the others have the same label under
// their own name.
func (in Instructions) record(domain string, choices []provisioning.ValidationChoice) *provisioning.ValidationRecord {
	for _, record := range in.Records {
		if record.Domain != "" && baseDomain(record.Domain) != domain {
			continue
		}
		name := strings.TrimSuffix(record.HostName, ".")
		if record.Domain == "" {
			name = moved(name, domain, choices)
		}
		if name == "" {
			continue
		}
		return &provisioning.ValidationRecord{Name: name, Type: "CNAME", Value: record.Target}
	}
	return nil
}

// moved puts the label before a known domain in front of another one; "" if the
// host name belongs to none of the names.
func moved(host, domain string, choices []provisioning.ValidationChoice) string {
	owner := ""
	for _, choice := range choices {
		candidate := baseDomain(choice.Domain)
		if len(candidate) > len(owner) && strings.HasSuffix(strings.ToLower(host), "."+candidate) {
			owner = candidate
		}
	}
	switch owner {
	case "":
		return ""
	case domain:
		return host
	}
	return host[:len(host)-len(owner)] + domain
}

// baseDomain is the name at which control of a domain is shown: lower-case, and
// without the asterisk of a wildcard.
func baseDomain(name string) string {
	return strings.TrimPrefix(strings.TrimSuffix(strings.ToLower(name), "."), "*.")
}
