// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/parser"
)

// DumpBytes is how long the statements of one transaction of a dump are together: what reads it holds it in memory.
const DumpBytes = 4 << 20

// dump prints statements that write all rows, those of the open transaction included, or those whose key is like a
// pattern: a script of the shell and of SQLite. If it is not complete, the last transaction of the script is undone.
func dump(ctx context.Context, s *shell, pattern []string) error {
	if s.conn == nil {
		return errNoDatabase
	}
	text := "SELECT key, value FROM kv"
	if len(pattern) > 0 {
		text += " WHERE key GLOB " + show.Literal(pattern[0])
	}
	d := &dumper{w: bufio.NewWriter(s.out)}
	if _, err := d.w.WriteString(createTable); err != nil {
		return err
	}
	err := s.print(ctx, text, d)
	if err != nil && d.open > 0 {
		fmt.Fprint(d.w, "ROLLBACK; -- not all rows could be read\n")
	}
	return errors.Join(err, d.w.Flush())
}

// dumper prints rows as statements.
type dumper struct {
	w    *bufio.Writer
	open int // bytes of the open transaction, 0 if none is
}

// Columns implements show.Rows, as the others do.
func (d *dumper) Columns([]string) error { return nil }

func (d *dumper) Row(values []any) error {
	key, value := show.Literal(values[0]), show.Literal(values[1])
	line := "INSERT INTO kv VALUES (" + key + ", " + value + ");\n"
	if len(line) > parser.MaxTextBytes {
		return env.Errorf(env.Refused, "the row of %.100s makes a statement of more than %d MiB, which cannot run; lsmlite dump writes any row",
			key, parser.MaxTextBytes>>20)
	}
	if d.open == 0 {
		line = "BEGIN;\n" + line
	}
	if d.open += len(line); d.open >= DumpBytes {
		line, d.open = line+"COMMIT;\n", 0
	}
	_, err := d.w.WriteString(line)
	return err
}

func (d *dumper) End() error {
	if d.open > 0 {
		d.open = 0
		_, err := d.w.WriteString("COMMIT;\n")
		return err
	}
	return nil
}

func (d *dumper) Flush() error { return d.w.Flush() }
