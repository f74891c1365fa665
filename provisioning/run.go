// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"errors"
	"slices"
	"time"
)

// SynchronizationState is how far a run, or an account's part of it, is.
type SynchronizationState string

// The states. A run failed when something in it did; the rest was done all the same.
const (
	SynchronizationRunning   SynchronizationState = "running"
	SynchronizationSucceeded SynchronizationState = "succeeded"
	SynchronizationFailed    SynchronizationState = "failed"
)

// Synchronization is a run that compares the provider's lists with the mirror. It
// is worked on by any replica, account by account.
type Synchronization struct {
	ID     string // sorts by time of creation
	State  SynchronizationState
	DryRun bool // it reports what it would change, and changes nothing
	// Whole tells that all accounts were asked for, not some by name.
	Whole      bool
	StartedBy  string // see Event.Actor
	StartedAt  time.Time
	FinishedAt time.Time
	Parts      []SynchronizationPart // one an account, in the order of their names
}

// SynchronizationPart is a run in one account.
type SynchronizationPart struct {
	Account  string
	State    SynchronizationState
	PageSize int // of the list, in certificates
	// PagesDone is the page that is done with, and so are those before it. Who takes
	// over goes on after it.
	PagesDone        int
	PagesTotal       int    // as far as the provider's list tells; 0 before its first page
	CertificatesSeen int    // rows of the list
	Changed          int    // of them, those that are new or not as the list showed them last
	Details          int    // certificates that were asked about one by one
	ServicesChanged  int    // services that the run brought up to date, or would have
	ProviderCalls    int    // all of the run
	WaitingFor       string // what holds it up, for people; "" if nothing does
	Resumed          bool   // somebody else began it
	Reported         int    // entries of the report
	Omitted          int    // changes beyond those that a report holds
	ErrorCount       int
	Errors           []SynchronizationError // the first of them
	FinishedAt       time.Time
}

// SynchronizationError is something in a run that went wrong. What it is about is
// looked at again in the next run.
type SynchronizationError struct {
	At            time.Time `json:"at"`
	Page          int       `json:"page,omitempty"` // of the list
	CertificateID string    `json:"certificate_id,omitempty"`
	Panel         string    `json:"panel,omitempty"`
	ServiceID     string    `json:"service_id,omitempty"`
	Code          string    `json:"code"`
	Detail        string    `json:"detail"` // one sentence for staff
}

// The codes of errors that only a run has.
const (
	faultUnconfigured   = "account_not_configured"
	faultPageUnread     = "list_page_unread"
	faultGivenUp        = "list_given_up"
	faultIncomplete     = "list_incomplete"
	faultUnreadableRows = "list_unreadable_rows"
	faultInternal       = "internal_error"
)

// ServiceChange is an entry of a run's report: what a panel sees of a service that
// is not what it was.
type ServiceChange struct {
	ID            int64 // grows; assigned by the store
	Run           string
	Account       string
	Panel         string
	ServiceID     string
	CertificateID string // the certificate in use after it
	Field         string // as the API names it, for example "status" or "due_date"
	Old, New      string // "" for nothing
}

// SynchronizationRequest asks for a run.
type SynchronizationRequest struct {
	Accounts []string // none: all that are configured
	DryRun   bool
	By       string // see Event.Actor
}

const (
	// DefaultPageSize is how many certificates a run asks for at once.
	DefaultPageSize = 100
	// keepRuns is how long a run and its report can be read.
	keepRuns = 90 * 24 * time.Hour
)

// StartSynchronization starts a run, or joins the one that is under way: a dry run
// joins a dry run, a real one a real one. Accounts that the joined run lacks are
// added to it. Work on it begins in this process, and goes on after the answer.
//
// Codes: unknown_account, store_unavailable.
func (b *Bridge) StartSynchronization(ctx context.Context, request SynchronizationRequest) (run Synchronization, joined bool, err error) {
	now := b.instant()
	run = Synchronization{
		ID: b.newID(now), State: SynchronizationRunning, DryRun: request.DryRun, Whole: len(request.Accounts) == 0,
		StartedBy: request.By, StartedAt: now,
	}
	names := request.Accounts
	if run.Whole {
		names = b.names
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	for _, name := range names {
		if _, err := b.account(name); err != nil {
			return Synchronization{}, false, err
		}
		run.Parts = append(run.Parts, SynchronizationPart{Account: name, State: SynchronizationRunning, PageSize: b.pageSize})
	}
	id := run.ID
	run, err = b.store.StartRun(ctx, run)
	if err != nil {
		// It may have been stored all the same.
		if run, err = b.store.Run(ctx, id); err != nil {
			return Synchronization{}, false, storeUnavailable(err)
		}
	}
	if joined = run.ID != id; !joined {
		b.clearRuns(ctx, now)
	}
	running, err := b.store.Runs(ctx, RunQuery{State: SynchronizationRunning, Limit: openRuns})
	if err != nil {
		running = []Synchronization{run}
	}
	b.takeUpInTurn(running)
	return run, joined, nil
}

// clearRuns forgets old runs. What is not cleared now is cleared with the next one.
func (b *Bridge) clearRuns(ctx context.Context, now time.Time) {
	if err := b.store.ClearRuns(ctx, now.Add(-keepRuns)); err != nil {
		b.log.Warn("old synchronizations could not be cleared", "error", err)
	}
}

// Synchronization reads a run.
//
// Codes: synchronization_not_found, store_unavailable.
func (b *Bridge) Synchronization(ctx context.Context, id string) (Synchronization, error) {
	run, err := b.store.Run(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return Synchronization{}, &Error{Kind: KindNotFound, Code: "synchronization_not_found", Detail: "There is no synchronization with this id."}
	}
	if err != nil {
		return Synchronization{}, storeUnavailable(err)
	}
	return run, nil
}

// SynchronizationChanges reads a page of a run's report. Before the run is over
// there may be more to come, also before the end of a page that was read.
//
// Codes: synchronization_not_found, store_unavailable.
func (b *Bridge) SynchronizationChanges(ctx context.Context, query RunChangeQuery) ([]ServiceChange, error) {
	if _, err := b.Synchronization(ctx, query.Run); err != nil {
		return nil, err
	}
	changes, err := b.store.RunChanges(ctx, query)
	if err != nil {
		return nil, storeUnavailable(err)
	}
	return changes, nil
}

// Part finds an account's part, nil if there is none. The pointer is into the run.
func (r *Synchronization) Part(account string) *SynchronizationPart {
	for i := range r.Parts {
		if r.Parts[i].Account == account {
			return &r.Parts[i]
		}
	}
	return nil
}

// Errors counts what went wrong in a run.
func (r *Synchronization) Errors() int {
	count := 0
	for _, part := range r.Parts {
		count += part.ErrorCount
	}
	return count
}
