// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// verdict is what kind of wrong a finding is about.
type verdict string

const (
	double verdict = "double" // charged more often than anybody is entitled to
	lost   verdict = "lost"   // charged, and no service owns it, or the panel does not have it
	doubt  verdict = "doubt"  // nobody knows whether it was charged
	// together: two charges at once in an account, so that it is luck if nothing else
	// is wrong.
	together verdict = "together"
	other    verdict = "other"
)

// finding is one thing that must not be.
type finding struct {
	verdict verdict
	service string // "" if nobody knows
	text    string
}

func (f finding) String() string {
	return fmt.Sprintf("%s: service %q: %s", f.verdict, f.service, f.text)
}

// aboutMoney tells whether the reseller's balance is touched.
func (f finding) aboutMoney() bool { return f.verdict != other }

// owned is what a service has by certbridge's own account.
type owned struct {
	service           string
	additionalDomains int
	operation         string            // kind and state of what is open; "" if nothing is
	certificates      map[string]string // why it came, by certificate id
}

// claim is what a panel is entitled to for a service.
type claim struct {
	service string
	rights  rights
}

// reasons are the entries of a lineage that a charge stands behind.
var reasons = map[charge]string{purchase: "purchase", renewal: "renewal"}

// judge compares what the provider charged and holds with what services own and
// panels are entitled to. The provider's side is taken from the simulator alone.
func judge(ledger []simulator.Charge, held []simulator.Certificate, have []owned, claims []claim) []finding {
	j := &court{owners: map[string]string{}, spent: map[string]map[charge]int{}, domains: map[string]int{}}
	j.ownership(have)
	j.possession(held)
	j.money(ledger)
	for _, one := range have {
		j.service(one)
	}
	j.claims(claims, have)
	slices.SortFunc(j.findings, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.verdict, b.verdict), cmp.Compare(a.service, b.service), cmp.Compare(a.text, b.text))
	})
	return j.findings
}

type court struct {
	owners   map[string]string         // service by certificate id
	spent    map[string]map[charge]int // charges by service
	domains  map[string]int            // additional domains paid with purchases and by themselves, by service
	findings []finding
}

func (j *court) find(v verdict, service, format string, args ...any) {
	j.findings = append(j.findings, finding{v, service, fmt.Sprintf(format, args...)})
}

// ownership: a certificate belongs to one service.
func (j *court) ownership(have []owned) {
	for _, one := range have {
		for _, id := range slices.Sorted(maps.Keys(one.certificates)) {
			if first, taken := j.owners[id]; taken {
				j.find(other, one.service, "certificate %s is also of service %s", id, first)
			}
			j.owners[id] = one.service
		}
	}
}

// possession: what the provider holds belongs to somebody, and nobody has what the
// provider does not hold. All certificates of an order belong to the same service.
func (j *court) possession(held []simulator.Certificate) {
	existing, orders := map[string]bool{}, map[string]string{}
	for _, one := range held {
		existing[one.ID] = true
		owner := j.owners[one.ID]
		if owner == "" {
			j.find(lost, "", "nobody owns certificate %s (%s, %s, order %s)", one.ID, one.Product, one.Status, one.OrderID)
			continue
		}
		if first, seen := orders[one.OrderID]; seen && first != owner {
			j.find(other, owner, "certificate %s is of order %s, which belongs to service %s", one.ID, one.OrderID, first)
		}
		orders[one.OrderID] = owner
	}
	for id, owner := range j.owners {
		if !existing[id] {
			j.find(other, owner, "the provider has no certificate %s", id)
		}
	}
}

// money sums up what was charged for each service.
func (j *court) money(ledger []simulator.Charge) {
	for _, one := range ledger {
		owner := j.owners[one.CertificateID]
		if owner == "" {
			j.find(lost, "", "charge %d (%s, %s) is for certificate %s, which nobody owns", one.Sequence, one.Command, one.Amount, one.CertificateID)
			continue
		}
		if j.spent[owner] == nil {
			j.spent[owner] = map[charge]int{}
		}
		kind := charge(one.Command)
		j.spent[owner][kind]++
		if kind != renewal { // which takes the domains over
			j.domains[owner] += one.Domains
		}
	}
}

// service: a service owns as many orders and domains as were charged for it, and
// nothing of it is open.
func (j *court) service(one owned) {
	for kind, reason := range reasons {
		count := 0
		for _, why := range one.certificates {
			if why == reason {
				count++
			}
		}
		if spent := j.spent[one.service][kind]; spent != count {
			j.find(lost, one.service, "%d charges %s, but %d certificates that came by %s", spent, kind, count, reason)
		}
	}
	if paid := j.domains[one.service]; len(one.certificates) > 0 && paid != one.additionalDomains {
		j.find(lost, one.service, "%d additional domains were paid, it may use %d", paid, one.additionalDomains)
	}
	if one.operation != "" {
		v := other
		if kind, _, _ := strings.Cut(one.operation, " "); charges(kind) {
			v = doubt
		}
		j.find(v, one.service, "still open: %s", one.operation)
	}
}

