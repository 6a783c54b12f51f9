// SPDX-License-Identifier: Apache-2.0

//lint:file-ignore SA1019 the deprecated methods are part of driver.Conn and driver.Stmt

package lsmlite_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	for i := range 3 {
		db := openDSN(t, path)
		exec(t, db, "INSERT INTO kv VALUES (?, ?)", string(rune('a'+i)), i)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	wantRows(t, openDSN(t, "file:"+path+"?mode=ro"), "a|0 b|1 c|2", "SELECT key, value")
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte("this is no database, and long enough to be read as one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, dsn string
		is        error
	}{
		{"no such directory", filepath.Join(dir, "none", "x.lsm"), lsmlite.ErrCantOpen},
		{"mode=rw does not create", filepath.Join(dir, "x.lsm") + "?mode=rw", lsmlite.ErrCantOpen},
		{"mode=ro does not create", filepath.Join(dir, "x.lsm") + "?mode=ro", lsmlite.ErrCantOpen},
		{"a directory", dir, lsmlite.ErrCantOpen},
		{"not a database", filepath.Join(dir, "text"), lsmlite.ErrCantOpen},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			db := openDSN(t, tt.dsn)
			for range 2 { // the second attempt starts afresh
				if err := db.Ping(); !errors.Is(err, tt.is) && !errors.Is(err, lsmlite.ErrCorrupt) {
					t.Errorf("Ping: %v, want %v", err, tt.is)
				}
			}
		})
	}
	if _, err := os.Stat(filepath.Join(dir, "x.lsm")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was created: %v", err)
	}
}

func TestMemoryIsPrivate(t *testing.T) {
	one, two := openDSN(t, ":memory:"), openDSN(t, "any/name?mode=memory")
	exec(t, one, "INSERT INTO kv VALUES ('a', 1)")
	wantRows(t, two, "", "SELECT key")
	one.SetMaxIdleConns(0) // each use has a connection of its own
	conn := connect(t, one)
	wantRows(t, conn, "a", "SELECT key")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	wantRows(t, one, "a", "SELECT key") // the data outlives the last connection
	wantRows(t, one, "memory", "PRAGMA mode")
}

func TestSharing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "test.lsm")
	link := filepath.Join(dir, "link.lsm")
	one := openDSN(t, path+"?automerge=5&busy_timeout=0")
	exec(t, one, "INSERT INTO kv VALUES ('a', 1)")
	if err := os.Symlink(path, link); err != nil {
		t.Logf("without a link: %v", err)
		link = path
	}
	tests := []struct {
		settings string
		err      string
	}{
		{"", ""},
		{"busy_timeout=100&_txlock=deferred&count_deletes=0&value_type=text", ""},
		{"automerge=5", ""},
		{"safety=normal", ""},
		{"page_size=4096&block_size=1024", ""},
		{"mode=rw", ""},
		{"mode=ro", ""},
		{"automerge=4", "open in this process with automerge=5, and automerge=4 is requested"},
		{"safety=full", "with safety=normal, and safety=full is requested"},
		{"page_size=8192", "page_size=4096"},
		{"autowork=off", "autowork=1, and autowork=0 is requested"},
		{"use_log=0", "use_log=1"},
	}
	for _, tt := range tests {
		t.Run(tt.settings, func(t *testing.T) {
			db := openDSN(t, "file:"+link+"?"+tt.settings)
			got, err := ask(db, "SELECT key")
			if tt.err != "" {
				checkError(t, "SELECT", err, tt.err, lsmlite.ErrMisuse)
			} else if err != nil || got != "a" {
				t.Errorf("got %q, %v; want a", got, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	ro := openDSN(t, path+"?mode=ro")
	runScript(t, ro, []step{
		{query: "SELECT key", rows: "a"},
		{exec: "DELETE", is: lsmlite.ErrReadOnly, err: "mode=ro"},
		{exec: "PRAGMA autoflush=1", is: lsmlite.ErrReadOnly},
		{exec: "PRAGMA flush", is: lsmlite.ErrReadOnly},
	})
	tx := begin(t, ro, nil) // takes no writer's turn
	exec(t, one, "INSERT INTO kv VALUES ('b', 1)")
	wantRows(t, tx, "a", "SELECT key")
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	// A transaction of one is busy for the other, and the last to close removes the log.
	other := openDSN(t, path+"?busy_timeout=0")
	tx = begin(t, other, nil)
	if _, err := one.Exec("DELETE"); !errors.Is(err, lsmlite.ErrBusy) {
		t.Errorf("DELETE beside a transaction: %v", err)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	for i, db := range []*sql.DB{one, ro, other} {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + "-log"); (i == 2) != errors.Is(err, os.ErrNotExist) {
			t.Errorf("after %d closed of 3, the log: %v", i+1, err)
		}
	}
	wantRows(t, openDSN(t, path+"?automerge=7"), "a b", "SELECT key") // nobody to disagree with
}

func TestReadOnlyFileIsNotWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	db := openDSN(t, path)
	exec(t, db, letters)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ro := openDSN(t, path+"?mode=ro")
	wantRows(t, ro, "6", "SELECT count(*)")
	rw := openDSN(t, path)
	checkError(t, "mode=rwc", rw.Ping(), "mode=ro, and mode=rwc is requested", lsmlite.ErrMisuse)
	for _, db := range []*sql.DB{ro, rw} {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed (%v)", err)
	}
}

func TestOpenByManyAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				db, err := sql.Open(lsmlite.DriverName, path)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := db.Exec("INSERT INTO kv VALUES (?, 'x')", string(rune('a'+i))); err != nil {
					t.Error(err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	wantRows(t, openDSN(t, path), "8", "SELECT count(*)")
}

func TestCloseWhileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.lsm")
	db, err := sql.Open(lsmlite.DriverName, path)
	if err != nil {
		t.Fatal(err)
	}
	tx := begin(t, db, nil)
	exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
	checkError(t, "Close", db.Close(), "connections still in use: 1", lsmlite.ErrBusy)
	if err := db.Close(); err != nil { // as database/sql has it
		t.Error(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-log"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the last connection did not close the database: %v", err)
	}
	wantRows(t, openDSN(t, path), "a", "SELECT key")
}

// TestDriverInterfaces uses the driver as database/sql does not.
func TestDriverInterfaces(t *testing.T) {
	var d lsmlite.Driver
	if _, err := d.Open("x?nonsense=1"); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("Open: %v", err)
	}
	conn, err := d.Open(filepath.Join(t.TempDir(), "test.lsm"))
	if err != nil {
		t.Fatal(err)
	}
	stmt, err := conn.Prepare("INSERT INTO kv VALUES (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.Exec([]driver.Value{"a", int64(1)}); err != nil {
		t.Fatal(err)
	}
	query, err := conn.Prepare("SELECT key, value")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := query.Query(nil)
	if err != nil {
		t.Fatal(err)
	}
	dest := make([]driver.Value, 2)
	if err := rows.Next(dest); err != nil || string(dest[0].([]byte))+string(dest[1].([]byte)) != "a1" {
		t.Errorf("row %v, %v", dest, err)
	}
	if err := rows.Next(dest); err != io.EOF {
		t.Errorf("after the last row: %v", err)
	}
	tx, err := conn.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stmt.Exec([]driver.Value{"b", int64(1)}); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"rows": rows.Close(), "insert": stmt.Close(), "query": query.Close(), "conn": conn.Close(), "again": conn.Close(),
		"rollback after close": tx.Rollback(),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := conn.Prepare("SELECT 1"); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("Prepare on a closed connection: %v", err)
	}
	if _, err := stmt.Exec(nil); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Errorf("Exec of a closed statement: %v", err)
	}
}

