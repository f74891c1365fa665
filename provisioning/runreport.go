// SPDX-License-Identifier: Apache-2.0

package provisioning

import "time"

// compareServices tells what a panel sees of a service that is not as it was.
func (b *Bridge) compareServices(before, after Service) (changes []ServiceChange) {
	now := b.facts(after)
	for i, was := range b.facts(before) {
		if was.value == now[i].value {
			continue
		}
		changes = append(changes, ServiceChange{
			Account: after.Account, Panel: after.Panel, ServiceID: after.ServiceID, CertificateID: after.currentID(),
			Field: was.name, Old: was.value, New: now[i].value,
		})
	}
	return changes
}

// fact is one thing that a panel sees of a service.
type fact struct{ name, value string }

// facts are those that a synchronization may change, the most important first.
func (b *Bridge) facts(s Service) []fact {
	term, successor, notAfter, commonName, due := "", "", "", "", b.DueDate(s)
	if last := s.LastOrder(); last != nil && !last.Term.EndsOn.IsZero() {
		term = last.Term.StartsOn.String() + "/" + last.Term.EndsOn.String()
	}
	if next := s.Successor(); next != nil {
		successor = next.CertificateID
	}
	if current := s.Current(); current != nil {
		commonName = current.CommonName
		if current.Leaf != nil {
			notAfter = current.Leaf.NotAfter.UTC().Format(time.RFC3339)
		}
	}
	operation := ""
	if s.Operation != nil && s.Operation.State.Open() {
		operation = s.Operation.ID
	}
	return []fact{
		{"status", string(s.Status())},
		{"certificate_id", s.currentID()},
		{"reissue_state", string(s.ReissueState())},
		{"successor", successor},
		{"term", term},
		{"due_date", due.Accepted.String()},
		{"due_date_held", due.Held.String()},
		{"not_after", notAfter},
		{"common_name", commonName},
		{"operation", operation},
	}
}

// currentID is the certificate in use, "" before the purchase.
func (s *Service) currentID() string {
	if current := s.Current(); current != nil {
		return current.CertificateID
	}
	return ""
}
