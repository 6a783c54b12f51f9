// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// oddValuer is a driver.Valuer that returns what it is told.
type oddValuer struct {
	v   driver.Value
	err error
}

func (v oddValuer) Value() (driver.Value, error) { return v.v, v.err }

// pointerValuer has its method on the pointer.
type pointerValuer struct{ text string }

func (v *pointerValuer) Value() (driver.Value, error) { return v.text, nil }

type (
	namedBytes  []byte
	namedString string
	namedInt    int16
)

var errValuer = errors.New("no value today")

func TestOddArguments(t *testing.T) {
	text, number := "p", 7
	pointer := &text
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for _, tt := range []struct {
			arg  any
			want string
			err  string
			is   error
		}{
			{arg: oddValuer{v: "v"}, want: "v"},
			{arg: oddValuer{v: []byte("v")}, want: "v"},
			{arg: oddValuer{v: int64(5)}, want: "5"},
			{arg: oddValuer{v: true}, want: "1"},
			{arg: oddValuer{v: []byte(nil)}, err: "a nil []byte is not a value"},
			{arg: oddValuer{v: []byte{}}, want: ""},
			{arg: oddValuer{}, err: "nil is not a value"},
			{arg: oddValuer{err: errValuer}, err: "no value today", is: errValuer},
			{arg: oddValuer{v: int32(5)}, err: "cannot use an argument"},
			{arg: oddValuer{v: oddValuer{v: "nested"}}, err: "cannot use an argument"},
			{arg: oddValuer{v: struct{}{}}, err: "cannot use an argument"},
			{arg: (*oddValuer)(nil), err: "nil is not a value"}, // Value is not called
			{arg: &pointerValuer{"by pointer"}, want: "by pointer"},
			{arg: sql.Null[string]{V: "n", Valid: true}, want: "n"},
			{arg: sql.Null[int]{V: 3, Valid: true}, want: "3"},
			{arg: sql.Null[[]byte]{V: []byte("n"), Valid: true}, want: "n"},
			{arg: sql.Null[string]{}, err: "nil is not a value"},
			{arg: sql.NullString{String: "s", Valid: true}, want: "s"},
			{arg: sql.NullInt64{}, err: "nil is not a value"},
			{arg: namedBytes("nb"), want: "nb"},
			{arg: namedString("ns"), want: "ns"},
			{arg: namedInt(-4), want: "-4"},
			{arg: json.RawMessage(`{}`), want: "{}"},
			{arg: sql.RawBytes("raw"), want: "raw"},
			{arg: &pointer, want: "p"},
			{arg: &number, want: "7"},
			{arg: (*int)(nil), err: "nil is not a value"},
			{arg: uint64(1 << 63), err: "cannot use an argument"},
			{arg: sql.Out{Dest: &text}, err: "no output parameters"},
			{arg: []string{"a"}, err: "cannot use an argument"},
			{arg: map[string]int{}, err: "cannot use an argument"},
			{arg: make(chan int), err: "cannot use an argument"},
			{arg: func() {}, err: "cannot use an argument"},
			{arg: complex(1, 2), err: "cannot use an argument"},
		} {
			for _, arg := range []any{tt.arg, sql.Named("a", tt.arg)} {
				query := "SELECT '' || ?"
				if _, ok := arg.(sql.NamedArg); ok {
					query = "SELECT '' || :a"
				}
				got, err := ask(db, query, arg)
				checkError(t, fmt.Sprintf("%T %v", arg, arg), err, tt.err, tt.is)
				if tt.err != "" && tt.is == nil && !errors.Is(err, lsmlite.ErrMisuse) {
					t.Errorf("%T: %v is no ErrMisuse", arg, err)
				}
				if err == nil && got != tt.want {
					t.Errorf("%T %v: %q, want %q", arg, arg, got, tt.want)
				}
			}
		}
	})
}

// TestNullDestinations scans a value and NULL into destinations that hold both.
func TestNullDestinations(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		var text sql.Null[string]
		var raw sql.Null[[]byte]
		var pointer *string
		for query, valid := range map[string]bool{"SELECT max(key)": true, "SELECT max(key) WHERE key > 'x'": false} {
			for _, dest := range []any{&text, &raw, &pointer} {
				if err := db.QueryRow(query).Scan(dest); err != nil {
					t.Errorf("%s into %T: %v", query, dest, err)
				}
			}
			if text.Valid != valid || raw.Valid != valid || (pointer != nil) != valid {
				t.Errorf("%s: %v %v %v", query, text, raw, pointer)
			}
			if valid && (text.V != "f" || string(raw.V) != "f" || *pointer != "f") {
				t.Errorf("%s: %v %v %v", query, text, raw, *pointer)
			}
		}
		var s string
		if err := db.QueryRow("SELECT max(key) WHERE key > 'x'").Scan(&s); err == nil {
			t.Error("NULL was scanned into a string")
		}
	})
}

