// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/certbridge/certbridge/provisioning"
)

// identifier accepts a certificate, order or transaction id: an unsigned number
// of up to 10 digits that is not zero. ok is false for anything else; "no id" is
// often written as an empty string or 0.
func identifier(text string) (id string, ok bool) {
	if len(text) == 0 || len(text) > 10 || strings.Trim(text, "0") == "" {
		return "", false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return "", false
		}
	}
	return text, true
}

// truth reads a boolean in any letter case. Everything else is not true.
func truth(text string) bool { return strings.EqualFold(text, "true") }

// date reads M/D/YYYY, with or without leading zeros. Empty text is no date, as
// the API writes it where a date does not apply.
//
// The dates are bare calendar dates of the US East coast. They are kept as such;
// where the hour matters, the certificate itself says it.
func date(text string) (provisioning.Date, error) {
	if text == "" {
		return provisioning.Date{}, nil
	}
	parts := strings.Split(text, "/")
	if len(parts) != 3 || len(parts[0]) > 2 || len(parts[1]) > 2 || len(parts[2]) != 4 {
		return provisioning.Date{}, fmt.Errorf("%q is not a date (M/D/YYYY)", clean(text, 20))
	}
	month, monthOK := natural(parts[0])
	day, dayOK := natural(parts[1])
	year, yearOK := natural(parts[2])
	read := provisioning.Date{Year: year, Month: time.Month(month), Day: day}
	if !monthOK || !dayOK || !yearOK || year < 1990 || provisioning.DateOf(read.Midnight()) != read {
		return provisioning.Date{}, fmt.Errorf("%q is not a date (M/D/YYYY)", clean(text, 20))
	}
	return read, nil
}

// natural reads a number of up to 9 digits without sign or blanks.
func natural(text string) (int, bool) {
	if text == "" || len(text) > 9 {
		return 0, false
	}
	for _, r := range text {
		if r < '0' || r > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// money reads an amount. Empty text is no amount. Decimals beyond the fourth
// must be zeros.
func money(text, currency string) (provisioning.Money, error) {
	if text == "" {
		return provisioning.Money{}, nil
	}
	if whole, fraction, dotted := strings.Cut(text, "."); dotted && len(fraction) > 4 &&
		strings.Trim(fraction[4:], "0") == "" {
		text = whole + "." + fraction[:4]
	}
	return provisioning.ParseMoney(text, currency)
}

// currencyCode accepts three letters and makes them upper-case.
func currencyCode(text string) (string, bool) {
	if len(text) != 3 {
		return "", false
	}
	for _, r := range text {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return "", false
		}
	}
	return strings.ToUpper(text), true
}

// clean makes outside text fit for one line of a log: no control or invisible
// characters, single blanks, at most limit characters.
func clean(text string, limit int) string {
	if len(text) <= limit && plain(text) {
		return text
	}
	var line strings.Builder
	blank, length := false, 0
	for _, r := range text {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r) || !unicode.IsPrint(r):
			blank = line.Len() > 0
			continue
		case length >= limit:
			return line.String() + "..."
		}
		if blank {
			line.WriteByte(' ')
			length++
		}
		blank = false
		line.WriteRune(r)
		length++
	}
	return line.String()
}

// plain tells whether text is of visible ASCII characters alone, as nearly all of
// it is: then there is nothing to clean, and lists have millions of values.
func plain(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
