// SPDX-License-Identifier: Apache-2.0

package provisioning_test

import (
	"strings"
	"testing"

	"github.com/certbridge/certbridge/provisioning"
)

func TestARefusedPurchaseMayBeAskedForOtherwise(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.upstream.fail(false, refused)
		if _, err := s.bridge.Create(ctx, s.caller, "1", single); err == nil {
			t.Fatal("it was to be refused")
		}
		other := provisioning.CreateRequest{Account: "test", Product: "multi", Years: 2, Client: provisioning.Client{Name: "Ann"}}
		service := s.must(s.bridge.Create(ctx, s.caller, "1", other))
		if service.Product != "multi" || service.Years != 2 || len(service.Orders) != 1 {
			t.Errorf("%+v", service)
		}
		other.Client.Name = "Bob"
		if service = s.must(s.bridge.Create(ctx, s.caller, "1", other)); service.Client.Name != "Bob" {
			t.Errorf("the client is %q", service.Client.Name)
		}
		_, err := s.bridge.Create(ctx, s.caller, "1", single)
		wantCode(t, err, "service_exists_differently")
		other.Client.Name = "a\x00b"
		_, err = s.bridge.Create(ctx, s.caller, "1", other)
		wantCode(t, err, "client_invalid")
	})
}

// A repeated activation is recognised by all that it says, not by how its lines
// end.
func TestWhatCountsAsTheSameActivation(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s *shop) {
		ctx := t.Context()
		s.create("1")
		given := byDNS(newCSR(t, "example.com"))
		s.must(s.bridge.Activate(ctx, s.caller, "1", given))
		windows := given
		windows.CSR = strings.ReplaceAll(given.CSR, "\n", "\r\n")
		s.must(s.bridge.Activate(ctx, s.caller, "1", windows))
		for name, change := range map[string]func(*provisioning.Configuration){
			"another web server": func(c *provisioning.Configuration) { c.WebServer = "nginx" },
			"another name":       func(c *provisioning.Configuration) { c.Domains = []string{"www.example.com"} },
			"another method": func(c *provisioning.Configuration) {
				c.Validation = []provisioning.ValidationChoice{{Method: provisioning.ValidateByHTTP}}
			},
			"another contact": func(c *provisioning.Configuration) { c.Contact.City = "Town" },
		} {
			other := given
			change(&other)
			_, err := s.bridge.Activate(ctx, s.caller, "1", other)
			if err == nil {
				t.Errorf("%s was taken for the same", name)
			}
			wantCode(t, err, "action_not_allowed")
		}
	})
}
