// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

type valuer struct{ v driver.Value }

func (v valuer) Value() (driver.Value, error) { return v.v, nil }

type word string

func TestArguments(t *testing.T) {
	number, text := 42, "text"
	tests := []struct {
		arg  any
		want string // what is stored; or, if err is set, does not matter
		err  string
	}{
		{arg: []byte("x\x00y"), want: "x\x00y"},
		{arg: []byte(nil), err: "a nil []byte is not a value"},
		{arg: []byte{}},
		{arg: ""},
		{arg: "text", want: "text"},
		{arg: word("named"), want: "named"},
		{arg: json.RawMessage(`{"a":1}`), want: `{"a":1}`},
		{arg: json.RawMessage(nil), err: "a nil []byte is not a value"},
		{arg: sql.RawBytes("raw"), want: "raw"},
		{arg: int64(math.MinInt64), want: "-9223372036854775808"},
		{arg: 7, want: "7"},
		{arg: uint8(255), want: "255"},
		{arg: uint64(math.MaxInt64), want: "9223372036854775807"},
		{arg: uint64(math.MaxInt64 + 1), err: "high bit"},
		{arg: true, want: "1"},
		{arg: false, want: "0"},
		{arg: 1.0, want: "1.0"},
		{arg: float32(0.5), want: "0.5"},
		{arg: 1e-5, want: "1.0e-05"},
		{arg: math.Inf(1), want: "Inf"},
		{arg: math.NaN(), err: "NaN is not a value"},
		{arg: float32(math.NaN()), err: "NaN is not a value"},
		{arg: nil, err: "nil is not a value"},
		{arg: (*int)(nil), err: "nil is not a value"},
		{arg: &number, want: "42"},
		{arg: &text, want: "text"},
		{arg: sql.NullString{}, err: "nil is not a value"},
		{arg: sql.NullInt64{Int64: 3, Valid: true}, want: "3"},
		{arg: valuer{"from a Valuer"}, want: "from a Valuer"},
		{arg: valuer{math.NaN()}, err: "NaN is not a value"},
		{arg: valuer{nil}, err: "nil is not a value"},
		{arg: valuer{7}, err: "non-Value type int"},
		{arg: time.Date(2024, 1, 2, 3, 4, 5, 6, time.FixedZone("", -3600)), want: "2024-01-02T04:04:05.000000006Z"},
		{arg: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), want: "0000-01-01T00:00:00.000000000Z"},
		{arg: time.Date(9999, 12, 31, 23, 30, 0, 0, time.FixedZone("", -3600)), err: "year is 10000"},
		{arg: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), err: "year is -1"},
		{arg: sql.Out{Dest: &text}, err: "no output parameters"},
		{arg: []string{"a"}, err: "unsupported type []string"},
		{arg: struct{}{}, err: "unsupported type struct"},
		{arg: complex(1, 1), err: "unsupported type complex"},
	}
	db := openMemory(t, "")
	stmt, err := db.Prepare("INSERT INTO kv VALUES ('k', ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for _, tt := range tests {
		exec(t, db, "INSERT INTO kv VALUES ('k', 'old')")
		_, err := db.Exec("INSERT INTO kv VALUES ('k', ?)", tt.arg)
		if tt.err != "" {
			checkError(t, "Exec", err, tt.err, lsmlite.ErrMisuse)
			_, err := stmt.Exec(tt.arg)
			checkError(t, "Stmt.Exec", err, tt.err, lsmlite.ErrMisuse)
			wantRows(t, db, "old", "SELECT value WHERE key = 'k'")
			continue
		}
		if err != nil {
			t.Errorf("%#v: %v", tt.arg, err)
			continue
		}
		wantRows(t, db, tt.want, "SELECT value WHERE key = 'k'")
	}
}

