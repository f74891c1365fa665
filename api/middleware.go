// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
	"go.uber.org/zap"
)

// maxBody bounds a request's body. The largest honest one is a CSR with a
// hundred names, some 10 KiB.
const maxBody = 1 << 20

// Where a route leaves what the access log and the metrics tell of it.
const (
	routeField = "certbridge.route"
	keyIDField = "certbridge.key_id"
)

// routeOf is the pattern of the route that answers, "" if none does. (For an
// unknown path echo's own Path is the caller's text.)
func routeOf(c echo.Context) string {
	pattern, _ := c.Get(routeField).(string)
	return pattern
}

var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,64}$`)

// requestID takes over the caller's X-Request-Id if it is fit for a log line,
// and makes one otherwise.
func requestID(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id := c.Request().Header.Get(echo.HeaderXRequestID)
		if !saneRequestID.MatchString(id) {
			id = rand.Text()
		}
		c.Response().Header().Set(echo.HeaderXRequestID, id)
		return next(c)
	}
}

func requestIDOf(c echo.Context) string {
	return c.Response().Header().Get(echo.HeaderXRequestID)
}

// securityHeaders keep a browser from making anything of an answer but data.
func securityHeaders(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		header := c.Response().Header()
		header.Set(echo.HeaderXContentTypeOptions, "nosniff")
		header.Set(echo.HeaderContentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'")
		header.Set(echo.HeaderReferrerPolicy, "no-referrer")
		return next(c)
	}
}

// accessLog writes one line per request: no query, no header, no body, so no
// secret either.
func (s *Server) accessLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		started := time.Now()
		if err := next(c); err != nil {
			return err
		}
		request := c.Request()
		keyID, _ := c.Get(keyIDField).(string)
		s.log.Info("request",
			zap.String("request_id", requestIDOf(c)),
			zap.String("method", shorten(request.Method, 16)),
			zap.String("path", shorten(request.URL.Path, 200)),
			zap.String("route", routeOf(c)),
			zap.Int("status", c.Response().Status),
			zap.Int64("bytes", c.Response().Size),
			zap.Duration("took", time.Since(started)),
			zap.String("peer", request.RemoteAddr),
			zap.String("key", keyID),
		)
		return nil
	}
}

func shorten(text string, limit int) string {
	if len(text) > limit {
		return text[:limit]
	}
	return text
}

// recover turns a panic into an internal problem. http.ErrAbortHandler is the
// standard library's own signal and passes.
func (s *Server) recover(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			caught := recover()
			if caught == nil {
				return
			}
			if err, ok := caught.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(caught)
			}
			s.log.Error("panic", zap.String("request_id", requestIDOf(c)),
				zap.String("route", routeOf(c)), zap.ByteString("stack", debug.Stack()))
			err = internalProblem(fmt.Errorf("panic: %v", caught))
		}()
		return next(c)
	}
}

// limitBody cuts bodies at maxBody. The standard library then closes the
// connection in a way that lets the caller read the answer, for which it needs
// its own ResponseWriter, not echo's around it.
func limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Request().Body = http.MaxBytesReader(c.Response().Writer, c.Request().Body, maxBody)
		return next(c)
	}
}

func bodyTooLarge() *problem {
	return newProblem(http.StatusRequestEntityTooLarge, "body_too_large",
		"The body is larger than %d bytes.", maxBody)
}
