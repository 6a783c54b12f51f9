package lsmlite_test

// More of database/sql's contract: values of odd types, transactions by text beside those
// of database/sql, deadlines, and loading beside SQL. The list of all points is in
// contract_test.go.

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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

// TestTextsInTransactions mixes what database/sql knows of transactions with what only
// the driver knows.
func TestTextsInTransactions(t *testing.T) {
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		conn := connect(t, db)
		// Savepoints within a transaction of database/sql.
		tx, err := conn.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "INSERT INTO kv VALUES ('a', 1)")
		exec(t, tx, "SAVEPOINT s; INSERT INTO kv VALUES ('b', 1); SAVEPOINT t; INSERT INTO kv VALUES ('c', 1); ROLLBACK TO s")
		exec(t, tx, "INSERT INTO kv VALUES ('d', 1); RELEASE s")
		_, err = tx.ExecContext(ctx, "RELEASE t")
		checkError(t, "RELEASE t", err, "no such savepoint: t", lsmlite.ErrMisuse)
		_, err = tx.ExecContext(ctx, "BEGIN")
		checkError(t, "BEGIN in a transaction", err, "open already", lsmlite.ErrMisuse)
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		wantRows(t, db, "a d", "SELECT key")
		// A transaction of the text refuses one of database/sql, and goes on.
		for _, start := range []string{"BEGIN", "SAVEPOINT s", "BEGIN DEFERRED"} {
			exec(t, conn, start)
			exec(t, conn, "INSERT INTO kv VALUES ('e', 1)")
			_, err = conn.BeginTx(ctx, nil)
			checkError(t, "BeginTx after "+start, err, "open already", lsmlite.ErrMisuse)
			wantRows(t, conn, "a d e", "SELECT key")
			wantRows(t, db, "a d", "SELECT key") // another connection
			exec(t, conn, "ROLLBACK")
		}
		// What the text ended, database/sql cannot end; the connection remains usable.
		for _, end := range []string{"COMMIT", "ROLLBACK"} {
			if tx, err = conn.BeginTx(ctx, nil); err != nil {
				t.Fatal(err)
			}
			exec(t, tx, "INSERT INTO kv VALUES ('f', 1)")
			exec(t, tx, end)
			checkError(t, "Rollback after "+end, tx.Rollback(), "no transaction is open", lsmlite.ErrMisuse)
			exec(t, conn, "INSERT INTO kv VALUES ('g', 1); DELETE WHERE key = 'g'")
		}
		wantRows(t, db, "a d f", "SELECT key")
		// A transaction that the text ended and began anew is database/sql's to end.
		if tx, err = conn.BeginTx(ctx, nil); err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "COMMIT; BEGIN; INSERT INTO kv VALUES ('h', 1)")
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
		wantRows(t, db, "a d f", "SELECT key")
	})
}

// TestDeadlineWithinBusyTimeout checks which of the two limits of a wait is reported.
func TestDeadlineWithinBusyTimeout(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "busy_timeout=60000")
		tx := begin(t, db, nil)
		defer tx.Rollback()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(ctx, "DELETE WHERE key = 'a'")
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("Exec: %v", err)
		}
		short, cancelShort := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancelShort()
		if _, err := db.BeginTx(short, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, lsmlite.ErrBusy) {
			t.Errorf("BeginTx: %v", err)
		}
		wantRows(t, db, "0", "SELECT count(*)") // readers do not wait
	})
	db := openMemory(t, "busy_timeout=20")
	tx := begin(t, db, nil)
	defer tx.Rollback()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, "DELETE WHERE key = 'a'"); !errors.Is(err, lsmlite.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("busy_timeout within a deadline: %v", err)
	}
}

