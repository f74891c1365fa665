// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// maxAccounts bounds the accounts that a request for a run may name.
const maxAccounts = 1000

type synchronizationView struct {
	ID         string                            `json:"id"`
	State      provisioning.SynchronizationState `json:"state"`
	DryRun     bool                              `json:"dry_run"`
	StartedBy  *string                           `json:"started_by"` // for operators
	StartedAt  string                            `json:"started_at"`
	FinishedAt *string                           `json:"finished_at"`
	Accounts   []synchronizationPartView         `json:"accounts"`
}

type synchronizationPartView struct {
	Account          string                            `json:"account"`
	State            provisioning.SynchronizationState `json:"state"`
	PagesDone        int                               `json:"pages_done"`
	PagesTotal       *int                              `json:"pages_total"`
	CertificatesSeen int                               `json:"certificates_seen"`
	Changed          int                               `json:"changed"`
	Details          int                               `json:"details"`
	ServicesChanged  int                               `json:"services_changed"`
	ProviderCalls    int                               `json:"provider_calls"`
	WaitingFor       *string                           `json:"waiting_for"`
	ErrorCount       int                               `json:"error_count"`
	Errors           []synchronizationErrorView        `json:"errors"`
	ChangesOmitted   int                               `json:"changes_omitted"`
	FinishedAt       *string                           `json:"finished_at"`
}

type synchronizationErrorView struct {
	At            string  `json:"at"`
	Page          *int    `json:"page"`
	Panel         *string `json:"panel"` // for operators
	ServiceID     *string `json:"service_id"`
	CertificateID *string `json:"certificate_id"`
	Code          string  `json:"code"`
	Detail        *string `json:"detail"` // for operators
}

type serviceChangeView struct {
	Sequence      int64   `json:"sequence"`
	Account       string  `json:"account"`
	Panel         *string `json:"panel"` // for operators
	ServiceID     string  `json:"service_id"`
	CertificateID *string `json:"certificate_id"`
	Field         string  `json:"field"`
	Old           *string `json:"old"`
	New           *string `json:"new"`
}

// startSynchronization starts a run or joins the one under way.
func (s *Server) startSynchronization(c *call) (answer, error) {
	var body struct {
		DryRun   bool     `json:"dry_run"`
		Accounts []string `json:"accounts"`
	}
	if err := c.decodeOptional(&body); err != nil {
		return answer{}, err
	}
	if len(body.Accounts) > maxAccounts {
		return answer{}, invalidField("accounts", "at most %d may be named", maxAccounts)
	}
	run, joined, err := s.bridge.StartSynchronization(c.Request().Context(), provisioning.SynchronizationRequest{
		Accounts: body.Accounts, DryRun: body.DryRun, By: c.caller().Actor,
	})
	if err != nil {
		return answer{}, err
	}
	status := http.StatusAccepted
	if joined {
		status = http.StatusOK
	}
	given, err := jsonAnswer(status, c.viewOfRun(run))
	if err != nil {
		return answer{}, err
	}
	given.header.Set(echo.HeaderLocation, "/v1/synchronizations/"+url.PathEscape(run.ID))
	given.header.Set(echo.HeaderRetryAfter, retryAfterSeconds(followAfter))
	return given, nil
}

// synchronization tells how far a run is.
func (s *Server) synchronization(c *call) (answer, error) {
	run, err := s.bridge.Synchronization(c.Request().Context(), c.Param("synchronization_id"))
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, c.viewOfRun(run))
}

// synchronizationChanges answers with a page of a run's report: with that of the
// caller's own services, unless an operator asks.
func (s *Server) synchronizationChanges(c *call) (answer, error) {
	parameters, err := c.query("after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	query := provisioning.RunChangeQuery{Run: c.Param("synchronization_id"), Panel: c.panel(), Limit: limit + 1}
	if c.operates() {
		query.Panel = ""
	}
	if after := parameters.Get("after"); after != "" {
		if query.After, err = strconv.ParseInt(after, 10, 64); err != nil || query.After < 0 {
			return answer{}, invalidField("after", "this is not the next of an earlier page")
		}
	}
	found, err := s.bridge.SynchronizationChanges(c.Request().Context(), query)
	if err != nil {
		return answer{}, err
	}
	page := struct {
		Changes []serviceChangeView `json:"changes"`
		Next    *string             `json:"next"`
	}{Changes: []serviceChangeView{}}
	for i, change := range found {
		if i == limit {
			page.Next = textOrNull(fmt.Sprint(found[i-1].ID))
			break
		}
		page.Changes = append(page.Changes, c.viewOfChange(change))
	}
	return jsonAnswer(http.StatusOK, page)
}

// operates tells whether the caller may see what is other panels'.
func (c *call) operates() bool { return c.key.Allows(provisioning.ScopeOperate) }

// forOperators is a text that only operators see.
func (c *call) forOperators(text string) *string {
	if !c.operates() {
		return nil
	}
	return textOrNull(text)
}

func (c *call) viewOfRun(run provisioning.Synchronization) synchronizationView {
	v := synchronizationView{
		ID: run.ID, State: run.State, DryRun: run.DryRun, StartedBy: c.forOperators(run.StartedBy), StartedAt: instant(run.StartedAt),
		FinishedAt: instantOrNull(run.FinishedAt), Accounts: make([]synchronizationPartView, 0, len(run.Parts)),
	}
	for _, part := range run.Parts {
		one := synchronizationPartView{
			Account: part.Account, State: part.State, PagesDone: part.PagesDone, PagesTotal: countOrNull(part.PagesTotal),
			CertificatesSeen: part.CertificatesSeen, Changed: part.Changed, Details: part.Details, ServicesChanged: part.ServicesChanged,
			ProviderCalls: part.ProviderCalls, WaitingFor: textOrNull(part.WaitingFor), ErrorCount: part.ErrorCount,
			Errors: []synchronizationErrorView{}, ChangesOmitted: part.Omitted, FinishedAt: instantOrNull(part.FinishedAt),
		}
		for _, failed := range part.Errors {
			if failed.Panel == "" || failed.Panel == c.panel() || c.operates() {
				one.Errors = append(one.Errors, synchronizationErrorView{
					At: instant(failed.At), Page: countOrNull(failed.Page), Panel: c.forOperators(failed.Panel),
					ServiceID: textOrNull(failed.ServiceID), CertificateID: textOrNull(failed.CertificateID),
					Code: failed.Code, Detail: c.forOperators(failed.Detail),
				})
			}
		}
		v.Accounts = append(v.Accounts, one)
	}
	return v
}

func (c *call) viewOfChange(change provisioning.ServiceChange) serviceChangeView {
	return serviceChangeView{
		Sequence: change.ID, Account: change.Account, Panel: c.forOperators(change.Panel), ServiceID: change.ServiceID,
		CertificateID: textOrNull(change.CertificateID), Field: change.Field, Old: textOrNull(change.Old), New: textOrNull(change.New),
	}
}

// countOrNull is a number that is not known while it is 0.
func countOrNull(count int) *int {
	if count == 0 {
		return nil
	}
	return &count
}
