// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// The exit codes, with the numbers of cmd/lsmlite.
const (
	done       = 0
	no         = 1 // no such key
	usage      = 2
	cannotOpen = 3
	damaged    = 4
	busy       = 5
	failed     = 6 // the system reported an error, or the disk is full
	refused    = 7 // a statement or the input has an error, or a limit is exceeded
)

// maxInput is how long a value on standard input may be, in bytes: the memory of a module ends at 4 GiB, and a
// value is in it twice while it is written.
const maxInput = 256 << 20

const help = `usage: lsmlite get FILE KEY
       lsmlite put FILE KEY [VALUE]
       lsmlite scan FILE [PREFIX]
       lsmlite exec FILE SQL
FILE may have settings, such as 'my.lsm?locking=optional', which a host without locks needs.
`

// command is one run of the program, with its three streams.
type command struct {
	in       io.Reader
	out, err io.Writer
}

// errNo is the answer no, which is no message.
var errNo = errors.New("no such key")

// commands are the words that may come first, with how many arguments follow at least and at most.
var commands = map[string]struct {
	least, most int
	mode        lsmlite.Mode
	do          func(command, context.Context, *sql.DB, *engine.DB, []string) error
}{
	"get":  {2, 2, lsmlite.ModeReadOnly, command.get},
	"put":  {2, 3, lsmlite.ModeReadWriteCreate, command.put},
	"scan": {1, 2, lsmlite.ModeReadOnly, command.scan},
	"exec": {2, 2, lsmlite.ModeReadWriteCreate, command.exec},
}

// run does what the arguments name and returns the exit code.
func (c command) run(args []string) int {
	if len(args) == 0 {
		fmt.Fprint(c.err, help)
		return usage
	}
	which, known := commands[args[0]]
	if n := len(args) - 1; !known || n < which.least || n > which.most {
		fmt.Fprint(c.err, help)
		return usage
	}
	err := c.open(context.Background(), args[1], which.mode, func(ctx context.Context, db *sql.DB, e *engine.DB) error {
		return which.do(c, ctx, db, e, args[2:])
	})
	if err != nil && !errors.Is(err, errNo) {
		fmt.Fprintln(c.err, "lsmlite:", err)
	}
	return exitCode(err)
}

// open calls do with the database that a data source name names, once as SQL and once as an engine. A mode in
// the name counts more than that of the command.
func (c command) open(ctx context.Context, dsn string, mode lsmlite.Mode, do func(context.Context, *sql.DB, *engine.DB) error) (err error) {
	cfg, err := lsmlite.ParseDSN(dsn)
	if err != nil {
		return err
	}
	if cfg.Mode == lsmlite.ModeReadWriteCreate {
		cfg.Mode = mode
	}
	connector, err := lsmlite.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(raw any) error { return do(ctx, db, raw.(lsmlite.Conn).Engine()) })
}

func (c command) get(_ context.Context, _ *sql.DB, e *engine.DB, args []string) error {
	value, found, err := e.Get(nil, []byte(args[0]))
	if err != nil {
		return err
	}
	if !found {
		return errNo
	}
	_, err = c.out.Write(value)
	return err
}

func (c command) put(ctx context.Context, _ *sql.DB, e *engine.DB, args []string) error {
	var value []byte
	if len(args) == 2 {
		value = []byte(args[1])
	} else {
		var err error
		if value, err = io.ReadAll(io.LimitReader(c.in, maxInput+1)); err != nil {
			return err
		}
		if len(value) > maxInput {
			return fmt.Errorf("%w: standard input has more than %d bytes", engine.ErrTooBig, maxInput)
		}
	}
	return e.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte(args[0]), value) })
}

func (c command) scan(ctx context.Context, _ *sql.DB, e *engine.DB, args []string) error {
	var prefix []byte
	if len(args) == 1 {
		prefix = []byte(args[0])
	}
	cursor, err := e.Cursor(ctx)
	if err != nil {
		return err
	}
	defer cursor.Close()
	for ok := cursor.Seek(prefix, engine.SeekGE); ok && bytes.HasPrefix(cursor.Key(), prefix); ok = cursor.Next() {
		value, err := cursor.Value()
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(c.out, "%s\t%s\n", literal(cursor.Key()), literal(value)); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// exec runs statements and prints the rows of all, one a line, with tabs between the columns.
func (c command) exec(ctx context.Context, db *sql.DB, _ *engine.DB, args []string) error {
	rows, err := db.QueryContext(ctx, args[0])
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		if err := c.print(rows); err != nil {
			return err
		}
		if !rows.NextResultSet() {
			return rows.Err()
		}
	}
}

func (c command) print(rows *sql.Rows) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	row, into := make([]any, len(columns)), make([]any, len(columns))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		for i, v := range row {
			end := "\t"
			if i == len(row)-1 {
				end = "\n"
			}
			if _, err := fmt.Fprint(c.out, show(v), end); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// exitCode returns the exit code of an error.
func exitCode(err error) int {
	for _, k := range []struct {
		is   error
		code int
	}{
		{nil, done}, {errNo, no}, {engine.ErrBusy, busy}, {engine.ErrCorrupt, damaged}, {engine.ErrProtocol, cannotOpen},
		{engine.ErrCantOpen, cannotOpen}, {engine.ErrMismatch, cannotOpen}, {engine.ErrFull, failed},
		{engine.ErrSyntax, refused}, {engine.ErrConstraint, refused}, {engine.ErrTooBig, refused},
		{engine.ErrReadOnly, refused}, {engine.ErrMisuse, refused}, {fs.ErrNotExist, cannotOpen},
		{fs.ErrPermission, cannotOpen},
	} {
		if errors.Is(err, k.is) {
			return k.code
		}
	}
	return failed
}
