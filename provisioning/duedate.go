// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"fmt"
)

// DueDate is the date that a panel is told to invoice the next term on, and how it
// came about. It follows the end of the paid term, never the expiry of a leaf, and
// moves forward only.
type DueDate struct {
	Accepted Date // what the panel is told; zero before the purchase
	Previous Date // what it was told before; zero if nothing
	// Held is a date that would be due by now and is not told to the panel until an
	// operator confirms it; zero if there is none.
	Held        Date
	HeldBecause DueDateHold
	// Rejected is the date that an operator refused last, while it would still be
	// due.
	Rejected Date
}

// DueDateHold is why a due date waits for an operator.
type DueDateHold string

// The reasons.
const (
	HeldBackward DueDateHold = "backward" // earlier than what the panel was told
	HeldJump     DueDateHold = "jump"     // further ahead than anything that was bought explains
)

// DueDateDecision is what an operator says about a held date.
type DueDateDecision string

// The decisions.
const (
	ConfirmDueDate DueDateDecision = "confirm"
	RejectDueDate  DueDateDecision = "reject"
)

// maxDueDateJump is how many days a due date may move forward at once without an
// order that explains it: a year, and some weeks for a term that began late.
const maxDueDateJump = 400

// proposal is when the next term shall be invoiced, by what is paid for now; zero
// for services whose date does not move.
func (b *Bridge) proposal(s *Service) Date {
	end := s.PaidUntil()
	if end.IsZero() || s.State == ServiceTerminated || s.Status() == StatusCancelled {
		return Date{}
	}
	return end.AddDays(-b.offset)
}

// DueDate is what a service's panel is told. A service that was written before due
// dates were kept is answered with what it would be told now.
func (b *Bridge) DueDate(s Service) DueDate {
	if s.DueDate.Accepted.IsZero() {
		s.DueDate.Accepted = b.proposal(&s)
	}
	return s.DueDate
}

// datesPage is how many services are read at a time.
const datesPage = 500

// MoveDueDates writes every service of an account whose term or due date would
// change by being written, and tells how many they were: the offset in the
// configuration may be another one since, or it was found out what expiry dates
// mean. It asks no provider.
//
// Codes: store_unavailable.
func (b *Bridge) MoveDueDates(ctx context.Context, account string) (moved int, err error) {
	for after := int64(0); ; {
		services, err := b.store.AccountServices(ctx, account, after, datesPage)
		if err != nil {
			return moved, storeUnavailable(err)
		}
		for _, s := range services {
			after = s.ID
			if !b.datesMove(ctx, s) {
				continue
			}
			_, err := b.write(&s, s.Clone(), nil, nil)
			switch {
			case errors.Is(err, ErrStale): // whoever wrote it has moved them
			case err != nil:
				return moved, err
			default:
				moved++
			}
		}
		if len(services) < datesPage {
			return moved, ctx.Err()
		}
	}
}

// settleDates moves the due dates of an account when what they follow is another
// than when this process did so last.
func (b *Bridge) settleDates(ctx context.Context, account Account) error {
	follows := fmt.Sprint(b.offset, b.expiryMeaning(ctx, account))
	if last, settled := b.dated.Load(account.Name); settled && last == follows {
		return nil
	}
	if _, err := b.MoveDueDates(ctx, account.Name); err != nil {
		return err
	}
	b.dated.Store(account.Name, follows)
	return nil
}

// datesMove tells whether writing a service as it is would change its term or its
// due date. One that has no due date yet gets it with its next write.
func (b *Bridge) datesMove(ctx context.Context, s Service) bool {
	if s.DueDate.Accepted.IsZero() {
		return false
	}
	after := s.Clone()
	moved := b.moveTerm(ctx, &after)
	b.moveDueDate(&s, &after)
	return moved != nil || after.DueDate != s.DueDate
}

// moveDueDate brings the due date up to what a service is about to become, and is
// the one place that does: every write comes by. before is nil for a new service.
func (b *Bridge) moveDueDate(before, after *Service) []Event {
	due := &after.DueDate
	if due.Accepted.IsZero() && before != nil {
		due.Accepted = b.proposal(before)
	}
	proposed, was := b.proposal(after), due.Accepted
	if proposed != due.Rejected {
		due.Rejected = Date{}
	}
	hold := DueDateHold("")
	switch {
	case proposed.IsZero(), proposed == was, proposed == due.Rejected:
		return due.withdraw()
	case was.IsZero():
		due.Accepted = proposed
		return nil
	case proposed.Before(was):
		hold = HeldBackward
	case b.explainedUntil(after, was).Before(proposed):
		hold = HeldJump
	}
	if hold != "" {
		return due.hold(proposed, hold)
	}
	due.Held, due.HeldBecause = Date{}, ""
	return []Event{due.accept(proposed)}
}

