// SPDX-License-Identifier: Apache-2.0

package api

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/certbridge/certbridge/provisioning"
)

// Sizes of a page of a list.
const (
	defaultPage = 100
	maxPage     = 500
)

func (s *Server) create(c *call) (answer, error) {
	var body struct {
		Account           *string `json:"account"`
		Product           *string `json:"product"`
		Years             *int    `json:"years"`
		AdditionalDomains int     `json:"additional_domains"`
		Client            *struct {
			ExternalID string `json:"external_id"`
			Name       string `json:"name"`
			Email      string `json:"email"`
		} `json:"client"`
	}
	if err := c.decode(&body); err != nil {
		return answer{}, err
	}
	for _, needed := range []struct {
		field   string
		missing bool
	}{{"account", body.Account == nil}, {"product", body.Product == nil}, {"years", body.Years == nil}} {
		if needed.missing {
			return answer{}, invalidField(needed.field, "this field is needed")
		}
	}
	request := provisioning.CreateRequest{
		Account: *body.Account, Product: *body.Product, Years: *body.Years,
		AdditionalDomains: body.AdditionalDomains,
	}
	if body.Client != nil {
		request.Client = provisioning.Client(*body.Client)
	}
	ctx := c.Request().Context()
	result, err := s.bridge.Create(ctx, c.caller(), c.serviceID(), request)
	given, err := s.result(c, result, err)
	if err == nil && given.status == http.StatusOK && result.Created {
		given.status = http.StatusCreated
		given.header.Set(echo.HeaderLocation, "/v1/services/"+url.PathEscape(result.Service.ServiceID))
	}
	return given, err
}

func (s *Server) service(c *call) (answer, error) {
	service, err := s.bridge.Service(c.Request().Context(), c.panel(), c.serviceID())
	if err != nil {
		return answer{}, err
	}
	given, err := s.serviceAnswer(http.StatusOK, service)
	if err == nil && c.notModified(given.header.Get("ETag")) {
		given.status, given.body = http.StatusNotModified, nil
		given.header.Del(echo.HeaderContentType)
	}
	return given, err
}

func (s *Server) services(c *call) (answer, error) {
	parameters, err := c.query("status", "after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	status := provisioning.Status(parameters.Get("status"))
	if status != "" && !slices.Contains(provisioning.Statuses(), status) {
		return answer{}, invalidField("status", "there is no such status")
	}
	found, err := s.bridge.Services(c.Request().Context(), provisioning.ServiceQuery{
		Panel: c.panel(), Status: status, After: parameters.Get("after"), Limit: limit + 1,
	})
	if err != nil {
		return answer{}, err
	}
	page := struct {
		Services []serviceView `json:"services"`
		Next     *string       `json:"next"`
	}{Services: []serviceView{}}
	for i, service := range found {
		if i == limit {
			page.Next = textOrNull(found[i-1].ServiceID)
			break
		}
		page.Services = append(page.Services, s.view(service))
	}
	return jsonAnswer(http.StatusOK, page)
}

// lineage answers with every certificate that the service ever had.
func (s *Server) lineage(c *call) (answer, error) {
	service, err := s.bridge.Service(c.Request().Context(), c.panel(), c.serviceID())
	if err != nil {
		return answer{}, err
	}
	service = s.bridge.Present(service)
	return jsonAnswer(http.StatusOK, struct {
		Certificates []certificateView `json:"certificates"`
	}{lineageView(&service)})
}

type eventView struct {
	ID        string  `json:"id"`
	At        string  `json:"at"`
	Kind      string  `json:"kind"`
	Actor     string  `json:"actor"`
	Operation *string `json:"operation"`
	Detail    string  `json:"detail"`
}

func (s *Server) events(c *call) (answer, error) {
	parameters, err := c.query("after", "limit")
	if err != nil {
		return answer{}, err
	}
	limit, err := pageLimit(parameters)
	if err != nil {
		return answer{}, err
	}
	var after int64
	if text := parameters.Get("after"); text != "" {
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return answer{}, invalidField("after", "the id of an event is expected")
		}
	}
	found, err := s.bridge.Events(c.Request().Context(), c.panel(), c.serviceID(), after, limit+1)
	if err != nil {
		return answer{}, err
	}
	page := struct {
		Events []eventView `json:"events"`
		Next   *string     `json:"next"`
	}{Events: []eventView{}}
	for i, event := range found {
		if i == limit {
			page.Next = textOrNull(strconv.FormatInt(found[i-1].ID, 10))
			break
		}
		page.Events = append(page.Events, eventView{
			ID: strconv.FormatInt(event.ID, 10), At: instant(event.At), Kind: event.Kind,
			Actor: event.Actor, Operation: textOrNull(event.Operation), Detail: event.Detail,
		})
	}
	return jsonAnswer(http.StatusOK, page)
}

// query reads the query parameters; one that is unknown or given twice is
// refused, as in a body.
func (c *call) query(known ...string) (url.Values, error) {
	parameters, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, malformed("The query cannot be read.")
	}
	for name, values := range parameters {
		if !slices.Contains(known, name) {
			return nil, invalidField(shorten(name, 100), "this parameter is not known")
		}
		if len(values) > 1 {
			return nil, invalidField(name, "this parameter is given twice")
		}
	}
	return parameters, nil
}

func pageLimit(parameters url.Values) (int, error) { return limitUpTo(maxPage, parameters) }

func limitUpTo(most int, parameters url.Values) (int, error) {
	text := parameters.Get("limit")
	if text == "" {
		return defaultPage, nil
	}
	limit, err := strconv.Atoi(text)
	if err != nil || limit < 1 || limit > most {
		return 0, invalidField("limit", "a number from 1 to %d is expected", most)
	}
	return limit, nil
}
