// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"context"
	"time"
)

// RunStore keeps runs of the synchronization.
type RunStore interface {
	// StartRun stores a new run with its parts, and gives it; or, while one that is
	// dry or real like it is running, gives that one, after adding the parts that it
	// lacks. Of many that start at once, one is stored.
	StartRun(ctx context.Context, run Synchronization) (Synchronization, error)
	// Run reads a run with its parts. ErrNotFound if there is none.
	Run(ctx context.Context, id string) (Synchronization, error)
	// Runs reads runs, the newest first.
	Runs(ctx context.Context, query RunQuery) ([]Synchronization, error)
	// SaveProgress stores how far an account's part is, and further entries of the
	// report, or nothing of it. ErrLaneLost if the lease is not held any more, which
	// begins anew otherwise.
	SaveProgress(ctx context.Context, progress RunProgress) error
	// FinishRun ends a run all of whose parts are over, and does nothing otherwise.
	FinishRun(ctx context.Context, id string, at time.Time) error
	// RunChanges reads entries of a run's report in the order of their ids.
	RunChanges(ctx context.Context, query RunChangeQuery) ([]ServiceChange, error)
	// ClearRuns forgets runs that began before then and are over, with their reports.
	ClearRuns(ctx context.Context, before time.Time) error
	// Unlisted finds certificates of an account that services own and no listing
	// shows, and that came before a moment, in the order of their ids; but for those
	// that are replaced, revoked or cancelled, which lists may leave out.
	Unlisted(ctx context.Context, account string, before time.Time, limit int) ([]string, error)
}

// RunQuery selects runs. Zero fields select nothing out.
type RunQuery struct {
	State SynchronizationState
	Real  bool // no dry runs
	Whole bool // only of all accounts
	Limit int  // 0: 100
}

// RunProgress is how far an account's part of a run is.
type RunProgress struct {
	Run     string
	Part    SynchronizationPart
	Changes []ServiceChange // further entries of the report
	Lane    Lane            // the lease on the part
}

// RunChangeQuery selects entries of a run's report.
type RunChangeQuery struct {
	Run   string
	Panel string // "" for those of all panels
	After int64  // ID after which the page starts; 0 for the first page
	Limit int    // 0: 100
}
