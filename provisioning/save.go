// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"cmp"
	"context"
	"fmt"
	"slices"
)

// save writes a change together with what time makes of the service: certificates
// that have ended, the end of the term, the due date, and when to ask about what
// is being validated. Every change is written through it.
func (b *Bridge) save(ctx context.Context, change Change) error {
	return b.put(ctx, b.complete(ctx, change))
}

// complete adds to a change what time makes of the service.
func (b *Bridge) complete(ctx context.Context, change Change) Change {
	now, after := b.instant(), change.After
	var events []Event
	for _, certificate := range after.age(now) {
		events = append(events, Event{Kind: "certificate." + string(StatusExpired),
			Detail: fmt.Sprintf("certificate %s, valid until %s", certificate.CertificateID, certificate.Leaf.NotAfter.UTC().Format("2006-01-02 15:04 MST"))})
	}
	events = append(events, b.moveTerm(ctx, after)...)
	events = append(events, b.moveDueDate(change.Before, after)...)
	for i := range events {
		events[i].At = now
		events[i].Actor = cmp.Or(events[i].Actor, "certbridge")
	}
	change.Events = slices.Concat(change.Events, events)
	after.keepWatch(change.Before, change.Operation, now)
	return change
}

// put writes a change that is complete.
func (b *Bridge) put(ctx context.Context, change Change) error {
	if err := b.store.Write(ctx, change); err != nil {
		return err
	}
	b.noteExpiry(ctx, change.Before, change.After)
	return nil
}
