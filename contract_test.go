package lsmlite_test

// The points of database/sql's contract, and the tests that hold the driver to them.
//
//	optional interfaces                 TestOptionalInterfaces, TestDriverInterfaces
//	context cancelled before a call     TestCancelledBefore, TestConnectObeysContext
//	context cancelled during a call     TestLongStatementsObeyContext, TestCancelWhileReading,
//	                                    TestCancelWhileWaiting, TestFilteredScanIsCancelled
//	context cancelled after a call      TestCancelledAfter, TestCancelWhileReading
//	rows closed early                   TestRowsClosedEarly, TestRemainingStatements
//	queries beside one writer           TestTransfers, TestQueryKeepsItsState, TestWriterWaitsForItsTurn
//	statements across connections       TestStatementAcrossConnections, TestPreparedStatements
//	transaction ended by its context    TestTransactionEndsWithItsContext
//	sql.ErrTxDone                       TestTxDone
//	driver.ErrBadConn                   TestBrokenConnection, TestPanicBreaksTheConnection,
//	                                    TestPanicEndsTheText
//	nil and empty bytes                 TestEmptyBytes, TestArguments, TestScan
//	lifetime of arguments               TestArgumentsAreTheCallers, TestComputingKeepsNoArguments
//	lifetime of results                 TestResultsAreTheCallers, TestBoxedResults, TestRawBytesOutliveCancel
//	number and names of arguments       TestWrongArguments, TestStatements
//	column types                        TestColumnTypes, TestComputedColumnTypes, TestNumericKeyTypes,
//	                                    TestColumnTypeLength
//	Conn.Raw                            TestEngineOfConnection, TestBulkLoad
//	one connection only                 TestOneConnection
//	nothing left after Close            TestNothingLeft, TestCloseWhileInUse, TestCloseWithRowsOpen
//	database in memory                  TestMemoryIsPrivate, TestMemoryLivesWithItsPool
//	Valuer, Null[T], Named              TestOddArguments, TestNullDestinations
//	transactions by text                TestTextsInTransactions, TestTransactionTexts
//	deadline and busy_timeout           TestDeadlineWithinBusyTimeout, TestBusyTimeout
//	many arguments                      TestHugeInList
//	cost                                BenchmarkCost, TestAllocationsAreThoseOfDatabaseSQL,
//	                                    TestPlansAreSharedByThePool
//	ResetSession, IsValid               TestResetSession, TestConnectionReturnedWithTransaction
//	several result sets                 TestResultSets, TestRemainingStatements
//	isolation levels, read-only         TestIsolationLevels, TestReadOnlyTransaction
//	LastInsertId, RowsAffected          TestLastInsertID, TestUncountedDeletes

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// TestOptionalInterfaces lists the interfaces of database/sql/driver. Without meaning
// here are Execer, Queryer and ColumnConverter, which newer ones have replaced, and
// RowsColumnTypePrecisionScale, because there are no decimals. A statement needs no
// NamedValueChecker, its connection is asked.
func TestOptionalInterfaces(t *testing.T) {
	db := openMemory(t, "")
	if _, ok := db.Driver().(driver.DriverContext); !ok {
		t.Error("the driver is no DriverContext")
	}
	connector, err := lsmlite.NewConnector(lsmlite.Config{Path: ":memory:"})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := any(connector).(io.Closer); !ok {
		t.Error("the connector is no io.Closer")
	}
	missing := func(what string, ok ...bool) {
		for i, ok := range ok {
			if !ok {
				t.Errorf("%s lacks interface %d", what, i)
			}
		}
	}
	err = connect(t, db).Raw(func(dc any) error {
		_, conn0 := dc.(driver.ConnPrepareContext)
		_, conn1 := dc.(driver.ConnBeginTx)
		_, conn2 := dc.(driver.ExecerContext)
		_, conn3 := dc.(driver.QueryerContext)
		_, conn4 := dc.(driver.Pinger)
		_, conn5 := dc.(driver.SessionResetter)
		_, conn6 := dc.(driver.Validator)
		_, conn7 := dc.(driver.NamedValueChecker)
		missing("the connection", conn0, conn1, conn2, conn3, conn4, conn5, conn6, conn7)
		stmt, err := dc.(driver.Conn).Prepare("SELECT key")
		if err != nil {
			return err
		}
		_, stmt0 := stmt.(driver.StmtExecContext)
		_, stmt1 := stmt.(driver.StmtQueryContext)
		missing("the statement", stmt0, stmt1)
		rows, err := stmt.(driver.StmtQueryContext).QueryContext(context.Background(), nil)
		if err != nil {
			return err
		}
		_, rows0 := rows.(driver.RowsNextResultSet)
		_, rows1 := rows.(driver.RowsColumnTypeDatabaseTypeName)
		_, rows2 := rows.(driver.RowsColumnTypeScanType)
		_, rows3 := rows.(driver.RowsColumnTypeNullable)
		_, rows4 := rows.(driver.RowsColumnTypeLength)
		missing("the rows", rows0, rows1, rows2, rows3, rows4)
		return errors.Join(rows.Close(), stmt.Close())
	})
	if err != nil {
		t.Error(err)
	}
}

