// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

// openAccount is an installation with a panel and a provider that sells by hand.
func openAccount(t *testing.T, driver string) till {
	t.Helper()
	simulated, url := newSimulator(t)
	simulated.Configure(func(s *simulator.Switches) { s.ThrottlePerMinute, s.ThrottlePerHour, s.ThrottlePerDay = 0, 0, 0 })
	i := installAgainst(t, driver, url)
	i.seams.now, i.seams.leaseClock = simulated.Now, simulated.Now
	i.must("migrate")
	i.createdKey("create", "shop")
	return till{installation: i, simulated: simulated}
}

// eachAccount runs a test on both databases.
func eachAccount(t *testing.T, test func(t *testing.T, d till)) {
	t.Helper()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, openAccount(t, driver))
		})
	}
}

// listed has certificates seen by a synchronization.
func (d till) listed(ids ...string) {
	d.t.Helper()
	store := d.open()
	var listings []provisioning.Listing
	for _, id := range ids {
		listings = append(listings, provisioning.Listing{CertificateSummary: provisioning.CertificateSummary{
			CertificateID: id, Status: provisioning.StatusAwaitingConfiguration, Product: "positivessl", ProviderProduct: "PositiveSSL", Years: 1,
			PurchasedOn: provisioning.DateOf(d.simulated.Now()),
		}})
	}
	if err := store.SaveListings(d.t.Context(), "hostlantern-sandbox", listings); err != nil {
		d.t.Fatal(err)
	}
}

// open opens the database beside the commands.
func (d till) open() *mirror.Mirror {
	d.t.Helper()
	loaded, err := config.Load(d.config, []string{"KEY=" + simulatorKey})
	if err != nil {
		d.t.Fatal(err)
	}
	return mirrortest.OpenAt(d.t, mirror.Options{Driver: loaded.Database.Driver, DSN: loaded.Database.DSN.Reveal(), Now: d.simulated.Now})
}

func TestUnlinkedCertificatesAreLinkedAndDismissed(t *testing.T) {
	t.Parallel()
	eachAccount(t, func(t *testing.T, d till) {
		t.Helper()
		d.says(exitDone, []string{"^Every certificate that a synchronization saw belongs to a service"}, "unlinked")
		first, second := d.buyByHand("PositiveSSL"), d.buyByHand("PositiveSSL")
		d.listed(first, second)
		for _, command := range [][]string{{"unlinked"}, {"unlinked", "list", "--account", "hostlantern-sandbox"}} {
			d.says(exitDone, []string{
				"^ACCOUNT +CERTIFICATE +STATUS", "^hostlantern-sandbox +" + first + " +awaiting configuration +positivessl +1 ",
				"^hostlantern-sandbox +" + second, "certbridge --config .* unlinked link ACCOUNT",
			}, command...)
		}

		d.says(exitFailed, []string{`nothing was linked: .* no panel|there is no panel "store"; there are shop`},
			"unlinked", "link", "hostlantern-sandbox", first, "store", "77")
		d.says(exitFailed, []string{"nothing was linked: .*not known any more"}, "unlinked", "link", "hostlantern-sandbox", "4711", "shop", "77")
		d.says(exitFailed, []string{"is not a date"}, "unlinked", "link", "hostlantern-sandbox", first, "shop", "77", "--purchased-on", "today")
		link := []string{"unlinked", "link", "hostlantern-sandbox", first, "shop", "77", "--by", "ann", "--note", "bought by phone"}
		d.says(exitDone, []string{"^Certificate " + first + " belongs to service 77 of panel shop now. The service is awaiting configuration, paid until "}, link...)
		d.says(exitDone, []string{"belongs to service 77 of panel shop already"}, link...)
		var linked linkedView
		if err := json.Unmarshal([]byte(d.says(exitDone, nil, append(link, "--json")...)), &linked); err != nil {
			t.Fatal(err)
		}
		want := linkedView{
			Account: "hostlantern-sandbox", CertificateID: first, Panel: "shop", ServiceID: "77", Status: "awaiting_configuration",
			PaidUntil: linked.PaidUntil, Unchanged: true,
		}
		if diff := cmp.Diff(want, linked); diff != "" || linked.PaidUntil == "" {
			t.Errorf("(-want +got)\n%s", diff)
		}

		d.says(exitFailed, []string{"nothing was dismissed: Certificate " + first + " belongs to service 77"}, "unlinked", "dismiss", "hostlantern-sandbox", first)
		d.says(exitDone, []string{"^Certificate " + second + " is not listed any more"},
			"unlinked", "dismiss", "hostlantern-sandbox", second, "--by", "ann", "--note", "a test")
		d.says(exitDone, []string{"^Every certificate"}, "unlinked")
		d.says(exitDone, []string{second + ".* operator:ann$"}, "unlinked", "--dismissed")
		d.says(exitDone, []string{`"dismissed_by":"operator:ann","dismissed_note":"a test"`}, "unlinked", "--dismissed", "--json")
		d.says(exitFailed, []string{"There is no account"}, "unlinked", "--account", "elsewhere")
		d.says(exitDone, []string{"owned and never charged +1", "operator:ann linked it to the service", "It adds up"}, "reconcile", "--report")
	})
}

