// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/provisioning"
)

func (p *program) unlinkedCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "unlinked",
		Short: "Show certificates that no service owns, and link or dismiss them",
		Long: `Lists certificates that the provider holds and no service owns, as the last
synchronization saw them. They were bought in the provider's own pages, by another
program, or before certbridge: link them to the services that they were bought for,
or dismiss them.

What nobody can use any more (replaced, expired, cancelled, revoked) is left out,
and so is what was dismissed.

` + besideServe,
		Args: cobra.NoArgs,
	}
	p.listUnlinked(command)
	list := &cobra.Command{Use: "list", Short: "The same as without it", Args: cobra.NoArgs}
	p.listUnlinked(list)
	command.AddCommand(list, p.linkCommand(), p.dismissCommand())
	return command
}

const besideServe = "It works beside a running certbridge serve."

// listUnlinked has a command list what no service owns.
func (p *program) listUnlinked(command *cobra.Command) {
	account := command.Flags().String("account", "", "only of the account `NAME`")
	dismissed := command.Flags().Bool("dismissed", false, "also those that were dismissed")
	worthless := command.Flags().Bool("worthless", false, "also those that nobody can use any more")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, _ []string) error {
		query := provisioning.UnlinkedQuery{Account: *account, Dismissed: *dismissed, Worthless: *worthless}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.listUnlinked(ctx, query, *asJSON)
		})
	}
}

// unlinkedView is an unlinked certificate, as a table and as JSON.
type unlinkedView struct {
	Account         string `json:"account"`
	CertificateID   string `json:"certificate_id"`
	Status          string `json:"status"`
	Product         string `json:"product,omitempty"`
	ProviderProduct string `json:"provider_product"`
	Years           int    `json:"years,omitempty"`
	CommonName      string `json:"common_name,omitempty"`
	PurchasedOn     string `json:"purchased_on,omitempty"` // YYYY-MM-DD
	ExpiresOn       string `json:"expires_on,omitempty"`   // YYYY-MM-DD
	DismissedBy     string `json:"dismissed_by,omitempty"`
	DismissedNote   string `json:"dismissed_note,omitempty"`
}

func (r *reconciler) listUnlinked(ctx context.Context, query provisioning.UnlinkedQuery, asJSON bool) error {
	query.Limit = 100
	views := []unlinkedView{}
	for {
		page, err := r.bridge.Unlinked(ctx, query)
		if err != nil {
			return plainly(err)
		}
		for _, l := range page {
			views = append(views, unlinkedView{
				Account: l.Account, CertificateID: l.CertificateID, Status: string(l.Status), Product: l.Product,
				ProviderProduct: l.ProviderProduct, Years: l.Years, CommonName: l.CommonName,
				PurchasedOn: dateText(l.PurchasedOn), ExpiresOn: dateText(l.ExpiresOn), DismissedBy: l.DismissedBy, DismissedNote: l.DismissedNote,
			})
		}
		if len(page) < query.Limit {
			break
		}
		query.After = page[len(page)-1].Place()
	}
	if asJSON {
		return r.sayJSON(map[string]any{"certificates": views})
	}
	return r.tabulateUnlinked(views)
}

func (p *program) tabulateUnlinked(views []unlinkedView) error {
	if len(views) == 0 {
		p.say("Every certificate that a synchronization saw belongs to a service.")
		return nil
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ACCOUNT\tCERTIFICATE\tSTATUS\tPRODUCT\tYEARS\tNAME\tBOUGHT\tDISMISSED BY")
	for _, v := range views {
		years := ""
		if v.Years > 0 {
			years = strconv.Itoa(v.Years)
		}
		product := v.Product
		if product == "" {
			product = v.ProviderProduct
		}
		for i, cell := range []string{v.Account, v.CertificateID, spaced(v.Status), product, years, v.CommonName, v.PurchasedOn, v.DismissedBy} {
			if i > 0 {
				_, _ = fmt.Fprint(table, "\t")
			}
			_, _ = fmt.Fprint(table, printable(cell))
		}
		_, _ = fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	p.say("\nLink one: %s unlinked link ACCOUNT CERTIFICATE PANEL SERVICE\nDismiss one: %s unlinked dismiss ACCOUNT CERTIFICATE", p.ownName(), p.ownName())
	return nil
}

// signedFlags give a command --by and --note.
func signedFlags(command *cobra.Command) (by, note *string) {
	by = command.Flags().String("by", "", "`NAME` of who decided (default: the user of the operating system)")
	return by, command.Flags().String("note", "", "`TEXT` that says why, kept with the decision")
}

// signed is who decides, as the audit trail has it.
func signed(by string) (string, error) {
	if by == "" {
		name, err := whoami()
		if err != nil {
			return "", err
		}
		by = name
	}
	return "operator:" + by, nil
}

func (p *program) linkCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "link ACCOUNT CERTIFICATE PANEL SERVICE",
		Short: "Give an unlinked certificate to a service",
		Long: `Gives a certificate that the provider holds to a service of a panel. The service
is made if the panel has none with this id. certbridge asks the provider about the
certificate first, and refuses one that another service owns or that is of another
product. Nothing is bought, and nothing is changed at the provider.

To a service that has certificates already it is linked as what replaced the present
one, or as the next order, as the provider says; where it does not say, --as does.`,
		Args: cobra.ExactArgs(4),
	}
	flags := command.Flags()
	product := flags.String("product", "", "`CODE` of the product, if the provider's name for it is not known")
	years := flags.Int("years", 0, "`NUMBER` of years that were bought, if the provider does not say")
	purchased := flags.String("purchased-on", "", "`DATE` (YYYY-MM-DD) on which the paid term began, if the provider does not say")
	as := flags.String("as", "", "`WHAT` it is to a service that has certificates: reissue or renewal")
	by, note := signedFlags(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		operator, err := signed(*by)
		if err != nil {
			return err
		}
		request := provisioning.LinkRequest{
			Account: args[0], CertificateID: args[1], ServiceID: args[3], Product: *product, Years: *years,
			As: provisioning.Reason(*as), Note: *note,
		}
		if *purchased != "" {
			if request.PurchasedOn, err = provisioning.ParseDate(*purchased); err != nil {
				return err
			}
		}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.link(ctx, operator, args[2], request, *asJSON)
		})
	}
	return command
}

