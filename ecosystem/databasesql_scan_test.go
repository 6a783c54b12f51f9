// SPDX-License-Identifier: Apache-2.0

package ecosystem_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// A tool that knows nothing but ColumnTypes can make its destinations from them.
func TestScanByColumnTypes(t *testing.T) {
	db := open(t, newFile(t)+"?value_type=text")
	put(t, db, "INSERT INTO kv VALUES ('a', 'one')")
	rows, err := db.Query("SELECT key, value, 2, 'x' FROM kv")
	must(t, err)
	defer rows.Close()
	types, err := rows.ColumnTypes()
	must(t, err)
	dest := make([]any, len(types))
	for i, c := range types {
		dest[i] = reflect.New(c.ScanType()).Interface()
	}
	if !rows.Next() {
		t.Fatal("no row:", rows.Err())
	}
	must(t, rows.Scan(dest...))
	got := make([]any, len(dest))
	for i, d := range dest {
		got[i] = reflect.ValueOf(d).Elem().Interface()
	}
	if want := []any{[]byte("a"), "one", int64(2), "x"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
}

func TestScanDestinations(t *testing.T) {
	db := open(t, newFile(t))
	put(t, db, "INSERT INTO kv VALUES ('int', ?), ('float', ?), ('bool', ?)", 42, 1.5, true)
	scan := func(key string, dest any) {
		t.Helper()
		must(t, db.QueryRow("SELECT value FROM kv WHERE key = ?", key).Scan(dest))
	}
	var i int
	var u uint8
	var f float64
	var b bool
	var s string
	var a any
	scan("int", &i)
	equal(t, "int", i, 42)
	scan("int", &u)
	equal(t, "uint8", u, 42)
	scan("float", &f)
	equal(t, "float64", f, 1.5)
	scan("bool", &b)
	equal(t, "bool", b, true)
	scan("int", &s)
	equal(t, "string", s, "42")
	scan("int", &a)
	if !reflect.DeepEqual(a, []byte("42")) {
		t.Errorf("any: got %#v, want the bytes 42", a)
	}
	if err := db.QueryRow("SELECT value FROM kv WHERE key = 'float'").Scan(&i); err == nil {
		t.Error("1.5 as an int: no error")
	}
}

// What an any or a []byte received stays; RawBytes are good until the next row.
func TestScanOwnership(t *testing.T) {
	db := open(t, newFile(t))
	const n = 50
	for i := range n {
		put(t, db, "INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("key/%02d", i), strings.Repeat(string(rune('A'+i)), 100+i))
	}
	rows, err := db.Query("SELECT key, value, value, value FROM kv")
	must(t, err)
	defer rows.Close()
	var anys []any
	var slices [][]byte
	count := 0
	for ; rows.Next(); count++ {
		want := bytes.Repeat([]byte(string(rune('A'+count))), 100+count)
		var key string
		var raw sql.RawBytes
		var a any
		var b []byte
		must(t, rows.Scan(&key, &raw, &a, &b))
		if !bytes.Equal(raw, want) {
			t.Errorf("%s as RawBytes: %s", key, raw)
		}
		anys, slices = append(anys, a), append(slices, b)
	}
	must(t, rows.Err())
	equal(t, "rows", count, n)
	for i := range count {
		want := bytes.Repeat([]byte(string(rune('A'+i))), 100+i)
		if a, ok := anys[i].([]byte); !ok || !bytes.Equal(a, want) {
			t.Errorf("row %d: the any is %v", i, anys[i])
		}
		if !bytes.Equal(slices[i], want) {
			t.Errorf("row %d: the []byte is %s", i, slices[i])
		}
	}
}

// A Scanner sees the bytes, and its error is Scan's.
func TestScannerError(t *testing.T) {
	db := open(t, newFile(t))
	put(t, db, "INSERT INTO kv VALUES ('k', 'no JSON')")
	var p profile
	var syntax *json.SyntaxError
	if err := db.QueryRow("SELECT value FROM kv WHERE key = 'k'").Scan(&p); !errors.As(err, &syntax) {
		t.Errorf("got %v, want a JSON syntax error", err)
	}
}
