package lsmlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

// table is the result of a PRAGMA, all of it.
type table struct {
	columns []string
	rows    [][]driver.Value
}

// sample returns a value of column i, which decides the column's type: the first that is
// not NULL.
func (t *table) sample(i int) driver.Value {
	for _, row := range t.rows {
		if row[i] != nil {
			return row[i]
		}
	}
	return ""
}

func (t *table) nullable(i int) bool {
	return slices.ContainsFunc(t.rows, func(row []driver.Value) bool { return row[i] == nil })
}

// oneValue is a table of one column and row.
func oneValue(column string, v driver.Value) *table {
	return &table{columns: []string{column}, rows: [][]driver.Value{{v}}}
}

// A command is a PRAGMA that is not a setting.
type command struct {
	name string
	// usage shows the arguments, for the error of a call that has others.
	usage   string
	minArgs int
	maxArgs int
	run     func(ctx context.Context, c *conn, args []string) (*table, error)
}

// commands returns the commands. It is a function because a variable that led to conn's
// methods would be initialised in a circle.
func commands() []command {
	return []command{
		{"table_info", "table_info(kv)", 1, 1, tableInfo},
		{"database_list", "database_list", 0, 0, databaseList},
		{"integrity_check", "integrity_check or integrity_check(most problems to list)", 0, 1, integrityCheck},
		{"flush", "flush", 0, 0, maintenance(func(ctx context.Context, m maintainer) error { return m.Flush(ctx) })},
		{"checkpoint", "checkpoint", 0, 0, maintenance(func(ctx context.Context, m maintainer) error { return m.Checkpoint(ctx) })},
		{"optimize", "optimize", 0, 0, maintenance(func(ctx context.Context, m maintainer) error { return m.Optimize(ctx) })},
		{"work", "work(merge, kb)", 0, 2, work},
		{"stats", "stats", 0, 0, report(func(m maintainer) any { return m.Stats() })},
		{"structure", "structure", 0, 0, structure},
		{"freelist", "freelist", 0, 0, report(func(m maintainer) any { return m.FreeList() })},
		{"log_structure", "log_structure", 0, 0, report(func(m maintainer) any {
			regions := m.LogStructure()
			return regions[:]
		})},
		{"tree_size", "tree_size", 0, 0, treeSize},
		{"checkpoint_size", "checkpoint_size", 0, 0, number("checkpoint_size", maintainer.CheckpointSize)},
		{"compression_id", "compression_id", 0, 0, number("compression_id", func(m maintainer) int64 {
			return int64(m.CompressionID())
		})},
		{"page_dump", "page_dump(page)", 1, 1, pageDump},
	}
}

// pragma runs PRAGMA.
func (c *conn) pragma(ctx context.Context, p *parser.Pragma) (*table, error) {
	if s := settingNamed(p.Name); s != nil {
		return c.settingPragma(s, p)
	}
	all := commands()
	for _, cmd := range all {
		if cmd.name != p.Name {
			continue
		}
		if n := len(p.Args); n < cmd.minArgs || n > cmd.maxArgs {
			return nil, misusef("pragma", "%s does not take %d arguments: PRAGMA %s", p.Name, n, cmd.usage)
		}
		return cmd.run(ctx, c, p.Args)
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name
	}
	return nil, misusef("pragma", "unknown pragma %s; there are: %s, %s", p.Name, settingNames(), strings.Join(names, ", "))
}

// settingPragma reads a setting, or changes it and returns the value then in force.
func (c *conn) settingPragma(s *setting, p *parser.Pragma) (*table, error) {
	switch len(p.Args) {
	case 0:
	case 1:
		if err := c.changeSetting(s, p.Args[0]); err != nil {
			return nil, err
		}
	default:
		return nil, misusef("pragma", "%s takes one value; allowed: %s", s.name, s.allowed)
	}
	text, err := s.current(c)
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return oneValue(s.name, n), nil
	}
	return oneValue(s.name, text), nil
}

