// SPDX-License-Identifier: Apache-2.0

//go:build unix

package mariadb

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// debianPackages hold the server program and what initializes a data directory.
// Unlike mariadb-server they bring no system service that would have to be kept
// from starting, and no second server beside ours.
var debianPackages = []string{"mariadb-server-core", "mariadb-client-core"}

// CanInstall tells whether this is a Debian where we may install packages.
func CanInstall() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil && os.Geteuid() == 0
}

// Install installs the server program by apt-get, telling what it does.
func Install(ctx context.Context, say func(string, ...any)) error {
	begun := time.Now()
	say("no MariaDB here: installing %s by apt-get", strings.Join(debianPackages, " and "))
	for _, args := range [][]string{
		{"update"},
		append([]string{"install", "--yes", "--no-install-recommends"}, debianPackages...),
	} {
		command := exec.CommandContext(ctx, "apt-get", args...)
		command.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, bytes.TrimSpace(output))
		}
	}
	if Installed() == "" {
		return fmt.Errorf("%s brought no mariadbd", strings.Join(debianPackages, " and "))
	}
	say("installed after %.1f s", time.Since(begun).Seconds())
	return nil
}
