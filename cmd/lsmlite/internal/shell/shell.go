// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine/vfs"
	"github.com/lsmlite/lsmlite-go/parser"
)

// shell is one run of the shell: a database, the connection that all statements use, so that a transaction goes on
// from one to the next, and what the dot commands have set.
type shell struct {
	env      *env.Env
	settings env.Settings
	ctx      context.Context // of the whole run
	db       *env.Database   // nil if none is open
	conn     *sql.Conn
	path     string // of the database, as it was given
	file     string // and from any folder
	access   env.Access

	show        show.Options
	out         *results
	target      *target // the file that results go to, or nil
	interactive bool
	bail        bool
	safe        bool
	echo        bool
	changes     bool
	timer       bool
	explain     bool
	depth       int // of .read

	savepoints []string
	parameters map[string]any // by name, with the prefix
	prompts    [2]string
}

var errNoDatabase = env.Errorf(env.Refused, "no database is open; .open FILE opens one")

// errLeave ends the shell. Its error has the exit code: nil if nothing has failed and .exit names none.
type errLeave struct{ err error }

func (e errLeave) Error() string { return "the shell ends" }

// open opens a database in place of the one that is open, which stays if that fails.
func (s *shell) open(path string, access env.Access) error {
	file, err := absolute(path)
	if err != nil {
		return err
	}
	db, err := s.settings.Open(s.ctx, path, access)
	if err != nil {
		return err
	}
	conn, err := db.SQL.Conn(s.ctx)
	if err != nil {
		return errors.Join(err, db.Close())
	}
	if err := s.close(); err != nil {
		return errors.Join(err, conn.Close(), db.Close())
	}
	s.db, s.conn, s.path, s.file, s.access = db, conn, path, file, access
	return nil
}

// absolute is the path of a database from any folder.
func absolute(path string) (string, error) {
	if path == inMemory {
		return path, nil
	}
	// A log lies next to the file, and not next to a link to it.
	if canonical, err := vfs.OS.Canonical(path); err == nil {
		return canonical, nil
	}
	return filepath.Abs(path) // opening it says what is wrong
}

// encrypted says whether the database that is open has a key.
func (s *shell) encrypted() bool { return s.db != nil && s.db.Engine.Encryption().Cipher != "" }

// where is the path of the database from the current folder: as it was given, unless .cd has left the folder.
func (s *shell) where() string {
	if here, err := absolute(s.path); err == nil && here == s.file {
		return s.path
	}
	return s.file
}

// close closes the database, if one is open. An open transaction is rolled back, with a message.
func (s *shell) close() error {
	err := s.shut()
	s.db, s.conn, s.savepoints = nil, nil, nil
	return err
}

// shut is close for the end of the process: it changes nothing that another goroutine may read.
func (s *shell) shut() error {
	if s.db == nil {
		return nil
	}
	if s.savepoints != nil {
		fmt.Fprintln(s.env.Stderr, "lsmlite: the transaction that is open is rolled back")
	}
	return errors.Join(s.conn.Close(), s.db.Close())
}

// end closes everything.
func (s *shell) end() error {
	return errors.Join(s.output(nil), s.close())
}

// origin is where a text comes from, for messages: a file and, unless all of it is shown, a place in it.
type origin struct {
	name  string // of a file; empty for what was typed or is an argument
	lines bool   // whether line numbers help: the text is that of a file or a stream
}

// locate adds to an error where the statement is.
func (o origin) locate(err error, at place) error {
	where := o.name
	if where != "" {
		where += ": "
	}
	if p, ok := errors.AsType[*parser.Error](err); ok {
		moved := *p
		if moved.Line == 1 {
			moved.Column += at.column - 1
		}
		moved.Line += at.line - 1
		kind := "syntax error: "
		if p.TooBig {
			kind = "too big: "
		}
		if moved.Excerpt == "" { // of a text that is too long there is none
			return &located{fmt.Sprintf("%s%sline %d: %s", where, kind, moved.Line, moved.Message()), err}
		}
		return &located{where + kind + moved.Error(), err}
	}
	if o.lines {
		where += fmt.Sprintf("line %d: ", at.line)
	}
	return &located{where + message(err), err}
}

// located is an error with another message.
type located struct {
	msg string
	err error
}

func (l *located) Error() string { return l.msg }
func (l *located) Unwrap() error { return l.err }

// message is an error without the name of the program, which is printed once.
func message(err error) string { return strings.TrimPrefix(err.Error(), "lsmlite: ") }

// complain prints an error.
func (s *shell) complain(err error) {
	if err == nil || env.IsSilent(err) {
		return
	}
	name := "lsmlite"
	if s.interactive {
		name = "error"
	}
	fmt.Fprintf(s.env.Stderr, "%s: %s\n", name, text.Message(message(err)))
}
