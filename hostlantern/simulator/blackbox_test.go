// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestLifeOfACertificate knows nothing but the wire: commands go out as forms,
// answers are searched as text.
func TestLifeOfACertificate(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-02-20")

	body := w.okay("ssl.create", "Years", "2", "Type", "positivessl")
	contains(t, body, `<?xml version="1.0" encoding="utf-8"?>`, `xmlns="http://api.namecheap.com/xml.response"`,
		`<RequestedCommand>namecheap.ssl.create</RequestedCommand>`, `<CommandResponse Type="namecheap.ssl.create">`,
		`<SSLCreateResult IsSuccess="true" OrderId="`, `ChargedAmount="15.2800"`, `Created="02/20/2026"`,
		`SSLType="positivessl"`, `Years="2"`, `Status="NewPurchase"`, `<GMTTimeDifference>--5:00</GMTTimeDifference>`,
		`<Server>PHX01SBAPIEXT05</Server>`, `<Errors />`, `<Warnings />`)
	first := attribute(t, body, "CertificateID")

	body = w.okay("ssl.getInfo", "CertificateID", first)
	contains(t, body, `Status="newpurchase"`, `Type="positivessl"`, `IssuedOn=""`, `Years="2"`, `Expires=""`,
		`ActivationExpireDate="2/20/2027"`, `ReplacedBy=""`, `SANSCount="0"`)
	lacks(t, body, "CertificateDetails", "CertificateID")

	request := csr(t, "shop.example.net")
	body = w.okay("ssl.activate", "certificateid", first, "csr", request, "ApproverEmail", "CNAMECSRHASH",
		"AdminEmailAddress", "ann@example.net", "AdminFirstName", "Ann", "AdminLastName", "Doe", "UniqueValue", "abc123")
	contains(t, body, `<SSLActivateResult ID="`+first+`" IsSuccess="true">`, `<DNSDCValidation ValueAvailable="true"><DNS domain="shop.example.net">`,
		`.shop.example.net]]></HostName>`, `.abc123.comodoca.com]]></Target>`)
	lacks(t, body, "HttpDCValidation")

	body = w.okay("ssl.getInfo", "CertificateID", first)
	contains(t, body, `Status="purchased"`, `<ApproverEmail>CNAMECSRHASH</ApproverEmail>`, `<CommonName>shop.example.net</CommonName>`,
		`<AdministratorName>Ann Doe</AdministratorName>`, `<AdministratorEmail>ann@example.net</AdministratorEmail>`, strings.TrimSpace(request))
	lacks(t, body, "<Certificates")

	if err := w.sim.Approve(first); err != nil {
		t.Fatal(err)
	}
	body = w.okay("ssl.getInfo", "CertificateID", first, "Returncertificate", "true", "Returntype", "individual")
	contains(t, body, `Status="active" StatusDescription="Certificate is Active."`, `IssuedOn="2/20/2026"`, `Expires="3/25/2027"`,
		`<Certificates CertificateReturned="true" ReturnType="individual">`, `<Certificate Type="INTERMEDIATE">`, `<Name>COMODO</Name>`)
	order := between(t, body, "<Provider><OrderID>", "</OrderID>")
	if len(order) != 10 {
		t.Errorf("the CA's order number is %q", order)
	}

	w.days(30)
	body = w.okay("ssl.reissue", "CertificateID", first, "CSR", csr(t, "shop.example.net"), "HTTPDCValidation", "True")
	contains(t, body, `<SSLReissueResult ID="`, `<HttpDCValidation ValueAvailable="true"><DNS domain="shop.example.net"><FileName>`, ` comodoca.com `)
	second := attribute(t, body, "ID")
	contains(t, w.okay("ssl.getInfo", "CertificateID", first), `Status="replaced"`, `ReplacedBy="`+second+`"`)
	contains(t, w.okay("ssl.getInfo", "CertificateID", second), `Status="purchased"`, `<OrderID>`+order+`</OrderID>`)
	w.refused("4011331", "Status is InValid.", "ssl.reissue", "CertificateID", first, "CSR", request, "DNSDCValidation", "true")
	if err := w.sim.Approve(second); err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", second), `Status="active"`, `IssuedOn="3/22/2026"`, `Expires="10/8/2026"`)
	contains(t, w.okay("ssl.revokecertificate", "CertificateID", first, "CertificateType", "PositiveSSL"), `<RevokeCertificateResult IsSuccess="true" ID="`+first+`"`)
	contains(t, w.okay("ssl.getInfo", "CertificateID", first), `Status="revoked"`)

	renewal(t, w, second, order)
}

