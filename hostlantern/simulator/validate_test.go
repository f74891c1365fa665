// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// zone is a Resolver: what it does not hold does not resolve.
type zone struct {
	mu     sync.Mutex
	cnames map[string]string // lower-case name to target
	hosts  map[string]bool
}

var errNoSuchHost = errors.New("no such host")

func (z *zone) LookupCNAME(_ context.Context, name string) (string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if target, known := z.cnames[strings.ToLower(name)]; known {
		return target, nil
	}
	return "", errNoSuchHost
}

func (z *zone) LookupHost(_ context.Context, host string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.hosts[host] {
		return []string{"192.0.2.80"}, nil
	}
	return nil, errNoSuchHost
}

func (z *zone) set(name, target string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.cnames[strings.ToLower(name)] = target
}

// web serves validation files of any host, over a client that dials it whatever
// the address is.
type web struct {
	mu     sync.Mutex
	files  map[string]string // host and path to content
	client *http.Client
}

func (f *web) put(address, content string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.files[address] = content
}

func newWeb(t *testing.T) *web {
	t.Helper()
	f := &web{files: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		content, known := f.files[r.Host+r.URL.Path]
		f.mu.Unlock()
		if !known {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(content))
	}))
	t.Cleanup(server.Close)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	f.client = &http.Client{Transport: transport}
	return f
}

func openWithNetwork(t *testing.T) (*world, *zone, *web) {
	t.Helper()
	names := &zone{cnames: map[string]string{}, hosts: map[string]bool{"example.com": true, "shop.example.com": true}}
	files := newWeb(t)
	w := open(t, "2026-01-05", func(o *simulator.Options) { o.Resolver, o.HTTPClient = names, files.client })
	return w, names, files
}

func TestValidationReallyLooksForTheCNAME(t *testing.T) {
	t.Parallel()
	w, names, _ := openWithNetwork(t)
	id := w.bought("PositiveSSL Wildcard")
	body := w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "*.example.com"), "DNSDCValidation", "true")
	host := between(t, body, "<HostName><![CDATA[", "]]>")
	target := between(t, body, "<Target><![CDATA[", "]]>")
	if !strings.HasSuffix(host, ".example.com") || strings.Contains(host, "*") {
		t.Errorf("the record stands at %s", host)
	}
	if issued := w.sim.Validate(t.Context()); len(issued) != 0 {
		t.Fatalf("issued %q without a record", issued)
	}
	names.set(host, "elsewhere.example.org.")
	if issued := w.sim.Validate(t.Context()); len(issued) != 0 {
		t.Fatalf("issued %q for a wrong record", issued)
	}
	names.set(host, strings.ToLower(target)+".")
	if issued := w.sim.Validate(t.Context()); !slices.Equal(issued, []string{id}) {
		t.Fatalf("issued %q", issued)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", id), `Status="active"`)
}

func TestValidationReallyLooksForTheFileByteForByte(t *testing.T) {
	t.Parallel()
	w, _, files := openWithNetwork(t)
	id := w.bought("PositiveSSL")
	body := w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "HTTPDCValidation", "true")
	name := between(t, body, "<FileName><![CDATA[", "]]>")
	content := between(t, body, "<FileContent><![CDATA[", "]]>")
	address := "example.com/.well-known/pki-validation/" + name
	for _, wrong := range []string{"", strings.ToLower(content), content + "\n", "\ufeff" + content, content[:20]} {
		files.put(address, wrong)
		if issued := w.sim.Validate(t.Context()); len(issued) != 0 {
			t.Fatalf("issued %q for the content %q", issued, wrong)
		}
	}
	files.put(address, content)
	if issued := w.sim.Validate(t.Context()); !slices.Equal(issued, []string{id}) {
		t.Fatalf("issued %q", issued)
	}
}

