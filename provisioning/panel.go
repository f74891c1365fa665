// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"net/netip"
	"slices"
	"time"
)

// Panel is one billing panel installation. It sees only its own services.
type Panel struct {
	ID        string
	Name      string // unique, chosen by the operator
	CreatedAt time.Time
	Keys      []PanelKey
}

// Scope is what an API key may do.
type Scope string

// The scopes: read the mirror, take actions for customers, operate certbridge.
const (
	ScopeRead      Scope = "read"
	ScopeProvision Scope = "provision"
	ScopeOperate   Scope = "operate"
)

// PanelKey is an API key of a panel. The secret itself is never stored.
type PanelKey struct {
	ID         string
	Panel      string // id of the panel
	PanelName  string // its name; filled when the key is read by itself
	SecretHash []byte // SHA-256 of the secret, which has 256 bits of its own
	Scopes     []Scope
	Addresses  []netip.Prefix // from where it may be used; empty: from anywhere
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never. Set when its successor was made
	RevokedAt  time.Time // zero: in force
}

// InForce tells whether the key opens anything at the given instant.
func (k PanelKey) InForce(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// Allows tells whether the key may do this. Each scope includes those before it:
// who operates may provision, who provisions may read.
func (k PanelKey) Allows(scope Scope) bool {
	ranked := []Scope{ScopeRead, ScopeProvision, ScopeOperate}
	return slices.ContainsFunc(k.Scopes, func(held Scope) bool {
		return slices.Index(ranked, held) >= slices.Index(ranked, scope)
	})
}

// AllowsAddress tells whether the key may be used from there.
func (k PanelKey) AllowsAddress(address netip.Addr) bool {
	return len(k.Addresses) == 0 || slices.ContainsFunc(k.Addresses, func(prefix netip.Prefix) bool {
		return prefix.Contains(address.Unmap())
	})
}
