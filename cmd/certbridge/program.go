// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/certbridge/certbridge/config"
	"github.com/certbridge/certbridge/mirror"
)

// program is one run of certbridge.
type program struct {
	stdout, stderr io.Writer
	environ        []string // as os.Environ
	configPath     string   // --config
	started        bool     // the command line was understood
	seams          seams
}

// defaultConfig is read when nothing else is said.
const defaultConfig = "certbridge.yaml"

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "certbridge",
		Short: "A bridge between billing panels and certificate providers",
		Long: `certbridge stands between billing panels and certificate providers. Panels
create, activate, reissue, renew and synchronize certificates through its HTTP
API; it makes the provider's calls out of that and keeps a mirror of every
certificate ID, due date and reissue state.

Start with: certbridge demo

Exit codes: 0 done; 1 tried and failed; 2 the command line or the configuration
is wrong, and nothing was tried.`,
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          help,
	}
	root.PersistentPreRun = func(*cobra.Command, []string) { p.started = true }
	root.PersistentFlags().StringVar(&p.configPath, "config", "",
		"configuration `FILE` (default $"+config.PathVariable+", else "+defaultConfig+")")
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		p.demoCommand(), p.serveCommand(), p.migrateCommand(), p.panelCommand(), p.doctorCommand(),
		p.reconcileCommand(), p.syncCommand(), p.unlinkedCommand(), p.importCommand(), p.dueDatesCommand(), p.simulateCommand(), p.exampleCommand(), p.versionCommand(),
	)
	return root
}

// help is what a command does that only groups others.
func help(command *cobra.Command, _ []string) error { return command.Help() }

// loadConfig reads the file of --config, of CERTBRIDGE_CONFIG, or
// certbridge.yaml. Where none of them is there, the environment alone may do.
func (p *program) loadConfig() (config.Config, error) {
	path := p.configPath
	if path == "" {
		path = p.variable(config.PathVariable)
	}
	if path == "" {
		path = defaultConfig
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && p.variable("CERTBRIDGE_DATABASE_DSN") != "" {
			path = ""
		}
	}
	loaded, err := config.Load(path, p.environ)
	if errors.Is(err, fs.ErrNotExist) {
		return config.Config{}, &config.Error{Path: path, Problems: []config.Problem{{
			Text: "there is no such file; `certbridge example > certbridge.yaml` makes one to start from, --config FILE names another one",
		}}}
	}
	return loaded, err
}

func (p *program) variable(name string) string {
	at := slices.IndexFunc(p.environ, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	if at < 0 {
		return ""
	}
	return strings.TrimPrefix(p.environ[at], name+"=")
}

func (p *program) say(format string, args ...any) {
	_, _ = fmt.Fprintf(p.stdout, format+"\n", args...)
}

// sayJSON prints a value for a script.
func (p *program) sayJSON(value any) error {
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// jsonFlag gives a command --json.
func jsonFlag(command *cobra.Command) *bool {
	return command.Flags().Bool("json", false, "print JSON")
}

// realTime is the clock of everything but the demo and some tests.
func realTime() time.Time { return time.Now().UTC() }

// openMirror opens the configured database. It does not make one: a database
// that came into being because of a wrong path or directory would know no order,
// and panels that ask again would buy again.
func (p *program) openMirror(ctx context.Context, database config.Database, options mirror.Options) (*mirror.Mirror, error) {
	options.Driver, options.DSN = database.Driver, database.DSN.Reveal()
	options.Now, options.LeaseClock = p.seams.now, p.seams.leaseClock
	if database.Driver == config.DriverSQLite && !options.AnySchema {
		_, file := os.Stat(options.DSN)
		_, folder := os.Stat(filepath.Dir(options.DSN)) // without it, the mirror has more to say
		if errors.Is(file, fs.ErrNotExist) && folder == nil {
			return nil, fmt.Errorf("there is no database %s; if that is the right place, `certbridge migrate` makes it", options.DSN)
		}
	}
	return mirror.Open(ctx, options)
}