// TestCancelledBefore calls everything that takes a context with one that has ended. The
// driver is called itself, because database/sql would not even do that.
func TestCancelledBefore(t *testing.T) {
	operations := 0
	c := lsmlite.NewFakeConnector(lsmlite.Config{Path: ":memory:"}, func(string) error {
		operations++
		return nil
	})
	db := closeLater(t, sql.OpenDB(c))
	exec(t, db, letters)
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	late, cancel := context.WithTimeout(context.Background(), -1)
	defer cancel()
	err := connect(t, db).Raw(func(dc any) error {
		stmt, err := dc.(driver.Conn).Prepare("INSERT INTO kv VALUES ('x', 1)")
		if err != nil {
			return err
		}
		for ctx, want := range map[context.Context]error{ended: context.Canceled, late: context.DeadlineExceeded} {
			operations = 0
			for name, call := range map[string]func() error{
				"PrepareContext": func() error {
					_, err := dc.(driver.ConnPrepareContext).PrepareContext(ctx, "SELECT 1")
					return err
				},
				"ExecContext": func() error {
					_, err := dc.(driver.ExecerContext).ExecContext(ctx, "DELETE", nil)
					return err
				},
				"QueryContext": func() error {
					_, err := dc.(driver.QueryerContext).QueryContext(ctx, "SELECT 1", nil)
					return err
				},
				"BeginTx": func() error {
					_, err := dc.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
					return err
				},
				"Ping": func() error { return dc.(driver.Pinger).Ping(ctx) },
				"Stmt.ExecContext": func() error {
					_, err := stmt.(driver.StmtExecContext).ExecContext(ctx, nil)
					return err
				},
				"Stmt.QueryContext": func() error {
					_, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
					return err
				},
			} {
				if err := call(); !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", name, err, want)
				}
			}
			if operations != 0 {
				t.Errorf("%d operations of the store", operations)
			}
		}
		return stmt.Close()
	})
	if err != nil {
		t.Error(err)
	}
	wantRows(t, db, "6", "SELECT count(*)")
}

// TestCancelledAfter cancels contexts as soon as the call has returned.
func TestCancelledAfter(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		conn := connect(t, db)
		with := func(f func(ctx context.Context) error) {
			t.Helper()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if err := f(ctx); err != nil {
				t.Fatal(err)
			}
		}
		var insert *sql.Stmt
		with(func(ctx context.Context) (err error) {
			_, err = conn.ExecContext(ctx, "BEGIN; INSERT INTO kv VALUES ('a', 1)")
			return err
		})
		with(func(ctx context.Context) (err error) {
			insert, err = conn.PrepareContext(ctx, "INSERT INTO kv VALUES (?, 1)")
			return err
		})
		with(func(ctx context.Context) (err error) {
			_, err = insert.ExecContext(ctx, "b")
			return err
		})
		// A BEGIN is no call of BeginTx: it does not end with its context.
		wantRows(t, conn, "a b", "SELECT key")
		with(func(ctx context.Context) (err error) {
			_, err = conn.ExecContext(ctx, "COMMIT")
			return err
		})
		with(func(ctx context.Context) error {
			tx, err := conn.BeginTx(ctx, nil)
			if err != nil {
				return err
			}
			exec(t, tx, "INSERT INTO kv VALUES ('c', 1)")
			return tx.Commit()
		})
		wantRows(t, db, "a b c", "SELECT key")
		if err := insert.Close(); err != nil {
			t.Error(err)
		}
	})
}

