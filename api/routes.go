// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// route is one call: who may make it, and what answers it.
type route struct {
	method, path string
	// scope is what the caller's key must allow; "" for calls without a key.
	scope provisioning.Scope
	// changes is set when the call changes something, so that an
	// Idempotency-Key means something.
	changes bool
	handle  func(c *call) (answer, error)
}

const (
	get  = http.MethodGet
	put  = http.MethodPut
	post = http.MethodPost
)

func (s *Server) table() []route {
	const (
		service   = "/v1/services/:service_id"
		read      = provisioning.ScopeRead
		provision = provisioning.ScopeProvision
		operate   = provisioning.ScopeOperate
	)
	return []route{
		{get, "/healthz", "", false, s.healthz},
		{get, "/readyz", "", false, s.readyz},
		{get, "/metrics", "", false, s.metrics},
		{get, "/openapi.yaml", "", false, s.contract},

		{get, "/v1/whoami", read, false, s.whoami},
		{get, "/v1/products", read, false, s.products},
		{post, "/v1/csr/decode", read, false, s.decodeCSR},
		{get, "/v1/approver-emails", read, false, s.approverEmails},
		{get, "/v1/operations/:operation_id", read, false, s.operation},

		{get, "/v1/operations", operate, false, s.operations},
		{get, "/v1/ledger", operate, false, s.ledger},
		{get, "/v1/unlinked", operate, false, s.unlinked},
		{post, "/v1/unlinked/link", operate, true, s.link},
		{post, "/v1/unlinked/dismiss", operate, true, s.dismiss},
		{get, "/v1/due-dates", operate, false, s.dueDates},
		{post, "/v1/due-dates", operate, true, s.decideDueDate},

		{get, "/v1/changes", read, false, s.changes},
		{post, "/v1/synchronizations", provision, true, s.startSynchronization},
		{get, "/v1/synchronizations/:synchronization_id", read, false, s.synchronization},
		{get, "/v1/synchronizations/:synchronization_id/changes", read, false, s.synchronizationChanges},

		{get, "/v1/services", read, false, s.services},
		{put, service, provision, true, s.create},
		{get, service, read, false, s.service},
		{get, service + "/certificates", read, false, s.lineage},
		{get, service + "/events", read, false, s.events},
		{get, service + "/certificate", read, false, s.download},
		{post, service + "/certificate", read, false, s.downloadKeystore},

		{post, service + "/activate", provision, true, s.activate},
		{post, service + "/reissue", provision, true, s.reissue},
		{post, service + "/renew", provision, true, s.renew},
		{post, service + "/synchronize", provision, true, s.plain(s.bridge.Synchronize)},
		{post, service + "/domains", provision, true, s.addDomains},
		{post, service + "/revoke", provision, true, s.revoke},
		{post, service + "/suspend", provision, true, s.plain(s.bridge.Suspend)},
		{post, service + "/unsuspend", provision, true, s.plain(s.bridge.Unsuspend)},
		{post, service + "/terminate", provision, true, s.plain(s.bridge.Terminate)},

		{get, service + "/validation", read, false, s.validation},
		{put, service + "/validation", provision, true, s.changeValidation},
		{post, service + "/validation/retry", provision, true, s.retryValidation},
	}
}

// call is one request on its way through a route.
type call struct {
	echo.Context
	key  provisioning.PanelKey // zero on routes without a scope
	body []byte                // read as a whole, at most maxBody bytes
}

func (c *call) panel() string     { return c.key.Panel }
func (c *call) serviceID() string { return c.Param("service_id") }

// answer is what a route says. It is a value, not something written already,
// so that an idempotent request can be kept before it is sent.
type answer struct {
	status int
	header http.Header
	body   []byte
	stream http.Handler // writes status, header and body itself, if set
	// unchanged: it was so already and nothing was done.
	unchanged bool
}

// serve turns a route into an echo handler: key, body, idempotency, answer.
func (s *Server) serve(r route) echo.HandlerFunc {
	return func(ctx echo.Context) error {
		// An answer is given before the connection's own limit cuts it.
		bounded, cancel := context.WithTimeout(ctx.Request().Context(), answerTimeout-10*time.Second)
		defer cancel()
		ctx.SetRequest(ctx.Request().WithContext(bounded))
		c := &call{Context: ctx}
		ctx.Set(routeField, r.path)
		if r.scope != "" {
			ctx.Response().Header().Set(echo.HeaderCacheControl, "no-store")
			if err := s.authenticate(c, r.scope); err != nil {
				return err
			}
		}
		if err := c.readBody(); err != nil {
			return err
		}
		// Bodies may hold a private key; none outlives its request.
		defer clear(c.body)
		handle := r.handle
		if r.changes {
			handle = s.once(handle)
		}
		given, err := handle(c)
		if err != nil {
			return err
		}
		return given.write(ctx)
	}
}

func (a answer) write(ctx echo.Context) error {
	if a.stream != nil {
		a.stream.ServeHTTP(ctx.Response(), ctx.Request())
		return nil
	}
	w := ctx.Response()
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, err := w.Write(a.body)
	return err
}
