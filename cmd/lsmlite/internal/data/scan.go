// SPDX-License-Identifier: Apache-2.0

package data

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/data/encode"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/remote"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
	"github.com/lsmlite/lsmlite-go/engine"
)

// scan are the flags of Scan and Keys.
type scan struct {
	env.Settings
	keyRange
	Limit   int64  `placeholder:"N" help:"At most so many rows."`
	Reverse bool   `help:"The last key first."`
	File    string `arg:"" help:"Database file."`
}

// errEnough ends a walk.
var errEnough = errors.New("enough rows")

// run prints a line for each row, which line appends.
func (s scan) run(ctx context.Context, e *env.Env, line func(dst []byte, c *engine.Cursor) ([]byte, error)) error {
	r, err := s.rows()
	if err != nil {
		return err
	}
	db, err := s.Open(ctx, s.File, env.Read)
	if err != nil {
		return err
	}
	defer db.Close()
	w := bufio.NewWriterSize(e.Stdout, 64<<10)
	over := walk
	if s.Reverse {
		over = walkBack
	}
	var buf []byte
	n := int64(0)
	err = over(ctx, db.Engine, r, func(c *engine.Cursor) (err error) {
		if s.Limit > 0 && n == s.Limit {
			return errEnough
		}
		n++
		if buf, err = line(buf[:0], c); err == nil {
			_, err = w.Write(append(buf, '\n'))
		}
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return errors.Join(err, w.Flush())
}

// Scan prints rows.
type Scan struct{ scan }

// Help has examples.
func (Scan) Help() string {
	return env.Help("A line for each row: key, a tab, value. Bytes that cannot be printed are shown as x'00ff' or \"with \\x00 escapes\", "+
		"which all subcommands read as keys, so nothing is lost. With --json, each line is an object, "+
		"with key_base64 or value_base64 for what is not UTF-8.",
		"lsmlite scan my.lsm", "lsmlite scan my.lsm --prefix user/ --limit 10", "lsmlite scan --json my.lsm --from a --to b")
}

// Run prints the rows.
func (s Scan) Run(ctx context.Context, e *env.Env) error {
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	line := func(dst, key, value []byte) []byte {
		if e.JSON {
			return encode.AppendRow(dst, key, value)
		}
		return append(append(append(dst, text.Show(key)...), '\t'), text.Show(value)...)
	}
	if client != nil {
		return s.remote(ctx, e, client, line, withValues)
	}
	return s.run(ctx, e, func(dst []byte, c *engine.Cursor) ([]byte, error) {
		value, err := c.Value()
		if err != nil {
			return dst, err
		}
		return line(dst, c.Key(), value), nil
	})
}

// Keys prints keys.
type Keys struct{ scan }

// Help has examples.
func (Keys) Help() string {
	return env.Help("A line for each key, in the forms of lsmlite scan. Values are not read.",
		"lsmlite keys my.lsm", "lsmlite keys my.lsm --reverse --limit 1   # the last key", "lsmlite keys --json my.lsm --prefix user/")
}

// Run prints the keys.
func (k Keys) Run(ctx context.Context, e *env.Env) error {
	client, err := remote.Of(e)
	if err != nil {
		return err
	}
	line := func(dst, key, _ []byte) []byte {
		if e.JSON {
			return encode.AppendKey(dst, key)
		}
		return append(dst, text.Show(key)...)
	}
	if client != nil {
		return k.remote(ctx, e, client, line, keysOnly)
	}
	return k.run(ctx, e, func(dst []byte, c *engine.Cursor) ([]byte, error) { return line(dst, c.Key(), nil), nil })
}

// Count prints the number of rows.
type Count struct {
	env.Settings
	keyRange
	File string `arg:"" help:"Database file."`
}

// Help has examples.
func (Count) Help() string {
	return env.Help("All keys of the range are read; no values.", "lsmlite count my.lsm", "lsmlite count my.lsm --prefix user/")
}

// Run counts.
func (k Count) Run(ctx context.Context, e *env.Env) error {
	r, err := k.rows()
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
	return err
}
