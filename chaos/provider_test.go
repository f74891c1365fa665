// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// provider is the simulator behind real HTTP. It knows when it has nothing to do.
type provider struct {
	*simulator.Simulator
	*weather
	server *httptest.Server

	mu          sync.Mutex
	changed     *sync.Cond
	connections map[net.Conn]bool
	calls       int            // that are being answered
	charging    map[string]int // those that charge, by account
	together    []string       // accounts in which two charges were under way at once
}

func newProvider(seed uint64, accounts []simulator.Account) (*provider, error) {
	switches := simulator.DefaultSwitches()
	switches.ThrottlePerMinute, switches.ThrottlePerHour, switches.ThrottlePerDay = 0, 0, 0
	// A call takes its time, so that processes die in the middle of one, and
	// replicas meet.
	switches.CommandLatency = map[string]time.Duration{
		"getlist": time.Millisecond, "getbalances": time.Millisecond,
		"create": 25 * time.Millisecond, "renew": 25 * time.Millisecond, "purchasemoresans": 25 * time.Millisecond,
	}
	simulated, err := simulator.New(simulator.Options{Now: beginning, Switches: switches, Accounts: accounts})
	if err != nil {
		return nil, err
	}
	p := &provider{Simulator: simulated, weather: newWeather(seed), connections: map[net.Conn]bool{}, charging: map[string]int{}}
	p.changed = sync.NewCond(&p.mu)
	p.server = httptest.NewUnstartedServer(p)
	p.server.Config.ConnState = p.connection
	p.server.Start()
	return p, nil
}

// ServeHTTP answers one call, in the weather of the day.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.count(1)
	defer p.count(-1)
	command, account, err := peek(r)
	if err != nil {
		return // who sent it has died in the middle
	}
	if charging(command) {
		p.charge(account, 1)
		defer p.charge(account, -1)
	}
	if command != "" {
		if fault, hit := p.over(command); hit {
			p.Inject(fault)
		}
	}
	p.Simulator.ServeHTTP(w, r)
}

// charging tells whether a command spends money.
func charging(command string) bool {
	return command == "create" || command == "renew" || command == "purchasemoresans"
}

// charge counts the charges under way in an account. Two at once would leave nobody
// able to tell which of them was executed.
func (p *provider) charge(account string, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.charging[account] += by; p.charging[account] > 1 {
		p.together = append(p.together, account)
	}
}

// crowded gives what charge saw.
func (p *provider) crowded() (found []finding) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, account := range p.together {
		found = append(found, finding{together, "", "two charges were under way at once in account " + account})
	}
	return found
}

// peek is the last part of a call's command, in small letters, and whose account
// it is about; both "" if it does not say. The call can still be answered.
func peek(r *http.Request) (command, account string, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return "", "", err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return "", "", nil //nolint:nilerr // the simulator will say what it thinks of it
	}
	command = strings.ToLower(values.Get("Command"))
	return command[strings.LastIndexByte(command, '.')+1:], values.Get("ApiUser"), nil
}

func (p *provider) count(by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls += by
	p.changed.Broadcast()
}

func (p *provider) connection(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.connections[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(p.connections, conn)
	}
	p.changed.Broadcast()
}

// settle waits until every request that reached this machine is executed. All
// callers must be dead: their connections are closed then, once what they had sent
// is read. A connection that the kernel has and we do not yet is in front of our
// own in the queue, so we make one first.
func (p *provider) settle() error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(p.server.URL + "/control/")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, response.Body)
	_ = response.Body.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.connections) > 0 || p.calls > 0 {
		p.changed.Wait()
	}
	return err
}

// throttle makes the provider refuse most calls, or no call, for being too many.
func (p *provider) throttle(on bool) {
	p.Configure(func(s *simulator.Switches) {
		s.ThrottlePerMinute, s.ThrottleBan = 0, -1
		if on {
			s.ThrottlePerMinute = 10
		}
	})
}