// idle checks that all connections of the pool have been given back.
func idle(t *testing.T, db *sql.DB, what string) {
	t.Helper()
	for range 200 { // database/sql gives some back in a goroutine
		if db.Stats().InUse == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("%s: %d connections are in use", what, db.Stats().InUse)
}

func TestRowsClosedEarly(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 1000)
		for _, query := range []string{
			"SELECT key", "SELECT key ORDER BY key DESC", "SELECT key WHERE key IN ('k000001', 'k000002')",
			"SELECT value WHERE key = 'k000005'", "SELECT count(*)", "PRAGMA table_info(kv)", "EXPLAIN SELECT key",
			"UPDATE kv SET value = 1 WHERE key < 'k000003' RETURNING key", "SELECT 1; SELECT key",
		} {
			for read := range 2 {
				ctx, cancel := context.WithCancel(context.Background())
				rows, err := db.QueryContext(ctx, query)
				if err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				for range read {
					if !rows.Next() {
						t.Fatalf("%s: %v", query, rows.Err())
					}
				}
				for range 2 { // closing twice is fine
					if err := rows.Close(); err != nil {
						t.Errorf("%s: %v", query, err)
					}
				}
				idle(t, db, query)
				if rows.Next() {
					t.Errorf("%s: a row after Close", query)
				}
				// Rows that nobody closes go with their context.
				if rows, err = db.QueryContext(ctx, query); err != nil {
					t.Fatal(err)
				}
				cancel()
				idle(t, db, query+", cancelled")
				if rows.Next() {
					t.Errorf("%s: a row after the end of the context", query)
				}
			}
		}
		var key string
		if err := db.QueryRow("SELECT key").Scan(&key); err != nil || key != "k000000" {
			t.Errorf("QueryRow: %q, %v", key, err)
		}
		idle(t, db, "QueryRow")
	})
}

