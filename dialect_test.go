// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestDialect runs scripts, each on a database that holds letters. What SQLite answers
// to the same statements, once they are rewritten, is what is wanted.
func TestDialect(t *testing.T) {
	tests := []struct {
		name     string
		settings string
		steps    []step
		left     string // rows at the end; not looked at if empty
	}{
		{name: "filters", steps: []step{
			{query: "SELECT key WHERE value = '3'", rows: "c"},
			{query: "SELECT key WHERE value > ? ORDER BY key DESC", args: args("3"), rows: "f e d"},
			{query: "SELECT key WHERE CAST(value AS INTEGER) > ?", args: args(4), rows: "e f"},
			{query: "SELECT key WHERE value % 2 = 0", rows: "b d f"},
			{query: "SELECT key WHERE key > 'b' AND value < '5' AND NOT value = '4'", rows: "c"},
			{query: "SELECT key, value WHERE key = 'a' OR value = '6'", rows: "a|1 f|6"},
			{query: "SELECT key WHERE (key < 'c' AND value = '2') OR key > 'e'", rows: "b f"},
			{query: "SELECT key WHERE key LIKE 'C'", rows: "c"},
			{query: "SELECT key WHERE key GLOB '[b-d]' AND value NOT IN ('3')", rows: "b d"},
			{query: "SELECT key WHERE key GLOB ?", args: args("[b-d]"), rows: "b c d"},
			{query: "SELECT key WHERE value BETWEEN '2' AND '4' LIMIT 2 OFFSET 1", rows: "c d"},
			{query: "SELECT key WHERE 10 / (value - 3) > 5", rows: "d"}, // division by zero is NULL, which is not true
			{query: "SELECT key WHERE NOT 10 / (value - 3) > 5", rows: "a b e f"},
			{query: "SELECT key WHERE key = 'c' AND value = '4'"},
			{query: "SELECT key WHERE key = 'c' AND value = '3'", rows: "c"},
			{query: "SELECT key WHERE key = 'c' AND value = '3' LIMIT 1 OFFSET 1"},
			{query: "SELECT key WHERE ? = '' OR key = ?", args: args("x", "c"), rows: "c"},
			{query: "SELECT key WHERE ?1 = '' OR key = ?2", args: args("", "c"), rows: "a b c d e f"},
			{query: "SELECT key WHERE key BETWEEN ? || '' AND lower(?)", args: args("b", "D"), rows: "b c d"},
			{query: "SELECT key WHERE 1 = 2"},
		}},
		{name: "computed columns", steps: []step{
			{query: "SELECT key || '=' || value, value * 10, -value WHERE key < 'c'", rows: "a=1|10|-1 b=2|20|-2"},
			{query: "SELECT value / 2, value / 2.0, value % 0 WHERE key = 'c'", rows: "1|1.5|NULL"},
			{query: "SELECT value + ? WHERE key = 'c'", args: args("4"), rows: "7"},
			{query: "SELECT upper(key), length(value), hex(key), substr(key || 'bc', -2) WHERE value = '1'", rows: "A|1|61|bc"},
			{query: "SELECT 1 + 1, 'a' || ?, 9223372036854775807 + 1", args: args("b"), rows: "2|ab|9.223372036854776e+18"},
			{query: "SELECT 1 WHERE 1 = 1; SELECT 1 WHERE 'a' = 'b'; SELECT 1 WHERE ? > 1 LIMIT 1", args: args(2), rows: "1 ;  ; 1"},
			{query: "SELECT +key, +value ORDER BY key DESC LIMIT 1", rows: "f|6"},
		}},
		{name: "aggregates", steps: []step{
			{query: "SELECT count(*), min(key), max(key)", rows: "6|a|f"},
			{query: "SELECT max(key), min(key) WHERE key > 'b' AND key < 'e'", rows: "d|c"},
			{query: "SELECT min(key), max(key) WHERE key IN ('x', 'c', 'b', 'y')", rows: "b|c"},
			{query: "SELECT min(key), count(*), max(key) WHERE value % 2 = 0 AND key < 'f'", rows: "b|2|d"},
			{query: "SELECT min(key), max(key), count(*) WHERE value = 'none'", rows: "NULL|NULL|0"},
			{query: "SELECT min(key) WHERE key > 'x'", rows: "NULL"},
			{query: "SELECT max(key) WHERE key > 'c' AND key < 'c'", rows: "NULL"},
			{query: "SELECT count(*) WHERE value LIKE '%'", rows: "6"},
			{query: "SELECT max(key) LIMIT 0"},
			{query: "SELECT max(key) LIMIT 1 OFFSET 1"},
		}},
		{name: "computed values", left: "ab|3 b|2 c|", steps: []step{
			{exec: "DELETE", n: 6},
			{exec: "INSERT INTO kv VALUES (lower(?) || 'b', 1 + 2), ('b', ? * 2)", args: args("A", 1), n: 2},
			{exec: "INSERT INTO kv (value, key) VALUES (substr('x', 2), 'c')", n: 1},
			{exec: "INSERT INTO kv VALUES ('x', 1), ('d', 1 / 0)", is: lsmlite.ErrConstraint, err: "the value for the key 'd' is NULL"},
			{exec: "INSERT INTO kv VALUES (substr('x', 1 / ?), 1)", args: args(0), is: lsmlite.ErrConstraint, err: "the key is NULL"},
			{exec: "INSERT OR REPLACE INTO kv VALUES ('b', 1 / 0)", is: lsmlite.ErrConstraint},
			{exec: "INSERT OR IGNORE INTO kv VALUES ('x', 1 / 0), (substr('x', 1 / 0), 1)", n: 0},
			{exec: "INSERT INTO kv VALUES ('x', 1 / 0) ON CONFLICT DO NOTHING", is: lsmlite.ErrConstraint},
			{exec: "INSERT OR IGNORE INTO kv VALUES ('b', 1 / 0) ON CONFLICT DO UPDATE SET value = 'u'", n: 0},
			{exec: "INSERT INTO kv VALUES (1 + 1, 'a')", is: lsmlite.ErrSyntax, err: "cannot be the number 1 + 1"},
		}},
		{name: "update", left: "a|1 b|4 c|3! d|8 e|x f|12", steps: []step{
			{exec: "UPDATE kv SET value = value * 2 WHERE value % 2 = 0", n: 3},
			{exec: "UPDATE SET value = value || '!' WHERE key = 'c'", n: 1},
			{exec: "UPDATE SET value = value || '!' WHERE key = 'c' AND value = 'x'", n: 0},
			{exec: "UPDATE SET value = 'x' WHERE key = 'none'", n: 0},
			{exec: "UPDATE SET value = 'x' WHERE key > 'x'", n: 0},
			{exec: "UPDATE SET value = 'x' WHERE key > 'b' AND key < 'b'", n: 0},
			{exec: "UPDATE SET value = ? WHERE key IN ('e', 'y')", args: args("x"), n: 1},
			{exec: "UPDATE SET value = 10 / (value - 8)", is: lsmlite.ErrConstraint, err: "the value for the key 'd' is NULL"},
		}},
		{name: "upsert", left: "a|11 b|b2b c|3 d|4 e|5 f|6 n|3", steps: []step{
			{exec: "INSERT INTO kv VALUES ('a', 10), ('n', 1), ('n', 2) ON CONFLICT (key) DO UPDATE SET value = value + excluded.value", n: 3},
			{exec: "INSERT OR ABORT INTO kv VALUES ('b', 'b') ON CONFLICT DO UPDATE SET value = excluded.key || kv.value || excluded.value", n: 1},
			{exec: "INSERT INTO kv VALUES ('c', 1) ON CONFLICT DO UPDATE SET value = value / 0", is: lsmlite.ErrConstraint},
			{exec: "INSERT INTO kv VALUES ('x', 1), ('c', 0) ON CONFLICT DO UPDATE SET value = value / excluded.value", is: lsmlite.ErrConstraint},
			{exec: "INSERT OR IGNORE INTO kv VALUES ('c', 0) ON CONFLICT DO UPDATE SET value = value / excluded.value", is: lsmlite.ErrConstraint},
		}},
		{name: "returning", left: "a|10 b|2 c|3 d|14", steps: []step{
			{query: "INSERT INTO kv VALUES ('z', 1), ('g', 2) RETURNING key, value + 1, 'x'", rows: "z|2|x g|3|x"},
			{query: "INSERT OR IGNORE INTO kv VALUES ('z', 9), ('h', 3) RETURNING *", rows: "h|3"},
			{query: "INSERT INTO kv VALUES ('a', 9), ('i', 4) ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING *", rows: "a|10 i|4"},
			{query: "UPDATE SET value = value + 10 WHERE value IN ('4', '3') RETURNING value, key AS k", rows: "13|c 14|d 13|h 14|i"},
			{query: "UPDATE SET value = 'n' WHERE key = 'none' RETURNING *"},
			{query: "UPDATE SET value = 3 WHERE key = 'c' RETURNING length(value), value", rows: "1|3"},
			{query: "DELETE WHERE key > 'd' AND value LIKE '%' RETURNING key, value", rows: "e|5 f|6 g|2 h|13 i|14 z|1"},
			{query: "DELETE WHERE key = 'none' RETURNING key"},
			{exec: "UPDATE SET value = value WHERE key < 'c' RETURNING value", n: 2},
			{query: "INSERT INTO kv VALUES ('q', 1); DELETE WHERE key = 'q' RETURNING value; SELECT count(*)", rows: " ; 1 ; 4"},
		}},
		{name: "delete by filter", left: "b|2 d|4", steps: []step{
			{exec: "DELETE WHERE value % 2 = 1", n: 3},
			{exec: "DELETE WHERE key = 'b' AND value = 'x'", n: 0},
			{exec: "DELETE WHERE key = 'f' AND value = '6'", n: 1},
			{exec: "DELETE WHERE key > 'x' AND value = '6'", n: 0},
		}},
		{name: "delete by a pattern that comes as an argument", left: "a|1 c|3 d|4 e|5 f|6", steps: []step{
			{exec: "DELETE WHERE key GLOB ?", args: args("b*"), n: 1},
			{exec: "DELETE WHERE key GLOB ?", args: args("?x*"), n: 0},
		}},
		{name: "uncounted deletes are counted row by row", settings: "count_deletes=off", left: "a|1 b|2", steps: []step{
			{exec: "DELETE WHERE CAST(value AS INTEGER) > 2", n: 4},
		}},
		{name: "keys of text", settings: "key_type=text&value_type=text", left: "2|x a|1", steps: []step{
			{exec: "DELETE WHERE key != 'a'", n: 5},
			{exec: "INSERT INTO kv VALUES (1 + 1, 'x')", n: 1},
			{query: "SELECT key, value || '!' WHERE key = 2 OR value = 'z'", rows: "2|x!"},
			{query: "SELECT min(key), max(key)", rows: "2|a"},
		}},
		{name: "refused before anything runs", left: "a|1 b|2 c|3 d|4 e|5 f|6", steps: []step{
			{query: "SELECT key WHERE value > ?", args: args(5), is: lsmlite.ErrMisuse, err: "argument 1: bytes cannot be compared with a number: write CAST(value AS INTEGER)"},
			{query: "SELECT key WHERE value > 5", is: lsmlite.ErrSyntax, err: "CAST(value AS INTEGER)"},
			{exec: "DELETE WHERE value > ? AND key < 'a'", args: args(5), is: lsmlite.ErrMisuse},
			{exec: "UPDATE SET value = 1 WHERE key = 'none' AND value = ?", args: args(true), is: lsmlite.ErrMisuse},
			{query: "SELECT key WHERE value LIKE ?", args: args(strings.Repeat("x", 50_001)), is: lsmlite.ErrTooBig},
			{query: "SELECT key WHERE key = 5", is: lsmlite.ErrSyntax, err: "key_type"},
			{query: "SELECT key WHERE key = 5 OR value = 'x'", is: lsmlite.ErrSyntax, err: "key_type"},
			{exec: "UPDATE SET key = 'x'", is: lsmlite.ErrSyntax, err: "cannot be changed"},
			{query: "DELETE RETURNING count(*)", is: lsmlite.ErrSyntax, err: "aggregates"},
		}},
		{name: "explain", left: "a|1 b|2 c|3 d|4 e|5 f|6", steps: []step{
			{query: "EXPLAIN SELECT key WHERE key GLOB ? AND value = 'x' LIMIT 1", args: args("a*"),
				rows: "1|scan|forward, keys and values| 2|interval|['a', 'b')|[61, 62) 3|filter|key GLOB ?1 AND value = 'x'| 4|limit|1|"},
			{query: "EXPLAIN QUERY PLAN DELETE", rows: "1|scan|forward, keys only| 2|interval|(-, -)|(-, -) 3|delete|by interval|"},
			{exec: "EXPLAIN UPDATE SET value = 1", n: 0},
			{query: "EXPLAIN DELETE WHERE value > ?", args: args(1), is: lsmlite.ErrMisuse},
		}},
	}
	eachStore(t, func(t *testing.T, open opener) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				db := open(t, tt.settings)
				exec(t, db, letters)
				runScript(t, db, tt.steps)
				if tt.left != "" {
					wantRows(t, db, tt.left, "SELECT *")
				}
				// Again within a transaction, where statements run on levels of their own.
				exec(t, db, "DELETE WHERE key >= ''; "+letters)
				tx, err := db.Begin()
				if err != nil {
					t.Fatal(err)
				}
				runScript(t, tx, tt.steps)
				if tt.left != "" {
					wantRows(t, tx, tt.left, "SELECT *")
				}
				if err := tx.Rollback(); err != nil {
					t.Error(err)
				}
				wantRows(t, db, "a|1 b|2 c|3 d|4 e|5 f|6", "SELECT *")
			})
		}
	})
}