// TestScan checks that what was stored from a Go value can be scanned into its type.
func TestScan(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, "INSERT INTO kv VALUES ('int', ?), ('real', ?), ('bool', ?), ('text', ?), ('empty', ?)",
			int64(math.MinInt64), 0.1, true, "text", []byte{})
		get := func(key string, dest any) any {
			t.Helper()
			if err := db.QueryRow("SELECT value WHERE key = ?", key).Scan(dest); err != nil {
				t.Errorf("%s: %v", key, err)
			}
			return reflect.ValueOf(dest).Elem().Interface()
		}
		for _, tt := range []struct {
			key        string
			dest, want any
		}{
			{"int", new(int64), int64(math.MinInt64)},
			{"real", new(float64), 0.1},
			{"bool", new(bool), true},
			{"bool", new(int), 1},
			{"text", new(string), "text"},
			{"text", new([]byte), []byte("text")},
			{"text", new(sql.NullString), sql.NullString{String: "text", Valid: true}},
			{"text", new(any), []byte("text")},
			{"empty", new(string), ""},
			{"empty", new([]byte), []byte{}},
			{"empty", new(sql.NullString), sql.NullString{Valid: true}},
		} {
			if got := get(tt.key, tt.dest); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s into %T: %#v, want %#v", tt.key, tt.dest, got, tt.want)
			}
		}
	})
}

func TestColumnTypes(t *testing.T) {
	type column struct {
		name, db string
		scan     any
	}
	tests := []struct {
		settings, query string
		args            []any
		want            []column
	}{
		{"", "SELECT * FROM kv", nil, []column{{"key", "BLOB", []byte{}}, {"value", "BLOB", []byte{}}}},
		{"", "SELECT kv.KEY, value AS v, ?, 1 one, 1.5, 'a' FROM kv", args(2.5), []column{
			{"key", "BLOB", []byte{}}, {"v", "BLOB", []byte{}}, {"?", "REAL", 0.0},
			{"one", "INTEGER", int64(0)}, {"1.5", "REAL", 0.0}, {"'a'", "BLOB", []byte{}}}},
		{"", "SELECT count(*)", nil, []column{{"count(*)", "INTEGER", int64(0)}}},
		{"", "SELECT value WHERE key = 'none'", nil, []column{{"value", "BLOB", []byte{}}}},
		{"value_type=text", "SELECT key, value", nil, []column{{"key", "BLOB", []byte{}}, {"value", "TEXT", ""}}},
		{"key_type=text", "SELECT key, value WHERE key = 'a'", nil, []column{{"key", "TEXT", ""}, {"value", "BLOB", []byte{}}}},
		{"", "PRAGMA table_info(kv)", nil, []column{{"cid", "INTEGER", int64(0)}, {"name", "TEXT", ""},
			{"type", "TEXT", ""}, {"notnull", "INTEGER", int64(0)}, {"dflt_value", "TEXT", sql.NullString{}}, {"pk", "INTEGER", int64(0)}}},
		{"", "INSERT INTO kv VALUES ('a', 'b')", nil, nil},
	}
	for _, tt := range tests {
		db := openMemory(t, tt.settings)
		exec(t, db, letters)
		rows, err := db.Query(tt.query, tt.args...)
		if err != nil {
			t.Fatal(err)
		}
		types, err := rows.ColumnTypes()
		if err != nil {
			t.Fatal(err)
		}
		if len(types) != len(tt.want) {
			t.Errorf("%s: %d columns, want %d", tt.query, len(types), len(tt.want))
			continue
		}
		for i, typ := range types {
			want := tt.want[i]
			if typ.Name() != want.name || typ.DatabaseTypeName() != want.db || typ.ScanType() != reflect.TypeOf(want.scan) {
				t.Errorf("%s: column %d is %s %s %v, want %s %s %T", tt.query, i,
					typ.Name(), typ.DatabaseTypeName(), typ.ScanType(), want.name, want.db, want.scan)
			}
			if nullable, ok := typ.Nullable(); !ok || nullable != (want.name == "dflt_value") {
				t.Errorf("%s: column %d nullable %v, %v", tt.query, i, nullable, ok)
			}
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestTextResults(t *testing.T) {
	db := openMemory(t, "key_type=text&value_type=text")
	exec(t, db, letters)
	var key, value any
	for _, query := range []string{"SELECT key, value WHERE key = 'b'", "SELECT key, value LIMIT 1 OFFSET 1",
		"SELECT 'b', '2'", "SELECT 'b' || '', CAST('2' AS BLOB)", "UPDATE kv SET value = '2' WHERE key = 'b' RETURNING key, '2'"} {
		if err := db.QueryRow(query).Scan(&key, &value); err != nil || key != "b" || value != "2" {
			t.Errorf("%s: %#v, %#v, %v; want strings", query, key, value, err)
		}
	}
}

// TestArgumentsAreTheCallers changes the bytes of arguments as soon as Query has
// returned.
func TestArgumentsAreTheCallers(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		for _, tt := range []struct{ query, want string }{
			{"SELECT key WHERE key BETWEEN ? AND ?", "b c d e"},
			{"SELECT key WHERE key BETWEEN ? AND ? ORDER BY key DESC", "e d c b"},
			{"SELECT key WHERE key IN (?, ?)", "b e"},
			{"SELECT key, ? WHERE key = 'a' OR key = ?", "a|b e|b"},
			{"SELECT ?, ?", "b|e"},
			{"SELECT 1; SELECT key WHERE key IN (?, ?); SELECT value WHERE key = ?1", "1 ; b e ; 2"},
			{"SELECT key, ? WHERE key = ?", "e|b"},
		} {
			lo, hi := []byte("b"), []byte("e")
			rows, err := db.Query(tt.query, lo, hi)
			if err != nil {
				t.Fatal(err)
			}
			lo[0], hi[0] = 'x', 'x'
			var sets []string
			for more := true; more; more = rows.NextResultSet() {
				var set []string
				for rows.Next() {
					cols, _ := rows.Columns()
					raw, dest := make([]sql.RawBytes, len(cols)), make([]any, len(cols))
					for i := range raw {
						dest[i] = &raw[i]
					}
					if err := rows.Scan(dest...); err != nil {
						t.Fatal(err)
					}
					var text []string
					for _, b := range raw {
						text = append(text, string(b))
					}
					set = append(set, strings.Join(text, "|"))
				}
				sets = append(sets, strings.Join(set, " "))
			}
			if err := rows.Err(); err != nil {
				t.Error(err)
			}
			if got := strings.Join(sets, " ; "); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
			}
		}
	})
}