func TestEveryNameOfACertificateMustPass(t *testing.T) {
	t.Parallel()
	w, names, files := openWithNetwork(t)
	id := w.bought("PositiveSSL Multi Domain")
	body := w.okay("ssl.activate", "CertificateID", id, "CSR", csr(t, "example.com"), "ApproverEmail", "HTTPCSRHASH",
		"DNSNames", "shop.example.com,mail.example.com", "DNSApproverEmails", "CNAMECSRHASH,admin@example.com")
	contains(t, body, `<HttpDCValidation ValueAvailable="true"><DNS domain="example.com">`, `<DNSDCValidation ValueAvailable="true"><DNS domain="shop.example.com">`)
	lacks(t, body, "mail.example.com")
	files.put("example.com/.well-known/pki-validation/"+between(t, body, "<FileName><![CDATA[", "]]>"), between(t, body, "<FileContent><![CDATA[", "]]>"))
	names.set(between(t, body, "<HostName><![CDATA[", "]]>"), between(t, body, "<Target><![CDATA[", "]]>"))
	if issued := w.sim.Validate(t.Context()); len(issued) != 0 {
		t.Fatalf("issued %q although an e-mail is not answered", issued)
	}
	passed := map[string]bool{}
	for _, name := range w.sim.Certificates()[0].Names {
		passed[name.Domain] = name.Passed
	}
	if !passed["example.com"] || !passed["shop.example.com"] || passed["mail.example.com"] {
		t.Errorf("passed: %v", passed)
	}
	if err := w.sim.Approve(id); err != nil {
		t.Fatal(err)
	}
}

func TestResendingAndEditingLookAgain(t *testing.T) {
	t.Parallel()
	w, names, _ := openWithNetwork(t)
	publish := func(id string) {
		body := w.okay("ssl.editDCVMethod", "CertificateID", id, "DCVMethod", "CNAME_CSR_HASH")
		names.set(between(t, body, "<HostName><![CDATA[", "]]>"), between(t, body, "<Target><![CDATA[", "]]>"))
	}
	first, second := w.pending("PositiveSSL", "a.example.com"), w.pending("PositiveSSL", "b.example.com")
	publish(first)
	publish(second)
	contains(t, w.okay("ssl.resendApproverEmail", "CertificateID", first), `<SSLResendApproverEmailResult ID="`+first+`" IsSuccess="true"`)
	contains(t, w.okay("ssl.getInfo", "CertificateID", first), `Status="active"`)
	w.okay("ssl.editDCVMethod", "CertificateID", second, "DCVMethod", "CNAME_CSR_HASH")
	contains(t, w.okay("ssl.getInfo", "CertificateID", second), `Status="active"`)
}

func TestNothingPassesWithoutAResolver(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	w.pending("PositiveSSL", "example.com")
	if issued := w.sim.Validate(t.Context()); len(issued) != 0 {
		t.Errorf("issued %q", issued)
	}
}

// A reissue of names that were validated lately needs no new validation, unless
// the switch says so or the validation is too old.
func TestValidationIsReusedForAReissue(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		rule       simulator.ReissueValidation
		after      int
		commonName string
		issued     bool
	}{
		{simulator.ValidationReused, 100, "example.com", true},
		{simulator.ValidationReused, 100, "new.example.com", false},
		{simulator.ValidationReused, 250, "example.com", false},
		{simulator.ValidationAgain, 100, "example.com", false},
	} {
		w := open(t, "2026-04-01", with(func(s *simulator.Switches) { s.ReissueValidation = one.rule }))
		id := w.issued("PositiveSSL", "example.com")
		w.days(one.after)
		id = attribute(t, w.okay("ssl.reissue", "CertificateID", id, "CSR", csr(t, one.commonName), "DNSDCValidation", "true"), "ID")
		contains(t, w.okay("ssl.getInfo", "CertificateID", id), `Status="purchased"`)
		if issued := w.sim.Validate(t.Context()); slices.Contains(issued, id) != one.issued {
			t.Errorf("%+v: issued %q", one, issued)
		}
	}
}

