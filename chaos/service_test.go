// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// service is what a panel sold to one customer, with the wishes that he has and
// will have.
type service struct {
	id, account, product, name string
	multi                      bool
	key                        *ecdsa.PrivateKey
	csr                        string

	mu       sync.Mutex // the panel's clerks work on it one at a time
	wishes   []*wish
	at       int    // the first that is not fulfilled
	seen     *view  // as it was shown last
	entitled rights // what it may have cost
	first    int    // domains that it was created with
	history  []line
}

// rights is what a panel is entitled to, by kind of charge.
type rights map[charge]span

// span is how often something may have been charged.
type span struct{ least, most int }

// scripts are the customers. What stands in them comes one after the other.
func (s *service) script(chance *rand.Rand) {
	life := []*wish{s.activate(), s.issue()}
	if s.multi {
		life = append(life, s.domains(s.first+1+chance.IntN(2)))
	}
	if chance.IntN(3) == 0 {
		life = append(life, s.reissue(), s.issue())
	}
	life = append(life, s.renew(1), s.activate(), s.issue())
	if s.multi {
		life = append(life, s.domains(s.first+3))
	}
	life = append(life, s.renew(2))
	create := s.create(s.first)
	switch chance.IntN(6) {
	case 0: // changes his mind at once
		create.once = true
		s.wishes = []*wish{create, s.terminate()}
	case 1: // changes his mind when it was bought
		s.wishes = []*wish{create, s.terminate()}
	default:
		s.wishes = append([]*wish{create}, life...)
	}
}

// wanted is the present wish; nil when all are fulfilled.
func (s *service) wanted() *wish {
	if s.at == len(s.wishes) {
		return nil
	}
	return s.wishes[s.at]
}

// line is an entry of a service's history.
type line struct {
	first, last time.Time
	times       int
	text        string
}

func (l line) String() string {
	const layout = "2006-01-02 15:04:05.000"
	if l.times == 1 {
		return l.first.Format(layout) + " " + l.text
	}
	return fmt.Sprintf("%s %s (%d times until %s)", l.first.Format(layout), l.text, l.times, l.last.Format(layout))
}

// note writes a line of the service's history. Repetitions are counted.
func (s *service) note(now time.Time, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if end := len(s.history) - 1; end >= 0 && s.history[end].text == text {
		s.history[end].last = now
		s.history[end].times++
		return
	}
	s.history = append(s.history, line{now, now, 1, text})
}

// touch is one clerk dealing with the service once: look, and ask for what is
// wished if it is not so. It tells whether something came of it. The service must
// be locked.
func (s *service) touch(ctx context.Context, p *panel, provider *provider, chance *rand.Rand, m func(invoice string) manner) (progress bool) {
	if !s.look(ctx, p, provider, chance) {
		return false
	}
	w := s.wanted()
	now := provider.Now()
	if chance.IntN(20) == 0 { // now and then a panel looks after what it has
		_, _ = p.say(ctx, chance, request{http.MethodPost, s.path("synchronize"), nil}, m(""))
	}
	if w == nil || w.due != nil && !w.due(*s.seen, now) {
		return false
	}
	if w.asked == nil {
		first := w.ask(*s.seen)
		w.asked = &first
		s.expect(w.charge, 0, 1)
	}
	if w.approve {
		if id, status := s.seen.newest(); status == "pending_validation" {
			_ = provider.Approve(id) // it may be issued already, and only we do not know
		}
	}
	w.attempts++
	got, err := p.say(ctx, chance, *w.asked, m(s.id+"-"+w.name))
	s.heard(now, w, got, err)
	return true
}

// expect changes what may have been charged.
func (s *service) expect(kind charge, least, most int) {
	if kind != free {
		before := s.entitled[kind]
		s.entitled[kind] = span{before.least + least, before.most + most}
	}
}

// look reads the service and ticks off what is fulfilled. False means that nothing
// is known.
func (s *service) look(ctx context.Context, p *panel, provider *provider, chance *rand.Rand) bool {
	got, err := p.say(ctx, chance, request{method: http.MethodGet, path: "/v1/services/" + s.id}, manner{patience: 2 * time.Second})
	if err != nil {
		return false
	}
	var shown view
	switch got.status {
	case http.StatusOK:
		if err := json.Unmarshal(got.body, &shown); err != nil {
			s.note(provider.Now(), "unreadable: %s", got.body)
			return false
		}
	case http.StatusNotFound:
		// Nothing of it is there yet.
	default:
		return false
	}
	s.seen = &shown
	for w := s.wanted(); w != nil && w.asked != nil && (w.done(shown) || w.given(shown)); w = s.wanted() {
		if !w.once {
			s.expect(w.charge, 1, 0)
		}
		s.note(provider.Now(), "%s: fulfilled, certificate %s, paid until %s", w.name, shown.CertificateID, shown.paidUntil())
		s.at++
	}
	return true
}

// given tells whether a wish needs nothing more although it may not be so: it was
// expressed by somebody who does not care, or there is nothing to end.
func (w *wish) given(v view) bool {
	return w.once || w.name == "terminate" && v.ServiceID == ""
}

// hopeless are the answers that end a customer's wishes: time has passed, or he
// has ended the service himself.
var hopeless = []string{
	"renewal_too_late", "renewal_window_closed", "activation_expired", "service_terminated", "certificate_state",
}

// over tells whether the paid term has ended, as it may in a great leap.
func (s *service) over(now time.Time) bool {
	end, err := time.Parse(dateLayout, s.seen.paidUntil())
	return err == nil && now.After(end)
}

// heard takes an answer in. Whether a wish is fulfilled is seen by looking.
func (s *service) heard(now time.Time, w *wish, got reply, err error) {
	if err != nil {
		s.note(now, "%s: no answer", w.name)
		return
	}
	code, _ := got.problem()
	state := ""
	var body struct {
		Operation *struct{ ID, Kind, State string }
	}
	if json.Unmarshal(got.body, &body) == nil && body.Operation != nil {
		state = fmt.Sprintf(" %s %s %s", body.Operation.Kind, body.Operation.State, body.Operation.ID)
	}
	s.note(now, "%s: %d %s%s", w.name, got.status, code, state)
	if slices.Contains(hopeless, code) || code == "action_not_allowed" && s.over(now) {
		s.wishes = s.wishes[:s.at] // its charge may have been made, so its right stays
	}
}

// settled tells whether nothing is to be expected of the service: nothing is open,
// and all that is due is fulfilled.
func (s *service) settled(now time.Time) bool {
	w := s.wanted()
	return s.seen != nil && s.seen.Operation == nil && (w == nil || w.due != nil && !w.due(*s.seen, now))
}

// stuck tells whether a charge of the service waits for a person.
func (s *service) stuck() bool {
	return s.seen != nil && s.seen.Operation != nil && s.seen.Operation.State == "needs_attention" && charges(s.seen.Operation.Kind)
}

// last is the wish that was expressed last.
func (s *service) last() *wish {
	for i := len(s.wishes) - 1; i >= 0; i-- {
		if s.wishes[i].asked != nil {
			return s.wishes[i]
		}
	}
	return nil
}
