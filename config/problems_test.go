// SPDX-License-Identifier: Apache-2.0

package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/config"
)

func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	const sandbox = `, provider: hostlantern, environment: sandbox, api_user: u, api_key: k, client_ip: 203.0.113.9`
	for _, c := range []struct {
		name, text string
		environ    []string
		want       string // start of the only problem
	}{
		{"a misspelled key", minimal + "lissten: :1", nil, "lissten: unknown key; did you mean listen? Known are listen, database, accounts"},
		{"a key that means nothing here", minimal + "colour: red", nil, "colour: unknown key; known are listen, database"},
		{"an unknown key without a value", minimal + "weather:", nil, "weather: unknown key; known are"},
		{"a misspelled key in a section", "database: {driver: sqlite, dns: x, dsn: x}", nil, "database.dns: unknown key; did you mean dsn? Known are driver, dsn"},
		{
			"a misspelled key in a list", minimal + "accounts: [{name: a, envirment: sandbox" + sandbox + "}]", nil,
			"accounts[0].envirment: unknown key; did you mean environment?",
		},
		{"a key in capitals", minimal + "Listen: :1", nil, "Listen: unknown key; did you mean listen?"},
		{"a key twice", minimal + "listen: :1\nlisten: :2", nil, "listen: is here twice; line 3 has it already"},
		{"a value where keys belong", minimal + "due_date: 7", nil, "due_date: must hold keys: offset_days"},
		{"keys where a value belongs", minimal + "listen: {port: 1}", nil, "listen: must be a single value"},
		{"keys where a list belongs", minimal + "accounts: {a: {}}", nil, "accounts: must be a list"},
		{"a number where text belongs", minimal + "listen: 8080", nil, "listen: must be text; put it into quotes"},
		{"text where a number belongs", minimal + "due_date: {offset_days: seven}", nil, "due_date.offset_days: must be a whole number"},
		{"a fraction where a number belongs", minimal + "due_date: {offset_days: 1.5}", nil, "due_date.offset_days: must be a whole number"},
		{"a number where a duration belongs", minimal + "shutdown: {grace: 30}", nil, "shutdown.grace: must be a duration such as 90s or 2m"},
		{"not YAML", minimal + "listen: [", nil, ": "},
		{"a text instead of keys", "sekrit", nil, ": must hold keys: listen, database"},
		{"two documents", minimal + "---\n" + minimal, nil, ": holds more than one document"},

		{"a variable that is not set", minimal + account, nil, "accounts[0].api_key: the environment variable KEY is not set"},
		{"half a variable", "database: {driver: sqlite, dsn: 'a${b'}", nil, "database.dsn: has ${ without a variable's name"},
		{"a variable without a name", "database: {driver: sqlite, dsn: 'a${}'}", nil, "database.dsn: has ${ without a variable's name"},
		{
			"a variable of ours that sets nothing", minimal,
			[]string{"CERTBRIDGE_DATABASE_DNS=x"},
			"CERTBRIDGE_DATABASE_DNS: unknown variable; did you mean CERTBRIDGE_DATABASE_DSN?",
		},
		{"a number in a variable", minimal, []string{"CERTBRIDGE_DUE_DATE_OFFSET_DAYS=many"}, "CERTBRIDGE_DUE_DATE_OFFSET_DAYS: must be a whole number"},

		{"no port", minimal + "listen: localhost", nil, "listen: must be an address and a port"},
		{"an impossible port", minimal + "listen: 'localhost:70000'", nil, "listen: must be an address and a port"},
		{"no database driver", "database: {dsn: x}", nil, "database.driver: is missing; allowed: sqlite or mysql"},
		{"another database driver", "database: {driver: postgres, dsn: x}", nil, `database.driver: "postgres" is not allowed; allowed: sqlite or mysql`},
		{"no dsn", "database: {driver: sqlite}", nil, "database.dsn: is missing; for sqlite it is"},
		{"a database in memory", "database: {driver: sqlite, dsn: ':memory:'}", nil, "database.dsn: must be the path of a file"},
		{"a MySQL address for SQLite", "database: {driver: sqlite, dsn: 'u:p@tcp(h)/d'}", nil, "database.dsn: must be the path of a file"},
		{"a URL for MySQL", "database: {driver: mysql, dsn: 'mysql://u:p@h/d'}", nil, "database.dsn: must look like user:password@tcp(host:3306)/certbridge"},
		{"no database name for MySQL", "database: {driver: mysql, dsn: 'u:p@tcp(h)/'}", nil, "database.dsn: must look like"},
		{"an offset beyond the renewal window", minimal + "due_date: {offset_days: 91}", nil, "due_date.offset_days: must be from 0 to 90"},
		{"a negative offset", minimal + "due_date: {offset_days: -1}", nil, "due_date.offset_days: must be from 0 to 90"},
		{"another moment", minimal + "purchase: {when: later}", nil, `purchase.when: "later" is not allowed; allowed: create or activation`},
		{"another log level", minimal + "log: {level: loud}", nil, `log.level: "loud" is not allowed`},
		{"another log format", minimal + "log: {format: xml}", nil, `log.format: "xml" is not allowed`},
		{"no grace", minimal + "shutdown: {grace: 0s}", nil, "shutdown.grace: must be from 1s to 1h"},

		{"no time of the day", minimal + `synchronization: {at: "3:10"}`, nil, `synchronization.at: must be a time of the day from "00:00" to "23:59", or "" for none`},
		{"no such hour", minimal + `synchronization: {at: "24:00"}`, nil, `synchronization.at: must be a time of the day from "00:00" to "23:59", or "" for none`},
		{"a small page", minimal + "synchronization: {page_size: 9}", nil, "synchronization.page_size: must be from 10 to 100"},
		{"a large page", minimal + "synchronization: {page_size: 101}", nil, "synchronization.page_size: must be from 10 to 100"},
		{"no time to look", minimal + "reconciliation: {deadline: 59s}", nil, "reconciliation.deadline: must be from 1m to 24h"},
		{"too much time to look", minimal + "reconciliation: {deadline: 25h}", nil, "reconciliation.deadline: must be from 1m to 24h"},
		{"no unit of time", minimal + "reconciliation: {deadline: 30}", nil, "reconciliation.deadline: must be a duration such as 90s or 2m"},

		{"another meaning", minimal + "accounts: [{name: a, expires: both" + sandbox + "}]", nil, "accounts[0].expires: \"both\" is not allowed; allowed: auto or leaf or term"},
		{"half a window", minimal + "accounts: [{name: a, renewal_window: {opens: 30}" + sandbox + "}]", nil, "accounts[0].renewal_window.closes: must be from 0 to 365 days"},
		{
			"a window that never opens", minimal + "accounts: [{name: a, renewal_window: {opens: 0, closes: 180}" + sandbox + "}]", nil,
			"accounts[0].renewal_window.opens: must be from 1 to 365 days",
		},

		{
			"a budget below nothing", minimal + "accounts: [{name: a, budget: {per_hour: -1}" + sandbox + "}]", nil,
			"accounts[0].budget.per_hour: must be from 1 to 1000000 calls, or 0 for no limit",
		},
		{
			"a budget beyond measure", minimal + "accounts: [{name: a, budget: {per_day: 1000001}" + sandbox + "}]", nil,
			"accounts[0].budget.per_day: must be from 1 to 1000000 calls, or 0 for no limit",
		},
		{
			"a budget that is no number", minimal + "accounts: [{name: a, budget: {per_minute: many}" + sandbox + "}]", nil,
			"accounts[0].budget.per_minute: must be a whole number",
		},
		{
			"a ceiling for no product", minimal + "accounts: [{name: a, ceilings: [{per_year: '10.00'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].product: is missing",
		},
		{
			"a ceiling for a product's name", minimal + "accounts: [{name: a, ceilings: [{product: PositiveSSL, per_year: '10.00'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].product: must be a product code",
		},
		{
			"two ceilings for a product", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '1'}, {product: q, per_year: '1'}, {product: p, per_year: '2'}]" + sandbox + "}]", nil,
			`accounts[0].ceilings[2].product: "p" has a ceiling in ceilings[0] already`,
		},
		{
			"a ceiling without an amount", minimal + "accounts: [{name: a, ceilings: [{product: p, domain_per_year: '10.00'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_year: is missing; write the most that one year may cost",
		},
		{
			"an amount that YAML takes for a number", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: 10.00}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_year: must be text; put it into quotes",
		},
		{
			"an amount with a currency", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '10.00 USD'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_year: must be an amount above zero",
		},
		{
			"an amount with a comma", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '1', domain_per_year: '5,00'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].domain_per_year: must be an amount above zero",
		},
		{
			"an amount with too many decimals", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '0.00001'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_year: must be an amount above zero with up to four decimals",
		},
		{
			"a ceiling of nothing", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '0.00'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_year: must be an amount above zero",
		},
		{
			"a misspelled amount", minimal + "accounts: [{name: a, ceilings: [{product: p, per_year: '1', per_domain: '1'}]" + sandbox + "}]", nil,
			"accounts[0].ceilings[0].per_domain: unknown key",
		},
		{"ceilings that are no list", minimal + "accounts: [{name: a, ceilings: {p: '1'}" + sandbox + "}]", nil, "accounts[0].ceilings: must be a list"},
		{"a negative balance", minimal + "accounts: [{name: a, low_balance: '-1'" + sandbox + "}]", nil, "accounts[0].low_balance: must be an amount above zero"},

		{"a name with a slash", minimal + "accounts: [{name: a/b" + sandbox + "}]", nil, "accounts[0].name: must be 1 to 64 letters"},
		{
			"a name twice", minimal + "accounts: [{name: a" + sandbox + "}, {name: A" + strings.Replace(sandbox, "api_user: u", "api_user: v", 1) + "}]", nil,
			`accounts[1].name: "A" is accounts[0] already`,
		},
		{
			"another provider", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "provider: hostlantern", "provider: acme", 1) + "}]", nil,
			`accounts[0].provider: "acme" is not allowed; allowed: hostlantern`,
		},
		{
			"another environment", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "environment: sandbox", "environment: test", 1) + "}]", nil,
			`accounts[0].environment: "test" is not allowed; allowed: sandbox or production`,
		},
		{"no user", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "api_user: u, ", "", 1) + "}]", nil, "accounts[0].api_user: is missing"},
		{"no key", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "api_key: k, ", "", 1) + "}]", nil, "accounts[0].api_key: is missing; write api_key"},
		{"two keys", minimal + "accounts: [{name: a, api_key_file: f" + sandbox + "}]", nil, "accounts[0].api_key: and api_key_file are both here"},
		{
			"a key with a space", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "api_key: k", "api_key: k k", 1) + "}]", nil,
			"accounts[0].api_key: does not hold an API key",
		},
		{
			"a key file that is not there", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "api_key: k", "api_key_file: /nowhere/key", 1) + "}]", nil,
			"accounts[0].api_key_file: cannot be read: /nowhere/key: no such file",
		},
		{
			"a key file that is a directory", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "api_key: k", "api_key_file: /", 1) + "}]", nil,
			"accounts[0].api_key_file: / is empty, or no file with an API key",
		},
		{
			"an IPv6 address", minimal + "accounts: [{name: a" + strings.Replace(sandbox, "203.0.113.9", "'2001:db8::1'", 1) + "}]", nil,
			"accounts[0].client_ip: must be the IPv4 address",
		},
		{"plain HTTP", minimal + "accounts: [{name: a, base_url: 'http://api.example.test/'" + sandbox + "}]", nil, "accounts[0].base_url: must begin with https://"},
		{
			"a user in the address", minimal + "accounts: [{name: a, base_url: 'https://u@api.example.test/'" + sandbox + "}]", nil,
			"accounts[0].base_url: must be a full address without user",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, c.text, c.environ...)
			if len(got) != 1 && c.name != "not YAML" && c.name != "a text instead of keys" {
				t.Fatalf("%d problems: %q", len(got), got)
			}
			if !strings.HasPrefix(got[0], c.want) {
				t.Errorf("the problem is\n%s, want\n%s", got[0], c.want)
			}
			if strings.Contains(fmt.Sprint(got), "sekrit") {
				t.Errorf("it shows what may be a secret: %q", got)
			}
		})
	}
}