// file writes a CSV file and gives its path.
func (d till) file(lines ...string) (path string) {
	d.t.Helper()
	path = filepath.Join(d.t.TempDir(), "existing certificates.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

func TestCertificatesAreImported(t *testing.T) {
	t.Parallel()
	eachAccount(t, func(t *testing.T, d till) {
		t.Helper()
		ids, err := d.simulated.Stock("PositiveSSL", 1, 120)
		if err != nil {
			t.Fatal(err)
		}
		lines := []string{"\ufeffService_ID, certificate_id,client_name"}
		for i, id := range ids {
			lines = append(lines, "s"+id+","+id+","+strings.Repeat("x", i%3))
		}
		path := d.file(lines...)
		d.says(exitDone, []string{"^120 lines: 120 can be linked, 0 linked before, 0 skipped", "certbridge --config .* import '.*existing certificates.csv' --apply$"},
			"import", path)
		d.says(exitDone, []string{"^120 lines: 120 linked, 0 linked before, 0 skipped"}, "import", path, "--apply", "--by", "ann", "--note", "moving in")
		calls := map[string]int{}
		for _, call := range d.simulated.Calls() {
			calls[strings.TrimPrefix(call.Command, "namecheap.")]++
		}
		if calls["ssl.getList"] != 4 || calls["ssl.getInfo"] != 120 || len(calls) != 2 {
			t.Errorf("calls of a dry run and an import: %v", calls)
		}
		d.says(exitDone, []string{"^120 lines: 0 linked, 120 linked before, 0 skipped"}, "import", path, "--apply")
		if service, err := d.open().Services(t.Context(), provisioning.ServiceQuery{Panel: d.panelID(), Limit: 200}); err != nil || len(service) != 120 {
			t.Errorf("%d services, %v", len(service), err)
		}
	})
}

// panelID is the id of the panel of the installation.
func (d till) panelID() string {
	d.t.Helper()
	panel, err := d.open().Panel(d.t.Context(), "shop")
	if err != nil {
		d.t.Fatal(err)
	}
	return panel.ID
}

func TestAnImportReportsEveryLine(t *testing.T) {
	t.Parallel()
	eachAccount(t, func(t *testing.T, d till) {
		t.Helper()
		fine, wildcard := d.buyByHand("PositiveSSL"), d.buyByHand("PositiveSSL Wildcard")
		path := d.file("service_id,certificate_id,panel,account,product,years,purchased_on",
			"1,"+fine+",,,,,",
			"2,"+wildcard+",,,positivessl,,",
			"3,4711,,,,,",
			",4712,,,,,",
			"5,,,,,,",
			"6,4713,store,,,,",
			"7,4714,,elsewhere,,,",
			"8,4715,,,,one,",
			"9,4716,,,,,today",
			"10,4717")
		report := filepath.Join(t.TempDir(), "report.csv")
		d.says(exitFailed, []string{
			"^10 lines: 1 linked, 0 linked before, 9 skipped", "^line 3: service 2, certificate " + wildcard + ": .*not a positivessl",
			"^line 4: service 3, certificate 4711: .*does not have certificate 4711", "^line 5: .*service_id is missing",
			"^line 6: .*certificate_id is missing", `^line 7: .*there is no panel "store"`, `^line 8: .*no account "elsewhere"`,
			`^line 9: .*"one" is no number`, `^line 10: .*"today" is not a date`, "^line 11: .*2 values, and there are 7 columns",
		}, "import", path, "--apply", "--report", report)
		written, err := os.ReadFile(report)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{
			"line,panel,service_id,account,certificate_id,state,code,retryable,detail",
			"2,shop,1,hostlantern-sandbox," + fine + ",linked,,false,",
			"3,shop,2,hostlantern-sandbox," + wildcard + ",skipped,certificate_not_linkable,false,",
			"4,shop,3,hostlantern-sandbox,4711,skipped,certificate_unknown_upstream,false,",
			"5,shop,,hostlantern-sandbox,4712,skipped,line_unreadable,false,",
		} {
			if line := strings.Split(string(written), "\n")[i]; !strings.HasPrefix(line, want) {
				t.Errorf("line %d of the report is %q, want %q", i, line, want)
			}
		}
		var said importReport
		if err := json.Unmarshal([]byte(d.says(exitFailed, nil, "import", path, "--json")), &said); err != nil {
			t.Fatal(err)
		}
		if said.Applied || said.Already != 1 || said.Skipped != 9 || len(said.Lines) != 10 || said.Lines[1].Code != "certificate_not_linkable" {
			t.Errorf("the report is %+v", said)
		}
	})
}

func TestAFileThatCannotBeImported(t *testing.T) {
	t.Parallel()
	d := openAccount(t, mirror.SQLite)
	for wrong, lines := range map[string][]string{
		"the file is empty":                       nil,
		`column "domain" is not known; there are`: {"service_id,certificate_id,domain"},
		"column certificate_id is missing":        {"service_id"},
		"column service_id is there twice":        {"service_id,certificate_id,service_id"},
		`parse error`:                             {"service_id,certificate_id", `1,"2`},
	} {
		path := d.file(lines...)
		if lines == nil {
			path = d.empty()
		}
		d.says(exitFailed, []string{"existing certificates.csv: .*" + wrong}, "import", path)
	}
	d.says(exitFailed, []string{"no such file"}, "import", filepath.Join(t.TempDir(), "none.csv"))
	path := d.file("service_id,certificate_id", "1,2")
	d.says(exitFailed, []string{`there is no panel "store"`}, "import", path, "--panel", "store")
	d.says(exitFailed, []string{`there is no account "elsewhere"`}, "import", path, "--account", "elsewhere")
	d.createdKey("create", "second")
	d.says(exitFailed, []string{"line 2: .*names no panel, and there are several"}, "import", path)
}

func (d till) empty() (path string) {
	d.t.Helper()
	path = d.file()
	if err := os.Truncate(path, 0); err != nil {
		d.t.Fatal(err)
	}
	return path
}

func TestTheProgressOfAnImport(t *testing.T) {
	t.Parallel()
	for want, at := range map[string]provisioning.ImportProgress{
		"looking for certificates: page 3 of 50 of the provider's list": {PagesRead: 3, PagesTotal: 50, LinesTotal: 10},
		"line 4 of 10": {PagesRead: 50, PagesTotal: 50, LinesDone: 4, LinesTotal: 10},
		"line 5 of 10; waiting for calls per hour": {LinesDone: 5, LinesTotal: 10, WaitingFor: "calls per hour"},
	} {
		if got := importProgress(at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
