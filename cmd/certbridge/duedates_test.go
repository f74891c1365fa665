// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// synchronize is the button of a panel.
func (d till) synchronize(serviceID string) {
	d.t.Helper()
	request, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.address+"/v1/services/"+serviceID+"/synchronize", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+d.key)
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		d.t.Fatalf("a synchronization is answered %d", response.StatusCode)
	}
}

// raiseOffset has certbridge go on with another configuration.
func (d *till) raiseOffset(days string) {
	d.t.Helper()
	if code := d.served.Stop(); code != exitDone {
		d.t.Fatalf("certbridge serve ends with %d", code)
	}
	text, err := os.ReadFile(d.config)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(d.config, append(text, "due_date: {offset_days: "+days+"}\n"...), 0o600); err != nil {
		d.t.Fatal(err)
	}
	served := d.served
	d.address, d.served = d.serve()
	d.t.Cleanup(func() {
		served.Stop()
		if code := d.served.Stop(); code != exitDone {
			d.t.Errorf("certbridge serve ends with %d", code)
		}
	})
}

func TestAnOperatorDecidesAboutHeldDueDates(t *testing.T) {
	t.Parallel()
	eachTill(t, func(t *testing.T, d till) {
		d.says(exitDone, []string{"^No due date waits for an operator.$"}, "due-dates")
		today := d.simulated.Now()
		told, held := today.AddDate(1, 0, 0).Format(time.DateOnly), today.AddDate(1, 0, -30).Format(time.DateOnly)
		for _, id := range []string{"1", "2"} {
			if status := d.order(id); status != http.StatusCreated {
				t.Fatalf("an order is answered %d", status)
			}
		}
		d.raiseOffset("30")
		d.synchronize("1")
		d.synchronize("2")

		row := `^shop +1 +` + told + ` +` + held + ` +earlier than what the panel was told$`
		d.says(exitDone, []string{row, "^2 due dates to be decided: certbridge due-dates confirm"}, "due-dates")
		d.says(exitDone, []string{row}, "due-dates", "list")
		if listed := d.says(exitDone, nil, "due-dates", "list", "--json"); strings.Count(listed, `"reason":"backward"`) != 2 {
			t.Errorf("as JSON it is %s", listed)
		}
		d.says(exitFailed, []string{"nothing was decided: .* is " + held + " by now"}, "due-dates", "confirm", "shop", "1", "--date", told)
		d.says(exitDone, []string{"^The due date of service 1 of panel shop is " + held}, "due-dates", "confirm", "shop", "1",
			"--date", held, "--by", "ann", "--note", "agreed")
		d.says(exitDone, []string{`"due_date":"` + told + `"`}, "due-dates", "reject", "shop", "2", "--by", "ann", "--json")
		d.says(exitDone, []string{"^No due date waits"}, "due-dates")
		d.says(exitFailed, []string{"nothing was decided: No due date of this service waits"}, "due-dates", "confirm", "shop", "1", "--by", "ann")
		d.says(exitFailed, []string{"nothing was decided: There is no service"}, "due-dates", "confirm", "shop", "3", "--by", "ann")
		d.says(exitFailed, []string{`there is no panel "shot"`}, "due-dates", "confirm", "shot", "1", "--by", "ann")
		d.says(exitFailed, []string{"--date: "}, "due-dates", "confirm", "shop", "1", "--date", "tomorrow")
	})
}