// The built-in client reaches the addresses of the resolver only.
func TestTheDefaultClientDialsWhatTheResolverSays(t *testing.T) {
	t.Parallel()
	asked := &countingZone{}
	w := open(t, "2026-01-05", func(o *simulator.Options) { o.Resolver = asked })
	w.pending("PositiveSSL", "example.com", "DNSDCValidation", "false", "HTTPDCValidation", "true")
	if issued := w.sim.Validate(t.Context()); len(issued) != 0 || asked.count("example.com") != 2 {
		t.Errorf("issued %q, resolver asked %d times", issued, asked.count("example.com"))
	}
}

// countingZone resolves everything once and then nothing.
type countingZone struct {
	mu    sync.Mutex
	asked map[string]int
}

func (z *countingZone) LookupCNAME(context.Context, string) (string, error) {
	return "", errNoSuchHost
}

func (z *countingZone) LookupHost(_ context.Context, host string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.asked == nil {
		z.asked = map[string]int{}
	}
	if z.asked[host]++; z.asked[host] > 1 {
		return nil, errNoSuchHost
	}
	return []string{"192.0.2.80"}, nil
}

func (z *countingZone) count(host string) int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.asked[host]
}

func TestOrganizationsWaitForAPersonAndAreNeverIssuedInSandbox(t *testing.T) {
	t.Parallel()
	for environment, issued := range map[string]bool{"sandbox": false, "production": true} {
		w := open(t, "2026-01-05", func(o *simulator.Options) { o.Environment = environment })
		id := w.pending("EV SSL", "example.com", "AdminOrganizationName", "Example BV", "AdminAddress1", "Street 1", "AdminCity", "Amsterdam",
			"AdminStateProvince", "NH", "AdminCountry", "NL", "AdminPostalCode", "1000AA", "CompanyIncorporationCountry", "NL")
		err := w.sim.Approve(id)
		if (err == nil) != issued || err != nil && !errors.Is(err, simulator.ErrStatus) {
			t.Errorf("%s: %v", environment, err)
		}
	}
}

func TestStaffActionsKeepToTheStates(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	fresh, live := w.bought("PositiveSSL"), w.issued("PositiveSSL", "example.com")
	for name, err := range map[string]error{
		"approve new": w.sim.Approve(fresh), "approve issued": w.sim.Approve(live), "reset": w.sim.Reset(live), "reject": w.sim.RejectByCA(live),
	} {
		if !errors.Is(err, simulator.ErrStatus) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"approve": w.sim.Approve("1"), "cancel": w.sim.Cancel("x"), "reset": w.sim.Reset(""), "reject": w.sim.RejectByCA("2"),
	} {
		if !errors.Is(err, simulator.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.sim.Cancel(live); err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", live), `Status="cancelled"`)
	if err := w.sim.Cancel(live); !errors.Is(err, simulator.ErrStatus) {
		t.Errorf("cancelled twice: %v", err)
	}
}

func TestPeopleBuyAndReissueInThePanelToo(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	id, err := w.sim.PurchaseByHand("PositiveSSL", 2)
	if err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getList"), `<SSL CertificateID="`+id+`"`, `Years="2"`)
	if charge := w.sim.Ledger()[0]; charge.Command != "panel.purchase" || charge.Amount != "15.2800" || charge.CertificateID != id {
		t.Errorf("%+v", charge)
	}
	live := w.issued("PositiveSSL", "example.com")
	w.sim.Advance(time.Hour)
	successor, err := w.sim.ReissueByHand(live, csr(t, "example.com"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", live), `Status="replaced"`, `ReplacedBy="`+successor+`"`)
	if _, err := w.sim.ReissueByHand(live, ""); !errors.Is(err, simulator.ErrStatus) {
		t.Errorf("a replaced certificate was reissued: %v", err)
	}
	if _, err := w.sim.ReissueByHand(w.issued("PositiveSSL", "example.com"), csr(t, "*.example.com")); err == nil {
		t.Error("a single-domain certificate was reissued for a wildcard")
	}
	for _, years := range []int{0, 6} {
		if _, err := w.sim.PurchaseByHand("PositiveSSL", years); err == nil {
			t.Errorf("bought for %d years", years)
		}
	}
	if _, err := w.sim.PurchaseByHand("RapidSSL", 1); err == nil {
		t.Error("bought a discontinued product")
	}
}
