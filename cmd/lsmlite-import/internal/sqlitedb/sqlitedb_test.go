// SPDX-License-Identifier: Apache-2.0

package sqlitedb

import (
	"database/sql"
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out"
	"github.com/lsmlite/lsmlite-go/cmd/lsmlite-import/internal/out/outtest"
)

// make makes a database by a script.
func makeDatabase(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my db?%.sqlite")
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f").Replace(path))
	if err == nil {
		_, err = db.Exec(script)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRead(t *testing.T) {
	const people = `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, born DATE, height REAL, photo BLOB);
		INSERT INTO people VALUES (1, 'Ada "A"', '1815-12-10', 1.5, x'00ff'), (2, 'Grace', NULL, 2.0, '');`
	for name, c := range map[string]struct {
		script string
		o      Options
		want   map[string]string
	}{
		"key and value": {`CREATE TABLE kv (value, key PRIMARY KEY) WITHOUT ROWID; INSERT INTO kv VALUES (x'00ff', x'61'), ('', ''), (12, 7), (0.1, 2.0)`,
			Options{}, map[string]string{"a": "\x00\xff", "": "", "7": "12", "2.0": "0.1"}},
		"two columns":   {`CREATE TABLE a (x TEXT PRIMARY KEY, y); INSERT INTO a VALUES ('k', 'v' || char(0) || 'w')`, Options{}, map[string]string{"k": "v\x00w"}},
		"a column":      {people, Options{Value: "born", Table: "people", Key: "name"}, nil},
		"of one person": {people + `DELETE FROM people WHERE id = 2`, Options{Value: "born"}, map[string]string{"1": "1815-12-10"}},
		"objects": {people, Options{ValueJSON: true}, map[string]string{
			"1": `{"name":"Ada \"A\"","born":"1815-12-10","height":1.5,"photo_base64":"AP8="}`,
			"2": `{"name":"Grace","born":null,"height":2.0,"photo":""}`}},
		"view": {people + `CREATE VIEW names AS SELECT name AS key, id AS value FROM people`, Options{Table: "names"},
			map[string]string{`Ada "A"`: "1", "Grace": "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := makeDatabase(t, c.script)
			if c.want == nil {
				if err := Read(path, c.o, out.New(new(strings.Builder))); !errors.Is(err, out.ErrRefused) || !strings.Contains(err.Error(), "row 2 has NULL in the column born") {
					t.Error(err)
				}
				return
			}
			got := outtest.Rows(t, func(w *out.Writer) error { return Read(path, c.o, w) })
			if !maps.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	const two = `CREATE TABLE a (x PRIMARY KEY, y); CREATE TABLE b (x, y, z)`
	for want, c := range map[string]struct {
		script string
		o      Options
		kind   error
	}{
		"--table names one of a, b":          {two, Options{}, out.ErrRefused},
		"has no table c":                     {two, Options{Table: "c"}, out.ErrRefused},
		"--key-column NAME names one of":     {two, Options{Table: "b"}, out.ErrRefused},
		"--value-column NAME names one of":   {two, Options{Table: "b", Key: "x"}, out.ErrRefused},
		"there is no column q":               {two, Options{Table: "b", Key: "q"}, out.ErrRefused},
		"row 1 has a text that is not UTF-8": {`CREATE TABLE a (x PRIMARY KEY, y); INSERT INTO a VALUES (1, CAST(x'ff' AS TEXT))`, Options{ValueJSON: true}, out.ErrRefused},
		"row 1 has +Inf in the column y":     {`CREATE TABLE a (x PRIMARY KEY, y); INSERT INTO a VALUES (1, 9e999)`, Options{ValueJSON: true}, out.ErrRefused},
		"row 1 has NULL in the column x":     {`CREATE TABLE a (x PRIMARY KEY, y); INSERT INTO a VALUES (NULL, 1)`, Options{}, out.ErrRefused},
	} {
		err := Read(makeDatabase(t, c.script), c.o, out.New(new(strings.Builder)))
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}
