// SPDX-License-Identifier: Apache-2.0

//go:build unix

package chaos_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/certbridge/certbridge/hostlantern/simulator"
)

// beginning is when every act begins. The simulator's rules depend on the date.
var beginning = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// clock moves the time of all workers and of the provider at once. Between two
// moves time passes as it does for everybody.
type clock struct {
	file      string
	ahead     time.Duration // of the machine's clock
	simulator *simulator.Simulator
}

func newClock(dir string, provider *simulator.Simulator) (*clock, error) {
	c := &clock{file: filepath.Join(dir, "clock"), ahead: time.Until(beginning), simulator: provider}
	return c, c.write()
}

// move moves the time forward. No worker may be alive, and the provider must have
// nothing to do: a request that is executed days after it was sent cannot be
// handled by anybody.
func (c *clock) move(by time.Duration) error {
	c.ahead += by
	c.simulator.Advance(by)
	return c.write()
}

func (c *clock) write() error {
	return os.WriteFile(c.file, []byte(strconv.FormatInt(int64(c.ahead), 10)), 0o600)
}

func TestClockMovesBothSides(t *testing.T) {
	t.Parallel()
	provider, err := simulator.New(simulator.Options{Now: beginning})
	if err != nil {
		t.Fatal(err)
	}
	c, err := newClock(t.TempDir(), provider)
	if err != nil {
		t.Fatal(err)
	}
	before := provider.Now()
	if err := c.move(time.Hour); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(c.file)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != strconv.FormatInt(int64(c.ahead), 10) || provider.Now().Sub(before) < time.Hour {
		t.Errorf("the file says %s, the provider went from %s to %s", text, before, provider.Now())
	}
}
