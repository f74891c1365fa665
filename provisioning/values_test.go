// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/certbridge/certbridge/provisioning"
)

func TestMoneyKeepsFourDecimals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"7.88": "7.8800", "908.1600": "908.1600", "9": "9.0000", "0.0": "0.0000", "-1.5": "-1.5000", " 23.3000 ": "23.3000",
	} {
		money, err := provisioning.ParseMoney(text, "USD")
		if err != nil || money.String() != want {
			t.Errorf("ParseMoney(%q) = %s, %v; want %s", text, money, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "1,000.00", "1.23456", "1e3", "--1", "1234567890123", "USD 1"} {
		if money, err := provisioning.ParseMoney(text, "USD"); err == nil {
			t.Errorf("ParseMoney(%q) = %s; want an error", text, money)
		}
	}
}

func TestMoneyReadsWhatItWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		money := provisioning.Money{Units: rapid.Int64Range(-1e15, 1e15).Draw(t, "units"), Currency: "USD"}
		again, err := provisioning.ParseMoney(money.String(), "USD")
		if err != nil || again != money {
			t.Fatalf("%+v was written as %s and read as %+v (%v)", money, money, again, err)
		}
	})
}

func TestDateWritesYearMonthDay(t *testing.T) {
	t.Parallel()
	date, err := provisioning.ParseDate("2028-02-29")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"2028-02-29": date.String(),
		"2029-02-28": date.AddYears(1).String(),
		"2032-02-29": date.AddYears(4).String(),
		"2028-03-01": date.AddDays(1).String(),
		"2028-01-30": date.AddDays(-30).String(),
	} {
		if name != got {
			t.Errorf("got %s, want %s", got, name)
		}
	}
	for _, text := range []string{"", "2027-02-29", "2027-13-01", "27-01-01", "2027-1-1", "01/02/2027", "2027-01-01T00:00:00Z"} {
		if date, err := provisioning.ParseDate(text); err == nil {
			t.Errorf("ParseDate(%q) = %s; want an error", text, date)
		}
	}
}

func TestNoDateIsEmptyText(t *testing.T) {
	t.Parallel()
	written, err := json.Marshal(struct{ Date provisioning.Date }{})
	if err != nil || string(written) != `{"Date":""}` {
		t.Fatalf("got %s, %v", written, err)
	}
	var read struct{ Date provisioning.Date }
	if err := json.Unmarshal(written, &read); err != nil || !read.Date.IsZero() {
		t.Fatalf("got %v, %v", read, err)
	}
}

func TestDaysAndDatesAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := provisioning.DateOf(time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 0).UTC())
		days := rapid.IntRange(-4000, 4000).Draw(t, "days")
		end := start.AddDays(days)
		if got := start.DaysUntil(end); got != days {
			t.Fatalf("from %s to %s are %d days, not %d", start, end, got, days)
		}
		if got := end.Before(start); got != (days < 0) {
			t.Fatalf("%s before %s: %v", end, start, got)
		}
	})
}

func TestKeysOpenWhatTheirScopesSay(t *testing.T) {
	t.Parallel()
	provision := provisioning.PanelKey{Scopes: []provisioning.Scope{provisioning.ScopeProvision}}
	if !provision.Allows(provisioning.ScopeRead) || !provision.Allows(provisioning.ScopeProvision) || provision.Allows(provisioning.ScopeOperate) {
		t.Error("a key that may provision reads and provisions, and does not operate")
	}
	if (provisioning.PanelKey{}).Allows(provisioning.ScopeRead) {
		t.Error("a key without scopes opens nothing")
	}
	if (provisioning.PanelKey{Scopes: []provisioning.Scope{"owner"}}).Allows(provisioning.ScopeRead) {
		t.Error("a scope that nobody knows opens nothing")
	}
}
