// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"net/url"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

// The bounds of a page.
const (
	MinPageSize = 10
	MaxPageSize = 100
)

// ListRequest asks for ssl.getList.
type ListRequest struct {
	Page     int    // from 1
	PageSize int    // MinPageSize to MaxPageSize
	ListType string // "" for all; there is no type for purchased, replaced or expired
	Search   string // part of a host name
}

// List is one page, newest purchase first.
type List struct {
	Rows  []Row
	Total int // rows of all pages
	// Unreadable counts rows without a usable id. Whoever looks for something
	// must not conclude from this page that it is not there.
	Unreadable int
}

// Row is one certificate of a list.
type Row struct {
	CertificateID    string
	HostName         string // "" before activation
	Type             string // the provider's product name
	Status           string
	Years            int // 0 if not told
	PurchasedOn      provisioning.Date
	ExpiresOn        provisioning.Date
	ActivationEndsOn provisioning.Date
	Expired          bool
	ProviderOrderID  string // "" if not told
}

// GetList reads one page of the account's certificates (ssl.getList). An answer
// with another page than the requested one is an error: a server that does not
// understand the parameter would be read in circles.
func (c *Client) GetList(ctx context.Context, request ListRequest) (List, error) {
	cmd := command{name: cmdList, results: []string{"ssllistresult"}}
	parameters := url.Values{
		"Page":     {strconv.Itoa(request.Page)},
		"PageSize": {strconv.Itoa(request.PageSize)},
		"SortBy":   {"PURCHASEDATE_DESC"},
		"ListType": {"ALL"},
	}
	if request.ListType != "" {
		parameters.Set("ListType", request.ListType)
	}
	if request.Search != "" {
		parameters.Set("SearchTerm", request.Search)
	}
	return ask(ctx, c, cmd, parameters, func(answer *reply) (List, error) { return c.readList(answer, request) })
}

func (c *Client) readList(answer *reply, request ListRequest) (List, error) {
	rows := answer.result.all("ssl")
	total, err := c.readPaging(answer, request, len(rows))
	if err != nil {
		return List{}, err
	}
	list := List{Total: total, Rows: make([]Row, 0, len(rows))}
	for _, one := range rows {
		id, ok := identifier(one.attr("certificateid"))
		if !ok {
			list.Unreadable++
			continue
		}
		list.Rows = append(list.Rows, c.readRow(answer.command, id, one))
	}
	return list, nil
}

func (c *Client) readPaging(answer *reply, request ListRequest, rows int) (int, error) {
	paging := answer.response.child("paging")
	total, ok := natural(paging.value("totalitems"))
	if !ok {
		return 0, c.broken(answer.command, "the page does not say how many rows there are")
	}
	current, ok := natural(paging.value("currentpage"))
	if !ok || current != request.Page && (total > 0 || rows > 0) {
		return 0, c.broken(answer.command, "page %q was sent instead of page %d",
			clean(paging.value("currentpage"), 10), request.Page)
	}
	// Pages of another size would be counted wrong.
	if size := paging.value("pagesize"); size != "" && size != strconv.Itoa(request.PageSize) && total > 0 {
		return 0, c.broken(answer.command, "pages have %q rows instead of %d", clean(size, 10), request.PageSize)
	}
	if rows > request.PageSize {
		return 0, c.broken(answer.command, "the page has %d rows, more than the %d of a page", rows, request.PageSize)
	}
	return total, nil
}

func (c *Client) readRow(cmd command, id string, one *node) Row {
	row := Row{
		CertificateID:    id,
		HostName:         clean(one.attr("hostname"), 253),
		Type:             clean(one.attr("ssltype"), 100),
		Status:           clean(one.attr("status"), 50),
		PurchasedOn:      c.dateOf(cmd, one.attr("purchasedate")),
		ExpiresOn:        c.dateOf(cmd, one.attr("expiredate")),
		ActivationEndsOn: c.dateOf(cmd, one.attr("activationexpiredate")),
		Expired:          truth(one.attr("isexpiredyn")),
		ProviderOrderID:  clean(one.attr("providerorderid"), 50),
	}
	row.Years, _ = natural(one.attr("years"))
	return row
}
