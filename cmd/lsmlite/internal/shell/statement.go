// SPDX-License-Identifier: Apache-2.0

package shell

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/env"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite/internal/show"
	"github.com/lsmlite/lsmlite-go/parser"
)

// kind is what a statement gives.
type kind uint8

const (
	kindNothing kind = iota // blanks and comments
	kindRows
	kindChange  // a number of rows
	kindControl // neither
)

// kindOf finds out by the words of a statement. Those of a statement that the parser refuses do not matter.
func kindOf(text string) kind {
	found := kindNothing
	for p := range parser.Pieces(text) {
		word := ""
		if p.Kind == parser.PieceKeyword {
			word = strings.ToUpper(p.Text)
		}
		switch {
		case p.Kind == parser.PieceBlank || p.Kind == parser.PieceComment:
		case found != kindNothing:
			if word == "RETURNING" {
				return kindRows
			}
		case word == "INSERT" || word == "REPLACE" || word == "UPDATE" || word == "DELETE":
			found = kindChange
			if !strings.Contains(strings.ToUpper(text), "RETURNING") {
				return found
			}
		case word == "SELECT" || word == "PRAGMA" || word == "EXPLAIN":
			return kindRows
		default:
			return kindControl
		}
	}
	return found
}

// run runs one statement and prints what it gives.
func (s *shell) run(ctx context.Context, text string) error {
	k := kindOf(text)
	if k == kindNothing {
		return nil
	}
	if s.conn == nil {
		return errNoDatabase
	}
	if s.safe && copies(text) {
		return env.Errorf(env.Refused, "PRAGMA backup is refused, because of --safe")
	}
	if s.explain && explains(text) {
		if err := s.query(ctx, "EXPLAIN QUERY PLAN "+text); err != nil {
			return err
		}
	}
	begun := time.Now()
	var err error
	if k == kindRows {
		err = s.query(ctx, text)
	} else {
		err = s.exec(ctx, text, k)
	}
	if k == kindControl {
		s.follow(text, err)
	}
	if s.timer {
		fmt.Fprintf(s.out, "Run Time: real %.3f\n", time.Since(begun).Seconds())
	}
	return s.after(s.printed(err))
}

// after looks after a connection that an error has broken.
func (s *shell) after(err error) error {
	if err == nil || !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, sql.ErrConnDone) {
		return err
	}
	lost := s.savepoints != nil
	s.savepoints = nil
	s.conn.Close()
	conn, again := s.db.SQL.Conn(context.WithoutCancel(s.ctx))
	if s.conn = conn; again != nil {
		s.conn = nil
		return errors.Join(err, again)
	}
	if lost {
		return fmt.Errorf("%w; the transaction that was open has been rolled back", err)
	}
	return err
}

func (s *shell) exec(ctx context.Context, text string, k kind) error {
	args, err := s.arguments(text)
	if err != nil {
		return err
	}
	result, err := s.conn.ExecContext(ctx, text, args...)
	if err != nil || k != kindChange || !s.changes {
		return err
	}
	n, err := result.RowsAffected()
	switch {
	case err != nil:
		fmt.Fprintln(s.out, "done; the rows were not counted, because count_deletes is off")
	case n == 1:
		fmt.Fprintln(s.out, "1 row affected")
	default:
		fmt.Fprintf(s.out, "%d rows affected\n", n)
	}
	return nil
}

// query prints the rows of a statement as they come.
func (s *shell) query(ctx context.Context, text string) error {
	o := s.show
	if s.target == nil {
		o.Colors = s.env.Colors()
	}
	if s.target == nil && s.interactive && s.env.OutTerminal() {
		o.Width = s.env.Width()
	}
	return s.print(ctx, text, show.New(s.out, o))
}

// print gives the rows of a statement to out.
func (s *shell) print(ctx context.Context, text string, out show.Rows) error {
	args, err := s.arguments(text)
	if err != nil {
		return err
	}
	rows, err := s.conn.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	if err := out.Columns(names); err != nil {
		return err
	}
	values, dest := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return show.Ended(err, out.Flush())
		}
		if err := out.Row(values); err != nil {
			return show.Ended(err, out.Flush())
		}
	}
	if err := rows.Err(); err != nil {
		return show.Ended(err, out.Flush())
	}
	return out.End()
}

// copies says whether a statement is the PRAGMA that writes another file.
func copies(text string) bool {
	list, err := parser.Parse(text)
	if err != nil || len(list) != 1 {
		return false // it will not run
	}
	p, ok := list[0].Body.(*parser.PragmaCommand)
	return ok && strings.EqualFold(p.Name.Text, "backup")
}

// explains says whether EXPLAIN takes a statement.
func explains(text string) bool {
	for p := range parser.Pieces(text) {
		switch p.Kind {
		case parser.PieceBlank, parser.PieceComment:
			continue
		}
		switch strings.ToUpper(p.Text) {
		case "SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE":
			return true
		}
		return false
	}
	return false
}
