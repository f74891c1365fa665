// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os/user"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/provisioning"
)

// decision is what a person says about an operation.
type decision struct {
	operation, certificate string
	verdict                provisioning.Verdict
	by, note               string
}

func (p *program) adoptCommand() *cobra.Command {
	return p.decisionCommand(&cobra.Command{
		Use:   "adopt OPERATION CERTIFICATE",
		Short: "This certificate is what the operation brought",
		Long: `Gives a certificate that the provider holds to the service whose operation lost
its answer. certbridge asks the provider about it first, and refuses one that
another service owns or that is not of the product that was bought. The service
goes on as if the answer had come.

For an operation that brings no certificate, such as an activation or added
domains, name the one that it was about: then it was carried out.`,
		Args: cobra.ExactArgs(2),
	}, provisioning.VerdictAdopt)
}

func (p *program) notExecutedCommand() *cobra.Command {
	return p.decisionCommand(&cobra.Command{
		Use:   "not-executed OPERATION",
		Short: "The provider did not carry the operation out; it may be asked for again",
		Long: `Closes an operation as never carried out. From then on the panel may ask again,
and that buys. Only say so when the provider's own list and account statement
show that nothing was bought: otherwise it is paid for twice.`,
		Args: cobra.ExactArgs(1),
	}, provisioning.VerdictNotExecuted)
}

func (p *program) giveUpCommand() *cobra.Command {
	return p.decisionCommand(&cobra.Command{
		Use:   "give-up OPERATION",
		Short: "Nobody will find out; close the operation all the same",
		Long: `Closes an operation of which nobody can tell what became of it. The money report
goes on showing it, and what was bought, if anything was, stays unlinked.`,
		Args: cobra.ExactArgs(1),
	}, provisioning.VerdictGiveUp)
}

func (p *program) decisionCommand(command *cobra.Command, verdict provisioning.Verdict) *cobra.Command {
	by := command.Flags().String("by", "", "`NAME` of who decided (default: the user of the operating system)")
	note := command.Flags().String("note", "", "`TEXT` that says why, kept with the decision")
	asJSON := jsonFlag(command)
	command.RunE = func(command *cobra.Command, args []string) error {
		decided := decision{operation: args[0], verdict: verdict, by: *by, note: *note}
		if len(args) == 2 {
			decided.certificate = args[1]
		}
		if decided.by == "" {
			name, err := whoami()
			if err != nil {
				return err
			}
			decided.by = name
		}
		return p.withReconciler(command.Context(), func(ctx context.Context, r *reconciler) error {
			return r.decide(ctx, decided, *asJSON)
		})
	}
	return command
}

// whoami is the name of the user who runs this.
func whoami() (string, error) {
	current, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("who decides? --by NAME says it (%w)", err)
	}
	return current.Username, nil
}

func (r *reconciler) decide(ctx context.Context, d decision, asJSON bool) error {
	result, err := r.bridge.Decide(ctx, "operator:"+d.by, d.operation, d.verdict, d.certificate, d.note)
	if err != nil {
		return r.explain(err)
	}
	settled := r.settledView(d, result.Service)
	if asJSON {
		return r.sayJSON(settled)
	}
	r.say("%s", settled.text())
	return nil
}

// explain says what to do about a decision that was not taken.
func (r *reconciler) explain(err error) error {
	var told *provisioning.Error
	if !errors.As(err, &told) {
		return err
	}
	text := told.Detail
	if told.Upstream.Message != "" {
		text += " (" + told.Upstream.Message + ")"
	}
	if next := r.nextStep(told.Kind); next != "" {
		text += "\n" + next
	}
	return fmt.Errorf("nothing was decided: %s", text)
}

func (r *reconciler) nextStep(kind provisioning.Kind) string {
	switch kind {
	case provisioning.KindUnavailable:
		return "Try again in a moment; nothing was changed. `certbridge doctor` tells whether the account and the database can be reached."
	case provisioning.KindNotFound, provisioning.KindInvalid, provisioning.KindConflict, provisioning.KindRefused:
		return "`" + r.ownCommand() + "` shows what is open now, with the commands that settle it."
	}
	return ""
}

// settledView is what is true after a decision.
type settledView struct {
	OperationID   string `json:"operation_id"`
	Verdict       string `json:"verdict"`
	DecidedBy     string `json:"decided_by"`
	Panel         string `json:"panel"`
	ServiceID     string `json:"service_id"`
	Status        string `json:"status"`                   // of the service
	CertificateID string `json:"certificate_id,omitempty"` // in use
	Adopted       string `json:"adopted,omitempty"`
	OrderID       string `json:"order_id,omitempty"` // that came with the adopted certificate
}

func (r *reconciler) settledView(d decision, s provisioning.Service) settledView {
	view := settledView{
		OperationID: d.operation, Verdict: string(d.verdict), DecidedBy: "operator:" + d.by,
		Panel: r.panelName(s.Panel), ServiceID: s.ServiceID, Status: string(s.Status()), Adopted: d.certificate,
	}
	if current := s.Current(); current != nil {
		view.CertificateID = current.CertificateID
	}
	if adopted := s.Certificate(d.certificate); adopted != nil {
		view.OrderID = adopted.OrderID
	}
	return view
}

func (v settledView) text() string {
	service := fmt.Sprintf("service %s of panel %s", v.ServiceID, v.Panel)
	switch provisioning.Verdict(v.Verdict) {
	case provisioning.VerdictAdopt:
		return fmt.Sprintf("Certificate %s, order %s, belongs to %s now. The service is %s.", v.Adopted, v.OrderID, service, spaced(v.Status))
	case provisioning.VerdictNotExecuted:
		return fmt.Sprintf("The operation is closed as not executed. The panel may ask for it again; %s is %s.", service, spaced(v.Status))
	case provisioning.VerdictGiveUp:
		return fmt.Sprintf("The operation is closed without knowing what became of it; %s is %s. "+
			"`certbridge reconcile --report` goes on showing it.", service, spaced(v.Status))
	}
	return ""
}
