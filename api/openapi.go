// SPDX-License-Identifier: Apache-2.0

package api

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"
)

//go:embed openapi.yaml
var contract []byte

// Contract is openapi.yaml, which describes every call of this service.
func Contract() []byte { return append([]byte(nil), contract...) }

func (s *Server) contract(*call) (answer, error) {
	header := http.Header{}
	header.Set(echo.HeaderContentType, "application/yaml")
	header.Set(echo.HeaderCacheControl, "no-cache")
	return answer{status: http.StatusOK, header: header, body: contract}, nil
}