func (c *conn) changeSetting(s *setting, text string) error {
	var want Config
	if err := s.apply(&want, text); err != nil {
		return err
	}
	switch {
	case s.change == nil:
		inForce, err := s.current(c)
		if err != nil {
			return err
		}
		if asked := s.textOf(&want); asked == inForce || asked == "" && s.get == nil {
			return nil // it is what it shall be
		}
		return misusef("pragma", "%s is %s and cannot be changed while the database is open", s.name, inForce)
	case s.shared() && c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	}
	return s.change(c, &want)
}

// textOf returns what c says of the setting, where a default that has a name has that.
func (s *setting) textOf(c *Config) string {
	if s.get == nil {
		return ""
	}
	if text := s.get(c); text != "" {
		return text
	}
	switch s.name {
	case "mode":
		return c.Mode.String()
	case "key_type":
		return c.KeyType.String()
	}
	return ""
}

func tableInfo(_ context.Context, _ *conn, args []string) (*table, error) {
	if !strings.EqualFold(args[0], "kv") {
		return nil, misusef("pragma", "no such table: %s; the table is kv", args[0])
	}
	return &table{
		columns: []string{"cid", "name", "type", "notnull", "dflt_value", "pk"},
		rows: [][]driver.Value{
			{int64(0), "key", "BLOB", int64(1), nil, int64(1)},
			{int64(1), "value", "BLOB", int64(1), nil, int64(0)},
		},
	}, nil
}

func databaseList(_ context.Context, c *conn, _ []string) (*table, error) {
	file := c.handle.key.path
	if c.handle.memory {
		file = ""
	}
	return &table{
		columns: []string{"seq", "name", "file"},
		rows:    [][]driver.Value{{int64(0), "main", file}},
	}, nil
}

// defaultMaxProblems is how many problems integrity_check lists if it is not told.
const defaultMaxProblems = 100

func integrityCheck(ctx context.Context, c *conn, args []string) (*table, error) {
	most := int64(defaultMaxProblems)
	if len(args) == 1 {
		var err error
		if most, err = positive("integrity_check", args[0]); err != nil {
			return nil, err
		}
	}
	t := &table{columns: []string{"integrity_check"}}
	err := c.maintain(func(m maintainer) error {
		for problem := range m.Check(ctx) {
			t.rows = append(t.rows, []driver.Value{problem.String()})
			if int64(len(t.rows)) == most {
				break
			}
		}
		return ctx.Err()
	})
	if len(t.rows) == 0 {
		t.rows = [][]driver.Value{{"ok"}}
	}
	return t, err
}

// mayMaintain refuses maintenance where it would wait for the caller's own transaction.
func (c *conn) mayMaintain() error {
	switch {
	case c.readOnly():
		return readOnlyError("pragma", "the connection is read-only (mode=ro)")
	case c.txn.state == txnWriting:
		return misusef("pragma", "it cannot run in a transaction that may write; commit first")
	}
	return nil
}

// maintenance is a command without a result of its own: its one row says ok.
func maintenance(do func(context.Context, maintainer) error) func(context.Context, *conn, []string) (*table, error) {
	return func(ctx context.Context, c *conn, _ []string) (*table, error) {
		if err := c.mayMaintain(); err != nil {
			return nil, err
		}
		err := c.maintain(func(m maintainer) error { return do(ctx, m) })
		return oneValue("result", "ok"), err
	}
}

// work merges as lsm_work does: as many segments into one as the first argument says
// (default: automerge), for as many KB of output as the second says.
func work(ctx context.Context, c *conn, args []string) (*table, error) {
	if err := c.mayMaintain(); err != nil {
		return nil, err
	}
	var n [2]int64
	for i, arg := range args {
		var err error
		if n[i], err = positive("work", arg); err != nil {
			return nil, err
		}
	}
	t := &table{columns: []string{"pages_written", "done"}}
	err := c.maintain(func(m maintainer) error {
		pageBytes := int64(max(1, m.Options().PageSize))
		pages := (n[1]*kb + pageBytes - 1) / pageBytes
		p, err := m.Work(ctx, engine.WorkOptions{Merge: int(n[0]), Pages: int(pages)})
		finished := int64(0)
		if p.Done {
			finished = 1
		}
		t.rows = [][]driver.Value{{p.PagesWritten, finished}}
		return err
	})
	return t, err
}

