// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics count and time requests by route pattern, never by path: a path holds
// what the caller chose, and would make a series each.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newMetrics(registry *prometheus.Registry) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "certbridge_http_requests_total",
			Help: "Requests answered, by route, method and class of status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "certbridge_http_request_duration_seconds",
			Help: "Time from the request's header to the end of the answer.",
			// Reads take under a millisecond, provider calls up to a minute.
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60},
		}, []string{"route", "method"}),
	}
	for _, collector := range []prometheus.Collector{m.requests, m.duration} {
		if err := registry.Register(collector); err != nil {
			return nil, fmt.Errorf("api: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		started := time.Now()
		if err := next(c); err != nil {
			c.Error(err) // fixes the status; the outer layers find it answered
		}
		route, method := routeOf(c), c.Request().Method
		if route == "" {
			route, method = "none", "none" // both are the caller's own text
		}
		class := strconv.Itoa(c.Response().Status/100) + "xx"
		m.requests.WithLabelValues(route, method, class).Inc()
		m.duration.WithLabelValues(route, method).Observe(time.Since(started).Seconds())
		return nil
	}
}

// metrics answers with everything in the registry, in Prometheus' text format.
func (s *Server) metrics(*call) (answer, error) {
	return answer{
		status: http.StatusOK,
		stream: promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{}),
	}, nil
}