// TestHugeInList binds as many parameters as a statement may have.
func TestHugeInList(t *testing.T) {
	const numParams = 32766
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 1000)
		values := make([]any, numParams)
		for i := range values {
			values[i] = fmt.Sprintf("k%06d", (i*7919)%numParams) // in no order
		}
		list := strings.Repeat(",?", numParams)[1:]
		wantRows(t, db, "1000", "SELECT count(*) WHERE key IN ("+list+")", values...)
		wantRows(t, db, "0", "SELECT count(*) WHERE key NOT IN ("+list+")", values...)
		if n := exec(t, db, "DELETE WHERE key IN ("+list+")", values...); n != 1000 {
			t.Errorf("%d rows deleted", n)
		}
		_, err := db.Exec("DELETE WHERE key IN ("+list+",?)", append(values, "x")...)
		checkError(t, "one parameter more", err, "more than 32766 parameters", lsmlite.ErrSyntax)
	})
}

// TestEmptyBytes checks that an empty result is never taken for NULL, nor NULL for it.
func TestEmptyBytes(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		if n := exec(t, db, "INSERT INTO kv VALUES (?, ?), ('a', ?)", []byte{}, []byte{}, sql.RawBytes{}); n != 2 {
			t.Errorf("%d rows", n)
		}
		for _, query := range []string{
			"SELECT key WHERE key = ''", "SELECT key LIMIT 1", "SELECT min(key)", "SELECT value WHERE key = 'a'", "SELECT value",
			"SELECT ?", "SELECT '' || value", "SELECT substr(key, 2) WHERE key = 'a'", "SELECT CAST(value AS BLOB)",
			"SELECT lower(value)", "SELECT ''", "SELECT x''", "UPDATE kv SET value = '' WHERE key = '' RETURNING key",
			"INSERT INTO kv VALUES ('a', '') RETURNING value", "SELECT hex(1 / 0)",
		} {
			var values []any
			if strings.Contains(query, "?") {
				values = args([]byte{})
			}
			var raw sql.RawBytes
			var b []byte
			var a any
			var s sql.NullString
			for _, dest := range []any{&raw, &b, &a, &s} {
				rows, err := db.Query(query, values...)
				if err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				if !rows.Next() {
					t.Fatalf("%s: no row, %v", query, rows.Err())
				}
				if err := rows.Scan(dest); err != nil {
					t.Errorf("%s: %v", query, err)
				}
				if dest == any(&raw) && (raw == nil || len(raw) > 0) {
					t.Errorf("%s: RawBytes %#v", query, raw)
				}
				if err := rows.Close(); err != nil {
					t.Error(err)
				}
			}
			if any, ok := a.([]byte); b == nil || len(b) > 0 || !ok || any == nil || len(any) > 0 || !s.Valid || s.String != "" {
				t.Errorf("%s: %#v %#v %#v", query, b, a, s)
			}
		}
		b := []byte("old")
		if err := db.QueryRow("SELECT max(key) WHERE key > 'x'").Scan(&b); err != nil || b != nil {
			t.Errorf("NULL: %q, %v", b, err)
		}
	})
}

func TestWrongArguments(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		for _, tt := range []struct {
			query string
			args  []any
			err   string
		}{
			{"SELECT ?, ?", args(1), "takes 2 arguments, and number 2 is not given"},
			{"SELECT ?, ?", args(1, 2, 3), "takes 2 arguments, and 3 are given"},
			{"SELECT ?3", args(1, 2), "takes 3 arguments, and number 3 is not given"},
			{"SELECT 1", args(1), "takes 0 arguments, and 1 are given"},
			{"", args(1), "no statement, and 1 arguments are given"},
			{"SELECT :a", nil, "no argument for the parameter a"},
			{"SELECT :a", args(sql.Named("b", 1)), "no parameter named b"},
			{"SELECT :a", args(sql.Named("a", 1), sql.Named("a", 2)), "a is given twice"},
			{"SELECT :a", args(1, sql.Named("a", 2)), "given twice"},
			{"DELETE WHERE key = ?; DELETE WHERE key = ?", args("a"), "takes 2 arguments, and number 2 is not given"},
		} {
			_, err := ask(db, tt.query, tt.args...)
			checkError(t, "Query "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			_, err = db.Exec(tt.query, tt.args...)
			checkError(t, "Exec "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			stmt, err := db.Prepare(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = stmt.Exec(tt.args...)
			checkError(t, "Stmt.Exec "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			_, err = ask(stmtSession{stmt}, "", tt.args...)
			checkError(t, "Stmt.Query "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			if err := stmt.Close(); err != nil {
				t.Error(err)
			}
		}
		wantRows(t, db, "6", "SELECT count(*)") // nothing has run
	})
}
