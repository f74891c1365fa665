// SPDX-License-Identifier: Apache-2.0

package provisioning

import "slices"

// Clone copies the service, so that a change to the copy leaves the original as
// it was read.
func (s Service) Clone() Service {
	s.Orders = slices.Clone(s.Orders)
	s.Certificates = slices.Clone(s.Certificates)
	for i := range s.Certificates {
		certificate := &s.Certificates[i]
		certificate.Domains = slices.Clone(certificate.Domains)
		certificate.Validation = slices.Clone(certificate.Validation)
	}
	if s.Operation != nil {
		operation := *s.Operation
		s.Operation = &operation
	}
	return s
}

// Certificate finds a certificate of the lineage, nil if it is not there. The
// pointer is into the service.
func (s *Service) Certificate(certificateID string) *Certificate {
	for i := range s.Certificates {
		if s.Certificates[i].CertificateID == certificateID {
			return &s.Certificates[i]
		}
	}
	return nil
}

// Order finds an order by the provider's id, nil if it is not there.
func (s *Service) Order(orderID string) *Order {
	if i := s.orderIndex(orderID); i >= 0 {
		return &s.Orders[i]
	}
	return nil
}

func (s *Service) orderIndex(orderID string) int {
	return slices.IndexFunc(s.Orders, func(o Order) bool { return o.OrderID == orderID })
}

// Current is the certificate in use: of those that were issued, the newest of
// the newest order. While none was issued it is the first. It is nil before the
// purchase.
func (s *Service) Current() *Certificate {
	if len(s.Certificates) == 0 {
		return nil
	}
	return &s.Certificates[s.current()]
}

func (s *Service) current() int {
	current := 0
	for i := range s.Certificates {
		if s.Certificates[i].Leaf == nil {
			continue
		}
		if s.Certificates[current].Leaf == nil || s.supersedes(i, current) {
			current = i
		}
	}
	return current
}

// supersedes tells whether the certificate at i takes the place of the one at j
// once both are issued: a later order wins over an earlier one, because a reissue
// of the old term may be issued after the renewal was.
func (s *Service) supersedes(i, j int) bool {
	a, b := s.orderIndex(s.Certificates[i].OrderID), s.orderIndex(s.Certificates[j].OrderID)
	return a > b || a == b && i > j
}

// Successor is the certificate that will take the place of the current one, nil
// if there is none: a reissue under way, else a renewal that is not issued yet.
func (s *Service) Successor() *Certificate {
	if len(s.Certificates) == 0 {
		return nil
	}
	var successor *Certificate
	current := s.current()
	for i := range s.Certificates {
		candidate := &s.Certificates[i]
		if candidate.Leaf != nil || candidate.Status.dead() || !s.supersedes(i, current) {
			continue
		}
		if successor == nil || candidate.Reason == ReasonReissue {
			successor = candidate
		}
	}
	return successor
}

// AwaitsConfiguration is the certificate that an activation would configure, nil
// if none awaits it.
func (s *Service) AwaitsConfiguration() *Certificate {
	for i := len(s.Certificates) - 1; i >= 0; i-- {
		if s.Certificates[i].Status == StatusAwaitingConfiguration {
			return &s.Certificates[i]
		}
	}
	return nil
}

// UnderValidation is the certificate whose validation a customer can work on,
// nil if none is.
func (s *Service) UnderValidation() *Certificate {
	for i := len(s.Certificates) - 1; i >= 0; i-- {
		if s.Certificates[i].validating() {
			return &s.Certificates[i]
		}
	}
	return nil
}

func (c *Certificate) validating() bool {
	return c.Status == StatusPendingValidation || c.Status == StatusPendingDocuments
}

// ReplacedBy names what came after a certificate: what the provider says
// replaced it, else the renewal that follows it. It is "" if nothing did.
func (s *Service) ReplacedBy(certificateID string) string {
	if certificate := s.Certificate(certificateID); certificate != nil && certificate.ReplacedBy != "" {
		return certificate.ReplacedBy
	}
	for _, later := range s.Certificates {
		if later.Replaces == certificateID {
			return later.CertificateID
		}
	}
	return ""
}

// Status is the status of the certificate in use.
func (s *Service) Status() Status {
	if current := s.Current(); current != nil {
		return current.Status
	}
	return StatusAwaitingPurchase
}

// ReissueState tells how far the newest reissue is.
func (s *Service) ReissueState() ReissueState {
	if successor := s.Successor(); successor != nil && successor.Reason == ReasonReissue {
		return ReissuePending
	}
	if current := s.Current(); current != nil && current.Reason == ReasonReissue {
		return ReissueCompleted
	}
	return ReissueNone
}

// dead tells whether a certificate in this status will never be issued.
func (s Status) dead() bool {
	return s == StatusCancelled || s == StatusRevoked || s == StatusExpired || s == StatusReplaced
}
