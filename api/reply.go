// SPDX-License-Identifier: Apache-2.0

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// How long an action may keep its caller waiting (RFC 7240 section 4.3).
const (
	defaultWait = 15 * time.Second
	maxWait     = 60 * time.Second
)

// followAfter is when a caller should look after an operation that is under way.
const followAfter = 5 * time.Second

func jsonAnswer(status int, value any) (answer, error) {
	body, err := json.Marshal(value)
	if err != nil {
		return answer{}, fmt.Errorf("answer: %w", err)
	}
	header := http.Header{}
	header.Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	return answer{status: status, header: header, body: append(body, '\n')}, nil
}

// result answers an action: the service, or what is still to come. Another
// operation that is open stands in the service only.
func (s *Server) result(c *call, result provisioning.Result, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	if result.Operation != nil {
		given, err := jsonAnswer(http.StatusAccepted, struct {
			Operation *operationRef `json:"operation"`
			Service   serviceView   `json:"service"`
		}{refOf(result.Operation), s.view(result.Service)})
		if err != nil {
			return answer{}, err
		}
		given.header.Set(echo.HeaderLocation, "/v1/operations/"+url.PathEscape(result.Operation.ID))
		given.header.Set(echo.HeaderRetryAfter, retryAfterSeconds(followAfter))
		return c.withPreference(given), nil
	}
	given, err := s.outcome(result)
	if err != nil {
		return answer{}, err
	}
	return c.withPreference(given), nil
}

// outcome answers an action that is over.
func (s *Server) outcome(result provisioning.Result) (answer, error) {
	given, err := s.serviceAnswer(http.StatusOK, result.Service)
	given.unchanged = result.Unchanged
	return given, err
}

// serviceAnswer is a service with its ETag. The tag holds the version and a hash
// of what is told: actions and the due date also depend on the day and on the
// configuration, which no version counts.
func (s *Server) serviceAnswer(status int, service provisioning.Service) (answer, error) {
	given, err := jsonAnswer(status, s.view(service))
	if err != nil {
		return answer{}, err
	}
	hash := sha256.Sum256(given.body)
	given.header.Set("ETag", fmt.Sprintf(`"%d-%s"`, service.Version, hex.EncodeToString(hash[:8])))
	return given, nil
}

// notModified tells whether the caller has this representation already
// (RFC 9110 section 13.1.2, weak comparison).
func (c *call) notModified(etag string) bool {
	for _, field := range c.Request().Header.Values("If-None-Match") {
		for tag := range strings.SplitSeq(field, ",") {
			tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
			if tag == "*" || tag == etag {
				return true
			}
		}
	}
	return false
}

// caller is who asks for an action, and for how long they will wait.
func (c *call) caller() provisioning.Caller {
	wait, _ := c.preferredWait()
	return provisioning.Caller{Panel: c.panel(), Actor: "panel:" + c.key.ID, Wait: wait}
}

// preferredWait reads "Prefer: wait=N". The first one counts, and what cannot be
// read is as if it were not there (RFC 7240 section 2).
func (c *call) preferredWait() (wait time.Duration, preferred bool) {
	for _, field := range c.Request().Header.Values("Prefer") {
		for preference := range strings.SplitSeq(field, ",") {
			preference, _, _ = strings.Cut(preference, ";")
			name, value, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 32)
			if err != nil {
				return defaultWait, false
			}
			return min(time.Duration(seconds)*time.Second, maxWait), true
		}
	}
	return defaultWait, false
}

// withPreference tells the caller which wait was granted.
func (c *call) withPreference(given answer) answer {
	if wait, preferred := c.preferredWait(); preferred {
		given.header.Set("Preference-Applied", fmt.Sprintf("wait=%d", int(wait.Seconds())))
	}
	return given
}
