// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"
)

// maxDepth bounds the nesting of a request. The deepest honest one has three
// levels: the body, a list, its entries.
const maxDepth = 8

// readBody takes in the whole body. The limit on its size was set before.
func (c *call) readBody() error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return bodyTooLarge()
		}
		p := newProblem(http.StatusBadRequest, "invalid_request", "The body could not be read to its end.")
		p.cause = err
		return p
	}
	c.body = body
	return nil
}

// decode reads the body, one JSON object, into target. Everything that target
// does not know is refused with its name, rather than ignored: a misspelt field
// would otherwise buy something else than was meant.
func (c *call) decode(target any) error {
	if err := c.requireJSON(); err != nil {
		return err
	}
	if len(bytes.TrimSpace(c.body)) == 0 {
		return malformed("The body is empty; a JSON object is expected.")
	}
	if err := checkJSON(c.body); err != nil {
		return err
	}
	if bytes.Equal(bytes.TrimSpace(c.body), []byte("null")) {
		// encoding/json would take it for an object without members.
		return malformed("The body must be a JSON object.")
	}
	return decodeStrictly(c.body, target)
}

// decodeOptional is decode for calls that need nothing: an empty body, whatever
// type it is said to have, is taken for {}.
func (c *call) decodeOptional(target any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	return c.decode(target)
}

func (c *call) requireJSON() error {
	given := c.Request().Header.Get(echo.HeaderContentType)
	media, parameters, err := mime.ParseMediaType(given)
	charset := strings.ToLower(parameters["charset"])
	if err == nil && media == echo.MIMEApplicationJSON && (charset == "" || charset == "utf-8") {
		return nil
	}
	return newProblem(http.StatusUnsupportedMediaType, "unsupported_media_type",
		"The body must be JSON in UTF-8, with Content-Type: application/json.")
}

func malformed(format string, args ...any) *problem {
	return newProblem(http.StatusBadRequest, "invalid_request", format, args...)
}

// decodeStrictly reads one JSON value that checkJSON has seen.
func decodeStrictly(text []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(target)
	if err == nil {
		return nil
	}
	var known *problem
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &wrongType):
		field := wrongType.Field
		if field == "" {
			return malformed("The body must be a JSON object.")
		}
		return invalidField(field, "a JSON %s does not fit here", wrongType.Value)
	}
	// encoding/json has no type for this one.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return invalidField(shorten(strings.Trim(name, `"`), 100), "this field is not known")
	}
	p := malformed("The body does not fit this call.")
	p.cause = err
	return p
}

// checkJSON refuses what encoding/json would let pass: text that is not UTF-8,
// deep nesting, names in other letters than those of the contract, and a name
// that occurs twice in one object, of which readers pick different ones.
func checkJSON(text []byte) error {
	if !utf8.Valid(text) {
		return malformed("The body is not valid UTF-8.")
	}
	if !json.Valid(text) {
		var discard json.RawMessage
		err := json.Unmarshal(text, &discard)
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return malformed("The body is not one JSON value: mistake at byte %d.", syntax.Offset)
		}
		return malformed("The body is not one JSON value.")
	}
	return (&jsonWalk{text: text}).run()
}

// plainName is the form of every name in the contract. Without it encoding/json,
// which ignores case, would take "Years" for "years".
var plainName = regexp.MustCompile(`^[a-z0-9_]{1,100}$`)

// jsonWalk goes over valid JSON without making strings of its values, which may
// be secrets.
type jsonWalk struct {
	text  []byte
	at    int
	names []map[string]bool // of the open objects; nil for an open list
}

func (w *jsonWalk) run() error {
	for w.at < len(w.text) {
		switch w.text[w.at] {
		case '{':
			w.names = append(w.names, map[string]bool{})
		case '[':
			w.names = append(w.names, nil)
		case '}', ']':
			w.names = w.names[:len(w.names)-1]
		case '"':
			if err := w.stringLiteral(); err != nil {
				return err
			}
			continue
		}
		if len(w.names) > maxDepth {
			return malformed("The body is nested more than %d levels deep.", maxDepth)
		}
		w.at++
	}
	return nil
}

// stringLiteral passes over a string, and notes it if it is a name.
func (w *jsonWalk) stringLiteral() error {
	start := w.at
	for w.at++; w.text[w.at] != '"'; w.at++ {
		if w.text[w.at] == '\\' {
			w.at++
		}
	}
	w.at++
	if rest := bytes.TrimLeft(w.text[w.at:], " \t\r\n"); len(rest) == 0 || rest[0] != ':' {
		return nil
	}
	var name string
	if err := json.Unmarshal(w.text[start:w.at], &name); err != nil {
		return fmt.Errorf("name in valid JSON: %w", err)
	}
	if !plainName.MatchString(name) {
		return invalidField(shorten(name, 100), "this field is not known")
	}
	seen := w.names[len(w.names)-1]
	if seen[name] {
		return invalidField(name, "this field is given twice")
	}
	seen[name] = true
	return nil
}
