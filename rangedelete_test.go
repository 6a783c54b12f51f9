// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// TestRangeDeleteReplacesDeletedKeys deletes thousands of keys one by one and what is left
// of them by a condition on key. Whether rows are counted or not, the range takes the place
// of the single deletes: next to nothing of them is written to the file.
func TestRangeDeleteReplacesDeletedKeys(t *testing.T) {
	const keys = 5000
	name := func(i int) string { return fmt.Sprintf("q/%06d", i) }
	for _, settings := range []string{"count_deletes=on", "count_deletes=off"} {
		for text, left := range map[string]string{
			"DELETE FROM kv WHERE key BETWEEN 'q/' AND 'q0'":                           "a b z",
			"DELETE FROM kv WHERE key >= 'q/' AND key < 'r'":                           "a b z",
			"DELETE FROM kv WHERE key > 'q' AND key <= 'q/9'":                          "a b z",
			"DELETE FROM kv WHERE key GLOB 'q/*'":                                      "a b z",
			"DELETE FROM kv WHERE key < 'r'":                                           "z",
			"DELETE FROM kv WHERE key > 'a'":                                           "a",
			"DELETE FROM kv":                                                           "",
			"DELETE FROM kv WHERE key < 'aa' OR key > 'q' AND key < 'r' OR key = 'zz'": "b z",
		} {
			t.Run(settings+" "+text, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "test.lsm")
				db, err := sql.Open(lsmlite.DriverName, path+"?autowork=off&"+settings)
				if err != nil {
					t.Fatal(err)
				}
				var rest int
				exec(t, db, "INSERT INTO kv VALUES ('a', ''), ('b', ''), ('z', '')")
				each := func(query string, skip int) {
					t.Helper()
					tx, err := db.BeginTx(context.Background(), nil)
					if err != nil {
						t.Fatal(err)
					}
					for i := range keys {
						if skip == 0 || i%skip != skip/2 {
							exec(t, tx, query, name(i))
						} else {
							rest++
						}
					}
					if err := tx.Commit(); err != nil {
						t.Fatal(err)
					}
				}
				each("INSERT INTO kv VALUES (?, 'job')", 0)
				wantRows(t, db, "ok", "PRAGMA flush")
				each("DELETE FROM kv WHERE key = ?", keys/3)
				wantRows(t, db, fmt.Sprint(rest), "SELECT count(*) WHERE key GLOB 'q/*'")
				if _, err := db.Exec(text); err != nil {
					t.Fatal(err)
				}
				wantRows(t, db, left, "SELECT key FROM kv")
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}

				e, err := engine.Open(context.Background(), path, engine.Options{})
				if err != nil {
					t.Fatal(err)
				}
				levels := e.Structure()
				if len(levels) == 2 && levels[0].Segments[0].Pages > 1 || len(levels) > 2 {
					t.Errorf("the deletes are written as %+v", levels)
				}
				for p := range e.Check(context.Background()) {
					t.Error(p)
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
				db = openDSN(t, path)
				wantRows(t, db, left, "SELECT key FROM kv")
			})
		}
	}
}

// TestCountedAndUncountedDeletesWriteTheSame compares what the same delete writes with and
// without counting, where there is something to delete.
func TestCountedAndUncountedDeletesWriteTheSame(t *testing.T) {
	for _, text := range []string{
		"DELETE FROM kv WHERE key BETWEEN '0010' AND '0900'",
		"DELETE FROM kv WHERE key > '0010' AND key < '0012'",
		"DELETE FROM kv WHERE key >= '0999'",
		"DELETE FROM kv WHERE key < '0001'",
		"DELETE FROM kv",
		"DELETE FROM kv WHERE key IN ('0003', '0004') OR key > '05' AND key <= '07'",
	} {
		var wrote [2]tally
		for i, settings := range []string{"count_deletes=on", "count_deletes=off"} {
			cfg, err := lsmlite.ParseDSN(":memory:?" + settings)
			if err != nil {
				t.Fatal(err)
			}
			n := tally{}
			db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(cfg, func(op string) error {
				if op == "delete" || op == "delete range" || op == "put" {
					n[op]++
				}
				return nil
			})))
			conn := connect(t, db)
			thousandRows(t, conn)
			clear(n)
			if _, err := ask(conn, text); err != nil {
				t.Fatal(err)
			}
			wrote[i] = n
		}
		if got, want := wrote[0].String(), wrote[1].String(); got != want || got == "" {
			t.Errorf("%s: counted %s, uncounted %s", text, got, want)
		}
	}
}

// TestRangeDeleteUpToTheLongestKey: there is no key just after the longest one that a range
// could end at, so that one is deleted by itself.
func TestRangeDeleteUpToTheLongestKey(t *testing.T) {
	db := openMemory(t, "")
	exec(t, db, "INSERT INTO kv VALUES ('a', ''), ('m', ''), ('z', ''), ('zz', '')")
	longest := bytes.Repeat([]byte{'z'}, engine.MaxKeySize)
	if n := exec(t, db, "DELETE FROM kv WHERE key > 'a' AND key <= ?", longest); n != 3 {
		t.Errorf("%d rows are deleted, want 3", n)
	}
	wantRows(t, db, "a", "SELECT key FROM kv")
}
