// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
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

// amend adds lines to the account in the configuration.
func (i installation) amend(lines string) {
	i.t.Helper()
	text, err := os.ReadFile(i.config)
	if err != nil {
		i.t.Fatal(err)
	}
	const after = "    client_ip: 127.0.0.1\n"
	amended := strings.Replace(string(text), after, after+lines, 1)
	if err := os.WriteFile(i.config, []byte(amended), 0o600); err != nil {
		i.t.Fatal(err)
	}
}

func TestDoctorWarnsOfALowBalance(t *testing.T) {
	t.Parallel()
	for limit, want := range map[string]string{"1000.00": checkOK, "1000.01": checkWarning} {
		i := install(t, mirror.SQLite)
		i.amend("    low_balance: \"" + limit + "\"\n")
		found, _ := i.examined("account hostlantern-sandbox")
		if len(found) != 1 || found[0].State != want || (want == checkWarning) != strings.Contains(found[0].Detail, "1000.0000 USD is below "+limit) {
			t.Errorf("with the limit at %s, doctor says %+v", limit, found)
		}
	}
}

func TestDoctorComparesCeilingsWithPrices(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ product, most, state, detail string }{
		{"positivessl", "7.88", checkOK, "7.8800 USD a year, today's price is 7.8800"},
		{"positivessl", "7.87", checkFailed, "today's price of 7.8800 USD a year is above 7.8700"},
	} {
		i := install(t, mirror.SQLite)
		i.must("migrate")
		i.amend("    ceilings: [{product: " + c.product + ", per_year: \"" + c.most + "\"}]\n")
		found, code := i.examined("ceiling of " + c.product + " in hostlantern-sandbox")
		if len(found) != 1 || found[0].State != c.state || found[0].Detail != c.detail || (code == exitDone) != (c.state == checkOK) {
			t.Errorf("for %s at %s doctor ends with %d and says %+v", c.product, c.most, code, found)
		}
	}
}

func TestDoctorKnowsCeilingsThatLimitNothing(t *testing.T) {
	t.Parallel()
	i := install(t, mirror.SQLite)
	i.amend("    ceilings: [{product: no-such-product, per_year: \"7.88\"}]\n")
	found, code := i.examined("account hostlantern-sandbox")
	if len(found) != 1 || found[0].State != checkFailed || !strings.Contains(found[0].Detail, `"no-such-product": there is no such product`) || code != exitFailed {
		t.Errorf("doctor ends with %d and says %+v", code, found)
	}
	// Amounts in two currencies are not compared when something is bought.
	for currency, want := range map[string]string{"EUR": checkWarning, "USD": checkFailed, "": checkOK} {
		d := &doctor{}
		account := provisioning.Account{
			Upstream: priced{price: provisioning.Money{Units: int64(len(currency)), Currency: currency}},
			Ceilings: map[string]provisioning.Ceiling{"positivessl": {PerYear: provisioning.Money{Units: 1, Currency: "USD"}}},
		}
		d.ceiling(t.Context(), config.Account{}, account, "positivessl")
		if len(d.findings) != 1 || d.findings[0].State != want {
			t.Errorf("with a price in %q doctor says %+v", currency, d.findings)
		}
	}
}

// priced is a provider of which only a price is asked.
type priced struct {
	provisioning.Provider
	price provisioning.Money
}

func (p priced) Price(context.Context, provisioning.PriceRequest) (provisioning.Money, error) {
	return p.price, nil
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
