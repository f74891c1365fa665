// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/provisioning"
	"github.com/certbridge/certbridge/provisioning/providertest"
)

// rig is a simulator behind a real server, and a client that talks to it.
type rig struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *httptest.Server
	client *hostlantern.Client

	mu   sync.Mutex
	next http.HandlerFunc // answers the next call instead of the simulator
}

type setting struct {
	environment provisioning.Environment
	tls         bool
	prefix      string
	promotion   string
	switches    func(*simulator.Switches)
}

func newRig(t *testing.T, s setting) *rig {
	t.Helper()
	if s.environment == "" {
		s.environment = provisioning.Sandbox
	}
	sim, err := simulator.New(simulator.Options{
		Environment: string(s.environment),
		Now:         time.Date(2026, time.November, 22, 17, 0, 0, 0, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.switches != nil {
		sim.Configure(s.switches)
	}
	r := &rig{t: t, sim: sim}
	config := hostlantern.Config{
		Account: "contract", APIUser: "reseller", APIKey: hostlantern.NewAPIKey("simulator-key"),
		ClientIP: "203.0.113.9", Environment: s.environment, CommandPrefix: s.prefix,
		PromotionCode: s.promotion,
	}
	if s.tls {
		r.server = httptest.NewTLSServer(r)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AddCert(r.server.Certificate())
	} else {
		r.server = httptest.NewServer(r)
	}
	config.BaseURL = r.server.URL + "/xml.response"
	if r.client, err = hostlantern.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.client.Close()
		r.server.Close()
	})
	return r
}

// ServeHTTP hands a call to the simulator unless something else was arranged.
func (r *rig) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if request.Method != http.MethodPost || request.URL.RawQuery != "" {
		r.t.Errorf("the client sent %s with the query %q", request.Method, request.URL.RawQuery)
	}
	r.mu.Lock()
	handler := r.next
	r.next = nil
	r.mu.Unlock()
	if handler == nil {
		handler = r.sim.ServeHTTP
	}
	handler(w, request)
}

func (r *rig) instead(handler http.HandlerFunc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = handler
}

func (r *rig) inject(kind string) func() {
	return func() { r.sim.Inject(simulator.Fault{Kind: kind}) }
}

func (r *rig) garble() {
	r.instead(func(w http.ResponseWriter, request *http.Request) {
		r.sim.ServeHTTP(httptest.NewRecorder(), request)
		_, _ = io.WriteString(w, "<html><head><title>OK</title></head><body>Status=\"OK\"</body></html>")
	})
}

func (r *rig) hang() <-chan struct{} {
	arrived := make(chan struct{})
	r.instead(func(_ http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		close(arrived)
		<-request.Context().Done()
	})
	return arrived
}

func (r *rig) harness(throttle string) providertest.Harness {
	return providertest.Harness{
		Provider: hostlantern.NewProvider(r.client),
		Single:   "positivessl", Wildcard: "positivessl-wildcard", MultiDomain: "positivessl-multi-domain",
		UnknownID: "999999999", DaysToRenewal: 330, Secrets: []string{"simulator-key"},
		Approve: func(certificateID string) {
			err := r.sim.Approve(certificateID)
			if r.sim.Switches().ReissueIssuesAtOnce && errors.Is(err, simulator.ErrStatus) {
				return // it was issued already
			}
			if err != nil {
				r.t.Fatal(err)
			}
		},
		Charges: func() int { return len(r.sim.Ledger()) },
		Advance: func(days int) { r.sim.Advance(time.Duration(days) * 24 * time.Hour) },
		SpendBalance: func() {
			if err := r.sim.SetBalance("reseller", "0.10"); err != nil {
				r.t.Fatal(err)
			}
		},
		ThrottleNext:     r.inject(throttle),
		LoseNextAnswer:   r.inject(simulator.FaultLost),
		CutNextAnswer:    r.inject(simulator.FaultCut),
		GarbleNextAnswer: r.garble,
		HangNext:         r.hang,
		Unplug: func() {
			r.server.Close()
			r.client.Close()
		},
	}
}

