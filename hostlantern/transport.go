// SPDX-License-Identifier: Apache-2.0

package hostlantern

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/certbridge/certbridge/provisioning"
)

// maxAnswer bounds the body of an answer, in bytes after decompression. A page
// of 100 certificates has about 22 kB, a full price list less than 1 MB.
const maxAnswer = 8 << 20

// Client speaks to the API for one account. It is safe for concurrent use. It
// does not count calls: the API's limits are per account, over all clients of it,
// so that is for Config.Gate to do.
//
// Every method makes exactly one request. Every error that it returns is a
// *provisioning.ProviderError.
type Client struct {
	config    Config
	transport http.RoundTripper
}

// New checks the configuration and makes a client; it connects to nothing.
func New(config Config) (*Client, error) {
	config = config.withDefaults()
	if err := config.validate(); err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: config.Timeouts.Connect, KeepAlive: 30 * time.Second}
	return &Client{config: config, transport: &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: watchedDial(dialer), // with it, HTTP/2 stays off; see send
		TLSClientConfig: &tls.Config{
			MinVersion: tls.VersionTLS12,
			RootCAs:    config.RootCAs,
		},
		TLSHandshakeTimeout: config.Timeouts.Connect,
		// All calls go to one host. Connections are dropped well before servers
		// usually drop them, so that a purchase does not meet a dying one.
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}}, nil
}

// Close drops idle connections.
func (c *Client) Close() {
	if transport, ok := c.transport.(*http.Transport); ok {
		transport.CloseIdleConnections()
	}
}

// command says what is needed to make a call and to read its answer.
type command struct {
	name     string   // group and method: "ssl.getInfo"
	write    bool     // changes something upstream
	results  []string // names of the element that holds the result
	declares bool     // the result has an IsSuccess attribute, which must say true
}

// reply is an answer that is a success as far as the envelope goes.
type reply struct {
	command  command
	response *node
	result   *node
}

// ask makes one request, reads what the answer holds, and tells whoever wants to
// know what was exchanged.
func ask[T any](
	ctx context.Context, c *Client, cmd command, parameters url.Values, read func(*reply) (T, error),
) (T, error) {
	var result T
	if fault := c.enter(ctx, cmd); fault != nil {
		return result, c.failed(cmd, fault)
	}
	note := c.recorder(ctx, cmd, parameters)
	document, answer, err := c.call(ctx, cmd, parameters)
	c.tellGate(ctx, err)
	if err == nil {
		result, err = read(answer)
	}
	note(document, err)
	return result, err
}

// call makes one request and takes its answer. The document is what came of it,
// be it an answer or not.
func (c *Client) call(ctx context.Context, cmd command, parameters url.Values) ([]byte, *reply, error) {
	timeout := c.config.Timeouts.Read
	if cmd.write {
		timeout = c.config.Timeouts.Write
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	response, fault := c.send(ctx, cmd, parameters)
	if fault != nil {
		return nil, nil, c.failed(cmd, fault)
	}
	defer func() { _ = response.Body.Close() }()
	document, err := readBody(response)
	if fault := httpFault(response, err); fault != nil {
		return document, nil, c.failed(cmd, fault)
	}
	answer, fault := c.read(cmd, document)
	if fault != nil {
		return document, nil, c.failed(cmd, fault)
	}
	return document, answer, nil
}

// failed adds which command of which account it was, and makes sure that no text
// from outside repeats the key.
func (c *Client) failed(cmd command, fault *provisioning.ProviderError) *provisioning.ProviderError {
	fault.Upstream.Message = c.scrub(fault.Upstream.Message, maxText)
	if fault.Err != nil {
		if text := fault.Err.Error(); c.scrub(text, len(text)) != text {
			fault.Err = errors.New(c.scrub(text, maxText))
		}
		fault.Err = fmt.Errorf("%s of account %q: %w", cmd.name, c.config.Account, fault.Err)
	}
	return fault
}

// send makes the one attempt. What net/http would do beyond it, and why it does
// not happen here:
//
//   - http.Client follows redirects, even with the body (307, 308). RoundTrip
//     does not.
//   - http.Transport sends a request again on a fresh connection when a reused
//     one turns out to be closed. For a POST without an Idempotency-Key header it
//     does so only if not a single byte was written and Request.GetBody can make
//     the body anew. That is harmless, yet the promise "one attempt" should not
//     hang on it: commands that change something go without GetBody, so for them
//     it never happens.
//   - HTTP/2 has rules of its own for sending again. It is not enabled: a
//     transport with its own DialContext speaks HTTP/1.1 unless told otherwise.
//
// When RoundTrip fails, the transport has ended its writing goroutine before it
// returns. What that means for the request is lastLook's business.
func (c *Client) send(ctx context.Context, cmd command, parameters url.Values) (
	*http.Response, *provisioning.ProviderError,
) {
	look := &lastLook{ctx: ctx}
	ctx = httptrace.WithClientTrace(ctx, look.trace())
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.config.BaseURL,
		strings.NewReader(c.form(cmd, parameters).Encode()))
	if err != nil {
		return nil, &provisioning.ProviderError{Outcome: provisioning.NotExecuted, Err: err}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("User-Agent", "certbridge")
	if cmd.write {
		request.GetBody = nil
	}
	response, err := c.transport.RoundTrip(request)
	if err == nil {
		return response, nil
	}
	if look.nothingSent() {
		return nil, &provisioning.ProviderError{
			Outcome: provisioning.NotExecuted, Fault: provisioning.FaultUnreachable, Err: err,
		}
	}
	return nil, &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: err}
}

