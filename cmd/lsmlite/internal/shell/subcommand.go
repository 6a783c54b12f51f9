// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/internal/picture"
)

// inMemory is the name of a database that has no file.
const inMemory = ":memory:"

// dotSubcommands are the subcommands of lsmlite that the shell runs on its database, with all their flags.
var dotSubcommands = []dotCommand{
	{name: "backup", args: "FILE [FLAG…]", help: "copy the newest committed state into a new database", min: 1, max: -1, files: true,
		run: subcommand("backup", "")},
	{name: "check", args: "[FLAG…]", help: "look for damage", max: -1, run: subcommand("check", "integrity_check")},
	{name: "diff", args: "FILE [FLAG…]", help: "compare the rows with those of another database", min: 1, max: -1, files: true,
		run: subcommand("diff", "")},
	{name: "export", args: "[KIND] FILE [FLAG…]", help: "write rows to a file: csv, jsonl, sql, dir or lsm", min: 1, max: -1, files: true,
		run: export},
	{name: "import", args: "[KIND] FILE [FLAG…]", help: "put the rows of a file into the database: csv, jsonl, dir, lsm, bbolt, pebble, leveldb, sqlite",
		min: 1, max: -1, files: true, run: importFile},
	{name: "load", args: "FILE [FLAG…]", help: "read what lsmlite dump has written", min: 1, max: -1, files: true, run: load},
	{name: "log", args: "[FLAG…]", help: "show the records of the log", max: -1, files: true, run: subcommand("log", "")},
	{name: "page", args: "N [FLAG…]", help: "show what is on a page", min: 1, max: -1, run: subcommand("page", "")},
	{name: "stats", args: "[FLAG…]", help: "show what the database holds, in numbers", max: -1, run: subcommand("stats", "stats")},
	{name: "structure", args: "[FLAG…]", help: "draw the segments and blocks of the file", max: -1, files: true,
		run: structure},
}

// subcommand returns what runs a subcommand on the database of the shell, or, if that is in memory, a PRAGMA.
func subcommand(name, pragma string) func(context.Context, *shell, []string) error {
	return func(ctx context.Context, s *shell, args []string) error {
		if s.db != nil && s.path == inMemory && pragma != "" {
			return s.run(ctx, "PRAGMA "+pragma)
		}
		if err := s.hasFile(name); err != nil {
			return err
		}
		return s.lsmlite(ctx, []string{name}, args)
	}
}

// structure draws the database. One in memory has no file that the subcommand could open, but a layout.
func structure(ctx context.Context, s *shell, args []string) error {
	if s.db == nil || s.path != inMemory || s.env.JSON || len(args) > 0 {
		pragma := "structure"
		if len(args) > 0 {
			pragma = "" // it has no flags
		}
		return subcommand("structure", pragma)(ctx, s, args)
	}
	l, err := s.db.Engine.Layout(ctx)
	if err != nil {
		return err
	}
	o := picture.TextOptions{Colors: s.target == nil && s.env.Colors()}
	if s.target == nil {
		o.Width = min(s.env.Width(), pictureWidth)
	}
	_, err = fmt.Fprint(s.out, picture.TextOf(&l, o))
	return err
}

// pictureWidth is how many columns a picture has at most.
const pictureWidth = 140

// hasFile refuses what works on a file if there is none.
func (s *shell) hasFile(name string) error {
	switch {
	case s.db == nil:
		return errNoDatabase
	case s.path == inMemory:
		return env.Errorf(env.Refused, "the database is in memory, and .%s needs a file; .dump prints all rows", name)
	}
	return nil
}

// lsmlite runs a subcommand on the file of the database. Its output is where results go.
func (s *shell) lsmlite(ctx context.Context, name, args []string) error {
	line := append(append([]string(nil), name...), s.flags(name[0], args)...)
	line = append(append(line, s.where()), args...)
	stdout := s.env.Stdout
	s.env.Stdout = s.out.to
	defer func() { s.env.Stdout = stdout }()
	if code := s.env.Command(ctx, line); code != env.Done {
		return env.Silent(code)
	}
	return nil
}

// flags are those of the shell that its subcommands have, too. The key is that of the shell, unless the arguments name
// one.
func (s *shell) flags(name string, args []string) []string {
	flags := []string{"--color=" + s.env.Color}
	if s.env.JSON {
		flags = append(flags, "--json")
	}
	if s.env.Quiet {
		flags = append(flags, "--quiet")
	}
	own := env.GiveKey(args)
	if !own {
		flags = append(flags, s.settings.KeyFlags()...)
	}
	for _, set := range s.settings.Set {
		if !(own && env.NamesKey(set)) && takes(name, set) {
			flags = append(flags, "--set="+set)
		}
	}
	return flags
}

// takes says whether a subcommand takes a setting of the shell. The log is read without opening the database, so that
// there is nothing to set. A cipher is for a database that the shell makes; to backup and export it would be that of
// their copy, which is the one of the database unless their arguments say otherwise.
func takes(name, set string) bool {
	return name != "log" && !((name == "backup" || name == "export") && strings.HasPrefix(set, "cipher="))
}

// kinds are the files that are imported and exported, by the endings of their names.
var kinds = map[string]string{".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".sql": "sql", ".lsm": "lsm", ".sqlite": "sqlite"}

// kindAndFile returns the kind of file that .import or .export names, or that the name of the file tells, and the rest.
func kindAndFile(args []string) (kind string, rest []string, err error) {
	if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
		return "dir", args, nil
	}
	if kind, ok := kinds[strings.ToLower(filepath.Ext(args[0]))]; ok {
		return kind, args, nil
	}
	if len(args) < 2 {
		return "", nil, env.Errorf(env.Refused, "what kind of file is %s? Put csv, jsonl or another one before it", args[0])
	}
	return args[0], args[1:], nil
}

func export(ctx context.Context, s *shell, args []string) error {
	kind, rest, err := kindAndFile(args)
	if err != nil {
		return err
	}
	if err := s.hasFile("export"); err != nil {
		return err
	}
	return s.lsmlite(ctx, []string{"export", kind}, rest)
}

func importFile(ctx context.Context, s *shell, args []string) error {
	kind, rest, err := kindAndFile(args)
	if err != nil {
		return err
	}
	if kind == "sql" {
		return env.Errorf(env.Refused, ".read runs the statements of a file")
	}
	return s.closed(ctx, []string{"import", kind}, rest)
}

func load(ctx context.Context, s *shell, args []string) error {
	return s.closed(ctx, []string{"load"}, args)
}

// closed runs a subcommand that opens the file with settings of its own, while the shell has it closed.
func (s *shell) closed(ctx context.Context, name, args []string) error {
	if err := s.hasFile(name[0]); err != nil {
		return err
	}
	switch {
	case s.savepoints != nil:
		return env.Errorf(env.Refused, "a transaction is open; COMMIT or ROLLBACK ends it")
	case s.access == env.Read:
		return env.Errorf(env.Refused, "%s is open for reading only", s.path)
	}
	if err := s.close(); err != nil {
		return err
	}
	return errors.Join(s.lsmlite(ctx, name, args), s.open(s.where(), s.access))
}
