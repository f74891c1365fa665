// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const controlHelp = `Control of the Hostlantern simulator. Bodies and answers are JSON.

GET    /control/clock                            the simulator's time
PUT    /control/clock                            {"now": "2026-11-22T10:00:00Z"}
POST   /control/clock/advance                    {"days": 30} or {"duration": "36h"}
GET    /control/ledger                           every charge
GET    /control/calls                            every call of the API
GET    /control/certificates                     every certificate, with what validation expects
POST   /control/certificates/{id}/approve        validate by hand; the CA issues
POST   /control/certificates/{id}/reject         the CA refuses a pending certificate
POST   /control/certificates/{id}/reset          support resets a purchaseerror
POST   /control/certificates/{id}/cancel         support cancels
POST   /control/certificates/{id}/reissue        {"csr": "..."}, reissued in the provider's panel
POST   /control/purchases                        {"product": "PositiveSSL", "years": 1}, bought in the provider's panel
POST   /control/stock                            {"product": "PositiveSSL", "years": 1, "count": 100000}, there at once, charged to nobody
POST   /control/validate                         look at files and records now; issue what passes
POST   /control/faults                           {"command": "create", "kind": "lost", "times": 1, "delay": "2s"}
DELETE /control/faults                           forget waiting faults
GET    /control/switches                         how the provider behaves
PATCH  /control/switches                         {"replaced_on": "issuance", ...}
PUT    /control/balance                          {"account": "reseller", "balance": "25.00"}
GET    /control/root.pem                         the root certificate
`

// controlAction answers one call of the control API with a JSON value.
type controlAction func(r *http.Request, body []byte) (any, error)

// Control returns the control API, all of it under /control/. It has no
// authentication: whoever serves it decides who reaches it.
func (s *Simulator) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, controlHelp)
	})
	mux.HandleFunc("GET /control/root.pem", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-pem-file")
		_, _ = w.Write(s.RootPEM())
	})
	for pattern, action := range map[string]controlAction{
		"GET /control/clock":                      s.controlClock,
		"PUT /control/clock":                      s.controlSetClock,
		"POST /control/clock/advance":             s.controlAdvance,
		"GET /control/ledger":                     func(*http.Request, []byte) (any, error) { return map[string]any{"charges": list(s.Ledger())}, nil },
		"GET /control/calls":                      func(*http.Request, []byte) (any, error) { return map[string]any{"calls": list(s.Calls())}, nil },
		"GET /control/certificates":               s.controlCertificates,
		"POST /control/certificates/{id}/approve": s.byPath(s.Approve),
		"POST /control/certificates/{id}/reject":  s.byPath(s.RejectByCA),
		"POST /control/certificates/{id}/reset":   s.byPath(s.Reset),
		"POST /control/certificates/{id}/cancel":  s.byPath(s.Cancel),
		"POST /control/certificates/{id}/reissue": s.controlReissue,
		"POST /control/purchases":                 s.controlPurchase,
		"POST /control/stock":                     s.controlStock,
		"POST /control/validate":                  s.controlValidate,
		"POST /control/faults":                    s.controlFault,
		"DELETE /control/faults":                  s.controlClearFaults,
		"GET /control/switches":                   func(*http.Request, []byte) (any, error) { return s.Switches(), nil },
		"PATCH /control/switches":                 s.controlSwitches,
		"PUT /control/balance":                    s.controlBalance,
		"/control/": func(r *http.Request, _ []byte) (any, error) {
			return nil, fmt.Errorf("%s %s: %w; GET /control/ lists what there is", r.Method, r.URL.Path, ErrNotFound)
		},
	} {
		mux.HandleFunc(pattern, controlHandler(action))
	}
	return sameOrigin(mux)
}

// sameOrigin keeps web pages of other origins from steering a simulator that
// their reader happens to run.
func sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(controlHandler(func(*http.Request, []byte) (any, error) { return nil, errCrossOrigin }))
	return protection.Handler(next)
}

var errCrossOrigin = errors.New("a page of another origin may not control the simulator")

// controlHandler reads a bounded body and writes an answer or an error.
func controlHandler(action controlAction) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		var value any
		if err == nil {
			value, err = action(r, body)
		}
		status := http.StatusOK
		if err != nil {
			status, value = controlStatus(err), map[string]string{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		_ = encoder.Encode(value)
	}
}

func controlStatus(err error) int {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, errCrossOrigin):
		return http.StatusForbidden
	case errors.Is(err, ErrStatus):
		return http.StatusConflict
	}
	return http.StatusBadRequest
}

// decode reads a JSON object and refuses names that the target does not have.
func decode(body []byte, target any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return fmt.Errorf("the body is not the JSON object that is expected here: %w", err)
	}
	return nil
}

// list is never nil, so that an empty one is [] in JSON.
func list[E any](of []E) []E {
	if of == nil {
		return []E{}
	}
	return of
}

func (s *Simulator) controlClock(*http.Request, []byte) (any, error) {
	return map[string]any{"now": s.Now()}, nil
}

func (s *Simulator) controlSetClock(r *http.Request, body []byte) (any, error) {
	var wish struct {
		Now time.Time `json:"now"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	if err := settable(wish.Now); err != nil {
		return nil, err
	}
	s.SetTime(wish.Now)
	return s.controlClock(r, nil)
}

