// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/provisioning"
)

type fakeCalls struct {
	standing []provisioning.CallStanding
	err      error
}

func (f fakeCalls) Standing(context.Context) ([]provisioning.CallStanding, error) {
	return f.standing, f.err
}

func TestMetricsTellOfTheCalls(t *testing.T) {
	t.Parallel()
	calls := fakeCalls{standing: []provisioning.CallStanding{
		{Account: "a", Left: provisioning.CallsLeft{Minute: 3, Hour: 0, Day: 7999}, Made: map[provisioning.Priority]int{
			provisioning.PriorityPurchase: 1, provisioning.PriorityCustomer: 2, provisioning.PrioritySynchronization: 0,
		}},
		{Account: "b", Left: provisioning.CallsLeft{Minute: provisioning.Unlimited, Hour: 5, Day: provisioning.Unlimited}},
	}}
	scrape := func() string {
		return fakePanel(t, &fakeBridge{read: func() error { return nil }}, &fakeStore{}, func(c *api.Config) { c.Calls = calls }).metrics(t)
	}
	made := []string{
		`certbridge_provider_calls_total{account="a",priority="purchase"} 1`,
		`certbridge_provider_calls_total{account="a",priority="customer"} 2`,
		`certbridge_provider_calls_total{account="a",priority="synchronization"} 0`,
	}
	metrics := scrape()
	wantLines(t, metrics, append(made,
		`certbridge_calls_left{account="a",window="minute"} 3`,
		`certbridge_calls_left{account="a",window="hour"} 0`,
		`certbridge_calls_left{account="a",window="day"} 7999`,
		`certbridge_calls_left{account="b",window="hour"} 5`,
	)...)
	if strings.Contains(metrics, `certbridge_calls_left{account="b",window="minute"}`) {
		t.Error("a window without a limit has something left")
	}

	calls.err = errors.New("the database is away")
	metrics = scrape()
	wantLines(t, metrics, made...)
	if strings.Contains(metrics, "certbridge_calls_left{") {
		t.Error("calls are left of which nobody knows")
	}
}
