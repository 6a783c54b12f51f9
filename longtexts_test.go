// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// maxErrorBytes is more than any error may have, whatever texts came from outside.
const maxErrorBytes = 10 << 10

// Whatever is long (a path, a setting, a name, a text, a key), the error about it is short.
func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("long ", 200_000)
	word := strings.Repeat("x", 1_000_000)
	check := func(what string, err error) {
		t.Helper()
		switch {
		case err == nil:
			t.Errorf("%s: no error", what)
		case len(err.Error()) > maxErrorBytes:
			t.Errorf("%s: an error of %d bytes: %.100s", what, len(err.Error()), err)
		}
	}
	for what, dsn := range map[string]string{
		"path": word, "path of many": strings.Repeat("a/", 500_000) + "b", "path and settings": word + "?mode=ro", "path with NUL": "a%00" + word,
		"name of a setting": "a?" + word + "=1", "value of a setting": "a?mode=" + word, "size": "a?page_size=" + word, "duration": "a?busy_timeout=" + word,
		"bad escape": "a?mode=%zz" + word, "codec": ":memory:?compression=" + word, "preset": "a?preset=" + word, "no value": "a?" + word,
	} {
		db, err := sql.Open("lsmlite", dsn)
		if err == nil {
			err = db.Ping()
			_ = db.Close()
		}
		check(what, err)
	}
	var e *lsmlite.Error
	_, err := engine.Open(context.Background(), filepath.Join(t.TempDir(), word), engine.Options{})
	check("engine", err)
	if !errors.As(err, &e) || !strings.HasSuffix(e.Path, word) {
		t.Errorf("the path of the error is not whole: %.100v", err)
	}

	db := openMemory(t, "")
	exec(t, db, "INSERT INTO kv VALUES (?, 1)", word)
	for what, text := range map[string]string{
		"no statement": long, "one word": word, "table": "SELECT * FROM " + word, "column": "SELECT " + word, "quoted column": `SELECT "` + long + `"`,
		"function": "SELECT " + word + "(1)", "savepoint": "RELEASE " + word, "text as a name": "RELEASE '" + long + "'", "pragma": "PRAGMA " + word,
		"pragma's value": "PRAGMA safety = '" + long + "'", "pragma's argument": "PRAGMA page_info('" + long + "')", "fixed pragma": "PRAGMA mode = '" + long + "'",
		"backup": "PRAGMA backup('" + word + "')", "number": "SELECT 1" + strings.Repeat("0", 1_000_000), "number and letters": "SELECT 1" + word,
		"parameter": "SELECT ?1" + strings.Repeat("0", 1_000_000), "named parameter": "SELECT :" + word, "open text": "SELECT '" + long, "open name": `SELECT "` + long,
		"comparison": "SELECT 1 WHERE 1 = '" + long + "'", "key": "INSERT INTO kv VALUES (1" + strings.Repeat(" + 1", 900) + ", 1)", "existing key": "INSERT OR ABORT INTO kv VALUES ('" + word + "', 1)",
		"NULL for a key": "UPDATE kv SET value = 1 / 0", "after a long text": "SELECT '" + long + "' x y", "before a long text": "SELECT x y '" + long + "'", "escape": "SELECT 1 WHERE 'a' LIKE 'a' ESCAPE '" + long + "'",
		"pattern": "SELECT 1 WHERE 'a' LIKE '" + long + "'", "alias": "SELECT 1 AS " + word + " 2", "cast": "SELECT CAST(1 AS " + word + ")", "limit": "SELECT key LIMIT '" + long + "'",
		"bytes": "SELECT x'" + strings.Repeat("00", 500_000) + "0'", "a line before": strings.Repeat("\n", 1_000_000) + "SELEC", "control characters": "SELECT " + strings.Repeat("\x01", 1_000_000),
	} {
		_, err := db.Exec(text)
		check(what, err)
		if strings.HasPrefix(text, "SELECT") {
			rows, err := db.Query(text)
			check(what+", by Query", err)
			if err == nil {
				_ = rows.Close()
			}
		}
	}
	for what, arg := range map[string]any{
		"unknown name": sql.Named(word, 1), "bad type": struct{ s string }{word}, "bad Valuer": oddValuer{err: errors.New(word)},
	} {
		_, err := db.Exec("SELECT ?", arg)
		if len(err.Error()) > maxErrorBytes && what != "bad Valuer" { // which is the caller's own
			t.Errorf("%s: an error of %d bytes", what, len(err.Error()))
		}
	}
	numbers := openMemory(t, "key_type=int64")
	_, err = numbers.Exec("INSERT INTO kv VALUES (?, 1)", word)
	check("bytes for a number", err)
	_, err = numbers.Exec("SELECT key WHERE key = ?", word)
	check("bytes compared with a number", err)
	if err := db.QueryRow("SELECT key").Scan(lsmlite.ScanTime(&sql.NullTime{})); err == nil || len(err.Error()) > maxErrorBytes {
		t.Errorf("ScanTime: %.100v", err)
	}
}
