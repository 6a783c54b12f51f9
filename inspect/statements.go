// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"database/sql"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/internal/wire"
	"github.com/lsmlite/lsmlite-go/parser"
)

// serveSQL runs statements. A GET only reads, whatever the handler allows.
func (in *Inspector) serveSQL(q *request) error {
	req := wire.SQLRequest{SQL: q.query.Get("q"), Explain: q.flag("explain"), DryRun: q.flag("dry_run")}
	if q.r.Method == http.MethodPost {
		if kind, _, err := mime.ParseMediaType(q.r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
			return refusef(http.StatusUnsupportedMediaType, "the body must be JSON: Content-Type: application/json")
		}
		if err := wire.Unmarshal(q.body, &req); err != nil {
			return refusef(http.StatusBadRequest, "the body: %s", err)
		}
	}
	leave, err := enter(in.statements, "Statements")
	if err != nil {
		return err
	}
	defer leave()
	ctx, cancel := in.timed(q)
	defer cancel()
	m := &wire.SQLMessage{}
	err = in.runText(ctx, q, req, m)
	if ctxErr := q.r.Context().Err(); ctxErr != nil {
		return ctxErr
	}
	q.w.Header().Set(wire.HeaderStatements, "1")
	if err == nil {
		return q.json(http.StatusOK, m)
	}
	err = in.late(q, err)
	f := failure(err)
	m.Error = &f
	return q.json(statusOf(err), m)
}

// runText runs the statements of a text, up to the first that fails, and puts what they return
// into m.
func (in *Inspector) runText(ctx context.Context, q *request, req wire.SQLRequest, m *wire.SQLMessage) error {
	list, err := parse(req.SQL, session.Type(q.db.keys).Keys())
	if err != nil {
		return err
	}
	cfg := lsmlite.Config{KeyType: q.db.keys, ValueType: q.db.values}
	if q.r.Method != http.MethodPost || !in.mayWrite(q.db) {
		cfg.Mode = lsmlite.ModeReadOnly
	}
	connector, err := lsmlite.NewEngineConnector(q.db.DB, cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	r := &run{in: in, q: q, conn: conn, req: req, bytes: in.limits.ResponseBytes}
	for _, s := range list {
		var out wire.Statement
		out, err = r.statement(ctx, s)
		m.Statements = append(m.Statements, out)
		if err != nil {
			break
		}
	}
	if _, open := conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK"); open == nil {
		m.Note = "The transaction was still open at the end of the text, and was rolled back: end it with COMMIT."
	}
	return err
}

// parse returns the statements of a text, all of which have a meaning. Its errors show the place in
// the text.
func parse(text string, keys *parser.KeyType) ([]*parser.Statement, error) {
	list, err := parser.Parse(text)
	for i := 0; i < len(list) && err == nil; i++ {
		_, err = parser.Compile(list[i], keys)
	}
	if err == nil {
		return list, nil
	}
	code := engine.CodeSyntax
	var p *parser.Error
	if errors.As(err, &p) && p.TooBig {
		code = engine.CodeTooBig
	}
	return nil, &engine.Error{Code: code, Err: err}
}

// run is the statements of one text.
type run struct {
	in    *Inspector
	q     *request
	conn  *sql.Conn
	req   wire.SQLRequest
	bytes int // that the rows may still have
}

func (r *run) statement(ctx context.Context, s *parser.Statement) (wire.Statement, error) {
	out := wire.Statement{Text: s.Text, Affected: -1}
	begun := time.Now()
	err := r.allowed(s)
	if err == nil && r.req.Explain && explains(s) {
		var plan wire.Statement
		if err = r.query(ctx, "EXPLAIN "+s.Text, &plan); err == nil {
			out.Explain = plan.Rows
		}
	}
	switch {
	case err != nil || r.req.DryRun:
	case returnsRows(s):
		err = r.query(ctx, s.Text, &out)
	default:
		err = r.exec(ctx, s.Text, &out)
	}
	out.Time = time.Since(begun)
	if err == nil {
		return out, nil
	}
	err = r.in.late(r.q, err)
	f := failure(err)
	out.Error = &f
	return out, err
}

// allowed refuses what would write a file under any name.
func (r *run) allowed(s *parser.Statement) error {
	if p, ok := s.Body.(*parser.PragmaCommand); ok && strings.EqualFold(p.Name.Text, "backup") {
		return refusef(http.StatusForbidden, "a copy is not written to the machine of the database; GET %s returns one", wire.Backup)
	}
	return nil
}

func explains(s *parser.Statement) bool {
	switch s.Body.(type) {
	case *parser.Select, *parser.Insert, *parser.Update, *parser.Delete:
		return !s.Explain && !s.QueryPlan
	}
	return false
}

func returnsRows(s *parser.Statement) bool {
	if s.Explain || s.QueryPlan {
		return true
	}
	switch b := s.Body.(type) {
	case *parser.Select, *parser.PragmaCommand:
		return true
	case *parser.Insert:
		return len(b.Returning) > 0
	case *parser.Update:
		return len(b.Returning) > 0
	case *parser.Delete:
		return len(b.Returning) > 0
	}
	return false
}

func (r *run) exec(ctx context.Context, text string, out *wire.Statement) error {
	result, err := r.conn.ExecContext(ctx, text)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err == nil {
		out.Affected = n
	}
	return nil
}

// query collects the rows of a statement, as many as the limits allow. What a statement writes is
// done when its rows are closed, also if they were not all read.
func (r *run) query(ctx context.Context, text string, out *wire.Statement) error {
	rows, err := r.conn.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	if out.Columns, err = rows.Columns(); err != nil {
		return err
	}
	values, into := make([]any, len(out.Columns)), make([]any, len(out.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		switch {
		case len(out.Rows) == r.in.limits.Rows:
			out.Cut = "rows"
		case r.bytes <= 0:
			out.Cut = "bytes"
		}
		if out.Cut != "" {
			break
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := make([]wire.Cell, len(values))
		for i, v := range values {
			row[i] = r.cell(v)
		}
		out.Rows = append(out.Rows, row)
	}
	return errors.Join(rows.Err(), rows.Close())
}

// cell is a value of a row. It may be cut.
func (r *run) cell(v any) wire.Cell {
	most := r.in.limits.CellBytes
	switch v := v.(type) {
	case []byte:
		r.bytes -= min(len(v), most)
		return wire.Cell{V: wire.Cut(v, most)}
	case string:
		r.bytes -= min(len(v), most)
		return wire.Cell{V: wire.Cut([]byte(v), most)}
	case time.Time:
		r.bytes -= len(time.RFC3339Nano)
		return wire.Cell{V: wire.Cut([]byte(v.UTC().Format(time.RFC3339Nano)), most)}
	case bool:
		return wire.Cell{V: int64(map[bool]int{true: 1}[v])}
	}
	r.bytes -= 8
	return wire.Cell{V: v}
}
