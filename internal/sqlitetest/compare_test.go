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
	"time"

	"github.com/lsmlite/lsmlite-go"
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
	// deferred: a transaction takes the writer's place at its first write.
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

// outcome is what came of a call: its result sets, or the rows written by its last
// statement, and the error.
type outcome struct {
	names []string
	rows  []string
	count int64
	err   error
}

func (o *outcome) String() string {
	s := fmt.Sprintf("%d rows affected, columns %q, rows %q", o.count, o.names, o.rows)
	if o.err != nil {
		s = "error: " + strings.ReplaceAll(o.err.Error(), "\n", "\n    ")
	}
	return s
}

// difference is a call of which not the same came.
type difference struct {
	call      call
	rewritten []string
	got, want string
	// kind stays the same while the calls before it are made fewer and simpler.
	kind string
}

func (d *difference) Error() string {
	return fmt.Sprintf("%s\n as         %s\n the driver: %s\n SQLite:     %s", d.call, strings.Join(d.rewritten, "; "), d.got, d.want)
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

// errorKind tells errors of the driver apart by what does not depend on the data.
func errorKind(err error) string {
	if err == nil {
		return "of SQLite"
	}
	var e *lsmlite.Error
	if !errors.As(err, &e) {
		return "without a code"
	}
	text := e.Error()
	if i := strings.IndexAny(text, "0123456789'\"\n"); i >= 0 && e.Code != lsmlite.CodeSyntax {
		text = text[:i]
	}
	return fmt.Sprint(e.Code, text)
}

// hasRows reports whether a text is asked by Query: the others have nothing but a count.
func hasRows(list []*parser.Statement) bool {
	rows := 0
	for _, s := range list {
		switch b := s.Body.(type) {
		case *parser.Select:
			rows++
		case *parser.Insert:
			rows += len(b.Returning)
		case *parser.Update:
			rows += len(b.Returning)
		case *parser.Delete:
			rows += len(b.Returning)
		}
	}
	return rows > 0
}

// named says for the columns of all result sets whether they have a name that does not
// come from the text.
func named(list []*parser.Statement) (out []bool) {
	for _, s := range list {
		for _, r := range resultsOf(s) {
			_, column := r.Expr.(*parser.ColumnRef)
			out = append(out, r.Expr == nil || column || r.Alias != nil)
			if r.Expr == nil {
				out = append(out, true)
			}
		}
	}
	return out
}

func resultsOf(s *parser.Statement) []parser.Result {
	if s.Explain || s.QueryPlan {
		return nil
	}
	switch b := s.Body.(type) {
	case *parser.Select:
		return b.Results
	case *parser.Insert:
		return b.Returning
	case *parser.Update:
		return b.Returning
	case *parser.Delete:
		return b.Returning
	}
	return nil
}

// positional returns the arguments by the numbers of their parameters, as SQLite gets
// them.
//
// differs: parameters
func positional(list []*parser.Statement, args []any) []any {
	var out []any
	put := func(n int, v any) {
		for len(out) < n {
			out = append(out, nil)
		}
		out[n-1] = blob(v)
	}
	for i, a := range args {
		if _, ok := a.(sql.NamedArg); !ok {
			put(i+1, a)
		}
	}
	for _, s := range list {
		eachParam(s, func(p *parser.Param) {
			for _, a := range args {
				if n, ok := a.(sql.NamedArg); ok && p.Name != "" && n.Name == p.Name[1:] {
					put(p.Number, n.Value)
				}
			}
		})
	}
	return out
}

// blob is an argument by the rule that there is one class of strings.
//
// differs: bytes, times
func blob(v any) any {
	switch v := v.(type) {
	case string:
		return []byte(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case time.Time:
		return []byte(v.UTC().Format("2006-01-02T15:04:05.000000000Z"))
	}
	return v
}

// add runs one statement on SQLite and adds what came of it.
func (o *outcome) add(c *side, s *parser.Statement, rewritten string, args []any, query bool) {
	most := 0
	eachParam(s, func(p *parser.Param) { most = max(most, p.Number) })
	if s.Explain || s.QueryPlan {
		// SQLite's rows are about SQLite. What counts is the error.
		//
		// differs: explain
		o.err = c.ask(rewritten, args[:most], true).err
		o.count = 0
		return
	}
	one := c.ask(rewritten, args[:most], query && len(resultsOf(s)) > 0)
	o.names, o.rows = append(o.names, one.names...), append(o.rows, one.rows...)
	o.count, o.err = one.count, one.err
	if query {
		o.count = 0
	}
	switch s.Body.(type) {
	case *parser.Insert, *parser.Update, *parser.Delete:
	default: // differs: counts
		o.count = 0
	}
}

func (c *side) ask(query string, args []any, hasRows bool) *outcome {
	o := &outcome{}
	ctx := context.Background()
	if !hasRows {
		res, err := c.ExecContext(ctx, query, args...)
		if err != nil {
			return &outcome{err: err}
		}
		o.count, o.err = res.RowsAffected()
		return o
	}
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return &outcome{err: err}
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		columns, err := rows.Columns()
		if err != nil {
			return &outcome{err: err}
		}
		// differs: explain
		if slices.Equal(columns, parser.ExplainColumns[:]) && !c.explained {
			continue
		}
		o.names = append(o.names, columns...)
		if err := o.scan(rows, len(columns)); err != nil {
			return &outcome{err: err}
		}
	}
	if err := rows.Err(); err != nil {
		return &outcome{err: err}
	}
	return o
}

func (o *outcome) scan(rows *sql.Rows, n int) error {
	values, dest := make([]any, n), make([]any, n)
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		text := make([]string, n)
		for i, v := range values {
			text[i] = show(v)
		}
		o.rows = append(o.rows, strings.Join(text, "|"))
	}
	return rows.Err()
}

// show writes a value so that classes differ.
func show(v any) string {
	switch v := v.(type) {
	case []byte:
		return strconv.Quote(string(v))
	case float64:
		return "real " + strconv.FormatFloat(v, 'g', -1, 64)
	}
	return fmt.Sprint(v)
}
