// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// nils are the forms in which nil comes.
var nils = map[string]any{
	"nil":                  nil,
	"nil slice":            []byte(nil),
	"nil named slice":      namedBytes(nil),
	"nil RawMessage":       json.RawMessage(nil),
	"nil RawBytes":         sql.RawBytes(nil),
	"nil *[]byte":          (*[]byte)(nil),
	"pointer to nil slice": new([]byte),
	"nil *string":          (*string)(nil),
	"NullString":           sql.NullString{},
	"Null[[]byte]":         sql.Null[[]byte]{},
	"valid nil []byte":     sql.Null[[]byte]{Valid: true},
	"Valuer of nil":        oddValuer{},
	"Valuer of nil slice":  oddValuer{v: []byte(nil)},
	"nil Valuer":           (*oddValuer)(nil),
	"NullTime":             sql.NullTime{},
}

// empties are the forms in which the empty value comes.
var empties = map[string]any{
	"string": "", "slice": []byte{}, "named slice": namedBytes{}, "RawMessage": json.RawMessage{}, "RawBytes": sql.RawBytes{},
	"pointer": &[]byte{}, "NullString": sql.NullString{Valid: true}, "Null": sql.Null[[]byte]{V: []byte{}, Valid: true}, "Valuer": oddValuer{v: []byte{}},
}

// nil is no bound, no key, no value and no pattern, wherever it stands: it is refused before
// anything is read or written, and never taken for the empty value.
func TestNilIsRefusedWhereverItStands(t *testing.T) {
	statements := []string{
		"SELECT key WHERE key < ?", "SELECT key WHERE key > ?", "SELECT key WHERE key <= ? AND key > 'a'", "SELECT key WHERE key = ?",
		"SELECT key WHERE key != ?", "SELECT key WHERE ? < key", "SELECT key WHERE key BETWEEN ? AND 'z'", "SELECT key WHERE key BETWEEN 'a' AND ?",
		"SELECT key WHERE key NOT BETWEEN 'a' AND ?", "SELECT key WHERE key IN ('a', ?)", "SELECT key WHERE key NOT IN (?)",
		"SELECT key WHERE key GLOB ?", "SELECT key WHERE value LIKE ?", "SELECT key WHERE value LIKE 'a' ESCAPE ?", "SELECT key WHERE value = ?",
		"SELECT key WHERE ? = ''", "SELECT key LIMIT ?", "SELECT key LIMIT 1 OFFSET ?", "SELECT ?", "SELECT 'a' || ?", "SELECT length(?)",
		"SELECT key WHERE key = :name", "SELECT min(key) WHERE key < ?", "EXPLAIN SELECT key WHERE key < ?",
		"INSERT INTO kv VALUES ('new', ?)", "INSERT INTO kv VALUES (?, 'new')", "INSERT INTO kv VALUES ('new', 1), ('b', ?)",
		"INSERT OR IGNORE INTO kv VALUES ('new', ?)", "INSERT INTO kv VALUES ('a', 1) ON CONFLICT DO UPDATE SET value = ?",
		"UPDATE kv SET value = ?", "UPDATE kv SET value = 'x' WHERE key < ?", "DELETE FROM kv WHERE key < ?", "DELETE FROM kv WHERE key BETWEEN 'a' AND ?",
		"DELETE FROM kv; SELECT ?",
	}
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		want, err := ask(db, "SELECT *")
		if err != nil {
			t.Fatal(err)
		}
		for name, arg := range nils {
			for _, text := range statements {
				if strings.Contains(text, ":name") {
					arg = sql.Named("name", nils[name])
				}
				_, err := db.Exec(text, arg)
				if !errors.Is(err, lsmlite.ErrMisuse) || !strings.Contains(fmt.Sprint(err), "is not a value: there is no NULL here") {
					t.Errorf("%s: %s by Exec: %v", name, text, err)
				}
				if rows, err := db.Query(text, arg); err == nil {
					t.Errorf("%s: %s by Query: no error", name, text)
					_ = rows.Close()
				}
				arg = nils[name]
			}
			wantRows(t, db, want, "SELECT *")
		}
		// The empty value is a value: a bound below everything, and a key and value.
		for name, arg := range empties {
			wantRows(t, db, "", "SELECT key WHERE key < ?", arg)
			wantRows(t, db, "6", "SELECT count(*) WHERE key > ?", arg)
			wantRows(t, db, "", "SELECT key WHERE key BETWEEN ? AND ?", arg, arg)
			wantRows(t, db, "", "SELECT key WHERE key IN (?)", arg)
			wantRows(t, db, "6", "SELECT count(*) WHERE key NOT IN (?)", arg)
			if n := exec(t, db, "INSERT INTO kv VALUES (?, ?)", arg, arg); n != 1 {
				t.Errorf("%s: %d rows", name, n)
			}
			var key, value []byte
			if err := db.QueryRow("SELECT key, value WHERE key = ?", arg).Scan(&key, &value); err != nil || key == nil || value == nil || len(key)+len(value) > 0 {
				t.Errorf("%s: read back as %#v, %#v, %v", name, key, value, err)
			}
			if n := exec(t, db, "DELETE WHERE key <= ? AND value = ?", arg, arg); n != 1 {
				t.Errorf("%s: %d rows deleted", name, n)
			}
		}
	})
}

// Ten thousand named arguments are put into their places without a look at every name for
// each.
func TestManyNamedArguments(t *testing.T) {
	const n = 10_000
	var text strings.Builder
	named := make([]any, n)
	text.WriteString("SELECT key WHERE key IN (''")
	for i := range n {
		fmt.Fprintf(&text, ", :n%d", i)
		named[i] = sql.Named(fmt.Sprintf("n%d", n-1-i), fmt.Sprintf("k%d", n-1-i))
	}
	text.WriteString(")")
	db := openMemory(t, "")
	exec(t, db, "INSERT INTO kv VALUES ('k0', 1), ('k9999', 2), ('k10000', 3)")
	wantRows(t, db, "k0 k9999", text.String(), named...)
	_, err := db.Query(text.String(), append(named[1:], sql.Named("unknown", "x"))...)
	checkError(t, "Query", err, "the statement has no parameter named unknown", lsmlite.ErrMisuse)
	_, err = db.Query(text.String(), append(named[1:], sql.Named("n0", "x"))...)
	checkError(t, "Query", err, "the argument n0 is given twice", lsmlite.ErrMisuse)
}
