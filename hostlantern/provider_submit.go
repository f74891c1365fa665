// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"errors"
	"slices"

	"github.com/certbridge/certbridge/provisioning"
)

// purchased is the provider's word for a certificate under validation. The
// answers to activate and reissue do not repeat it.
const purchased = "purchased"

// Activate submits a CSR for a certificate that awaits configuration.
func (p *Provider) Activate(
	ctx context.Context, request provisioning.ConfigurationRequest,
) (provisioning.Submission, error) {
	wire, err := p.configuration(request)
	if err != nil {
		return provisioning.Submission{}, err
	}
	accepted, err := p.client.Activate(ctx, wire)
	if err != nil {
		return provisioning.Submission{}, err
	}
	return p.submission(accepted, request), nil
}

// Reissue submits a CSR for an issued certificate.
func (p *Provider) Reissue(
	ctx context.Context, request provisioning.ConfigurationRequest,
) (provisioning.Submission, error) {
	wire, err := p.configuration(request)
	if err != nil {
		return provisioning.Submission{}, err
	}
	accepted, err := p.client.Reissue(ctx, wire)
	if err != nil {
		return provisioning.Submission{}, err
	}
	if accepted.ID == request.CertificateID {
		return provisioning.Submission{}, &provisioning.ProviderError{
			Outcome: provisioning.Unknown,
			Err:     errors.New("the reissue was answered with the id of the old certificate"),
		}
	}
	return p.submission(accepted, request), nil
}

func (p *Provider) submission(
	accepted Accepted, request provisioning.ConfigurationRequest,
) provisioning.Submission {
	return provisioning.Submission{
		CertificateID:  accepted.ID,
		Status:         p.status(purchased, request.Product),
		ProviderStatus: purchased,
		Validation:     accepted.Instructions.forChoices(request.Validation),
	}
}

// configuration spells a request for the wire. Single-domain and wildcard orders
// have one method for everything. Multi-domain orders have one for each name:
// the common name's stands where an approver's address would.
func (p *Provider) configuration(request provisioning.ConfigurationRequest) (ConfigurationRequest, error) {
	product, err := p.product(request.Product)
	if err != nil {
		return ConfigurationRequest{}, err
	}
	if err := checkChoices(product, request.Validation); err != nil {
		return ConfigurationRequest{}, err
	}
	wire := ConfigurationRequest{
		CertificateID: request.CertificateID,
		CSR:           request.CSR,
		WebServerType: WebServerType(request.WebServer),
		Contact:       request.Contact,
		Level:         product.Level,
	}
	first, others := request.Validation[0], request.Validation[1:]
	if product.Coverage == provisioning.MultiDomain && len(others) > 0 {
		wire.Approver = approver(first)
		for _, choice := range others {
			wire.Names = append(wire.Names, ApprovedName{choice.Domain, approver(choice)})
		}
		return wire, nil
	}
	switch first.Method {
	case provisioning.ValidateByHTTP:
		wire.AllByHTTP = true
	case provisioning.ValidateByDNS:
		wire.AllByDNS = true
	default:
		wire.Approver = first.ApproverEmail
	}
	return wire, nil
}

// checkChoices refuses what the wire cannot say. The rest is for the provider to
// judge.
func checkChoices(product provisioning.Product, choices []provisioning.ValidationChoice) error {
	if len(choices) == 0 {
		return refuse(provisioning.FaultValidationMethod, "no validation method is chosen")
	}
	for _, choice := range choices {
		if !slices.Contains(product.Methods, choice.Method) {
			return refuse(provisioning.FaultValidationMethod,
				"%s cannot be validated by %q", product.Code, clean(string(choice.Method), 20))
		}
		if choice.Method == provisioning.ValidateByEmail && choice.ApproverEmail == "" {
			return refuse(provisioning.FaultApproverEmail, "no approver is chosen for %s", clean(choice.Domain, 253))
		}
		if product.Coverage != provisioning.MultiDomain &&
			(choice.Method != choices[0].Method || choice.ApproverEmail != choices[0].ApproverEmail) {
			return refuse(provisioning.FaultValidationMethod, "%s has one validation method for all names", product.Code)
		}
	}
	return nil
}

// approver spells a choice for activate and reissue.
func approver(choice provisioning.ValidationChoice) string {
	switch choice.Method {
	case provisioning.ValidateByHTTP:
		return ByHTTP
	case provisioning.ValidateByDNS:
		return ByDNS
	}
	return choice.ApproverEmail
}

// edited spells a choice for editDCVMethod.
func edited(choice provisioning.ValidationChoice) string {
	switch choice.Method {
	case provisioning.ValidateByHTTP:
		return EditToHTTP
	case provisioning.ValidateByDNS:
		return EditToDNS
	}
	return choice.ApproverEmail
}

// ChangeValidation changes the methods, or reads the instructions anew.
func (p *Provider) ChangeValidation(
	ctx context.Context, request provisioning.ValidationRequest,
) ([]provisioning.DomainValidation, error) {
	product, err := p.product(request.Product)
	if err != nil {
		return nil, err
	}
	if err := checkChoices(product, request.Choices); err != nil {
		return nil, err
	}
	wire := EditDCVRequest{CertificateID: request.CertificateID}
	if product.Coverage == provisioning.MultiDomain {
		for _, choice := range request.Choices {
			wire.Names = append(wire.Names, ApprovedName{choice.Domain, edited(choice)})
		}
	} else {
		wire.Method = edited(request.Choices[0])
	}
	instructions, err := p.client.EditDCVMethod(ctx, wire)
	if err != nil {
		return nil, err
	}
	return instructions.forChoices(request.Choices), nil
}

// RetryValidation repeats the checks of every method.
func (p *Provider) RetryValidation(ctx context.Context, certificateID string) error {
	return p.client.ResendApproverEmail(ctx, certificateID)
}

// ApproverEmails lists who may approve a domain. Without a product the addresses
// for an ordinary one are asked for; they do not differ by product today.
func (p *Provider) ApproverEmails(ctx context.Context, domain, product string) ([]string, error) {
	if product == "" {
		product = Products()[0].Code
	}
	known, err := p.product(product)
	if err != nil {
		return nil, err
	}
	return p.client.ApproverEmails(ctx, baseDomain(domain), known.ProviderName)
}

// Revoke revokes a replaced certificate. The API cannot revoke any other.
func (p *Provider) Revoke(ctx context.Context, certificateID, providerProduct string) error {
	return p.client.RevokeCertificate(ctx, certificateID, p.providerName(providerProduct, provisioning.Product{}))
}
