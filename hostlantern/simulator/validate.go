// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Resolver is what domain validation asks; *net.Resolver is one.
type Resolver interface {
	LookupCNAME(ctx context.Context, name string) (string, error)
	LookupHost(ctx context.Context, host string) ([]string, error)
}

// lookTime bounds the validation of one certificate.
const lookTime = 15 * time.Second

// probe is what has to be found for one name of a pending certificate.
type probe struct {
	certificate   *certificate
	request       *signingRequest
	name          *dcvName
	method        string
	url, content  string // by HTTP
	host, target  string // by CNAME
	resolvedFirst string // the host that must resolve before the file is fetched
}

// Validate looks at the validation files and CNAME records of every pending
// order, as a certificate authority does from time to time, and issues the
// domain-validated certificates of which every name has passed, now or
// earlier. Names validated by e-mail, and organizations, wait for Approve. It
// returns the ids of the certificates that it issued.
func (s *Simulator) Validate(ctx context.Context) (issued []string) {
	s.mu.Lock()
	var pending []int64
	for id, one := range s.certificates {
		if one.status == purchased {
			pending = append(pending, id)
		}
	}
	s.mu.Unlock()
	slices.Sort(pending)
	for _, id := range pending {
		if s.look(ctx, id) {
			issued = append(issued, decimal(id))
		}
	}
	return issued
}

// look validates one certificate and issues it if it may. The mutex is not held
// while the network is asked.
func (s *Simulator) look(ctx context.Context, id int64) (issued bool) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	s.mu.Lock()
	found := s.certificates[id]
	probes := found.probes()
	s.mu.Unlock()
	var passed []probe
	for _, one := range probes {
		if s.passes(ctx, one) {
			passed = append(passed, one)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.now()
	for _, one := range passed {
		if one.name.method == one.method && found.request == one.request {
			one.name.passedAt = now
		}
	}
	if found.status != purchased || !found.validated() || found.product.validation != domainValidated {
		return false
	}
	return s.issue(found, now) == nil
}

// probes lists what has to be looked at for the names that have not passed.
func (c *certificate) probes() []probe {
	if c.status != purchased {
		return nil
	}
	var probes []probe
	for _, name := range c.names {
		if !name.passedAt.IsZero() {
			continue
		}
		one := probe{certificate: c, request: c.request, name: name, method: name.method}
		switch name.method {
		case byHTTP:
			file, content := c.file()
			one.url, one.content = "http://"+name.domain+"/.well-known/pki-validation/"+file, content
			one.resolvedFirst = name.domain
		case byCNAME:
			one.host, one.target = c.record(name)
		default:
			continue
		}
		probes = append(probes, one)
	}
	return probes
}

// passes really looks. Files count only byte for byte; names in the DNS fold
// case.
func (s *Simulator) passes(ctx context.Context, one probe) bool {
	if s.resolver == nil {
		return false
	}
	if one.method == byCNAME {
		found, err := s.resolver.LookupCNAME(ctx, one.host)
		return err == nil && strings.EqualFold(strings.TrimSuffix(found, "."), one.target)
	}
	if addresses, err := s.resolver.LookupHost(ctx, one.resolvedFirst); err != nil || len(addresses) == 0 {
		return false
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, one.url, nil)
	if err != nil {
		return false
	}
	response, err := s.httpClient.Do(request)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(len(one.content))+1))
	return err == nil && response.StatusCode == http.StatusOK && string(body) == one.content
}

// validationClient fetches validation files from the addresses that the
// resolver gives, through no proxy, and follows no redirect.
func validationClient(resolver Resolver) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		Timeout:       10 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives: true, ResponseHeaderTimeout: 5 * time.Second, MaxResponseHeaderBytes: 16 << 10,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, port, err := net.SplitHostPort(address)
				if err != nil {
					return nil, err
				}
				addresses, err := resolver.LookupHost(ctx, host)
				if err != nil {
					return nil, err
				}
				for _, one := range addresses {
					connection, dialErr := dialer.DialContext(ctx, network, net.JoinHostPort(one, port))
					if dialErr == nil {
						return connection, nil
					}
					err = errors.Join(err, dialErr)
				}
				return nil, errors.Join(err, errors.New("simulator: no address of "+host+" answers"))
			},
		},
	}
}
