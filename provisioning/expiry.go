// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"fmt"
)

// ExpiryMeaning is what the expiry date that a provider names is the end of.
type ExpiryMeaning string

// The meanings. Only an end of the paid term says anything about terms.
const (
	ExpiresUnknown ExpiryMeaning = ""     // not known; no date follows from it
	ExpiresAuto    ExpiryMeaning = "auto" // to be found out, for each account
	ExpiresLeaf    ExpiryMeaning = "leaf"
	ExpiresTerm    ExpiryMeaning = "term"
)

const (
	// sameDay is how many days two dates may differ and still be the same one: a
	// provider's dates are those of its own time zone.
	sameDay = 2
	// apartDays is how many days a leaf must end before its term, so that a date
	// can be told to be the one or the other.
	apartDays = 10
	// latestTermDays is how many days after what we know a provider's term may
	// end: a term can begin with the activation, which a purchase may await for a
	// year.
	latestTermDays = 400
	// enoughEvidence is how many certificates have to agree.
	enoughEvidence = 3
)

// ExpiryEvidence counts the certificates of an account whose expiry date was that
// of the leaf and not of the term, or the other way round.
type ExpiryEvidence struct {
	Leaf, Term int
}

// Meaning is what the evidence shows. Contradicting evidence shows nothing, and
// neither does too little.
func (e ExpiryEvidence) Meaning() ExpiryMeaning {
	switch {
	case e.Contradicts():
		return ExpiresUnknown
	case e.Leaf >= enoughEvidence:
		return ExpiresLeaf
	case e.Term >= enoughEvidence:
		return ExpiresTerm
	}
	return ExpiresUnknown
}

// Contradicts tells whether certificates of one account disagree.
func (e ExpiryEvidence) Contradicts() bool { return e.Leaf > 0 && e.Term > 0 }

// expiryShown is what one certificate shows about its provider's dates. It shows
// nothing unless its leaf ends well before its term.
func (s *Service) expiryShown(c *Certificate) ExpiryMeaning {
	order := s.Order(c.OrderID)
	if order == nil || order.Term.EndsOn.IsZero() || c.Leaf == nil || c.Status != StatusIssued || c.ExpiresOn.IsZero() {
		return ExpiresUnknown
	}
	leafEnd, termEnd := DateOf(c.Leaf.NotAfter.UTC()), order.Term.EndsOn
	if leafEnd.DaysUntil(termEnd) <= apartDays {
		return ExpiresUnknown
	}
	if distance := leafEnd.DaysUntil(c.ExpiresOn); distance >= -sameDay && distance <= sameDay {
		return ExpiresLeaf
	}
	if later := termEnd.DaysUntil(c.ExpiresOn); later >= -sameDay && later <= latestTermDays {
		return ExpiresTerm
	}
	return ExpiresUnknown
}

// newEvidence is what a write shows that was not shown before, so that each
// certificate counts once however often it is looked at.
func newEvidence(before, after *Service) (seen ExpiryEvidence) {
	for i := range after.Certificates {
		certificate, known := &after.Certificates[i], ExpiresUnknown
		if before != nil {
			if was := before.Certificate(certificate.CertificateID); was != nil {
				known = before.expiryShown(was)
			}
		}
		shown := after.expiryShown(certificate)
		if shown == known {
			continue
		}
		switch shown {
		case ExpiresLeaf:
			seen.Leaf++
		case ExpiresTerm:
			seen.Term++
		}
	}
	return seen
}

// noteExpiry adds to the evidence of an account that is to be found out about.
// What cannot be noted is lost; the next certificate shows the same.
func (b *Bridge) noteExpiry(ctx context.Context, before, after *Service) {
	seen := newEvidence(before, after)
	account, configured := b.accounts[after.Account]
	if seen == (ExpiryEvidence{}) || !configured || account.expires() != ExpiresAuto {
		return
	}
	total, err := b.store.NoteExpiry(ctx, account.Name, seen)
	if err != nil {
		b.log.Warn("what an expiry date means could not be noted", "account", account.Name, "error", err)
		return
	}
	was := ExpiryEvidence{Leaf: total.Leaf - seen.Leaf, Term: total.Term - seen.Term}
	switch {
	case total.Contradicts():
		b.log.Warn("expiry dates of this account mean the leaf's end in some answers and the term's end in others; no term follows them, "+
			"set accounts[].expires if you know", "account", account.Name, "leaf", total.Leaf, "term", total.Term)
	case total.Meaning() != was.Meaning():
		b.log.Info("found out what expiry dates of this account mean", "account", account.Name, "meaning", total.Meaning())
	}
}

func (a Account) expires() ExpiryMeaning {
	if a.Expires == ExpiresUnknown {
		return ExpiresAuto
	}
	return a.Expires
}

// expiryMeaning is what expiry dates of an account mean, as far as is known.
func (b *Bridge) expiryMeaning(ctx context.Context, account Account) ExpiryMeaning {
	if configured := account.expires(); configured != ExpiresAuto {
		return configured
	}
	evidence, err := b.store.ExpiryEvidence(ctx, account.Name)
	if err != nil {
		b.log.Warn("what expiry dates mean could not be read; no term follows them for now", "account", account.Name, "error", err)
		return ExpiresUnknown
	}
	return evidence.Meaning()
}

// laterTerm is the order whose term ends later than we know, if expiry dates mean
// terms, and when. Dates come only from the certificate in use of a live service,
// and of the order that was bought last.
func (s *Service) laterTerm() (order *Order, end Date) {
	current, last := s.Current(), s.LastOrder()
	if last == nil || current.OrderID != last.OrderID || current.Status != StatusIssued || s.State == ServiceTerminated ||
		last.Term.EndsOn.IsZero() || !last.Term.EndsOn.Before(current.ExpiresOn) {
		return nil, Date{}
	}
	return last, current.ExpiresOn
}

// moveTerm lets the term of a service end when its provider says, if that is later
// than we know: what was paid for is never lost. It never ends a term earlier.
func (b *Bridge) moveTerm(ctx context.Context, s *Service) []Event {
	order, end := s.laterTerm()
	account, configured := b.accounts[s.Account]
	if order == nil || !configured || b.expiryMeaning(ctx, account) != ExpiresTerm {
		return nil
	}
	if bought := order.Term.StartsOn.AddYears(order.Years); bought.DaysUntil(end) > latestTermDays {
		b.log.Warn("the provider names a term that nobody bought; it is not believed", "panel", s.Panel, "service", s.ServiceID,
			"order", order.OrderID, "bought_until", bought, "said_until", end)
		return nil
	}
	before := order.Term.EndsOn
	order.Term.EndsOn = end
	return []Event{{Kind: "term.moved", Detail: fmt.Sprintf("order %s: %s -> %s, by the provider's expiry date", order.OrderID, before, end)}}
}
