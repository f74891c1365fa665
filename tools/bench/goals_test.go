// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets this program make runs in processes of their own, as main does.
func TestMain(m *testing.M) {
	if described := os.Getenv(taskVariable); described != "" {
		if err := carryOut(context.Background(), described, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// The figures are for `make bench`; here only that each part is measured, and those
// goals are met that do not hang on the machine.
func TestEveryGoalIsMeasured(t *testing.T) {
	t.Parallel()
	small := scale{counted: []int{200}, feed: 1200, many: 1000, most: 1000, latency: time.Millisecond, rounds: 1}
	all, err := partsOf("synchronization")
	if err != nil {
		t.Fatal(err)
	}
	for _, driver := range []string{"sqlite", "mysql"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			var goals []goal
			if err := synchronization(t.Context(), all, []string{driver}, small, func(some []goal) { goals = append(goals, some...) }); err != nil {
				t.Fatal(err)
			}
			var printed bytes.Buffer
			reportGoals(&printed, goals)
			for _, want := range []string{
				"calls for 200 certificates, 2 of them changed|2 + 2|2 + 2|met",
				"requests to catch up with 1200 changes, 1000 at a time|< 100|2|met",
				"1000 certificates, all of them new: rows written, detail calls|1000, 0|1000, 0|met",
				"1000 certificates, nothing changed: rows written, detail calls|0, 0|0, 0|met",
			} {
				if !slices.ContainsFunc(goals, func(g goal) bool { return inOneLine(g) == driver+", "+want }) {
					t.Errorf("%q is missing:\n%s", want, printed.String())
				}
			}
			if len(goals) != 10 || strings.Count(printed.String(), "\n") != len(goals) {
				t.Errorf("%d goals:\n%s", len(goals), printed.String())
			}
		})
	}
	if _, err := partsOf("nonsense"); err == nil {
		t.Error("a part that does not exist was found")
	}
}

func inOneLine(g goal) string {
	verdict := "met"
	if !g.met {
		verdict = "not met"
	}
	return strings.Join([]string{g.figure, g.wanted, g.measured, verdict}, "|")
}

// What is measured with the stand-in counts only if a page of it is one of the
// simulator's.
func TestTheStandInWritesPagesLikeTheSimulator(t *testing.T) {
	t.Parallel()
	s := &stage{}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	provider, err := newSimulator()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Stock("PositiveSSL", 1, 3); err != nil {
		t.Fatal(err)
	}
	var forms [][]string
	for _, handler := range []http.Handler{provider, &shelf{rows: 3}} {
		address, err := s.serve(handler)
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, formOf(t, address))
	}
	if diff := cmp.Diff(forms[0], forms[1]); diff != "" {
		t.Errorf("(-simulator +stand-in):\n%s", diff)
	}
}

// formOf reads a page and gives its tags with the names of their attributes.
func formOf(t *testing.T, address string) (tags []string) {
	t.Helper()
	response, err := http.PostForm(address+"/xml.response", url.Values{
		"ApiUser": {apiUser}, "UserName": {apiUser}, "ApiKey": {apiKey}, "ClientIp": {"203.0.113.9"},
		"Command": {"namecheap.ssl.getList"}, "Page": {"1"}, "PageSize": {"100"}, "SortBy": {"PURCHASEDATE_DESC"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	tags = append(tags, response.Header.Get("Content-Type"))
	decoder := xml.NewDecoder(response.Body)
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return tags
		}
		if err != nil {
			t.Fatal(err)
		}
		if element, begins := token.(xml.StartElement); begins {
			tags = append(tags, element.Name.Space+" "+element.Name.Local)
			for _, attribute := range element.Attr {
				tags = append(tags, "@"+attribute.Name.Local)
			}
		}
	}
}

// Twenty calls at once, then twenty a minute until seven hundred, then none until
// the hour is over: that is the least.
func TestTheLeastTimeOfCalls(t *testing.T) {
	t.Parallel()
	for calls, want := range map[int]time.Duration{
		1: 0, 20: 0, 21: time.Minute, 700: 34 * time.Minute, 701: time.Hour, 1401: 2 * time.Hour, 8001: 24 * time.Hour,
	} {
		if got := leastTime(calls); got != want {
			t.Errorf("%d calls: %s, want %s", calls, got, want)
		}
	}
}