// claims: each service was charged for what its panel is entitled to.
func (j *court) claims(claims []claim, have []owned) {
	known := map[string]bool{}
	for _, claim := range claims {
		known[claim.service] = true
		for _, kind := range []charge{purchase, renewal, moreDomain} {
			spent, may := j.spent[claim.service][kind], claim.rights[kind]
			switch {
			case spent > may.most:
				j.find(double, claim.service, "%d charges %s, its panel is entitled to %d", spent, kind, may.most)
			case spent < may.least:
				j.find(lost, claim.service, "%d charges %s, its panel was told of %d", spent, kind, may.least)
			}
		}
	}
	for _, one := range have {
		if !known[one.service] {
			j.find(other, one.service, "no panel ever asked for it")
		}
	}
}

// charges tells whether an operation of a kind spends money.
func charges(kind string) bool { return kind == "purchase" || kind == "renew" || kind == "add_domains" }

func TestJudgeSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	type world struct {
		charges []simulator.Charge
		held    []simulator.Certificate
		have    []owned
		claims  []claim
	}
	// One service that was bought with a domain more, renewed, and got another
	// domain; all of it right.
	right := func() world {
		return world{
			charges: []simulator.Charge{
				{Sequence: 1, Command: "ssl.create", CertificateID: "1", Domains: 1},
				{Sequence: 2, Command: "ssl.renew", CertificateID: "3", Domains: 1},
				{Sequence: 3, Command: "ssl.purchasemoresans", CertificateID: "3", Domains: 1},
			},
			held:   []simulator.Certificate{{ID: "1", OrderID: "a"}, {ID: "2", OrderID: "a"}, {ID: "3", OrderID: "b"}},
			have:   []owned{{service: "s", additionalDomains: 2, certificates: map[string]string{"1": "purchase", "2": "reissue", "3": "renewal"}}},
			claims: []claim{{"s", rights{purchase: {1, 1}, renewal: {1, 1}, moreDomain: {0, 1}}}},
		}
	}
	for name, c := range map[string]struct {
		spoil func(w *world)
		want  string // finding, or part of one
	}{
		"all is right": {func(*world) {}, ""},
		"bought twice, and both are there": {func(w *world) {
			w.charges = append(w.charges, simulator.Charge{Command: "ssl.create", CertificateID: "4"})
			w.held = append(w.held, simulator.Certificate{ID: "4", OrderID: "c"})
			w.have[0].certificates["4"] = "purchase"
		}, "double: service \"s\": 2 charges ssl.create, its panel is entitled to 1"},
		"bought twice, and one is forgotten": {func(w *world) {
			w.charges = append(w.charges, simulator.Charge{Command: "ssl.create", CertificateID: "4"})
			w.held = append(w.held, simulator.Certificate{ID: "4", OrderID: "c"})
		}, "lost: service \"\": charge 0 (ssl.create, ) is for certificate 4"},
		"a domain paid twice": {func(w *world) {
			w.charges = append(w.charges, simulator.Charge{Command: "ssl.purchasemoresans", CertificateID: "3", Domains: 1})
		}, "lost: service \"s\": 3 additional domains were paid, it may use 2"},
		"a reissue that nobody has": {func(w *world) {
			w.held = append(w.held, simulator.Certificate{ID: "5", OrderID: "b"})
		}, "nobody owns certificate 5"},
		"told, but not bought": {func(w *world) {
			w.claims[0].rights[renewal] = span{2, 2}
		}, "its panel was told of 2"},
		"one certificate, two services": {func(w *world) {
			w.have = append(w.have, owned{service: "t", certificates: map[string]string{"2": "reissue"}})
			w.claims = append(w.claims, claim{"t", rights{}})
		}, "certificate 2 is also of service s"},
		"one order, two services": {func(w *world) {
			delete(w.have[0].certificates, "2")
			w.have = append(w.have, owned{service: "t", certificates: map[string]string{"2": "reissue"}})
			w.claims = append(w.claims, claim{"t", rights{}})
		}, "which belongs to service s"},
		"made up": {func(w *world) {
			w.have[0].certificates["9"] = "reissue"
		}, "the provider has no certificate 9"},
		"open":           {func(w *world) { w.have[0].operation = "renew uncertain" }, "doubt: service \"s\": still open: renew uncertain"},
		"open, but free": {func(w *world) { w.have[0].operation = "reissue uncertain" }, "other: service \"s\": still open: reissue"},
		"nobody asked":   {func(w *world) { w.claims = nil }, "no panel ever asked for it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := right()
			c.spoil(&w)
			var found []string
			for _, one := range judge(w.charges, w.held, w.have, w.claims) {
				found = append(found, one.String())
			}
			if c.want == "" && len(found) > 0 || c.want != "" && !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}
