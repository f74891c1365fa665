// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds a request body, and what a multipart body may unfold to.
const maxBody = 1 << 20

// apiError is one Error node.
type apiError struct{ number, text string }

func refuse(number, text string) *apiError { return &apiError{number, text} }

// call is one request on its way through the simulator.
type call struct {
	sim     *Simulator
	account *account
	params  map[string]string // by lower-case name
	source  netip.Addr
	post    bool
	now     time.Time
	after   func(context.Context) // work that follows the command, without the mutex
}

// get returns a parameter without surrounding blanks; "" when it is missing.
func (c *call) get(name string) string { return strings.TrimSpace(c.params[name]) }

// command is one method of the API. It runs under the mutex and writes the
// content of CommandResponse, or refuses.
type command struct {
	name      string // canonical, without prefix
	requested string // how RequestedCommand spells it; empty: as it was sent
	run       func(*Simulator, *call, *xmlWriter) *apiError
	fake      func(*xmlWriter)                    // a result that looks like success, for ErrorWithResult
	failed    func(*xmlWriter, map[string]string) // a result with IsSuccess="false"; nil: the command has none
}

func commandTable() map[string]command {
	table := map[string]command{}
	for _, one := range []command{
		{name: "ssl.create", run: (*Simulator).create, fake: fakeCreate, failed: failedCreate},
		{name: "ssl.renew", run: (*Simulator).renew, fake: fakeRenew, failed: failedRenew},
		{name: "ssl.activate", run: (*Simulator).activate, fake: fakeByID("SSLActivateResult"), failed: failedByID("SSLActivateResult")},
		{name: "ssl.reissue", run: (*Simulator).reissue, fake: fakeByID("SSLReissueResult"), failed: failedByID("SSLReissueResult")},
		{name: "ssl.getInfo", run: (*Simulator).info, fake: fakeInfo},
		{name: "ssl.getList", run: (*Simulator).list, fake: fakeList},
		{name: "ssl.parseCSR", run: (*Simulator).parseCSR},
		{name: "ssl.getApproverEmailList", run: (*Simulator).approverEmails},
		{name: "ssl.resendApproverEmail", run: (*Simulator).resendApproverEmail, fake: fakeByID("SSLResendApproverEmailResult"), failed: failedByID("SSLResendApproverEmailResult")},
		{name: "ssl.resendfulfillmentemail", requested: "ssl.resendFulfillmentEmail", run: (*Simulator).resendFulfillmentEmail, fake: fakeByID("SSLResendFulfillmentEmailResult"), failed: failedByID("SSLResendFulfillmentEmailResult")},
		{name: "ssl.purchasemoresans", requested: "ssl.purchaseMoreSANS", run: (*Simulator).purchaseMoreSANs, fake: fakeSANs, failed: failedSANs},
		{name: "ssl.revokecertificate", run: (*Simulator).revoke, fake: fakeByID("RevokeCertificateResult"), failed: failedByID("RevokeCertificateResult")},
		{name: "ssl.editDCVMethod", run: (*Simulator).editDCV, fake: fakeByID("SSLEditDCVMethodResult"), failed: failedByID("SSLEditDCVMethodResult")},
		{name: "users.getBalances", run: (*Simulator).balances},
		{name: "users.getPricing", run: (*Simulator).pricing},
	} {
		table[strings.ToLower(one.name)] = one
	}
	return table
}

var errTooLarge = errors.New("simulator: the request is too large")

// readParams collects the parameters of a query string and a body; the body
// wins, and the first of several values. Unreadable pairs are left out, as the
// provider does.
func readParams(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	params := map[string]string{}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if len(r.URL.RawQuery) > maxBody {
		return nil, errTooLarge
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if r.Method == http.MethodPost && kind == "multipart/form-data" {
		err = r.ParseMultipartForm(maxBody) //nolint:gosec // the body is bounded above
		if r.MultipartForm != nil {
			collect(params, r.MultipartForm.Value)
			defer func() { _ = r.MultipartForm.RemoveAll() }()
		}
	} else {
		err = r.ParseForm()
		collect(params, r.PostForm)
	}
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, errTooLarge
	}
	query, _ := url.ParseQuery(r.URL.RawQuery)
	collect(params, query)
	return params, nil
}

func collect(params map[string]string, values map[string][]string) {
	for name, list := range values {
		lower := strings.ToLower(name)
		if _, known := params[lower]; !known && len(list) > 0 {
			params[lower] = list[0]
		}
	}
}

// sourceAddress is the peer of the TCP connection; no header can change it.
func sourceAddress(r *http.Request) netip.Addr {
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		return peer.Addr().Unmap()
	}
	return netip.Addr{}
}
