// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checker looks at the values that could be decoded. A key that has a problem
// already gets no second one.
type checker struct {
	config    *Config
	directory string // of the file
	lines     map[string]int
	problems  []Problem
}

// check completes the configuration (keys from files) and gives all problems,
// those that were known before included.
func check(config *Config, directory string, lines map[string]int, known []Problem) []Problem {
	c := &checker{config: config, directory: directory, lines: lines, problems: known}
	c.listen()
	c.database()
	c.accounts()
	c.synchronization()
	if days := config.DueDate.OffsetDays; days < 0 || days > MaxOffsetDays {
		c.wrong("due_date.offset_days", "must be from 0 to %d", MaxOffsetDays)
	}
	c.oneOf("purchase.when", config.Purchase.When, PurchaseAtCreate, PurchaseAtActivation)
	if deadline := config.Reconciliation.Deadline; deadline < time.Minute || deadline > 24*time.Hour {
		c.wrong("reconciliation.deadline", "must be from 1m to 24h")
	}
	c.oneOf("log.level", config.Log.Level, "debug", "info", "warn", "error")
	c.oneOf("log.format", config.Log.Format, LogAuto, LogJSON, LogConsole)
	if grace := config.Shutdown.Grace; grace < time.Second || grace > time.Hour {
		c.wrong("shutdown.grace", "must be from 1s to 1h")
	}
	return c.problems
}

// timeOfDay is HH:MM, on a clock of 24 hours.
var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

func (c *checker) synchronization() {
	if at := c.config.Synchronization.At; at != "" && !timeOfDay.MatchString(at) {
		c.wrong("synchronization.at", `must be a time of the day from "00:00" to "23:59", or "" for none`)
	}
	if size := c.config.Synchronization.PageSize; size < MinPageSize || size > MaxPageSize {
		c.wrong("synchronization.page_size", "must be from %d to %d", MinPageSize, MaxPageSize)
	}
}

func (c *checker) wrong(path, format string, args ...any) {
	if slices.ContainsFunc(c.problems, func(known Problem) bool { return known.Key == path || known.Key == (scalar{path: path}).variable() }) {
		return
	}
	c.problems = append(c.problems, Problem{Key: path, Line: c.lines[path], Text: fmt.Sprintf(format, args...)})
}

func (c *checker) warn(path, format string, args ...any) {
	c.config.Warnings = append(c.config.Warnings, path+": "+fmt.Sprintf(format, args...))
}

// oneOf asks for one of some words.
func (c *checker) oneOf(path, value string, allowed ...string) {
	if slices.Contains(allowed, value) {
		return
	}
	list := strings.Join(allowed, " or ")
	if value == "" {
		c.wrong(path, "is missing; allowed: %s", list)
		return
	}
	c.wrong(path, "%q is not allowed; allowed: %s", clip(value), list)
}

// clip bounds a value that is shown.
func clip(value string) string {
	const most = 40
	if runes := []rune(value); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return value
}

func (c *checker) listen() {
	_, port, err := net.SplitHostPort(c.config.Listen)
	if _, portErr := strconv.ParseUint(port, 10, 16); err != nil || portErr != nil {
		c.wrong("listen", "must be an address and a port, for example 127.0.0.1:8080 or :8080")
	}
}

func (c *checker) database() {
	c.oneOf("database.driver", c.config.Database.Driver, DriverSQLite, DriverMySQL)
	const (
		path   = "database.dsn"
		sqlite = "the path of a file, for example certbridge.db"
		mysql  = "user:password@tcp(host:3306)/certbridge"
	)
	dsn := c.config.Database.DSN.Reveal()
	if dsn == "" {
		c.wrong(path, "is missing; for sqlite it is %s, for mysql %s", sqlite, mysql)
		return
	}
	switch c.config.Database.Driver {
	case DriverSQLite:
		switch {
		case strings.Contains(dsn, ":memory:"):
			c.wrong(path, "must be %s: what is kept in memory only is lost when certbridge stops, and orders with it", sqlite)
		case strings.Contains(dsn, "@tcp("), strings.Contains(dsn, "@unix("), strings.Contains(dsn, "://"):
			c.wrong(path, "must be %s; with database.driver: mysql it would be %s", sqlite, mysql)
		}
	case DriverMySQL:
		if strings.Contains(dsn, "://") || !mysqlDSN.MatchString(dsn) {
			c.wrong(path, "must look like %s", mysql)
		}
	}
}

