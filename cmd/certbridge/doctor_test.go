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

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
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

func TestDoctorComparesTheClockWithTheDatabases(t *testing.T) {
	t.Parallel()
	store := mirrortest.Open(t, mirror.MySQL, time.Now)
	there, err := store.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for ahead, direction := range map[time.Duration]string{time.Hour: "ahead", -time.Hour: "behind"} {
		d := &doctor{now: func() time.Time { return there.Add(ahead) }}
		d.databaseClock(t.Context(), store)
		if len(d.findings) != 1 {
			t.Fatalf("%s: doctor says %+v", ahead, d.findings)
		}
		found := d.findings[0]
		if found.Check != "clock against the database" || found.State != checkFailed || !strings.HasSuffix(found.Detail, direction) ||
			!strings.Contains(found.Advice, "of this machine and of the database server") {
			t.Errorf("%s: doctor says %+v", ahead, found)
		}
	}
}

// SQLite has no clock of its own, so nothing is claimed about it.
func TestDoctorComparesClocksWhereThereAreTwo(t *testing.T) {
	t.Parallel()
	for driver, want := range map[string]int{mirror.SQLite: 0, mirror.MySQL: 1} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			i := install(t, driver)
			i.must("migrate")
			if found, _ := i.examined("clock against the database"); len(found) != want {
				t.Errorf("doctor says %+v", found)
			}
		})
	}
}

func TestAClockThatIsOff(t *testing.T) {
	t.Parallel()
	there := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for ahead, want := range map[time.Duration]finding{
		4 * time.Second:   {"clock", checkOK, "no more than 5s apart", ""},
		-4 * time.Second:  {"clock", checkOK, "no more than 5s apart", ""},
		20 * time.Second:  {"clock", checkWarning, "this machine's clock is 20s ahead", "mend it"},
		-20 * time.Second: {"clock", checkWarning, "this machine's clock is 20s behind", "mend it"},
		time.Hour:         {"clock", checkFailed, "this machine's clock is 1h0m0s ahead", "mend it"},
		-time.Hour:        {"clock", checkFailed, "this machine's clock is 1h0m0s behind", "mend it"},
	} {
		d := &doctor{}
		d.compare("clock", there.Add(ahead), there, "mend it")
		if diff := cmp.Diff([]finding{want}, d.findings); diff != "" {
			t.Errorf("%s (-want +got):\n%s", ahead, diff)
		}
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