// TestStatementAcrossConnections runs one statement on several connections at a time.
func TestStatementAcrossConnections(t *testing.T) {
	const numConns = 4
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		stmt, err := db.Prepare("SELECT key WHERE key >= ?")
		if err != nil {
			t.Fatal(err)
		}
		var all []*sql.Rows
		for range numConns {
			rows, err := stmt.Query("c")
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, rows)
		}
		if n := db.Stats().OpenConnections; n < numConns {
			t.Errorf("%d connections", n)
		}
		if err := stmt.Close(); err != nil { // the rows go on
			t.Fatal(err)
		}
		if _, err := stmt.Query("c"); err == nil {
			t.Error("a closed statement can be used")
		}
		for _, want := range []string{"c", "d", "e", "f"} {
			for _, rows := range all {
				var got string
				if !rows.Next() || rows.Scan(&got) != nil || got != want {
					t.Fatalf("row %q, %v; want %q", got, rows.Err(), want)
				}
			}
		}
		for _, rows := range all {
			if rows.Next() || rows.Err() != nil {
				t.Error("more rows, or", rows.Err())
			}
		}
		idle(t, db, "after the last row")

		put, err := db.Prepare("INSERT INTO kv VALUES (?, ?)")
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range numConns {
			wg.Go(func() {
				for j := range 50 {
					if _, err := put.Exec(fmt.Sprint("x", i, j), j); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := put.Close(); err != nil {
			t.Error(err)
		}
		wantRows(t, db, fmt.Sprint(numConns*50), "SELECT count(*) WHERE key GLOB 'x*'")
	})
}

func TestTxDone(t *testing.T) {
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for _, commit := range []bool{true, false} {
			tx := begin(t, db, nil)
			exec(t, tx, "INSERT INTO kv VALUES (?, 1)", fmt.Sprint(commit))
			exec(t, tx, "SAVEPOINT s; INSERT INTO kv VALUES (?, 2)", fmt.Sprint(commit, 2))
			stmt, err := tx.Prepare("SELECT key")
			if err != nil {
				t.Fatal(err)
			}
			rows, err := tx.Query("SELECT key") // still open at the end
			if err != nil || !rows.Next() {
				t.Fatal(err)
			}
			end, other := tx.Commit, tx.Rollback
			if !commit {
				end, other = other, end
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if rows.Next() {
				t.Error("a row after the end of the transaction")
			}
			_, execErr := tx.ExecContext(ctx, "DELETE")
			_, queryErr := tx.QueryContext(ctx, "SELECT 1")
			_, prepareErr := tx.PrepareContext(ctx, "SELECT 1")
			for name, err := range map[string]error{
				"again": end(), "other": other(), "Exec": execErr, "Query": queryErr, "Prepare": prepareErr,
				"Savepoint": lsmlite.Savepoint(ctx, tx, func() error { return nil }),
			} {
				if !errors.Is(err, sql.ErrTxDone) {
					t.Errorf("%s after the end (commit: %v): %v", name, commit, err)
				}
			}
			if _, err := stmt.Query(); err == nil {
				t.Error("a statement outlives its transaction")
			}
			idle(t, db, "after the transaction")
		}
		wantRows(t, db, "true true 2", "SELECT key")
		// Who ends the transaction by a text leaves nothing to commit.
		tx := begin(t, db, nil)
		exec(t, tx, "ROLLBACK")
		checkError(t, "Commit", tx.Commit(), "no transaction is open", lsmlite.ErrMisuse)
	})
}

// TestBrokenConnection checks that a call is not repeated on another connection if it may
// have done something, and that a transaction on a broken one cannot be committed.
func TestBrokenConnection(t *testing.T) {
	ctx := context.Background()
	p := &planter{}
	db := closeLater(t, sql.OpenDB(lsmlite.NewFakeConnector(lsmlite.Config{Path: ":memory:"}, p.fault)))
	exec(t, db, letters)
	stmt, err := db.Prepare("INSERT OR ABORT INTO kv VALUES (?, ?)")
	if err != nil {
		t.Fatal(err)
	}
	defer stmt.Close()
	for countdown := 1; ; countdown++ {
		p.countdown, p.panics, p.hit = countdown, true, ""
		_, err := stmt.Exec(fmt.Sprint("x", countdown), 1)
		if p.countdown = 0; p.hit == "" {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if errors.Is(err, driver.ErrBadConn) {
			t.Errorf("a panic in %s is reported as ErrBadConn", p.hit)
		}
		// The pool goes on with another connection, and the statement is prepared there.
		if _, err := stmt.Exec(fmt.Sprint("y", countdown), 1); err != nil {
			t.Errorf("after a panic in %s: %v", p.hit, err)
		}
	}

	tx := begin(t, db, nil)
	exec(t, tx, "INSERT INTO kv VALUES ('t1', 1)")
	p.countdown, p.panics = 4, true // in the midst of the rows
	_, err = tx.ExecContext(ctx, "INSERT INTO kv VALUES ('t2', 1), ('t3', 1), ('t4', 1)")
	checkError(t, "Exec", err, "planted panic in put", nil)
	if _, err := tx.ExecContext(ctx, "DELETE"); !errors.Is(err, driver.ErrBadConn) {
		t.Errorf("the broken transaction: %v", err)
	}
	checkError(t, "Commit", tx.Commit(), "rolled back, because of the internal error before", nil)
	wantRows(t, db, "0", "SELECT count(*) WHERE key GLOB 't*'")
}

// TestEmptyBytes checks that an empty result is never taken for NULL, nor NULL for it.
func TestEmptyBytes(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		if n := exec(t, db, "INSERT INTO kv VALUES (?, ?), ('a', ?)", []byte{}, []byte{}, sql.RawBytes{}); n != 2 {
			t.Errorf("%d rows", n)
		}
		for _, query := range []string{
			"SELECT key WHERE key = ''", "SELECT key LIMIT 1", "SELECT min(key)", "SELECT value WHERE key = 'a'", "SELECT value",
			"SELECT ?", "SELECT '' || value", "SELECT substr(key, 2) WHERE key = 'a'", "SELECT CAST(value AS BLOB)",
			"SELECT lower(value)", "SELECT ''", "SELECT x''", "UPDATE kv SET value = '' WHERE key = '' RETURNING key",
			"INSERT INTO kv VALUES ('a', '') RETURNING value", "SELECT hex(1 / 0)",
		} {
			var values []any
			if strings.Contains(query, "?") {
				values = args([]byte{})
			}
			var raw sql.RawBytes
			var b []byte
			var a any
			var s sql.NullString
			for _, dest := range []any{&raw, &b, &a, &s} {
				rows, err := db.Query(query, values...)
				if err != nil {
					t.Fatalf("%s: %v", query, err)
				}
				if !rows.Next() {
					t.Fatalf("%s: no row, %v", query, rows.Err())
				}
				if err := rows.Scan(dest); err != nil {
					t.Errorf("%s: %v", query, err)
				}
				if dest == any(&raw) && (raw == nil || len(raw) > 0) {
					t.Errorf("%s: RawBytes %#v", query, raw)
				}
				if err := rows.Close(); err != nil {
					t.Error(err)
				}
			}
			if any, ok := a.([]byte); b == nil || len(b) > 0 || !ok || any == nil || len(any) > 0 || !s.Valid || s.String != "" {
				t.Errorf("%s: %#v %#v %#v", query, b, a, s)
			}
		}
		b := []byte("old")
		if err := db.QueryRow("SELECT max(key) WHERE key > 'x'").Scan(&b); err != nil || b != nil {
			t.Errorf("NULL: %q, %v", b, err)
		}
	})
}

