// SPDX-License-Identifier: Apache-2.0

//go:build unix

// Package mariadb runs private MariaDB servers for tests.
package mariadb

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/certbridge/certbridge/tools/process"
)

// Installed finds the server program; "" if it is not there or has not all that
// it needs to make a data directory.
func Installed() string {
	for _, helper := range []string{"mariadb-install-db", "my_print_defaults"} {
		if installed(helper) == "" {
			return ""
		}
	}
	return installed("mariadbd")
}

// installed finds a program. Debian puts servers where only root's PATH looks.
func installed(name string) string {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name, "/usr/libexec/" + name} {
		if program, err := exec.LookPath(candidate); err == nil {
			return program
		}
	}
	return ""
}

// Server is a MariaDB of our own in a temporary directory, on a port of the
// loopback interface. Its root user has no password.
type Server struct {
	Version string // name and version, as the server says them

	program string
	home    string
	port    int
	running *process.Bound
}

// Start makes a data directory and starts a server on it.
func Start(ctx context.Context) (_ *Server, err error) {
	home, err := os.MkdirTemp("", "certbridge-mysql-")
	if err != nil {
		return nil, err
	}
	s := &Server{program: Installed(), home: home}
	defer func() {
		if err != nil {
			_ = s.Close() // the error that matters is the one before
		}
	}()
	if err = s.initialize(ctx); err != nil {
		return nil, err
	}
	// Another program may take the port between our asking for a free one and
	// mariadbd's using it.
	for attempt := 1; ; attempt++ {
		if s.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = s.run(ctx); err == nil {
			return s, nil
		}
		if attempt == 3 || ctx.Err() != nil {
			return nil, err
		}
	}
}

// DSN is the server's Data Source Name, without a database.
func (s *Server) DSN() string { return Loopback(s.port).FormatDSN() }

// Kill ends the server at once, as a power cut would. Its data stay.
func (s *Server) Kill() {
	if s.running != nil {
		s.running.Kill()
		s.running = nil
	}
}

// Restart starts a server again that was killed, at its old address, and waits
// until it answers.
func (s *Server) Restart(ctx context.Context) error {
	s.Kill()
	return s.run(ctx)
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	s.Kill()
	return os.RemoveAll(s.home)
}

// initialize makes an empty data directory whose root user has no password.
func (s *Server) initialize(ctx context.Context) error {
	args := append([]string{"--no-defaults", "--datadir=" + filepath.Join(s.home, "data"),
		"--auth-root-authentication-method=normal", "--skip-test-db"}, asRoot()...)
	output, err := exec.CommandContext(ctx, installed("mariadb-install-db"), args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, bytes.TrimSpace(output))
	}
	return nil
}

// asRoot lets the server's programs run as root, which they do not without being
// told so. It is a server for tests, reachable from this machine only.
func asRoot() []string {
	if os.Geteuid() == 0 {
		return []string{"--user=root"}
	}
	return nil
}

// run runs mariadbd and waits until it answers. Durability stays at the server's
// default, so that measurements mean something; only memory is kept small.
func (s *Server) run(ctx context.Context) error {
	log := filepath.Join(s.home, "error.log")
	args := append([]string{"--no-defaults",
		"--datadir=" + filepath.Join(s.home, "data"),
		"--tmpdir=" + s.home,
		"--log-error=" + log,
		"--pid-file=" + filepath.Join(s.home, "pid"),
		// Relative to the data directory: the path of a socket may have some
		// 100 bytes only.
		"--socket=socket",
		"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", s.port), "--skip-name-resolve",
		"--innodb-buffer-pool-size=64M", "--max-connections=1000", "--skip-log-bin",
	}, asRoot()...)
	running, err := process.Start(exec.Command(s.program, args...))
	if err != nil {
		return err
	}
	s.running = running
	if s.Version, err = Await(ctx, Loopback(s.port), running.Ended()); err != nil {
		s.Kill()
		return fmt.Errorf("%s did not start: %w\n%s", s.program, err, ending(log))
	}
	return nil
}

// freePort asks the kernel for a port that nobody uses.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// ending gives the last lines of a log.
func ending(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-10):], "\n")
}
