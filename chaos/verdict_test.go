// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"slices"
)

// verdict reads what everybody has, and judges.
func (a *act) verdict(ctx context.Context) ([]finding, error) {
	if err := a.serve(ctx); err != nil {
		return nil, err
	}
	have, err := a.owned(ctx)
	if err != nil {
		return nil, err
	}
	var claims []claim
	for _, one := range a.shop.all() {
		claims = append(claims, claim{one.id, one.entitled})
	}
	charges, held := a.provider.Ledger(), a.provider.Certificates()
	found := judge(charges, held, have, claims)
	booked, err := a.books(ctx, charges)
	if err != nil {
		return nil, err
	}
	found = slices.Concat(found, booked, a.provider.crowded())
	for _, one := range a.shop.restless() {
		name := "nothing"
		if w := one.wanted(); w != nil {
			name = w.name
		}
		found = append(found, finding{other, one.id, "not settled; wished for: " + name})
	}
	a.count.add(a.shop.all(), charges, held, found, a.provider.soFar())
	if len(found) > 0 {
		a.explain(ctx, found)
	}
	return found, a.stop()
}

// owned asks certbridge what the services have.
func (a *act) owned(ctx context.Context) ([]owned, error) {
	var list []owned
	for after := ""; ; {
		var page struct {
			Services []view
			Next     *string
		}
		if err := a.shop.panel.read(ctx, "/v1/services?limit=500&after="+after, &page); err != nil {
			return nil, err
		}
		for _, v := range page.Services {
			one := owned{service: v.ServiceID, additionalDomains: v.AdditionalDomains, certificates: map[string]string{}}
			if v.Operation != nil {
				one.operation = v.Operation.Kind + " " + v.Operation.State + " " + v.Operation.ID
			}
			var lineage struct {
				Certificates []struct {
					ID     string `json:"certificate_id"`
					Reason string
				}
			}
			if err := a.shop.panel.read(ctx, "/v1/services/"+v.ServiceID+"/certificates", &lineage); err != nil {
				return nil, err
			}
			for _, certificate := range lineage.Certificates {
				one.certificates[certificate.ID] = certificate.Reason
			}
			list = append(list, one)
		}
		if page.Next == nil {
			return list, nil
		}
		after = *page.Next
	}
}
