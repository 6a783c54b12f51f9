// SPDX-License-Identifier: Apache-2.0

package app

import (
	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
)

// commands is the command line. Each subcommand is a struct with a method
// Run(context.Context, *env.Env) error and a method Help with examples.
type commands struct {
	env.Globals
	Version kong.VersionFlag `help:"Print the version."`

	Get data.Get `cmd:"" group:"data" help:"Print the value of a key."`

	Completion completion `cmd:"" group:"more" help:"Print a completion script for a shell."`
	Man        man        `cmd:"" group:"more" help:"Print the man page."`
	ExitCodes  exitCodes  `cmd:"" group:"more" help:"List the exit codes."`
	Complete   complete   `cmd:"" hidden:"" name:"__complete" help:"What the completion scripts call."`
}

// groups are the headings of the help.
var groups = []kong.Group{
	{Key: "data", Title: "Data"},
	{Key: "care", Title: "Care"},
	{Key: "look", Title: "Pictures"},
	{Key: "more", Title: "More"},
}
