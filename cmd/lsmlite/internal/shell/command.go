// SPDX-License-Identifier: Apache-2.0

// Package shell is the default command: statements and dot commands that are typed, come on standard input, or are
// arguments. A session is one connection, so a transaction goes on from one statement to the next.
//
// Package app makes a Command and runs it. The results are printed by package show.
package shell

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
)

// Command is the command line of the shell.
type Command struct {
	env.Settings
	File      string   `arg:"" optional:"" help:"Database file, made if it is missing; :memory: is one in memory."`
	SQL       []string `arg:"" optional:"" sep:"none" help:"Statements and dot commands to run instead of reading them from standard input."`
	Mode      string   `short:"m" placeholder:"MODE" help:"How rows are printed: ${modes}."`
	Header    *bool    `negatable:"" help:"Print the names of the columns, also in modes that do not by themselves; --no-header: in none."`
	Separator string   `placeholder:"TEXT" help:"What stands between columns in the modes list, csv, hex and quote."`
	Nullvalue *string  `placeholder:"TEXT" help:"What is printed for NULL."`
	ReadOnly  bool     `name:"readonly" short:"r" help:"Open the file for reading only. It has to exist."`
	Bail      bool     `help:"Stop a script at the first error."`
	Cmd       []string `sep:"none" placeholder:"TEXT" help:"Statements and dot commands to run first. May be given again."`
	Safe      bool     `help:"Refuse dot commands and PRAGMAs that read or write other files."`
}

// Help has examples.
func (Command) Help() string {
	return env.Help("Statements end with a semicolon and may span lines; docs/dialect.md describes them. Lines that begin with a dot "+
		"are commands of the shell: .help lists them. Results are printed as a table in a terminal, and with | between the columns elsewhere.\n\n"+
		"Statements that are arguments are checked before any runs, and the first error ends them. A script on standard input goes on after "+
		"an error, unless --bail is given, and the exit code is that of the first error. Without a command, lsmlite means lsmlite shell.\n\n"+
		"What is typed is kept in a history: in the file that LSMLITE_HISTORY names, or none if it is empty. Without that variable "+
		"the system's folder for such files has it, but not what is typed into an encrypted database.",
		"lsmlite my.lsm",
		`lsmlite my.lsm "SELECT * FROM kv LIMIT 10"`,
		`lsmlite --mode json my.lsm "SELECT key FROM kv WHERE key GLOB 'user/*'"`,
		"lsmlite my.lsm < script.sql",
		"lsmlite my.lsm .dump > dump.sql",
		"lsmlite shell --readonly get   # a file that has the name of a command")
}

// Run is the shell.
func (c Command) Run(ctx context.Context, e *env.Env, app *kong.Application) (err error) {
	if near := similar(c.File, app); near != "" {
		return env.Errorf(env.Usage, "there is no command and no file %s; is it %s? ./%s is a new database", c.File, near, c.File)
	}
	s, err := c.start(ctx, e)
	if err != nil {
		return err
	}
	for _, text := range c.SQL {
		if err := understood(text); err != nil {
			return err
		}
	}
	defer func() { err = errors.Join(err, s.end()) }()
	return finish(c.run(s))
}

// start puts the flags into a shell.
func (c Command) start(ctx context.Context, e *env.Env) (*shell, error) {
	s := &shell{env: e, settings: c.Settings, ctx: ctx, out: &results{to: e.Stdout}, bail: c.Bail, safe: c.Safe,
		prompts: [2]string{"lsmlite", "    ..."}}
	s.interactive = len(c.SQL) == 0 && e.InTerminal()
	s.changes = s.interactive
	s.show = show.Options{Mode: show.List, Null: c.Nullvalue, Separator: c.Separator}
	if s.interactive && e.OutTerminal() {
		s.show.Mode = show.Box
	}
	if e.JSON {
		s.show.Mode = show.JSONL
	}
	if c.Mode != "" {
		mode, err := show.ParseMode(c.Mode)
		if err != nil {
			return nil, env.Errorf(env.Usage, "--mode: %w", err)
		}
		s.show.Mode = mode
	}
	if c.Header != nil {
		s.show.Headers = headers(*c.Header)
	}
	return s, nil
}

func headers(on bool) show.Headers {
	if on {
		return show.HeadersOn
	}
	return show.HeadersOff
}

// run opens the database and runs what there is.
func (c Command) run(s *shell) error {
	path, access := c.File, env.Create
	if path == "" {
		path = inMemory
	}
	if c.ReadOnly {
		access = env.Read
	}
	isNew := access == env.Create && path != inMemory && missing(path)
	if err := s.open(path, access); err != nil {
		return err
	}
	for _, text := range c.Cmd {
		if err := s.text(s.ctx, text); err != nil {
			return err
		}
	}
	switch {
	case len(c.SQL) > 0:
		for _, text := range c.SQL {
			if err := s.text(s.ctx, text); err != nil {
				return err
			}
		}
		return nil
	case s.interactive:
		return s.interact(isNew)
	}
	return s.script(s.ctx, s.env.Stdin, origin{lines: true})
}

// finish turns the end of the shell into its result.
func finish(err error) error {
	if leave, ok := errors.AsType[errLeave](err); ok {
		return leave.err
	}
	return err
}

// similar returns the subcommand that a file which is not there looks like a misspelling of.
func similar(file string, app *kong.Application) string {
	if len(file) < 3 || strings.ContainsAny(file, `./\:`) || !missing(file) {
		return ""
	}
	for _, n := range app.Children {
		if !n.Hidden && distance(file, n.Name) <= 1+len(file)/5 {
			return n.Name
		}
	}
	return ""
}

// distance is how many letters have to be changed, added, left out or swapped with the next to get from a to b.
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = last, row, before
	}
	return rows[1][len(b)]
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return os.IsNotExist(err)
}

// Modes lists the modes for the help of --mode.
func Modes() string {
	var names []string
	for _, m := range show.Modes() {
		names = append(names, string(m.Mode))
	}
	return strings.Join(names, ", ")
}
