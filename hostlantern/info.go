// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// Info is the answer to ssl.getInfo. What the answer lacks is zero; a
// certificate without a CSR has nothing from CommonName on.
type Info struct {
	Status            string // the provider's word, in its letter case
	StatusDescription string
	Type              string // the provider's product name
	Years             int
	IssuedOn          provisioning.Date // US Eastern, like all dates here
	Expires           provisioning.Date // of the file or of the paid term; not documented which
	ActivationEndsOn  provisioning.Date
	OrderID           string
	ReplacedBy        string // the certificate that replaced it; "" if none did
	SANsCount         int
	ProviderOrderID   string // the certificate authority's number; a reissue keeps it
	ProviderName      string

	CommonName         string
	CSR                string // PEM
	Approver           string // an e-mail address, or ByHTTP or ByDNS
	AdministratorName  string
	AdministratorEmail string
	// Certificate and CACertificates are PEM; empty unless issued.
	Certificate    string
	CACertificates []string
}

// GetInfo reads one certificate with its PEM files (ssl.getInfo).
func (c *Client) GetInfo(ctx context.Context, certificateID string) (Info, error) {
	cmd := command{name: cmdInfo, results: []string{"sslgetinforesult"}}
	parameters := url.Values{
		"CertificateID":     {certificateID},
		"Returncertificate": {"true"},
		"Returntype":        {"Individual"},
	}
	return ask(ctx, c, cmd, parameters, func(answer *reply) (Info, error) {
		if err := c.sameCertificate(answer, certificateID); err != nil {
			return Info{}, err
		}
		return c.readInfo(answer)
	})
}

func (c *Client) readInfo(answer *reply) (Info, error) {
	cmd, result := answer.command, answer.result
	info := Info{
		Status:            clean(result.attr("status"), 50),
		StatusDescription: clean(result.attr("statusdescription"), 500),
		Type:              clean(result.attr("type"), 100),
		IssuedOn:          c.dateOf(cmd, result.attr("issuedon")),
		Expires:           c.dateOf(cmd, result.attr("expires")),
		ActivationEndsOn:  c.dateOf(cmd, result.attr("activationexpiredate")),
		ProviderOrderID:   clean(result.child("provider").value("orderid"), 50),
		ProviderName:      clean(result.child("provider").value("name"), 50),
	}
	if info.Status == "" {
		return Info{}, c.broken(cmd, "the answer has no status")
	}
	info.Years, _ = natural(result.attr("years"))
	info.SANsCount, _ = natural(result.attr("sanscount"))
	info.OrderID, _ = identifier(result.attr("orderid"))
	// A reference that is no id must never pass for one, nor for "not replaced".
	if replacedBy := result.attr("replacedby"); strings.Trim(replacedBy, "0") != "" {
		id, ok := identifier(replacedBy)
		if !ok {
			return Info{}, c.broken(cmd, "ReplacedBy is not an id: %q", clean(replacedBy, 20))
		}
		info.ReplacedBy = id
	}
	return info, c.readDetails(cmd, result.child("certificatedetails"), &info)
}

func (c *Client) readDetails(cmd command, details *node, info *Info) error {
	info.CommonName = clean(details.value("commonname"), 253)
	info.CSR = details.value("csr")
	info.Approver = clean(details.value("approveremail"), 254)
	info.AdministratorName = clean(details.value("administratorname"), 200)
	info.AdministratorEmail = clean(details.value("administratoremail"), 254)

	files := details.child("certificates")
	leaves := files.all("certificate")
	if len(leaves) > 1 {
		return c.broken(cmd, "the answer has %d certificates", len(leaves))
	}
	if len(leaves) == 1 {
		info.Certificate = strings.TrimSpace(string(leaves[0].text))
	}
	if info.Certificate == "" && truth(files.attr("certificatereturned")) {
		return c.broken(cmd, "the answer says that it holds a certificate, and does not")
	}
	for _, group := range files.all("cacertificates") {
		for _, one := range group.all("certificate") {
			text := one.value("certificate") // each stands inside of a wrapper of the same name
			if text == "" {
				text = strings.TrimSpace(string(one.text))
			}
			if text != "" {
				info.CACertificates = append(info.CACertificates, text)
			}
		}
	}
	return nil
}
