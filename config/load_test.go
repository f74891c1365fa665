// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/config"
)

// minimal is the least that is a configuration.
const minimal = `
database: {driver: sqlite, dsn: certbridge.db}
`

const account = `
accounts:
  - name: shop.EU
    provider: hostlantern
    environment: sandbox
    api_user: reseller
    api_key: ${KEY}
    client_ip: 203.0.113.9
`

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "certbridge.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, text string, environ ...string) config.Config {
	t.Helper()
	loaded, err := config.Load(write(t, text), environ)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// problems are what is wrong with a configuration, as "key: text" each.
func problems(t *testing.T, text string, environ ...string) []string {
	t.Helper()
	_, err := config.Load(write(t, text), environ)
	if err == nil {
		return nil
	}
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		t.Fatalf("the error is no *config.Error: %v", err)
	}
	list := make([]string, len(wrong.Problems))
	for i, problem := range wrong.Problems {
		list[i] = problem.Key + ": " + problem.Text
	}
	return list
}

func TestWhatIsLeftOutHasItsDefault(t *testing.T) {
	t.Parallel()
	want := config.Config{
		Listen:          "127.0.0.1:8080",
		Database:        config.Database{Driver: "sqlite", DSN: config.NewSecret("certbridge.db")},
		Synchronization: config.Synchronization{At: "03:10", PageSize: 100},
		Purchase:        config.Purchase{When: "create"},
		Reconciliation:  config.Reconciliation{Deadline: 30 * time.Minute},
		Log:             config.Log{Level: "info", Format: "auto"},
		Shutdown:        config.Shutdown{Grace: 2 * time.Minute},
	}
	for name, text := range map[string]string{
		"left out": minimal,
		"empty":    minimal + "listen:\naccounts:\npurchase:\nlog: {level: }\nshutdown: {}\n",
	} {
		if diff := cmp.Diff(want, load(t, text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestTheDailyRunCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	if at := load(t, minimal+`synchronization: {at: ""}`).Synchronization.At; at != "" {
		t.Errorf("it starts at %q", at)
	}
	if at := load(t, minimal+"synchronization: {at: }").Synchronization.At; at != "03:10" {
		t.Errorf("left open, it starts at %q", at)
	}
}

func TestEveryKeyArrives(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := load(t, fmt.Sprintf(`
listen: "[::1]:9090"
database: {driver: mysql, dsn: "bridge:${DB_PASSWORD}@tcp(db.example:3306)/certbridge"}
accounts:
  - {name: shop.EU, provider: hostlantern, environment: production, api_user: reseller, api_key: "${KEY}",
     user_name: customer, client_ip: 203.0.113.9, base_url: "https://api.example.test/xml.response",
     command_prefix: namecheap., namespace: "http://api.example.test/xml", promotion_code: SPRING,
     budget: {per_minute: 5, per_hour: 0, per_day: 1000000},
     ceilings: [{product: positivessl, per_year: "10.00"}, {product: positivessl-multi-domain, per_year: "30", domain_per_year: "${MOST}"}],
     low_balance: "50.00", expires: term, renewal_window: {opens: 30, closes: 0}}
  - {name: shop.EU-sandbox, provider: hostlantern, environment: sandbox, api_user: reseller, api_key_file: %q,
     client_ip: 203.0.113.9, base_url: "http://127.0.0.1:8081/xml.response"}
synchronization: {at: 23:45, page_size: 10}
due_date: {offset_days: 7}
purchase: {when: activation}
reconciliation: {deadline: 2h}
log: {level: debug, format: json}
shutdown: {grace: 90s}
`, keyFile), "DB_PASSWORD=p@ss/word:1", "KEY=sekrit", "MOST=15.5")
	want := config.Config{
		Listen:   "[::1]:9090",
		Database: config.Database{Driver: "mysql", DSN: config.NewSecret("bridge:p@ss/word:1@tcp(db.example:3306)/certbridge")},
		Accounts: []config.Account{{
			Name: "shop.EU", Provider: "hostlantern", Environment: "production",
			APIUser: "reseller", APIKey: config.NewSecret("sekrit"), UserName: "customer", ClientIP: "203.0.113.9",
			BaseURL: "https://api.example.test/xml.response", CommandPrefix: "namecheap.",
			Namespace: "http://api.example.test/xml", PromotionCode: "SPRING",
			Ceilings: []config.Ceiling{
				{Product: "positivessl", PerYear: "10.00"},
				{Product: "positivessl-multi-domain", PerYear: "30", DomainPerYear: "15.5"},
			},
			LowBalance: "50.00", Budget: config.Budget{PerMinute: 5, PerDay: 1_000_000},
			Expires: "term", RenewalWindow: &config.RenewalWindow{Opens: new(30), Closes: new(0)},
		}, {
			Name: "shop.EU-sandbox", Provider: "hostlantern", Environment: "sandbox",
			APIUser: "reseller", APIKey: config.NewSecret("0123456789abcdef"), APIKeyFile: keyFile, ClientIP: "203.0.113.9",
			BaseURL: "http://127.0.0.1:8081/xml.response", Budget: config.Budget{PerMinute: 20, PerHour: 700, PerDay: 8000},
		}},
		Synchronization: config.Synchronization{At: "23:45", PageSize: 10},
		DueDate:         config.DueDate{OffsetDays: 7},
		Purchase:        config.Purchase{When: "activation"},
		Reconciliation:  config.Reconciliation{Deadline: 2 * time.Hour},
		Log:             config.Log{Level: "debug", Format: "json"},
		Shutdown:        config.Shutdown{Grace: 90 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each limit has its default by itself; only 0 takes one away.
func TestABudgetThatIsLeftOutIsTheDocumentedOne(t *testing.T) {
	t.Parallel()
	for budget, want := range map[string]config.Budget{
		"":                                     {PerMinute: 20, PerHour: 700, PerDay: 8000},
		", budget: ":                           {PerMinute: 20, PerHour: 700, PerDay: 8000},
		", budget: {}":                         {PerMinute: 20, PerHour: 700, PerDay: 8000},
		", budget: {per_hour: 50}":             {PerMinute: 20, PerHour: 50, PerDay: 8000},
		", budget: {per_minute: , per_day: 0}": {PerMinute: 20, PerHour: 700},
		", budget: {per_minute: 0, per_hour: 0, per_day: 0}": {},
	} {
		loaded := load(t, minimal+"accounts: [{name: a, provider: hostlantern, environment: sandbox, api_user: u, api_key: k, client_ip: 203.0.113.9"+budget+"}]")
		if got := loaded.Accounts[0].Budget; got != want {
			t.Errorf("%q makes %+v, want %+v", budget, got, want)
		}
	}
}

// Wherever certbridge is started, a relative path means the same key.
func TestKeyFilesLieBesideTheConfiguration(t *testing.T) {
	t.Parallel()
	path := write(t, minimal+`
accounts:
  - {name: a, provider: hostlantern, environment: sandbox, api_user: u, api_key_file: keys/sandbox, client_ip: 203.0.113.9}
`)
	_, err := config.Load(path, nil)
	missing := filepath.Join(filepath.Dir(path), "keys", "sandbox")
	if err == nil || !strings.Contains(err.Error(), "accounts[0].api_key_file: cannot be read: "+missing+": no such file") {
		t.Errorf("without the file, the error is %v", err)
	}
	if err := os.Mkdir(filepath.Dir(missing), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(missing, []byte("sekrit\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	loaded, err := config.Load(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if account := loaded.Accounts[0]; account.APIKey.Reveal() != "sekrit" || account.APIKeyFile != missing {
		t.Errorf("the key %q comes from %s", account.APIKey.Reveal(), account.APIKeyFile)
	}
}

func TestEnvironmentWinsOverTheFile(t *testing.T) {
	t.Parallel()
	environ := []string{
		"CERTBRIDGE_LISTEN=:7070", "CERTBRIDGE_DATABASE_DRIVER=mysql", "CERTBRIDGE_DATABASE_DSN=a:b=c@tcp(h)/d",
		"CERTBRIDGE_DUE_DATE_OFFSET_DAYS=3", "CERTBRIDGE_PURCHASE_WHEN=activation",
		"CERTBRIDGE_LOG_LEVEL=warn", "CERTBRIDGE_LOG_FORMAT=console", "CERTBRIDGE_SHUTDOWN_GRACE=5s",
		"CERTBRIDGE_RECONCILIATION_DEADLINE=45m", "CERTBRIDGE_SYNCHRONIZATION_AT=00:00", "CERTBRIDGE_SYNCHRONIZATION_PAGE_SIZE=50",
	}
	want := config.Config{
		Listen:          ":7070",
		Database:        config.Database{Driver: "mysql", DSN: config.NewSecret("a:b=c@tcp(h)/d")},
		DueDate:         config.DueDate{OffsetDays: 3},
		Purchase:        config.Purchase{When: "activation"},
		Log:             config.Log{Level: "warn", Format: "console"},
		Shutdown:        config.Shutdown{Grace: 5 * time.Second},
		Reconciliation:  config.Reconciliation{Deadline: 45 * time.Minute},
		Synchronization: config.Synchronization{PageSize: 50, At: "00:00"},
	}
	if diff := cmp.Diff(want, load(t, minimal+"listen: :1\ndue_date: {offset_days: 9}\n", environ...)); diff != "" {
		t.Errorf("over a file (-want +got):\n%s", diff)
	}
	alone, err := config.Load("", environ)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, alone); diff != "" {
		t.Errorf("without a file (-want +got):\n%s", diff)
	}
}

func TestVariablesAreFilledIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ written, want string }{
		{"${NAME}", "value"},
		{"a${NAME}b${OTHER}", "avaluebsome ${NAME}"}, // what a variable holds is not looked at again
		{"$NAME", "$NAME"},
		{"$${NAME}", "${NAME}"},
		{"$$${NAME}", "$${NAME}"},
		{"${EMPTY}x", "x"},
		{"100%$", "100%$"},
	} {
		got := load(t, "database: {driver: sqlite, dsn: '"+c.written+"'}", "NAME=value", "OTHER=some ${NAME}", "EMPTY=")
		if got.Database.DSN.Reveal() != c.want {
			t.Errorf("%s became %q, want %q", c.written, got.Database.DSN.Reveal(), c.want)
		}
	}
	if got := load(t, minimal+"due_date: {offset_days: '${DAYS}'}\nshutdown: {grace: '${N}s'}", "DAYS=14", "N=3"); got.DueDate.OffsetDays != 14 || got.Shutdown.Grace != 3*time.Second {
		t.Errorf("numbers and durations were not filled in: %+v", got)
	}
	// A variable cannot add keys, whatever it holds.
	got := load(t, minimal+account, "KEY=x\"#{y}:-")
	if key := got.Accounts[0].APIKey.Reveal(); key != "x\"#{y}:-" {
		t.Errorf("the key is %q", key)
	}
}

func TestAccountsKeepTheCaseAndDotsOfTheirNames(t *testing.T) {
	t.Parallel()
	if got := load(t, minimal+account, "KEY=k").Accounts[0].Name; got != "shop.EU" {
		t.Errorf("the name is %q", got)
	}
}

func TestAFileThatIsNotThere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "certbridge.yaml")
	_, err := config.Load(path, nil)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v", err)
	}
}

// commented is an optional key of an account, in the example.
var commented = regexp.MustCompile(`^ {4}# ( *(?:- )?([a-z_]+):(?: .*)?)\n$`)

func TestExampleIsComplete(t *testing.T) {
	t.Parallel()
	example := string(config.Example)
	if wrong := problems(t, example, "HOSTLANTERN_SANDBOX_KEY=k"); len(wrong) > 0 {
		t.Errorf("the example does not load: %q", wrong)
	}
	// Its optional parts are comments; with them it must load as well.
	var all []string
	for line := range strings.Lines(example) {
		if key := commented.FindStringSubmatch(line); key != nil && key[2] != "api_key_file" { // that is instead of api_key
			line = "    " + key[1] + "\n"
		}
		all = append(all, line)
	}
	loaded := load(t, strings.Join(all, ""), "HOSTLANTERN_SANDBOX_KEY=k")
	first := loaded.Accounts[0]
	for name, value := range map[string]string{
		"user_name": first.UserName, "promotion_code": first.PromotionCode, "base_url": first.BaseURL,
		"command_prefix": first.CommandPrefix, "namespace": first.Namespace, "low_balance": first.LowBalance,
		"expires": first.Expires,
	} {
		if value == "" {
			t.Errorf("the example does not show %s", name)
		}
	}
	if want := (config.Budget{PerMinute: 20, PerHour: 700, PerDay: 8000}); first.Budget != want {
		t.Errorf("the example shows the budget %+v", first.Budget)
	}
	if diff := cmp.Diff(&config.RenewalWindow{Opens: new(89), Closes: new(180)}, first.RenewalWindow); diff != "" {
		t.Errorf("the renewal window (-want +got):\n%s", diff)
	}
	want := []config.Ceiling{
		{Product: "positivessl", PerYear: "10.00"},
		{Product: "positivessl-multi-domain", PerYear: "30.00", DomainPerYear: "15.00"},
	}
	if diff := cmp.Diff(want, first.Ceilings); diff != "" {
		t.Errorf("the ceilings (-want +got):\n%s", diff)
	}
	for _, name := range config.Keys() {
		last := name[strings.LastIndex(name, ".")+1:]
		if !strings.Contains(example, last+":") {
			t.Errorf("the example does not explain %s", name)
		}
	}
}