func TestTheProviderKeepsTheContract(t *testing.T) {
	t.Parallel()
	settings := []struct {
		name     string
		setting  setting
		throttle string
		lacks    []providertest.Capability
	}{
		{name: "in the sandbox", throttle: simulator.Fault405},
		{
			name: "in production", throttle: simulator.Fault405,
			setting: setting{environment: provisioning.Production, tls: true},
		},
		{
			name: "where open questions are answered the other way", throttle: simulator.Fault500000,
			lacks: []providertest.Capability{providertest.ReplacedOnAcceptance},
			setting: setting{environment: provisioning.Production, switches: func(w *simulator.Switches) {
				w.Namespace = false
				w.Warnings = simulator.WarningsAbsent
				w.Server = simulator.ServerAbsent
				w.CreateDates, w.ListDates, w.InfoDates = simulator.Unpadded, simulator.Unpadded, simulator.Padded
				w.CreateStatusCase, w.InfoStatusCase, w.ListStatusCase = simulator.LowerCase, simulator.UpperCase, simulator.MixedCase
				w.ProviderOrderID, w.YearsAttribute = false, false
				w.Expires = simulator.ExpiresTerm
				w.ExpiredWord, w.RevokedWord = false, false
				w.DCVShape, w.DCVWrapper, w.HTTPSeparator = simulator.ShapeOpaque, simulator.WrapperFlat, simulator.SeparatorNewline
				w.ReplacedOn = simulator.ReplacedOnIssuance
				w.ReissueElement = "SSLActivateResult"
				w.ReissueValidation = simulator.ValidationAgain
				w.SANsCount = simulator.CountAdded
				w.ThrottleForm = simulator.Throttle500000
				w.ProductReplacedOn = time.Time{}
				w.PageBeyondEnd = simulator.BeyondLastPage
				w.ChainLength = 1
			}},
		},
		{
			name: "where answers are as odd as they were ever seen", throttle: simulator.Fault405,
			setting: setting{prefix: "hostlantern.", switches: func(w *simulator.Switches) {
				w.CommandPrefix = "hostlantern."
				w.NamespaceURI = "urn:hostlantern"
				w.Warnings = simulator.WarningsFilled
				w.Server = simulator.ServerHex
				w.ErrorWithResult = true
				w.MultipleErrors = true
				w.TouchingInfo = true
				w.UnclosedRevoke = true
				w.ActiveWithReplacedBy = true
				w.ChainLength = 3
			}},
		},
		{
			name: "where a reissue is issued at once and a renewal begins anew", throttle: simulator.Fault405,
			setting: setting{switches: func(w *simulator.Switches) {
				w.ReissueIssuesAtOnce = true
				w.RenewCopiesSANs = false
			}},
		},
	}
	for _, one := range settings {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			providertest.Run(t, func(t *testing.T) providertest.Harness {
				return newRig(t, one.setting).harness(one.throttle)
			}, one.lacks...)
		})
	}
}

func TestNoKeyIsEverInAnError(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]string{
		"in a message": `<ApiResponse Status="ERROR"><Errors><Error Number="1011102">API Key simulator-key is invalid</Error></Errors></ApiResponse>`,
		"escaped":      `<ApiResponse Status="ERROR"><Errors><Error Number="1011102">API Key simulator%2Dkey is invalid</Error></Errors></ApiResponse>`,
		"as a command": `<ApiResponse Status="OK"><RequestedCommand>simulator-key</RequestedCommand></ApiResponse>`,
		"as a status":  `<ApiResponse Status="simulator-key"/>`,
	} {
		r := newRig(t, setting{})
		r.instead(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) })
		_, err := r.client.GetBalances(t.Context())
		if err == nil || strings.Contains(err.Error(), "simulator-key") || strings.Contains(err.Error(), "%2Dkey") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
