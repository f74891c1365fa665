// SPDX-License-Identifier: Apache-2.0

package config

import "time"

// Config is a checked configuration. The keys of the file are in the tags; what
// they mean is in Example.
type Config struct {
	Listen          string          `mapstructure:"listen"` // host:port
	Database        Database        `mapstructure:"database"`
	Accounts        []Account       `mapstructure:"accounts"`
	Synchronization Synchronization `mapstructure:"synchronization"`
	DueDate         DueDate         `mapstructure:"due_date"`
	Purchase        Purchase        `mapstructure:"purchase"`
	Reconciliation  Reconciliation  `mapstructure:"reconciliation"`
	Log             Log             `mapstructure:"log"`
	Shutdown        Shutdown        `mapstructure:"shutdown"`

	// Warnings are things that work, but are probably not meant. Each is a
	// sentence that names the key.
	Warnings []string `mapstructure:"-"`
}

// Database says where the mirror is kept.
type Database struct {
	Driver string `mapstructure:"driver"` // DriverSQLite or DriverMySQL
	DSN    Secret `mapstructure:"dsn"`    // a path for SQLite; user:password@tcp(host:port)/name for MySQL
}

// The database drivers. DriverMySQL stands for MariaDB as well.
const (
	DriverSQLite = "sqlite"
	DriverMySQL  = "mysql"
)

// Account is credentials at one provider in one environment.
type Account struct {
	Name          string    `mapstructure:"name"`
	Provider      string    `mapstructure:"provider"`    // ProviderHostlantern
	Environment   string    `mapstructure:"environment"` // EnvironmentSandbox or EnvironmentProduction
	APIUser       string    `mapstructure:"api_user"`
	APIKey        Secret    `mapstructure:"api_key"`        // set, whether it came from here or from the file
	APIKeyFile    string    `mapstructure:"api_key_file"`   // where APIKey was read from, if it was; a relative path is completed with the directory of the file
	UserName      string    `mapstructure:"user_name"`      // "": as APIUser
	ClientIP      string    `mapstructure:"client_ip"`      // IPv4
	BaseURL       string    `mapstructure:"base_url"`       // "": the environment's documented address
	CommandPrefix string    `mapstructure:"command_prefix"` // "": the provider's documented one
	Namespace     string    `mapstructure:"namespace"`      // the only XML namespace that an answer may name; "": any
	PromotionCode string    `mapstructure:"promotion_code"` // sent with purchases and renewals
	Ceilings      []Ceiling `mapstructure:"ceilings"`       // one for each product that has one
	Budget        Budget    `mapstructure:"budget"`
	LowBalance    string    `mapstructure:"low_balance"` // amount below which the balance is low; "": not set
	Expires       string    `mapstructure:"expires"`     // what expiry dates mean: ExpiresAuto, ExpiresLeaf or ExpiresTerm; "": ExpiresAuto
	// RenewalWindow is when renewals can be bought; nil: when the provider says.
	RenewalWindow *RenewalWindow `mapstructure:"renewal_window"`
}

// Ceiling is the most that a product may cost. The amounts are decimals such as
// "10.00", above zero, in the currency of the account.
type Ceiling struct {
	Product       string `mapstructure:"product"` // product code
	PerYear       string `mapstructure:"per_year"`
	DomainPerYear string `mapstructure:"domain_per_year"` // of each additional domain; "": not set
}

// The meanings of an expiry date. ExpiresAuto finds out which it is.
const (
	ExpiresAuto = "auto"
	ExpiresLeaf = "leaf"
	ExpiresTerm = "term"
)

// RenewalWindow is when the next term can be bought, in days around the end of the
// paid term. Both are there.
type RenewalWindow struct {
	Opens  *int `mapstructure:"opens"`  // days before the end, 1 to 365
	Closes *int `mapstructure:"closes"` // days after the end, 0 to 365
}

// Budget is how many calls the provider takes from an account, by all who use its
// credentials; 0: any number.
type Budget struct {
	PerMinute int `mapstructure:"per_minute"`
	PerHour   int `mapstructure:"per_hour"`
	PerDay    int `mapstructure:"per_day"`
}

// MaxCalls is the highest limit of calls; whoever may make more has none.
const MaxCalls = 1_000_000

// The providers and environments.
const (
	ProviderHostlantern   = "hostlantern"
	EnvironmentSandbox    = "sandbox"
	EnvironmentProduction = "production"
)

// Synchronization says when and how all services are compared with the provider.
type Synchronization struct {
	// At is the time of the day, HH:MM on this machine's clock, at which it starts by
	// itself; "": never.
	At       string `mapstructure:"at"`
	PageSize int    `mapstructure:"page_size"` // certificates in a page of the provider's list, MinPageSize to MaxPageSize
}

// The bounds of a page.
const (
	MinPageSize = 10
	MaxPageSize = 100
)

// DueDate says when the panel shall invoice the next term.
type DueDate struct {
	OffsetDays int `mapstructure:"offset_days"` // days before the end of the paid term, 0 to MaxOffsetDays
}

// MaxOffsetDays is how many days before the end of a term a renewal can be
// bought at all; an invoice that was due earlier could not be turned into one.
const MaxOffsetDays = 90

// Purchase says when a service's first order is bought.
type Purchase struct {
	When string `mapstructure:"when"` // PurchaseAtCreate or PurchaseAtActivation
}

// The moments of a purchase.
const (
	PurchaseAtCreate     = "create"
	PurchaseAtActivation = "activation"
)

// Reconciliation says how certbridge finds out what became of an operation in
// doubt.
type Reconciliation struct {
	// Deadline is how long it looks before a person has to.
	Deadline time.Duration `mapstructure:"deadline"`
}

// Log says what is logged, and how it looks.
type Log struct {
	Level  string `mapstructure:"level"`  // "debug", "info", "warn" or "error"
	Format string `mapstructure:"format"` // LogAuto, LogJSON or LogConsole
}

// The log formats. LogAuto is for a terminal LogConsole and else LogJSON.
const (
	LogAuto    = "auto"
	LogJSON    = "json"
	LogConsole = "console"
)

// Shutdown says how certbridge stops.
type Shutdown struct {
	// Grace is how long running requests and operations may take to end.
	Grace time.Duration `mapstructure:"grace"`
}
