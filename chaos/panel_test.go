// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// object is a JSON object to be sent.
type object = map[string]any

// panel is a billing panel that knows several addresses of certbridge.
type panel struct {
	key    string
	urls   []string
	client *http.Client
}

func newPanel(key string, urls []string) *panel {
	return &panel{key: key, urls: urls, client: &http.Client{
		Transport: &http.Transport{MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Second},
	}}
}

// request is something that a panel says.
type request struct {
	method, path string
	body         object
}

// reply is what came back.
type reply struct {
	status int
	body   []byte
}

// problem is the code of a problem; "" if it is none.
func (r reply) problem() (code string, retryable bool) {
	var p struct {
		Code      string
		Retryable bool
	}
	if r.status < 400 || json.Unmarshal(r.body, &p) != nil {
		return "", false
	}
	return p.Code, p.Retryable
}

// manner is how carelessly a panel says something.
type manner struct {
	twice    bool          // at once, to two replicas perhaps
	patience time.Duration // after which it hangs up
	wait     string        // for Prefer; "" for none
	key      string        // for Idempotency-Key; "" for none
}

// careful says it once and waits for the answer.
var careful = manner{patience: 20 * time.Second, wait: "wait=1"}

// careless makes up a manner. The key is the number of the panel's invoice.
func careless(chance *rand.Rand, invoice string) manner {
	m := manner{twice: chance.IntN(4) == 0}
	switch chance.IntN(10) {
	case 0:
		m.patience = 15 * time.Millisecond
	case 1, 2, 3:
		m.patience = 120 * time.Millisecond
	default:
		m.patience = 2 * time.Second
	}
	switch chance.IntN(4) {
	case 0:
		m.wait = "wait=0"
	case 1:
		m.wait = "wait=1"
	}
	switch chance.IntN(6) {
	case 0, 1:
		m.key = invoice
	case 2:
		m.key = fmt.Sprintf("%s-%d", invoice, chance.Uint32())
	}
	return m
}

// say sends a request in a manner, and gives an answer if one came: of two, the
// first.
func (p *panel) say(ctx context.Context, chance *rand.Rand, r request, m manner) (reply, error) {
	times := 1
	if m.twice {
		times = 2
	}
	replies, errs := make([]reply, times), make([]error, times)
	var clicks sync.WaitGroup
	for i := range times {
		url := p.urls[chance.IntN(len(p.urls))]
		clicks.Go(func() { replies[i], errs[i] = p.once(ctx, url, r, m) })
	}
	clicks.Wait()
	for i, err := range errs {
		if err == nil {
			return replies[i], nil
		}
	}
	return reply{}, errors.Join(errs...)
}

func (p *panel) once(ctx context.Context, url string, r request, m manner) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, m.patience)
	defer cancel()
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return reply{}, err
		}
		body = bytes.NewReader(text)
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, url+r.path, body)
	if err != nil {
		return reply{}, err
	}
	sent.Header.Set("Authorization", "Bearer "+p.key)
	if r.body != nil {
		sent.Header.Set("Content-Type", "application/json")
	}
	if m.wait != "" {
		sent.Header.Set("Prefer", m.wait)
	}
	if m.key != "" {
		sent.Header.Set("Idempotency-Key", m.key)
	}
	answer, err := p.client.Do(sent)
	if err != nil {
		return reply{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return reply{status: answer.StatusCode, body: text}, err
}

// read reads something with care, into a value.
func (p *panel) read(ctx context.Context, path string, into any) error {
	got, err := p.once(ctx, p.urls[0], request{method: http.MethodGet, path: path}, careful)
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, got.status, got.body)
	}
	return json.Unmarshal(got.body, into)
}

// view is a service as certbridge shows it, as far as panels here look.
type view struct {
	ServiceID         string    `json:"service_id"`
	State             string    `json:"state"`
	Status            string    `json:"status"`
	AdditionalDomains int       `json:"additional_domains"`
	CertificateID     string    `json:"certificate_id"`
	Order             *struct{} `json:"order"`
	Term              *term     `json:"term"`
	Successor         *struct {
		CertificateID string `json:"certificate_id"`
		Reason        string `json:"reason"`
		Status        string `json:"status"`
		Term          *term  `json:"term"`
	} `json:"successor"`
	Operation *struct {
		ID    string `json:"id"`
		Kind  string `json:"kind"`
		State string `json:"state"`
	} `json:"operation"`
}

type term struct {
	EndsOn string `json:"ends_on"`
}

// paidUntil is the end of the last term that was paid, "" before the purchase. The
// due date is no sign: where it would move far it waits for an operator.
func (v view) paidUntil() string {
	switch {
	case v.Successor != nil && v.Successor.Term != nil:
		return v.Successor.Term.EndsOn
	case v.Term != nil:
		return v.Term.EndsOn
	}
	return ""
}

// newest is the certificate that was made last, with its status.
func (v view) newest() (id, status string) {
	if v.Successor != nil {
		return v.Successor.CertificateID, v.Successor.Status
	}
	return v.CertificateID, v.Status
}
