// SPDX-License-Identifier: Apache-2.0

// Command lsmlite-replicate copies the commits of databases to object storage or to a folder, restores any moment from
// there, and follows a database from another machine. `lsmlite replicate`, `restore` and `follow` run it. It is a
// command of its own, so that what speaks to object storage is no part of lsmlite.
package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/replicate"
)

const about = "Copies the commits of databases to object storage or to a folder, restores any moment from there, and follows a " +
	"database from another machine. A target is s3://bucket/prefix, with the parameters endpoint, region and path_style, " +
	"or dir:///path/of/a/folder. Keys of object storage come from the environment, as for other programs."

// commands is the command line.
type commands struct {
	Upload  uploadCommand  `cmd:"" help:"Bring a target up to date with a database that no other program has open."`
	Restore restoreCommand `cmd:"" help:"Make a database of what is in a target."`
	Follow  followCommand  `cmd:"" help:"Keep a replica of what is in a target."`
	List    listCommand    `cmd:"" help:"List what can be restored."`
}

// The exit codes are those of lsmlite that fit.
const (
	usage       = 2
	cannotOpen  = 3
	damaged     = 4
	busy        = 5
	ioFailed    = 6
	refused     = 7
	interrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// exit ends parsing when help has been printed.
type exit struct{ code int }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			code = r.code
		default:
			panic(r)
		}
	}()
	var root commands
	parser, err := kong.New(&root, kong.Name("lsmlite-replicate"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit{code}) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		_ = printf(stderr, "lsmlite-replicate: %v\n", err)
		return ioFailed
	}
	call, err := parser.Parse(args)
	if err != nil {
		_ = printf(stderr, "lsmlite-replicate: %v\n", err)
		return usage
	}
	call.BindTo(ctx, (*context.Context)(nil))
	call.BindTo(stdout, (*io.Writer)(nil))
	if err = call.Run(); err != nil && (!errors.Is(err, context.Canceled) || errors.Is(err, errInterrupted)) {
		_ = printf(stderr, "lsmlite-replicate: %v\n", err)
	}
	return codeOf(err)
}

// codeOf is the exit code of an error.
func codeOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled):
		return interrupted
	case errors.Is(err, errUsage), errors.Is(err, replicate.ErrMisuse):
		return usage
	case errors.Is(err, replicate.ErrDamaged), errors.Is(err, replicate.ErrDiverged), errors.Is(err, engine.ErrCorrupt):
		return damaged
	case errors.Is(err, engine.ErrBusy):
		return busy
	case errors.Is(err, replicate.ErrFenced), errors.Is(err, replicate.ErrKey), errors.Is(err, engine.ErrKey):
		return refused
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrExist), errors.Is(err, fs.ErrPermission), errors.Is(err, engine.ErrCantOpen),
		errors.Is(err, replicate.ErrNothing):
		return cannotOpen
	}
	return ioFailed
}
