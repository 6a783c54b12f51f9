// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"bufio"
	"context"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/parser"
)

const (
	// DumpBytes is how long the statements of one transaction of a dump are together: what reads it holds it in memory.
	DumpBytes = 4 << 20
	// DumpStatement is how long a statement of a dump gets before the next one begins. Rows of one statement are read
	// back several times as fast as rows that have a statement each.
	DumpStatement = 64 << 10
)

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
	if s.env.JSON { // what lsmlite import jsonl reads
		return s.print(ctx, text, show.New(s.out, show.Options{Mode: show.JSONL}))
	}
	d := &dumper{w: bufio.NewWriter(s.out)}
	if _, err := d.w.WriteString(createTable); err != nil {
		return err
	}
	err := s.print(ctx, text, d)
	if err != nil && d.open > 0 {
		d.endStatement()
		d.w.WriteString("ROLLBACK; -- not all rows could be read\n")
	}
	return show.Ended(err, d.w.Flush())
}

// dumper prints rows as statements.
type dumper struct {
	w         *bufio.Writer
	open      int // bytes of the open transaction, 0 if none is
	statement int // and of the statement that may have more rows
}

// Columns implements show.Rows, as the others do.
func (d *dumper) Columns([]string) error { return nil }

func (d *dumper) Row(values []any) error {
	if bytesIn(values) > parser.MaxTextBytes {
		return tooLong(values[0]) // before the literal takes twice as much memory
	}
	row := "(" + show.Literal(values[0]) + ", " + show.Literal(values[1]) + ")"
	if len(insertRows)+len(row) > parser.MaxTextBytes {
		return tooLong(values[0])
	}
	if d.statement > 0 && d.statement+len(row) > DumpStatement {
		d.endStatement()
	}
	if d.open >= DumpBytes && d.statement == 0 {
		d.w.WriteString("COMMIT;\n")
		d.open = 0
	}
	if d.open == 0 {
		d.w.WriteString("BEGIN;\n")
	}
	if d.statement == 0 {
		d.w.WriteString(insertRows)
	} else {
		d.w.WriteString(",\n  ")
	}
	d.open, d.statement = d.open+len(row), d.statement+len(row)
	_, err := d.w.WriteString(row)
	return err
}

// bytesIn returns how long a row is, which is less than its literals.
func bytesIn(values []any) int {
	n := 0
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			n += len(v)
		case string:
			n += len(v)
		}
	}
	return n
}

func tooLong(key any) error {
	return env.Errorf(env.Refused, "the row of %.100s makes a statement of more than %d MiB, which cannot run; lsmlite dump writes any row",
		show.Literal(key), parser.MaxTextBytes>>20)
}

const insertRows = "INSERT INTO kv VALUES\n  "

func (d *dumper) endStatement() {
	if d.statement > 0 {
		d.w.WriteString(";\n")
	}
	d.statement = 0
}

func (d *dumper) End() error {
	d.endStatement()
	if d.open > 0 {
		d.open = 0
		_, err := d.w.WriteString("COMMIT;\n")
		return err
	}
	return nil
}

func (d *dumper) Flush() error { return d.w.Flush() }
