// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

// examined runs doctor and gives the findings about one check.
func (i installation) examined(check string) (found []finding, code int) {
	i.t.Helper()
	stdout, _, code := i.command("doctor", "--json")
	var report struct{ Checks []finding }
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		i.t.Fatal(err)
	}
	return slices.DeleteFunc(report.Checks, func(one finding) bool { return one.Check != check }), code
}

func TestDoctorComparesTheClockWithTheProviders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ahead time.Duration // the provider's clock
		state string
	}{{0, checkOK}, {20 * time.Second, checkWarning}, {-20 * time.Second, checkWarning}, {time.Hour, checkFailed}, {-time.Hour, checkFailed}} {
		t.Run(c.ahead.String(), func(t *testing.T) {
			t.Parallel()
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Date", time.Now().Add(c.ahead).UTC().Format(http.TimeFormat))
			}))
			t.Cleanup(provider.Close)
			i := installAgainst(t, mirror.SQLite, provider.URL)
			found, _ := i.examined("clock against hostlantern-sandbox")
			if len(found) != 1 || found[0].State != c.state {
				t.Errorf("doctor says %+v, want %s", found, c.state)
			}
		})
	}
}

func TestDoctorWarnsOfAnEmptyBalance(t *testing.T) {
	t.Parallel()
	simulated, url := newSimulator(t)
	if err := simulated.SetBalance(simulatorUser, "0"); err != nil {
		t.Fatal(err)
	}
	i := installAgainst(t, mirror.SQLite, url)
	i.must("migrate")
	found, code := i.examined("account hostlantern-sandbox")
	if len(found) != 1 || found[0].State != checkWarning || !strings.Contains(found[0].Advice, "add funds") || code != exitDone {
		t.Errorf("doctor ends with %d and says %+v", code, found)
	}
}

func TestEveryFaultHasItsAdvice(t *testing.T) {
	t.Parallel()
	account := config.Account{Environment: config.EnvironmentProduction, ClientIP: "203.0.113.9"}
	for fault, want := range map[provisioning.Fault]string{
		provisioning.FaultCredentials: "203.0.113.9",
		provisioning.FaultUnreachable: "https://",
		provisioning.FaultThrottled:   "too many calls",
		provisioning.FaultEnvironment: "the other environment answered",
		provisioning.FaultOther:       "support",
	} {
		if got := advice(fault, account); !strings.Contains(got, want) {
			t.Errorf("the advice for %q is %q", fault, got)
		}
	}
}

func TestLogIsForMachinesUnlessSomebodyLooks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		settings config.Log
		want     string // start of the line
	}{
		{config.Log{Level: "info", Format: config.LogAuto}, `{"level":"info","time":"`},
		{config.Log{Level: "info", Format: config.LogJSON}, `{"level":"info","time":"`},
		{config.Log{Level: "info", Format: config.LogConsole}, "20"},
		{config.Log{Level: "warn", Format: config.LogJSON}, ""},
	} {
		var written strings.Builder
		log, err := newLogger(&written, c.settings)
		if err != nil {
			t.Fatal(err)
		}
		domainLog(log).Info("a message", "account", "shop")
		if line := written.String(); !strings.HasPrefix(line, c.want) || (c.want != "") != strings.Contains(line, "shop") {
			t.Errorf("%+v writes %q", c.settings, line)
		}
	}
}
