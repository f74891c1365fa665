// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// The documented addresses of the API.
const (
	ProductionURL = "https://api.namecheap.com/xml.response"
	SandboxURL    = "https://api.sandbox.namecheap.com/xml.response"
)

// DefaultCommandPrefix stands before the group and name of every command.
const DefaultCommandPrefix = "namecheap."

// DefaultCurrency is that of the prepaid balances.
const DefaultCurrency = "USD"

// Config is one account at the API, in one environment.
type Config struct {
	// Account is our name for it. It appears in errors and logs only.
	Account string
	// APIUser owns the key. At most 20 characters.
	APIUser string
	// APIKey is the secret that belongs to APIUser; see NewAPIKey.
	APIKey APIKey
	// UserName is the account that commands act on; APIUser unless set.
	UserName string
	// ClientIP is an IPv4 address. The API checks its form only; what it compares
	// with the account's list of allowed addresses is where the connection comes
	// from. One fixed value per account.
	ClientIP string
	// Environment is sandbox or production. They are separate sites.
	Environment provisioning.Environment
	// BaseURL is the full address of the API; the environment's documented one
	// unless set. Plain http is allowed for loopback addresses only.
	BaseURL string
	// CommandPrefix is DefaultCommandPrefix unless set.
	CommandPrefix string
	// Namespace, if set, is the only XML namespace that an answer may name.
	// Answers without a namespace are accepted either way.
	Namespace string
	// RootCAs verify the server's certificate; the system's roots unless set.
	RootCAs *x509.CertPool
	// Timeouts bound every call, in addition to the caller's context.
	Timeouts Timeouts
	// Gate keeps the account's calls within what the API takes. Optional.
	Gate Gate
	// PromotionCode is sent with every purchase and renewal, and when prices are
	// read. Optional, at most 20 characters.
	PromotionCode string
	// Currency is that of the account's prepaid balance, which the answers to
	// charge-bearing commands do not name; DefaultCurrency unless set.
	Currency string
	// Now is the clock that exchanges are dated with and that cached prices age by;
	// time.Now unless set. Deadlines of calls are real time in any case.
	Now func() time.Time
	// Log receives the API's warnings and what was tolerated in its answers;
	// nothing is logged unless set. Neither keys nor personal data are written.
	Log *slog.Logger
}

// Timeouts bound calls, from waiting for a connection to the last byte of the
// answer. Zero fields have the defaults that they name.
type Timeouts struct {
	Connect time.Duration // TCP and TLS; 10 s
	Read    time.Duration // a command that changes nothing; 30 s
	Write   time.Duration // a command that changes something; 95 s, as submissions were seen to take 55 s
}

// APIKey is the secret of an account. However it is printed, encoded or logged,
// it shows as "[redacted]". The zero value is no key.
type APIKey struct {
	// A function, because fmt prints the fields of nested structs by reflection
	// without asking their methods.
	reveal func() string
}

// NewAPIKey wraps a key.
func NewAPIKey(secret string) APIKey {
	if secret == "" {
		return APIKey{}
	}
	return APIKey{reveal: func() string { return secret }}
}

const redacted = "[redacted]"

func (k APIKey) secret() string {
	if k.reveal == nil {
		return ""
	}
	return k.reveal()
}

// IsZero tells whether there is no key.
func (k APIKey) IsZero() bool { return k.secret() == "" }

// Format writes "[redacted]" whatever the verb is.
func (k APIKey) Format(state fmt.State, _ rune) { _, _ = state.Write([]byte(redacted)) }

// MarshalText gives "[redacted]".
func (k APIKey) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue gives "[redacted]".
func (k APIKey) LogValue() slog.Value { return slog.StringValue(redacted) }

// withDefaults fills what was left out.
func (c Config) withDefaults() Config {
	if c.UserName == "" {
		c.UserName = c.APIUser
	}
	if c.BaseURL == "" {
		c.BaseURL = SandboxURL
		if c.Environment == provisioning.Production {
			c.BaseURL = ProductionURL
		}
	}
	if c.CommandPrefix == "" {
		c.CommandPrefix = DefaultCommandPrefix
	}
	if c.Currency == "" {
		c.Currency = DefaultCurrency
	}
	if c.Timeouts.Connect == 0 {
		c.Timeouts.Connect = 10 * time.Second
	}
	if c.Timeouts.Read == 0 {
		c.Timeouts.Read = 30 * time.Second
	}
	if c.Timeouts.Write == 0 {
		c.Timeouts.Write = 95 * time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// validate collects everything that is wrong, in the words of the fields.
func (c Config) validate() error {
	var found []error
	wrong := func(format string, args ...any) { found = append(found, fmt.Errorf(format, args...)) }
	if c.Environment != provisioning.Sandbox && c.Environment != provisioning.Production {
		wrong("environment %q is neither sandbox nor production", c.Environment)
	}
	if c.APIUser == "" || len(c.APIUser) > 20 {
		wrong("the API user must have 1 to 20 characters")
	}
	if len(c.UserName) > 20 {
		wrong("the user name must have at most 20 characters")
	}
	if c.APIKey.IsZero() || len(c.APIKey.secret()) > 50 {
		wrong("the API key must have 1 to 50 characters")
	}
	if address, err := netip.ParseAddr(c.ClientIP); err != nil || !address.Is4() {
		wrong("client IP %q is not an IPv4 address", c.ClientIP)
	}
	if len(c.PromotionCode) > 20 {
		wrong("the promotion code must have at most 20 characters")
	}
	if c.Timeouts.Connect < 0 || c.Timeouts.Read < 0 || c.Timeouts.Write < 0 {
		wrong("a timeout is negative")
	}
	if err := checkBaseURL(c.BaseURL); err != nil {
		found = append(found, err)
	}
	if len(found) == 0 {
		return nil
	}
	return fmt.Errorf("hostlantern account %q: %w", c.Account, errors.Join(found...))
}

// checkBaseURL insists on TLS: the key goes out with every request.
func checkBaseURL(text string) error {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" {
		return errors.New("the base URL is not an absolute URL")
	}
	if address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return errors.New("the base URL must have no user, query or fragment")
	}
	switch {
	case address.Scheme == "https":
		return nil
	case address.Scheme == "http" && loopback(address.Hostname()):
		return nil
	}
	return fmt.Errorf("base URL %q must be https (plain http is for loopback addresses only)", text)
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback()
}
