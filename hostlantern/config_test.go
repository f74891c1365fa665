// SPDX-License-Identifier: Apache-2.0

package hostlantern_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern"
	"github.com/certbridge/certbridge/provisioning"
)

func TestAConfigurationIsCheckedBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		name   string
		change func(*hostlantern.Config)
		want   string // part of the error; "" if it is fine
	}{
		{"the documented sandbox", func(*hostlantern.Config) {}, ""},
		{"the documented production site", func(c *hostlantern.Config) { c.Environment = provisioning.Production }, ""},
		{"a branded address", func(c *hostlantern.Config) { c.BaseURL = "https://api.example.com/xml.response" }, ""},
		{"plain http on loopback", func(c *hostlantern.Config) { c.BaseURL = "http://127.0.0.1:8080/x" }, ""},
		{"plain http on loopback by name", func(c *hostlantern.Config) { c.BaseURL = "http://localhost/x" }, ""},
		{"plain http on IPv6 loopback", func(c *hostlantern.Config) { c.BaseURL = "http://[::1]:8080/x" }, ""},
		{"plain http elsewhere", func(c *hostlantern.Config) { c.BaseURL = "http://api.example.com/" }, "must be https"},
		{"a private address is not loopback", func(c *hostlantern.Config) { c.BaseURL = "http://10.0.0.1/" }, "must be https"},
		{"a name that begins like loopback", func(c *hostlantern.Config) { c.BaseURL = "http://127.0.0.1.example.com/" }, "must be https"},
		{"another scheme", func(c *hostlantern.Config) { c.BaseURL = "ftp://127.0.0.1/" }, "must be https"},
		{"no scheme", func(c *hostlantern.Config) { c.BaseURL = "api.example.com" }, "absolute URL"},
		{"a query", func(c *hostlantern.Config) { c.BaseURL = "https://api.example.com/?ApiKey=x" }, "no user, query"},
		{"a password", func(c *hostlantern.Config) { c.BaseURL = "https://a:b@api.example.com/" }, "no user, query"},
		{"no environment", func(c *hostlantern.Config) { c.Environment = "" }, "neither sandbox nor production"},
		{"an unknown environment", func(c *hostlantern.Config) { c.Environment = "staging" }, "neither sandbox nor production"},
		{"no key", func(c *hostlantern.Config) { c.APIKey = hostlantern.APIKey{} }, "API key"},
		{"an empty key", func(c *hostlantern.Config) { c.APIKey = hostlantern.NewAPIKey("") }, "API key"},
		{"a key that is too long", func(c *hostlantern.Config) { c.APIKey = hostlantern.NewAPIKey(strings.Repeat("k", 51)) }, "API key"},
		{"no user", func(c *hostlantern.Config) { c.APIUser = "" }, "API user"},
		{"a user name that is too long", func(c *hostlantern.Config) { c.UserName = strings.Repeat("u", 21) }, "user name"},
		{"an IPv6 client address", func(c *hostlantern.Config) { c.ClientIP = "2001:db8::1" }, "IPv4"},
		{"an IPv4 address in IPv6 form", func(c *hostlantern.Config) { c.ClientIP = "::ffff:203.0.113.9" }, "IPv4"},
		{"no client address", func(c *hostlantern.Config) { c.ClientIP = "" }, "IPv4"},
		{"a host name as client address", func(c *hostlantern.Config) { c.ClientIP = "example.com" }, "IPv4"},
		{"a promotion code that is too long", func(c *hostlantern.Config) { c.PromotionCode = strings.Repeat("p", 21) }, "promotion"},
		{"a negative timeout", func(c *hostlantern.Config) { c.Timeouts.Read = -time.Second }, "timeout"},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			config := validConfig()
			one.change(&config)
			_, err := hostlantern.New(config)
			switch {
			case one.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case one.want != "" && (err == nil || !strings.Contains(err.Error(), one.want)):
				t.Errorf("got %v, want an error about %q", err, one.want)
			case err != nil && strings.Contains(err.Error(), "hush-hush-key"):
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
}

func TestAKeyIsNeverPrinted(t *testing.T) {
	t.Parallel()
	config := validConfig()
	client, err := hostlantern.New(config)
	if err != nil {
		t.Fatal(err)
	}
	type holder struct {
		Config  hostlantern.Config
		private hostlantern.Config
	}
	var out bytes.Buffer
	for _, value := range []any{config.APIKey, &config.APIKey, config, holder{config, config}, client, *client, hostlantern.NewProvider(client)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	asJSON, err := json.Marshal(map[string]any{"key": config.APIKey})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", config.APIKey)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "key", config.APIKey, "holder", holder{config, config})
	hexadecimal := fmt.Sprintf("%x", "hush-hush-key")
	if text := out.String(); strings.Contains(text, "hush-hush-key") || strings.Contains(text, hexadecimal) {
		t.Errorf("the key was printed:\n%s", text)
	}
	if want := `{"key":"[redacted]"}`; string(asJSON) != want {
		t.Errorf("JSON is %s, want %s", asJSON, want)
	}
}
