// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"io"
	"net/http"
	"os/user"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
	"github.com/certbridge/certbridge/mirror/mirrortest"
)

// till is a certbridge that serves, with a panel that buys from a simulator. All
// live by the simulator's clock, and nothing is reconciled but by command.
type till struct {
	installation
	simulated    *simulator.Simulator
	address, key string
	served       running
}

func openTill(t *testing.T, driver string) till {
	t.Helper()
	simulated, url := newSimulator(t)
	simulated.Configure(func(s *simulator.Switches) { s.ThrottlePerMinute, s.ThrottlePerHour, s.ThrottlePerDay = 0, 0, 0 })
	i := installAgainst(t, driver, url)
	i.seams.now, i.seams.leaseClock, i.seams.reconcileWait = simulated.Now, simulated.Now, time.Hour
	i.must("migrate")
	made := till{installation: i, simulated: simulated, key: i.createdKey("create", "shop")}
	made.address, made.served = i.serve()
	t.Cleanup(func() {
		if code := made.served.Stop(); code != exitDone {
			t.Errorf("certbridge serve ends with %d", code)
		}
	})
	return made
}

// order has the panel create a service, and gives the status of the answer.
func (d till) order(serviceID string) (status int) {
	d.t.Helper()
	status, _ = d.orderWith(serviceID, "wait=15")
	return status
}

// orderWith tells how long the panel waits.
func (d till) orderWith(serviceID, prefer string) (status int, body string) {
	d.t.Helper()
	content := strings.NewReader(`{"account":"hostlantern-sandbox","product":"positivessl","years":1}`)
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodPut, d.address+"/v1/services/"+serviceID, content)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Prefer", prefer)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

// lose orders a service while the provider has a fault.
func (d till) lose(serviceID, fault string) {
	d.t.Helper()
	d.simulated.Inject(simulator.Fault{Command: "create", Kind: fault})
	if status := d.order(serviceID); status != http.StatusAccepted {
		d.t.Fatalf("an order whose answer is lost is answered %d", status)
	}
}

// buyByHand is what somebody does in the provider's own panel.
func (d till) buyByHand(product string) (certificateID string) {
	d.t.Helper()
	id, err := d.simulated.PurchaseByHand(product, 1)
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// bought is the certificate that the last charge of a command brought.
func (d till) bought(command string) (certificateID string) {
	d.t.Helper()
	for _, charge := range d.simulated.Ledger() {
		if charge.Command == command {
			certificateID = charge.CertificateID
		}
	}
	if certificateID == "" {
		d.t.Fatalf("nothing was charged by %s", command)
	}
	return certificateID
}

// says runs a command that has to end with a code, and to print some things.
func (d till) says(code int, wanted []string, args ...string) (stdout string) {
	d.t.Helper()
	stdout, stderr, got := d.command(args...)
	if got != code {
		d.t.Fatalf("certbridge %s ends with %d, not %d:\n%s%s", strings.Join(args, " "), got, code, stdout, stderr)
	}
	for _, want := range wanted {
		if !regexp.MustCompile("(?m)" + want).MatchString(stdout + stderr) {
			d.t.Errorf("certbridge %s does not say %q:\n%s%s", strings.Join(args, " "), want, stdout, stderr)
		}
	}
	return stdout
}

// needingAttention brings the doubtful operation so far that a person has to
// decide, and gives its id.
func (d till) needingAttention() (operation string) {
	d.t.Helper()
	d.says(exitDone, []string{"before that the provider may still be at work", "^1 operation in doubt and still looked after"}, "reconcile")
	d.simulated.Advance(5 * time.Minute)
	if _, _, code := d.command("reconcile"); code == exitDone { // it is not sure that nobody will know
		d.says(exitDone, []string{"It is looked at again at .* Whoever knows what became of it says:$"}, "reconcile")
		for range 10 { // it is looked at some times more
			d.simulated.Advance(15 * time.Minute)
			if _, _, code := d.command("reconcile"); code != exitDone {
				break
			}
		}
	}
	stdout := d.says(exitFailed, []string{"^1 operation to be decided by a person"}, "reconcile")
	operation, _, _ = strings.Cut(stdout, " ")
	return operation
}

// eachTill runs a test on both databases.
func eachTill(t *testing.T, test func(t *testing.T, d till)) {
	t.Helper()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			test(t, openTill(t, driver))
		})
	}
}

func TestOneOfTwoCandidatesIsAdopted(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, d till) {
		t.Helper()
		d.says(exitDone, []string{"^No outcome is in doubt"}, "reconcile")
		d.lose("1", simulator.FaultLost)
		ours, foreign := d.bought("ssl.create"), d.buyByHand("PositiveSSL")
		operation := d.needingAttention()
		d.says(exitFailed, []string{
			"^" + operation + "  purchase, needs attention since ",
			"service +1 of panel shop, account hostlantern-sandbox",
			"Before the call, ", "balance +1000.0000 USD$", "authorised +7.8800 USD",
			"At the provider, ", "balance +984.2400 USD, 15.7600 less", "candidate +" + ours + ", ", "candidate +" + foreign + ", ",
			"certbridge reconcile adopt " + operation + " " + ours + " --config ",
			"certbridge reconcile not-executed " + operation, "certbridge reconcile give-up " + operation,
		}, "reconcile")
		if found, _ := d.examined("operations"); len(found) != 1 || found[0].State != checkWarning {
			t.Errorf("doctor says %+v", found)
		}

		d.says(exitFailed, []string{"nothing was decided: ", "certbridge reconcile --config .* shows what is open now"}, "reconcile", "adopt", operation, "4711")
		d.says(exitFailed, []string{"nothing was decided: "}, "reconcile", "adopt", "no-such-operation", ours)
		d.says(exitDone, []string{"^Certificate " + ours + ", order .*, belongs to service 1 of panel shop now. The service is awaiting configuration"},
			"reconcile", "adopt", operation, ours, "--by", "ann", "--note", "Bob bought the other one")
		d.says(exitDone, []string{"^No outcome is in doubt"}, "reconcile")
		if _, events := get(t, d.address+"/v1/services/1/events", d.key); !strings.Contains(events, "operator:ann") {
			t.Errorf("the audit trail does not say who decided: %s", events)
		}
		if status := d.order("1"); status != http.StatusOK || len(d.simulated.Ledger()) != 2 {
			t.Errorf("a repeated order is answered %d; charges: %+v", status, d.simulated.Ledger())
		}
		d.says(exitFailed, []string{"charged and owned +1 +7.8800 USD", "charged and unlinked +1", "certificate " + foreign, "It does not add up"},
			"reconcile", "--report")
	})
}

