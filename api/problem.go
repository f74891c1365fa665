// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

const problemType = "application/problem+json"

// problem is an error as the caller sees it (RFC 9457). Its type is always
// about:blank, so its title is the status phrase (RFC 9457 section 4.2.1); what
// programs decide on is code.
type problem struct {
	Type      string       `json:"type"`
	Title     string       `json:"title"`
	Status    int          `json:"status"`
	Code      string       `json:"code"`
	Detail    string       `json:"detail"`
	Retryable bool         `json:"retryable"`
	Errors    []fieldError `json:"errors,omitempty"`
	Upstream  *upstream    `json:"upstream,omitempty"`
	RequestID string       `json:"request_id"`

	retryAfter time.Duration
	challenge  string // WWW-Authenticate
	cause      error  // for the log only
}

// fieldError says what is wrong with one member of a request.
type fieldError struct {
	Field  string `json:"field"` // path with dots, for example "contact.email"
	Detail string `json:"detail"`
}

// upstream is what the provider said, for staff.
type upstream struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Error describes the problem for a log.
func (p *problem) Error() string {
	if p.cause != nil {
		return p.Code + ": " + p.cause.Error()
	}
	return p.Code + ": " + p.Detail
}

// Unwrap gives the cause.
func (p *problem) Unwrap() error { return p.cause }

func newProblem(status int, code, format string, args ...any) *problem {
	return &problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Code: code, Detail: fmt.Sprintf(format, args...),
	}
}

func invalidField(field, format string, args ...any) *problem {
	said := fmt.Sprintf(format, args...)
	p := newProblem(http.StatusBadRequest, "invalid_request", "%s: %s", field, said)
	p.Errors = []fieldError{{Field: field, Detail: said}}
	return p
}

// statuses is the one place where kinds of domain errors become HTTP statuses. An
// error of any other kind is our fault.
var statuses = map[provisioning.Kind]int{
	provisioning.KindInvalid:     http.StatusUnprocessableEntity,
	provisioning.KindNotFound:    http.StatusNotFound,
	provisioning.KindConflict:    http.StatusConflict,
	provisioning.KindRefused:     http.StatusUnprocessableEntity,
	provisioning.KindUnavailable: http.StatusServiceUnavailable,
}

// defaultRetryAfter is told with a retryable 503 for which nobody knows better.
const defaultRetryAfter = 30 * time.Second

// problemOf says what the caller learns about an error. The text of an error
// that nobody made for callers stays in the log.
func problemOf(err error) *problem {
	var known *problem
	if errors.As(err, &known) {
		return known
	}
	var domain *provisioning.Error
	if errors.As(err, &domain) {
		return domainProblem(domain)
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return bodyTooLarge()
	}
	var routing *echo.HTTPError
	if errors.As(err, &routing) {
		return routingProblem(routing)
	}
	return internalProblem(err)
}

func domainProblem(err *provisioning.Error) *problem {
	status, ok := statuses[err.Kind]
	if !ok {
		return internalProblem(err)
	}
	p := newProblem(status, err.Code, "%s", err.Detail)
	p.Retryable = err.Retryable
	p.retryAfter = err.RetryAfter
	p.cause = err
	if err.Upstream != (provisioning.Upstream{}) {
		p.Upstream = &upstream{Code: err.Upstream.Code, Message: err.Upstream.Message}
	}
	if p.retryAfter <= 0 && status == http.StatusServiceUnavailable && err.Retryable {
		p.retryAfter = defaultRetryAfter
	}
	return p
}

func routingProblem(err *echo.HTTPError) *problem {
	switch err.Code {
	case http.StatusNotFound:
		return newProblem(err.Code, "not_found", "There is nothing at this address.")
	case http.StatusMethodNotAllowed:
		return newProblem(err.Code, "method_not_allowed", "This address does not know this method.")
	default:
		return internalProblem(err)
	}
}

func internalProblem(err error) *problem {
	p := newProblem(http.StatusInternalServerError, "internal",
		"Something went wrong on our side. The request id helps to find out what.")
	p.cause = err
	return p
}

func unavailable(err error) *problem {
	p := newProblem(http.StatusServiceUnavailable, "store_unavailable",
		"The service cannot reach its own database at the moment. Asking again later is safe.")
	p.Retryable = true
	p.retryAfter = defaultRetryAfter
	p.cause = err
	return p
}

// blamesRequest tells whether the same request would meet the same problem
// whatever happens meanwhile.
func (p *problem) blamesRequest() bool {
	var domain *provisioning.Error
	if errors.As(p.cause, &domain) {
		return domain.Kind == provisioning.KindInvalid && !p.Retryable
	}
	return p.Status == http.StatusBadRequest || p.Status == http.StatusUnsupportedMediaType
}

// answerError is echo's error handler.
func (s *Server) answerError(err error, ctx echo.Context) {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.log.Error("request failed", zap.String("request_id", requestIDOf(ctx)),
			zap.String("route", routeOf(ctx)), zap.String("code", p.Code), zap.Error(err))
	}
	if ctx.Response().Committed {
		return
	}
	if err := p.answer(requestIDOf(ctx)).write(ctx); err != nil {
		s.log.Info("answer not delivered", zap.String("request_id", requestIDOf(ctx)), zap.Error(err))
	}
}

// answer writes the problem down for the request with the given id.
func (p *problem) answer(requestID string) answer {
	told := *p
	told.RequestID = requestID
	body, err := json.Marshal(told)
	if err != nil {
		// Only strings and numbers are in it: this cannot fail.
		panic(err)
	}
	header := http.Header{}
	header.Set(echo.HeaderContentType, problemType)
	if p.retryAfter > 0 {
		header.Set(echo.HeaderRetryAfter, retryAfterSeconds(p.retryAfter))
	}
	if p.challenge != "" {
		header.Set(echo.HeaderWWWAuthenticate, p.challenge)
	}
	return answer{status: p.Status, header: header, body: append(body, '\n')}
}

// retryAfterSeconds rounds up, so that nobody comes back too early.
func retryAfterSeconds(d time.Duration) string {
	return strconv.Itoa(int(math.Ceil(d.Seconds())))
}
