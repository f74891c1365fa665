// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// sh is found before a test takes the PATH away.
const sh = "/bin/sh"

// machine makes the programs that a test names the only ones there are, each a
// shell script, and gives a directory for temporary files.
func machine(t *testing.T, programs map[string]string) (temporary string) {
	t.Helper()
	folder := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	temporary = t.TempDir()
	t.Setenv("PATH", folder)
	t.Setenv("TMPDIR", temporary)
	t.Setenv(variable, "")
	return temporary
}

// nothingLeft checks that a directory is empty.
func nothingLeft(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// noServer runs a command that must not run, and gives what is said instead.
func noServer(t *testing.T) string {
	t.Helper()
	var said bytes.Buffer
	ran := filepath.Join(t.TempDir(), "ran")
	if code := run([]string{"--", sh, "-c", "echo > " + ran}, nil, &said); code != exitNoServer {
		t.Errorf("exit code %d, want %d", code, exitNoServer)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("the command ran without a server")
	}
	return said.String()
}

func TestTheGivenServerIsUsed(t *testing.T) {
	dsn := os.Getenv(variable)
	if dsn == "" {
		t.Fatalf("%s is not set: run the tests with `make test`", variable)
	}
	for _, test := range []struct {
		script string
		code   int
	}{
		{`test "$` + variable + `" = '` + dsn + `'`, 0},
		{"exit 7", 7},
		{"kill -9 $$", 128 + 9},
	} {
		var said bytes.Buffer
		if code := run([]string{"--", sh, "-c", test.script}, nil, &said); code != test.code {
			t.Errorf("%s: exit code %d, want %d", test.script, code, test.code)
		}
		if !strings.Contains(said.String(), "using ") {
			t.Errorf("said %q", &said)
		}
	}
	if code := run([]string{"no-such-command"}, nil, new(bytes.Buffer)); code != exitNotFound {
		t.Errorf("a command that is not there: exit code %d, want %d", code, exitNotFound)
	}
	if code := run([]string{os.DevNull}, nil, new(bytes.Buffer)); code != exitNotRun {
		t.Errorf("a command that is no program: exit code %d, want %d", code, exitNotRun)
	}
	if code := run([]string{"--"}, nil, new(bytes.Buffer)); code != exitNoServer {
		t.Errorf("no command: exit code %d, want %d", code, exitNoServer)
	}
}

// The command's child is the one who gets the signal: it answers by writing, and
// its parent ends with a code of its own.
func TestASignalReachesTheCommandAndItsChildren(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	script := `trap 'exit 9' TERM; sh -c 'trap "echo stopped > ` + fifo + `; exit" TERM; echo ready > ` + fifo + `; while :; do sleep 0.02; done'; exit 1`
	signals := make(chan os.Signal, 1)
	ended := make(chan int)
	go func() { ended <- run([]string{"--", sh, "-c", script}, signals, new(bytes.Buffer)) }()
	for _, want := range []string{"ready\n", "stopped\n"} {
		said, err := os.ReadFile(fifo)
		if err != nil || string(said) != want {
			t.Fatalf("the child said %q, %v; want %q", said, err, want)
		}
		if want == "ready\n" {
			signals <- syscall.SIGTERM
		}
	}
	if code := <-ended; code != 9 {
		t.Errorf("exit code %d, want 9", code)
	}
}

func TestAServerThatDoesNotAnswerIsAnError(t *testing.T) {
	machine(t, nil)
	for dsn, sentence := range map[string]string{
		"root:hunter2@tcp(127.0.0.1:1)/": "does not answer",
		"root:hunter2@localhost":         "is no Data Source Name",
	} {
		t.Setenv(variable, dsn)
		said := noServer(t)
		if !strings.Contains(said, sentence) || strings.Contains(said, "hunter2") {
			t.Errorf("said %q, want %q and no password", said, sentence)
		}
	}
}

func TestWithoutAnyServerOneSentenceSaysWhatToDo(t *testing.T) {
	temporary := machine(t, nil)
	said := noServer(t)
	for _, part := range []string{"apt-get install mariadb-server-core", "start Docker", variable} {
		if !strings.Contains(said, part) {
			t.Errorf("%q does not say %q", said, part)
		}
	}
	if strings.Count(said, "\n") != 1 {
		t.Errorf("more than one sentence: %q", said)
	}
	nothingLeft(t, temporary)
}

func TestAMariaDBThatDoesNotStartIsExplained(t *testing.T) {
	const makes = `for a; do case $a in --log-error=*) echo "out of luck" > "${a#--log-error=}";; esac; done; exit 1`
	for what, test := range map[string]struct{ install, server, sentence string }{
		"no data directory": {"echo disk full; exit 1", "exit 1", "disk full"},
		"ends at once":      {"exit 0", makes, "out of luck"},
	} {
		t.Run(what, func(t *testing.T) {
			temporary := machine(t, map[string]string{
				"my_print_defaults": "exit 0", "mariadb-install-db": test.install, "mariadbd": test.server,
			})
			if said := noServer(t); !strings.Contains(said, test.sentence) {
				t.Errorf("said %q, want %q", said, test.sentence)
			}
			nothingLeft(t, temporary)
		})
	}
}

func TestAContainerThatIsOfNoUseIsRemoved(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	machine(t, map[string]string{"docker": `echo "$*" >> ` + log + `
		case $1 in
		run) echo pulling; echo c0ffee;;
		port) echo nonsense;;
		esac`})
	if said := noServer(t); !strings.Contains(said, "docker port") {
		t.Errorf("said %q", said)
	}
	got, err := os.ReadFile(log)
	if err != nil || !strings.HasSuffix(string(got), "\nrm --force --volumes c0ffee\n") {
		t.Errorf("called\n%s%v", got, err)
	}
}
