// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/certbridge/certbridge/provisioning"
)

// Bridge is what the routes ask of the domain. See provisioning.Bridge for what
// each method promises.
type Bridge interface {
	Create(ctx context.Context, caller provisioning.Caller, serviceID string, request provisioning.CreateRequest) (provisioning.Result, error)
	Activate(ctx context.Context, caller provisioning.Caller, serviceID string, configuration provisioning.Configuration) (provisioning.Result, error)
	Reissue(ctx context.Context, caller provisioning.Caller, serviceID string, configuration provisioning.Configuration) (provisioning.Result, error)
	Renew(ctx context.Context, caller provisioning.Caller, serviceID string, request provisioning.RenewRequest) (provisioning.Result, error)
	Synchronize(ctx context.Context, caller provisioning.Caller, serviceID string) (provisioning.Result, error)
	AddDomains(ctx context.Context, caller provisioning.Caller, serviceID string, additionalDomains int) (provisioning.Result, error)
	Revoke(ctx context.Context, caller provisioning.Caller, serviceID, certificateID string) (provisioning.Result, error)
	ChangeValidation(ctx context.Context, caller provisioning.Caller, serviceID, certificateID string, choices []provisioning.ValidationChoice) (provisioning.Result, error)
	RetryValidation(ctx context.Context, caller provisioning.Caller, serviceID, certificateID string) (provisioning.Result, error)
	Suspend(ctx context.Context, caller provisioning.Caller, serviceID string) (provisioning.Result, error)
	Unsuspend(ctx context.Context, caller provisioning.Caller, serviceID string) (provisioning.Result, error)
	Terminate(ctx context.Context, caller provisioning.Caller, serviceID string) (provisioning.Result, error)

	Service(ctx context.Context, panel, serviceID string) (provisioning.Service, error)
	Services(ctx context.Context, query provisioning.ServiceQuery) ([]provisioning.Service, error)
	Changes(ctx context.Context, panel string, after int64, limit int) (provisioning.Feed, error)
	Operation(ctx context.Context, panel, id string) (provisioning.Operation, provisioning.Service, error)
	Operations(ctx context.Context, query provisioning.OperationQuery) ([]provisioning.Operation, error)
	AnyOperation(ctx context.Context, id string) (provisioning.Operation, provisioning.Service, error)
	Choices(operation provisioning.Operation) []provisioning.Choice
	Ledger(ctx context.Context, account string, progress func(read, total int)) (provisioning.Ledger, error)
	Standing(ctx context.Context) (provisioning.Standing, error)
	Unlinked(ctx context.Context, query provisioning.UnlinkedQuery) ([]provisioning.Listing, error)
	Link(ctx context.Context, operator string, request provisioning.LinkRequest) (provisioning.Result, error)
	Dismiss(ctx context.Context, operator, account, certificateID, note string) error
	StartSynchronization(ctx context.Context, request provisioning.SynchronizationRequest) (run provisioning.Synchronization, joined bool, err error)
	Synchronization(ctx context.Context, id string) (provisioning.Synchronization, error)
	SynchronizationChanges(ctx context.Context, query provisioning.RunChangeQuery) ([]provisioning.ServiceChange, error)
	Events(ctx context.Context, panel, serviceID string, after int64, limit int) ([]provisioning.Event, error)
	Products() []provisioning.AccountProducts
	ApproverEmails(ctx context.Context, account, product, domain string) ([]string, error)
	Actions(service provisioning.Service) []provisioning.Action
	DueDate(service provisioning.Service) provisioning.DueDate
	RenewalDates(service provisioning.Service) *provisioning.RenewalDates
	Present(service provisioning.Service) provisioning.Service
	HeldDueDates(ctx context.Context, after int64, limit int) ([]provisioning.Service, error)
	DecideDueDate(ctx context.Context, actor, panel, serviceID string, decision provisioning.DueDateDecision, seen provisioning.Date, note string) (provisioning.Result, error)
}

var _ Bridge = (*provisioning.Bridge)(nil)

// Config is what the service is made of. Every field is needed unless it says
// otherwise.
type Config struct {
	Bridge      Bridge
	Calls       Calls // for the metrics; optional
	Keys        Keys
	Idempotency Idempotency
	// Ready tells why requests cannot be served at present, nil if they can.
	Ready    func(ctx context.Context) error
	Now      func() time.Time
	Log      *zap.Logger
	Version  string // of the program, as whoami tells it
	Registry *prometheus.Registry
}

func (c Config) validate() error {
	switch {
	case c.Bridge == nil:
		return errors.New("api: Config.Bridge is missing")
	case c.Keys == nil:
		return errors.New("api: Config.Keys is missing")
	case c.Idempotency == nil:
		return errors.New("api: Config.Idempotency is missing")
	case c.Ready == nil:
		return errors.New("api: Config.Ready is missing")
	case c.Now == nil:
		return errors.New("api: Config.Now is missing")
	case c.Log == nil:
		return errors.New("api: Config.Log is missing")
	case c.Version == "":
		return errors.New("api: Config.Version is missing")
	case c.Registry == nil:
		return errors.New("api: Config.Registry is missing")
	}
	return nil
}

// Server answers the calls of billing panels. It is an http.Handler.
type Server struct {
	bridge      Bridge
	keys        Keys
	idempotency Idempotency
	ready       func(ctx context.Context) error
	now         func() time.Time
	log         *zap.Logger
	version     string
	registry    *prometheus.Registry
	echo        *echo.Echo
	routes      []Route
}

// New makes the service. Its metrics are registered with config.Registry, so a
// registry serves one Server.
func New(config Config) (*Server, error) {
	if err := config.validate(); err != nil {
		return nil, err
	}
	measure, err := newMetrics(config.Registry)
	if err != nil {
		return nil, err
	}
	if config.Calls != nil {
		if err := config.Registry.Register(newCallsCollector(config.Calls, config.Log)); err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
	}
	if err := config.Registry.Register(newStandingCollector(config.Bridge, config.Log)); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	s := &Server{
		bridge:      config.Bridge,
		keys:        config.Keys,
		idempotency: config.Idempotency,
		ready:       config.Ready,
		now:         config.Now,
		log:         config.Log,
		version:     config.Version,
		registry:    config.Registry,
		echo:        echo.New(),
	}
	s.echo.HTTPErrorHandler = s.answerError
	s.echo.Use(requestID, securityHeaders, s.accessLog, measure.middleware, s.recover, limitBody)
	for _, r := range s.table() {
		s.echo.Add(r.method, r.path, s.serve(r))
		s.routes = append(s.routes, Route{Method: r.method, Path: r.path})
	}
	return s, nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.echo.ServeHTTP(w, r) }

// Route is one call of the API; parameters in Path look like ":service_id".
type Route struct{ Method, Path string }

// Routes lists every call that the service answers.
func (s *Server) Routes() []Route { return append([]Route(nil), s.routes...) }

// Limits of a connection. An answer may take as long as the longest patience
// that a caller can ask for, and some time for the database around it.
const (
	headerTimeout  = 10 * time.Second
	requestTimeout = 30 * time.Second
	answerTimeout  = maxWait + 60*time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

// NewHTTPServer wraps a handler in a server whose every phase is bounded, so
// that slow or silent clients cannot hold connections for ever.
func NewHTTPServer(address string, handler http.Handler, log *zap.Logger) (*http.Server, error) {
	errorLog, err := zap.NewStdLogAt(log, zap.WarnLevel)
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Addr:              address,
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          errorLog,
	}, nil
}