// TestResultsAreTheCallers keeps results while other rows, statements and changes go
// over the same connection, and changes them.
func TestResultsAreTheCallers(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		db.SetMaxOpenConns(1)
		exec(t, db, letters)
		var kept [][]byte
		scan := func(row interface{ Scan(...any) error }, n int) {
			t.Helper()
			values, dest := make([][]byte, n), make([]any, n)
			for i := range values {
				dest[i] = &values[i]
			}
			if err := row.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, values...)
		}
		rows, err := db.Query("SELECT key, value WHERE key <= 'c'")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			scan(rows, 2)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		scan(db.QueryRow("SELECT key, value WHERE key = 'd'"), 2)
		scan(db.QueryRow("SELECT ?", "argument"), 1)
		scan(db.QueryRow("SELECT 'literal'"), 1)
		exec(t, db, "DELETE")
		exec(t, db, "INSERT INTO kv VALUES ('xxxx', 'yyyy')")
		wantRows(t, db, "xxxx|yyyy", "SELECT key, value")
		if got, want := string(bytes.Join(kept, []byte(" "))), "a 1 b 2 c 3 d 4 argument literal"; got != want {
			t.Errorf("kept %q, want %q", got, want)
		}
		for _, b := range kept {
			clear(b)
		}
		scan(db.QueryRow("SELECT 'literal'"), 1) // from the plan in the cache
		if got := string(kept[len(kept)-1]); got != "literal" {
			t.Errorf("a changed result has changed the plan: %q", got)
		}
	})
}
