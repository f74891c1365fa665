// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

// answering is a transport whose server always says the same.
type answering []byte

func (a answering) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(a))}, nil
}

func answeringClient(tb testing.TB, document []byte) *Client {
	tb.Helper()
	client, err := New(Config{
		Account: "fuzz", APIUser: "reseller", APIKey: NewAPIKey("key"), ClientIP: "203.0.113.9",
		Environment: provisioning.Sandbox,
	})
	if err != nil {
		tb.Fatal(err)
	}
	client.transport = answering(document)
	return client
}

// FuzzDecode feeds every command of the API. Whatever is fed, nothing panics,
// every failure says what is known of the outcome, and a success is one that a
// second, independent reader of the document agrees with.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "answers", "*.xml"))
	if err != nil || len(files) == 0 {
		f.Fatal("no examples", err)
	}
	for _, file := range files {
		document, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(document)
		f.Add(document[:len(document)/2])
		f.Add(bytes.ReplaceAll(document, []byte("OK"), []byte("ERROR")))
		f.Add(bytes.ReplaceAll(document, []byte("true"), []byte("false")))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		client := answeringClient(t, document)
		provider := NewProvider(client)
		ctx := context.Background()
		choices := []provisioning.ValidationChoice{{Domain: "example.com", Method: provisioning.ValidateByDNS}}
		configuration := provisioning.ConfigurationRequest{CertificateID: "7001", Product: "positivessl", Validation: choices}

		bought, err := provider.Purchase(ctx, provisioning.PurchaseRequest{Product: "positivessl", Years: 1})
		secondOpinion(t, document, "create", err, true, bought.CertificateID)
		renewed, err := provider.Renew(ctx, provisioning.RenewalRequest{CertificateID: "7001", Product: "positivessl", Years: 1})
		secondOpinion(t, document, "renew", err, false, renewed.CertificateID)
		added, err := provider.AddDomains(ctx, provisioning.AddDomainsRequest{CertificateID: "7001", Domains: 1})
		secondOpinion(t, document, "purchasemoresans", err, true, added.CertificateID)
		activated, err := provider.Activate(ctx, configuration)
		secondOpinion(t, document, "activate", err, true, activated.CertificateID)
		reissued, err := provider.Reissue(ctx, configuration)
		secondOpinion(t, document, "reissue", err, true, reissued.CertificateID)
		_, err = provider.ChangeValidation(ctx, provisioning.ValidationRequest{CertificateID: "7001", Product: "positivessl", Choices: choices})
		secondOpinion(t, document, "editdcvmethod", err, true, "7001")
		secondOpinion(t, document, "resendapproveremail", provider.RetryValidation(ctx, "7001"), true, "7001")
		secondOpinion(t, document, "resendfulfillmentemail", client.ResendCertificate(ctx, "7001"), true, "7001")
		secondOpinion(t, document, "revokecertificate", provider.Revoke(ctx, "7001", "PositiveSSL"), true, "7001")
		detail, err := provider.Certificate(ctx, "7001")
		secondOpinion(t, document, "getinfo", err, false, "7001")
		if err == nil && (detail.ProviderStatus == "" || detail.Status == provisioning.StatusIssued && detail.Leaf == nil) {
			t.Errorf("details without what they must have: %+v", detail)
		}
		page, err := provider.Certificates(ctx, 1, 100)
		for _, row := range page.Certificates {
			secondOpinion(t, document, "getlist", err, false, row.CertificateID)
		}
		_, err = provider.ApproverEmails(ctx, "example.com", "positivessl")
		secondOpinion(t, document, "getapproveremaillist", err, false, "7001")
		_, err = provider.Balance(ctx)
		secondOpinion(t, document, "getbalances", err, false, "7001")
		_, err = client.ParseCSR(ctx, "csr", "")
		secondOpinion(t, document, "parsecsr", err, false, "7001")
		_, err = client.Prices(ctx, false)
		secondOpinion(t, document, "getpricing", err, false, "7001")
	})
}

// secondOpinion is the second opinion on how a call ended.
func secondOpinion(t *testing.T, document []byte, command string, err error, declares bool, id string) {
	t.Helper()
	if err != nil {
		var failed *provisioning.ProviderError
		if !errors.As(err, &failed) || care(failed.Outcome) < 0 {
			t.Errorf("%s: a failure without an outcome: %v", command, err)
		}
		if id != "" && id != "7001" {
			t.Errorf("%s: a failure with the id %q", command, id)
		}
		return
	}
	if usable, ok := identifier(id); !ok || usable != id {
		t.Errorf("%s: a success with the id %q", command, id)
	}
	if objection := object(document, declares); objection != "" {
		t.Errorf("%s was taken for a success although %s:\n%s", command, objection, document)
	}
}

// object reads the document with encoding/xml's tokens and looks for reasons why
// it cannot be a success.
func object(document []byte, declares bool) string {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	depth, ok, declared, parent, reasons := 0, false, false, "", []string{}
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			reasons = append(reasons, "it is not XML: "+err.Error())
			break
		}
		switch element := token.(type) {
		case xml.EndElement:
			depth--
		case xml.StartElement:
			depth++
			for _, a := range element.Attr {
				switch {
				case depth == 1 && a.Name.Space == "" && strings.EqualFold(a.Name.Local, "Status"):
					ok = strings.EqualFold(strings.TrimSpace(a.Value), "OK")
				case depth == 3 && strings.EqualFold(a.Name.Local, "IsSuccess") && strings.EqualFold(strings.TrimSpace(a.Value), "true"):
					declared = true
				}
			}
			name := strings.ToLower(element.Name.Local)
			if depth == 2 {
				parent = name
			}
			if name == "error" && (depth == 2 || depth == 3 && parent == "errors") {
				reasons = append(reasons, "it reports an error")
			}
		}
	}
	if !ok {
		reasons = append(reasons, "its status is not OK")
	}
	if declares && !declared {
		reasons = append(reasons, "nothing says that it is a success")
	}
	return strings.Join(reasons, ", ")
}

// BenchmarkDecodeListPage reads a page of 100 certificates from the answer's
// bytes to rows.
func BenchmarkDecodeListPage(b *testing.B) {
	var page strings.Builder
	page.WriteString(`<?xml version="1.0" encoding="utf-8"?><ApiResponse Status="OK" xmlns="http://api.namecheap.com/xml.response">` +
		`<Errors /><Warnings /><RequestedCommand>namecheap.ssl.getList</RequestedCommand><CommandResponse Type="namecheap.ssl.getList"><SSLListResult>`)
	for i := range 100 {
		fmt.Fprintf(&page, `<SSL CertificateID="%d" HostName="shop%d.example.com" SSLType="PositiveSSL" PurchaseDate="03/07/2026" `+
			`ExpireDate="09/23/2026" ActivationExpireDate="" IsExpiredYN="false" Status="active" ProviderOrderID="1234567890" Years="1"/>`, 7001+i, i)
	}
	page.WriteString(`</SSLListResult><Paging><TotalItems>100</TotalItems><CurrentPage>1</CurrentPage><PageSize>100</PageSize></Paging>` +
		`</CommandResponse><Server>PHX01APIEXT02</Server></ApiResponse>`)
	client := answeringClient(b, []byte(page.String()))
	b.SetBytes(int64(page.Len()))
	b.ReportAllocs()
	for b.Loop() {
		list, err := client.GetList(b.Context(), ListRequest{Page: 1, PageSize: 100})
		if err != nil || len(list.Rows) != 100 {
			b.Fatal(len(list.Rows), err)
		}
	}
}