// explainedUntil is how far a due date may move forward at once: for a year and
// some, and to the end of what was bought. An order explains nothing whose term
// begins at a time at which it could not be bought.
func (b *Bridge) explainedUntil(s *Service, from Date) Date {
	explained, paidUntil := from.AddDays(maxDueDateJump), Date{}
	account, configured := b.accounts[s.Account]
	for _, order := range s.Orders {
		if s.void(order.OrderID) || !configured {
			continue
		}
		latest := account.window().around(Term{EndsOn: paidUntil}).ClosesOn
		if bought := order.Term.StartsOn.AddYears(order.Years); explained.Before(bought) && !paidUntil.IsZero() && !latest.Before(order.Term.StartsOn) {
			explained = bought
		}
		paidUntil = order.Term.EndsOn
	}
	return explained
}

func (d *DueDate) accept(date Date) Event {
	d.Previous, d.Accepted = d.Accepted, date
	return Event{Kind: "due_date.moved", Detail: d.Previous.String() + " -> " + date.String()}
}

func (d *DueDate) hold(date Date, because DueDateHold) []Event {
	if d.Held == date && d.HeldBecause == because {
		return nil
	}
	d.Held, d.HeldBecause = date, because
	return []Event{{Kind: "due_date.held", Detail: fmt.Sprintf("%s -> %s, %s: waits for an operator", d.Accepted, date, because)}}
}

// withdraw takes back a held date that would not be due any more.
func (d *DueDate) withdraw() []Event {
	if d.Held.IsZero() {
		return nil
	}
	event := Event{Kind: "due_date.withdrawn", Detail: fmt.Sprintf("%s stays, %s is not due any more", d.Accepted, d.Held)}
	d.Held, d.HeldBecause = Date{}, ""
	return []Event{event}
}

// HeldDueDates reads services of all panels whose due date waits for an operator,
// in the order of the store's key, from after the given one.
//
// Codes: store_unavailable.
func (b *Bridge) HeldDueDates(ctx context.Context, after int64, limit int) ([]Service, error) {
	held, err := b.store.HeldServices(ctx, after, limit)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return held, nil
}

// DecideDueDate confirms or rejects the held due date of a service. actor is who
// decided, as in Event.Actor. A date, unless it is zero, is the one that was seen:
// if another one is held by now, nothing is decided.
//
// Codes: service_not_found, decision_invalid, due_date_not_held,
// due_date_changed, store_unavailable.
func (b *Bridge) DecideDueDate(ctx context.Context, actor, panel, serviceID string, decision DueDateDecision, seen Date, note string) (Result, error) {
	for range writeAttempts {
		before, after, err := b.read(ctx, panel, serviceID, nil)
		if err != nil {
			return Result{}, err
		}
		event, err := after.DueDate.decide(decision, seen)
		if err != nil {
			return Result{}, err
		}
		event.Actor = actor
		if note != "" {
			event.Detail += "; " + note
		}
		result, err := b.write(before, after, nil, []Event{event})
		if errors.Is(err, ErrStale) {
			continue
		}
		return result, err
	}
	return Result{}, inProgress()
}

// decide does with the held date what an operator says.
func (d *DueDate) decide(decision DueDateDecision, seen Date) (Event, error) {
	held := d.Held
	switch {
	case decision != ConfirmDueDate && decision != RejectDueDate:
		return Event{}, invalid("decision_invalid", "A decision is %s or %s.", ConfirmDueDate, RejectDueDate)
	case held.IsZero():
		return Event{}, conflict("due_date_not_held", "No due date of this service waits for a decision.")
	case !seen.IsZero() && seen != held:
		return Event{}, conflict("due_date_changed", "The due date that waits for a decision is %s by now.", held)
	}
	d.Held, d.HeldBecause = Date{}, ""
	if decision == RejectDueDate {
		d.Rejected = held
		return Event{Kind: "due_date.rejected", Detail: fmt.Sprintf("%s stays, not %s", d.Accepted, held)}, nil
	}
	event := d.accept(held)
	event.Kind = "due_date.confirmed"
	return event, nil
}