func TestWhatWasNotExecutedMayBeAskedForAgain(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, d till) {
		t.Helper()
		d.lose("1", simulator.FaultDrop)
		d.buyByHand("PositiveSSL Wildcard")
		operation := d.needingAttention()
		d.says(exitFailed, []string{"candidate +none", "reconcile adopt " + operation + " CERTIFICATE"}, "reconcile")
		self, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		var settled settledView
		if err := json.Unmarshal([]byte(d.says(exitDone, nil, "reconcile", "not-executed", operation, "--json")), &settled); err != nil {
			t.Fatal(err)
		}
		if want := (settledView{
			OperationID: operation, Verdict: "not_executed", DecidedBy: "operator:" + self.Username,
			Panel: "shop", ServiceID: "1", Status: "awaiting_purchase",
		}); settled != want {
			t.Errorf("it is settled as %+v, want %+v", settled, want)
		}
		if status := d.order("1"); status != http.StatusOK {
			t.Errorf("the order that is asked for again is answered %d", status)
		}
		if d.bought("ssl.create"); len(d.simulated.Ledger()) != 2 {
			t.Errorf("charges: %+v", d.simulated.Ledger())
		}
	})
}

func TestWhatWasGivenUpStaysInTheReport(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, d till) {
		t.Helper()
		d.lose("1", simulator.FaultDrop)
		d.buyByHand("PositiveSSL Wildcard")
		operation := d.needingAttention()
		d.says(exitDone, []string{"closed without knowing what became of it; service 1 of panel shop is awaiting purchase"}, "reconcile", "give-up", operation)
		d.says(exitDone, []string{"^No outcome is in doubt"}, "reconcile")
		d.says(exitFailed, []string{"given up +1", "operation " + operation}, "reconcile", "--report")
		var report struct {
			Balanced bool
			Accounts []ledgerView
		}
		stdout := d.says(exitFailed, nil, "reconcile", "--report", "--account", "hostlantern-sandbox", "--json")
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatal(err)
		}
		if report.Balanced || len(report.Accounts) != 1 || len(report.Accounts[0].of("given_up")) != 1 || report.Accounts[0].PagesRead != 1 {
			t.Errorf("the report is %+v", report)
		}
		if status := d.order("1"); status != http.StatusOK || d.bought("ssl.create") == "" {
			t.Errorf("the order that is asked for again is answered %d", status)
		}
	})
}

// While a charge is in doubt, the next one waits; both are shown.
func TestChargesBehindADoubtfulOneWait(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, d till) {
		t.Helper()
		d.lose("1", simulator.FaultLost)
		if _, body := d.orderWith("2", "wait=0"); !strings.Contains(body, `"recorded"`) {
			t.Errorf("the order behind it is answered %s", body)
		}
		d.says(exitDone, []string{"^Not sent yet: purchase of service 2 of panel shop, which waits for its turn in account hostlantern-sandbox since "}, "reconcile")
		var shown struct {
			NeedsPerson bool            `json:"needs_person"`
			Operations  []operationView `json:"operations"`
			Waiting     []waitingView   `json:"waiting"`
		}
		if err := json.Unmarshal([]byte(d.says(exitDone, nil, "reconcile", "--json")), &shown); err != nil {
			t.Fatal(err)
		}
		if shown.NeedsPerson || len(shown.Operations) != 1 || shown.Operations[0].State != "uncertain" || len(shown.Waiting) != 1 {
			t.Errorf("it shows %+v", shown)
		}
		// After the rest there is one candidate only, which is what was lost.
		d.simulated.Advance(5 * time.Minute)
		d.says(exitDone, []string{"^No outcome is in doubt"}, "reconcile")
		if _, body := get(t, d.address+"/v1/services/1", d.key); !strings.Contains(body, d.simulated.Ledger()[0].CertificateID) {
			t.Errorf("the service is %s", body)
		}
	})
}

func TestReconcileKnowsTheAccountsOfTheConfiguration(t *testing.T) {
	t.Parallel()
	d := openTill(t, mirrortest.Drivers()[0])
	d.says(exitFailed, []string{`there is no account "nobody" in the configuration`}, "reconcile", "--account", "nobody")
	d.says(exitDone, []string{"It adds up"}, "reconcile", "--report", "--account", "hostlantern-sandbox")
	d.says(exitUsage, []string{"accepts 2 arg"}, "reconcile", "adopt", "one")
}
