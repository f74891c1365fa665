// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// direct calls the handler without a network. An aborted answer has status 0.
func direct(ctx context.Context, sim *simulator.Simulator, command string, pairs ...string) (recorder *httptest.ResponseRecorder) {
	form := url.Values{
		"ApiUser": {"reseller"}, "ApiKey": {"simulator-key"}, "UserName": {"reseller"}, "ClientIp": {"203.0.113.9"},
		"Command": {"namecheap." + command},
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	request := httptest.NewRequestWithContext(ctx, http.MethodPost, "/xml.response", strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	recorder = httptest.NewRecorder()
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			recorder.Code = 0
		default:
			panic(cause)
		}
	}()
	sim.ServeHTTP(recorder, request)
	return recorder
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const cut = -1 // the connection breaks
	for _, one := range []struct {
		fault    simulator.Fault
		status   int
		body     string
		executed bool
	}{
		{simulator.Fault{Kind: "lost"}, cut, "", true},
		{simulator.Fault{Kind: "cut"}, cut, "<ApiResponse", true},
		{simulator.Fault{Kind: "html"}, http.StatusOK, "<!DOCTYPE html>", false},
		{simulator.Fault{Kind: "html_executed"}, http.StatusBadGateway, "<!DOCTYPE html>", true},
		{simulator.Fault{Kind: "405"}, http.StatusMethodNotAllowed, "", false},
		{simulator.Fault{Kind: "500000"}, http.StatusOK, `<Error Number="500000">Too many requests</Error>`, false},
		{simulator.Fault{Kind: "slow", Delay: time.Millisecond}, http.StatusOK, `<SSLCreateResult IsSuccess="true"`, true},
		{simulator.Fault{Kind: "slow_before", Delay: time.Millisecond}, cut, "", false},
		{simulator.Fault{Kind: "server_error"}, http.StatusInternalServerError, "", false},
		{simulator.Fault{Kind: "unhandled"}, http.StatusOK, `<Error Number="5050900">Unhandled exceptions</Error>`, true},
		{simulator.Fault{Kind: "drop"}, cut, "", false},
		{simulator.Fault{Kind: "error", Number: "4050900", Text: "Error occured from database"}, http.StatusOK, `<Error Number="4050900">Error occured from database</Error>`, false}, //nolint:misspell // the provider's spelling
		{simulator.Fault{Kind: "error_executed", Number: "4024296", Text: "Unable to update records"}, http.StatusOK, `<Error Number="4024296">Unable to update records</Error>`, true},
	} {
		t.Run(one.fault.Kind, func(t *testing.T) {
			t.Parallel()
			w := open(t, "2026-01-05")
			one.fault.Command = "Create"
			w.sim.Inject(one.fault)
			w.okay("ssl.getList") // another command is not hit
			status, body, err := w.post("ssl.create", "Years", "1", "Type", "PositiveSSL")
			if one.status == cut {
				if err == nil {
					t.Errorf("HTTP %d %s", status, body)
				}
			} else if err != nil || status != one.status {
				t.Errorf("HTTP %d, %v, want %d", status, err, one.status)
			}
			contains(t, body, one.body)
			if got := len(w.sim.Ledger()) == 1; got != one.executed {
				t.Errorf("executed: %t, want %t", got, one.executed)
			}
			calls := w.sim.Calls()
			last := calls[len(calls)-1]
			throttled := one.fault.Kind == "405" || one.fault.Kind == "500000"
			if last.Command != "ssl.create" || last.Executed != one.executed || last.Throttled != throttled || last.Account != "reseller" {
				t.Errorf("remembered as %+v", last)
			}
			w.okay("ssl.create", "Years", "1", "Type", "PositiveSSL") // used up
		})
	}
}

func TestAFaultHitsAsOftenAsItSays(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	w.sim.Inject(simulator.Fault{Kind: simulator.Fault405, Times: 2})
	w.sim.Inject(simulator.Fault{Kind: simulator.FaultServerError})
	for _, want := range []int{405, 405, 500, 200} {
		if status, _, err := w.post("ssl.getList"); err != nil || status != want {
			t.Errorf("HTTP %d, %v, want %d", status, err, want)
		}
	}
	w.sim.Inject(simulator.Fault{Kind: simulator.Fault405, Times: 5})
	w.sim.ClearFaults()
	w.okay("ssl.getList")
}

// A client that gives up does not stop the provider: the purchase is made.
func TestASlowCommandIsExecutedAlthoughTheClientHasLeft(t *testing.T) {
	t.Parallel()
	for kind, charges := range map[string]int{simulator.FaultSlow: 1, simulator.FaultSlowBefore: 0} {
		synctest.Test(t, func(t *testing.T) {
			sim, err := simulator.New(simulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			sim.Inject(simulator.Fault{Kind: kind, Delay: time.Hour})
			ctx, leave := context.WithCancel(t.Context())
			go direct(ctx, sim, "ssl.create", "Years", "1", "Type", "PositiveSSL")
			synctest.Wait()
			if len(sim.Ledger()) != 0 || len(sim.Calls()) != 0 {
				t.Errorf("%s: executed before the delay was over", kind)
			}
			leave()
			synctest.Wait()
			if calls := sim.Calls(); len(sim.Ledger()) != charges || len(calls) != 1 || calls[0].Executed != (charges == 1) {
				t.Errorf("%s: %d charges, calls %+v", kind, len(sim.Ledger()), calls)
			}
		})
	}
}

// While one command waits, others are answered.
func TestASlowCommandHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, err := simulator.New(simulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		sim.Inject(simulator.Fault{Command: "create", Kind: simulator.FaultSlow, Delay: time.Hour})
		started := time.Now()
		go direct(t.Context(), sim, "ssl.create", "Years", "1", "Type", "PositiveSSL")
		synctest.Wait()
		contains(t, direct(t.Context(), sim, "ssl.getList").Body.String(), "<SSLListResult />")
		if waited := time.Since(started); waited != 0 {
			t.Errorf("getList waited %s", waited)
		}
	})
}

func TestInjectPanicsOnAnUnknownKind(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	w.sim.Inject(simulator.Fault{Kind: "explosion"})
}

func TestCallsNeverHoldTheKey(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	w.send("simulator-key", "ApiKey", "simulator-key")
	for _, call := range w.sim.Calls() {
		if call.Command != "namecheap.simulator-key" && call.Command != "simulator-key" || call.Executed || call.Error != "1011104" {
			t.Errorf("%+v", call)
		}
	}
}
