// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// Keys finds the API keys of panels. PanelKey answers provisioning.ErrNotFound
// for an id that was never given out.
type Keys interface {
	PanelKey(ctx context.Context, id string) (provisioning.PanelKey, error)
}

// A token is "cb_" + key id + "_" + secret, both of lower-case letters and
// digits, so that a double click takes it whole.
const (
	tokenPrefix  = "cb_"
	keyIDLength  = 16 // 80 bits: random ids do not meet
	secretLength = 52 // 260 bits
	maxToken     = 200
)

// NewKey is a fresh API key for a panel.
type NewKey struct {
	ID         string // stored and shown
	SecretHash []byte // SHA-256 of the secret, stored
	Token      string // what the panel sends; shown once, stored nowhere
}

// GenerateKey makes an API key from the system's random source.
func GenerateKey() NewKey {
	id := randomText(keyIDLength)
	secret := randomText(secretLength)
	return NewKey{ID: id, SecretHash: hashSecret(secret), Token: tokenPrefix + id + "_" + secret}
}

// randomText has five random bits per character (RFC 4648 base32, lower case).
func randomText(length int) string {
	var text strings.Builder
	for text.Len() < length {
		text.WriteString(strings.ToLower(rand.Text()))
	}
	return text.String()[:length]
}

func hashSecret(secret string) []byte {
	hash := sha256.Sum256([]byte(secret))
	return hash[:]
}

// parseToken splits an Authorization header. The scheme's case does not matter
// (RFC 9110 section 11.1).
func parseToken(header string) (id, secret string, ok bool) {
	scheme, token, ok := strings.Cut(header, " ")
	token = strings.TrimLeft(token, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken {
		return "", "", false
	}
	rest, ok := strings.CutPrefix(token, tokenPrefix)
	if !ok {
		return "", "", false
	}
	id, secret, ok = strings.Cut(rest, "_")
	return id, secret, ok && id != "" && secret != ""
}

// authenticate finds out who calls, from the Authorization header and the
// connection's own address, and whether the key may make this call. Headers that
// name another address are not believed: anybody can send them.
func (s *Server) authenticate(c *call, scope provisioning.Scope) error {
	id, secret, ok := parseToken(c.Request().Header.Get(echo.HeaderAuthorization))
	if !ok {
		return unauthorized()
	}
	ctx := c.Request().Context()
	key, err := s.keys.PanelKey(ctx, id)
	if err != nil && !errors.Is(err, provisioning.ErrNotFound) {
		return unavailable(fmt.Errorf("reading the key: %w", err))
	}
	// The comparison is made for an unknown id too, so that neither the answer
	// nor its time tells which ids exist.
	same := subtle.ConstantTimeCompare(hashSecret(secret), key.SecretHash) == 1
	if err != nil || !same || !key.InForce(s.now()) {
		return unauthorized()
	}
	c.key = key
	c.Set(keyIDField, key.ID)
	if !key.AllowsAddress(peer(c.Request())) {
		return newProblem(http.StatusForbidden, "address_not_allowed",
			"This key may not be used from this address.")
	}
	if !key.Allows(scope) {
		p := newProblem(http.StatusForbidden, "insufficient_scope",
			"This key may not do this; the scope %q is needed.", scope)
		p.challenge = fmt.Sprintf(`Bearer realm="certbridge", error="insufficient_scope", scope="%s"`, scope)
		return p
	}
	return nil
}

func unauthorized() *problem {
	p := newProblem(http.StatusUnauthorized, "unauthorized",
		"A valid key is needed: Authorization: Bearer cb_...")
	p.challenge = `Bearer realm="certbridge"`
	return p
}

// peer is the address at the other end of the connection; the zero address,
// which no list contains, if it cannot be told.
func peer(r *http.Request) netip.Addr {
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return address.Addr().Unmap().WithZone("")
}
