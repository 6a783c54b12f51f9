// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// letters fills a table with the keys a to f, whose values are the numbers 1 to 6.
const letters = "INSERT INTO kv VALUES ('a', 1), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6)"

// TestStatements runs scripts, each on a database that holds letters, and checks what
// is left.
func TestStatements(t *testing.T) {
	tests := []struct {
		name     string
		settings string
		steps    []step
		left     string // keys at the end
	}{
		{name: "point lookups", left: "a b c d e f", steps: []step{
			{query: "SELECT value FROM kv WHERE key = ?", args: args("c"), rows: "3"},
			{query: "SELECT key, value, 'x', 7, 1.5, ? WHERE key = 'c'", args: args("p"), rows: "c|3|x|7|1.5|p"},
			{query: "SELECT value WHERE key = ?", args: args([]byte("cc"))},
			{query: "SELECT value WHERE key = ''"},
			{query: "SELECT value WHERE key = 'c' LIMIT 1 OFFSET 1"},
			{query: "SELECT value WHERE key = 'c' LIMIT 0"},
		}},
		{name: "ranges", left: "a b c d e f", steps: []step{
			{query: "SELECT key", rows: "a b c d e f"},
			{query: "SELECT * FROM kv WHERE key > 'b' AND key <= 'e'", rows: "c|3 d|4 e|5"},
			{query: "SELECT key WHERE key BETWEEN ? AND ? ORDER BY key DESC", args: args("b", "d"), rows: "d c b"},
			{query: "SELECT key WHERE key < 'c' ORDER BY key DESC", rows: "b a"},
			{query: "SELECT key WHERE key > 'dd'", rows: "e f"},
			{query: "SELECT key WHERE key >= 'bb' AND key < 'dd' ORDER BY key DESC", rows: "d c"},
			{query: "SELECT key WHERE key > 'c' AND key < 'c'"},
			{query: "SELECT key WHERE key > 'f'"},
			{query: "SELECT key WHERE key < 'a' ORDER BY key DESC"},
		}},
		{name: "sets of ranges", left: "a b c d e f", steps: []step{
			{query: "SELECT key WHERE key IN ('e', 'a', 'x', 'c', 'a')", rows: "a c e"},
			{query: "SELECT key WHERE key IN ('e', 'a', 'x', 'c') ORDER BY key DESC", rows: "e c a"},
			{query: "SELECT key WHERE key <= 'b' OR key >= 'e'", rows: "a b e f"},
			{query: "SELECT key WHERE key <= 'b' OR key >= 'e' ORDER BY key DESC", rows: "f e b a"},
			{query: "SELECT key WHERE key NOT IN ('b', 'e')", rows: "a c d f"},
			{query: "SELECT count(*) WHERE key != ?", args: args("d"), rows: "5"},
		}},
		{name: "limit and offset", left: "a b c d e f", steps: []step{
			{query: "SELECT key LIMIT 2", rows: "a b"},
			{query: "SELECT key LIMIT 2 OFFSET 3", rows: "d e"},
			{query: "SELECT key LIMIT -1 OFFSET 4", rows: "e f"},
			{query: "SELECT key LIMIT 10 OFFSET 6"},
			{query: "SELECT key LIMIT 0"},
			{query: "SELECT key ORDER BY key DESC LIMIT ? OFFSET ?", args: args(2, -5), rows: "f e"},
			{query: "SELECT key WHERE key IN ('a', 'c', 'e') LIMIT 1 OFFSET 1", rows: "c"},
			{query: "SELECT key LIMIT ?", args: args("2"), err: "LIMIT must be an integer", is: lsmlite.ErrMisuse},
			{query: "SELECT 1 LIMIT 0"},
			{query: "SELECT 1 LIMIT 5 OFFSET 1"},
		}},
		{name: "aggregates and constants", left: "a b c d e f", steps: []step{
			{query: "SELECT count(*)", rows: "6"},
			{query: "SELECT count(*), count(*) FROM kv WHERE key > 'b'", rows: "4|4"},
			{query: "SELECT count(*) WHERE key < ''", rows: "0"},
			{query: "SELECT count(*) LIMIT 0"},
			{query: "SELECT count(*) LIMIT 1 OFFSET 1"},
			{query: "SELECT 1, 'x', x'79'", rows: "1|x|y"},
			{query: "SELECT ?, ?", args: args(5, 0.5), rows: "5|0.5"},
		}},
		{name: "insert replaces", left: "a b c d e f g", steps: []step{
			{exec: "INSERT INTO kv (value, key) VALUES ('new', 'a'), ('x', 'g')", n: 2},
			{query: "SELECT value WHERE key IN ('a', 'g')", rows: "new x"},
			{exec: "REPLACE INTO kv VALUES ('a', ?)", args: args(-7), n: 1},
			{query: "SELECT value WHERE key = 'a'", rows: "-7"},
			{exec: "INSERT OR REPLACE INTO kv VALUES (?, ?)", args: args("a", 2.0), n: 1},
			{query: "SELECT value WHERE key = 'a'", rows: "2.0"},
		}},
		{name: "insert or ignore", left: "a b c d e f g", steps: []step{
			{exec: "INSERT OR IGNORE INTO kv VALUES ('a', 'x'), ('g', 'y'), ('g', 'z')", n: 1},
			{query: "SELECT value WHERE key IN ('a', 'g')", rows: "1 y"},
			{exec: "INSERT OR IGNORE INTO kv VALUES ('b', 'x')", n: 0},
		}},
		{name: "insert or abort undoes the statement", left: "a b c d e f x", steps: []step{
			{exec: "INSERT OR ABORT INTO kv VALUES ('x', 1)", n: 1},
			{exec: "INSERT OR ABORT INTO kv VALUES ('y', 1), ('b', 1), ('z', 1)", is: lsmlite.ErrConstraint, err: "the key 'b' exists"},
			{exec: "INSERT OR ABORT INTO kv VALUES ('y', 1), ('y', 2)", is: lsmlite.ErrConstraint},
			{exec: "INSERT OR ABORT INTO kv VALUES (x'00ff', 1), (x'00ff', 2)", is: lsmlite.ErrConstraint, err: "x'00ff'"},
		}},
		{name: "delete points", left: "a c e f", steps: []step{
			{exec: "DELETE FROM kv WHERE key = 'b'", n: 1},
			{exec: "DELETE WHERE key = ?", args: args("b"), n: 0},
			{exec: "DELETE WHERE key IN ('d', 'x', 'b')", n: 1},
		}},
		{name: "delete ranges", left: "c f", steps: []step{
			{exec: "DELETE WHERE key > 'f'", n: 0},
			{exec: "DELETE WHERE key BETWEEN 'd' AND 'e'", n: 2},
			{exec: "DELETE WHERE key < 'c'", n: 2},
			{exec: "DELETE WHERE key > 'c' AND key < 'f'", n: 0},
		}},
		{name: "delete open ranges", left: "a f", steps: []step{
			{exec: "DELETE WHERE key > 'a' AND key < 'f'", n: 4},
		}},
		{name: "delete two ranges", left: "c d", steps: []step{
			{exec: "DELETE WHERE key < 'c' OR key >= 'e'", n: 4},
		}},
		{name: "delete everything", steps: []step{
			{exec: "DELETE", n: 6},
			{exec: "DELETE", n: 0},
		}},
		{name: "delete above", left: "a b", steps: []step{
			{exec: "DELETE WHERE key >= 'c'", n: 4},
		}},
		{name: "several statements", left: "a b c d e f x y", steps: []step{
			{exec: "INSERT INTO kv VALUES (?, ?); INSERT INTO kv VALUES (?, ?)", args: args("x", 1, "y", 2), n: 1},
			{query: "SELECT key WHERE key = ?; SELECT count(*) WHERE key > ?; SELECT 'z'", args: args("x", "e"), rows: "x ; 3 ; z"},
			{exec: "DELETE WHERE key = 'none'; SELECT 1", n: 0},
			{exec: "INSERT INTO kv VALUES ('q', 1); SELEC", is: lsmlite.ErrSyntax, err: "^"},
			// What is wrong with the arguments is found before the first statement runs, too.
			{exec: "INSERT INTO kv VALUES ('q', 1); DELETE WHERE value > ?", args: args(5), is: lsmlite.ErrMisuse, err: "write CAST(value AS INTEGER)"},
			{query: "INSERT INTO kv VALUES ('q', 1); SELECT key LIMIT ?", args: args("5"), is: lsmlite.ErrMisuse, err: "LIMIT must be an integer"},
			{exec: "INSERT INTO kv VALUES ('q', 1); INSERT INTO kv VALUES (5, 1)", is: lsmlite.ErrSyntax, err: "a key is bytes"},
			{exec: ""},
			{query: " -- nothing"},
		}},
		{name: "the empty key and the empty value", left: " a b c d e f", steps: []step{
			{exec: "INSERT INTO kv VALUES ('', '')", n: 1},
			{query: "SELECT key, value LIMIT 2", rows: "| a|1"},
			{query: "SELECT value WHERE key = ?", args: args([]byte{})},
			{query: "SELECT count(*) WHERE key <= ''", rows: "1"},
			{exec: "DELETE WHERE key < 'a'", n: 1},
			{query: "SELECT count(*) WHERE key < 'a'", rows: "0"},
			{exec: "INSERT INTO kv VALUES (?, ?)", args: args([]byte{}, ""), n: 1},
		}},
		{name: "types of keys", left: "2024-02-29T12:00:00.000000000Z a b c d e f", steps: []step{
			{query: "SELECT value WHERE key = 5", is: lsmlite.ErrSyntax, err: "numbers do not sort as text"},
			{query: "SELECT value WHERE key = ?", args: args(5), is: lsmlite.ErrMisuse, err: "argument 1"},
			{exec: "INSERT INTO kv VALUES (?, ?)", args: args(true, "x"), is: lsmlite.ErrMisuse, err: "argument 1"},
			{exec: "INSERT INTO kv VALUES ('x', 1), (?, 2)", args: args(1.5), is: lsmlite.ErrMisuse},
			{exec: "INSERT INTO kv VALUES (?, true)", err: "", is: lsmlite.ErrSyntax},
			{exec: "INSERT INTO kv VALUES (?, ?)", args: args(time.Date(2024, 2, 29, 13, 0, 0, 0, time.FixedZone("", 3600)), true), n: 1},
			{query: "SELECT value WHERE key < 'a'", rows: "1"},
		}},
		{name: "text keys take numbers", settings: "key_type=text", left: "10 5 a b c d e f", steps: []step{
			{exec: "INSERT INTO kv VALUES (5, 'x'), (?, 'y')", args: args(10), n: 2},
			{query: "SELECT value WHERE key = ?", args: args(5), rows: "x"},
			{query: "SELECT value WHERE key IN (5, 10)", rows: "y x"},
			{query: "SELECT value WHERE key >= ? AND key < 'a'", args: args(2), rows: "x"},
		}},
		{name: "named arguments", left: "a b c d e f x y", steps: []step{
			{exec: "INSERT INTO kv VALUES (:k, @v), ($l, @v)", n: 2,
				args: args(sql.Named("v", "V"), sql.Named("l", "y"), sql.Named("k", "x"))},
			{query: "SELECT value WHERE key IN ('x', 'y')", rows: "V V"},
			{query: "SELECT value WHERE key = :k OR key = ?", args: args(sql.Named("k", "a"), "b"), rows: "1 2"},
			{query: "SELECT value WHERE key = :k", args: args("c"), rows: "3"},
			{query: "SELECT value WHERE key = ?2 OR key = ?1", args: args("a", "b"), rows: "1 2"},
			{query: "SELECT value WHERE key = :k", args: args(sql.Named("x", "a")), err: "no parameter named x", is: lsmlite.ErrMisuse},
			{query: "SELECT value WHERE key = :k", err: "no argument for the parameter k", is: lsmlite.ErrMisuse},
			{query: "SELECT value WHERE key = :k", args: args(sql.Named("k", "a"), sql.Named("k", "b")), err: "given twice"},
			{query: "SELECT value WHERE key = :k", args: args("a", sql.Named("k", "b")), err: "given twice"},
			{query: "SELECT value WHERE key = :k OR key = @k", args: args(sql.Named("k", "a")), rows: "1"},
		}},
		{name: "counts of arguments", left: "a b c d e f", steps: []step{
			{query: "SELECT value WHERE key = ?", err: "takes 1 arguments, and number 1 is not given", is: lsmlite.ErrMisuse},
			{query: "SELECT value WHERE key = ?", args: args("a", "b"), err: "takes 1 arguments, and 2 are given", is: lsmlite.ErrMisuse},
			{exec: "DELETE", args: args("a"), err: "takes 0 arguments", is: lsmlite.ErrMisuse},
			{exec: "", args: args("a"), err: "no statement", is: lsmlite.ErrMisuse},
			{exec: "DELETE WHERE key = ?3", args: args("a", "b"), err: "number 3", is: lsmlite.ErrMisuse},
		}},
		{name: "syntax errors", left: "a b c d e f", steps: []step{
			{query: "SELECT value FROM users", err: "no such table: users", is: lsmlite.ErrSyntax},
			{query: "SELECT value\n WHERE key == ", err: "line 2", is: lsmlite.ErrSyntax},
			{exec: "DROP TABLE kv", err: "^", is: lsmlite.ErrSyntax},
		}},
		{name: "create is accepted", left: "a b c d e f", steps: []step{
			{exec: "CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID"},
		}},
		{name: "statements that write count in Query too", left: "a b c d e f q r", steps: []step{
			{query: "INSERT INTO kv VALUES ('q', 1)"},
			{query: "INSERT INTO kv VALUES ('r', 1); SELECT key WHERE key > 'f'", rows: " ; q r"},
		}},
	}
	eachStore(t, func(t *testing.T, open opener) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				db := open(t, tt.settings)
				if n := exec(t, db, letters); n != 6 {
					t.Fatalf("letters: %d rows affected, want 6", n)
				}
				runScript(t, db, tt.steps)
				wantRows(t, db, tt.left, "SELECT key")
			})
		}
	})
}

