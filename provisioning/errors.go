// SPDX-License-Identifier: Apache-2.0

package provisioning

import (
	"errors"
	"fmt"
	"time"
)

// What a Store answers when something stands in the way. They are compared with
// errors.Is.
var (
	// ErrNotFound: there is no such row for this panel.
	ErrNotFound = errors.New("not found")
	// ErrExists: a natural key is taken, for example (panel, service_id) or
	// (account, certificate_id).
	ErrExists = errors.New("exists already")
	// ErrStale: somebody else wrote the row since it was read.
	ErrStale = errors.New("written by someone else meanwhile")
	// ErrBusy: the service has another open operation.
	ErrBusy = errors.New("another operation is open")
	// ErrLaneLost: the lease on an account's purchase lane is somebody else's now.
	ErrLaneLost = errors.New("the purchase lane is not held any more")
	// ErrCursorAhead: a reader of a change feed has read further than the feed goes,
	// as after a backup was restored.
	ErrCursorAhead = errors.New("the cursor is ahead of the change feed")
)

// Kind groups errors by what the caller can do about them.
type Kind string

// The kinds.
const (
	KindInvalid     Kind = "invalid"     // the request itself is wrong
	KindNotFound    Kind = "not_found"   // no such thing, for this caller
	KindConflict    Kind = "conflict"    // not in the present state
	KindRefused     Kind = "refused"     // the provider said no
	KindUnavailable Kind = "unavailable" // not now; asking again later is safe
)

// Error is what an action answers when it does not do what was asked. Code is
// stable and part of the API; Detail is fit for the end customer and never names
// the provider; Upstream is for staff.
type Error struct {
	Kind       Kind
	Code       string
	Detail     string
	Retryable  bool
	RetryAfter time.Duration // a hint; zero when there is none
	Upstream   Upstream
	Err        error // the cause, for the log
}

// Error describes the error for a log.
func (e *Error) Error() string {
	text := e.Code + ": " + e.Detail
	if e.Upstream.Message != "" {
		text += fmt.Sprintf(" (upstream %s: %s)", e.Upstream.Code, e.Upstream.Message)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

func invalid(code, format string, args ...any) *Error {
	return &Error{Kind: KindInvalid, Code: code, Detail: fmt.Sprintf(format, args...)}
}

func conflict(code, format string, args ...any) *Error {
	return &Error{Kind: KindConflict, Code: code, Detail: fmt.Sprintf(format, args...)}
}
