// SPDX-License-Identifier: Apache-2.0

package mirror_test

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/mirror/mirrortest"
	"github.com/certbridge/certbridge/provisioning"
)

func instant() time.Time { return time.Date(2026, 11, 22, 12, 34, 56, 789_012_000, time.UTC) }

func newPanel(id, name string) provisioning.Panel {
	return provisioning.Panel{
		ID: id, Name: name, CreatedAt: instant(),
		Keys: []provisioning.PanelKey{{
			ID: id + "-key", Panel: id, SecretHash: []byte{0, 0xff, '\'', 0x5c}, CreatedAt: instant(),
			Scopes:    []provisioning.Scope{provisioning.ScopeProvision, provisioning.ScopeOperate},
			Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")},
		}},
	}
}

func samePanel(t *testing.T, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPanelsComeBackWithTheirKeys(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		shop, bare := newPanel("p-1", "shop"), provisioning.Panel{ID: "p-2", Name: "Another shop", CreatedAt: instant()}
		for _, panel := range []provisioning.Panel{shop, bare} {
			if err := store.CreatePanel(t.Context(), panel); err != nil {
				t.Fatal(err)
			}
		}
		second := provisioning.PanelKey{
			ID: "key-2", Panel: "p-1", SecretHash: []byte{1}, Scopes: []provisioning.Scope{provisioning.ScopeRead},
			CreatedAt: instant().Add(time.Hour), ExpiresAt: instant().Add(2 * time.Hour), RevokedAt: instant().Add(3 * time.Hour),
		}
		if err := store.AddPanelKey(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		shop.Keys = append(shop.Keys, second)
		all, err := store.Panels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		samePanel(t, all, []provisioning.Panel{bare, shop})
		one, err := store.Panel(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		samePanel(t, one, shop)
		key, err := store.PanelKey(t.Context(), "key-2")
		if err != nil {
			t.Fatal(err)
		}
		second.PanelName = "shop"
		samePanel(t, key, second)
	})
}

// A key without scopes or addresses was written as the JSON null.
func TestAKeyWithNullListsIsRead(t *testing.T) {
	t.Parallel()
	for _, driver := range mirrortest.Drivers() {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			address := mirrortest.Address(t, driver)
			store := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			panel := newPanel("p-1", "shop")
			if err := store.CreatePanel(t.Context(), panel); err != nil {
				t.Fatal(err)
			}
			execute(t, driver, address, "UPDATE panel_keys SET scopes = 'null', addresses = 'null'")

			again := mirrortest.OpenAt(t, mirror.Options{Driver: driver, DSN: address})
			key, err := again.PanelKey(t.Context(), "p-1-key")
			if err != nil {
				t.Fatal(err)
			}
			want := panel.Keys[0]
			want.Scopes, want.Addresses, want.PanelName = nil, nil, "shop"
			samePanel(t, key, want)
			if key.Allows(provisioning.ScopeRead) || !key.AllowsAddress(netip.MustParseAddr("198.51.100.7")) {
				t.Errorf("a key without lists allows read: %t, an address: %t", key.Allows(provisioning.ScopeRead),
					key.AllowsAddress(netip.MustParseAddr("198.51.100.7")))
			}
			panels, err := again.Panels(t.Context())
			if err != nil || len(panels) != 1 || len(panels[0].Keys) != 1 {
				t.Errorf("%+v, %v", panels, err)
			}
		})
	}
}

func TestNamesOfPanelsAreUnique(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		if err := store.CreatePanel(t.Context(), newPanel("p-1", "shop")); err != nil {
			t.Fatal(err)
		}
		for what, panel := range map[string]provisioning.Panel{
			"a name that is taken": {ID: "p-2", Name: "shop"},
			"an id that is taken":  {ID: "p-1", Name: "other"},
			"a key that is taken":  {ID: "p-3", Name: "third", Keys: []provisioning.PanelKey{{ID: "p-1-key", SecretHash: []byte{1}}}},
		} {
			if err := store.CreatePanel(t.Context(), panel); !errors.Is(err, provisioning.ErrExists) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := store.Panel(t.Context(), "third"); !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("half a panel was stored: %v", err)
		}
		if err := store.CreatePanel(t.Context(), newPanel("p-4", "Shop")); err != nil {
			t.Errorf("a name of another case: %v", err)
		}
		key := provisioning.PanelKey{ID: "p-1-key", Panel: "p-1", SecretHash: []byte{1}}
		if err := store.AddPanelKey(t.Context(), key); !errors.Is(err, provisioning.ErrExists) {
			t.Errorf("another key of the same id: %v", err)
		}
		key = provisioning.PanelKey{ID: "fresh", Panel: "nobody", SecretHash: []byte{1}}
		if err := store.AddPanelKey(t.Context(), key); !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("a key of an unknown panel: %v", err)
		}
	})
}

func TestKeysEndOnceAndEarlierButNeverLater(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		if err := store.CreatePanel(t.Context(), newPanel("p", "shop")); err != nil {
			t.Fatal(err)
		}
		key := func() provisioning.PanelKey {
			t.Helper()
			key, err := store.PanelKey(t.Context(), "p-key")
			if err != nil {
				t.Fatal(err)
			}
			return key
		}
		for _, hours := range []struct{ set, want time.Duration }{{5, 5}, {7, 5}, {3, 3}} {
			if err := store.ExpirePanelKey(t.Context(), "p-key", instant().Add(hours.set*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got, want := key().ExpiresAt, instant().Add(hours.want*time.Hour); !got.Equal(want) {
				t.Errorf("expires at %v after %d hours were set, want %v", got, hours.set, want)
			}
		}
		for _, later := range []time.Duration{0, time.Hour} {
			if err := store.RevokePanelKey(t.Context(), "p-key", instant().Add(later)); err != nil {
				t.Fatal(err)
			}
			if got := key().RevokedAt; !got.Equal(instant()) {
				t.Errorf("revoked at %v, want %v", got, instant())
			}
		}
		for what, err := range map[string]error{
			"expiring": store.ExpirePanelKey(t.Context(), "nothing", instant()),
			"revoking": store.RevokePanelKey(t.Context(), "nothing", instant()),
			"panel":    store.RevokePanel(t.Context(), "nothing", instant()),
		} {
			if !errors.Is(err, provisioning.ErrNotFound) {
				t.Errorf("%s what is not there: %v", what, err)
			}
		}
		_, err := store.PanelKey(t.Context(), "nothing")
		if !errors.Is(err, provisioning.ErrNotFound) {
			t.Errorf("reading what is not there: %v", err)
		}
	})
}

func TestARevokedPanelHasNoKeyInForce(t *testing.T) {
	t.Parallel()
	mirrortest.Each(t, func(t *testing.T, store *mirror.Mirror) {
		for _, panel := range []provisioning.Panel{newPanel("p-1", "shop"), newPanel("p-2", "other"), {ID: "p-3", Name: "bare"}} {
			if err := store.CreatePanel(t.Context(), panel); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{"shop", "bare"} {
			if err := store.RevokePanel(t.Context(), name, instant()); err != nil {
				t.Fatal(err)
			}
		}
		panels, err := store.Panels(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, panel := range panels {
			for _, key := range panel.Keys {
				if got, want := key.InForce(instant()), panel.Name == "other"; got != want {
					t.Errorf("key of %s in force: %v, want %v", panel.Name, got, want)
				}
			}
		}
	})
}