// TestRawBytesOutliveCancel reads RawBytes while the context ends: they are valid until
// the next call of Next all the same. The fake store spoils what it has handed out.
func TestRawBytesOutliveCancel(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		fill(t, db, 100)
		for range 20 {
			ctx, cancel := context.WithCancel(context.Background())
			rows, err := db.QueryContext(ctx, "SELECT key, value")
			if err != nil {
				t.Fatal(err)
			}
			var key, value sql.RawBytes
			for range 2 {
				if !rows.Next() {
					t.Fatal(rows.Err())
				}
			}
			if err := rows.Scan(&key, &value); err != nil {
				t.Fatal(err)
			}
			cancel()
			for range 20 {
				runtime.Gosched()
				if string(key) != "k000001" || string(value) != "value 1" {
					t.Fatalf("after the cancel: %q, %q", key, value)
				}
			}
			for rows.Next() { // a goroutine of database/sql closes the rows
				time.Sleep(time.Millisecond)
			}
			if err := rows.Err(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
		idle(t, db, "cancelled rows")
	})
}

func TestWrongArguments(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		for _, tt := range []struct {
			query string
			args  []any
			err   string
		}{
			{"SELECT ?, ?", args(1), "takes 2 arguments, and number 2 is not given"},
			{"SELECT ?, ?", args(1, 2, 3), "takes 2 arguments, and 3 are given"},
			{"SELECT ?3", args(1, 2), "takes 3 arguments, and number 3 is not given"},
			{"SELECT 1", args(1), "takes 0 arguments, and 1 are given"},
			{"", args(1), "no statement, and 1 arguments are given"},
			{"SELECT :a", nil, "no argument for the parameter a"},
			{"SELECT :a", args(sql.Named("b", 1)), "no parameter named b"},
			{"SELECT :a", args(sql.Named("a", 1), sql.Named("a", 2)), "a is given twice"},
			{"SELECT :a", args(1, sql.Named("a", 2)), "given twice"},
			{"DELETE WHERE key = ?; DELETE WHERE key = ?", args("a"), "takes 2 arguments, and number 2 is not given"},
		} {
			_, err := ask(db, tt.query, tt.args...)
			checkError(t, "Query "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			_, err = db.Exec(tt.query, tt.args...)
			checkError(t, "Exec "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			stmt, err := db.Prepare(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			_, err = stmt.Exec(tt.args...)
			checkError(t, "Stmt.Exec "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			_, err = ask(stmtSession{stmt}, "", tt.args...)
			checkError(t, "Stmt.Query "+tt.query, err, tt.err, lsmlite.ErrMisuse)
			if err := stmt.Close(); err != nil {
				t.Error(err)
			}
		}
		wantRows(t, db, "6", "SELECT count(*)") // nothing has run
	})
}

// stmtSession lets ask run a statement.
type stmtSession struct{ *sql.Stmt }

func (s stmtSession) ExecContext(ctx context.Context, _ string, args ...any) (sql.Result, error) {
	return s.Stmt.ExecContext(ctx, args...)
}

func (s stmtSession) QueryContext(ctx context.Context, _ string, args ...any) (*sql.Rows, error) {
	return s.Stmt.QueryContext(ctx, args...)
}

func TestColumnTypeLength(t *testing.T) {
	db := openMemory(t, "value_type=text")
	rows, err := db.Query("SELECT key, value, 1, 1.5, length(key), key || 'x' FROM kv")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		t.Fatal(err)
	}
	for i, limited := range []bool{true, true, false, false, false, true} {
		length, ok := types[i].Length()
		if ok != limited || ok && length != math.MaxInt64 {
			t.Errorf("column %d: %d, %v", i, length, ok)
		}
		if _, _, ok := types[i].DecimalSize(); ok {
			t.Errorf("column %d has a decimal size", i)
		}
	}
}

// TestEngineOfConnection loads rows by the engine and reads them by SQL.
func TestEngineOfConnection(t *testing.T) {
	ctx := context.Background()
	for _, open := range []opener{openMemory, openFile} {
		db := open(t, "")
		conn := connect(t, db)
		var kept lsmlite.Conn
		err := conn.Raw(func(dc any) error {
			kept = dc.(lsmlite.Conn)
			tx, err := kept.Engine().Begin(ctx)
			if err != nil {
				return err
			}
			for i := range 1000 {
				if err := tx.Put(fmt.Appendf(nil, "k%06d", i), []byte("v")); err != nil {
					return errors.Join(err, tx.Rollback())
				}
			}
			return tx.Commit(ctx)
		})
		if err != nil {
			t.Fatal(err)
		}
		wantRows(t, conn, "1000", "SELECT count(*)")
		wantRows(t, db, "1000", "SELECT count(*)")
		// The engine and the statements take turns at the writer's place.
		exec(t, conn, "BEGIN")
		err = conn.Raw(func(dc any) error {
			short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
			defer cancel()
			_, err := dc.(lsmlite.Conn).Engine().Begin(short)
			return err
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Begin beside BEGIN: %v", err)
		}
		exec(t, conn, "ROLLBACK")
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		var none *engine.DB
		if kept.Engine() != none {
			t.Error("a closed connection has an engine")
		}
	}
}

// TestOneConnection does everything on a pool of one connection. Whatever is not given
// back lets the next call wait, and fail with the context.
func TestOneConnection(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		db := open(t, "")
		db.SetMaxOpenConns(1)
		must := func(what string, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			idle(t, db, what)
		}
		_, err := db.ExecContext(ctx, letters)
		must("Exec", err)
		stmt, err := db.PrepareContext(ctx, "SELECT value WHERE key = ?")
		must("Prepare", err)
		var s string
		must("Stmt.QueryRow", stmt.QueryRowContext(ctx, "a").Scan(&s))
		if err := stmt.QueryRowContext(ctx, "none").Scan(&s); err != sql.ErrNoRows {
			t.Error(err)
		}
		must("Ping", db.PingContext(ctx))
		for _, wrong := range []string{"SELECT", "SELECT ?", "INSERT OR ABORT INTO kv VALUES ('a', 1)", "PRAGMA x", "COMMIT",
			"SELECT 1; COMMIT; SELECT 2", "INSERT INTO kv VALUES ('z', 1 / 0)", "SAVEPOINT s; ROLLBACK TO t"} {
			if _, err := db.ExecContext(ctx, wrong); err == nil {
				t.Errorf("%s: no error", wrong)
			}
			idle(t, db, "Exec "+wrong)
			if rows, err := db.QueryContext(ctx, wrong); err == nil {
				for rows.NextResultSet() {
				}
				if rows.Err() == nil && rows.Close() == nil {
					t.Errorf("%s: no error", wrong)
				}
			}
			idle(t, db, "Query "+wrong)
		}
		for _, commit := range []bool{true, false} {
			tx, err := db.BeginTx(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			// Within the transaction everything goes over its connection, several rows
			// at a time included.
			outer, err := tx.QueryContext(ctx, "SELECT key")
			if err != nil {
				t.Fatal(err)
			}
			for outer.Next() {
				if err := tx.StmtContext(ctx, stmt).QueryRowContext(ctx, "a").Scan(&s); err != nil {
					t.Fatal(err)
				}
				if _, err := tx.ExecContext(ctx, "UPDATE kv SET value = value + 1"); err != nil {
					t.Fatal(err)
				}
			}
			if err := outer.Err(); err != nil {
				t.Fatal(err)
			}
			err = lsmlite.Savepoint(ctx, tx, func() error {
				_, err := tx.ExecContext(ctx, "DELETE WHERE key = 'b'")
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if commit {
				must("Commit", tx.Commit())
			} else {
				must("Rollback", tx.Rollback())
			}
		}
		short, end := context.WithCancel(ctx)
		tx, err := db.BeginTx(short, nil)
		if err != nil {
			t.Fatal(err)
		}
		end()
		idle(t, db, "a cancelled transaction")
		if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, query := range []string{"SELECT key; SELECT value; DELETE WHERE key = 'f'", "EXPLAIN DELETE", "PRAGMA database_list",
			"BEGIN", "SAVEPOINT s", "INSERT INTO kv VALUES ('f', 1) RETURNING *"} {
			rows, err := db.QueryContext(ctx, query)
			if err != nil {
				t.Fatalf("%s: %v", query, err)
			}
			must(query, rows.Close())
		}
		conn, err := db.Conn(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ExecContext(ctx, "BEGIN; DELETE"); err != nil {
			t.Fatal(err)
		}
		must("Conn.Close", conn.Close()) // rolls back
		must("Stmt.Close", stmt.Close())
		wantRows(t, db, "5", "SELECT count(*)")
	})
}

// descriptors returns how many files in dir the process has open, or false if the system
// does not tell.
func descriptors(dir string) (n int, ok bool) {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, false
	}
	for _, f := range list {
		if name, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(name, dir) {
			n++
		}
	}
	return n, true
}

// TestNothingLeft closes a database after all kinds of use and looks for goroutines and
// files that have been left behind.
func TestNothingLeft(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for round := range 3 {
		db, err := sql.Open(lsmlite.DriverName, filepath.Join(dir, "test.lsm")+"?background=both&autoflush=64KB")
		if err != nil {
			t.Fatal(err)
		}
		fill(t, db, 3000)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				rows, err := db.QueryContext(ctx, "SELECT key, value")
				if err != nil {
					t.Error(err)
					return
				}
				for range 100 {
					rows.Next()
				}
				cancel() // instead of Close
				if tx, err := db.BeginTx(ctx, nil); err == nil {
					t.Error("began with a context that has ended", tx.Rollback())
				}
			})
		}
		wg.Wait()
		if _, err := db.Prepare("SELECT 1"); err != nil { // never closed
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if _, err := db.BeginTx(ctx, nil); err != nil { // never ended but by the context
			t.Fatal(err)
		}
		cancel()
		idle(t, db, "before Close")
		if n, ok := descriptors(dir); ok && n == 0 {
			t.Error("no open file was found; the test looks in the wrong place")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if n, ok := descriptors(dir); ok && n != 0 {
			t.Errorf("round %d: %d files are open after Close", round, n)
		}
	}
	for range 200 { // goroutines that have been told to end may need a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	stacks := make([]byte, 1<<16)
	stacks = stacks[:runtime.Stack(stacks, true)]
	t.Errorf("%d goroutines, before there were %d:\n%s", runtime.NumGoroutine(), before, stacks)
}

func TestResetSession(t *testing.T) {
	ctx := context.Background()
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		for _, start := range []string{"BEGIN", "BEGIN DEFERRED", "SAVEPOINT s", "SAVEPOINT s; SAVEPOINT t"} {
			for _, reset := range []func(dc any) error{
				func(dc any) error { return dc.(driver.SessionResetter).ResetSession(ctx) },
				func(dc any) error {
					if !dc.(driver.Validator).IsValid() {
						return errors.New("not valid")
					}
					return nil
				},
			} {
				conn := connect(t, db)
				exec(t, conn, start)
				exec(t, conn, "INSERT INTO kv VALUES ('a', 1)")
				if err := conn.Raw(reset); err != nil {
					t.Fatal(err)
				}
				exec(t, db, "DELETE WHERE key = 'none'") // the writer's place is free
				wantRows(t, conn, "0", "SELECT count(*)")
				if _, err := conn.ExecContext(ctx, "COMMIT"); !errors.Is(err, lsmlite.ErrMisuse) {
					t.Errorf("%s: COMMIT after the reset: %v", start, err)
				}
				if err := conn.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// TestResultSets moves through the result sets of a text in every way.
func TestResultSets(t *testing.T) {
	eachStore(t, func(t *testing.T, open opener) {
		db := open(t, "")
		exec(t, db, letters)
		const text = "SELECT key WHERE key < 'c'; SELECT value AS v, key FROM kv WHERE key = 'zz'; DELETE WHERE key = 'f'; " +
			"SELECT count(*) AS n; SELECT 1 / 0; PRAGMA key_type"
		columns := []string{"key", "v key", "", "n", "1 / 0", "key_type"}
		types := []string{"BLOB", "BLOB BLOB", "", "INTEGER", "NUMERIC", "TEXT"}
		want := []int{2, 0, 0, 1, 1, 1}
		for most := range 3 { // how many rows of each set are read
			rows, err := db.Query(text)
			if err != nil {
				t.Fatal(err)
			}
			for i := range columns {
				names, err := rows.Columns()
				if err != nil || strings.Join(names, " ") != columns[i] {
					t.Errorf("set %d has the columns %q, %v; want %s", i, names, err, columns[i])
				}
				list, err := rows.ColumnTypes()
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, typ := range list {
					got = append(got, typ.DatabaseTypeName())
				}
				if strings.Join(got, " ") != types[i] {
					t.Errorf("set %d has the types %s, want %s", i, got, types[i])
				}
				n := 0
				for n < most && rows.Next() {
					n++
				}
				if n != min(most, want[i]) {
					t.Errorf("set %d has %d rows, want %d of %d", i, n, most, want[i])
				}
				if more := rows.NextResultSet(); more != (i < len(columns)-1) {
					t.Fatalf("set %d: another one: %v; %v", i, more, rows.Err())
				}
			}
			if rows.NextResultSet() || rows.Next() || rows.Err() != nil {
				t.Error("more, or", rows.Err())
			}
			if err := rows.Close(); err != nil {
				t.Error(err)
			}
		}
		// An error ends the text where it happens.
		rows, err := db.Query("SELECT 1; INSERT OR ABORT INTO kv VALUES ('a', 1); DELETE")
		if err != nil {
			t.Fatal(err)
		}
		if rows.NextResultSet() || !errors.Is(rows.Err(), lsmlite.ErrConstraint) {
			t.Errorf("the second statement: %v", rows.Err())
		}
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
		wantRows(t, db, "5", "SELECT count(*)")
	})
}