func TestAllProblemsAreReportedAtOnceWithTheirLines(t *testing.T) {
	t.Parallel()
	path := write(t, `listn: 127.0.0.1:1
database:
  driver: oracle
  dsn: x
accounts:
  - name: a
    provider: hostlantern
    environment: production
    api_user: u
    api_key: ${SHOP_KEY}
    client_ip: here
`)
	_, err := config.Load(path, []string{"CERTBRIDGE_LOG_LEVEL=loud"})
	if err == nil {
		t.Fatal("no error")
	}
	want := []string{
		path + ":1: listn: unknown key; did you mean listen? Known are listen, database, accounts, synchronization, due_date, purchase, reconciliation, log, shutdown",
		path + ":10: accounts[0].api_key: the environment variable SHOP_KEY is not set",
		path + ":3: database.driver: \"oracle\" is not allowed; allowed: sqlite or mysql",
		path + ":11: accounts[0].client_ip: must be the IPv4 address from which this machine calls, for example 203.0.113.9",
		path + ": log.level: \"loud\" is not allowed; allowed: debug or info or warn or error",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestVariablesThatAreNotOursAreLeftAlone(t *testing.T) {
	t.Parallel()
	environ := []string{
		"CERTBRIDGE_CONFIG=certbridge.yaml", "CERTBRIDGE_TEST_MYSQL_DSN=x", "PATH=/bin",
		// Kubernetes, for a service that is called certbridge.
		"CERTBRIDGE_SERVICE_HOST=10.0.0.1", "CERTBRIDGE_SERVICE_PORT=8080", "CERTBRIDGE_SERVICE_PORT_HTTP=8080",
		"CERTBRIDGE_PORT=tcp://10.0.0.1:8080", "CERTBRIDGE_PORT_8080_TCP_ADDR=10.0.0.1",
		// The file uses it by name.
		"CERTBRIDGE_DB=somewhere.db",
	}
	if got := problems(t, "database: {driver: sqlite, dsn: '${CERTBRIDGE_DB}'}", environ...); len(got) > 0 {
		t.Errorf("problems: %q", got)
	}
}

func TestWhatIsProbablyNotMeantIsAWarning(t *testing.T) {
	t.Parallel()
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("k\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(keyFile, 0o644); err != nil {
		t.Fatal(err)
	}
	got := load(t, minimal+fmt.Sprintf(`
accounts:
  - {name: a, provider: hostlantern, environment: sandbox, api_user: u, api_key: k, client_ip: 203.0.113.9}
  - {name: c, provider: hostlantern, environment: production, api_user: u, api_key_file: %q, client_ip: 203.0.113.9}
`, keyFile))
	want := []string{
		"accounts[1].api_key_file: " + keyFile + " can be read by others than its owner (mode 0644); chmod 600 it",
	}
	if diff := cmp.Diff(want, got.Warnings); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if key := got.Accounts[1].APIKey.Reveal(); key != "k" {
		t.Errorf("the key from the file is %q", key)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	t.Parallel()
	const hidden = "correct horse"
	secret := config.NewSecret(hidden)
	account := config.Account{Name: "a", APIKey: secret}
	wrapped := struct{ inner config.Account }{account}
	encoded, err := json.Marshal(account)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "secret", secret, "account", account)
	shown := []string{string(encoded), logged.String(), secret.String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, secret), fmt.Sprintf(verb, account), fmt.Sprintf(verb, &account), fmt.Sprintf(verb, wrapped))
	}
	for _, text := range shown {
		if strings.Contains(text, hidden) || strings.Contains(text, fmt.Sprintf("%x", hidden)) {
			t.Errorf("it shows in %q", text)
		}
	}
	if secret.Reveal() != hidden || secret.IsZero() || !(config.Secret{}).IsZero() {
		t.Error("Reveal does not give the secret, or IsZero is wrong")
	}
}
