// SPDX-License-Identifier: Apache-2.0

package app

import (
	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/care"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/pictures"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/replica"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/serve"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/shell"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/workload"
)

// commands is the command line. Each subcommand is a struct with a method
// Run(context.Context, *env.Env) error and a method Help with examples.
type commands struct {
	env.Globals
	Version versionFlag `help:"Print the version."`

	Shell  shell.Command `cmd:"" default:"withargs" group:"data" help:"Run statements: typed, from standard input, or given."`
	Get    data.Get      `cmd:"" group:"data" help:"Print the value of a key."`
	Put    data.Put      `cmd:"" group:"data" help:"Set the value of a key."`
	Del    data.Del      `cmd:"" group:"data" help:"Remove keys."`
	Scan   data.Scan     `cmd:"" group:"data" help:"Print rows."`
	Keys   data.Keys     `cmd:"" group:"data" help:"Print keys."`
	Count  data.Count    `cmd:"" group:"data" help:"Count rows."`
	Import data.Import   `cmd:"" group:"data" help:"Put the rows of other files into a database."`
	Export data.Export   `cmd:"" group:"data" help:"Write rows to other files."`
	Dump   data.Dump     `cmd:"" group:"data" help:"Write rows as a stream that keeps all bytes."`
	Load   data.Load     `cmd:"" group:"data" help:"Read what dump has written."`

	Check      care.Check        `cmd:"" group:"care" help:"Read everything and list what is wrong."`
	Stats      care.Stats        `cmd:"" group:"care" help:"Print what a database holds, in numbers."`
	Optimize   care.Optimize     `cmd:"" group:"care" help:"Bring everything into one densely packed segment."`
	Checkpoint care.Checkpoint   `cmd:"" group:"care" help:"Bring the log into the database file."`
	Work       care.Work         `cmd:"" group:"care" help:"Merge the segments that are due."`
	Backup     care.Backup       `cmd:"" group:"care" help:"Copy the rows into a new database file."`
	Restore    replica.Restore   `cmd:"" group:"care" help:"Put a backup in the place of a database, or make one of a target."`
	Replicate  replica.Replicate `cmd:"" group:"care" help:"Bring a target, such as object storage, up to date with a database."`
	Follow     replica.Follow    `cmd:"" group:"care" help:"Keep a replica of what is in a target."`
	Copy       replica.Copy      `cmd:"" group:"care" help:"Copy the rows of a store, such as a file, into another one."`
	Rewrite    care.Rewrite      `cmd:"" group:"care" help:"Write a database again, with other pages, blocks or codec."`
	Diff       care.Diff         `cmd:"" group:"care" help:"Compare the rows of two databases."`
	Page       care.Page         `cmd:"" group:"care" help:"Show what is on a page."`
	Log        care.Log          `cmd:"" group:"care" help:"Print the records of the log."`
	Slots      care.Slots        `cmd:"" group:"care" help:"List, add and remove the keys of an encrypted database."`
	Identify   care.Identify     `cmd:"" group:"care" help:"Say what files and folders are."`
	Recover    care.Recover      `cmd:"" group:"care" help:"Save what can still be read of a damaged database."`

	Structure pictures.Structure `cmd:"" group:"look" help:"Draw levels, segments and blocks, or record how they change."`
	Serve     serve.Serve        `cmd:"" group:"look" help:"Show a database in a browser, and to other programs."`

	Bench workload.Bench `cmd:"" group:"more" help:"Measure lsmlite on this machine, and compare measurements."`

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
