// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/mirror"
)

func (p *program) doctorCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, database, clock and every account",
		Long: `Checks the configuration, the database with its schema and settings, this
machine's clock against the database server's and the providers', operations that
need a person, and of every account the key, the allow-list, the balance and the
ceilings. It says what is wrong and what to do about it, and changes nothing. Each
account is asked twice, for the time and for its balance; one with ceilings also
for its price list.

Exit codes: 0 all is well, or there are warnings only; 1 a check failed; 2 the
command line or the configuration is wrong, and nothing else was checked.`,
		Args: cobra.NoArgs,
	}
	ready := command.Flags().Bool("ready", false, "ask only whether the certbridge that serves at listen is ready, as a container's health check does")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		d := &doctor{program: p, now: p.seams.now, client: &http.Client{
			Timeout:       15 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}}
		defer d.client.CloseIdleConnections()
		wrong := d.examine(command.Context(), *ready)
		return d.report(*asJSON, wrong)
	}
	return command
}

// finding is the result of one check.
type finding struct {
	Check  string `json:"check"`
	State  string `json:"state"`            // ok, warning or failed
	Detail string `json:"detail"`           // what was found
	Advice string `json:"advice,omitempty"` // what to do
}

const (
	checkOK      = "ok"
	checkWarning = "warning"
	checkFailed  = "failed"
)

type doctor struct {
	*program
	client   *http.Client
	now      func() time.Time
	findings []finding
}

func (d *doctor) found(check, state, advice, format string, args ...any) {
	d.findings = append(d.findings, finding{check, state, fmt.Sprintf(format, args...), advice})
}

// examine makes all checks. Its error is what is wrong with the configuration.
func (d *doctor) examine(ctx context.Context, readyOnly bool) error {
	loaded, err := d.loadConfig()
	if err != nil {
		d.wrongConfiguration(err)
		return err
	}
	if readyOnly {
		d.ready(ctx, loaded.Listen)
		return nil
	}
	d.found("configuration", checkOK, "", "%s, purchase at %s", counted(len(loaded.Accounts), "account"), loaded.Purchase.When)
	for _, warning := range loaded.Warnings {
		d.found("configuration", checkWarning, "", "%s", warning)
	}
	d.database(ctx, loaded.Database, loaded.Accounts)
	if len(loaded.Accounts) == 0 {
		d.found("accounts", checkWarning, "add an entry to accounts; `certbridge example` shows one", "none is configured; nothing can be bought")
	}
	for _, account := range loaded.Accounts {
		d.providerClock(ctx, account)
		d.account(ctx, account)
	}
	return nil
}

func (d *doctor) wrongConfiguration(err error) {
	var wrong *config.Error
	if !errors.As(err, &wrong) {
		d.found("configuration", checkFailed, "", "%v", err)
		return
	}
	for line := range strings.SplitSeq(wrong.Error(), "\n") {
		d.found("configuration", checkFailed, "", "%s", line)
	}
}

func (d *doctor) database(ctx context.Context, database config.Database, accounts []config.Account) {
	m, err := d.openMirror(ctx, database, mirror.Options{})
	if err != nil {
		d.found("database", checkFailed, "check database.driver and database.dsn, and whether `certbridge migrate` has run", "%v", err)
		return
	}
	panels, err := m.Panels(ctx)
	switch {
	case err != nil:
		d.found("database", checkFailed, "", "%v", err)
	case len(panels) == 0:
		d.found("database", checkWarning, "`certbridge panel create NAME` makes one", "%s, schema and settings are right; there are no panels yet", database.Driver)
	default:
		d.found("database", checkOK, "", "%s, schema and settings are right; %s", database.Driver, counted(len(panels), "panel"))
	}
	d.operations(ctx, m, accounts)
	if database.Driver != config.DriverSQLite { // which has no clock but this machine's
		d.databaseClock(ctx, m)
	}
	if err := m.Close(); err != nil {
		d.found("database", checkFailed, "", "%v", err)
	}
}