func TestConnectorClosed(t *testing.T) {
	c, err := lsmlite.NewConnector(lsmlite.Config{Path: ":memory:"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = c.Connect(context.Background())
	checkError(t, "Connect", err, "the connector is closed", lsmlite.ErrMisuse)
	if _, ok := c.Driver().(*lsmlite.Driver); !ok {
		t.Errorf("Driver is %T", c.Driver())
	}
}

func TestConnectObeysContext(t *testing.T) {
	c, err := lsmlite.NewConnector(lsmlite.Config{Path: filepath.Join(t.TempDir(), "test.lsm")})
	if err != nil {
		t.Fatal(err)
	}
	db := closeLater(t, sql.OpenDB(c))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Connect(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect: %v", err)
	}
	exec(t, db, "INSERT INTO kv VALUES ('a', 1)") // the attempt left nothing behind
}

func TestPreparedStatements(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		insert, err := db.Prepare("INSERT INTO kv VALUES (?, ?)")
		if err != nil {
			t.Fatal(err)
		}
		get, err := db.Prepare("SELECT value WHERE key = ?")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if _, err := insert.Exec(string(rune('a'+i%26)), i); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := get.QueryRow("a").Scan(&n); err != nil || n != 78 {
			t.Errorf("value %d, %v; want 78", n, err)
		}
		if err := get.QueryRow("A").Scan(&n); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("a miss: %v", err)
		}
		if _, err := db.Prepare("SELECT nothing"); !errors.Is(err, lsmlite.ErrSyntax) {
			t.Errorf("Prepare: %v", err)
		}
		tx := begin(t, db, nil)
		if _, err := tx.Stmt(insert).Exec("zz", 1); err != nil {
			t.Error(err)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		if err := get.QueryRow("zz").Scan(&n); !errors.Is(err, sql.ErrNoRows) {
			t.Errorf("rolled back, and yet: %v", err)
		}
		for _, s := range []*sql.Stmt{insert, get} {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestOpenWithoutName opens the driver as tools do that only want to learn it.
func TestOpenWithoutName(t *testing.T) {
	db, err := sql.Open(lsmlite.DriverName, "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, ok := db.Driver().(*lsmlite.Driver); !ok {
		t.Fatalf("the driver is a %T", db.Driver())
	}
	if err := db.Ping(); !errors.Is(err, lsmlite.ErrMisuse) {
		t.Fatalf("ping: %v", err)
	}
}

// TestBackgroundSetting opens a file in each background mode and writes enough to flush.
func TestBackgroundSetting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lsm")
	for i, mode := range []string{"none", "merger", "checkpointer", "both"} {
		db, err := sql.Open(lsmlite.DriverName, path+"?autoflush=64KB&background="+mode)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if err := db.QueryRow("PRAGMA background").Scan(&got); err != nil || got != mode {
			t.Fatalf("PRAGMA background: %q, %v; want %q", got, err, mode)
		}
		for j := range 300 {
			if _, err := db.Exec("INSERT VALUES (?, ?)", strconv.Itoa(i*1000+j), make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
		}
		var n int
		if err := db.QueryRow("SELECT count(*)").Scan(&n); err != nil || n != 300*(i+1) {
			t.Fatalf("%s: %d rows, error %v", mode, n, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
