// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestParseCSR(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	request := csr(t, "Shop.example.net", "Example & Sons <BV>")
	contains(t, w.okay("ssl.parseCSR", "csr", request, "CertificateType", "PositiveSSL"), "<SSLParseCSRResult><CSRDetails>",
		"<CommonName>shop.example.net</CommonName><DomainName>shop.example.net</DomainName><Country></Country>",
		"<Organisation>Example &amp; Sons &lt;BV&gt;</Organisation><ValidTrueDomain>false</ValidTrueDomain>", "<DNSNames>shop.example.net</DNSNames>")
	w.visit(http.MethodGet, "/xml.response?ApiUser=reseller&ApiKey=simulator-key&UserName=reseller&ClientIp=1.2.3.4&Command=namecheap.ssl.parseCSR&csr=x")
	if calls := w.sim.Calls(); calls[len(calls)-1].Error != "5050900" {
		t.Errorf("by GET: %+v", calls)
	}
}

func TestApproverAddresses(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	for domain, want := range map[string][]string{
		"example.com":          {"example.com"},
		"*.shop.example.com":   {"shop.example.com", "example.com"},
		"a.shop.example.co.uk": {"a.shop.example.co.uk", "shop.example.co.uk", "example.co.uk"},
	} {
		body := w.okay("ssl.getApproverEmailList", "DomainName", domain, "CertificateType", "positivessl wildcard")
		contains(t, body, `<GetApproverEmailListResult Domain="`+domain+`"><Domainemails /><Genericemails><email>`)
		for _, at := range want {
			contains(t, body, "<email>admin@"+at+"</email>", "<email>webmaster@"+at+"</email>")
		}
		if count := strings.Count(body, "<email>"); count != 5*len(want) {
			t.Errorf("%s: %d addresses", domain, count)
		}
	}
}

func TestEmailValidationHasNoBlocks(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.bought("PositiveSSL")
	contains(t, w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "www.example.com"), "ApproverEmail", "Admin@example.com"),
		`<SSLActivateResult ID="`+id+`" IsSuccess="true"></SSLActivateResult>`)
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `<ApproverEmail>Admin@example.com</ApproverEmail>`)
}

func TestEditDCVMethodAnswersFlat(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.pending("PositiveSSL", "example.com")
	contains(t, w.okay("ssl.editDCVMethod", "CertificateID", id, "DCVMethod", "http_csr_hash"), `<HttpDCValidation ValueAvailable="true"><FileName><![CDATA[`,
		`<DNSDCValidation ValueAvailable="false"><HostName><![CDATA[]]></HostName><Target><![CDATA[]]></Target></DNSDCValidation><Domains />`)
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `<ApproverEmail>HTTPCSRHASH</ApproverEmail>`)
	w.okay("ssl.editDCVMethod", "CertificateID", id, "DCVMethod", "postmaster@example.com")
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `<ApproverEmail>postmaster@example.com</ApproverEmail>`)

	id = w.pending("PositiveSSL Multi Domain", "example.com", "DNSNames", "a.example.com,b.example.com")
	contains(t, w.okay("ssl.editDCVMethod", "CertificateID", id, "DNSNames", "example.com,B.example.com", "DCVMethods", "HTTP_CSR_HASH,admin@example.com"),
		`<HttpDCValidation ValueAvailable="true">`, `.a.example.com]]></HostName>`,
		`<Domains><Domains Name="example.com" IsSuccess="true" DCVMethodSet="HTTP_CSR_HASH" /><Domains Name="b.example.com" IsSuccess="true" DCVMethodSet="admin@example.com" /></Domains>`)
}

func TestTheFulfillmentMailIsSentAgain(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.issued("PositiveSSL", "example.com", "AdminEmailAddress", "ann@example.com")
	contains(t, w.okay("ssl.resendfulfillmentemail", "CertificateID", id), `<RequestedCommand>namecheap.ssl.resendFulfillmentEmail</RequestedCommand>`,
		`<SSLResendFulfillmentEmailResult ID="`+id+`" IsSuccess="true"`)
}

func TestFilesAreReturnedOnlyWhenAskedForProperly(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.issued("PositiveSSL", "example.com")
	for _, pairs := range [][]string{nil, {"Returncertificate", "true"}, {"Returncertificate", "true", "Returntype", "zip"}, {"Returntype", "Individual"}} {
		body := w.okay("ssl.getInfo", append([]string{"CertificateID", id}, pairs...)...)
		contains(t, body, `<Certificates CertificateReturned="false" ReturnType="" />`)
		lacks(t, body, "BEGIN CERTIFICATE-----")
	}
}

func TestTextFromOutsideIsEscaped(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id := w.bought("PositiveSSL")
	body := w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "DNSDCValidation", "true",
		"AdminFirstName", `<"&'`+"\x00\xff", "UniqueValue", "]]><x>")
	lacks(t, body, "]]><x>")
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), "<AdministratorName>&lt;&quot;&amp;'\ufffd\ufffd</AdministratorName>")
}
