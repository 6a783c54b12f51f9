// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"errors"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// In a deferred transaction the first statement on the table fixes what it reads, also if it
// looks at no row. One that is not on the table does not.
func TestDeferredTransactionIsFixedByItsFirstStatement(t *testing.T) {
	ctx := context.Background()
	for _, tt := range []struct {
		first string
		pins  bool
	}{
		{"SELECT key FROM kv WHERE key IN ()", true}, {"SELECT key FROM kv LIMIT 0", true}, {"SELECT key FROM kv WHERE 1 > 1", true},
		{"SELECT key FROM kv WHERE key > 'b' AND key < 'a'", true}, {"SELECT count(*) WHERE key IN ()", true}, {"SELECT min(key) LIMIT 0", true},
		{"SELECT 1 FROM kv LIMIT 0", true}, {"SELECT key WHERE key = 'a'", true}, {"SELECT * LIMIT 1", true},
		{"CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID", true},
		{"SELECT 1", false}, {"SELECT 1 WHERE 1 > 1", false}, {"EXPLAIN SELECT key", false}, {"SAVEPOINT a", false},
	} {
		eachStore(t, func(t *testing.T, open opener) {
			db := open(t, "")
			exec(t, db, "INSERT INTO kv VALUES ('a', 1)")
			conn, err := db.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := ask(conn, "BEGIN DEFERRED"); err != nil {
				t.Fatal(err)
			}
			if _, err := ask(conn, tt.first); err != nil {
				t.Fatalf("%s: %v", tt.first, err)
			}
			exec(t, db, "INSERT INTO kv VALUES ('b', 2)")
			want := "a b"
			if tt.pins {
				want = "a"
			}
			if got, err := ask(conn, "SELECT key"); err != nil || got != want {
				t.Errorf("after %s: %q, %v, want %q", tt.first, got, err, want)
			}
			_, err = conn.ExecContext(ctx, "DELETE FROM kv WHERE key IN ()")
			if stale := errors.Is(err, lsmlite.ErrBusySnapshot); stale != tt.pins || err != nil && !stale {
				t.Errorf("after %s, a write of nothing: %v", tt.first, err)
			}
			if _, err := ask(conn, "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A deferred transaction takes the writer's turn with its first statement that writes, also
// if that finds nothing to write.
func TestDeferredTransactionBecomesAWriterByAnyWrite(t *testing.T) {
	ctx := context.Background()
	db := openMemory(t, "busy_timeout=0")
	exec(t, db, "INSERT INTO kv VALUES ('a', 1)")
	for _, text := range []string{"DELETE FROM kv WHERE key IN ()", "UPDATE kv SET value = 1 WHERE 1 > 1"} {
		conn, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ask(conn, "BEGIN DEFERRED; "+text); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("INSERT INTO kv VALUES ('b', 1)"); !errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("beside %s: %v", text, err)
		}
		if _, err := ask(conn, "COMMIT"); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
