// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Account is credentials at one provider in one environment.
type Account struct {
	Name        string
	Provider    string // the kind of provider, as the configuration names it
	Environment Environment
	Upstream    Provider
	// Ceilings are the most that a charge may cost, by product code. A price above
	// it is not bought. Products that are not in it have none.
	Ceilings map[string]Ceiling
	// LowBalance is the balance below which a warning is given; zero: ten times the
	// price of what is being bought.
	LowBalance Money
	// Expires is what the provider's expiry dates mean; ExpiresAuto unless set.
	Expires ExpiryMeaning
	// RenewalWindow overrules what the provider says. Optional.
	RenewalWindow *RenewalWindow
}

// Ceiling is the most that one year of a product may cost, and of each
// additional domain in it.
type Ceiling struct {
	PerYear       Money
	DomainPerYear Money
}

// PurchaseMoment says when a service's first order is bought.
type PurchaseMoment string

// The moments: when the panel creates the service, or when the customer
// configures it.
const (
	PurchaseAtCreate     PurchaseMoment = "create"
	PurchaseAtActivation PurchaseMoment = "activation"
)

// Config is what a Bridge is made of. All fields are needed unless they say
// otherwise.
type Config struct {
	Store    Store
	Accounts []Account
	Now      func() time.Time
	Log      *slog.Logger
	// Purchase is PurchaseAtCreate unless set.
	Purchase PurchaseMoment
	// DueDateOffset is how many days before the end of the paid term the panel
	// shall invoice.
	DueDateOffset int
	// CallTimeout bounds one call to a provider; 100 s unless set. Issuing calls
	// were seen to take 55 s.
	CallTimeout time.Duration
	// Deadline is how long reconciliation looks for what became of an operation
	// before it needs a person; 30 minutes unless set.
	Deadline time.Duration
	// PageSize is how many certificates the synchronization asks for at once;
	// DefaultPageSize unless set.
	PageSize int
	// Daily is when the synchronization starts by itself, unless it ran not long
	// before. nil: never.
	Daily *TimeOfDay
	// Wait returns after so long, or with an error as soon as ctx ends. Optional.
	Wait func(ctx context.Context, lasting time.Duration) error
	// Reached is told each named point of a charge as it is passed, so that tests
	// can stop a process there. Optional.
	Reached func(point string)
}

const (
	defaultCallTimeout = 100 * time.Second
	defaultDeadline    = 30 * time.Minute
)

// Bridge takes the actions of panels and turns them into provider calls.
type Bridge struct {
	store       Store
	accounts    map[string]Account
	names       []string // of the accounts, in the order of the configuration
	now         func() time.Time
	log         *slog.Logger
	purchase    PurchaseMoment
	offset      int
	callTimeout time.Duration

	deadline time.Duration
	report   func(point string)
	holder   string                   // who holds the lanes that this process takes
	meters   map[string]*accountMeter // by the name of the account
	pageSize int
	daily    *TimeOfDay
	began    time.Time // when this process did
	wait     func(ctx context.Context, lasting time.Duration) error

	ids     atomic.Uint32 // counts the ids that were made
	running sync.WaitGroup
	workers workers
	runs    runWorkers
	flights sync.Map        // operation id -> *flight
	looking sync.Map        // accounts whose operations are being looked after
	dated   sync.Map        // account -> what its due dates follow
	closing chan struct{}   // closed when Close begins
	life    context.Context // ends when Close gives up waiting
	end     context.CancelFunc
}

// NewBridge makes a bridge. Close it when no more actions come.
func NewBridge(config Config) (*Bridge, error) {
	if config.Store == nil || config.Now == nil || config.Log == nil {
		return nil, errors.New("provisioning: a bridge needs a store, a clock and a log")
	}
	b := &Bridge{
		store: config.Store, accounts: make(map[string]Account, len(config.Accounts)), now: config.Now, log: config.Log,
		purchase: config.Purchase, offset: config.DueDateOffset, callTimeout: config.CallTimeout, deadline: config.Deadline,
		report: config.Reached, holder: rand.Text(), meters: map[string]*accountMeter{},
		workers: workers{working: map[string]*worker{}}, closing: make(chan struct{}),
		pageSize: cmp.Or(config.PageSize, DefaultPageSize), daily: config.Daily, began: config.Now(), wait: config.Wait,
		runs: runWorkers{working: map[string]*runWorker{}},
	}
	if b.wait == nil {
		b.wait = pause
	}
	if b.purchase == "" {
		b.purchase = PurchaseAtCreate
	}
	if b.deadline == 0 {
		b.deadline = defaultDeadline
	}
	if b.callTimeout == 0 {
		b.callTimeout = defaultCallTimeout
	}
	for _, account := range config.Accounts {
		if _, twice := b.accounts[account.Name]; twice || account.Name == "" || account.Upstream == nil {
			return nil, fmt.Errorf("provisioning: account %q is not usable: it needs a name of its own and a provider", account.Name)
		}
		b.accounts[account.Name] = account
		b.meters[account.Name] = new(accountMeter)
		b.names = append(b.names, account.Name)
	}
	b.life, b.end = context.WithCancel(context.Background())
	return b, nil
}

// Close waits until the operations under way have landed. Charges that wait for
// their lane stay recorded, for another replica or the next start. When ctx ends
// first, calls are cut off; what they did is then uncertain.
func (b *Bridge) Close(ctx context.Context) error {
	b.stopWaking()
	landed := make(chan struct{})
	go func() {
		b.running.Wait()
		close(landed)
	}()
	defer b.end()
	select {
	case <-landed:
		return nil
	case <-ctx.Done():
		b.end()
		<-landed
		return ctx.Err()
	}
}

// account finds an account by the name in the configuration.
func (b *Bridge) account(name string) (Account, error) {
	account, found := b.accounts[name]
	if !found {
		return Account{}, invalid("unknown_account", "There is no account %q in the configuration.", bounded(name))
	}
	return account, nil
}

// product finds a product of an account by its code.
func (a Account) product(code string) (Product, error) {
	for _, product := range a.Upstream.Products() {
		if product.Code == code {
			return product, nil
		}
	}
	return Product{}, invalid("unknown_product", "There is no product %q in this account.", bounded(code))
}

// sold finds what a service was sold as.
func (b *Bridge) sold(s Service) (Account, Product, error) {
	account, err := b.account(s.Account)
	if err != nil {
		return Account{}, Product{}, err
	}
	product, err := account.product(s.Product)
	return account, product, err
}
