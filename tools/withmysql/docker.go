// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/certbridge/certbridge/tools/mariadb"
)

// image is the server that a Docker engine runs for us.
const image = "mariadb:10.11"

// dockerAnswers tells whether there is a Docker engine that we may use.
func dockerAnswers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "info").Run() == nil
}

// container starts a MariaDB container of our own, reachable from this machine
// only.
func container(ctx context.Context, say func(string, ...any)) (_ server, err error) {
	begun := time.Now()
	say("starting a container of %s", image)
	id, err := docker(ctx, "run", "--detach", "--rm", "--env", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1",
		"--publish", "127.0.0.1::3306", "--tmpfs", "/var/lib/mysql", image, "--max-connections=1000")
	if err != nil {
		return server{}, err
	}
	remove := func() {
		// Not ctx: it is over when a signal stopped us.
		if _, err := docker(context.Background(), "rm", "--force", "--volumes", id); err != nil {
			say("%v", err)
		}
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	published, err := docker(ctx, "port", id, "3306/tcp")
	if err != nil {
		return server{}, err
	}
	_, text, err := net.SplitHostPort(published)
	if err != nil {
		return server{}, fmt.Errorf("docker port: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return server{}, fmt.Errorf("docker port: %w", err)
	}
	version, err := mariadb.Await(ctx, mariadb.Loopback(port), nil)
	if err != nil {
		return server{}, fmt.Errorf("the container of %s did not start: %w", image, err)
	}
	say("%s is ready on 127.0.0.1:%d after %.1f s", version, port, time.Since(begun).Seconds())
	return server{dsn: mariadb.Loopback(port).FormatDSN(), stop: remove}, nil
}

// docker runs one docker command and gives the last line that it prints.
func docker(ctx context.Context, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, "docker", args...).CombinedOutput()
	text := strings.TrimSpace(string(output))
	if err != nil {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, text)
	}
	return text[strings.LastIndexByte(text, '\n')+1:], nil
}
