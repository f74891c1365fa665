// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"slices"
	"strings"

	"github.com/certbridge/certbridge/provisioning"
)

// rule is one row of the classification table: what an error number means when
// its text contains the given words and the given command reported it.
type rule struct {
	number  string
	text    string // in lower case, part of the error's text; "" for any text
	command string // "ssl.renew"; "" for every command
	outcome provisioning.Outcome
	fault   provisioning.Fault
}

func (r rule) matches(command string, reported Message) bool {
	return r.number == reported.Number &&
		(r.command == "" || r.command == command) &&
		strings.Contains(strings.ToLower(reported.Text), r.text)
}

// classify turns the errors of an answer into one. Where several are reported
// the most careful outcome wins: one error that leaves open what happened is not
// undone by another one.
func classify(command string, reported []Message) *provisioning.ProviderError {
	verdict := &provisioning.ProviderError{Outcome: provisioning.Unknown}
	var texts []string
	for i, one := range reported {
		outcome, fault := judge(command, one)
		texts = append(texts, one.Text)
		if i == 0 || care(outcome) > care(verdict.Outcome) ||
			outcome == verdict.Outcome && verdict.Fault == provisioning.FaultOther && fault != provisioning.FaultOther {
			verdict.Outcome, verdict.Fault = outcome, fault
			verdict.Upstream.Code = one.Number
		}
	}
	verdict.Upstream.Message = clean(strings.Join(texts, "; "), 1000)
	return verdict
}

func care(outcome provisioning.Outcome) int {
	return slices.Index([]provisioning.Outcome{
		provisioning.NotExecuted, provisioning.Refused, provisioning.Unknown,
	}, outcome)
}

// judge looks one error up. The first matching row of the table decides.
func judge(command string, reported Message) (provisioning.Outcome, provisioning.Fault) {
	for _, row := range classification() {
		if row.matches(command, reported) {
			return row.outcome, row.fault
		}
	}
	return judgeByClass(reported.Number)
}

// judgeByClass is for what the table does not know. The first of seven digits
// tells where an error comes from: 1 authentication and 2 the check of the
// request, both before anything is done; 3 the certificate authority, 4 the
// provider's database and 5 unhandled, all of them possibly too late.
func judgeByClass(number string) (provisioning.Outcome, provisioning.Fault) {
	if _, ok := identifier(number); !ok || len(number) != 7 {
		return provisioning.Unknown, provisioning.FaultOther
	}
	switch number[0] {
	case '1':
		return provisioning.Refused, provisioning.FaultCredentials
	case '2':
		return provisioning.Refused, provisioning.FaultOther
	}
	return provisioning.Unknown, provisioning.FaultOther
}
