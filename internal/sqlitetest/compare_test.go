// SPDX-License-Identifier: Apache-2.0

package sqlitetest

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/lsmlite/lsmlite-go/parser"
	"modernc.org/sqlite"
)

func init() {
	sqlite.MustRegisterDeterministicScalarFunction("lsmtext", 1, lsmtext)
	sqlite.MustRegisterDeterministicScalarFunction("lsmnumeral", 1, lsmnumeral)
}

// lsmnumeral puts a letter in the place of every NUL of a blob and leaves numbers alone.
//
// differs: numerals
func lsmnumeral(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	if b, ok := args[0].([]byte); ok {
		return bytes.ReplaceAll(append([]byte{}, b...), []byte{0}, []byte("x")), nil
	}
	return args[0], nil
}

// lsmtext gives the text of a number as a blob, and leaves a blob alone.
//
// differs: bytes, reals
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

// call is one call of the driver: a text of one or more statements and its arguments.
type call struct {
	text string
	args []any
}

func (c call) String() string {
	if len(c.args) == 0 {
		return c.text
	}
	list := make([]string, len(c.args))
	for i, a := range c.args {
		if n, ok := a.(sql.NamedArg); ok {
			list[i] = n.Name + "="
			a = n.Value
		}
		list[i] += fmt.Sprintf("%#v", a)
		if s, ok := a.(string); ok {
			list[i] = strconv.Quote(s)
		}
	}
	return c.text + "  -- args: " + strings.Join(list, ", ")
}

// pair is the same table in the driver and in SQLite.
type pair struct {
	where          place
	driver, sqlite *side
	close          []func() error
	// reached counts the productions that calls have had.
	reached reached
	// How many calls failed, on both, and how many had rows or changed some.
	calls, failed, effective int
	statements               int
}

// side is one of the two.
type side struct {
	*sql.Conn
	// explained: the rows of EXPLAIN count.
	explained bool
}

// place is where the two are opened.
type place struct {
	// onFile: the driver's side is a file whose tree and pages are so small that the engine
	// flushes and merges all the time, in the middle of statements too. Otherwise it is in
	// memory.
	onFile bool
	// numbers: keys are numbers, key_type=int64 here and an INTEGER in SQLite.
	numbers bool
	// deferred: a transaction takes the writer's turn at its first write.
	deferred bool
}

func newPair(where place) (p *pair, err error) {
	p = &pair{where: where, reached: reached{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	dsn, table := ":memory:?", schema
	if where.onFile {
		dir, err := os.MkdirTemp("", "sqlitetest")
		if err != nil {
			return nil, err
		}
		p.close = append(p.close, func() error { return os.RemoveAll(dir) })
		dsn = filepath.Join(dir, "test.lsm") +
			"?page_size=256&block_size=64&autoflush=2&autocheckpoint=16&automerge=2&safety=off&"
	}
	if where.deferred {
		dsn += "_txlock=deferred&"
	}
	if where.numbers {
		dsn += "key_type=int64"
		table = strings.Replace(schema, "key BLOB", "key INTEGER", 1)
	}
	if p.driver, err = p.open("lsmlite", dsn); err != nil {
		return p, err
	}
	if p.sqlite, err = p.open("sqlite", ":memory:"); err != nil {
		return p, err
	}
	_, err = p.sqlite.ExecContext(context.Background(), table)
	return p, err
}

func (p *pair) open(name, dsn string) (*side, error) {
	db, err := sql.Open(name, dsn)
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, db.Close)
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, err
	}
	p.close = append(p.close, conn.Close)
	return &side{Conn: conn}, nil
}

// Close closes both, the last one opened first.
func (p *pair) Close() (err error) {
	for _, f := range slices.Backward(p.close) {
		err = errors.Join(err, f())
	}
	return err
}

// run makes a call on both, and another that shows the whole table if the first may have
// changed it. It returns the difference, or nil.
func (p *pair) run(c call) *difference {
	list, err := parser.Parse(c.text)
	if err != nil {
		return &difference{call: c, got: err.Error(), want: "a statement of the dialect", kind: "syntax"}
	}
	p.reached.text(c.text)
	writes := false
	for _, s := range list {
		p.reached.statement(s, c.text)
		switch s.Body.(type) {
		case *parser.Select, *parser.CreateTable:
		default:
			writes = writes || !s.Explain && !s.QueryPlan
		}
	}
	d := p.compare(c, list)
	if d == nil && writes {
		c := call{text: "SELECT *"}
		list, _ := parser.Parse(c.text)
		calls, failed, effective, statements := p.calls, p.failed, p.effective, p.statements
		if d = p.compare(c, list); d != nil {
			d.kind = "state " + d.kind
		}
		p.calls, p.failed, p.effective, p.statements = calls, failed, effective, statements
	}
	return d
}

func (p *pair) compare(c call, list []*parser.Statement) *difference {
	query := hasRows(list)
	args, rewritten := positional(list, c.args), make([]string, len(list))
	for i, s := range list {
		rewritten[i] = rewrite(s, p.where.numbers)
	}
	got := p.driver.ask(c.text, c.args, query)
	want := &outcome{}
	for i, s := range list {
		want.add(p.sqlite, s, rewritten[i], args, query)
		if want.err != nil {
			break
		}
	}
	for _, o := range []*outcome{got, want} {
		for i, s := range named(list) {
			if i < len(o.names) && !s {
				o.names[i] = "" // the text, which is rewritten
			}
		}
	}
	p.calls++
	p.statements += len(list)
	switch {
	case got.err != nil:
		p.failed++
	case len(got.rows) > 0 || got.count > 0:
		p.effective++
	}
	d := &difference{call: c, rewritten: rewritten, got: got.String(), want: want.String()}
	switch {
	case (got.err == nil) != (want.err == nil):
		d.kind = "error " + errorKind(got.err)
	case got.err != nil:
		// Both have failed. How many rows there were until then is nobody's business.
		//
		// differs: texts
		return nil
	case !slices.Equal(got.names, want.names):
		d.kind = "names"
	case !slices.Equal(got.rows, want.rows):
		d.kind = "rows"
	case got.count != want.count:
		d.kind = "count"
	default:
		return nil
	}
	return d
}
