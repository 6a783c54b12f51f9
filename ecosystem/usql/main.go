// SPDX-License-Identifier: Apache-2.0

// Command usql is a small usql (github.com/xo/usql) that knows one database, lsmlite. It
// is made of usql's own packages: the statements, the \commands and the output are
// theirs. What usql's own main adds, its configuration file and the options of psql
// other than -c, -f and -q, is not here.
//
//	usql [-q] [-c text]… [-f file]… lsmlite:data.lsm
//
// Without -c and -f it reads standard input, and is interactive on a terminal. It exits
// with 1 if something failed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/user"

	"github.com/go-git/go-billy/v5/memfs"
	"github.com/xo/usql/env"
	"github.com/xo/usql/handler"
	"github.com/xo/usql/rline"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "usql:", err)
		os.Exit(1)
	}
}

// A step is the text of a -c, or the name of a file of a -f.
type step struct {
	isFile bool
	text   string
}

// run does what the arguments say. The statements that fail report to standard error,
// and the last of them is the error of run, too.
func run(ctx context.Context, args []string) (err error) {
	var steps []step
	flags := flag.NewFlagSet("usql", flag.ContinueOnError)
	flags.Func("c", "run the `text` and exit", func(s string) error {
		steps = append(steps, step{text: s})
		return nil
	})
	flags.Func("f", "run the `file` and exit", func(s string) error {
		steps = append(steps, step{isFile: true, text: s})
		return nil
	})
	quiet := flags.Bool("q", false, "print results only")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("one database has to be named, such as lsmlite:data.lsm; got %d", flags.NArg())
	}
	if *quiet {
		if err := env.Set("QUIET", "on"); err != nil {
			return err
		}
	}

	who, err := user.Current()
	if err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	terminal := isTerminal(os.Stdin) && isTerminal(os.Stdout)
	lines, err := rline.New(terminal, false, len(steps) > 0, "", env.HistoryFile(who))
	if err != nil {
		return err
	}
	defer lines.Close()
	h := handler.New(lines, who, dir, memfs.New(), true)
	if err := h.Open(ctx, flags.Arg(0)); err != nil {
		return err
	}
	// A transaction that nothing ended is undone with its connection.
	defer func() { err = errors.Join(err, h.Close()) }()
	if len(steps) == 0 {
		return h.Run()
	}
	for _, s := range steps {
		if err := runStep(h, s); err != nil {
			return err
		}
	}
	return nil
}

func runStep(h *handler.Handler, s step) error {
	h.SetSingleLineMode(!s.isFile)
	if s.isFile {
		return h.Include(s.text, false)
	}
	h.Reset([]rune(s.text))
	return h.Run()
}

// isTerminal reports whether f is a device of characters, which is near enough.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