// settable keeps the clock within the life of the certificate authority.
func settable(t time.Time) error {
	if t.Year() < 2006 || t.Year() > 2040 {
		return errors.New("now: an RFC 3339 time from 2006 to 2040 is needed")
	}
	return nil
}

func (s *Simulator) controlAdvance(r *http.Request, body []byte) (any, error) {
	var wish struct {
		Days     int    `json:"days"`
		Duration string `json:"duration"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	var by time.Duration
	switch {
	case wish.Days != 0 && wish.Duration != "":
		return nil, errors.New("days and duration exclude each other")
	case wish.Days < -36500 || wish.Days > 36500:
		return nil, errors.New("days: at most a hundred years")
	case wish.Duration != "":
		var err error
		if by, err = time.ParseDuration(wish.Duration); err != nil {
			return nil, err
		}
	default:
		by = time.Duration(wish.Days) * 24 * time.Hour
	}
	if err := settable(s.Now().Add(by)); err != nil {
		return nil, err
	}
	s.Advance(by)
	return s.controlClock(r, nil)
}

func (s *Simulator) controlCertificates(*http.Request, []byte) (any, error) {
	return map[string]any{"certificates": list(s.Certificates())}, nil
}

// byPath runs a staff action on the certificate in the path.
func (s *Simulator) byPath(action func(string) error) controlAction {
	return func(r *http.Request, _ []byte) (any, error) {
		id := r.PathValue("id")
		if err := action(id); err != nil {
			return nil, err
		}
		return s.certificateNow(id)
	}
}

func (s *Simulator) certificateNow(id string) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.lookup(id)
	if err != nil {
		return nil, err
	}
	return s.view(found, s.clock.now()), nil
}

func (s *Simulator) controlReissue(r *http.Request, body []byte) (any, error) {
	var wish struct {
		CSR string `json:"csr"`
	}
	if len(body) > 0 {
		if err := decode(body, &wish); err != nil {
			return nil, err
		}
	}
	id, err := s.ReissueByHand(r.PathValue("id"), wish.CSR)
	if err != nil {
		return nil, err
	}
	return s.certificateNow(id)
}

func (s *Simulator) controlPurchase(_ *http.Request, body []byte) (any, error) {
	var wish struct {
		Product string `json:"product"`
		Years   int    `json:"years"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	id, err := s.PurchaseByHand(wish.Product, wish.Years)
	if err != nil {
		return nil, err
	}
	return s.certificateNow(id)
}

func (s *Simulator) controlStock(_ *http.Request, body []byte) (any, error) {
	var wish struct {
		Product string `json:"product"`
		Years   int    `json:"years"`
		Count   int    `json:"count"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	ids, err := s.Stock(wish.Product, wish.Years, wish.Count)
	if err != nil {
		return nil, err
	}
	return map[string]any{"first": ids[0], "last": ids[len(ids)-1], "count": len(ids)}, nil
}

func (s *Simulator) controlValidate(r *http.Request, _ []byte) (any, error) {
	return map[string]any{"issued": list(s.Validate(r.Context()))}, nil
}

func (s *Simulator) controlFault(_ *http.Request, body []byte) (any, error) {
	var wish struct {
		Command string `json:"command"`
		Kind    string `json:"kind"`
		Times   int    `json:"times"`
		Delay   string `json:"delay"`
		Number  string `json:"number"`
		Text    string `json:"text"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	fault := Fault{Command: wish.Command, Kind: wish.Kind, Times: wish.Times, Number: wish.Number, Text: wish.Text}
	if wish.Delay != "" {
		var err error
		if fault.Delay, err = time.ParseDuration(wish.Delay); err != nil {
			return nil, err
		}
	}
	if err := s.inject(fault); err != nil {
		return nil, err
	}
	return map[string]any{"injected": wish.Kind}, nil
}

func (s *Simulator) controlClearFaults(*http.Request, []byte) (any, error) {
	s.ClearFaults()
	return map[string]any{"faults": []string{}}, nil
}

func (s *Simulator) controlSwitches(_ *http.Request, body []byte) (any, error) {
	if err := s.configure(func(w *Switches) error { return w.UnmarshalJSON(body) }); err != nil {
		return nil, err
	}
	return s.Switches(), nil
}

func (s *Simulator) controlBalance(_ *http.Request, body []byte) (any, error) {
	var wish struct {
		Account string `json:"account"`
		Balance string `json:"balance"`
	}
	if err := decode(body, &wish); err != nil {
		return nil, err
	}
	if err := s.SetBalance(wish.Account, wish.Balance); err != nil {
		return nil, err
	}
	return wish, nil
}
