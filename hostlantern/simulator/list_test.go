// SPDX-License-Identifier: Apache-2.0

package simulator_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// idsIn reads the ids of a list in the order of its rows.
func idsIn(body string) []string {
	var ids []string
	for _, row := range strings.Split(body, `<SSL CertificateID="`)[1:] {
		id, _, _ := strings.Cut(row, `"`)
		ids = append(ids, id)
	}
	return ids
}

func TestAListIsPaged(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	var bought []string
	for range 23 {
		bought = append(bought, w.bought("PositiveSSL"))
		w.sim.Advance(time.Minute)
	}
	for _, one := range []struct {
		pairs      []string
		size, page string
		want       []string
	}{
		{nil, "20", "1", bought[:20]},
		{[]string{"Page", "2"}, "20", "2", bought[20:]},
		{[]string{"Page", "2", "PageSize", "22"}, "22", "2", bought[22:]}, // one row
		{[]string{"Page", "3"}, "20", "3", nil},
		{[]string{"PageSize", "3"}, "10", "1", bought[:10]},
		{[]string{"PageSize", "1000"}, "100", "1", bought},
		{[]string{"CurrentPage", "2"}, "20", "1", bought[:20]}, // not the name of the parameter
		{[]string{"Page", "-1", "PageSize", "x"}, "20", "1", bought[:20]},
	} {
		body := w.okay("ssl.getList", one.pairs...)
		if got := idsIn(body); !slices.Equal(got, one.want) {
			t.Errorf("%q: %q, want %q", one.pairs, got, one.want)
		}
		contains(t, body, "</SSLListResult><Paging>"[len("</SSLListResult>"):]+"<TotalItems>23</TotalItems><CurrentPage>"+one.page+"</CurrentPage><PageSize>"+one.size+"</PageSize></Paging></CommandResponse>")
	}
}

func TestAListIsSortedAndFiltered(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	b := w.issued("PositiveSSL", "b.example.com")
	w.days(1)
	a := w.pending("EssentialSSL", "a.example.com")
	w.days(1)
	fresh := w.bought("PositiveSSL")
	for by, want := range map[string][]string{
		"": {b, a, fresh}, "PURCHASEDATE": {b, a, fresh}, "purchasedate_desc": {fresh, a, b}, "SSLTYPE": {a, b, fresh},
		"SSLTYPE_DESC": {fresh, b, a}, "EXPIREDATETIME_DESC": {b, fresh, a}, "EXPIREDATETIME": {a, fresh, b},
		"Host_Name": {fresh, a, b}, "Host_Name_DESC": {b, a, fresh},
	} {
		if got := idsIn(w.okay("ssl.getList", "SortBy", by)); !slices.Equal(got, want) {
			t.Errorf("SortBy %q: %q, want %q", by, got, want)
		}
	}
	for filter, want := range map[string][]string{
		"ALL": {b, a, fresh}, "active": {b}, "NEWPURCHASE": {fresh}, "NewRenewal": nil, "Cancelled": nil, "Processing": nil,
		"EmailSent": nil, "TechnicalProblem": nil, "InProgress": nil, "Completed": nil, "Deactivated": nil,
	} {
		if got := idsIn(w.okay("ssl.getList", "ListType", filter)); !slices.Equal(got, want) {
			t.Errorf("ListType %q: %q, want %q", filter, got, want)
		}
	}
	if got := idsIn(w.okay("ssl.getList", "SearchTerm", "A.example")); !slices.Equal(got, []string{a}) {
		t.Errorf("SearchTerm: %q", got)
	}
}

func TestRowsMoveWhileAListIsRead(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05", with(func(s *simulator.Switches) { s.ListChanges = true }))
	for range 15 {
		w.bought("PositiveSSL")
	}
	w.sim.Advance(time.Hour)
	first := idsIn(w.okay("ssl.getList", "PageSize", "10", "SortBy", "PURCHASEDATE_DESC"))
	second := idsIn(w.okay("ssl.getList", "PageSize", "10", "SortBy", "PURCHASEDATE_DESC", "Page", "2"))
	if first[9] != second[0] {
		t.Errorf("the last row of page one, %s, is not the first of page two, %s", first[9], second[0])
	}
}

func TestARowSaysWhenItsFileIsOver(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-04-01")
	w.issued("PositiveSSL", "example.com")
	w.days(201) // the file is over, the term is not
	contains(t, w.okay("ssl.getList"), `ExpireDate="10/18/2026" ActivationExpireDate="" IsExpiredYN="true" Status="active"`)
	w.days(200)
	contains(t, w.okay("ssl.getList"), `IsExpiredYN="true" Status="expired"`)
}

