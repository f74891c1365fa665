// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"time"
)

// ended tells whether a certificate is issued and its time is over.
func (c *Certificate) ended(now time.Time) bool {
	return c.Status == StatusIssued && c.Leaf != nil && !now.Before(c.Leaf.NotAfter)
}

// age marks the certificates whose time is over, and tells which they were.
func (s *Service) age(now time.Time) (ended []*Certificate) {
	for i := range s.Certificates {
		if certificate := &s.Certificates[i]; certificate.ended(now) {
			certificate.Status = StatusExpired
			ended = append(ended, certificate)
		}
	}
	return ended
}

// CurrentEndsAt is when the certificate in use ends, zero unless it is issued.
// From then on the service has expired, whether somebody has marked it or not.
func (s *Service) CurrentEndsAt() time.Time {
	if current := s.Current(); current != nil && current.Status == StatusIssued && current.Leaf != nil {
		return current.Leaf.NotAfter
	}
	return time.Time{}
}

// Present is a service as it is at this moment: a certificate whose time has ended
// since it was written has expired.
func (b *Bridge) Present(s Service) Service {
	now := b.now()
	for i := range s.Certificates {
		if s.Certificates[i].ended(now) {
			s = s.Clone()
			s.age(now)
			return s
		}
	}
	return s
}

// endedPage is how many services are read at a time.
const endedPage = 100

// Expire marks every service whose certificate in use has ended, in the mirror, so
// that lists and all who follow changes see it without anybody asking the
// provider. It tells how many it marked. KeepReconciling does it in every round.
//
// Codes: store_unavailable.
func (b *Bridge) Expire(ctx context.Context) (marked int, err error) {
	until, after := b.instant(), int64(0)
	for {
		ended, err := b.store.EndedServices(ctx, until, after, endedPage)
		if err != nil {
			return marked, storeUnavailable(err)
		}
		for _, s := range ended {
			after = s.ID
			_, err := b.write(&s, s.Clone(), nil, nil)
			switch {
			case errors.Is(err, ErrStale): // whoever wrote it has marked it
			case err != nil:
				return marked, err
			default:
				marked++
			}
		}
		if len(ended) < endedPage {
			return marked, ctx.Err()
		}
	}
}
