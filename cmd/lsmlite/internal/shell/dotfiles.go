// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"os"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/outfile"
)

// MaxReadDepth is how many scripts may read each other.
const MaxReadDepth = 16

// dotFiles are the commands that read or write other files.
var dotFiles = []dotCommand{
	{name: "cd", args: "FOLDER", help: "go to another folder", min: 1, max: 1, files: true,
		run: func(_ context.Context, _ *shell, args []string) error { return os.Chdir(args[0]) }},
	{name: "close", help: "close the database", run: func(_ context.Context, s *shell, _ []string) error { return s.close() }},
	{name: "once", args: "FILE", help: "write the result of the next statement to a file", min: 1, max: 1, files: true, run: once},
	{name: "open", args: "[--new|--readonly] FILE", help: "open another database; --new: only if it is not there yet", min: 1, max: 2,
		files: true, run: openDatabase},
	{name: "output", args: "[FILE]", help: "write results to a file, or again to standard output", max: 1, files: true, run: setOutput},
	{name: "read", args: "FILE", help: "run the statements and commands of a file", min: 1, max: 1, files: true, run: read},
}

func setOutput(_ context.Context, s *shell, args []string) error {
	if len(args) == 0 || args[0] == "stdout" || args[0] == "-" {
		return s.output(nil)
	}
	return s.outputTo(&target{}, args[0])
}

func once(_ context.Context, s *shell, args []string) error {
	return s.outputTo(&target{once: true}, args[0])
}

// outputTo makes a file, or empties it, and sends results there.
func (s *shell) outputTo(t *target, path string) error {
	o := outfile.Options{Force: true, Perm: 0o600}
	if s.db != nil && s.file != inMemory {
		o.Keep = []string{s.file}
	}
	f, err := outfile.Stream(path, o)
	if err != nil {
		return err
	}
	t.file = f
	return s.output(t)
}

// isDatabase says whether a path is that of the open database or of its log.
func (s *shell) isDatabase(path string) bool {
	if s.db == nil {
		return false
	}
	at, err := os.Stat(path)
	if err != nil {
		return false
	}
	for _, own := range []string{s.file, s.file + "-log"} {
		if f, err := os.Stat(own); err == nil && os.SameFile(at, f) {
			return true
		}
	}
	return false
}

func openDatabase(_ context.Context, s *shell, args []string) error {
	access := env.Create
	path := args[len(args)-1]
	if len(args) == 2 {
		switch args[0] {
		case "--readonly":
			access = env.Read
		case "--new":
			if !missing(path) {
				return env.Errorf(env.CannotOpen, "%s exists; choose another name, or remove the file first", path)
			}
		default:
			return env.Errorf(env.Refused, "%s: .open has --new and --readonly", args[0])
		}
	}
	if s.isDatabase(path) { // the new settings need the file
		if err := s.close(); err != nil {
			return err
		}
	}
	return s.open(path, access)
}

// read runs a script.
func read(ctx context.Context, s *shell, args []string) error {
	if s.depth >= MaxReadDepth {
		return env.Errorf(env.Refused, "%s: scripts read each other %d deep; this one is not read", args[0], MaxReadDepth)
	}
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.script(ctx, f, origin{name: filepath.Base(args[0]), lines: true})
}
