// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/netip"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// panelView and keyView are what panel list prints, as a table or as JSON.
type panelView struct {
	Panel     string    `json:"panel"`
	CreatedAt time.Time `json:"created_at"`
	Keys      []keyView `json:"keys"`
}

type keyView struct {
	ID        string               `json:"id"`
	Scopes    []provisioning.Scope `json:"scopes"`
	Addresses []netip.Prefix       `json:"addresses"`
	State     string               `json:"state"` // in_force, expired or revoked
	CreatedAt time.Time            `json:"created_at"`
	ExpiresAt time.Time            `json:"expires_at,omitzero"`
	RevokedAt time.Time            `json:"revoked_at,omitzero"`
}

func panelsView(panels []provisioning.Panel, now time.Time) []panelView {
	views := make([]panelView, 0, len(panels))
	for _, panel := range panels {
		view := panelView{Panel: panel.Name, CreatedAt: panel.CreatedAt, Keys: make([]keyView, 0, len(panel.Keys))}
		for _, key := range panel.Keys {
			state := "in_force"
			switch {
			case !key.RevokedAt.IsZero():
				state = "revoked"
			case !key.InForce(now):
				state = "expired"
			}
			view.Keys = append(view.Keys, keyView{
				ID: key.ID, Scopes: key.Scopes, Addresses: append([]netip.Prefix{}, key.Addresses...), State: state,
				CreatedAt: key.CreatedAt, ExpiresAt: key.ExpiresAt, RevokedAt: key.RevokedAt,
			})
		}
		views = append(views, view)
	}
	return views
}

func (p *program) tabulatePanels(panels []panelView) error {
	if len(panels) == 0 {
		p.say("There are no panels. `certbridge panel create NAME` makes one.")
		return nil
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "PANEL\tKEY\tSTATE\tSCOPES\tADDRESSES\tCREATED\tENDS")
	for _, panel := range panels {
		for _, key := range panel.Keys {
			ends := "never"
			if !key.ExpiresAt.IsZero() {
				ends = key.ExpiresAt.Format(time.RFC3339)
			}
			if !key.RevokedAt.IsZero() {
				ends = key.RevokedAt.Format(time.RFC3339)
			}
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", panel.Panel, key.ID, key.State,
				joined(key.Scopes), orAny(joined(key.Addresses)), key.CreatedAt.Format(time.RFC3339), ends)
		}
	}
	return table.Flush()
}

func joined[T any](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	return strings.Join(texts, ",")
}

func orAny(text string) string {
	if text == "" {
		return "any"
	}
	return text
}

func orNone(text string) string {
	if text == "" {
		return "no key, none was in force"
	}
	return text
}
