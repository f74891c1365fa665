// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"time"
)

const (
	sandbox    = "sandbox"
	production = "production"
)

// Options is what a simulator is made of. The zero value is a sandbox with one
// account, in real time.
type Options struct {
	Environment string       // "sandbox" (default) or "production": server names, id ranges, chain length, OV/EV issuing
	Now         time.Time    // start of the simulator's clock; zero: real time
	Switches    Switches     // zero value: DefaultSwitches()
	Resolver    Resolver     // used by domain validation; nil: nothing resolves, approve by hand
	HTTPClient  *http.Client // fetches validation files; nil: a bounded default that follows no redirect
	Accounts    []Account    // nil: ApiUser "reseller", key "simulator-key", balance 1000.00 USD, any source address
	Promotions  []Promotion  // nil: DefaultPromotions()
}

// Simulator is the stand-in for the provider. Its methods may be called
// concurrently.
type Simulator struct {
	environment string
	authority   *authority
	resolver    Resolver
	httpClient  *http.Client
	commands    map[string]command
	countries   map[string]bool
	requests    *requestCache
	bounds      []keyed
	phone       *regexp.Regexp

	mu           sync.Mutex // guards everything below
	clock        clock
	switches     Switches
	accounts     map[string]*account // by lower-case ApiUser
	firstAccount *account
	promotions   map[string]*Promotion // by upper-case code
	certificates map[int64]*certificate
	ledger       []Charge
	calls        []Call
	faults       []Fault
	numbers      numbers
}

// numbers are the next ids to give out.
type numbers struct {
	certificate, order, transaction, provider int64
}

// New returns a simulator. It fails on an unknown environment, an unknown
// switch word, or an account that makes no sense.
func New(options Options) (*Simulator, error) {
	s := &Simulator{
		environment:  options.Environment,
		resolver:     options.Resolver,
		httpClient:   options.HTTPClient,
		commands:     commandTable(),
		countries:    countryCodes(),
		requests:     newRequestCache(),
		bounds:       boundsByKey(),
		phone:        phonePattern(),
		clock:        newClock(options.Now),
		switches:     options.Switches.clone(),
		accounts:     map[string]*account{},
		promotions:   map[string]*Promotion{},
		certificates: map[int64]*certificate{},
	}
	switch s.environment {
	case "", sandbox:
		s.environment = sandbox
		s.numbers = numbers{certificate: 10240001, order: 1180123, transaction: 1390456, provider: 1020304050}
	case production:
		s.numbers = numbers{certificate: 34990001, order: 7700123, transaction: 8800456, provider: 1234567890}
	default:
		return nil, fmt.Errorf("simulator: environment %q is neither %q nor %q", options.Environment, sandbox, production)
	}
	if reflect.ValueOf(options.Switches).IsZero() {
		s.switches = DefaultSwitches()
	}
	if err := s.switches.validate(); err != nil {
		return nil, err
	}
	if s.httpClient == nil {
		s.httpClient = validationClient(s.resolver)
	}
	if err := s.addAccounts(options.Accounts); err != nil {
		return nil, err
	}
	if err := s.addPromotions(options.Promotions); err != nil {
		return nil, err
	}
	var err error
	if s.authority, err = newAuthority(s.environment); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Simulator) addPromotions(promotions []Promotion) error {
	if promotions == nil {
		promotions = DefaultPromotions(s.clock.now())
	}
	for _, promotion := range promotions {
		if promotion.Code == "" || promotion.Percent < 0 || promotion.Percent > 100 {
			return fmt.Errorf("simulator: promotion %q: a code and a percentage from 0 to 100 are needed", promotion.Code)
		}
		s.promotions[strings.ToUpper(promotion.Code)] = &promotion
	}
	return nil
}

// RootPEM returns the root certificate that everything issued here chains to.
func (s *Simulator) RootPEM() []byte { return s.authority.rootPEM() }

// next returns the present value of a counter and moves it on. Other customers
// of the provider buy as well, so ids are not consecutive.
func next(counter *int64) int64 {
	value := *counter
	*counter += 1 + value*7%11
	return value
}
