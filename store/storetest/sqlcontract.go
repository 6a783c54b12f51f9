// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

// failing lets statements fail in a transaction, which goes on as it was.
func (s *sqlSuite) failing() {
	db := s.db("")
	s.exec(db, "INSERT INTO kv VALUES ('a', '1')")
	tx, err := db.BeginTx(s.ctx, nil)
	s.ok(err)
	s.exec(tx, "INSERT INTO kv VALUES ('b', '2')")
	_, err = tx.ExecContext(s.ctx, "INSERT OR ABORT INTO kv VALUES ('c', '3'), ('a', 'again')")
	s.is(err, engine.ErrConstraint, "a key that is there")
	_, err = tx.ExecContext(s.ctx, "SELECT nonsense")
	s.is(err, engine.ErrSyntax, "nonsense")
	_, err = tx.ExecContext(s.ctx, "INSERT INTO kv VALUES (?, ?)", "x")
	s.is(err, engine.ErrMisuse, "too few arguments")
	s.want(tx, `"a" "1", "b" "2"`, "SELECT * FROM kv")
	s.ok(tx.Commit())
	s.want(db, `"a" "1", "b" "2"`, "SELECT * FROM kv")
	s.is(tx.Commit(), sql.ErrTxDone, "commit again")
	_, err = tx.ExecContext(s.ctx, "DELETE FROM kv")
	s.is(err, sql.ErrTxDone, "exec after commit")
}

// stableRows changes what open rows show, which does not change them, and closes others early.
func (s *sqlSuite) stableRows() {
	db := s.db("")
	const n = 300
	tx, err := db.BeginTx(s.ctx, nil)
	s.ok(err)
	for i := range n {
		s.exec(tx, "INSERT INTO kv VALUES (?, ?)", fmt.Sprintf("%04d", i), "old")
	}
	s.ok(tx.Commit())
	rows, err := db.QueryContext(s.ctx, "SELECT key, value FROM kv ORDER BY key DESC")
	s.ok(err)
	early, err := db.QueryContext(s.ctx, "SELECT key FROM kv")
	s.ok(err)
	if !rows.Next() || !early.Next() {
		s.Fatal("no rows")
	}
	s.ok(early.Close())
	s.exec(db, "DELETE FROM kv WHERE key < '0200'")
	s.exec(db, "UPDATE kv SET value = 'new'")
	left := 1
	for ; rows.Next(); left++ {
		var key, value string
		s.ok(rows.Scan(&key, &value))
		if want := fmt.Sprintf("%04d", n-1-left); key != want || value != "old" {
			s.Fatalf("row %d: %s %s, should be %s old", left, key, value, want)
		}
	}
	s.ok(errors.Join(rows.Err(), rows.Close()))
	if left != n {
		s.Fatalf("%d rows of %d", left, n)
	}
	s.want(db, "100", "SELECT count(*) FROM kv WHERE value = 'new'")
}

// results keeps bytes beyond the row and the statement, and changes what was passed in.
func (s *sqlSuite) results() {
	db := s.db("")
	key, value := []byte("key\x00"), bytes.Repeat([]byte{0xff, 0}, 20_000)
	s.exec(db, "INSERT INTO kv VALUES (?, ?), (?, ?)", key, value, []byte{}, "")
	key[0], value[0] = 'x', 'x'
	rows, err := db.QueryContext(s.ctx, "SELECT key, value FROM kv")
	s.ok(err)
	var got [][2][]byte
	for rows.Next() {
		var pair [2][]byte
		s.ok(rows.Scan(&pair[0], &pair[1]))
		got = append(got, pair)
	}
	s.ok(errors.Join(rows.Err(), rows.Close()))
	s.exec(db, "DELETE FROM kv")
	value[0] = 0xff
	if len(got) != 2 || got[0][0] == nil || got[0][1] == nil || len(got[0][0])+len(got[0][1]) != 0 ||
		string(got[1][0]) != "key\x00" || !bytes.Equal(got[1][1], value) {
		s.Fatalf("%d rows: %.100q", len(got), got)
	}
}

// endedContext cancels a transaction, which is rolled back, and gives back what it holds.
func (s *sqlSuite) endedContext() {
	db := s.db("")
	db.SetMaxOpenConns(1) // so that the next statement waits for the end of the transaction
	ctx, cancel := context.WithCancel(s.ctx)
	tx, err := db.BeginTx(ctx, nil)
	s.ok(err)
	s.exec(tx, "INSERT INTO kv VALUES ('a', 'b')")
	cancel()
	if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, context.Canceled) {
		s.Fatalf("commit after the end of the context: %v", err)
	}
	within, cancel := context.WithTimeout(s.ctx, time.Minute)
	defer cancel()
	if _, err := db.ExecContext(within, "INSERT INTO kv VALUES ('b', 'c')"); err != nil {
		s.Fatalf("the writer's turn was not given back: %v", err)
	}
	s.want(db, `"b"`, "SELECT key FROM kv")
}