// form adds the parameters that every command has.
func (c *Client) form(cmd command, parameters url.Values) url.Values {
	form := url.Values{
		"ApiUser":  {c.config.APIUser},
		"ApiKey":   {c.config.APIKey.secret()},
		"UserName": {c.config.UserName},
		"ClientIp": {c.config.ClientIP},
		"Command":  {c.config.CommandPrefix + cmd.name},
	}
	for name, values := range parameters {
		form[name] = values
	}
	return form
}

// readBody gives what came, with an error if that is not all.
func readBody(response *http.Response) ([]byte, error) {
	document, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return document, fmt.Errorf("reading the answer: %w", err)
	}
	if len(document) > maxAnswer {
		return document, errors.New("the answer is too long")
	}
	return document, nil
}

// httpFault judges what comes before the XML. The API answers 200 for successes
// and failures alike, and 405 when there were too many calls, before it executes
// anything; a gateway in front of it would say 429 for that. Any other status
// means that something else answered, perhaps after the command was executed.
func httpFault(response *http.Response, readErr error) *provisioning.ProviderError {
	upstream := provisioning.Upstream{Code: "HTTP " + strconv.Itoa(response.StatusCode)}
	switch response.StatusCode {
	case http.StatusOK:
		if readErr != nil {
			return &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: readErr}
		}
		return nil
	case http.StatusMethodNotAllowed, http.StatusTooManyRequests:
		return &provisioning.ProviderError{
			Outcome: provisioning.NotExecuted, Fault: provisioning.FaultThrottled,
			Upstream: upstream, RetryAfter: retryAfter(response.Header.Get("Retry-After")),
		}
	}
	return &provisioning.ProviderError{
		Outcome: provisioning.Unknown, Upstream: upstream,
		Err: errors.New("the answer does not come from the API"),
	}
}

// retryAfter reads a Retry-After header in seconds, up to a day. The API sends
// none; a gateway may.
func retryAfter(text string) time.Duration {
	seconds, ok := natural(strings.TrimSpace(text))
	if !ok || seconds > 24*60*60 {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// read decides whether an answer is a success of this command.
func (c *Client) read(cmd command, document []byte) (*reply, *provisioning.ProviderError) {
	unreadable := func(err error) *provisioning.ProviderError {
		return &provisioning.ProviderError{Outcome: provisioning.Unknown, Err: err}
	}
	e, err := decodeEnvelope(document, c.config.Namespace)
	if err != nil {
		return nil, unreadable(err)
	}
	if c.config.Environment == provisioning.Production && suspectSandbox(e.server) {
		return nil, &provisioning.ProviderError{
			Outcome: provisioning.Unknown, Fault: provisioning.FaultEnvironment,
			Err: fmt.Errorf("a sandbox server (%s) answered for a production account", clean(e.server, 40)),
		}
	}
	if !e.answers(cmd.name) {
		return nil, unreadable(fmt.Errorf("the answer is for another command (%s)", clean(e.requested+" "+e.kind, 100)))
	}
	if !e.ok {
		return nil, classify(cmd.name, e.errors)
	}
	if len(e.errors) > 0 { // it contradicts itself
		fault := classify(cmd.name, e.errors)
		fault.Outcome = provisioning.Unknown
		return nil, fault
	}
	for _, warning := range e.warnings {
		c.config.Log.Warn("the provider warns", "account", c.config.Account, "command", cmd.name,
			"number", warning.Number, "text", warning.Text)
	}
	result, err := e.result(cmd.results...)
	if err != nil {
		return nil, unreadable(err)
	}
	if declared, has := result.lookup("issuccess"); (has || cmd.declares) && !truth(declared) {
		// It says that it failed, not what happened: without a reason nobody can
		// tell whether something was charged.
		return nil, unreadable(errors.New("the answer does not say that it is a success"))
	}
	return &reply{command: cmd, response: e.response, result: result}, nil
}

// broken is a success that lacks what it must hold.
func (c *Client) broken(cmd command, format string, args ...any) error {
	return c.failed(cmd, &provisioning.ProviderError{
		Outcome: provisioning.Unknown, Err: fmt.Errorf(format, args...),
	})
}

// dateOf reads a date that is only informative: one that cannot be read is no
// date, as it is never worth losing an id over it.
func (c *Client) dateOf(cmd command, text string) provisioning.Date {
	read, err := date(text)
	if err != nil {
		c.tolerated(cmd, err)
	}
	return read
}

func (c *Client) tolerated(cmd command, err error) {
	c.config.Log.Warn("a part of an answer could not be read", "account", c.config.Account,
		"command", cmd.name, "error", err)
}
