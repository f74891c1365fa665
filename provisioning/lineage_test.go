// SPDX-License-Identifier: Apache-2.0

package provisioning

import "testing"

// lineage makes a service from short words: order, certificate, what it
// replaces, reason, status; an asterisk after the id means issued.
func lineage(rows ...[5]string) *Service {
	s := &Service{State: ServiceActive}
	for _, row := range rows {
		if s.Order(row[0]) == nil {
			s.Orders = append(s.Orders, Order{OrderID: row[0]})
		}
		certificate := Certificate{OrderID: row[0], CertificateID: row[1], Replaces: row[2], Reason: Reason(row[3]), Status: Status(row[4])}
		if id := row[1]; id[len(id)-1] == '*' {
			certificate.CertificateID, certificate.Leaf = id[:len(id)-1], &Leaf{}
		}
		s.Certificates = append(s.Certificates, certificate)
	}
	return s
}

func TestWhichCertificateIsInUse(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		service            *Service
		current, successor string
		reissue            ReissueState
		status             Status
	}{
		"nothing bought": {lineage(), "", "", ReissueNone, StatusAwaitingPurchase},
		"bought": {
			lineage([5]string{"o1", "a", "", "purchase", "awaiting_configuration"}),
			"a", "", ReissueNone, StatusAwaitingConfiguration,
		},
		"issued": {lineage([5]string{"o1", "a*", "", "purchase", "issued"}), "a", "", ReissueNone, StatusIssued},
		"reissue under way": {
			lineage([5]string{"o1", "a*", "", "purchase", "issued"}, [5]string{"o1", "b", "a", "reissue", "pending_validation"}),
			"a", "b", ReissuePending, StatusIssued,
		},
		"reissue issued": {
			lineage([5]string{"o1", "a*", "", "purchase", "replaced"}, [5]string{"o1", "b*", "a", "reissue", "issued"}),
			"b", "", ReissueCompleted, StatusIssued,
		},
		"reissue cancelled": {
			lineage([5]string{"o1", "a*", "", "purchase", "issued"}, [5]string{"o1", "b", "a", "reissue", "cancelled"}),
			"a", "", ReissueNone, StatusIssued,
		},
		"renewal bought": {
			lineage([5]string{"o1", "a*", "", "purchase", "issued"}, [5]string{"o2", "c", "a", "renewal", "awaiting_configuration"}),
			"a", "c", ReissueNone, StatusIssued,
		},
		"renewal bought, then the old one reissued": {
			lineage([5]string{"o1", "a*", "", "purchase", "issued"}, [5]string{"o2", "c", "a", "renewal", "awaiting_configuration"}, [5]string{"o1", "b", "a", "reissue", "pending_validation"}),
			"a", "b", ReissuePending, StatusIssued,
		},
		"reissue of the old term still under way after the renewal": {
			lineage([5]string{"o1", "a*", "", "purchase", "replaced"}, [5]string{"o2", "c*", "a", "renewal", "issued"}, [5]string{"o1", "b", "a", "reissue", "pending_validation"}),
			"c", "", ReissueNone, StatusIssued,
		},
		"reissue of the old term issued after the renewal": {
			lineage([5]string{"o1", "a*", "", "purchase", "replaced"}, [5]string{"o2", "c*", "a", "renewal", "issued"}, [5]string{"o1", "b*", "a", "reissue", "issued"}),
			"c", "", ReissueNone, StatusIssued,
		},
	} {
		if got := idOf(test.service.Current()); got != test.current {
			t.Errorf("%s: %q is in use, want %q", name, got, test.current)
		}
		if got := idOf(test.service.Successor()); got != test.successor {
			t.Errorf("%s: %q is the successor, want %q", name, got, test.successor)
		}
		if got := test.service.ReissueState(); got != test.reissue {
			t.Errorf("%s: reissue %s, want %s", name, got, test.reissue)
		}
		if got := test.service.Status(); got != test.status {
			t.Errorf("%s: status %s, want %s", name, got, test.status)
		}
	}
}

func idOf(certificate *Certificate) string {
	if certificate == nil {
		return ""
	}
	return certificate.CertificateID
}

func TestWhatCameAfterACertificate(t *testing.T) {
	t.Parallel()
	s := lineage([5]string{"o1", "a*", "", "purchase", "replaced"}, [5]string{"o1", "b*", "a", "reissue", "issued"}, [5]string{"o2", "c", "b", "renewal", "awaiting_configuration"})
	for id, want := range map[string]string{"a": "b", "b": "c", "c": ""} {
		if got := s.ReplacedBy(id); got != want {
			t.Errorf("after %s came %q, want %q", id, got, want)
		}
	}
}

func TestACloneIsIndependent(t *testing.T) {
	t.Parallel()
	s := lineage([5]string{"o1", "a", "", "purchase", "awaiting_configuration"})
	s.Operation = &Operation{State: OperationSent}
	clone := s.Clone()
	clone.Certificates[0].Status = StatusIssued
	clone.Orders[0].Years = 5
	clone.Operation.State = OperationSucceeded
	if s.Certificates[0].Status != StatusAwaitingConfiguration || s.Orders[0].Years != 0 || s.Operation.State != OperationSent {
		t.Error("a change of the clone changed the original")
	}
}
