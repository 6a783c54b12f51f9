// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

// tempFile returns the name of a database in a new directory, and a function that
// removes it.
func tempFile() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "lsmlite")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(dir, "example.lsm"), func() { os.RemoveAll(dir) }
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Open a database, put a row, get it, and miss another.
func Example() {
	path, remove := tempFile()
	defer remove()
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()

	_, err = db.Exec("INSERT INTO kv (key, value) VALUES (?, ?)", "greeting", "hello")
	check(err)

	var value string
	check(db.QueryRow("SELECT value FROM kv WHERE key = ?", "greeting").Scan(&value))
	fmt.Println(value)

	err = db.QueryRow("SELECT value FROM kv WHERE key = ?", "farewell").Scan(&value)
	fmt.Println(errors.Is(err, sql.ErrNoRows))
	// Output:
	// hello
	// true
}

// A transaction in which a savepoint is rolled back.
func Example_transaction() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()
	ctx := context.Background()

	tx, err := db.BeginTx(ctx, nil)
	check(err)
	defer tx.Rollback()
	_, err = tx.Exec("INSERT INTO kv VALUES ('order/1', 'paid')")
	check(err)
	_, err = tx.Exec("SAVEPOINT attempt")
	check(err)
	_, err = tx.Exec("DELETE WHERE key = 'order/1'")
	check(err)
	_, err = tx.Exec("ROLLBACK TO attempt")
	check(err)
	check(tx.Commit())

	var orders int
	check(db.QueryRow("SELECT count(*) WHERE key BETWEEN 'order/1' AND 'order/9'").Scan(&orders))
	fmt.Println("orders:", orders)
	// Output: orders: 1
}

// The keys of a range, newest first, and a count.
func Example_rangeScan() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()
	for _, day := range []string{"2024-12-31", "2025-01-01", "2025-01-02", "2025-02-01"} {
		_, err := db.Exec("INSERT INTO kv VALUES (?, ?)", "log/"+day, "entry of "+day)
		check(err)
	}

	rows, err := db.Query("SELECT key, value FROM kv WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT 10",
		"log/2025-01", "log/2025-02")
	check(err)
	defer rows.Close()
	for rows.Next() {
		var key, value string
		check(rows.Scan(&key, &value))
		fmt.Println(key, "is", value)
	}
	check(rows.Err())
	// Output:
	// log/2025-01-02 is entry of 2025-01-02
	// log/2025-01-01 is entry of 2025-01-01
}

// A read-only transaction sees one state, whatever others write, and cannot write.
func Example_readOnly() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO kv VALUES ('a', 1), ('b', 2)")
	check(err)

	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	check(err)
	defer tx.Rollback()
	_, err = db.Exec("DELETE FROM kv")
	check(err)

	var rows int
	check(tx.QueryRow("SELECT count(*) FROM kv").Scan(&rows))
	fmt.Println("rows:", rows)
	_, err = tx.Exec("DELETE FROM kv")
	fmt.Println(errors.Is(err, lsmlite.ErrReadOnly))
	// Output:
	// rows: 2
	// true
}

// A nested transaction that fails leaves the enclosing one as it was.
func ExampleSavepoint() {
	db, err := sql.Open("lsmlite", ":memory:")
	check(err)
	defer db.Close()
	ctx := context.Background()

	tx, err := db.BeginTx(ctx, nil)
	check(err)
	defer tx.Rollback()
	_, err = tx.Exec("INSERT INTO kv VALUES ('kept', 1)")
	check(err)
	err = lsmlite.Savepoint(ctx, tx, func() error {
		if _, err := tx.Exec("INSERT INTO kv VALUES ('undone', 1)"); err != nil {
			return err
		}
		return errors.New("changed my mind")
	})
	fmt.Println(err)
	check(tx.Commit())

	var keys int
	check(db.QueryRow("SELECT count(*)").Scan(&keys))
	fmt.Println("keys:", keys)
	// Output:
	// changed my mind
	// keys: 1
}

// The same settings as a struct and as text.
func ExampleNewConnector() {
	cfg := lsmlite.Config{Path: ":memory:", Safety: lsmlite.SafetyFull, AutoFlush: 16 << 20}
	connector, err := lsmlite.NewConnector(cfg)
	check(err)
	db := sql.OpenDB(connector)
	defer db.Close()
	check(db.Ping())
	fmt.Println(cfg.FormatDSN())
	// Output: :memory:?safety=full&autoflush=16384
}

// Load many rows by the engine of a connection, in one transaction and without SQL. Keys
// in order load fastest.
func ExampleConn() {
	path, remove := tempFile()
	defer remove()
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()
	ctx := context.Background()

	conn, err := db.Conn(ctx)
	check(err)
	defer conn.Close()
	err = conn.Raw(func(dc any) error {
		tx, err := dc.(lsmlite.Conn).Engine().Begin(ctx)
		if err != nil {
			return err
		}
		var key []byte
		for i := range 100_000 {
			key = fmt.Appendf(key[:0], "sensor/%08d", i)
			if err := tx.Put(key, []byte("21.5")); err != nil {
				return errors.Join(err, tx.Rollback())
			}
		}
		return tx.Commit(ctx)
	})
	check(err)

	var n int
	check(db.QueryRow("SELECT count(*) FROM kv").Scan(&n))
	fmt.Println(n)
	// Output: 100000
}

// A transaction that others may hinder starts again until it has gone through.
func ExampleRetry() {
	ctx := context.Background()
	db, err := sql.Open("lsmlite", ":memory:?value_type=text")
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO kv VALUES ('stock/apples', '10')"); err != nil {
		log.Fatal(err)
	}
	err = lsmlite.Retry(ctx, db, nil, func(tx *sql.Tx) error {
		var stock int
		if err := tx.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = 'stock/apples'").Scan(&stock); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "UPDATE kv SET value = ? WHERE key = 'stock/apples'", fmt.Sprint(stock-1))
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	var left string
	if err := db.QueryRow("SELECT value FROM kv").Scan(&left); err != nil {
		log.Fatal(err)
	}
	fmt.Println(left)
	// Output: 9
}
