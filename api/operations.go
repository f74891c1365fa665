// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
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

// operation lets a panel follow what a 202 left open. A key that operates may ask
// for any panel's operation, and sees the operator's side of it.
func (s *Server) operation(c *call) (answer, error) {
	operates, id := c.key.Allows(provisioning.ScopeOperate), c.Param("operation_id")
	read := func(ctx context.Context, id string) (provisioning.Operation, provisioning.Service, error) {
		return s.bridge.Operation(ctx, c.panel(), id)
	}
	if operates {
		read = s.bridge.AnyOperation
	}
	operation, service, err := read(c.Request().Context(), id)
	if err != nil {
		return answer{}, err
	}
	told := any(viewOf(operation))
	if operates {
		told = s.viewForOperator(operation)
	}
	given, err := jsonAnswer(http.StatusOK, struct {
		Operation any         `json:"operation"`
		Service   serviceView `json:"service"`
	}{told, s.view(service)})
	if err == nil && operation.State.Open() {
		given.header.Set(echo.HeaderRetryAfter, retryAfterSeconds(followAfter))
	}
	return given, err
}

func viewOf(operation provisioning.Operation) operationView {
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
	return v
}
