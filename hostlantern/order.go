// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

// Order is the answer to the three commands that charge: create, renew and
// purchasemoresans. CertificateID is always there and usable; everything else is
// zero where the answer lacks it or it cannot be read, because the money is
// spent and the id must not be lost over a detail.
type Order struct {
	CertificateID string
	OrderID       string
	TransactionID string
	Charged       provisioning.Money
	Created       provisioning.Date // US Eastern
	Type          string            // the provider's product name; not always the one that was ordered
	Years         int
	Status        string
	SANsCount     int // after purchasemoresans
}

// CreateRequest asks for ssl.create.
type CreateRequest struct {
	Type     string // the provider's product name
	Years    int    // 1 to 5
	MoreSANs int    // names beyond the included ones, for multi-domain products
}

// Create buys a certificate (ssl.create). It charges the account.
func (c *Client) Create(ctx context.Context, request CreateRequest) (Order, error) {
	cmd := command{name: cmdCreate, write: true, results: []string{"sslcreateresult"}, declares: true}
	parameters := url.Values{"Type": {request.Type}, "Years": {strconv.Itoa(request.Years)}}
	if request.MoreSANs > 0 {
		parameters.Set("SANStoADD", strconv.Itoa(request.MoreSANs))
	}
	c.promote(parameters)
	return ask(ctx, c, cmd, parameters, c.readOrder)
}

// RenewRequest asks for ssl.renew.
type RenewRequest struct {
	CertificateID string // the certificate that is renewed
	Type          string // the product name of that certificate
	Years         int    // 1 to 5
}

// Renew buys the next term (ssl.renew). It charges the account. The answer's
// CertificateID is meant to be a new one; old servers repeated the one that was
// sent, so compare.
func (c *Client) Renew(ctx context.Context, request RenewRequest) (Order, error) {
	// The one command with a result and no IsSuccess.
	cmd := command{name: cmdRenew, write: true, results: []string{"sslrenewresult"}}
	parameters := url.Values{
		"CertificateID": {request.CertificateID},
		"SSLType":       {request.Type},
		"Years":         {strconv.Itoa(request.Years)},
	}
	c.promote(parameters)
	return ask(ctx, c, cmd, parameters, c.readOrder)
}

// PurchaseMoreSANs buys room for more names (ssl.purchasemoresans). It charges
// the account. What SANsCount counts in the answer, all names or only the added
// ones, is not documented; differences are safe to use.
func (c *Client) PurchaseMoreSANs(ctx context.Context, certificateID string, more int) (Order, error) {
	cmd := command{name: cmdMoreSANs, write: true, results: []string{"sslpurchasemoresansresult"}, declares: true}
	parameters := url.Values{
		"CertificateID":     {certificateID},
		"NumberOfSANSToAdd": {strconv.Itoa(more)},
	}
	return ask(ctx, c, cmd, parameters, func(answer *reply) (Order, error) {
		order, err := c.readOrder(answer)
		if err == nil && order.CertificateID != certificateID {
			return Order{}, c.broken(cmd, "the answer is for certificate %s", order.CertificateID)
		}
		return order, err
	})
}

func (c *Client) promote(parameters url.Values) {
	if c.config.PromotionCode != "" {
		parameters.Set("PromotionCode", c.config.PromotionCode)
	}
}

// readOrder reads the charge from the result and the certificate from the
// SSLCertificate inside of it; renew, and some servers elsewhere too, write
// everything on the result itself.
func (c *Client) readOrder(answer *reply) (Order, error) {
	result, cmd := answer.result, answer.command
	certificates := result.all("sslcertificate")
	if len(certificates) > 1 {
		return Order{}, c.broken(cmd, "the answer names %d certificates", len(certificates))
	}
	places := append(certificates, result)
	field := func(name string) string {
		for _, place := range places {
			if value := place.attr(name); value != "" {
				return value
			}
		}
		return ""
	}
	id, ok := identifier(field("certificateid"))
	if !ok {
		return Order{}, c.broken(cmd, "the answer has no usable certificate id")
	}
	if other := result.attr("certificateid"); other != "" && other != id {
		return Order{}, c.broken(cmd, "the answer has two certificate ids")
	}
	charged, err := money(field("chargedamount"), c.config.Currency)
	if err != nil {
		c.tolerated(cmd, err)
	}
	order := Order{
		CertificateID: id,
		Charged:       charged,
		Created:       c.dateOf(cmd, field("created")),
		Type:          clean(field("ssltype"), 100),
		Status:        clean(field("status"), 50),
	}
	order.OrderID, _ = identifier(field("orderid"))
	order.TransactionID, _ = identifier(field("transactionid"))
	order.Years, _ = natural(field("years"))
	order.SANsCount, _ = natural(field("sanscount"))
	return order, nil
}