// mysqlDSN is as much of the form as must be there; the mirror reads it.
var mysqlDSN = regexp.MustCompile(`^[^@]+@.*/[^/?]+(\?.*)?$`)

var accountName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (c *checker) accounts() {
	names := make(map[string]int)
	credentials := make(map[[3]string]int)
	for i := range c.config.Accounts {
		account := &c.config.Accounts[i]
		c.account(account, fmt.Sprintf("accounts[%d].", i))

		folded := strings.ToLower(account.Name)
		if first, taken := names[folded]; taken && account.Name != "" {
			c.wrong(fmt.Sprintf("accounts[%d].name", i), "%q is accounts[%d] already; names must differ, in more than upper and lower case",
				clip(account.Name), first)
		} else {
			names[folded] = i
		}
		user := account.UserName
		if user == "" {
			user = account.APIUser
		}
		same := [3]string{account.Provider, strings.ToLower(user), account.Environment}
		if first, taken := credentials[same]; taken && user != "" {
			c.wrong(fmt.Sprintf("accounts[%d].api_user", i), "is the user of accounts[%d] in the same environment; "+
				"two entries would spend one balance without knowing of each other, so keep one of them", first)
		} else {
			credentials[same] = i
		}
	}
}

func (c *checker) account(account *Account, prefix string) {
	if !accountName.MatchString(account.Name) {
		c.wrong(prefix+"name", "must be 1 to 64 letters, digits, dots, dashes or underscores, and start with a letter or digit")
	}
	c.oneOf(prefix+"provider", account.Provider, ProviderHostlantern)
	c.oneOf(prefix+"environment", account.Environment, EnvironmentSandbox, EnvironmentProduction)
	c.length(prefix+"api_user", account.APIUser, 1, 20)
	c.length(prefix+"user_name", account.UserName, 0, 20)
	c.length(prefix+"promotion_code", account.PromotionCode, 0, 20)
	c.apiKey(account, prefix)
	if address, err := netip.ParseAddr(account.ClientIP); err != nil || !address.Is4() {
		c.wrong(prefix+"client_ip", "must be the IPv4 address from which this machine calls, for example 203.0.113.9")
	}
	if account.BaseURL != "" {
		if err := baseURL(account.BaseURL); err != nil {
			c.wrong(prefix+"base_url", "%s", err)
		}
	}
	c.ceilings(account.Ceilings, prefix)
	c.calls(prefix+"budget.per_minute", account.Budget.PerMinute)
	c.calls(prefix+"budget.per_hour", account.Budget.PerHour)
	c.calls(prefix+"budget.per_day", account.Budget.PerDay)
	c.amount(prefix+"low_balance", account.LowBalance)
	if account.Expires != "" {
		c.oneOf(prefix+"expires", account.Expires, ExpiresAuto, ExpiresLeaf, ExpiresTerm)
	}
	if window := account.RenewalWindow; window != nil {
		c.days(prefix+"renewal_window.opens", window.Opens, 1)
		c.days(prefix+"renewal_window.closes", window.Closes, 0)
	}
}

// days asks for a number of days, up to a year.
func (c *checker) days(path string, days *int, least int) {
	if days == nil || *days < least || *days > 365 {
		c.wrong(path, "must be from %d to 365 days", least)
	}
}

// calls asks for a limit of calls.
func (c *checker) calls(path string, limit int) {
	if limit < 0 || limit > MaxCalls {
		c.wrong(path, "must be from 1 to %d calls, or 0 for no limit", MaxCalls)
	}
}

