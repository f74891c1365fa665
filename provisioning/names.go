// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"net"
	"slices"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// names maps domain names to A-labels as a resolver would (UTS 46), and refuses
// what no DNS name can be: empty or overlong labels, an overlong name (RFC 1035
// 2.3.4).
var names = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// NormalizeName brings a domain name into the form that certificates carry:
// lower-case A-labels without a final dot, perhaps with "*." before them. Names
// that no public certificate authority may certify (Baseline Requirements
// 4.2.2: internal names, addresses, whole public suffixes) are refused.
func NormalizeName(name string) (string, error) {
	trimmed := strings.TrimSuffix(strings.TrimSpace(name), ".")
	base, wildcard := strings.CutPrefix(trimmed, "*.")
	ascii, err := names.ToASCII(base)
	if err != nil {
		return "", invalid("invalid_domain", "%q is not a domain name.", bounded(name))
	}
	ascii = strings.ToLower(ascii)
	if net.ParseIP(ascii) != nil {
		return "", invalid("invalid_domain", "%q is an address, not a domain name.", bounded(name))
	}
	if strings.Contains(ascii, "*") || strings.ContainsAny(ascii, " /:@") {
		return "", invalid("invalid_domain", "%q is not a domain name.", bounded(name))
	}
	suffix, listed := publicsuffix.PublicSuffix(ascii)
	if !listed && !strings.Contains(suffix, ".") {
		return "", invalid("invalid_domain", "%q does not end in a public top-level domain.", bounded(name))
	}
	if suffix == ascii && listed {
		return "", invalid("invalid_domain", "%q is a public suffix, not a domain below one.", bounded(name))
	}
	if wildcard {
		return "*." + ascii, nil
	}
	return ascii, nil
}

// wwwTwin is the name that a single-domain certificate covers beside its own:
// www.example.com for example.com and the other way round.
func wwwTwin(name string) string {
	if base, found := strings.CutPrefix(name, "www."); found {
		return base
	}
	return "www." + name
}

// baseName is the name below which a wildcard stands, or the name itself.
func baseName(name string) string { return strings.TrimPrefix(name, "*.") }

func isWildcard(name string) bool { return strings.HasPrefix(name, "*.") }

// approverLocalParts may approve a domain by e-mail (Baseline Requirements
// 3.2.2.4.4).
var approverLocalParts = []string{"admin", "administrator", "webmaster", "hostmaster", "postmaster"}

// mayApprove tells whether an address may approve a domain: one of the five
// local parts at the domain itself or at a domain above it, down to the
// registered one.
func mayApprove(address, name string) bool {
	local, host, found := strings.Cut(strings.ToLower(address), "@")
	if !found || !slices.Contains(approverLocalParts, local) {
		return false
	}
	domain := baseName(name)
	registered, err := publicsuffix.EffectiveTLDPlusOne(domain)
	if err != nil {
		return false
	}
	at := host == domain || strings.HasSuffix(domain, "."+host)
	return at && (host == registered || strings.HasSuffix(host, "."+registered))
}

// bounded keeps text from outside short enough for a message.
func bounded(text string) string {
	const most = 100
	runes := []rune(text)
	if len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return text
}