// counted writes a number of things.
func counted(number int, thing string) string {
	if number != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", number, thing)
}

// The clock may differ from another one by a network delay and, from a provider's,
// by the second to which HTTP rounds. TLS, terms and key expiry stand more; leases
// do not care.
const (
	clockWarning = 5 * time.Second
	clockFailure = time.Minute
)

// databaseClock compares this machine's time with the database server's. Which of
// them is right it cannot know.
func (d *doctor) databaseClock(ctx context.Context, m *mirror.Mirror) {
	const check = "clock against the database"
	before := d.now()
	there, err := m.Clock(ctx)
	if err != nil {
		d.found(check, checkFailed, "", "%v", err)
		return
	}
	waited := d.now().Sub(before)
	d.compare(check, before.Add(waited/2), there, "let a time service (chrony, systemd-timesyncd) keep the clocks of this machine and of the database server; "+
		"every certbridge on this database must agree on when a key ends")
}

// providerClock compares this machine's time with the Date of any answer of the
// provider. The request carries nothing, so the answer is a refusal.
func (d *doctor) providerClock(ctx context.Context, account config.Account) {
	check := "clock against " + account.Name
	there, err := d.providerTime(ctx, providerURL(account))
	if err != nil {
		d.found(check, checkWarning, "see what is said about the account", "cannot be compared: %v", err)
		return
	}
	d.compare(check, d.now(), there, "let a time service (chrony, systemd-timesyncd) keep the clock")
}

// compare judges how far two clocks are apart.
func (d *doctor) compare(check string, here, there time.Time, advice string) {
	off, direction := here.Sub(there), "ahead"
	if off < 0 {
		direction = "behind"
	}
	off = off.Abs()
	state := checkWarning
	switch {
	case off < clockWarning:
		d.found(check, checkOK, "", "no more than %s apart", clockWarning)
		return
	case off >= clockFailure:
		state = checkFailed
	}
	d.found(check, state, advice, "this machine's clock is %s %s", off.Round(time.Second), direction)
}

func (d *doctor) providerTime(ctx context.Context, url string) (time.Time, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return time.Time{}, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return time.Time{}, err
	}
	defer response.Body.Close()
	return http.ParseTime(response.Header.Get("Date"))
}

func providerURL(account config.Account) string {
	switch {
	case account.BaseURL != "":
		return account.BaseURL
	case account.Environment == config.EnvironmentProduction:
		return hostlantern.ProductionURL
	}
	return hostlantern.SandboxURL
}

// ready asks a certbridge that serves.
func (d *doctor) ready(ctx context.Context, listen string) {
	host, port, err := net.SplitHostPort(listen)
	if address := net.ParseIP(host); host == "" || address != nil && address.IsUnspecified() {
		host = "localhost"
	}
	url := "http://" + net.JoinHostPort(host, port) + "/readyz"
	request, requestErr := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err = errors.Join(err, requestErr); err != nil {
		d.found("ready", checkFailed, "", "%v", err)
		return
	}
	response, err := d.client.Do(request)
	if err != nil {
		d.found("ready", checkFailed, "start `certbridge serve`", "%v", err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		d.found("ready", checkFailed, "look at its log", "%s answers %s", url, response.Status)
		return
	}
	d.found("ready", checkOK, "", "%s answers %s", url, response.Status)
}

// report prints the findings. wrong, if set, decides on the exit code.
func (d *doctor) report(asJSON bool, wrong error) error {
	healthy := true
	for _, one := range d.findings {
		healthy = healthy && one.State != checkFailed
	}
	if asJSON {
		if err := d.sayJSON(map[string]any{"healthy": healthy, "checks": d.findings}); err != nil {
			return err
		}
	} else {
		for _, one := range d.findings {
			d.say("%-8s %s: %s", one.State, one.Check, one.Detail)
			if one.Advice != "" {
				d.say("%8s -> %s", "", one.Advice)
			}
		}
	}
	if !healthy {
		return errors.Join(errReported, wrong)
	}
	return nil
}
