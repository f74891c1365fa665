// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
	}
	asJSON := jsonFlag(command)
	command.RunE = func(*cobra.Command, []string) error {
		if *asJSON {
			return p.sayJSON(map[string]string{"version": programVersion(), "go": runtime.Version()})
		}
		p.say("certbridge %s (%s)", programVersion(), runtime.Version())
		return nil
	}
	return command
}
