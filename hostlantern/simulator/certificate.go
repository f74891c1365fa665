// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Errors of the staff's methods.
var (
	// ErrNotFound means that there is no such certificate or account.
	ErrNotFound = errors.New("not found")
	// ErrStatus means that the status of a certificate forbids the action.
	ErrStatus = errors.New("wrong status")
)

// status is the provider's own word for where a certificate is in its life.
// Expired and revoked are seen only in answers.
type status string

const (
	newPurchase   status = "newpurchase"
	newRenewal    status = "newrenewal"
	purchased     status = "purchased"
	purchaseError status = "purchaseerror"
	active        status = "active"
	replaced      status = "replaced"
	cancelled     status = "cancelled"
)

// order is what was paid for once. All certificates of its term share it.
type order struct {
	id, transaction  int64
	provider         int64 // the CA's number, set by the first activation
	account          *account
	product          *product
	years            int
	added            int // add-on domains
	start, end       time.Time
	carriedDays      int // taken over from the order that was renewed
	renewalOf        *order
	renewal          *certificate // the latest renewal bought for this order
	commonName       string
	adminEmail       string
	adminName        string
	validatedAt      map[string]time.Time // when each name was last validated
	purchasedAt      time.Time
	activationBefore time.Time
	sslcom           bool
}

// certificate is one certificate id.
type certificate struct {
	id              int64
	order           *order
	product         *product // as fulfilled
	requested       string   // spelling in the answer to create
	status          status
	listedAt        time.Time // PurchaseDate
	request         *signingRequest
	names           []*dcvName // the common name first
	approver        string     // as getInfo shows it
	unique          string
	organization    string
	opaque, newline bool // shape of the validation values
	issuedAt        time.Time
	notAfter        time.Time
	leaf            []byte // DER
	serial          string // of the leaf, lower-case hex
	replacedBy      *certificate
	replaces        *certificate
	revoked         bool
}

// slots is how many names besides the common name an order may carry.
func (o *order) slots() int {
	if o.product.coverage == multiDomain {
		return includedNames + o.added
	}
	return 0
}

// sansCount is the SANSCount attribute.
func (s *Simulator) sansCount(o *order) string {
	if s.switches.SANsCount == CountAdded {
		return strconv.Itoa(o.added)
	}
	return strconv.Itoa(o.slots())
}

func (s *Simulator) newCertificate(o *order, now time.Time, first status) *certificate {
	c := &certificate{id: next(&s.numbers.certificate), order: o, product: o.product, requested: o.product.name, status: first, listedAt: now}
	s.certificates[c.id] = c
	o.account.certificates = append(o.account.certificates, c)
	return c
}

// newOrder books an order whose charge was accepted.
func (s *Simulator) newOrder(a *account, p *product, years, added int, now time.Time) *order {
	return &order{
		account: a, product: p, years: years, added: added, purchasedAt: now,
		activationBefore: now.AddDate(0, 0, s.switches.ActivationDays), validatedAt: map[string]time.Time{},
	}
}

// termOver tells whether the paid term has ended.
func (c *certificate) termOver(now time.Time) bool {
	return !c.order.end.IsZero() && !now.Before(c.order.end)
}

// expires is the date that Expires and ExpireDate carry.
func (s *Simulator) expires(c *certificate) time.Time {
	switch {
	case c.issuedAt.IsZero():
		return time.Time{}
	case s.switches.Expires == ExpiresTerm:
		return c.order.end
	}
	return c.notAfter
}

// word is the status as answers show it, in lower case.
func (s *Simulator) word(c *certificate, now time.Time) string {
	switch {
	case s.switches.RevokedWord && c.revoked:
		return "revoked"
	case s.switches.ExpiredWord && c.status == active && c.termOver(now):
		return "expired"
	case !s.switches.LegacyStatusWords:
		return string(c.status)
	}
	switch c.status {
	case purchased:
		return "inprogress"
	case purchaseError:
		return "technicalproblem"
	case cancelled:
		return "deactivated"
	}
	return string(c.status)
}

func letterCase(word string, form LetterCase) string {
	switch form {
	case UpperCase:
		return strings.ToUpper(word)
	case LowerCase:
		return word
	}
	if mixed, known := map[string]string{
		"newpurchase": "NewPurchase", "newrenewal": "NewRenewal", "purchaseerror": "PurchaseError",
		"inprogress": "InProgress", "technicalproblem": "TechnicalProblem",
	}[word]; known {
		return mixed
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// lookup finds a certificate by the decimal id that staff or tests give.
func (s *Simulator) lookup(id string) (*certificate, error) {
	number, err := strconv.ParseInt(id, 10, 64)
	if err != nil || s.certificates[number] == nil {
		return nil, fmt.Errorf("simulator: certificate %q: %w", id, ErrNotFound)
	}
	return s.certificates[number], nil
}

// byID finds the certificate of a call. Missing, malformed and unknown ids have
// their own errors; foreign is the error for an id of another account.
func (s *Simulator) byID(c *call, maxLength int, unknown, foreign *apiError) (*certificate, *apiError) {
	text := c.get("certificateid")
	switch {
	case text == "":
		return nil, refuse("2010294", "Parameter CertificateID is Missing")
	case len(text) > maxLength:
		return nil, refuse("2013294", "Parameter CertificateID is TooLong")
	case !allDigits(text):
		return nil, refuse("2011294", "Parameter CertificateID is Invalid")
	}
	number, err := strconv.ParseInt(text, 10, 64)
	found := s.certificates[number]
	switch {
	case err != nil || found == nil:
		return nil, unknown
	case found.order.account != c.account:
		return nil, foreign
	}
	return found, nil
}

func invalidID() *apiError { return refuse("2011294", "CertificateID is invalid") }
