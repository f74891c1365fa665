// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/certbridge/certbridge/api"
	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

var panelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// newPanelKey is what a key may do, as the command line says it.
func newPanelKey(scopes, addresses []string) (provisioning.PanelKey, error) {
	var key provisioning.PanelKey
	known := []provisioning.Scope{provisioning.ScopeRead, provisioning.ScopeProvision, provisioning.ScopeOperate}
	for _, text := range scopes {
		scope := provisioning.Scope(text)
		if !slices.Contains(known, scope) {
			return key, fmt.Errorf("--scope %q: allowed are read, provision and operate", text)
		}
		key.Scopes = append(key.Scopes, scope)
	}
	for _, text := range addresses {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, single := netip.ParseAddr(text)
			if single != nil || address.Zone() != "" {
				return key, fmt.Errorf("--address %q is neither an IP address nor a network such as 203.0.113.0/24", text)
			}
			prefix = netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen())
		}
		key.Addresses = append(key.Addresses, prefix.Masked())
	}
	return key, nil
}

// createPanel stores a new panel with a new key, and gives the key's token.
func createPanel(ctx context.Context, m *mirror.Mirror, name string, key provisioning.PanelKey, now time.Time) (token string, err error) {
	if !panelName.MatchString(name) {
		return "", fmt.Errorf("the name %q is not possible: 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first", name)
	}
	generated := api.GenerateKey()
	id := strings.ToLower(rand.Text())
	key.ID, key.SecretHash, key.Panel, key.CreatedAt = generated.ID, generated.SecretHash, id, now
	err = m.CreatePanel(ctx, provisioning.Panel{ID: id, Name: name, CreatedAt: now, Keys: []provisioning.PanelKey{key}})
	if errors.Is(err, provisioning.ErrExists) {
		return "", fmt.Errorf("there is a panel %s already; `certbridge panel rotate %s` gives it a new key", name, name)
	}
	return generated.Token, err
}

// rotatePanel adds a key that may do what the newest one may, and ends those
// that are in force, whose ids it gives as well. The new one is stored first: a
// panel is never without a key.
func rotatePanel(ctx context.Context, m *mirror.Mirror, name string, now, end time.Time) (token string, older []string, err error) {
	panel, err := findPanel(ctx, m, name)
	if err != nil {
		return "", nil, err
	}
	if len(panel.Keys) == 0 {
		return "", nil, fmt.Errorf("panel %s never had a key", name)
	}
	newest := slices.MaxFunc(panel.Keys, func(a, b provisioning.PanelKey) int { return a.CreatedAt.Compare(b.CreatedAt) })
	generated := api.GenerateKey()
	err = m.AddPanelKey(ctx, provisioning.PanelKey{
		ID: generated.ID, Panel: panel.ID, SecretHash: generated.SecretHash,
		Scopes: newest.Scopes, Addresses: newest.Addresses, CreatedAt: now,
	})
	if err != nil {
		return "", nil, err
	}
	for _, key := range panel.Keys {
		if !key.InForce(now) {
			continue
		}
		// The store keeps an earlier end.
		if err := m.ExpirePanelKey(ctx, key.ID, end); err != nil {
			return "", nil, err
		}
		older = append(older, key.ID)
	}
	return generated.Token, older, nil
}

// revokeKeys ends one key of a panel, or all, and tells which were in force.
func revokeKeys(ctx context.Context, m *mirror.Mirror, name, id string, now time.Time) ([]string, error) {
	panel, err := findPanel(ctx, m, name)
	if err != nil {
		return nil, err
	}
	if id != "" && !slices.ContainsFunc(panel.Keys, func(key provisioning.PanelKey) bool { return key.ID == id }) {
		return nil, fmt.Errorf("panel %s has no key %s; `certbridge panel list` shows what it has", name, id)
	}
	revoked := []string{}
	for _, key := range panel.Keys {
		if id != "" && key.ID != id || !key.InForce(now) {
			continue
		}
		if err := m.RevokePanelKey(ctx, key.ID, now); err != nil {
			return nil, err
		}
		revoked = append(revoked, key.ID)
	}
	return revoked, nil
}

func findPanel(ctx context.Context, m *mirror.Mirror, name string) (provisioning.Panel, error) {
	panel, err := m.Panel(ctx, name)
	if errors.Is(err, provisioning.ErrNotFound) {
		return panel, fmt.Errorf("there is no panel %s; `certbridge panel list` shows those that are there", name)
	}
	return panel, err
}