func TestPricesFollowTermAndAction(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	body := w.okay("users.getPricing", "ProductType", "SSLCERTIFICATE", "ProductCategory", "COMODO", "ActionName", "PURCHASE", "ProductName", "PositiveSSL")
	contains(t, body, `<UserGetPricingResult><ProductType Name="ssl"><ProductCategory Name="purchase"><Product Name="positivessl">`,
		`<Price Duration="1" DurationType="YEAR" Price="7.88" PricingType="MULTIPLE" RegularPrice="7.88" RegularPriceType="MULTIPLE" YourPrice="7.88" YourPriceType="MULTIPLE" PromotionPrice="0.0" Currency="USD" />`)
	lacks(t, body, "renew", "essentialssl", "positivessl-wildcard")
	for years := 1; years <= 5; years++ {
		term := strconv.Itoa(years)
		_, row, _ := strings.Cut(body, `Duration="`+term+`"`)
		each, err := strconv.ParseFloat(attribute(t, row, "Price"), 64)
		if err != nil {
			t.Fatal(err)
		}
		want := strconv.FormatFloat(each*float64(years), 'f', 2, 64) + "00"
		if got := attribute(t, w.okay("ssl.create", "Type", "PositiveSSL", "Years", term), "ChargedAmount"); got != want {
			t.Errorf("%d years: charged %s, want %s", years, got, want)
		}
	}
	all := w.okay("users.getPricing", "ProductType", "sslcertificate", "PromotionCode", "simulator10")
	contains(t, all, `<ProductCategory Name="renew">`, `"positivessl-multi-domain-moresans"`, `PricingType="ABSOLUTE"`, `Price="7.09"`, `PromotionPrice="7.09"`)
	lacks(t, all, `"standard-ssl"`)
	w.sim.SetTime(day("2026-07-11"))
	contains(t, w.okay("users.getPricing", "ProductType", "SSLCERTIFICATE"), `"standard-ssl"`)
}

func TestAddOnDomainsArePaidForTheTerm(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-01-05")
	body := w.okay("ssl.create", "Type", "PositiveSSL Multi Domain", "Years", "1", "SANStoADD", "2")
	if amount := attribute(t, body, "ChargedAmount"); amount != "47.6400" { // 23.88 and twice 11.88
		t.Errorf("charged %s", amount)
	}
	id := attribute(t, body, "CertificateID")
	body = w.okay("ssl.purchasemoresans", "CertificateID", id, "NumberOfSANSToAdd", "3")
	contains(t, body, `IsSuccess="true"`, `ChargedAmount="35.6400"`, `SANSCount="7"`)
	if charge := w.sim.Ledger()[1]; charge.Domains != 3 || charge.Command != "ssl.purchasemoresans" || charge.CertificateID != id {
		t.Errorf("%+v", charge)
	}
	if balance, err := w.sim.Balance("Reseller"); err != nil || balance != "916.7200" {
		t.Errorf("balance %s, %v", balance, err)
	}
}

// What was sold under an old name is fulfilled under the new one from the day
// of the replacement.
func TestProductsAreReplacedByDate(t *testing.T) {
	t.Parallel()
	w := open(t, "2026-07-10")
	old := w.bought("PositiveSSL")
	w.refused("2011301", "Parameter Type is not valid", "ssl.create", "Years", "1", "Type", "SAN Certificate")
	w.days(1)
	for name, want := range map[string]string{
		"positivessl": "Standard SSL", "EssentialSSL": "Standard SSL", "InstantSSL Pro": "High Assurance SSL", "PremiumSSL": "High Assurance SSL",
		"PositiveSSL Wildcard": "Standard Wildcard SSL", "PremiumSSL Wildcard": "OV Wildcard SSL", "PositiveSSL Multi Domain": "SAN Certificate",
		"Unified Communications": "OV Multi-domain SSL", "Multi Domain SSL": "OV Multi-domain SSL", "EV Multi Domain SSL": "EV Multi-Domain SSL",
		"EV SSL": "EV SSL", "standard ssl": "standard ssl",
	} {
		if got := attribute(t, w.okay("ssl.create", "Years", "1", "Type", name), "SSLType"); got != want {
			t.Errorf("%s was sold as %s, want %s", name, got, want)
		}
	}
	contains(t, w.okay("ssl.getInfo", "CertificateID", old), `Type="positivessl"`)
	w.okay("ssl.activate", "CertificateID", old, "CSR", csr(t, "example.com"), "DNSDCValidation", "true")
	contains(t, w.okay("ssl.getInfo", "CertificateID", old), `Type="standard ssl"`, `<Name>SSLCOM</Name>`)
}