// TestUpdateSeesItsStart writes so much in one statement that the engine flushes in the
// middle, while the statement still reads.
func TestUpdateSeesItsStart(t *testing.T) {
	db := openFile(t, "page_size=256&block_size=64&autoflush=2&safety=off")
	const numRows = 3000
	fill(t, db, numRows)
	if n := exec(t, db, "UPDATE SET value = value || '+' WHERE value NOT LIKE '%+'"); n != numRows {
		t.Errorf("%d rows updated", n)
	}
	if n := exec(t, db, "INSERT INTO kv VALUES ('zz', 'x'); UPDATE SET value = value || key WHERE length(key) > 0"); n != numRows+1 {
		t.Errorf("%d rows updated", n)
	}
	wantRows(t, db, fmt.Sprint(numRows), "SELECT count(*) WHERE value LIKE '%+k%'")
	if n := exec(t, db, "DELETE WHERE value LIKE '%+k%'"); n != numRows {
		t.Errorf("%d rows deleted", n)
	}
	wantRows(t, db, "zz|xzz", "SELECT *")
}

func TestReturningIsDoneWhenQueryReturns(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		rows, err := db.Query("UPDATE SET value = value || '!' RETURNING key, value")
		if err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a|1! b|2! c|3! d|4! e|5! f|6!", "SELECT *")
		exec(t, db, "DELETE")
		var got []string
		for rows.Next() {
			var key, value string
			if err := rows.Scan(&key, &value); err != nil {
				t.Fatal(err)
			}
			got = append(got, key+value)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		if s := strings.Join(got, " "); s != "a1! b2! c3! d4! e5! f6!" {
			t.Errorf("returned %s", s)
		}
	})
}

