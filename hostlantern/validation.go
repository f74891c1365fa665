// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// The words of ssl.editDCVMethod for methods that are not an e-mail address.
// activate and reissue spell them without underscores.
const (
	EditToHTTP = "HTTP_CSR_HASH"
	EditToDNS  = "CNAME_CSR_HASH"
)

// EditDCVRequest asks for ssl.editDCVMethod. For single-domain and wildcard
// products Method is set; for multi-domain ones Names, the common name first.
type EditDCVRequest struct {
	CertificateID string
	Method        string // an approver's address, EditToHTTP or EditToDNS
	Names         []ApprovedName
}

// EditDCVMethod changes how domains are validated while validation is pending.
// With the present method it repeats the check and reads the instructions again.
func (c *Client) EditDCVMethod(ctx context.Context, request EditDCVRequest) (Instructions, error) {
	cmd := command{name: cmdEditDCV, write: true, results: []string{"ssleditdcvmethodresult"}, declares: true}
	parameters := url.Values{"CertificateID": {request.CertificateID}}
	if len(request.Names) > 0 {
		names, methods := make([]string, len(request.Names)), make([]string, len(request.Names))
		for i, one := range request.Names {
			names[i], methods[i] = one.Domain, one.Approver
		}
		parameters.Set("DNSNames", strings.Join(names, ","))
		parameters.Set("DCVMethods", strings.Join(methods, ","))
	} else {
		parameters.Set("DCVMethod", request.Method)
	}
	return ask(ctx, c, cmd, parameters, func(answer *reply) (Instructions, error) {
		if err := c.sameCertificate(answer, request.CertificateID); err != nil {
			return Instructions{}, err
		}
		return c.readEdited(answer)
	})
}

// readEdited refuses an answer in which one name was not changed.
func (c *Client) readEdited(answer *reply) (Instructions, error) {
	for _, one := range answer.result.child("domains").all("domains") {
		if declared, has := one.lookup("issuccess"); has && !truth(declared) {
			return Instructions{}, c.failed(answer.command, &provisioning.ProviderError{
				Outcome: provisioning.Unknown, Fault: provisioning.FaultValidationMethod,
				Upstream: provisioning.Upstream{Message: "not changed for " + clean(one.attr("name"), 253)},
			})
		}
	}
	return readInstructions(answer.result), nil
}

// sameCertificate refuses an answer that is for another certificate. An answer
// that names none is for the one that was asked about.
func (c *Client) sameCertificate(answer *reply, certificateID string) error {
	for _, name := range []string{"id", "certificateid"} {
		if found, has := answer.result.lookup(name); has && found != certificateID {
			return c.broken(answer.command, "the answer is for certificate %q", clean(found, 20))
		}
	}
	return nil
}

// ResendApproverEmail sends approver e-mails again and has files and records
// looked at again (ssl.resendApproverEmail), while validation is pending.
func (c *Client) ResendApproverEmail(ctx context.Context, certificateID string) error {
	return c.confirm(ctx, command{
		name: cmdResend, write: true, results: []string{"sslresendapproveremailresult"}, declares: true,
	}, certificateID, url.Values{})
}

// ResendCertificate mails an issued certificate to its administrator again
// (ssl.resendfulfillmentemail).
func (c *Client) ResendCertificate(ctx context.Context, certificateID string) error {
	return c.confirm(ctx, command{
		name: cmdFulfilment, write: true, results: []string{"sslresendfulfillmentemailresult"}, declares: true,
	}, certificateID, url.Values{})
}

// RevokeCertificate revokes a certificate that was replaced
// (ssl.revokecertificate). certificateType is the provider's product name.
func (c *Client) RevokeCertificate(ctx context.Context, certificateID, certificateType string) error {
	return c.confirm(ctx, command{
		name: cmdRevoke, write: true, results: []string{"revokecertificateresult"}, declares: true,
	}, certificateID, url.Values{"CertificateType": {certificateType}})
}

// confirm makes a call whose answer says no more than that it was done.
func (c *Client) confirm(ctx context.Context, cmd command, certificateID string, parameters url.Values) error {
	parameters.Set("CertificateID", certificateID)
	_, err := ask(ctx, c, cmd, parameters, func(answer *reply) (struct{}, error) {
		return struct{}{}, c.sameCertificate(answer, certificateID)
	})
	return err
}

// ApproverEmails lists the addresses that may approve a domain
// (ssl.getApproverEmailList), without repetitions, in the order of the answer.
func (c *Client) ApproverEmails(ctx context.Context, domain, certificateType string) ([]string, error) {
	cmd := command{name: cmdApprovers, results: []string{"getapproveremaillistresult"}}
	parameters := url.Values{"DomainName": {domain}, "CertificateType": {certificateType}}
	return ask(ctx, c, cmd, parameters, readApprovers)
}

func readApprovers(answer *reply) ([]string, error) {
	var addresses []string
	for _, group := range []string{"domainemails", "genericemails", "manualemails"} {
		for _, list := range answer.result.all(group) {
			for _, one := range list.all("email") {
				address := strings.TrimSpace(string(one.text))
				if address != "" && strings.Contains(address, "@") && len(address) <= 254 &&
					!slices.Contains(addresses, address) {
					addresses = append(addresses, address)
				}
			}
		}
	}
	return addresses, nil
}
