// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

// Idempotency keeps requests that came with an Idempotency-Key. A key belongs to
// a panel. How long answers are kept, and when a request that never ended is
// given up, is the keeper's to say.
type Idempotency interface {
	// BeginIdempotent claims the key for a request whose CreatedAt is set. If
	// existing is nil it is claimed; else that is what the key was used for,
	// perhaps still under way (Status 0).
	BeginIdempotent(ctx context.Context, request provisioning.IdempotentRequest) (existing *provisioning.IdempotentRequest, err error)
	// FinishIdempotent keeps the answer of a request that has claimed its key.
	FinishIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error
	// ForgetIdempotent gives the key back without an answer.
	ForgetIdempotent(ctx context.Context, request provisioning.IdempotentRequest) error
}

const (
	maxKeyLength = 255
	// keepTimeout bounds the writing of an answer, which goes on when the caller
	// has hung up.
	keepTimeout = 10 * time.Second
)

// keptHeaders are the header fields that belong to an answer rather than to one
// delivery of it.
var keptHeaders = []string{echo.HeaderContentType, echo.HeaderLocation, "ETag"}

// once answers a repeated request with what was answered the first time. Without
// an Idempotency-Key it changes nothing.
//
// Only answers are kept after which something has changed, or which blame the
// request itself. All others release the key: a 202, a problem of the present
// state or of somebody else, and an action that found nothing to do. Asking again
// then asks the domain again, whose natural keys make that safe, and tells the
// present state.
func (s *Server) once(handle func(*call) (answer, error)) func(*call) (answer, error) {
	return func(c *call) (answer, error) {
		given := c.Request().Header.Values("Idempotency-Key")
		if len(given) == 0 {
			return handle(c)
		}
		key := given[0]
		if len(given) > 1 || !validKey(key) {
			p := invalidField("Idempotency-Key", "1 to %d visible ASCII characters are expected", maxKeyLength)
			p.Code = "idempotency_key_invalid"
			return answer{}, p
		}
		request := provisioning.IdempotentRequest{
			Panel: c.panel(), Key: key, Fingerprint: c.fingerprint(),
			CreatedAt: s.now().UTC().Truncate(time.Microsecond),
		}
		existing, err := s.idempotency.BeginIdempotent(c.Request().Context(), request)
		if err != nil {
			return answer{}, unavailable(fmt.Errorf("claiming the idempotency key: %w", err))
		}
		if existing != nil {
			return repeat(*existing, request)
		}
		return s.finish(c, request, handle)
	}
}

func validKey(key string) bool {
	for _, r := range []byte(key) {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return key != "" && len(key) <= maxKeyLength
}

// fingerprint tells requests apart that use the same key.
func (c *call) fingerprint() []byte {
	// Neither a method nor a path holds a line break, so parts cannot run together.
	text := []byte(c.Request().Method + "\n" + c.Request().URL.RequestURI() + "\n")
	hash := sha256.Sum256(append(text, c.body...))
	return hash[:]
}

// repeat answers a request whose key was used before.
func repeat(before, request provisioning.IdempotentRequest) (answer, error) {
	if !bytes.Equal(before.Fingerprint, request.Fingerprint) {
		return answer{}, newProblem(http.StatusUnprocessableEntity, "idempotency_key_reused",
			"This Idempotency-Key was used for another request.")
	}
	if before.Status == 0 {
		p := newProblem(http.StatusConflict, "request_in_progress",
			"A request with this Idempotency-Key is still being answered.")
		p.Retryable, p.retryAfter = true, followAfter
		return answer{}, p
	}
	given := answer{status: before.Status, header: http.Header{}, body: before.Body}
	var kept map[string]string
	if err := json.Unmarshal([]byte(before.Header), &kept); err != nil {
		return answer{}, fmt.Errorf("kept header: %w", err)
	}
	for name, value := range kept {
		given.header.Set(name, value)
	}
	given.header.Set("Idempotent-Replayed", "true")
	return given, nil
}

// finish carries the request out and keeps an answer that lasts. Whatever happens, the
// key does not stay taken without one.
func (s *Server) finish(c *call, request provisioning.IdempotentRequest, handle func(*call) (answer, error)) (answer, error) {
	kept := false
	defer func() {
		if kept {
			return
		}
		err := s.keep(c, func(ctx context.Context) error { return s.idempotency.ForgetIdempotent(ctx, request) })
		if err != nil {
			s.log.Warn("idempotency key not released", zap.String("request_id", requestIDOf(c)), zap.Error(err))
		}
	}()
	given, err := handle(c)
	lasts := given.status != http.StatusAccepted && !given.unchanged
	if err != nil {
		p := problemOf(err)
		lasts = p.blamesRequest()
		given = p.answer(requestIDOf(c))
	}
	if !lasts {
		return given, err
	}
	request.Status, request.Header, request.Body = given.status, keptHeader(given.header), given.body
	keepErr := s.keep(c, func(ctx context.Context) error { return s.idempotency.FinishIdempotent(ctx, request) })
	if keepErr != nil {
		// The action is done, and asking again is safe; only the memory is lost.
		s.log.Warn("answer not kept", zap.String("request_id", requestIDOf(c)), zap.Error(keepErr))
		return given, err
	}
	kept = true
	return given, err
}

// keep writes after the action, also when the caller has hung up meanwhile.
func (s *Server) keep(c *call, write func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request().Context()), keepTimeout)
	defer cancel()
	return write(ctx)
}

func keptHeader(header http.Header) string {
	kept := map[string]string{}
	for _, name := range keptHeaders {
		if value := header.Get(name); value != "" {
			kept[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		panic(err) // a map of strings can always be written
	}
	return string(text)
}
