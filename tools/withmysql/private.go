// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// mariadbd finds the installed server program; "" if it is not there or has not
// all that it needs to make a data directory.
func mariadbd() string {
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

// private starts a MariaDB of our own in a temporary directory.
func private(ctx context.Context, program string, say func(string, ...any)) (_ server, err error) {
	begun := time.Now()
	say("starting a private MariaDB (%s)", program)
	home, err := os.MkdirTemp("", "certbridge-mysql-")
	if err != nil {
		return server{}, err
	}
	remove := func() {
		if err := os.RemoveAll(home); err != nil {
			say("%v", err)
		}
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	if err = initialize(ctx, home); err != nil {
		return server{}, err
	}
	// Another program may take the port between our asking for a free one and
	// mariadbd's using it.
	for attempt := 1; ; attempt++ {
		process, port, startErr := start(program, home)
		if startErr != nil {
			return server{}, startErr
		}
		version, waitErr := await(ctx, loopback(port), process.ended)
		if waitErr == nil {
			say("%s is ready on 127.0.0.1:%d after %.1f s", version, port, time.Since(begun).Seconds())
			return server{dsn: loopback(port).FormatDSN(), stop: func() {
				process.kill()
				remove()
			}}, nil
		}
		process.kill()
		if attempt == 3 || ctx.Err() != nil {
			return server{}, fmt.Errorf("%s did not start: %w\n%s", program, waitErr, ending(filepath.Join(home, "error.log")))
		}
	}
}

// initialize makes an empty data directory whose root user has no password.
func initialize(ctx context.Context, home string) error {
	args := append([]string{"--no-defaults", "--datadir=" + filepath.Join(home, "data"),
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

// process is a running mariadbd.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
}

// start runs mariadbd on a free port. Durability stays at the server's default,
// so that measurements mean something; only memory is kept small.
func start(program, home string) (*process, int, error) {
	port, err := freePort()
	if err != nil {
		return nil, 0, err
	}
	args := append([]string{"--no-defaults",
		"--datadir=" + filepath.Join(home, "data"),
		"--tmpdir=" + home,
		"--log-error=" + filepath.Join(home, "error.log"),
		"--pid-file=" + filepath.Join(home, "pid"),
		// Relative to the data directory: the path of a socket may have some
		// 100 bytes only.
		"--socket=socket",
		"--bind-address=127.0.0.1", fmt.Sprintf("--port=%d", port), "--skip-name-resolve",
		"--innodb-buffer-pool-size=64M", "--max-connections=1000", "--skip-log-bin",
	}, asRoot()...)
	command := exec.Command(program, args...)
	command.SysProcAttr = boundToUs()
	if err := command.Start(); err != nil {
		return nil, 0, err
	}
	started := &process{command: command, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // only that it ended matters
		close(started.ended)
	}()
	return started, port, nil
}

// kill ends the server at once: nobody will read its data again.
func (p *process) kill() {
	if err := p.command.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return
	}
	<-p.ended
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
