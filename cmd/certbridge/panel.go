// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/mirror"
	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) panelCommand() *cobra.Command {
	group := &cobra.Command{
		Use:   "panel",
		Short: "Make, list, rotate and revoke the API keys of billing panels",
		Long: `A panel is one billing panel installation; it sees only its own services. These
commands write the database and work beside a running certbridge serve, which
sees every change with its next request.`,
		Args: cobra.NoArgs,
		RunE: help,
	}
	group.AddCommand(p.panelCreateCommand(), p.panelListCommand(), p.panelRotateCommand(), p.panelRevokeCommand())
	return group
}

func (p *program) panelCreateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "create NAME",
		Short: "Make a panel and its key, which is shown this once",
		Args:  cobra.ExactArgs(1),
	}
	scopes := command.Flags().StringSlice("scope", []string{string(provisioning.ScopeProvision)},
		"`SCOPE` of the key: read, provision (includes read) or operate (includes both)")
	addresses := command.Flags().StringSlice("address", nil,
		"`ADDRESS` or network, such as 203.0.113.9 or 2001:db8::/48, from which alone the key may be used; may be repeated")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		key, err := newPanelKey(*scopes, *addresses)
		if err != nil {
			return err
		}
		return p.withMirror(command.Context(), func(ctx context.Context, m *mirror.Mirror) error {
			token, err := createPanel(ctx, m, args[0], key, p.seams.now())
			if err != nil {
				return err
			}
			return p.sayKey(*asJSON, args[0], token, "The key of the new panel "+args[0], "")
		})
	}
	return command
}

func (p *program) panelListCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "list",
		Short: "List panels and their keys",
		Args:  cobra.NoArgs,
	}
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		return p.withMirror(command.Context(), func(ctx context.Context, m *mirror.Mirror) error {
			panels, err := m.Panels(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return p.sayJSON(panelsView(panels, p.seams.now()))
			}
			return p.tabulatePanels(panelsView(panels, p.seams.now()))
		})
	}
	return command
}

func (p *program) panelRotateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Give a panel a new key and let the present ones run out",
		Args:  cobra.ExactArgs(1),
	}
	overlap := command.Flags().Duration("overlap", 24*time.Hour, "how long the present keys go on working")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		if *overlap < 0 {
			return errors.New("--overlap cannot be negative")
		}
		return p.withMirror(command.Context(), func(ctx context.Context, m *mirror.Mirror) error {
			now := p.seams.now()
			end := now.Add(*overlap)
			token, older, err := rotatePanel(ctx, m, args[0], now, end)
			if err != nil {
				return err
			}
			return p.sayKey(*asJSON, args[0], token, "The new key of panel "+args[0], fateOf(older, now, end))
		})
	}
	return command
}

func (p *program) panelRevokeCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "revoke NAME",
		Short: "End all keys of a panel at once; its services stay",
		Args:  cobra.ExactArgs(1),
	}
	id := command.Flags().String("key", "", "end only the key with this `ID`")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		return p.withMirror(command.Context(), func(ctx context.Context, m *mirror.Mirror) error {
			revoked, err := revokeKeys(ctx, m, args[0], *id, p.seams.now())
			if err != nil {
				return err
			}
			if *asJSON {
				return p.sayJSON(map[string]any{"panel": args[0], "revoked": revoked})
			}
			p.say("Ended for panel %s: %s.", args[0], orNone(strings.Join(revoked, ", ")))
			return nil
		})
	}
	return command
}

// withMirror opens the database for one command.
func (p *program) withMirror(ctx context.Context, do func(context.Context, *mirror.Mirror) error) error {
	loaded, err := p.loadConfig()
	if err != nil {
		return err
	}
	m, err := p.openMirror(ctx, loaded.Database, mirror.Options{})
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, m), m.Close())
}

// fateOf says what becomes of a panel's older keys.
func fateOf(older []string, now, end time.Time) string {
	switch {
	case len(older) == 0:
		return "It is the only one; no older key was in force.\n"
	case end.After(now):
		return fmt.Sprintf("Older keys that work until %s at the latest: %s.\n", end.Format(time.RFC3339), strings.Join(older, ", "))
	}
	return fmt.Sprintf("Older keys that work no more: %s.\n", strings.Join(older, ", "))
}

// sayKey shows a key the only time that it is shown.
func (p *program) sayKey(asJSON bool, panel, token, whose, after string) error {
	if asJSON {
		return p.sayJSON(map[string]string{"panel": panel, "key": token})
	}
	p.say("%s, shown this once:\n\n  %s\n", whose, token)
	if after != "" {
		p.say("%s", after)
	}
	return nil
}
