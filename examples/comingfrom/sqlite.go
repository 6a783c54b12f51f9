// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"

	_ "modernc.org/sqlite"
)

const sqliteSchema = `CREATE TABLE IF NOT EXISTS kv (key BLOB NOT NULL, value BLOB NOT NULL,
	PRIMARY KEY (key) ON CONFLICT REPLACE) WITHOUT ROWID`

func sqliteBasics(path string, out io.Writer) {
	db, err := sql.Open("sqlite", path)
	check(err)
	defer db.Close()
	_, err = db.Exec(sqliteSchema)
	check(err)

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

func sqliteNested(path string, out io.Writer) {
	db, err := sql.Open("sqlite", path)
	check(err)
	defer db.Close()
	_, err = db.Exec(sqliteSchema)
	check(err)

	tx, err := db.Begin()
	check(err)
	defer tx.Rollback()
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
	printRows(db, out, "SELECT * FROM kv ORDER BY key")
}

func sqliteScan(path string, out io.Writer) {
	db, err := sql.Open("sqlite", path)
	check(err)
	defer db.Close()
	_, err = db.Exec(sqliteSchema)
	check(err)
	for _, r := range sampleRows {
		_, err := db.Exec("INSERT INTO kv VALUES (?, ?)", r.key, r.value)
		check(err)
	}

	printRows(db, out, "SELECT * FROM kv WHERE key >= ? AND key < ? ORDER BY key", "user/", "user0")
	printRows(db, out, "SELECT * FROM kv WHERE key GLOB 'user/*' ORDER BY key DESC")
}

func sqliteSnapshot(path string, out io.Writer) {
	db, err := sql.Open("sqlite", path+"?_pragma=journal_mode(wal)&_pragma=busy_timeout(5000)")
	check(err)
	defer db.Close()
	_, err = db.Exec(sqliteSchema + "; INSERT INTO kv VALUES ('user/1', 'Ada')")
	check(err)

	snapshot, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	check(err)
	defer snapshot.Rollback()
	var then, now string // a deferred transaction has its snapshot from the first read on
	check(snapshot.QueryRow("SELECT value FROM kv WHERE key = 'user/1'").Scan(&then))
	_, err = db.Exec("INSERT INTO kv VALUES ('user/1', 'Augusta'), ('user/2', 'Grace')")
	check(err)

	check(snapshot.QueryRow("SELECT value FROM kv WHERE key = 'user/1'").Scan(&then))
	check(db.QueryRow("SELECT value FROM kv WHERE key = 'user/1'").Scan(&now))
	fmt.Fprintln(out, "then", then, "now", now)
}

func sqliteBulk(path string, out io.Writer) {
	db, err := sql.Open("sqlite", path)
	check(err)
	defer db.Close()
	_, err = db.Exec(sqliteSchema)
	check(err)

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
	_, err = db.Exec("VACUUM")
	check(err)

	var left int
	check(db.QueryRow("SELECT count(*) FROM kv").Scan(&left))
	fmt.Fprintln(out, "deleted", deleted, "left", left)
}