// productCode is as much as can be said without knowing what a provider sells.
var productCode = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (c *checker) ceilings(ceilings []Ceiling, prefix string) {
	products := make(map[string]int)
	for i, ceiling := range ceilings {
		here := fmt.Sprintf("%sceilings[%d].", prefix, i)
		first, taken := products[ceiling.Product]
		switch {
		case ceiling.Product == "":
			c.wrong(here+"product", "is missing; write a product code such as positivessl")
		case !productCode.MatchString(ceiling.Product):
			c.wrong(here+"product", "must be a product code: lower-case letters and digits with single dashes, for example positivessl-wildcard")
		case taken:
			c.wrong(here+"product", "%q has a ceiling in ceilings[%d] already", clip(ceiling.Product), first)
		default:
			products[ceiling.Product] = i
		}
		if ceiling.PerYear == "" {
			c.wrong(here+"per_year", "is missing; write the most that one year may cost, for example \"10.00\"")
		}
		c.amount(here+"per_year", ceiling.PerYear)
		c.amount(here+"domain_per_year", ceiling.DomainPerYear)
	}
}

// amount is what the domain reads as money, and above zero.
var amount = regexp.MustCompile(`^[0-9]{1,12}(\.[0-9]{1,4})?$`)

// amount asks for a sum of money, if there is one.
func (c *checker) amount(path, value string) {
	if value != "" && (!amount.MatchString(value) || strings.Trim(value, "0.") == "") {
		c.wrong(path, "must be an amount above zero with up to four decimals and without a currency, for example \"10.00\"")
	}
}

func (c *checker) length(path, value string, least, most int) {
	switch {
	case value == "" && least > 0:
		c.wrong(path, "is missing; %d to %d characters", least, most)
	case len(value) > most:
		c.wrong(path, "is too long; at most %d characters", most)
	}
}

// apiKey takes the key from its file, if it is in one.
func (c *checker) apiKey(account *Account, prefix string) {
	const longest = 50
	path := prefix + "api_key"
	switch {
	case !account.APIKey.IsZero() && account.APIKeyFile != "":
		c.wrong(path, "and api_key_file are both here; keep one of them")
		return
	case account.APIKey.IsZero() && account.APIKeyFile == "":
		c.wrong(path, "is missing; write api_key: ${NAME_OF_A_VARIABLE} or api_key_file: the path of a file with the key")
		return
	case account.APIKeyFile != "":
		path = prefix + "api_key_file"
		if !filepath.IsAbs(account.APIKeyFile) {
			account.APIKeyFile = filepath.Join(c.directory, account.APIKeyFile)
		}
		if !c.readKey(account, path) {
			return
		}
	}
	if key := account.APIKey.Reveal(); len(key) > longest || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		c.wrong(path, "does not hold an API key: that has 1 to %d printable characters without spaces", longest)
	}
}

func (c *checker) readKey(account *Account, path string) bool {
	const most = 4 << 10 // a key is far shorter; a wrong path may lead to anything
	info, err := os.Stat(account.APIKeyFile)
	var content []byte
	if err == nil && info.Size() <= most && info.Mode().IsRegular() {
		content, err = os.ReadFile(account.APIKeyFile)
	}
	if err != nil {
		c.wrong(path, "cannot be read: %s", reason(err))
		return false
	}
	key := strings.TrimRight(string(content), "\r\n")
	if key == "" {
		c.wrong(path, "%s is empty, or no file with an API key", account.APIKeyFile)
		return false
	}
	if info.Mode().Perm()&0o077 != 0 {
		c.warn(path, "%s can be read by others than its owner (mode %04o); chmod 600 it", account.APIKeyFile, info.Mode().Perm())
	}
	account.APIKey = NewSecret(key)
	return true
}

// reason is what the operating system says, with the path.
func reason(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Path + ": " + path.Err.Error()
	}
	return err.Error()
}

// baseURL wants TLS, as the key goes out with every call.
func baseURL(text string) error {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" {
		return errors.New("must be a full address without user, query or fragment, for example https://api.example.com/xml.response")
	}
	if address.Scheme == "https" || address.Scheme == "http" && loopback(address.Hostname()) {
		return nil
	}
	return errors.New("must begin with https://; http:// is for 127.0.0.1, ::1 and localhost only")
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && address.Unmap().IsLoopback()
}