// TestComputingKeepsNoArguments changes the caller's bytes once Query has returned.
func TestComputingKeepsNoArguments(t *testing.T) {
	db := openMemory(t, "")
	exec(t, db, letters)
	for _, c := range []struct{ query, want string }{
		{"SELECT ? || value WHERE key = 'c'", "b3"},
		{"SELECT key WHERE key = ? AND value = '2'", "b"},
		{"SELECT key || ? WHERE value > '4'", "eb fb"},
		{"SELECT key WHERE key || value > ? || value", "c d e f"},
		{"SELECT key WHERE key GLOB ? || '*'", "b"},
		{"INSERT INTO kv VALUES (? || 'x', ?1) RETURNING key, value", "bx|b"},
		{"SELECT 1; SELECT lower(?)", "1 ; b"},
	} {
		arg := []byte("b")
		rows, err := db.Query(c.query, arg)
		if err != nil {
			t.Fatalf("%s: %v", c.query, err)
		}
		arg[0] = 'z'
		got, err := drain(rows)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.query, got, err, c.want)
		}
	}
}

// drain is what ask does with rows.
func drain(rows *sql.Rows) (string, error) { return ask(openRows{rows}, "") }

// openRows is a session whose only query has run already.
type openRows struct{ rows *sql.Rows }

