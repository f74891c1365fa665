// SPDX-License-Identifier: Apache-2.0

package walkthrough_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// atOnce keeps the race detector from sleeping a second when a process ends.
const atOnce = "GORACE=atexit_sleep_ms=0"

// build makes certbridge as the Makefile does, with the race detector if the tests
// have it: its packages are compiled already then.
func build(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "certbridge")
	args := []string{"build", "-o", program}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("this test does not know how it was built")
	}
	if slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		args = append(args, "-race")
	}
	command := exec.CommandContext(t.Context(), "go", append(args, "./cmd/certbridge")...)
	command.Dir = root
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}

// startProcess runs certbridge until the test ends, and reads the first JSON that
// it prints, which tells that it is ready. It must end well, and leave nothing in
// its directory for temporary files.
func startProcess(t *testing.T, program string, said any, args ...string) {
	t.Helper()
	directory := t.TempDir()
	command := exec.Command(program, args...) // ended below, and not by a signal that cannot be caught
	command.Env = []string{atOnce, "TMPDIR=" + directory}
	var complaints bytes.Buffer
	command.Stderr = &complaints
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := command.Process.Signal(os.Interrupt); err != nil {
			t.Error(err)
		}
		if err := command.Wait(); err != nil {
			t.Errorf("certbridge %s: %v: %s", args[0], err, complaints.String())
		}
		if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
			t.Errorf("certbridge %s left %v behind (%v)", args[0], left, err)
		}
	})
	if err := json.NewDecoder(stdout).Decode(said); err != nil {
		t.Fatalf("certbridge %s: %v: %s", args[0], err, complaints.String())
	}
}

// session is one bash, as a reader's terminal is: what a block sets, the next one
// has.
type session struct {
	t         *testing.T
	directory string
	stdin     io.Writer
	stdout    *bufio.Reader
	blocks    int
}

// boundary ends the output of a block.
const boundary = "-- end of the block, exit code "

// startSession opens a terminal in an empty directory. The programs of path come
// before those of the machine.
func startSession(t *testing.T, path ...string) *session {
	t.Helper()
	s := &session{t: t, directory: t.TempDir()}
	command := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-s")
	command.Dir = s.directory
	command.Env = []string{
		atOnce, "HOME=" + s.directory, "TMPDIR=" + s.directory, "LC_ALL=C",
		"PATH=" + strings.Join(append(path, os.Getenv("PATH")), string(os.PathListSeparator)),
	}
	stdin, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = command.Wait() // each block has told how it ended
	})
	s.stdin, s.stdout = stdin, bufio.NewReader(stdout)
	return s
}

// run runs commands and gives what they printed. A command that fails ends the
// block and the test.
func (s *session) run(commands block) (output string) {
	s.t.Helper()
	s.blocks++
	script := filepath.Join(s.t.TempDir(), "block.sh")
	complaints := filepath.Join(s.t.TempDir(), "stderr")
	if err := os.WriteFile(script, []byte("set -e -o pipefail\n"+commands.text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	// The block comes from a file, so that no command can read the next one from
	// stdin. What fails in it ends the shell: its exit writes the boundary.
	_, err := fmt.Fprintf(s.stdin, "trap 'echo \"%s$?\"' EXIT; . '%s' </dev/null 2>'%s'; echo \"%s$?\"\n", boundary, script, complaints, boundary)
	if err != nil {
		s.t.Fatal(err)
	}
	for {
		line, err := s.stdout.ReadString('\n')
		if before, code, ended := strings.Cut(line, boundary); ended {
			output += before
			if code = strings.TrimSpace(code); code != "0" {
				said, _ := os.ReadFile(complaints)
				s.t.Fatalf("%s: exit code %s\n%s\nprinted:\n%s\n%s", commands, code, indent(commands.text), indent(output), indent(string(said)))
			}
			return output
		}
		if err != nil {
			s.t.Fatalf("%s: the shell is gone: %v", commands, err)
		}
		output += line
	}
}
