// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"strconv"

	"github.com/certbridge/certbridge/provisioning"
)

// maxChanges is the most that a page of the change feed may have.
const maxChanges = 1000

type changeView struct {
	Sequence int64       `json:"sequence"`
	Service  serviceView `json:"service"`
}

type changesView struct {
	Changes []changeView `json:"changes"`
	Next    int64        `json:"next"`
	More    bool         `json:"more"`
}

// changes answers with what changed for the panel since it read last.
func (s *Server) changes(c *call) (answer, error) {
	parameters, err := c.query("after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := limitUpTo(maxChanges, parameters)
	if err != nil {
		return answer{}, err
	}
	var after int64
	if text := parameters.Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return answer{}, invalidField("after", "the next of an earlier answer is expected, or 0")
		}
	}
	page, err := s.readChanges(c, after, limit)
	if err != nil {
		return answer{}, err
	}
	return jsonAnswer(http.StatusOK, page)
}

// readChanges reads a page of the feed in parts: a service is read with all the
// certificates that it ever had, and shown with few of them.
func (s *Server) readChanges(c *call, after int64, limit int) (changesView, error) {
	page := changesView{Changes: []changeView{}, Next: after, More: true}
	for page.More && len(page.Changes) < limit {
		part, err := s.bridge.Changes(c.Request().Context(), c.panel(), page.Next, min(defaultPage, limit-len(page.Changes)))
		if err != nil {
			return changesView{}, err
		}
		s.addChanges(&page, part)
	}
	return page, nil
}

func (s *Server) addChanges(page *changesView, part provisioning.Feed) {
	for _, change := range part.Changes {
		page.Changes = append(page.Changes, changeView{Sequence: change.Sequence, Service: s.view(change.Service)})
	}
	page.Next, page.More = part.Next, part.More
}
