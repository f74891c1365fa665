// SPDX-License-Identifier: Apache-2.0

package provisioning

import "context"

// Revoke revokes a certificate of the lineage that was replaced by a reissue. A
// certificate in use is never revoked.
//
// Codes: certificate_not_found, action_not_allowed and those of a refusal.
func (b *Bridge) Revoke(ctx context.Context, caller Caller, serviceID, certificateID string) (Result, error) {
	return b.act(ctx, caller, serviceID, func(s *Service) ([]move, error) {
		account, err := b.account(s.Account)
		if err != nil {
			return nil, err
		}
		certificate := s.Certificate(certificateID)
		switch {
		case certificate == nil:
			return nil, certificateNotFound()
		case certificate.Status == StatusRevoked:
			return nil, nil
		case certificate.Status != StatusReplaced || certificate.Leaf == nil:
			return nil, conflict("action_not_allowed", "Only a certificate that was replaced by an issued one can be revoked.")
		}
		name := certificate.ProviderProduct
		return []move{func(Service) (step, error) {
			return step{
				kind: OperationRevoke, certificateID: certificateID, request: struct{}{},
				call: func(ctx context.Context, _ string) (effect, error) {
					if err := account.Upstream.Revoke(ctx, certificateID, name); err != nil {
						return nil, err
					}
					return revoked(certificateID), nil
				},
			}, nil
		}}, nil
	})
}

func revoked(certificateID string) effect {
	return func(s *Service, operation *Operation) []Event {
		s.Certificate(certificateID).Status = StatusRevoked
		operation.Result = OperationResult{CertificateID: certificateID}
		return []Event{{Kind: "certificate.revoked", Detail: "certificate " + certificateID}}
	}
}

func certificateNotFound() *Error {
	return &Error{Kind: KindNotFound, Code: "certificate_not_found", Detail: "This service has no certificate with this id."}
}
