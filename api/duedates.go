// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

// heldView is a due date that waits for an operator.
type heldView struct {
	Date   string                   `json:"date"`
	Reason provisioning.DueDateHold `json:"reason"`
}

// windowView is when the next term can be bought.
type windowView struct {
	OpensOn    string `json:"opens_on"`
	ReminderOn string `json:"reminder_on"`
	ClosesOn   string `json:"closes_on"`
}

// dueDateView is a due date as an operator sees it.
type dueDateView struct {
	Panel           string    `json:"panel"`
	ServiceID       string    `json:"service_id"`
	Account         string    `json:"account"`
	DueDate         *string   `json:"due_date"`
	PreviousDueDate *string   `json:"previous_due_date"`
	HeldDueDate     *heldView `json:"held_due_date"`
}

func heldOf(d provisioning.DueDate) *heldView {
	if d.Held.IsZero() {
		return nil
	}
	return &heldView{Date: d.Held.String(), Reason: d.HeldBecause}
}

func windowOf(dates *provisioning.RenewalDates) *windowView {
	if dates == nil {
		return nil
	}
	return &windowView{OpensOn: dates.OpensOn.String(), ReminderOn: dates.ReminderOn.String(), ClosesOn: dates.ClosesOn.String()}
}

func (s *Server) dueDateView(service provisioning.Service) dueDateView {
	due := s.bridge.DueDate(service)
	return dueDateView{
		Panel: service.Panel, ServiceID: service.ServiceID, Account: service.Account,
		DueDate: dateOrNull(due.Accepted), PreviousDueDate: dateOrNull(due.Previous), HeldDueDate: heldOf(due),
	}
}

// dueDates lists the services of all panels whose due date waits for a decision.
func (s *Server) dueDates(c *call) (answer, error) {
	parameters, err := c.query("state", "after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	if state := parameters.Get("state"); state != "" && state != "held" {
		return answer{}, invalidField("state", "there is no such state; held is the only one")
	}
	var after int64
	if text := parameters.Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return answer{}, invalidField("after", "the next of another page is expected")
		}
	}
	held, err := s.bridge.HeldDueDates(c.Request().Context(), after, limit+1)
	if err != nil {
		return answer{}, err
	}
	page := struct {
		DueDates []dueDateView `json:"due_dates"`
		Next     *string       `json:"next"`
	}{DueDates: []dueDateView{}}
	for i, service := range held {
		if i == limit {
			page.Next = textOrNull(strconv.FormatInt(held[i-1].ID, 10))
			break
		}
		page.DueDates = append(page.DueDates, s.dueDateView(service))
	}
	return jsonAnswer(http.StatusOK, page)
}

// decideDueDate takes what a person says about a held due date.
func (s *Server) decideDueDate(c *call) (answer, error) {
	var body struct {
		Panel     *string `json:"panel"`
		ServiceID *string `json:"service_id"`
		Decision  *string `json:"decision"`
		Date      string  `json:"date"`
		Note      string  `json:"note"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	for _, needed := range []struct {
		field string
		value *string
	}{{"panel", body.Panel}, {"service_id", body.ServiceID}, {"decision", body.Decision}} {
		if needed.value == nil {
			return answer{}, invalidField(needed.field, "this field is needed")
		}
	}
	if err := boundedNote(body.Note); err != nil {
		return answer{}, err
	}
	var seen provisioning.Date
	if err := seen.UnmarshalText([]byte(body.Date)); err != nil {
		return answer{}, invalidField("date", "a date YYYY-MM-DD is expected")
	}
	result, err := s.bridge.DecideDueDate(c.Request().Context(), c.caller().Actor, *body.Panel, *body.ServiceID,
		provisioning.DueDateDecision(*body.Decision), seen, body.Note)
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, s.dueDateView(result.Service))
}