// maxPragmaNumber bounds the numbers that commands take, so that none overflows when it
// is turned into bytes.
const maxPragmaNumber = 1 << 40

func positive(pragma, text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 || n > maxPragmaNumber {
		return 0, misusef("pragma", "%s takes positive integers, not %q", pragma, text)
	}
	return n, nil
}

func treeSize(_ context.Context, c *conn, _ []string) (*table, error) {
	t := &table{columns: []string{"old", "live"}}
	err := c.maintain(func(m maintainer) error {
		old, live := m.TreeSize()
		t.rows = [][]driver.Value{{old, live}}
		return nil
	})
	return t, err
}

// structure lists the segments, a row each, newest first.
func structure(_ context.Context, c *conn, _ []string) (*table, error) {
	t := &table{columns: []string{"level", "age", "role", "first_page", "last_page", "root", "pages"}}
	err := c.maintain(func(m maintainer) error {
		for i, level := range m.Structure() {
			for _, s := range level.Segments {
				role := s.Role
				if level.FreelistOnly {
					role += " (free list)"
				}
				t.rows = append(t.rows, []driver.Value{
					int64(i), int64(level.Age), role, s.First, s.Last, s.Root, s.Pages,
				})
			}
		}
		return nil
	})
	return t, err
}

func number(column string, read func(maintainer) int64) func(context.Context, *conn, []string) (*table, error) {
	return func(_ context.Context, c *conn, _ []string) (t *table, err error) {
		err = c.maintain(func(m maintainer) error {
			t = oneValue(column, read(m))
			return nil
		})
		return t, err
	}
}

func pageDump(_ context.Context, c *conn, args []string) (*table, error) {
	page, err := positive("page_dump", args[0])
	if err != nil {
		return nil, err
	}
	var t *table
	err = c.maintain(func(m maintainer) error {
		d, ok := m.(pageDumper)
		if !ok {
			return misusef("pragma", "this store does not offer it")
		}
		text, err := d.PageDump(page)
		t = oneValue("page_dump", text)
		return err
	})
	return t, err
}

// report shows what the store returns about itself: a struct as a row for each field, a
// slice of structs as a row for each element. The columns are the names of the fields.
func report(read func(maintainer) any) func(context.Context, *conn, []string) (*table, error) {
	return func(_ context.Context, c *conn, _ []string) (t *table, err error) {
		err = c.maintain(func(m maintainer) error {
			v := reflect.ValueOf(read(m))
			if v.Kind() == reflect.Slice {
				t = listTable(v)
			} else {
				t = structTable(v)
			}
			return nil
		})
		return t, err
	}
}

func structTable(v reflect.Value) *table {
	t := &table{columns: []string{"name", "value"}}
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			t.rows = append(t.rows, []driver.Value{snakeCase(f.Name), fieldValue(v.Field(i))})
		}
	}
	return t
}

func listTable(v reflect.Value) *table {
	t := &table{}
	elem := v.Type().Elem()
	var fields []int
	for i := range elem.NumField() {
		if f := elem.Field(i); f.IsExported() {
			t.columns = append(t.columns, snakeCase(f.Name))
			fields = append(fields, i)
		}
	}
	for i := range v.Len() {
		row := make([]driver.Value, len(fields))
		for j, field := range fields {
			row[j] = fieldValue(v.Index(i).Field(field))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// fieldValue turns a field into something database/sql can scan.
func fieldValue(v reflect.Value) driver.Value {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	case reflect.Float32, reflect.Float64:
		return v.Float()
	case reflect.Bool:
		if v.Bool() {
			return int64(1)
		}
		return int64(0)
	}
	return fmt.Sprint(v.Interface())
}

// snakeCase turns a Go name into a column's: PagesWritten into pages_written, NumFD into
// num_fd.
func snakeCase(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) {
			lowerBefore := i > 0 && !unicode.IsUpper(runes[i-1])
			lowerAfter := i > 0 && i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if lowerBefore || lowerAfter {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