// TestDeletesInTransaction checks statements of several writes where they are nested.
func TestDeletesInTransaction(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		runScript(t, tx, []step{
			{exec: "INSERT INTO kv VALUES ('cc', 1), ('dd', 2)", n: 2},
			{exec: "DELETE WHERE key BETWEEN 'c' AND 'dd'", n: 4},
			{query: "SELECT key", rows: "a b e f"},
			{exec: "INSERT INTO kv VALUES ('d', 'again')", n: 1},
			{exec: "DELETE WHERE key = 'd' OR key = 'f'", n: 2},
			{exec: "INSERT OR ABORT INTO kv VALUES ('z', 1), ('a', 1)", is: lsmlite.ErrConstraint},
			{query: "SELECT key", rows: "a b e"},
		})
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a|1 b|2 e|5", "SELECT key, value")
	})
}

// TestUncountedDeletes checks that a DELETE that does not count deletes what one that
// counts does, and that its number of rows is an error.
func TestUncountedDeletes(t *testing.T) {
	conditions := []string{
		"", "WHERE key = 'c'", "WHERE key > 'b'", "WHERE key >= 'b'", "WHERE key < 'c'", "WHERE key <= 'c'",
		"WHERE key > 'b' AND key < 'e'", "WHERE key BETWEEN 'b' AND 'e'", "WHERE key >= 'b' AND key < 'e'",
		"WHERE key IN ('b', 'd', 'x')", "WHERE key > 'x'", "WHERE key <= ''", "WHERE key > ''",
		"WHERE key < 'b' OR key > 'e'", "WHERE key NOT IN ('b', 'd')", "WHERE key > 'b' AND key < 'b'",
	}
	eachStore(t, func(t *testing.T, open opener) {
		for _, where := range conditions {
			counting, not := open(t, ""), open(t, "count_deletes=off")
			for _, db := range []*sql.DB{counting, not} {
				exec(t, db, letters+", ('', 0)")
			}
			exec(t, counting, "DELETE "+where)
			want, err := ask(counting, "SELECT key, value")
			if err != nil {
				t.Fatal(err)
			}
			res, err := not.Exec("DELETE " + where)
			if err != nil {
				t.Fatal(err)
			}
			wantRows(t, not, want, "SELECT key, value")
			n, err := res.RowsAffected()
			switch {
			case strings.Contains(where, "key = 'c'") && (n != 1 || err != nil), strings.Contains(where, " IN (") && (n != 2 || err != nil) && !strings.Contains(where, "NOT"):
				t.Errorf("%s: single keys are counted, and %d rows are affected, %v", where, n, err)
			case strings.Contains(where, "key > 'b' AND key < 'b'") && (n != 0 || err != nil):
				t.Errorf("%s: nothing is, and %d rows are affected, %v", where, n, err)
			case err == nil && n > 2:
				t.Errorf("%s: %d rows affected and no error", where, n)
			case err != nil:
				checkError(t, where, err, "count_deletes is off", lsmlite.ErrMisuse)
			}
		}
	})
}

func TestLastInsertID(t *testing.T) {
	res, err := openMemory(t, "").Exec("INSERT INTO kv VALUES ('a', 'b')")
	if err != nil {
		t.Fatal(err)
	}
	id, err := res.LastInsertId()
	checkError(t, "LastInsertId", err, "there is none", lsmlite.ErrMisuse)
	if id != 0 {
		t.Errorf("LastInsertId is %d with its error, want 0", id)
	}
}
