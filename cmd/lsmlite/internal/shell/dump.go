// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
)

// DumpRows is how many rows a dump puts into a transaction, which the shell that reads it holds in memory.
const DumpRows = 10_000

// dump prints statements that write the rows, as a script of the shell and of SQLite.
func dump(ctx context.Context, s *shell, args []string) error {
	return s.dumpTo(ctx, s.out, args)
}

func (s *shell) dumpTo(ctx context.Context, w io.Writer, pattern []string) error {
	out := bufio.NewWriter(w)
	rows := &transactions{Rows: show.New(out, show.Options{Mode: show.Insert}), w: out}
	if err := schema(ctx, &shell{out: out}, nil); err != nil {
		return err
	}
	if err := s.each(ctx, rows, pattern); err != nil {
		return errors.Join(err, out.Flush())
	}
	return out.Flush()
}

// transactions puts BEGIN and COMMIT around every DumpRows rows.
type transactions struct {
	show.Rows
	w    io.Writer
	rows int
}

func (t *transactions) Row(values []any) error {
	if t.rows%DumpRows == 0 {
		if err := t.mark("BEGIN;\n"); err != nil {
			return err
		}
	}
	if err := t.Rows.Row(values); err != nil {
		return err
	}
	if t.rows++; t.rows%DumpRows == 0 {
		return t.mark("COMMIT;\n")
	}
	return nil
}

func (t *transactions) End() error {
	if t.rows%DumpRows != 0 {
		return t.mark("COMMIT;\n")
	}
	return t.Rows.End()
}

func (t *transactions) mark(text string) error {
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(t.w, text)
	return err
}

// export writes rows to a file, in the form that its name says.
func export(ctx context.Context, s *shell, args []string) (err error) {
	modes := map[string]show.Mode{".csv": show.CSV, ".json": show.JSON, ".jsonl": show.JSONL, ".sql": show.Insert}
	mode, ok := modes[strings.ToLower(filepath.Ext(args[0]))]
	if !ok {
		return env.Errorf(env.Refused, "%s: the name has to end in .csv, .json, .jsonl or .sql", args[0])
	}
	f, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if mode == show.Insert {
		return s.dumpTo(ctx, f, args[1:])
	}
	return s.each(ctx, show.New(f, show.Options{Mode: mode, Headers: show.HeadersOn}), args[1:])
}

// each gives all rows to out, or those whose key is like a pattern.
func (s *shell) each(ctx context.Context, out show.Rows, pattern []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	text := "SELECT key, value FROM kv"
	if len(pattern) > 0 {
		text += " WHERE key GLOB " + show.Literal(pattern[0])
	}
	return s.print(ctx, text, out)
}