func (o openRows) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, errors.New("not a session that executes")
}

func (o openRows) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return o.rows, nil
}

func TestComputedColumnTypes(t *testing.T) {
	type column struct {
		name, db string
		scan     reflect.Type
		nullable bool
	}
	bytesType, intType, realType := reflect.TypeFor[[]byte](), reflect.TypeFor[int64](), reflect.TypeFor[float64]()
	tests := []struct {
		settings, query string
		args            []any
		want            []column
	}{
		{"", "SELECT key || 'x', length( value ) n, CAST(value AS REAL), value + 1, value / 2.5, -?", args("1"), []column{
			{"key || 'x'", "BLOB", bytesType, false}, {"n", "INTEGER", intType, false}, {"CAST(value AS REAL)", "REAL", realType, false},
			{"value + 1", "NUMERIC", reflect.TypeFor[any](), true}, {"value / 2.5", "REAL", realType, false},
			{"-?", "NUMERIC", reflect.TypeFor[any](), false}}},
		{"", "SELECT CAST(1 / value AS INTEGER), CAST(value % ? AS REAL), lower(1 / value), +?", args(2, 3), []column{
			{"CAST(1 / value AS INTEGER)", "INTEGER", reflect.TypeFor[sql.NullInt64](), true}, {"CAST(value % ? AS REAL)", "REAL", realType, false},
			{"lower(1 / value)", "BLOB", bytesType, true}, {"+?", "INTEGER", intType, false}}},
		{"value_type=text", "SELECT value || 'x', lower(1 / value)", nil, []column{
			{"value || 'x'", "TEXT", reflect.TypeFor[string](), false}, {"lower(1 / value)", "TEXT", reflect.TypeFor[sql.NullString](), true}}},
		{"", "SELECT MIN(KEY), max(key) AS top, count(*)", nil, []column{
			{"MIN(KEY)", "BLOB", bytesType, true}, {"top", "BLOB", bytesType, true}, {"count(*)", "INTEGER", intType, false}}},
		{"key_type=text", "SELECT max(key)", nil, []column{{"max(key)", "TEXT", reflect.TypeFor[sql.NullString](), true}}},
		{"", "UPDATE SET value = 1 WHERE key = 'x' RETURNING *, length(key) AS n", nil, []column{
			{"key", "BLOB", bytesType, false}, {"value", "BLOB", bytesType, false}, {"n", "INTEGER", intType, false}}},
		{"", "DELETE", nil, nil},
	}
	for _, tt := range tests {
		db := openMemory(t, tt.settings)
		rows, err := db.Query(tt.query, tt.args...)
		if err != nil {
			t.Fatalf("%s: %v", tt.query, err)
		}
		types, err := rows.ColumnTypes()
		if err != nil {
			t.Fatal(err)
		}
		if len(types) != len(tt.want) {
			t.Errorf("%s: %d columns, want %d", tt.query, len(types), len(tt.want))
		}
		for i, typ := range types {
			nullable, _ := typ.Nullable()
			if got := (column{typ.Name(), typ.DatabaseTypeName(), typ.ScanType(), nullable}); got != tt.want[i] {
				t.Errorf("%s: column %d is %v, want %v", tt.query, i, got, tt.want[i])
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestFilteredScanIsCancelled is about scans that visit much and return nothing.
func TestFilteredScanIsCancelled(t *testing.T) {
	db := openMemory(t, "")
	fill(t, db, 5000)
	for _, query := range []string{
		"SELECT key WHERE value = 'none'", "SELECT count(*) WHERE value = 'none'", "SELECT max(key) WHERE value = 'none'",
		"UPDATE SET value = 1 WHERE value = 'none'", "DELETE WHERE value = 'none' RETURNING key",
	} {
		ctx := &soonCancelled{Context: context.Background(), left: 10}
		rows, err := db.QueryContext(ctx, query)
		if err == nil {
			for rows.Next() {
				t.Errorf("%s: a row", query)
			}
			err = errors.Join(rows.Err(), rows.Close())
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", query, err)
		}
		if ctx.left < -10 {
			t.Errorf("%s: went on for %d looks at its context", query, -ctx.left)
		}
	}
	wantRows(t, db, "5000", "SELECT count(*)")
}

// soonCancelled is a context that is cancelled after so many looks at it.
type soonCancelled struct {
	context.Context
	left int
}

func (c *soonCancelled) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}