// renewal renews the second certificate near the end of its term.
func renewal(t *testing.T, w *world, second, order string) {
	t.Helper()
	w.sim.SetTime(day("2028-01-20"))
	body := w.okay("ssl.renew", "CertificateID", second, "Years", "1", "SSLType", "PositiveSSL")
	contains(t, body, `<SSLRenewResult CertificateID="`, `SSLType="Standard SSL"`, `ChargedAmount="9.0000"`)
	lacks(t, body, "IsSuccess")
	third := attribute(t, body, "CertificateID")
	w.refused("4028294", "This CertificateID is already queued for Renewal", "ssl.renew", "CertificateID", second, "Years", "1", "SSLType", "Standard SSL")
	contains(t, w.okay("ssl.getInfo", "CertificateID", third), `Status="newrenewal"`, `Renewal`)
	w.refused("2011166", "Invalid Renewal Order Domain", "ssl.activate", "CertificateID", third, "CSR", csr(t, "other.example.net"), "DNSDCValidation", "true")
	w.okay("ssl.activate", "CertificateID", third, "CSR", csr(t, "shop.example.net"), "DNSDCValidation", "true")
	if err := w.sim.Approve(third); err != nil {
		t.Fatal(err)
	}
	list := w.okay("ssl.getList", "PageSize", "100", "SortBy", "PURCHASEDATE_DESC")
	contains(t, list, `<SSLListResult><SSL CertificateID="`+third+`" HostName="shop.example.net" SSLType="Standard SSL" PurchaseDate="01/20/2028"`,
		`ProviderOrderID="`+order+`"`, `<TotalItems>3</TotalItems><CurrentPage>1</CurrentPage><PageSize>100</PageSize>`, `Status="revoked"`)
	for _, one := range w.sim.Certificates() {
		if one.ID == third && one.TermEnd.Format(time.DateOnly) != "2029-02-20" {
			t.Errorf("31 remaining days and a year end on %s", one.TermEnd)
		}
	}

	ledger := w.sim.Ledger()
	if len(ledger) != 2 || ledger[0].Command != "ssl.create" || ledger[1].Command != "ssl.renew" {
		t.Errorf("a purchase and a renewal were charged as %+v", ledger)
	}
	contains(t, w.okay("users.getBalances"), `<UserGetBalancesResult Currency="USD" AvailableBalance="975.72" AccountBalance="975.72"`)
}

func TestAParameterMayComeByQueryOrMultipartInAnyCase(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-02-20")
	globals := "apiuser=reseller&APIKEY=simulator-key&Username=reseller&clientip=10.11.12.13&"
	status := w.visit(http.MethodGet, "/xml.response?"+globals+"command=NAMECHEAP.SSL.CREATE&years=1&TYPE=PositiveSSL&SourceOfCall=WHMCS&Quantity=1")
	if status != http.StatusOK {
		t.Fatalf("HTTP %d", status)
	}
	id := w.sim.Ledger()[0].CertificateID

	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, value := range map[string]string{"certificateID": id, "csr": csr(t, "example.com"), "HTTPDCValidation": "TRUE"} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	_ = form.Close()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/xml.response?"+globals+"Command=namecheap.ssl.activate", &body)
	request.Header.Set("Content-Type", form.FormDataContentType())
	recorder := httptest.NewRecorder()
	w.sim.ServeHTTP(recorder, request)
	contains(t, recorder.Body.String(), `Status="OK"`, `<SSLActivateResult ID="`+id+`"`)
	if kind := recorder.Header().Get("Content-Type"); !strings.HasPrefix(kind, "text/xml") {
		t.Errorf("content type %q", kind)
	}
}

func TestRequestedCommandIsAnEchoAndTypeIsCanonical(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-02-20")
	contains(t, w.okay("SSL.GETLIST"), `<RequestedCommand>namecheap.SSL.GETLIST</RequestedCommand>`, `<CommandResponse Type="namecheap.ssl.getList">`)
	id := w.bought("PositiveSSL Multi Domain")
	contains(t, w.okay("ssl.purchasemoresans", "CertificateID", id, "NumberOfSANSToAdd", "4"),
		`<RequestedCommand>namecheap.ssl.purchaseMoreSANS</RequestedCommand>`, `SSLType="positivessl multi domain" Years="1" Status="NEWPURCHASE" SANSCount="6"`)
}

func TestABodyOfMoreThanAMegabyteIsRefused(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-02-20")
	status, _, err := w.post("ssl.create", "Type", strings.Repeat("x", 2<<20))
	if err != nil || status != http.StatusRequestEntityTooLarge {
		t.Errorf("HTTP %d, %v", status, err)
	}
}

func TestControlPathsAreNotPartOfTheAPI(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-02-20")
	if status := w.visit(http.MethodPost, "/control/clock"); status != http.StatusNotFound {
		t.Errorf("HTTP %d", status)
	}
}

// certificatesIn reads every PEM certificate of an answer.
func certificatesIn(t *testing.T, body string) []*x509.Certificate {
	t.Helper()
	var list []*x509.Certificate
	for rest := []byte(body); ; {
		begin := bytes.Index(rest, []byte("-----BEGIN CERTIFICATE-----"))
		if begin < 0 {
			return list
		}
		var block *pem.Block
		block, rest = pem.Decode(rest[begin:])
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, parsed)
	}
}
