// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// panel drives certbridge as a billing panel would.
type panel struct {
	client *http.Client
	url    string
	key    string
	csr    string
	// newest is the certificate of each service that is to be issued next.
	newest []string
}

func (p *panel) do(action string, item int) error {
	method, path, body := http.MethodPost, fmt.Sprintf("/v1/services/%d/%s", item, action), any(nil)
	switch action {
	case "create":
		method, path = http.MethodPut, fmt.Sprintf("/v1/services/%d", item)
		body = map[string]any{"account": account, "product": "positivessl", "years": 1}
	case "activate", "reissue":
		body = map[string]any{"csr": p.csr, "validation": map[string]string{"method": "dns"}}
	case "renew":
		body = map[string]any{"years": 1}
	}
	var service struct {
		CertificateID string `json:"certificate_id"`
		Successor     *struct {
			CertificateID string `json:"certificate_id"`
		} `json:"successor"`
	}
	if err := p.call(method, path, body, &service); err != nil {
		return err
	}
	p.newest[item] = service.CertificateID
	if service.Successor != nil {
		p.newest[item] = service.Successor.CertificateID
	}
	return nil
}

func (p *panel) call(method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(encoded)
	}
	request, err := http.NewRequest(method, p.url+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return fmt.Errorf("%s %s: %s: %.300s", method, path, response.Status, answer)
	}
	return json.Unmarshal(answer, into)
}
