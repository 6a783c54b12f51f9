// SPDX-License-Identifier: Apache-2.0

package lsmlite_test

import (
	"context"
	"testing"

	lsmlite "github.com/lsmlite/lsmlite-go"
)

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

// TestTransactionTexts runs scripts on one connection, whose transactions are begun and
// ended by text.
func TestTransactionTexts(t *testing.T) {
	insert := func(key string) step { return step{exec: "INSERT INTO kv VALUES (?, 1)", args: args(key), n: 1} }
	tests := []struct {
		name     string
		settings string
		steps    []step
		left     string
	}{
		{name: "begin and commit", left: "a", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "COMMIT"},
			{exec: "COMMIT", is: lsmlite.ErrMisuse, err: "no transaction is open"},
			{exec: "ROLLBACK", is: lsmlite.ErrMisuse, err: "no transaction is open"},
		}},
		{name: "begin and rollback", steps: []step{
			{exec: "BEGIN IMMEDIATE TRANSACTION"}, insert("a"), {query: "SELECT key", rows: "a"}, {exec: "ROLLBACK TRANSACTION"},
		}},
		{name: "begin twice", left: "a", steps: []step{
			{exec: "BEGIN EXCLUSIVE"}, {exec: "BEGIN", is: lsmlite.ErrMisuse, err: "open already"}, insert("a"), {exec: "END"},
		}},
		{name: "all in one text", left: "a b", steps: []step{
			{exec: "BEGIN; INSERT INTO kv VALUES ('a', ?); INSERT INTO kv VALUES ('b', ?); COMMIT", args: args(1, 2)},
		}},
		{name: "a statement that fails undoes itself only", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"),
			{exec: "INSERT OR ABORT INTO kv VALUES ('x', 1), ('a', 1)", is: lsmlite.ErrConstraint},
			insert("b"), {exec: "COMMIT"},
		}},
		{name: "savepoints nest", left: "a b e", steps: []step{
			{exec: "BEGIN"}, insert("a"),
			{exec: "SAVEPOINT one"}, insert("b"),
			{exec: "SAVEPOINT two"}, insert("c"),
			{exec: "ROLLBACK TO two"}, {query: "SELECT key", rows: "a b"},
			insert("d"), {exec: "ROLLBACK TO SAVEPOINT TWO"}, insert("e"),
			{exec: "RELEASE two"}, {exec: "RELEASE SAVEPOINT one"},
			{exec: "RELEASE one", is: lsmlite.ErrMisuse, err: "no such savepoint: one"},
			{exec: "COMMIT"},
		}},
		{name: "rollback to an outer one closes the inner", left: "a z", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT one"}, insert("b"), {exec: "SAVEPOINT two"}, insert("c"),
			{exec: "ROLLBACK TO one"}, {query: "SELECT key", rows: "a"},
			{exec: "ROLLBACK TO two", is: lsmlite.ErrMisuse, err: "no such savepoint: two"},
			insert("z"), {exec: "COMMIT"},
		}},
		{name: "release of an outer one keeps the inner's writes", left: "a b c", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT one"}, insert("b"), {exec: "SAVEPOINT two"}, insert("c"),
			{exec: "RELEASE one"}, {exec: "RELEASE two", is: lsmlite.ErrMisuse}, {exec: "COMMIT"},
		}},
		{name: "the newest of a name is meant", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT s"}, insert("b"), {exec: "SAVEPOINT s"}, insert("c"),
			{exec: "ROLLBACK TO s"}, {exec: "RELEASE s"}, {exec: "RELEASE s"}, {exec: "COMMIT"},
		}},
		{name: "an outermost savepoint begins and its release commits", left: "a b", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"), {exec: "SAVEPOINT t"}, insert("b"), {exec: "RELEASE s"},
			{exec: "COMMIT", is: lsmlite.ErrMisuse},
		}},
		{name: "rollback to an outermost savepoint keeps it open", left: "b", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"), {exec: "ROLLBACK TO s"}, {query: "SELECT key"},
			insert("b"), {exec: "SAVEPOINT t"}, insert("c"), {exec: "ROLLBACK TO t"}, {exec: "COMMIT"},
		}},
		{name: "commit commits open savepoints", left: "a b", steps: []step{
			{exec: "BEGIN"}, insert("a"), {exec: "SAVEPOINT s"}, insert("b"), {exec: "COMMIT"},
		}},
		{name: "rollback undoes released savepoints", steps: []step{
			{exec: "BEGIN"}, {exec: "SAVEPOINT s"}, insert("b"), {exec: "RELEASE s"}, {exec: "ROLLBACK"},
		}},
		{name: "a statement that fails in a savepoint", left: "a c", steps: []step{
			{exec: "SAVEPOINT s"}, insert("a"),
			{exec: "INSERT OR ABORT INTO kv VALUES ('b', 1), ('a', 1)", is: lsmlite.ErrConstraint},
			{exec: "SAVEPOINT t"}, insert("c"), {exec: "RELEASE s"},
		}},
		{name: "deferred", left: "a b", steps: []step{
			insert("a"), {exec: "BEGIN DEFERRED"}, {query: "SELECT key", rows: "a"}, insert("b"), {exec: "COMMIT"},
		}},
		{name: "deferred, savepoints before the first write", settings: "_txlock=deferred", left: "a b d", steps: []step{
			insert("a"), {exec: "BEGIN"}, {query: "SELECT key", rows: "a"},
			{exec: "SAVEPOINT one"}, {exec: "SAVEPOINT two"}, {exec: "ROLLBACK TO one"}, {exec: "SAVEPOINT three"},
			insert("x"), {exec: "ROLLBACK TO three"}, insert("b"), {exec: "RELEASE three"},
			{exec: "SAVEPOINT four"}, insert("c"), {exec: "ROLLBACK TO four"}, {exec: "RELEASE one"}, insert("d"), {exec: "COMMIT"},
		}},
		{name: "deferred, outermost savepoint", settings: "_txlock=deferred", left: "b", steps: []step{
			{exec: "SAVEPOINT s"}, {exec: "SAVEPOINT t"}, insert("a"), {exec: "ROLLBACK TO s"}, insert("b"), {exec: "RELEASE s"},
		}},
		{name: "deferred, nothing done", settings: "_txlock=deferred", steps: []step{
			{exec: "BEGIN"}, {exec: "SAVEPOINT s"}, {exec: "RELEASE s"}, {exec: "COMMIT"},
			{exec: "BEGIN"}, {query: "SELECT key"}, {exec: "ROLLBACK"},
		}},
	}
	eachStore(t, func(t *testing.T, open opener) {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				db := open(t, tt.settings)
				conn := connect(t, db)
				runScript(t, conn, tt.steps)
				wantRows(t, db, tt.left, "SELECT key") // as others see it
			})
		}
	})
}
