// SPDX-License-Identifier: Apache-2.0

// Package env is what every subcommand gets: the streams, the global flags, how a database is
// opened, how progress is shown, and which exit code an error has. Packages of subcommands
// import it; it imports none of them.
package env

import (
	"context"
	"io"
	"os"

	"golang.org/x/term"
)

// Globals are the flags that every subcommand has.
type Globals struct {
	JSON   bool   `name:"json" help:"Print JSON, for programs: one document, or one a line where there may be many."`
	Quiet  bool   `short:"q" help:"Show no progress."`
	Color  string `enum:"auto,always,never" default:"auto" help:"Colours: ${enum}. NO_COLOR is obeyed by auto."`
	Remote string `placeholder:"URL" help:"Ask the program that has the database open, at the address of its inspect handler."`
}

// Env is the surroundings of one run of the command. It belongs to one goroutine, but its streams
// and Progress may be used by others in turn.
type Env struct {
	Globals
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	// Command runs another command line of lsmlite, without the name of the program, with the same
	// streams.
	Command func(ctx context.Context, args []string) Code
}

// InTerminal says whether standard input is a terminal.
func (e *Env) InTerminal() bool { return isTerminal(e.Stdin) }

// OutTerminal says whether standard output is a terminal.
func (e *Env) OutTerminal() bool { return isTerminal(e.Stdout) }

// ErrTerminal says whether standard error is a terminal.
func (e *Env) ErrTerminal() bool { return isTerminal(e.Stderr) }

// Width is how many columns standard output has; 80 if it is not a terminal.
func (e *Env) Width() int {
	if f, ok := e.Stdout.(*os.File); ok {
		if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
			return w
		}
	}
	return 80
}

// Colors says whether standard output gets colours.
func (e *Env) Colors() bool {
	switch e.Color {
	case "always":
		return true
	case "never":
		return false
	}
	return e.OutTerminal() && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
