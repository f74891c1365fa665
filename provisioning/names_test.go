// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"errors"
	"testing"
)

func TestNamesAreNormalised(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"Example.COM":       "example.com",
		"example.com.":      "example.com",
		" www.example.com ": "www.example.com",
		"*.Example.com":     "*.example.com",
		"bücher.example.de": "xn--bcher-kva.example.de",
		"*.münchen.de":      "*.xn--mnchen-3ya.de",
		"例え.jp":             "xn--r8jz45g.jp",
		"shop.github.io":    "shop.github.io",
	} {
		if got, err := NormalizeName(given); err != nil || got != want {
			t.Errorf("NormalizeName(%q) = %q, %v; want %q", given, got, err, want)
		}
	}
}

func TestNamesThatNobodyMayCertify(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"", ".", "localhost", "server.internal", "mail.local", "192.0.2.1", "2001:db8::1", "com", "co.uk", "*.com", "*.co.uk",
		"a..example.com", "*.*.example.com", "www.*.example.com", "exa mple.com", "-a.example.com", "example.com/path",
		"user@example.com", "under_score.example.com", "example.com:443",
	} {
		got, err := NormalizeName(name)
		var refused *Error
		if !errors.As(err, &refused) || refused.Code != "invalid_domain" {
			t.Errorf("NormalizeName(%q) = %q, %v; want invalid_domain", name, got, err)
		}
	}
}

func TestWhoMayApproveADomain(t *testing.T) {
	t.Parallel()
	for _, ok := range [][2]string{
		{"admin@example.com", "example.com"}, {"Webmaster@Example.com", "www.example.com"},
		{"hostmaster@shop.example.co.uk", "shop.example.co.uk"}, {"postmaster@example.co.uk", "shop.example.co.uk"},
		{"administrator@example.com", "*.example.com"},
	} {
		if !mayApprove(ok[0], ok[1]) {
			t.Errorf("%s may approve %s", ok[0], ok[1])
		}
	}
	for _, bad := range [][2]string{
		{"info@example.com", "example.com"}, {"admin@example.org", "example.com"}, {"admin@co.uk", "shop.co.uk"},
		{"admin@www.example.com", "example.com"}, {"admin", "example.com"}, {"admin@evil-example.com", "example.com"},
		{"admin@example.com@evil.org", "example.com"},
	} {
		if mayApprove(bad[0], bad[1]) {
			t.Errorf("%s may not approve %s", bad[0], bad[1])
		}
	}
}
