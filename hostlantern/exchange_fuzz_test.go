// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScrub puts the key into any text, at any place, and cuts the text anywhere.
func FuzzScrub(f *testing.F) {
	const most = 64
	client := answeringClient(f, nil)
	for _, seed := range []string{"", "key", "%6bey&#107;ey", "k%", "ke&#", "€\xff\x00", strings.Repeat("k", 2*most)} {
		f.Add(seed, 3, 40, "hush-hush-key")
		f.Add(seed, 0, 9, "k&y%2b")
	}
	f.Fuzz(func(t *testing.T, text string, at, end int, key string) {
		if len(key) < enough || strings.Contains(redacted, key) || strings.ContainsAny(key, "[].\ufffd") {
			return // it looks like a mark
		}
		client.config.APIKey = NewAPIKey(key)
		at = max(0, min(at, len(text)))
		text = text[:at] + key + text[at:]
		text = text[:max(0, min(end, len(text)))]
		got := client.scrub(text, most)
		if strings.Contains(got, key) || len(got) > most || !utf8.ValidString(got) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
