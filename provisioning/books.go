// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	servicesPage   = 200
	operationsPage = 200
	ownersPage     = 500
)

// books is our side of an account's money: what services own, and what the
// journal says was charged for it. It holds ids and amounts only, so that a
// hundred thousand services fit into memory.
type books struct {
	holdings []holding
	charges  []charge
	owners   map[string]Owner // by certificate ID
	orders   map[string]Owner // by order ID
}

// holding is what one service owns.
type holding struct {
	owner             Owner
	product           string
	commonName        string // of the newest certificate that has one
	additionalDomains int
	orders            []heldOrder       // oldest first
	awaiting          []heldCertificate // what is bought and not configured yet
}

type heldOrder struct {
	Order
	certificateID string // the first of its certificates
	void          bool
}

type heldCertificate struct {
	id, orderID      string
	activationEndsOn Date
}

// charge is a journal entry that spent money, or may have.
type charge struct {
	operationID string
	kind        OperationKind
	state       OperationState
	owner       Owner
	product     string // "" if the request does not name it
	result      OperationResult
	authorised  Money
	on          Date      // when it was sent; zero if it was not
	since       time.Time // likewise
	givenUp     bool
	domains     int // additional names that it bought
	noted       bool
	newest      []string // certificates that were there before it; kept while it is open
}

// readBooks reads what the store knows of an account.
func (b *Bridge) readBooks(ctx context.Context, account string, list listing) (books, error) {
	kept := books{owners: map[string]Owner{}, orders: map[string]Owner{}}
	if err := b.readHoldings(ctx, account, &kept); err != nil {
		return books{}, err
	}
	if err := b.readCharges(ctx, account, &kept); err != nil {
		return books{}, err
	}
	if err := b.askOwners(ctx, account, &kept, list); err != nil {
		return books{}, err
	}
	return kept, b.askDomains(ctx, &kept)
}

func (b *Bridge) readHoldings(ctx context.Context, account string, kept *books) error {
	for after := int64(0); ; {
		page, err := b.store.AccountServices(ctx, account, after, servicesPage)
		if err != nil {
			return fmt.Errorf("ledger: services: %w", err)
		}
		for i := range page {
			kept.hold(&page[i])
		}
		if len(page) == 0 || page[len(page)-1].ID <= after {
			return nil
		}
		after = page[len(page)-1].ID
	}
}

// hold notes what a service owns.
func (k *books) hold(s *Service) {
	h := holding{owner: Owner{s.Panel, s.ServiceID}, product: s.Product, additionalDomains: s.AdditionalDomains}
	for _, order := range s.Orders {
		held := heldOrder{Order: order, void: s.void(order.OrderID)}
		first := slices.IndexFunc(s.Certificates, func(c Certificate) bool { return c.OrderID == order.OrderID })
		if first >= 0 {
			held.certificateID = s.Certificates[first].CertificateID
		}
		h.orders = append(h.orders, held)
		k.orders[order.OrderID] = h.owner
	}
	for _, certificate := range s.Certificates {
		k.owners[certificate.CertificateID] = h.owner
		if certificate.CommonName != "" {
			h.commonName = certificate.CommonName
		}
		if certificate.Status == StatusAwaitingConfiguration {
			h.awaiting = append(h.awaiting, heldCertificate{
				id: certificate.CertificateID, orderID: certificate.OrderID, activationEndsOn: certificate.ActivationEndsOn,
			})
		}
	}
	if len(h.orders) > 0 || len(s.Certificates) > 0 {
		k.holdings = append(k.holdings, h)
	}
}

func (b *Bridge) readCharges(ctx context.Context, account string, kept *books) error {
	query := OperationQuery{Account: account, Kinds: chargingKinds(), Limit: operationsPage}
	return b.eachOperation(ctx, query, func(o Operation) {
		if spent, ok := chargeOf(o); ok {
			kept.charges = append(kept.charges, spent)
		}
	})
}

// eachOperation reads operations page by page.
func (b *Bridge) eachOperation(ctx context.Context, query OperationQuery, each func(Operation)) error {
	for {
		page, err := b.store.Operations(ctx, query)
		if err != nil {
			return fmt.Errorf("operations: %w", err)
		}
		for _, operation := range page {
			each(operation)
		}
		if len(page) == 0 || page[len(page)-1].ID <= query.After {
			return nil
		}
		query.After = page[len(page)-1].ID
	}
}

// chargeOf reads a journal entry; ok is false if it certainly spent nothing.
func chargeOf(o Operation) (spent charge, ok bool) {
	var asked chargeRequest
	if json.Unmarshal([]byte(o.Request), &asked) != nil {
		asked = chargeRequest{} // the amounts and ids matter more than what was asked
	}
	spent = charge{
		operationID: o.ID, kind: o.Kind, state: o.State, owner: Owner{o.Panel, o.ServiceID}, result: o.Result,
		product: asked.Product, domains: asked.domainsAskedFor(o.Kind), since: o.SentAt, givenUp: o.gaveUp(),
	}
	if !o.SentAt.IsZero() {
		spent.on = DateOf(o.SentAt.UTC())
	}
	if o.Noted != nil {
		spent.noted, spent.authorised = true, o.Noted.Authorised
		if o.State.Open() {
			spent.newest = o.Noted.Newest
		}
	}
	return spent, o.State != OperationRefused || spent.givenUp
}

// gaveUp tells whether an operation was closed without anybody knowing what
// became of it.
func (o *Operation) gaveUp() bool {
	return o.State == OperationRefused && o.Decision != nil && o.Decision.Verdict == VerdictGiveUp
}

// chargeRequest is what the journal says of the requests of all charges; see
// PurchaseRequest, RenewalRequest and AddDomainsRequest.
type chargeRequest struct {
	Product           string `json:"product"`
	AdditionalDomains int    `json:"additional_domains"`
	Domains           int    `json:"domains"`
}

// domainsAskedFor is how many additional names an operation was to buy.
func (r chargeRequest) domainsAskedFor(kind OperationKind) int {
	if kind == OperationAddDomains {
		return r.Domains
	}
	return r.AdditionalDomains
}

// askOwners asks once more for the owners of what seems to be nobody's: it may
// have been stored since the services were read.
func (b *Bridge) askOwners(ctx context.Context, account string, kept *books, list listing) error {
	asked := map[string]bool{}
	for id := range list.rows {
		if _, owned := kept.owners[id]; !owned {
			asked[id] = true
		}
	}
	for _, c := range kept.charges {
		if _, owned := kept.owners[c.result.CertificateID]; !owned && c.result.CertificateID != "" {
			asked[c.result.CertificateID] = true
		}
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(asked)), ownersPage) {
		found, err := b.store.Owners(ctx, account, ids)
		if err != nil {
			return fmt.Errorf("ledger: owners: %w", err)
		}
		maps.Copy(kept.owners, found)
	}
	return nil
}

// askDomains reads once more how many names services have that seem to have
// bought some of them twice: the journal was read after the services.
func (b *Bridge) askDomains(ctx context.Context, kept *books) error {
	for _, i := range kept.overBought() {
		h := &kept.holdings[i]
		s, err := b.store.Service(ctx, h.owner.Panel, h.owner.ServiceID)
		if err != nil {
			return fmt.Errorf("ledger: service %s: %w", h.owner.ServiceID, err)
		}
		h.additionalDomains = s.AdditionalDomains
	}
	return nil
}
