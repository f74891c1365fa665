// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/certbridge/certbridge/provisioning"
)

// printOperations writes a block for each operation, and how things stand.
func (p *program) printOperations(operations []operationView, waiting []waitingView, needed int) error {
	for _, operation := range operations {
		if _, err := fmt.Fprintln(p.stdout, operation.text()); err != nil {
			return err
		}
	}
	for _, one := range waiting {
		p.say("Not sent yet: %s of service %s of panel %s, which waits for its turn in account %s since %s.",
			one.Kind, one.ServiceID, one.Panel, one.Account, one.Since.Format(time.RFC3339))
	}
	p.say("%s", standing(len(operations), needed))
	return nil
}

// standing sums a list up in one sentence.
func standing(doubtful, needed int) string {
	switch looked := doubtful - needed; {
	case doubtful == 0:
		return "No outcome is in doubt."
	case needed == 0:
		return counted(looked, "operation") + " in doubt and still looked after."
	case looked == 0:
		return fmt.Sprintf("%s to be decided by a person, with one of the commands above each.", counted(needed, "operation"))
	default:
		return fmt.Sprintf("%s to be decided by a person, and %d in doubt and still looked after by certbridge.", counted(needed, "operation"), looked)
	}
}

// text is the block of one operation.
func (v operationView) text() string {
	var b strings.Builder
	line := func(label, format string, args ...any) {
		fmt.Fprintf(&b, "    %-12s%s\n", label, printable(fmt.Sprintf(format, args...)))
	}
	fmt.Fprintf(&b, "%s  %s, %s since %s\n", v.ID, spaced(v.Kind), spaced(v.State), moment(v.Since))
	line("service", "%s of panel %s, account %s", v.ServiceID, v.Panel, v.Account)
	if v.CertificateID != "" {
		line("certificate", "%s", v.CertificateID)
	}
	line("asked for", "by %s, %s; sent %s", v.RequestedBy, moment(v.CreatedAt), orNever(v.SentAt))
	if v.Problem != nil {
		line("problem", "%s", v.Problem.text())
	}
	v.writeNoted(&b, line)
	v.writeEvidence(&b, line)
	v.writeDecisions(&b)
	return b.String()
}

func (v operationView) writeDecisions(b *strings.Builder) {
	switch {
	case !v.waits():
		b.WriteString("\n  To settle it, one of these:\n")
	case len(v.Commands) > 0:
		fmt.Fprintf(b, "\n  It is looked at again at %s, and may settle by itself. Whoever knows what became of it says:\n", moment(v.NextLookAt))
	default:
		fmt.Fprintf(b, "\n  It is looked at from %s on; before that the provider may still be at work.\n", moment(v.NextLookAt))
	}
	for _, command := range v.Commands {
		fmt.Fprintf(b, "    %s\n", command)
	}
}

// waits tells whether certbridge goes on looking by itself.
func (v operationView) waits() bool {
	return v.State != string(provisioning.OperationNeedsAttention)
}

func (v operationView) writeNoted(b *strings.Builder, line func(label, format string, args ...any)) {
	noted := v.Noted
	if noted == nil {
		return
	}
	fmt.Fprintf(b, "\n  Before the call, %s:\n", moment(noted.At))
	line("balance", "%s", noted.Balance)
	authorised := noted.Authorised.String()
	if noted.ByCeiling && noted.Authorised != nil {
		authorised += ", the configured ceiling"
	}
	line("authorised", "%s", authorised)
	line("newest", "%s", newest(noted.Newest, noted.Total))
	if noted.Domains > 0 {
		line("domains", "%d", noted.Domains)
	}
}

func (v operationView) writeEvidence(b *strings.Builder, line func(label, format string, args ...any)) {
	seen := v.Evidence
	if seen == nil {
		return
	}
	fmt.Fprintf(b, "\n  At the provider, %s:\n", moment(seen.At))
	line("balance", "%s%s", seen.Balance, change(v.balances[0], v.balances[1]))
	if v.Noted != nil && v.Noted.Total != seen.Total {
		line("total", "%s, %d before", counted(seen.Total, "certificate"), v.Noted.Total)
	}
	if seen.Domains > 0 {
		line("domains", "%d", seen.Domains)
	}
	for _, candidate := range seen.Candidates {
		line("candidate", "%s", candidateText(candidate))
	}
	if len(seen.Candidates) == 0 {
		line("candidate", "none")
	}
	line("conclusion", "%s", seen.Conclusion)
}

func (p problemView) text() string {
	text := p.Code + ": " + p.Detail
	if said := strings.TrimSpace(p.UpstreamCode + " " + p.UpstreamMessage); said != "" {
		text += " The provider said: " + said
	}
	return text
}

// change tells how a balance moved.
func change(before, after provisioning.Money) string {
	if before.IsZero() || after.IsZero() || before.Currency != after.Currency {
		return ""
	}
	moved := provisioning.Money{Units: after.Units - before.Units, Currency: after.Currency}
	switch {
	case moved.Units < 0:
		moved.Units = -moved.Units
		return fmt.Sprintf(", %s less", moved)
	case moved.Units > 0:
		return fmt.Sprintf(", %s more", moved)
	}
	return ", unchanged"
}

func candidateText(c provisioning.Candidate) string {
	words := []string{c.CertificateID, c.ProviderProduct, c.ProviderStatus}
	if c.Years > 0 {
		words = append(words, counted(c.Years, "year"))
	}
	if c.PurchasedOn != "" {
		words = append(words, "bought "+c.PurchasedOn)
	}
	return strings.Join(words, ", ")
}

// newestShown is how many of the noted IDs are worth a look.
const newestShown = 3

func newest(ids []string, total int) string {
	if len(ids) == 0 {
		return "no certificates"
	}
	shown := ids[:min(len(ids), newestShown)]
	text := strings.Join(shown, ", ")
	if more := total - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d older", more)
	}
	return text
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func orNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return moment(t)
}

// spaced is a word of the API for people.
func spaced(word string) string { return strings.ReplaceAll(word, "_", " ") }

// printable keeps text from outside within its line, and from steering a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=+,@%-]+$`)

// shellWord quotes what a shell would take apart.
func shellWord(word string) string {
	if plainWord.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
