// SPDX-License-Identifier: Apache-2.0

// Package app puts the subcommands together: it reads the command line, runs what it says and
// turns the result into an exit code. Help, completion and the man page come from the same model.
// Only main and the tests call it.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/shell"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

const about = "A shell and tools for lsm1 databases: files of lsmlite and of SQLite's lsm1.\n\n" +
	"Without a command it is the shell: lsmlite my.lsm. Write ./get for a file that has the name of a command."

// Main runs the command with arguments, without the name of the program, and returns its exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, deaf := untilHangup(ctx)
	defer deaf()
	// A second signal ends the process at once, as if there were no handler.
	context.AfterFunc(ctx, stop)
	return run(ctx, args, &env.Env{Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// exit ends parsing when help or the version has been printed.
type exit struct{ code int }

func run(ctx context.Context, args []string, e *env.Env) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			code = r.code
		default:
			fmt.Fprintf(e.Stderr, "lsmlite: a fault of lsmlite itself, please report it: %v\n%s", r, debug.Stack())
			code = int(env.Internal)
		}
	}()
	e.Command = func(ctx context.Context, args []string) env.Code {
		return env.Code(run(ctx, args, &env.Env{Stdin: e.Stdin, Stdout: e.Stdout, Stderr: e.Stderr}))
	}
	var root commands
	parser, err := newParser(&root, e)
	if err != nil {
		return report(e, err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if args, err = withRemote(parser.Model.Node, args); err != nil {
		return report(e, err)
	}
	call, err := parser.Parse(args)
	if failed, ok := errors.AsType[*fs.PathError](err); ok { // the help could not be printed
		return report(e, failed)
	}
	if err != nil {
		fmt.Fprintf(e.Stderr, "lsmlite: %s\n", text.Message(err.Error()))
		if p, ok := errors.AsType[*kong.ParseError](err); ok && p.Context != nil && p.Context.Selected() != nil {
			fmt.Fprintf(e.Stderr, "%s --help shows how it is used\n", p.Context.Selected().FullPath())
		}
		return int(env.Usage)
	}
	e.Globals = root.Globals
	call.BindTo(ctx, (*context.Context)(nil))
	call.Bind(e, call.Model)
	return report(e, call.Run())
}

// newParser makes the model of the command line.
func newParser(root *commands, e *env.Env) (*kong.Kong, error) {
	return kong.New(root,
		kong.Name("lsmlite"),
		kong.Description(about),
		kong.Writers(e.Stdout, e.Stderr),
		kong.Bind(e),
		kong.Exit(func(code int) { panic(exit{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": version(), "modes": shell.Modes()},
		kong.ExplicitGroups(groups),
	)
}

// report prints an error and returns its exit code.
func report(e *env.Env, err error) int {
	switch {
	case err == nil || env.IsSilent(err):
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(e.Stderr, "lsmlite: stopped")
	default:
		// Errors of the engine begin with the name themselves.
		fmt.Fprintf(e.Stderr, "lsmlite: %s\n", text.Message(strings.TrimPrefix(err.Error(), "lsmlite: ")))
	}
	return int(env.CodeOf(err))
}

// versionFlag prints the version.
type versionFlag bool

// BeforeReset is called by kong if the flag is there.
func (versionFlag) BeforeReset(app *kong.Kong, e *env.Env, vars kong.Vars) error {
	_, err := fmt.Fprintln(e.Stdout, vars["version"])
	app.Exit(report(e, err))
	return nil
}

// version is that of the module, as go install has noted it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "lsmlite (unknown version)"
	}
	return fmt.Sprintf("lsmlite %s, %s", info.Main.Version, info.GoVersion)
}
