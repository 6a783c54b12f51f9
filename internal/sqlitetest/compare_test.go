package sqlitetest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	_ "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/parser"
	"modernc.org/sqlite"
)

func init() {
	sqlite.MustRegisterDeterministicScalarFunction("lsmtext", 1, lsmtext)
}

// lsmtext gives the text of a number as a blob, by difference 4, and leaves a blob alone.
func lsmtext(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	switch v := args[0].(type) {
	case nil:
		return nil, nil
	case []byte:
		return append([]byte{}, v...), nil
	case int64:
		return strconv.AppendInt(nil, v, 10), nil
	case float64:
		return parser.Value{Kind: parser.Real, Real: v}.AppendText(nil), nil
	}
	return nil, fmt.Errorf("a %T is no class of the dialect", args[0])
}

// pair is the same table in the driver and in SQLite.
type pair struct {
	t      *testing.T
	driver *sql.Conn
	sqlite *sql.Conn
	// How many statements failed, on both, and how many had rows or changed some.
	failed, effective int
}

func openPair(t *testing.T, dsn string) *pair {
	t.Helper()
	open := func(name, dsn string) *sql.Conn {
		db, err := sql.Open(name, dsn)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := db.Conn(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		return conn
	}
	p := &pair{t: t, driver: open("lsmlite", dsn), sqlite: open("sqlite", ":memory:")}
	if _, err := p.sqlite.ExecContext(context.Background(), schema); err != nil {
		t.Fatal(err)
	}
	return p
}

// tinyFile is the DSN of a file whose tree and pages are so small that the engine flushes
// and merges all the time, in the middle of statements too.
func tinyFile(t *testing.T) string {
	return filepath.Join(t.TempDir(), "test.lsm") +
		"?page_size=256&block_size=64&autoflush=2&autocheckpoint=16&automerge=2&safety=off"
}

// outcome is what came of a statement.
type outcome struct {
	rows  []string
	count int64
	err   error
}

func (o outcome) String() string {
	if o.err != nil {
		return "error: " + o.err.Error()
	}
	return fmt.Sprintf("%d rows affected, rows %q", o.count, o.rows)
}

// run runs one statement on both and reports whether the same came of it.
func (p *pair) run(query string, args ...any) bool {
	p.t.Helper()
	list, err := parser.Parse(query)
	if err != nil || len(list) != 1 {
		p.t.Fatalf("%s: %d statements, %v", query, len(list), err)
	}
	rewritten := rewrite(list[0])
	blobs := slices.Clone(args)
	for i, a := range blobs {
		switch a := a.(type) {
		case string:
			blobs[i] = []byte(a)
		case bool:
			blobs[i] = int64(0)
			if a {
				blobs[i] = int64(1)
			}
		}
	}
	hasRows, sorted := yieldsRows(list[0])
	got := ask(p.driver, query, args, hasRows)
	want := ask(p.sqlite, rewritten, blobs, hasRows)
	if sorted {
		slices.Sort(got.rows)
		slices.Sort(want.rows)
	}
	switch {
	case got.err != nil:
		p.failed++
	case len(got.rows) > 0 || got.count > 0:
		p.effective++
	}
	if (got.err == nil) == (want.err == nil) && slices.Equal(got.rows, want.rows) && got.count == want.count {
		return true
	}
	p.t.Errorf("%s %q\n as %s\n the driver: %v\n SQLite:     %v", query, args, rewritten, got, want)
	return false
}

// yieldsRows reports whether a statement has rows, and whether SQLite promises no order
// for them.
func yieldsRows(s *parser.Statement) (rows, unordered bool) {
	switch b := s.Body.(type) {
	case *parser.Select:
		return true, false
	case *parser.Insert:
		return len(b.Returning) > 0, false
	case *parser.Update:
		return len(b.Returning) > 0, true
	case *parser.Delete:
		return len(b.Returning) > 0, true
	}
	return false, false
}

func ask(c *sql.Conn, query string, args []any, hasRows bool) (o outcome) {
	ctx := context.Background()
	if !hasRows {
		res, err := c.ExecContext(ctx, query, args...)
		if err != nil {
			return outcome{err: err}
		}
		switch strings.ToUpper(strings.Fields(query)[0]) {
		case "INSERT", "REPLACE", "UPDATE", "DELETE":
			o.count, o.err = res.RowsAffected()
		}
		return o
	}
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return outcome{err: err}
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return outcome{err: err}
	}
	values := make([]any, len(columns))
	for rows.Next() {
		dest := make([]any, len(values))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return outcome{err: err}
		}
		text := make([]string, len(values))
		for i, v := range values {
			text[i] = show(v)
		}
		o.rows = append(o.rows, strings.Join(text, "|"))
	}
	if err := rows.Err(); err != nil {
		return outcome{err: err}
	}
	return o
}

// show writes a value so that classes differ. Reals are compared up to 15 digits: SQLite
// does not promise more when it reads one.
func show(v any) string {
	switch v := v.(type) {
	case []byte:
		return strconv.Quote(string(v))
	case float64:
		return "real " + strconv.FormatFloat(v, 'g', 15, 64)
	}
	return fmt.Sprint(v)
}
