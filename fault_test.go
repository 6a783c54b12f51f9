// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

var errPlanted = errors.New("planted fault")

// planter makes one operation of a model fail: number countdown from when it was
// set, by an error or a panic.
type planter struct {
	countdown int
	panics    bool
	hit       string // the operation that failed
}

func (p *planter) fault(op string) error {
	if p.countdown == 0 {
		return nil
	}
	if p.countdown--; p.countdown > 0 {
		return nil
	}
	p.hit = op
	if p.panics {
		panic("planted panic in " + op)
	}
	return errPlanted
}

// scenarios are lists of statements, each of which is run on one connection until one
// fails.
var scenarios = map[string][]string{
	"autocommit": {
		"INSERT INTO kv VALUES ('x', 1), ('y', 2)",
		"INSERT OR IGNORE INTO kv VALUES ('a', 1), ('z', 2)",
		"DELETE WHERE key BETWEEN 'b' AND 'e'",
		"DELETE WHERE key = 'x'",
		"DELETE WHERE key IN ('y', 'z')",
	},
	"queries": {
		"SELECT key, value WHERE key > 'a' ORDER BY key DESC LIMIT 3 OFFSET 1",
		"SELECT value WHERE key = 'b'",
		"SELECT count(*)",
		"SELECT key WHERE key IN ('a', 'c'); SELECT value WHERE key = 'c'; SELECT count(*) WHERE key > 'c'",
	},
	"transaction": {
		"BEGIN", "DELETE WHERE key > 'c'", "SAVEPOINT s", "INSERT INTO kv VALUES ('x', 1), ('y', 2)",
		"SELECT key", "ROLLBACK TO s", "INSERT INTO kv VALUES ('z', 1)", "SELECT value WHERE key = 'z'", "RELEASE s",
		"INSERT INTO kv VALUES ('p', 1), ('q', 2)", "COMMIT",
	},
	"computed": {
		"SELECT key || value WHERE value > '1' AND key > 'a' ORDER BY key DESC LIMIT 2",
		"SELECT min(key), max(key), count(*) WHERE value LIKE '_'",
		"SELECT value WHERE key = 'b' AND value != 'x'",
		"UPDATE SET value = value + 1 WHERE value != '2' RETURNING *",
		"INSERT INTO kv VALUES ('a', 5), ('x', 6) ON CONFLICT DO UPDATE SET value = value + excluded.value RETURNING value",
		"DELETE WHERE value = '3' OR key = 'x' RETURNING key",
		"BEGIN", "UPDATE SET value = value * 2 WHERE key < 'd'", "DELETE WHERE value LIKE '%'", "ROLLBACK",
	},
	"rolled back": {"BEGIN", "DELETE", "SAVEPOINT s", "DELETE", "ROLLBACK"},
	"deferred": {
		"BEGIN DEFERRED", "SELECT key", "SAVEPOINT s", "SAVEPOINT t", "INSERT INTO kv VALUES ('p', 1), ('q', 2)",
		"RELEASE s", "COMMIT",
	},
	"uncounted": {
		"PRAGMA count_deletes=off", "DELETE WHERE key >= 'd'", "DELETE WHERE key < 'b'", "DELETE",
	},
}

// TestFaults lets the first, second, third, … operation of the store fail until a run
// meets no fault. After each it checks that the error came through, that each statement
// was done wholly or not at all, and that nothing is left open.
func TestFaults(t *testing.T) {
	for name, statements := range scenarios {
		for _, panics := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/panics=%v", name, panics), func(t *testing.T) {
				for n := 1; ; n++ {
					if !runWithFault(t, statements, n, panics) {
						if n < 3 {
							t.Errorf("only %d operations", n-1)
						}
						return
					}
				}
			})
		}
	}
}

// runWithFault runs the statements with a fault at operation n, and reports whether it
// was met.
func runWithFault(t *testing.T, statements []string, n int, panics bool) bool {
	t.Helper()
	p := &planter{}
	c := lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:", BusyTimeout: -1}, p.fault)
	db := closeLater(t, sql.OpenDB(c))
	exec(t, db, letters)
	conn := connect(t, db)
	states := []string{content(t, db)}
	p.countdown, p.panics = n, panics
	var err error
	var failed string
	for _, s := range statements {
		if failed = s; err == nil {
			_, err = ask(conn, s)
		}
		if err != nil {
			break
		}
		left := p.countdown
		p.countdown = 0
		states = append(states, content(t, db)) // committed after each statement
		p.countdown = left
	}
	p.countdown = 0
	if p.hit == "" {
		if err != nil {
			t.Errorf("no fault, and %v", err)
		}
		return false
	}
	where := fmt.Sprintf("fault %d in %q (%s)", n, failed, p.hit)
	switch {
	case panics && (err == nil || !strings.Contains(err.Error(), "internal error: planted panic in "+p.hit) ||
		!strings.Contains(err.Error(), "fault_test.go")):
		t.Errorf("%s: error %v", where, err)
	case !panics && !errors.Is(err, errPlanted):
		t.Errorf("%s: error %v", where, err)
	}
	// Whatever the connection still holds is given back with it.
	if err := conn.Close(); err != nil {
		t.Errorf("%s: close: %v", where, err)
	}
	if got := content(t, db); got != states[len(states)-1] {
		t.Errorf("%s: content %q, want %q as before the statement", where, got, states[len(states)-1])
	}
	if _, err := db.Exec("INSERT INTO kv VALUES ('after', 1)"); err != nil {
		t.Errorf("%s: the next writer: %v", where, err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	return true
}

func content(t *testing.T, db *sql.DB) string {
	t.Helper()
	got, err := ask(db, "SELECT key, value")
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestPanicBreaksTheConnection checks that a connection is not used again once a panic
// was caught on it, and that the others go on.
func TestPanicBreaksTheConnection(t *testing.T) {
	p := &planter{}
	db := closeLater(t, sql.OpenDB(lsmlite.NewModelConnector(lsmlite.Config{Path: ":memory:"}, p.fault)))
	exec(t, db, letters)
	conn := connect(t, db)
	p.countdown, p.panics = 1, true
	_, err := conn.ExecContext(context.Background(), "DELETE WHERE key = 'a'")
	checkError(t, "Exec", err, "internal error: planted panic in begin (at lsmlite-go_test.(*planter).fault fault_test.go:", nil)
	if _, err := conn.ExecContext(context.Background(), "DELETE"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("the broken connection: %v", err)
	}
	wantRows(t, db, "6", "SELECT count(*)")
	var e *lsmlite.Error
	if !errors.As(err, &e) || e.Code != 0 || e.Op != "exec" {
		t.Errorf("error %#v, want one without a code", err)
	}
}
