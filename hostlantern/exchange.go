// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/certbridge/certbridge/provisioning"
)

// The bounds of what is kept of an exchange, in bytes; of a value in characters.
const (
	maxRequestKept = 4 << 10
	maxAnswerKept  = 8 << 10
	maxText        = 3 << 10 // of errors
	maxValueKept   = 120     // of one parameter; longer ones stand in the operation
)

// recorder begins the record of a request, and gives what completes it and hands it
// to whoever wants it. Where nobody does, which is so for each page of a list, it
// does nothing.
func (c *Client) recorder(ctx context.Context, cmd command, parameters url.Values) func(document []byte, err error) {
	if !provisioning.ExchangesNoted(ctx) {
		return func([]byte, error) {}
	}
	exchange := provisioning.Exchange{
		Command: c.config.CommandPrefix + cmd.name,
		SentAt:  c.config.Now(),
		Request: c.describe(c.form(cmd, parameters)),
	}
	return func(document []byte, err error) {
		exchange.Took = c.config.Now().Sub(exchange.SentAt)
		exchange.Answer = c.scrub(string(document), maxAnswerKept)
		if err != nil {
			exchange.Problem = c.scrub(err.Error(), maxText)
		}
		provisioning.NoteExchange(ctx, exchange)
	}
}

// describe writes one parameter a line, as name=value, without the key.
func (c *Client) describe(form url.Values) string {
	form.Set("ApiKey", redacted)
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			if personal(name) {
				lines.WriteString(name + "=" + redacted + "\n")
				continue
			}
			shown := clean(c.scrub(value, len(value)+len(redacted)), maxValueKept)
			if strings.HasSuffix(shown, "...") {
				shown += fmt.Sprintf(" (%d bytes)", len(value))
			}
			lines.WriteString(name + "=" + shown + "\n")
		}
	}
	return bounded(lines.String(), maxRequestKept)
}

// personal tells whether a parameter says who somebody is and where they live. The
// service has that already, and one place is enough.
func personal(name string) bool { return strings.HasPrefix(name, "Admin") }

// scrub makes text from outside fit to be kept: without the key, however it is
// escaped, without control characters but tabs and line ends, valid UTF-8 and of
// at most so many bytes.
func (c *Client) scrub(text string, most int) string {
	key := c.config.APIKey.secret()
	var kept strings.Builder
	// A little more than fits is taken, so that it shows when something is left out.
	for at := 0; at < len(text) && kept.Len() <= most; {
		if length, found := spells(text[at:], key, 0); found {
			kept.WriteString(redacted)
			at += length
			continue
		}
		kept.WriteByte(text[at])
		at++
	}
	printable := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' {
			return utf8.RuneError
		}
		return r
	}, kept.String())
	return bounded(printable, most)
}

// bounded makes valid UTF-8 of text and cuts it to so many bytes, with a mark.
func bounded(text string, most int) string {
	const mark = "..."
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if len(text) <= most {
		return text
	}
	end := most - len(mark)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + mark
}

// enough is how many characters of a key at the end of a text that was cut are
// taken for the key.
const enough = 4

// spells tells whether text begins with the key, each character of it as such,
// percent-encoded or as an XML reference, and how many bytes that takes. So many
// characters of the key stood before the text.
func spells(text, key string, before int) (length int, found bool) {
	if key == "" {
		return 0, before > 0
	}
	if text == "" {
		return 0, before >= enough
	}
	if length, same := escaped(text, key[0]); same {
		if rest, found := spells(text[length:], key[1:], before+1); found {
			return length + rest, true
		}
	}
	if text[0] == key[0] {
		if rest, found := spells(text[1:], key[1:], before+1); found {
			return 1 + rest, true
		}
	}
	return 0, false
}

// longestReference is how far a reference may reach, leading zeros included.
const longestReference = 12

// escaped tells whether text begins with a character in one of its escaped forms,
// and how many bytes that takes. A form that the end of the text cuts counts.
func escaped(text string, character byte) (length int, same bool) {
	switch text[0] {
	case '+':
		return 1, character == ' '
	case '%':
		if len(text) < 3 {
			return len(text), true
		}
		code, err := strconv.ParseUint(text[1:3], 16, 8)
		return 3, err == nil && byte(code) == character
	case '&':
		name, _, ended := strings.Cut(text[1:min(len(text), longestReference)], ";")
		if !ended {
			return len(text), len(text) < longestReference
		}
		return len(name) + 2, refersTo(name, character)
	}
	return 0, false
}

// refersTo reads what stands between & and ; of a reference.
func refersTo(name string, character byte) bool {
	number, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		named := map[string]byte{"amp": '&', "lt": '<', "gt": '>', "quot": '"', "apos": '\''}
		return named[name] == character
	}
	base := 10
	if hexadecimal, is := strings.CutPrefix(strings.ToLower(number), "x"); is {
		number, base = hexadecimal, 16
	}
	code, err := strconv.ParseUint(number, base, 32)
	return err == nil && code == uint64(character)
}
