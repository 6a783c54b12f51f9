// SPDX-License-Identifier: Apache-2.0

package write

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/text"
)

const (
	// StatementBytes is how long an INSERT gets before the next one begins.
	StatementBytes = 64 << 10
	// TransactionBytes is how long the statements of one transaction are together.
	TransactionBytes = 4 << 20
	// MaxStatement is how long a statement of one row may be: lsmlite reads texts of 16 MiB at most.
	MaxStatement = 16 << 20
)

// SQL writes rows as INSERT statements, in transactions. Bytes that are not text are written as x'00ff'.
type SQL struct {
	*Output
	table string
	buf   []byte // the statement so far
	rows  int    // in it
	open  int    // bytes of the transaction so far, 0 if none is open
}

// NewSQL begins a script for a table.
func NewSQL(o *Output, table string) *SQL {
	return &SQL{Output: o, table: `"` + string(bytes.ReplaceAll([]byte(table), []byte(`"`), []byte(`""`))) + `"`}
}

// Row implements Sink.
func (s *SQL) Row(key, value []byte) error {
	if len(key)+len(value) > StatementBytes {
		if err := s.flush(); err != nil { // a long row gets a statement of its own
			return err
		}
	}
	if s.rows == 0 {
		s.buf = fmt.Appendf(s.buf[:0], "INSERT INTO %s (key, value) VALUES\n  (", s.table)
	} else {
		s.buf = append(s.buf, ",\n  ("...)
	}
	s.buf = append(appendLiteral(s.buf, key), ", "...)
	s.buf = append(appendLiteral(s.buf, value), ')')
	if s.rows == 0 && len(s.buf) > MaxStatement {
		return tooLong(key)
	}
	if s.rows++; len(s.buf) < StatementBytes {
		return nil
	}
	return s.flush()
}

// Takes implements Limited: a literal is longer than its bytes.
func (s *SQL) Takes(key []byte, valueLen int) error {
	if len(key)+valueLen > MaxStatement {
		return tooLong(key)
	}
	return nil
}

func tooLong(key []byte) error {
	return env.Errorf(env.Refused, "the row of %s makes a statement of more than %d MiB, which cannot be run; lsmlite dump writes any row",
		text.Show(key), MaxStatement>>20)
}

// flush writes the statement, and the limits of transactions around it.
func (s *SQL) flush() error {
	if s.rows == 0 {
		return nil
	}
	s.rows = 0
	if s.open == 0 {
		_, _ = s.WriteString("BEGIN;\n") // the last write has the error of all
	}
	s.open += len(s.buf)
	if _, err := s.Write(append(s.buf, ";\n"...)); err != nil || s.open < TransactionBytes {
		return err
	}
	return s.commit()
}

// commit ends the transaction.
func (s *SQL) commit() error {
	if s.open == 0 {
		return nil
	}
	s.open = 0
	_, err := s.WriteString("COMMIT;\n")
	return err
}

// Close implements Sink.
func (s *SQL) Close() error {
	err := s.flush()
	if err == nil {
		err = s.commit()
	}
	if err != nil {
		s.Abort()
		return err
	}
	return s.Output.Close()
}

// appendLiteral appends bytes as a literal.
func appendLiteral(dst, b []byte) []byte {
	if !isText(b) {
		dst = append(dst, "x'"...)
		return append(hex.AppendEncode(dst, b), '\'')
	}
	dst = append(dst, '\'')
	for {
		i := bytes.IndexByte(b, '\'')
		if i < 0 {
			return append(append(dst, b...), '\'')
		}
		dst = append(append(dst, b[:i+1]...), '\'')
		b = b[i+1:]
	}
}

// isText says whether bytes are text of a kind that no editor changes.
func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 || r != '\n' && r != '\t' && !unicode.IsPrint(r) {
			return false
		}
		b = b[n:]
	}
	return true
}
