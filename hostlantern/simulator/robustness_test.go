// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// FuzzAPI feeds form bodies: whatever comes, the answer is a page or XML that
// is well formed, and money moves only together with the ledger.
func FuzzAPI(f *testing.F) {
	const globals = "ApiUser=reseller&ApiKey=simulator-key&UserName=reseller&ClientIp=1.2.3.4&"
	request := url.QueryEscape(csr(f, "example.com"))
	for _, seed := range []string{
		"Command=namecheap.ssl.create&Type=PositiveSSL+Multi+Domain&Years=1&SANStoADD=2&PromotionCode=ONCEONLY",
		"Command=namecheap.ssl.activate&CertificateID=10240001&DNSDCValidation=true&csr=" + request,
		"Command=namecheap.ssl.reissue&CertificateID=10240001&ApproverEmail=CNAMECSRHASH&csr=" + request,
		"Command=namecheap.ssl.getInfo&CertificateID=10240001&Returncertificate=true&Returntype=PKCS7",
		"Command=namecheap.ssl.getList&Page=99999999999&PageSize=-1&SortBy=x&SearchTerm=%00",
		"Command=namecheap.ssl.editDCVMethod&CertificateID=10240015&DNSNames=,,&DCVMethods=,",
		"Command=namecheap.ssl.renew&CertificateID=10240001&Years=1&SSLType=PositiveSSL",
		"Command=namecheap.ssl.parseCSR&csr=" + request,
		"Command=namecheap.ssl.getApproverEmailList&DomainName=*.&CertificateType=ev+ssl",
		"Command=namecheap.ssl.purchasemoresans&CertificateID=10240001&NumberOfSANSToAdd=9",
		"Command=namecheap.users.getPricing&ProductType=SSLCERTIFICATE&ProductName=%FF",
		"Command=%zz&;&=&&Command=.", "",
	} {
		f.Add(globals + seed)
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		sim, err := simulator.New(simulator.Options{Switches: unthrottled()})
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{
			globals + "Command=namecheap.ssl.create&Type=PositiveSSL&Years=1",
			body, body,
		} {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/xml.response", strings.NewReader(text))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			recorder := httptest.NewRecorder()
			sim.ServeHTTP(recorder, request)
			if recorder.Code != http.StatusOK {
				t.Fatalf("HTTP %d", recorder.Code)
			}
			if err := wellFormed(recorder.Body.String()); err != nil {
				t.Fatalf("%v in %s", err, recorder.Body)
			}
		}
		balance, err := sim.Balance("reseller")
		if err != nil {
			t.Fatal(err)
		}
		total := tenThousandths(t, balance)
		for _, charge := range sim.Ledger() {
			total += tenThousandths(t, charge.Amount)
		}
		if total != 1000_0000 {
			t.Fatalf("balance %s and ledger %+v do not add up", balance, sim.Ledger())
		}
	})
}

func tenThousandths(t *testing.T, amount string) int {
	t.Helper()
	value, err := strconv.Atoi(strings.Replace(amount, ".", "", 1))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func wellFormed(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	for {
		if _, err := decoder.Token(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// Many clients at once buy as many certificates as the balance allows, and each
// gets its own.
func TestConcurrentPurchases(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	if err := w.sim.SetBalance("reseller", "157.60"); err != nil { // twenty of them
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mu sync.Mutex
	var ids []string
	for worker := range 8 {
		group.Go(func() {
			for range 5 {
				body := direct(t.Context(), w.sim, "ssl.create", "Years", "1", "Type", "PositiveSSL").Body.String()
				if strings.Contains(body, `IsSuccess="true"`) {
					mu.Lock()
					ids = append(ids, attribute(t, body, "CertificateID"))
					mu.Unlock()
				}
				direct(t.Context(), w.sim, "ssl.getList")
				w.sim.Certificates()
				w.sim.Configure(func(s *simulator.Switches) { s.ActivationDays = 300 + worker })
			}
		})
	}
	group.Wait()
	slices.Sort(ids)
	if len(ids) != 20 || len(slices.Compact(ids)) != 20 || len(w.sim.Ledger()) != 20 {
		t.Errorf("%d ids, %d charges", len(ids), len(w.sim.Ledger()))
	}
	contains(t, w.okay("users.getBalances"), `AvailableBalance="0.00"`)
	for i, charge := range w.sim.Ledger() {
		if charge.Sequence != i+1 || charge.Amount != "7.8800" || charge.Currency != "USD" || charge.Years != 1 {
			t.Errorf("charge %d: %+v", i, charge)
		}
	}
}

func TestMethodsThatTheAPIDoesNotHave(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodHead, "BREW"} {
		request := httptest.NewRequestWithContext(t.Context(), method, "/xml.response", nil)
		recorder := httptest.NewRecorder()
		w.sim.ServeHTTP(recorder, request)
		if recorder.Code != http.StatusNotImplemented { // not 405, which means throttled here
			t.Errorf("%s: HTTP %d", method, recorder.Code)
		}
	}
}

// BenchmarkPurchase and BenchmarkActivation show what the simulator costs
// without a network.
func BenchmarkPurchase(b *testing.B) {
	sim := benchmarked(b)
	b.ReportAllocs()
	for b.Loop() {
		direct(b.Context(), sim, "ssl.create", "Years", "1", "Type", "PositiveSSL")
	}
}

func BenchmarkActivation(b *testing.B) {
	sim := benchmarked(b)
	request := csr(b, "example.com")
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		id, err := sim.PurchaseByHand("PositiveSSL", 1)
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		direct(b.Context(), sim, "ssl.activate", "CertificateID", id, "CSR", request, "DNSDCValidation", "true")
	}
}

func benchmarked(b *testing.B) *simulator.Simulator {
	b.Helper()
	switches := unthrottled()
	switches.Funds = simulator.FundsAlways
	sim, err := simulator.New(simulator.Options{Switches: switches})
	if err != nil {
		b.Fatal(err)
	}
	return sim
}
