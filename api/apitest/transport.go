// SPDX-License-Identifier: Apache-2.0

// Package apitest holds tests to the contract: every request and every answer
// that passes through its Transport is checked against openapi.yaml.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"github.com/certbridge/certbridge/api"
)

// Transport is an http.RoundTripper that reports to a test what breaks the
// contract. It is safe for concurrent use.
type Transport struct {
	tb   testing.TB
	base http.RoundTripper
	*contract
}

// contract is openapi.yaml, ready for checking.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	codes  map[string][]int // problem code -> statuses
}

// shared is the contract of all transports: reading it takes longer than most
// tests do.
var shared = sync.OnceValues(newContract)

// NewTransport makes a Transport around base, http.DefaultTransport if nil.
func NewTransport(tb testing.TB, base http.RoundTripper) *Transport {
	tb.Helper()
	if base == nil {
		base = http.DefaultTransport
	}
	contract, err := shared()
	if err != nil {
		tb.Fatalf("openapi.yaml: %v", err)
	}
	return &Transport{tb: tb, base: base, contract: contract}
}

// Document is openapi.yaml, read and found valid.
func Document(tb testing.TB) *openapi3.T {
	tb.Helper()
	doc, err := load()
	if err != nil {
		tb.Fatalf("openapi.yaml: %v", err)
	}
	return doc
}

func load() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(api.Contract())
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
}

func newContract() (*contract, error) {
	doc, err := load()
	if err != nil {
		return nil, err
	}
	// Answers may gain fields for the world outside, but not unnoticed by us.
	for _, schema := range doc.Components.Schemas {
		tighten(schema)
	}
	doc.Servers = nil // any host will do
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, err
	}
	codes, err := problemCodes(doc)
	return &contract{doc, router, codes}, err
}

func problemCodes(doc *openapi3.T) (map[string][]int, error) {
	text, err := json.Marshal(doc.Components.Schemas["Problem"].Value.Extensions["x-problem-codes"])
	if err != nil {
		return nil, err
	}
	var listed map[string]struct{ Statuses []int }
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, fmt.Errorf("x-problem-codes: %w", err)
	}
	codes := make(map[string][]int, len(listed))
	for code, entry := range listed {
		codes[code] = entry.Statuses
	}
	return codes, nil
}

// tighten lets an object have no other fields than those described.
func tighten(schema *openapi3.SchemaRef) {
	if schema == nil || schema.Ref != "" {
		return
	}
	value := schema.Value
	if len(value.Properties) > 0 && value.AdditionalProperties.Has == nil {
		none := false
		value.AdditionalProperties.Has = &none
	}
	for _, property := range value.Properties {
		tighten(property)
	}
	tighten(value.Items)
}

type brokenKey struct{}

// Broken marks a request that breaks the contract on purpose. Its answer is
// still held to the contract.
func Broken(ctx context.Context) context.Context {
	return context.WithValue(ctx, brokenKey{}, true)
}

// RoundTrip sends the request and checks both sides of the exchange.
func (tr *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	tr.tb.Helper()
	sent := request.Clone(request.Context())
	var body []byte
	if request.Body != nil {
		var err error
		if body, err = io.ReadAll(request.Body); err != nil {
			return nil, err
		}
		_ = request.Body.Close()
		sent.Body = io.NopCloser(bytes.NewReader(body))
	}
	input, broken := tr.checkRequest(request, body)
	response, err := tr.base.RoundTrip(sent)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(answer))
	if err := tr.checkResponse(input, response, answer); err != nil {
		tr.tb.Errorf("%s %s: answer %d breaks the contract: %v\n%s", request.Method, request.URL, response.StatusCode, err, excerpt(answer))
	}
	if !broken && response.StatusCode == http.StatusBadRequest {
		tr.tb.Errorf("%s %s: the contract allows this request, and the service calls it malformed: %s", request.Method, request.URL, excerpt(answer))
	}
	return response, nil
}

// checkRequest gives nil for a path or method that the contract does not know.
func (tr *Transport) checkRequest(request *http.Request, body []byte) (input *openapi3filter.RequestValidationInput, broken bool) {
	tr.tb.Helper()
	broken, _ = request.Context().Value(brokenKey{}).(bool)
	checked := request.Clone(request.Context())
	checked.Body = io.NopCloser(bytes.NewReader(body))
	route, parameters, err := tr.router.FindRoute(checked)
	if err != nil {
		if !broken {
			tr.tb.Errorf("%s %s is not in the contract: %v", request.Method, request.URL, err)
		}
		return nil, broken
	}
	input = &openapi3filter.RequestValidationInput{
		Request: checked, PathParams: parameters, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if broken {
		return input, broken
	}
	if err := openapi3filter.ValidateRequest(request.Context(), input); err != nil {
		tr.tb.Errorf("%s %s: request breaks the contract: %v", request.Method, request.URL, err)
	}
	return input, broken
}

func (tr *Transport) checkResponse(input *openapi3filter.RequestValidationInput, response *http.Response, body []byte) error {
	if response.Header.Get("Content-Type") == "application/problem+json" {
		if err := tr.checkProblem(response, body); err != nil {
			return err
		}
	}
	if input == nil {
		return nil
	}
	options := *input.Options
	// Files are opened by the tests themselves; here their type must be listed.
	options.ExcludeResponseBody = !isText(response.Header.Get("Content-Type"))
	check := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Options: &options,
	}
	check.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(context.Background(), check); err != nil {
		return err
	}
	return tr.checkMediaType(input, response)
}

func isText(contentType string) bool {
	return contentType == "" || contentType == "application/json" || contentType == "application/problem+json"
}

func (tr *Transport) checkMediaType(input *openapi3filter.RequestValidationInput, response *http.Response) error {
	described := input.Route.Operation.Responses.Status(response.StatusCode)
	if described == nil || len(described.Value.Content) == 0 {
		return nil
	}
	if described.Value.Content.Get(response.Header.Get("Content-Type")) == nil {
		return fmt.Errorf("the type %q is not described", response.Header.Get("Content-Type"))
	}
	return nil
}

// checkProblem holds a problem to its schema and its code to the list of codes.
func (tr *Transport) checkProblem(response *http.Response, body []byte) error {
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	if err := tr.doc.Components.Schemas["Problem"].Value.VisitJSON(value); err != nil {
		return err
	}
	var problem struct {
		Code   string
		Status int
	}
	if err := json.Unmarshal(body, &problem); err != nil {
		return err
	}
	if problem.Status != response.StatusCode {
		return fmt.Errorf("the problem says status %d", problem.Status)
	}
	if !slices.Contains(tr.codes[problem.Code], problem.Status) {
		return fmt.Errorf("x-problem-codes does not list %q with status %d", problem.Code, problem.Status)
	}
	return nil
}

func excerpt(body []byte) string {
	const limit = 2000
	if len(body) > limit {
		return string(body[:limit]) + "..."
	}
	return string(body)
}
