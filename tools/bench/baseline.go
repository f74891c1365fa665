// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"
)

// newBaseline is the least that a bridge could do: note the call, make it, note
// the answer. It understands nothing of either.
func newBaseline(db *sql.DB, upstream string) (http.Handler, error) {
	if _, err := db.Exec(`CREATE TABLE noted (id VARCHAR(64) PRIMARY KEY, request TEXT, answer TEXT, state VARCHAR(16), at BIGINT)`); err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: time.Minute}
	e := echo.New()
	e.POST("/:id", func(c echo.Context) error {
		ctx := c.Request().Context()
		request, err := io.ReadAll(c.Request().Body)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, `INSERT INTO noted (id, request, state, at) VALUES (?, ?, 'sent', ?)`,
			c.Param("id"), string(request), time.Now().UnixMicro()); err != nil {
			return err
		}
		call, err := http.NewRequestWithContext(ctx, http.MethodPost, upstream, bytes.NewReader(request))
		if err != nil {
			return err
		}
		call.Header.Set(echo.HeaderContentType, echo.MIMEApplicationForm)
		response, err := client.Do(call)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, `UPDATE noted SET answer = ?, state = 'succeeded', at = ? WHERE id = ? AND state = 'sent'`,
			string(answer), time.Now().UnixMicro(), c.Param("id")); err != nil {
			return err
		}
		return c.Blob(http.StatusOK, "text/xml", answer)
	})
	return e, nil
}

// bare drives the baseline: it sends what the provider expects.
type bare struct {
	client       *http.Client
	url          string
	certificates []string
	csr          string
}

var idPattern = regexp.MustCompile(`(?:CertificateID|[^a-zA-Z]ID)="([0-9]+)"`)

// call sends one command and gives the certificate id of its answer.
func (b *bare) call(action string, item int, form url.Values) (string, error) {
	form.Set("ApiUser", apiUser)
	form.Set("UserName", apiUser)
	form.Set("ApiKey", apiKey)
	form.Set("ClientIp", "203.0.113.9")
	response, err := b.client.Post(fmt.Sprintf("%s/%s-%d", b.url, action, item), echo.MIMEApplicationForm, bytes.NewReader([]byte(form.Encode())))
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if !bytes.Contains(answer, []byte(`Status="OK"`)) {
		return "", fmt.Errorf("%s: %.300s", response.Status, answer)
	}
	if found := idPattern.FindSubmatch(answer); found != nil {
		return string(found[1]), nil
	}
	return "", nil
}

// do takes an action as a panel would want it, in the provider's words.
func (b *bare) do(action string, item int) error {
	form := url.Values{}
	if b.certificates[item] != "" {
		form.Set("CertificateID", b.certificates[item])
	}
	switch action {
	case "create":
		form.Set("Command", "namecheap.ssl.create")
		form.Set("Type", "PositiveSSL")
		form.Set("Years", "1")
	case "activate", "reissue":
		form.Set("Command", "namecheap.ssl."+action)
		form.Set("CSR", b.csr)
		form.Set("DNSDCValidation", "true")
	case "synchronize":
		form.Set("Command", "namecheap.ssl.getInfo")
		form.Set("Returncertificate", "true")
		form.Set("Returntype", "Individual")
	case "renew":
		form.Set("Command", "namecheap.ssl.renew")
		form.Set("SSLType", "PositiveSSL")
		form.Set("Years", "1")
	}
	id, err := b.call(action, item, form)
	if err != nil {
		return err
	}
	if action == "synchronize" {
		return nil
	}
	if id == "" {
		return fmt.Errorf("%s answered without an id", action)
	}
	b.certificates[item] = id
	return nil
}
