// SPDX-License-Identifier: Apache-2.0

// Command lsmlite-import reads the files of other engines, and writes their rows to standard output as a dump,
// which lsmlite load reads. `lsmlite import bbolt`, pebble, leveldb and sqlite run it. It is a command of its
// own, so that those engines are no part of lsmlite.
//
//	lsmlite-import bbolt my.bolt | lsmlite load my.lsm
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
)

const about = "Reads the files of other engines, and writes their rows to standard output as a dump, which lsmlite load reads. " +
	"The files are only read. They must not be open in a program that writes to them."

// commands is the command line.
type commands struct {
	IgnoreInterrupt bool `hidden:"" help:"Leave Ctrl-C to the program that reads the output."`

	Bbolt   bboltCommand   `cmd:"" help:"Read a file of bbolt: nested buckets become prefixes of keys."`
	Pebble  pebbleCommand  `cmd:"" help:"Read a folder of Pebble."`
	LevelDB leveldbCommand `cmd:"" name:"leveldb" help:"Read a folder of LevelDB."`
	SQLite  sqliteCommand  `cmd:"" name:"sqlite" help:"Read a table of a SQLite database."`
}

// The exit codes are those of lsmlite that fit.
const (
	usage      = 2
	cannotOpen = 3
	ioFailed   = 6
	refused    = 7
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// exit ends parsing when help has been printed.
type exit struct{ code int }

func run(args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case exit:
			code = r.code
		default: // the readers of other engines may meet a damaged file with a panic
			fmt.Fprintf(stderr, "lsmlite-import: the file is damaged, or its reader has a fault: %v\n", r)
			code = refused
		}
	}()
	var root commands
	parser, err := kong.New(&root, kong.Name("lsmlite-import"), kong.Description(about), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { panic(exit{code}) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	if err != nil {
		fmt.Fprintf(stderr, "lsmlite-import: %v\n", err)
		return ioFailed
	}
	call, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(stderr, "lsmlite-import: %v\n", err)
		return usage
	}
	if root.IgnoreInterrupt {
		signal.Ignore(os.Interrupt)
	}
	if f, ok := stdout.(*os.File); ok && isTerminal(f) {
		fmt.Fprintln(stderr, "lsmlite-import: a dump is no text for a terminal; write it into a file or a pipe")
		return usage
	}
	// A damaged file that is mapped into memory may lead to addresses that are not there.
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	w := out.New(stdout)
	call.Bind(w)
	err = call.Run()
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		fmt.Fprintf(stderr, "lsmlite-import: %v\n", err)
	}
	return codeOf(err)
}

// isTerminal says whether a file is one; other devices are treated in the same way.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&fs.ModeCharDevice != 0 && f.Name() != os.DevNull
}

func codeOf(err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, out.ErrRefused):
		return refused
	case errors.Is(err, out.ErrOpen), errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return cannotOpen
	}
	return ioFailed
}
