// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Account is a reseller account at the provider.
type Account struct {
	ApiUser, ApiKey string
	Balance         string   // decimal USD, up to four places; "" is 0
	AllowedIPs      []string // single addresses; empty: any
	Locked          bool     // every call is refused with 1017101
}

// account is the simulator's own record of an Account.
type account struct {
	Account
	balance      money
	allowed      map[netip.Addr]bool
	certificates []*certificate // in the order of their ids
	newestFirst  []*certificate // the same by date of purchase, while there are as many
	throttle     throttle
}

func (s *Simulator) addAccounts(accounts []Account) error {
	if accounts == nil {
		accounts = []Account{{ApiUser: "reseller", ApiKey: "simulator-key", Balance: "1000.00"}}
	}
	if len(accounts) == 0 {
		return errors.New("simulator: at least one account is needed")
	}
	for _, one := range accounts {
		record, err := newAccount(one)
		if err != nil {
			return err
		}
		name := strings.ToLower(one.ApiUser)
		if s.accounts[name] != nil {
			return fmt.Errorf("simulator: account %q is given twice", one.ApiUser)
		}
		s.accounts[name] = record
		if s.firstAccount == nil {
			s.firstAccount = record
		}
	}
	return nil
}

func newAccount(one Account) (*account, error) {
	if one.ApiUser == "" || len(one.ApiUser) > 20 || one.ApiKey == "" || len(one.ApiKey) > 50 {
		return nil, fmt.Errorf("simulator: account %q: ApiUser takes 1 to 20 characters, ApiKey 1 to 50", one.ApiUser)
	}
	record := &account{Account: one}
	var err error
	if record.balance, err = parseMoney(one.Balance); err != nil {
		return nil, fmt.Errorf("simulator: account %q: balance: %w", one.ApiUser, err)
	}
	for _, text := range one.AllowedIPs {
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, fmt.Errorf("simulator: account %q: allowed address: %w", one.ApiUser, err)
		}
		if record.allowed == nil {
			record.allowed = map[netip.Addr]bool{}
		}
		record.allowed[address.Unmap()] = true
	}
	return record, nil
}

// Balance returns the balance of an account as decimal USD.
func (s *Simulator) Balance(apiUser string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.accounts[strings.ToLower(apiUser)]
	if record == nil {
		return "", fmt.Errorf("simulator: account %q: %w", apiUser, ErrNotFound)
	}
	return record.balance.String(), nil
}

// SetBalance sets the balance of an account, decimal USD.
func (s *Simulator) SetBalance(apiUser, balance string) error {
	amount, err := parseMoney(balance)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	record := s.accounts[strings.ToLower(apiUser)]
	if record == nil {
		return fmt.Errorf("simulator: account %q: %w", apiUser, ErrNotFound)
	}
	record.balance = amount
	return nil
}

// authenticate applies the global checks in the provider's order: what is
// missing, the user, the key, the form of ClientIp, the source address, the
// user acted upon. On success the account is set on the call.
func (s *Simulator) authenticate(c *call) *apiError {
	for _, required := range []struct{ name, number, text string }{
		{"apiuser", "1010101", "Parameter APIUser is missing"},
		{"apikey", "1010102", "Parameter APIKey is missing"},
		{"command", "1010104", "Parameter Command is missing"},
		{"clientip", "1010105", "Parameter ClientIP is missing"},
	} {
		if c.get(required.name) == "" {
			return refuse(required.number, required.text)
		}
	}
	user := c.get("apiuser")
	record := s.accounts[strings.ToLower(user)]
	if record == nil || len(user) > 20 {
		return refuse("1011101", "Parameter APIUser is invalid")
	}
	if s.switches.WrongKey || subtle.ConstantTimeCompare([]byte(c.get("apikey")), []byte(record.ApiKey)) != 1 {
		return refuse("1011102", "API Key is invalid or API access has not been enabled")
	}
	if address, err := netip.ParseAddr(c.get("clientip")); err != nil || !address.Is4() {
		return refuse("1011105", "Parameter ClientIP is invalid")
	}
	if s.switches.WrongAddress || len(record.allowed) > 0 && !record.allowed[c.source] {
		return refuse("1011150", "Invalid request IP: "+c.source.String())
	}
	if record.Locked {
		return refuse("1017101", "Parameter ApiUser is disabled or locked")
	}
	name := c.get("username")
	switch other := s.accounts[strings.ToLower(name)]; {
	case name == "" || other == nil:
		return refuse("1019103", "Parameter UserName is not available")
	case other != record:
		return refuse("1016103", "Parameter UserName is unauthorized")
	}
	c.account = record
	return nil
}
