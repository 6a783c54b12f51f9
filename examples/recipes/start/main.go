// SPDX-License-Identifier: Apache-2.0

// Start is the program of docs/getting-started.md: it opens a database, writes rows, reads
// them one by one and in order, and moves a number from one row to another in a
// transaction.
//
//	go run -C examples/recipes ./start
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	_ "github.com/lsmlite/lsmlite-go"
)

// open opens the database, which is made if there is none. sql.Open alone touches no file;
// Ping does, so a wrong path or setting is found here.
func open(ctx context.Context, path string) (*sql.DB, error) {
	db, err := sql.Open("lsmlite", path+"?safety=full")
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// put writes rows. A row whose key is there is replaced. Each statement is a transaction of
// its own: all of it takes place, or nothing.
func put(ctx context.Context, db *sql.DB) error {
	_, err := db.ExecContext(ctx, "INSERT INTO kv VALUES (?, ?), (?, ?), (?, ?)",
		"account/ada", 100, "account/grace", 20, "user/ada", "Ada Lovelace")
	return err
}

// get reads one row. A key that is not there is sql.ErrNoRows, as everywhere in
// database/sql.
func get(ctx context.Context, db *sql.DB, key string) (value string, found bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT value FROM kv WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, err
}

// list prints the rows whose keys begin with "account/", in the order of their keys. The
// loop also ends when something fails, so rows.Err says which it was.
func list(ctx context.Context, db *sql.DB, out io.Writer) error {
	rows, err := db.QueryContext(ctx, "SELECT key, value FROM kv WHERE key GLOB 'account/*'")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		var value int
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		fmt.Fprintln(out, key, value)
	}
	return rows.Err()
}

var errTooLittle = errors.New("there is not enough in the account")

// pay moves an amount from one account to another: both rows are changed, or none. While
// the transaction is open, no other one writes, and readers see neither change.
func pay(ctx context.Context, db *sql.DB, from, to string, amount int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	var left int
	err = tx.QueryRowContext(ctx, "UPDATE kv SET value = value - ? WHERE key = ? RETURNING value", amount, from).
		Scan(&left)
	if err != nil {
		return err
	}
	if left < 0 {
		return errTooLittle
	}
	if _, err := tx.ExecContext(ctx, "UPDATE kv SET value = value + ? WHERE key = ?", amount, to); err != nil {
		return err
	}
	return tx.Commit()
}

func run(ctx context.Context, dir string, out io.Writer) error {
	db, err := open(ctx, filepath.Join(dir, "start.lsm"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := put(ctx, db); err != nil {
		return err
	}
	for _, key := range []string{"user/ada", "user/grace"} {
		value, found, err := get(ctx, db, key)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%s: %q, %v\n", key, value, found)
	}
	if err := pay(ctx, db, "account/ada", "account/grace", 30); err != nil {
		return err
	}
	if err := list(ctx, db, out); err != nil {
		return err
	}
	fmt.Fprintln(out, "paying too much:", pay(ctx, db, "account/ada", "account/grace", 300))
	return list(ctx, db, out)
}

func main() {
	dir, err := os.MkdirTemp("", "start")
	if err != nil {
		log.Fatal(err)
	}
	err = run(context.Background(), dir, os.Stdout)
	os.RemoveAll(dir)
	if err != nil {
		log.Fatal(err)
	}
}
