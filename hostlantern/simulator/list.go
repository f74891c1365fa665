// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// manyRows is how many rows an account has at least under ListMany.
const manyRows = 250

// list is ssl.getList.
func (s *Simulator) list(c *call, x *xmlWriter) *apiError {
	filter := strings.ToLower(c.get("listtype"))
	switch filter {
	case "", "all", "processing", "emailsent", "technicalproblem", "inprogress", "completed", "deactivated",
		"active", "cancelled", "newpurchase", "newrenewal":
	default:
		return refuse("2011272", "ListType is invalid")
	}
	page := max(1, number(c.get("page"), 1))
	size := min(100, max(10, number(c.get("pagesize"), 20)))
	s.stirList(c, page)
	rows := s.sorted(c, filter)
	switch s.switches.List {
	case ListEmpty:
		rows = nil
	case ListSingle:
		rows = rows[:min(1, len(rows))]
	case ListTwo:
		rows = rows[:min(2, len(rows))]
	}
	if first := (page - 1) * size; page > 1 && first >= len(rows) {
		switch s.switches.PageBeyondEnd {
		case BeyondError:
			return refuse("5050900", "Unhandled exceptions")
		case BeyondLastPage:
			page = max(1, (len(rows)+size-1)/size)
		}
	}
	first := min((page-1)*size, len(rows))
	s.writeRows(c, x, rows[first:min(first+size, len(rows))])
	x.open("Paging")
	x.element("TotalItems", strconv.Itoa(len(rows)))
	x.element("CurrentPage", strconv.Itoa(page))
	x.element("PageSize", strconv.Itoa(size))
	x.close("Paging")
	return nil
}

// number reads a parameter of up to nine digits; anything else is the fallback.
func number(text string, fallback int) int {
	if value, err := strconv.Atoi(text); err == nil && allDigits(text) && len(text) <= 9 {
		return value
	}
	return fallback
}

// stirList makes the account's list longer where switches ask for it, by
// purchases that nobody pays.
func (s *Simulator) stirList(c *call, page int) {
	p := s.current(productNamed("PositiveSSL"), c.now)
	missing := 0
	if s.switches.List == ListMany {
		missing = manyRows - len(c.account.certificates)
	}
	if s.switches.ListChanges && page > 1 {
		missing = max(1, missing)
	}
	for range max(0, missing) {
		booked := s.newOrder(c.account, p, 1, 0, c.now)
		booked.id, booked.transaction = next(&s.numbers.order), next(&s.numbers.transaction)
		s.newCertificate(booked, c.now, newPurchase)
	}
}

// sorted are the rows that a call asks for, in its order.
func (s *Simulator) sorted(c *call, filter string) []*certificate {
	all := (filter == "" || filter == "all") && c.get("searchterm") == ""
	if all && strings.EqualFold(c.get("sortby"), "purchasedate_desc") {
		return c.account.byPurchase()
	}
	rows := s.rows(c, filter)
	sortRows(rows, c.get("sortby"))
	return rows
}

// byPurchase are all certificates, the newest first. They are sorted when one has
// come: neither their dates nor their ids ever change, and there may be many.
func (a *account) byPurchase() []*certificate {
	if len(a.newestFirst) != len(a.certificates) {
		a.newestFirst = slices.Clone(a.certificates)
		sortRows(a.newestFirst, "purchasedate_desc")
	}
	return a.newestFirst
}

func (s *Simulator) rows(c *call, filter string) []*certificate {
	term := lower(c.get("searchterm"))
	rows := make([]*certificate, 0, len(c.account.certificates))
	for _, one := range c.account.certificates {
		if filter != "" && filter != "all" && s.word(one, c.now) != filter {
			continue
		}
		if term == "" || strings.Contains(one.hostName(), term) || strings.Contains(lower(one.product.name), term) {
			rows = append(rows, one)
		}
	}
	return rows
}

// hostName is the common name, from the activation on.
func (c *certificate) hostName() string {
	if c.request == nil || c.status == newPurchase || c.status == newRenewal {
		return ""
	}
	return c.request.commonName
}

// sortRows orders rows; an unknown or missing SortBy is the date of purchase.
// Equal rows are ordered by id, in the same direction.
func sortRows(rows []*certificate, by string) {
	field, descending := strings.CutSuffix(strings.ToLower(by), "_desc")
	slices.SortFunc(rows, func(a, b *certificate) int {
		var order int
		switch field {
		case "ssltype":
			order = cmp.Compare(a.product.name, b.product.name)
		case "expiredatetime":
			order = a.notAfter.Compare(b.notAfter)
		case "host_name":
			order = cmp.Compare(a.hostName(), b.hostName())
		default:
			order = a.listedAt.Compare(b.listedAt)
		}
		order = cmp.Or(order, cmp.Compare(a.id, b.id))
		if descending {
			return -order
		}
		return order
	})
}

func (s *Simulator) writeRows(c *call, x *xmlWriter, rows []*certificate) {
	if len(rows) == 0 {
		x.empty("SSLListResult")
		return
	}
	x.open("SSLListResult")
	for _, one := range rows {
		x.empty("SSL", s.rowAttributes(c.now, one)...)
	}
	x.close("SSLListResult")
}

func (s *Simulator) rowAttributes(now time.Time, one *certificate) []string {
	expires, deadline := s.expires(one), time.Time{}
	if one.status == newPurchase || one.status == newRenewal {
		deadline = one.order.activationBefore
	}
	over := !expires.IsZero() && !now.Before(expires)
	attributes := []string{
		"CertificateID", decimal(one.id), "HostName", one.hostName(), "SSLType", one.product.name,
		"PurchaseDate", wireDate(one.listedAt, s.switches.ListDates), "ExpireDate", wireDate(expires, s.switches.ListDates),
		"ActivationExpireDate", wireDate(deadline, s.switches.ListDates), "IsExpiredYN", strconv.FormatBool(over),
		"Status", letterCase(s.word(one, now), s.switches.ListStatusCase),
	}
	if s.switches.ProviderOrderID && one.order.provider != 0 {
		attributes = append(attributes, "ProviderOrderID", decimal(one.order.provider))
	}
	if s.switches.YearsAttribute {
		attributes = append(attributes, "Years", strconv.Itoa(one.order.years))
	}
	return attributes
}
