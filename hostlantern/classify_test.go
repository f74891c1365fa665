// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"context"
	"testing"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

const (
	refused     = provisioning.Refused
	notExecuted = provisioning.NotExecuted
	unknown     = provisioning.Unknown
)

// reported is one error as a command reports it, and what it means.
type reported struct {
	number, text string
	outcome      provisioning.Outcome
	fault        provisioning.Fault
}

// commands makes a call of each kind.
func commands() map[string]func(context.Context, *hostlantern.Client) error {
	return map[string]func(context.Context, *hostlantern.Client) error{
		"create": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.Create(ctx, hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
			return err
		},
		"renew": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.Renew(ctx, hostlantern.RenewRequest{CertificateID: "7001", Type: "PositiveSSL", Years: 1})
			return err
		},
		"activate": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.Activate(ctx, hostlantern.ConfigurationRequest{CertificateID: "7001", CSR: "csr", AllByDNS: true})
			return err
		},
		"reissue": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.Reissue(ctx, hostlantern.ConfigurationRequest{CertificateID: "7001", CSR: "csr", AllByDNS: true})
			return err
		},
		"getInfo": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.GetInfo(ctx, "7001")
			return err
		},
		"getList": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.GetList(ctx, hostlantern.ListRequest{Page: 1, PageSize: 100})
			return err
		},
		"parseCSR": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.ParseCSR(ctx, "csr", "PositiveSSL")
			return err
		},
		"getApproverEmailList": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.ApproverEmails(ctx, "example.com", "PositiveSSL")
			return err
		},
		"resendApproverEmail": func(ctx context.Context, c *hostlantern.Client) error {
			return c.ResendApproverEmail(ctx, "7001")
		},
		"resendfulfillmentemail": func(ctx context.Context, c *hostlantern.Client) error {
			return c.ResendCertificate(ctx, "7001")
		},
		"purchasemoresans": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.PurchaseMoreSANs(ctx, "7001", 2)
			return err
		},
		"revokecertificate": func(ctx context.Context, c *hostlantern.Client) error {
			return c.RevokeCertificate(ctx, "7001", "PositiveSSL")
		},
		"editDCVMethod": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.EditDCVMethod(ctx, hostlantern.EditDCVRequest{CertificateID: "7001", Method: hostlantern.EditToDNS})
			return err
		},
		"getBalances": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.GetBalances(ctx)
			return err
		},
		"getPricing": func(ctx context.Context, c *hostlantern.Client) error {
			_, err := c.Prices(ctx, true)
			return err
		},
	}
}

func TestEveryErrorMeansWhatItsCommandMeansByIt(t *testing.T) {
	t.Parallel()
	for name, call := range commands() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows := append(everywhere(), byCommand()[name]...)
			s := newStub(t, "")
			for _, row := range rows {
				s.say(failure(row.number, row.text))
				got := providerError(t, call(t.Context(), s.client))
				if got.Outcome != row.outcome || got.Fault != row.fault {
					t.Errorf("%s %q: got %s, %q, want %s, %q", row.number, row.text, got.Outcome, got.Fault, row.outcome, row.fault)
				}
				if got.Upstream.Code != row.number || got.Upstream.Message != row.text {
					t.Errorf("the provider said %s %q, and %+v is told", row.number, row.text, got.Upstream)
				}
			}
			if s.calls() != len(rows) {
				t.Errorf("%d calls were made for %d errors; a failed call must not be repeated", s.calls(), len(rows))
			}
		})
	}
}

func TestTheMostCarefulOfSeveralErrorsCounts(t *testing.T) {
	t.Parallel()
	type one = [2]string
	for _, row := range []struct {
		name    string
		errors  []one
		outcome provisioning.Outcome
		fault   provisioning.Fault
		code    string
		message string
	}{
		{"the first of equals", []one{{"2011294", "CertificateID is invalid"}, {"2011167", "Years is invalid"}},
			refused, provisioning.FaultUnknownCertificate, "2011294", "CertificateID is invalid; Years is invalid"},
		{"a reason beats none", []one{{"2011300", "Invalid selection"}, {"2011167", "Years is invalid"}},
			refused, provisioning.FaultYears, "2011167", "Invalid selection; Years is invalid"},
		{"doubt beats refusal", []one{{"2011294", "CertificateID is invalid"}, {"5050900", "Unhandled"}},
			unknown, provisioning.FaultOther, "5050900", "CertificateID is invalid; Unhandled"},
		{"refusal beats throttling", []one{{"500000", "Too many requests"}, {"2011294", "CertificateID is invalid"}},
			refused, provisioning.FaultUnknownCertificate, "2011294", "Too many requests; CertificateID is invalid"},
		{"no error at all is doubt", nil, unknown, provisioning.FaultOther, "", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text := `<ApiResponse Status="ERROR"><Errors>`
			for _, e := range row.errors {
				text += `<Error Number="` + e[0] + `">` + e[1] + `</Error>`
			}
			s := newStub(t, text+`</Errors></ApiResponse>`)
			_, err := s.client.Create(t.Context(), hostlantern.CreateRequest{Type: "PositiveSSL", Years: 1})
			got := providerError(t, err)
			if got.Outcome != row.outcome || got.Fault != row.fault ||
				got.Upstream != (provisioning.Upstream{Code: row.code, Message: row.message}) {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestWhatAProviderSaysIsBoundedAndPrintable(t *testing.T) {
	t.Parallel()
	long := ""
	for range 5000 {
		long += "x"
	}
	s := newStub(t, failure("2011294", "first\n\x7f\u202e  second "+long))
	_, err := s.client.GetInfo(t.Context(), "7001")
	message := providerError(t, err).Upstream.Message
	if len(message) > 600 || message[:14] != "first second x" {
		t.Errorf("got %d bytes: %.40q", len(message), message)
	}
}