// TestCloseWithRowsOpen closes the pool while rows, a transaction and a connection are in
// use: database/sql takes their connections away when they are given back, and the file
// closes with the last.
func TestCloseWithRowsOpen(t *testing.T) {
	dsn := filepath.Join(t.TempDir(), "test.lsm")
	db, err := sql.Open(lsmlite.DriverName, dsn)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, db, 1000)
	rows, err := db.Query("SELECT key, value")
	if err != nil || !rows.Next() {
		t.Fatal(err)
	}
	tx := begin(t, db, nil)
	exec(t, tx, "INSERT INTO kv VALUES ('lost', 1)")
	// Another pool on the same file, which goes on.
	other := openDSN(t, dsn)
	wantRows(t, other, "1000", "SELECT count(*)")
	checkError(t, "Close", db.Close(), "connections still in use: 2", lsmlite.ErrBusy)
	if _, err := db.Exec("DELETE"); err == nil {
		t.Error("a closed pool writes")
	}
	n := 1
	for rows.Next() { // the rows in use go on
		n++
	}
	if err := rows.Err(); err != nil || n != 1000 {
		t.Errorf("%d rows, %v", n, err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	exec(t, other, "INSERT INTO kv VALUES ('k', 1)") // the writer's place is free
	wantRows(t, other, "1001", "SELECT count(*)")
}

// TestMemoryLivesWithItsPool: a database in memory lasts as long as its pool, however
// many connections come and go.
func TestMemoryLivesWithItsPool(t *testing.T) {
	db := openMemory(t, "")
	db.SetMaxIdleConns(0) // every connection is closed after use
	exec(t, db, letters)
	for range 3 {
		wantRows(t, db, "6", "SELECT count(*)")
	}
	if n := db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d connections", n)
	}
}

// TestPlansAreSharedByThePool runs many texts on many connections, most of them once,
// and checks that the useful ones are still right and cost nothing to find.
func TestPlansAreSharedByThePool(t *testing.T) {
	db := openMemory(t, "")
	fill(t, db, 200)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 200 {
				key := fmt.Sprintf("k%06d", i)
				var got string
				if err := db.QueryRow("SELECT value WHERE key = ?", key).Scan(&got); err != nil || got != fmt.Sprint("value ", i) {
					t.Errorf("%s: %q, %v", key, got, err)
				}
				text := fmt.Sprintf("SELECT value || '%d-%d' WHERE key = '%s'", g, i, key)
				if err := db.QueryRow(text).Scan(&got); err != nil || got != fmt.Sprintf("value %d%d-%d", i, g, i) {
					t.Errorf("%s: %q, %v", text, got, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestBulkLoad loads 100,000 rows through the engine of a connection, in order of their
// keys and in one transaction, while others read.
func TestBulkLoad(t *testing.T) {
	const numRows = 100_000
	ctx := context.Background()
	db := openFile(t, "")
	exec(t, db, letters)
	conn := connect(t, db)
	err := conn.Raw(func(dc any) error {
		tx, err := dc.(lsmlite.Conn).Engine().Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		var key []byte
		for i := range numRows {
			key = fmt.Appendf(key[:0], "load%08d", i)
			if err := tx.Put(key, key); err != nil {
				return err
			}
		}
		wantRows(t, db, "6", "SELECT count(*)")
		return tx.Commit(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, db, fmt.Sprint(numRows+6), "SELECT count(*)")
	wantRows(t, db, "load00099999", "SELECT value WHERE key = 'load00099999'")
	wantRows(t, db, "ok", "PRAGMA integrity_check")
}

// TestPanicEndsTheText checks that nothing more of a text runs when a statement in it met
// a panic: neither by NextResultSet nor by Close.
func TestPanicEndsTheText(t *testing.T) {
	const text = "SELECT key; INSERT INTO kv VALUES ('x', 1)"
	p := &planter{}
	db := closeLater(t, sql.OpenDB(lsmlite.NewFakeConnector(lsmlite.Config{Path: ":memory:"}, p.fault)))
	exec(t, db, letters)
	hits := 0
	for countdown := 1; countdown < 12; countdown++ {
		for _, next := range []bool{true, false} {
			p.countdown, p.panics, p.hit = 0, true, ""
			rows, err := db.Query(text)
			if err != nil {
				t.Fatal(err)
			}
			p.countdown = countdown // while the rows are read
			for rows.Next() {
			}
			p.countdown = 0
			hit := p.hit != ""
			if (rows.Err() != nil) != hit {
				t.Errorf("a panic in %q is reported as %v", p.hit, rows.Err())
			}
			if next && rows.NextResultSet() && hit {
				t.Errorf("the text goes on after a panic in %s", p.hit)
			}
			_ = rows.Close()
			want := "7"
			if hit {
				hits, want = hits+1, "6"
			}
			wantRows(t, db, want, "SELECT count(*)")
			exec(t, db, "DELETE WHERE key = 'x'")
		}
	}
	if hits == 0 {
		t.Error("no panic was planted")
	}
}
