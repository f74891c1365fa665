// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// operationView is an operation asked for by its id.
type operationView struct {
	operationRef
	ServiceID     string       `json:"service_id"`
	CertificateID *string      `json:"certificate_id"`
	Failure       *failureView `json:"failure"`
	CreatedAt     string       `json:"created_at"`
	UpdatedAt     string       `json:"updated_at"`
	FinishedAt    *string      `json:"finished_at"`
}

type failureView struct {
	Code      string    `json:"code"`
	Detail    string    `json:"detail"`
	Retryable bool      `json:"retryable"`
	Upstream  *upstream `json:"upstream,omitempty"`
}

// operation lets a panel follow what a 202 left open.
func (s *Server) operation(c *call) (answer, error) {
	operation, service, err := s.bridge.Operation(c.Request().Context(), c.panel(), c.Param("operation_id"))
	if err != nil {
		return answer{}, err
	}
	v := operationView{
		operationRef: *refOf(&operation),
		ServiceID:    operation.ServiceID, CertificateID: textOrNull(operation.CertificateID),
		CreatedAt: instant(operation.CreatedAt), UpdatedAt: instant(operation.UpdatedAt),
		FinishedAt: instantOrNull(operation.FinishedAt),
	}
	if failure := operation.Failure; failure != nil {
		v.Failure = &failureView{Code: failure.Code, Detail: failure.Detail, Retryable: failure.Retryable}
		if failure.Upstream != (provisioning.Upstream{}) {
			v.Failure.Upstream = &upstream{Code: failure.Upstream.Code, Message: failure.Upstream.Message}
		}
	}
	given, err := jsonAnswer(http.StatusOK, struct {
		Operation operationView `json:"operation"`
		Service   serviceView   `json:"service"`
	}{v, s.view(service)})
	if err == nil && operation.State.Open() {
		given.header.Set(echo.HeaderRetryAfter, retryAfterSeconds(followAfter))
	}
	return given, err
}