// linkedView is what is true after a link.
type linkedView struct {
	Account       string `json:"account"`
	CertificateID string `json:"certificate_id"`
	Panel         string `json:"panel"`
	ServiceID     string `json:"service_id"`
	Status        string `json:"status"`     // of the service
	PaidUntil     string `json:"paid_until"` // YYYY-MM-DD
	Created       bool   `json:"created"`    // the service was not there before
	Unchanged     bool   `json:"unchanged"`  // it was linked before
}

func (r *reconciler) link(ctx context.Context, operator, panel string, request provisioning.LinkRequest, asJSON bool) error {
	var err error
	if request.Panel, err = r.panelID(panel); err != nil {
		return err
	}
	result, err := r.bridge.Link(ctx, operator, request)
	if err != nil {
		return fmt.Errorf("nothing was linked: %w", plainly(err))
	}
	s := result.Service
	view := linkedView{
		Account: request.Account, CertificateID: request.CertificateID, Panel: panel, ServiceID: s.ServiceID, Status: string(s.Status()),
		PaidUntil: dateText(s.PaidUntil()), Created: result.Created, Unchanged: result.Unchanged,
	}
	if asJSON {
		return r.sayJSON(view)
	}
	now := "now"
	if view.Unchanged {
		now = "already"
	}
	r.say("Certificate %s belongs to service %s of panel %s %s. The service is %s, paid until %s.",
		view.CertificateID, view.ServiceID, panel, now, spaced(view.Status), view.PaidUntil)
	return nil
}

// panelID finds a panel by its name.
func (r *reconciler) panelID(name string) (string, error) {
	for id, known := range r.panels {
		if known == name {
			return id, nil
		}
	}
	if len(r.panels) == 0 {
		return "", fmt.Errorf("there are no panels; `%s panel create NAME` makes one", r.ownName())
	}
	return "", fmt.Errorf("there is no panel %q; there are %s", name, joined(slices.Sorted(maps.Values(r.panels))))
}

func (p *program) dismissCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "dismiss ACCOUNT CERTIFICATE",
		Short: "An unlinked certificate is nobody's business; do not list it any more",
		Args:  cobra.ExactArgs(2),
	}
	by, note := signedFlags(command)
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		operator, err := signed(*by)
		if err != nil {
			return err
		}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			if err := r.bridge.Dismiss(ctx, operator, args[0], args[1], *note); err != nil {
				return fmt.Errorf("nothing was dismissed: %w", plainly(err))
			}
			if *asJSON {
				return r.sayJSON(map[string]string{"account": args[0], "certificate_id": args[1], "dismissed_by": operator})
			}
			r.say("Certificate %s is not listed any more; `%s unlinked --dismissed` shows it. It can be linked all the same.", args[1], r.ownName())
			return nil
		})
	}
	return command
}

// plainly is an error of the domain in words for a person.
func plainly(err error) error {
	var told *provisioning.Error
	if !errors.As(err, &told) {
		return err
	}
	if told.Upstream.Message != "" {
		return fmt.Errorf("%s (%s)", told.Detail, told.Upstream.Message)
	}
	return errors.New(told.Detail)
}

// ownName is how this program is called again for the same configuration.
func (p *program) ownName() string {
	if p.configPath == "" {
		return "certbridge"
	}
	return "certbridge --config " + shellWord(p.configPath)
}
