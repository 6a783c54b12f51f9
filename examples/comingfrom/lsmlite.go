// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	_ "github.com/lsmlite/lsmlite-go"
)

func lsmliteBasics(path string, out io.Writer) {
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()

	_, err = db.Exec("INSERT INTO kv VALUES (?, ?), (?, ?)", "user/1", "Ada", "user/2", "Grace")
	check(err)
	_, err = db.Exec("DELETE FROM kv WHERE key = ?", "user/2")
	check(err)

	for _, key := range []string{"user/1", "user/2"} {
		var value string
		switch err := db.QueryRow("SELECT value FROM kv WHERE key = ?", key).Scan(&value); err {
		case nil:
			fmt.Fprintln(out, key, "is", value)
		case sql.ErrNoRows:
			fmt.Fprintln(out, key, "is missing")
		default:
			check(err)
		}
	}
}

func lsmliteNested(path string, out io.Writer) {
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()

	tx, err := db.Begin()
	check(err)
	defer tx.Rollback() // does nothing after Commit
	_, err = tx.Exec("INSERT INTO kv VALUES ('user/1', 'Ada')")
	check(err)

	_, err = tx.Exec("SAVEPOINT risky")
	check(err)
	_, err = tx.Exec("DELETE FROM kv; INSERT INTO kv VALUES ('user/2', 'nobody')")
	check(err)
	_, err = tx.Exec("ROLLBACK TO risky")
	check(err)

	_, err = tx.Exec("INSERT INTO kv VALUES ('user/3', 'Barbara')")
	check(err)
	check(tx.Commit())
	printRows(db, out, "SELECT * FROM kv")
}

func lsmliteScan(path string, out io.Writer) {
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()
	for _, r := range sampleRows {
		_, err := db.Exec("INSERT INTO kv VALUES (?, ?)", r.key, r.value)
		check(err)
	}

	// The first key after the prefix is the prefix with its last byte increased.
	printRows(db, out, "SELECT * FROM kv WHERE key >= ? AND key < ?", "user/", "user0")
	printRows(db, out, "SELECT * FROM kv WHERE key GLOB 'user/*' ORDER BY key DESC")
}

func lsmliteSnapshot(path string, out io.Writer) {
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()
	_, err = db.Exec("INSERT INTO kv VALUES ('user/1', 'Ada')")
	check(err)

	snapshot, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	check(err)
	defer snapshot.Rollback()
	_, err = db.Exec("INSERT INTO kv VALUES ('user/1', 'Augusta'), ('user/2', 'Grace')")
	check(err)

	var then, now string
	check(snapshot.QueryRow("SELECT value FROM kv WHERE key = 'user/1'").Scan(&then))
	check(db.QueryRow("SELECT value FROM kv WHERE key = 'user/1'").Scan(&now))
	fmt.Fprintln(out, "then", then, "now", now)
}

func lsmliteBulk(path string, out io.Writer) {
	db, err := sql.Open("lsmlite", path)
	check(err)
	defer db.Close()

	tx, err := db.Begin()
	check(err)
	defer tx.Rollback()
	insert, err := tx.Prepare("INSERT INTO kv VALUES (?, ?)")
	check(err)
	for i := range bulkRows {
		_, err := insert.Exec(bulkKey(i), "x")
		check(err)
	}
	check(tx.Commit())

	res, err := db.Exec("DELETE FROM kv WHERE key >= ? AND key < ?", bulkKey(1000), bulkKey(9000))
	check(err)
	deleted, err := res.RowsAffected()
	check(err)
	_, err = db.Exec("PRAGMA optimize")
	check(err)

	var left int
	check(db.QueryRow("SELECT count(*) FROM kv").Scan(&left))
	fmt.Fprintln(out, "deleted", deleted, "left", left)
}
