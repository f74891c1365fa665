// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// A test of a client makes a simulator, lets something go wrong, and asks the
// ledger what really happened.
func ExampleSimulator() {
	sim, err := simulator.New(simulator.Options{Now: time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		fmt.Println(err)
		return
	}
	sim.Inject(simulator.Fault{Command: "create", Kind: simulator.FaultHTMLExecuted})

	form := url.Values{
		"ApiUser": {"reseller"}, "ApiKey": {"simulator-key"}, "UserName": {"reseller"}, "ClientIp": {"203.0.113.9"},
		"Command": {"namecheap.ssl.create"}, "Type": {"PositiveSSL"}, "Years": {"1"},
	}
	request := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/xml.response", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer := httptest.NewRecorder()
	sim.ServeHTTP(answer, request)

	fmt.Println("HTTP", answer.Code)
	for _, charge := range sim.Ledger() {
		fmt.Println(charge.Command, charge.Product, charge.Amount, charge.Currency)
	}
	// Output:
	// HTTP 502
	// ssl.create Standard SSL 7.8800 USD
}
