// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/row"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/keys"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// scan are the flags of Scan and Keys.
type scan struct {
	env.Settings
	keys.Range
	Limit   int64  `placeholder:"N" help:"At most so many rows."`
	Reverse bool   `help:"The last key first."`
	Mode    string `placeholder:"MODE" help:"Print in a mode of the shell: box, table, markdown, csv, json, line …"`
	File    string `arg:"" help:"Database file."`
}

// errEnough ends a walk.
var errEnough = errors.New("enough rows")

// run prints the named columns of the rows.
func (s scan) run(ctx context.Context, e *env.Env, columns ...string) error {
	r, err := s.Rows()
	if err != nil {
		return err
	}
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	out, err := s.printer(e)
	if err != nil {
		return err
	}
	if client != nil {
		if err := out.Columns(columns); err != nil {
			return env.Errorf(env.Refused, "%w", err)
		}
		return show.Ended(s.remote(ctx, client, r, out, columns), out.End())
	}
	db, err := s.Open(ctx, s.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := out.Columns(columns); err != nil {
		return env.Errorf(env.Refused, "%w", err)
	}
	return cmp.Or(show.Ended(s.local(ctx, db.Engine, r, out, columns), out.End()), db.Unread(e, s.File))
}

// local prints the rows of the file.
func (s scan) local(ctx context.Context, db *engine.DB, r row.Range, out show.Rows, columns []string) error {
	over := walk
	if s.Reverse {
		over = walkBack
	}
	n := int64(0)
	values := make([]any, len(columns))
	err := over(ctx, db, r, func(c *engine.Cursor) error {
		if s.Limit > 0 && n == s.Limit {
			return errEnough
		}
		n++
		values[0] = c.Key()
		if len(columns) > 1 {
			value, err := c.Value()
			if err != nil {
				return err
			}
			values[1] = value
		}
		return out.Row(values)
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// printer returns what prints rows: that of the mode, or lines.
func (s scan) printer(e *env.Env) (show.Rows, error) {
	if s.Mode == "" {
		return &lines{w: bufio.NewWriterSize(e.Stdout, 64<<10), json: e.JSON}, nil
	}
	mode, err := show.ParseMode(s.Mode)
	if err != nil {
		return nil, env.Errorf(env.Usage, "--mode: %w", err)
	}
	o := show.Options{Mode: mode, Colors: e.Colors()}
	if e.OutTerminal() {
		o.Width = e.Width()
	}
	return show.New(e.Stdout, o), nil
}

// maxLineBuffer is how long the memory of a line may be to be kept for the next one.
const maxLineBuffer = 1 << 20

// lines prints a line for each row: as package text shows it, with tabs, or as JSON.
type lines struct {
	w    *bufio.Writer
	json bool
	buf  []byte
}

func (l *lines) Columns([]string) error { return nil }
func (l *lines) Flush() error           { return l.w.Flush() }
func (l *lines) End() error             { return l.w.Flush() }

// Row prints a key, or a key and a value.
func (l *lines) Row(values []any) error {
	l.buf = l.buf[:0]
	key := values[0].([]byte)
	switch {
	case l.json && len(values) == 1:
		l.buf = encode.AppendKey(l.buf, key)
	case l.json:
		l.buf = encode.AppendRow(l.buf, key, values[1].([]byte))
	default:
		l.buf = text.AppendShow(l.buf, key)
		if len(values) > 1 {
			l.buf = text.AppendShow(append(l.buf, '\t'), values[1].([]byte))
		}
	}
	l.buf = append(l.buf, '\n')
	_, err := l.w.Write(l.buf)
	if cap(l.buf) > maxLineBuffer {
		l.buf = nil
	}
	return err
}

// Scan prints rows.
type Scan struct{ scan }

// Help has examples.
func (Scan) Help() string {
	return env.Help("A line for each row: key, a tab, value. Bytes that cannot be printed are shown as x'00ff' or \"with \\x00 escapes\", "+
		"which all subcommands read as keys, so nothing is lost. With --json, each line is an object, "+
		"with key_base64 or value_base64 for what is not UTF-8.",
		"lsmlite scan my.lsm", "lsmlite scan my.lsm --prefix user/ --limit 10 --mode box", "lsmlite scan --json my.lsm --from a --to b")
}

// Run prints the rows.
func (s Scan) Run(ctx context.Context, e *env.Env) error { return s.run(ctx, e, "key", "value") }

// Keys prints keys.
type Keys struct{ scan }

// Help has examples.
func (Keys) Help() string {
	return env.Help("A line for each key, in the forms of lsmlite scan. Values are not read.",
		"lsmlite keys my.lsm", "lsmlite keys my.lsm --reverse --limit 1   # the last key", "lsmlite keys --json my.lsm --prefix user/")
}

// Run prints the keys.
func (k Keys) Run(ctx context.Context, e *env.Env) error { return k.run(ctx, e, "key") }

// Count prints the number of rows.
type Count struct {
	env.Settings
	keys.Range
	File string `arg:"" help:"Database file."`
}

// Help has examples.
func (Count) Help() string {
	return env.Help("All keys of the range are read; no values.", "lsmlite count my.lsm", "lsmlite count my.lsm --prefix user/")
}

// Run counts.
func (k Count) Run(ctx context.Context, e *env.Env) error {
	r, err := k.Rows()
	if err != nil {
		return err
	}
	db, err := k.Open(ctx, k.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	p := e.Progress("counting", env.Rows, 0)
	defer p.Done()
	n := int64(0)
	err = walk(ctx, db.Engine, r, func(*engine.Cursor) error {
		if n++; n%ctxRows == 0 {
			p.Set(n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if e.JSON {
		_, err = fmt.Fprintf(e.Stdout, `{"rows":%d}`+"\n", n)
	} else {
		_, err = fmt.Fprintln(e.Stdout, n)
	}
	return cmp.Or(err, db.Unread(e, k.File))
}
