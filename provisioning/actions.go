// SPDX-License-Identifier: Apache-2.0

package provisioning

// Action is something that can be asked for a service now. Panels show buttons
// from it.
type Action string

// The actions.
const (
	ActionCreate           Action = "create" // ask again for a purchase that was refused
	ActionActivate         Action = "activate"
	ActionReissue          Action = "reissue"
	ActionRenew            Action = "renew"
	ActionSynchronize      Action = "synchronize"
	ActionChangeValidation Action = "change_validation"
	ActionRetryValidation  Action = "retry_validation"
	ActionAddDomains       Action = "add_domains"
	ActionRevoke           Action = "revoke"
	ActionDownload         Action = "download"
	ActionSuspend          Action = "suspend"
	ActionUnsuspend        Action = "unsuspend"
	ActionTerminate        Action = "terminate"
)

// Actions lists what is possible now, in the order of a certificate's life. It
// is computed from the state that the actions themselves check.
func (b *Bridge) Actions(s Service) []Action {
	var actions []Action
	if s.Operation == nil && s.State != ServiceTerminated {
		actions = b.upstreamActions(s)
	}
	if len(s.Certificates) > 0 || s.Operation != nil {
		actions = append(actions, ActionSynchronize)
	}
	if current := s.Current(); current != nil && current.Leaf != nil {
		actions = append(actions, ActionDownload)
	}
	switch s.State {
	case ServiceActive:
		actions = append(actions, ActionSuspend, ActionTerminate)
	case ServiceSuspended:
		actions = append(actions, ActionUnsuspend, ActionTerminate)
	}
	return actions
}

// upstreamActions are those that reach the provider.
func (b *Bridge) upstreamActions(s Service) []Action {
	var actions []Action
	add := func(possible bool, action Action) {
		if possible {
			actions = append(actions, action)
		}
	}
	_, product, err := b.sold(s)
	if err != nil {
		return nil // the account or product is not configured any more
	}
	active, current, successor := s.State == ServiceActive, s.Current(), s.Successor()
	bought := current != nil
	reissuing := successor != nil && successor.Reason == ReasonReissue
	add(active && !bought && b.purchase == PurchaseAtCreate, ActionCreate)
	add(active && (s.AwaitsConfiguration() != nil || !bought && b.purchase == PurchaseAtActivation), ActionActivate)
	validating := active && s.UnderValidation() != nil
	add(validating, ActionChangeValidation)
	add(validating, ActionRetryValidation)
	add(active && b.reissuable(s) && !reissuing, ActionReissue)
	if due, err := b.renewalDue(s, RenewRequest{}); err == nil {
		add(due, ActionRenew)
	}
	add(active && bought && successor == nil && product.Coverage == MultiDomain && s.AdditionalDomains < product.MaxAdditionalDomains, ActionAddDomains)
	add(s.revocable(), ActionRevoke)
	return actions
}

// revocable tells whether a certificate of the lineage was replaced and not
// revoked yet. It is computed each time: later reissues add to it.
func (s *Service) revocable() bool {
	for _, certificate := range s.Certificates {
		if certificate.Status == StatusReplaced && certificate.Leaf != nil {
			return true
		}
	}
	return false
}