// contexts passes one that has ended, and one that ends while rows are read.
func (s *sqlSuite) contexts() {
	db := s.db("")
	for i := range 20 {
		s.exec(db, "INSERT INTO kv VALUES (?, '')", fmt.Sprint(i))
	}
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	_, err := db.ExecContext(ended, "DELETE FROM kv")
	s.is(err, context.Canceled, "exec")
	_, err = db.QueryContext(ended, "SELECT * FROM kv")
	s.is(err, context.Canceled, "query")
	_, err = db.BeginTx(ended, nil)
	s.is(err, context.Canceled, "begin")
	c := s.conn(db)
	during, cancel := context.WithCancel(s.ctx)
	rows, err := c.QueryContext(during, "SELECT * FROM kv")
	s.ok(err)
	if !rows.Next() {
		s.Fatal("no row")
	}
	cancel()
	for rows.Next() {
	}
	if err := rows.Err(); err != nil && !errors.Is(err, context.Canceled) {
		s.Fatal(err)
	}
	_ = rows.Close()
	s.want(c, "20", "SELECT count(*) FROM kv")
}

func (s *sqlSuite) readOnly() {
	db := s.db("")
	s.exec(db, "INSERT INTO kv VALUES ('a', '1')")
	tx, err := db.BeginTx(s.ctx, &sql.TxOptions{ReadOnly: true})
	s.ok(err)
	s.want(tx, "1", "SELECT count(*) FROM kv")
	s.exec(db, "INSERT INTO kv VALUES ('b', '2')")
	s.want(tx, "1", "SELECT count(*) FROM kv")
	_, err = tx.ExecContext(s.ctx, "DELETE FROM kv")
	s.is(err, engine.ErrReadOnly, "a write")
	s.want(tx, `"a" "1"`, "SELECT * FROM kv")
	s.ok(tx.Rollback())
	s.want(db, "2", "SELECT count(*) FROM kv")
}

const (
	numAccounts  = 8
	numClients   = 4
	numTransfers = 20
)

// transfers moves amounts between accounts from several goroutines, while others look at the sum.
func (s *sqlSuite) transfers() {
	db := s.db("key_type=int64&value_type=text")
	for i := range numAccounts {
		s.exec(db, "INSERT INTO kv VALUES (?, '100')", i)
	}
	once := func(from, to int) error {
		tx, err := db.BeginTx(s.ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		for account, change := range map[int]int{from: -1, to: 1} {
			var amount int
			if err := tx.QueryRowContext(s.ctx, "SELECT value FROM kv WHERE key = ?", account).Scan(&amount); err != nil {
				return err
			}
			if _, err := tx.ExecContext(s.ctx, "UPDATE kv SET value = ? WHERE key = ?", fmt.Sprint(amount+change), account); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
	sum := func() error {
		rows, err := db.QueryContext(s.ctx, "SELECT value FROM kv")
		if err != nil {
			return err
		}
		defer rows.Close()
		total := 0
		for rows.Next() {
			var amount int
			if err := rows.Scan(&amount); err != nil {
				return err
			}
			total += amount
		}
		if total != 100*numAccounts && rows.Err() == nil {
			return fmt.Errorf("the sum is %d", total)
		}
		return rows.Err()
	}
	failed := make(chan error, 2*numClients)
	var wait sync.WaitGroup
	for c := range numClients {
		wait.Go(func() {
			for i := range numTransfers {
				from := (c + i) % numAccounts
				err := once(from, (from+1+i%(numAccounts-1))%numAccounts)
				for errors.Is(err, engine.ErrBusy) {
					err = once(from, (from+1+i%(numAccounts-1))%numAccounts)
				}
				if err == nil {
					err = sum()
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		s.Fatal(err)
	}
	s.ok(sum())
}

// oneConnection does with one what could wait for another.
func (s *sqlSuite) oneConnection() {
	db := s.db("")
	db.SetMaxOpenConns(1)
	for i := range 30 {
		tx, err := db.BeginTx(s.ctx, nil)
		s.ok(err)
		s.exec(tx, "INSERT INTO kv VALUES (?, ?)", fmt.Sprint(i), "x")
		if i%3 == 0 {
			s.ok(tx.Rollback())
		} else {
			s.ok(tx.Commit())
		}
	}
	s.want(db, "20", "SELECT count(*) FROM kv")
	c, err := db.Conn(s.ctx)
	s.ok(err)
	s.exec(c, "BEGIN")
	s.exec(c, "DELETE FROM kv")
	s.ok(c.Close()) // with a transaction, which is rolled back
	s.want(db, "20", "SELECT count(*) FROM kv")
}

// files asks about what only a database in a file has.
func (s *sqlSuite) files() {
	db := s.db("")
	if s.ask(db, "PRAGMA page_size") != "error: "+engine.CodeMisuse.String() {
		s.Skip("the store has files")
	}
	for _, text := range []string{"PRAGMA stats", "PRAGMA structure", "PRAGMA checkpoint", "PRAGMA optimize",
		"PRAGMA autoflush", "PRAGMA safety = off", "PRAGMA integrity_check", "PRAGMA backup('x')"} {
		s.want(db, "error: "+engine.CodeMisuse.String(), text)
	}
	s.exec(s.conn(db), "PRAGMA busy_timeout = 100")
	s.want(db, s.ask(s.memory(""), "PRAGMA table_info(kv)"), "PRAGMA table_info(kv)")
}
