// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	_ "github.com/lsmlite/lsmlite-go"
)

// bySQL is database/sql's way, through as many connections as there are transactions at the same time.
type bySQL struct {
	db       *sql.DB // BEGIN takes the writer's turn
	deferred *sql.DB // the first write takes it; the same database
}

func openSQL(dsn string) (bySQL, error) {
	var s bySQL
	var err, err2 error
	s.db, err = sql.Open("lsmlite", dsn)
	s.deferred, err2 = sql.Open("lsmlite", dsn+"&_txlock=deferred")
	return s, errors.Join(err, err2)
}

func (a bySQL) close() error { return errors.Join(a.db.Close(), a.deferred.Close()) }

// querier is what a transaction and a pool have in common.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func selectOne(q querier, key []byte) ([]byte, error) {
	var value []byte
	err := q.QueryRowContext(context.Background(), "SELECT value FROM kv WHERE key = ?", key).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return value, err
}

func (a bySQL) get(key []byte) ([]byte, error) { return selectOne(a.db, key) }

func (a bySQL) begin() (writer, error) {
	tx, err := a.db.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	return sqlTx{tx}, nil
}

// snapshot begins a transaction that could write, and reads once, so that it has its state.
func (a bySQL) snapshot() (snapshot, error) {
	tx, err := a.deferred.BeginTx(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	if _, err := selectOne(tx, []byte("nothing")); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	return sqlTx{tx}, nil
}

// bySQLReadOnly has snapshots of read-only transactions.
type bySQLReadOnly struct{ bySQL }

func (a bySQLReadOnly) snapshot() (snapshot, error) {
	tx, err := a.db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	return sqlTx{tx}, nil
}

type sqlTx struct{ tx *sql.Tx }

func (s sqlTx) exec(query string, args ...any) error {
	_, err := s.tx.ExecContext(context.Background(), query, args...)
	return err
}

func (s sqlTx) get(key []byte) ([]byte, error) { return selectOne(s.tx, key) }
func (s sqlTx) put(key, value []byte) error {
	return s.exec("INSERT INTO kv VALUES (?, ?)", key, value)
}
func (s sqlTx) remove(key []byte) error { return s.exec("DELETE FROM kv WHERE key = ?", key) }
func (s sqlTx) commit() error           { return s.tx.Commit() }
func (s sqlTx) rollback() error         { return s.tx.Rollback() }
func (s sqlTx) close() error            { return s.tx.Rollback() }

func (s sqlTx) removeBetween(after, before []byte) error {
	return s.exec("DELETE FROM kv WHERE key > ? AND key < ?", after, before)
}

// open, rollbackTo and commitTo are savepoints of the same name, of which a statement means the newest one.
func (s sqlTx) open() error { return s.exec("SAVEPOINT level") }

func (s sqlTx) rollbackTo(level int) error { return s.exec("ROLLBACK TO level") }
func (s sqlTx) commitTo(level int) error   { return s.exec("RELEASE level") }

// upgrade takes the writer's turn by a write that changes nothing.
func (s sqlTx) upgrade() (writer, error) {
	if err := s.exec("DELETE FROM kv WHERE key = 'nothing'"); err != nil {
		return nil, errors.Join(err, s.tx.Rollback())
	}
	return s, nil
}

func (s sqlTx) scan(visit func(key, value []byte) error) error {
	return s.rows("SELECT * FROM kv", visit)
}

// rows visits the rows of a query.
func (s sqlTx) rows(query string, visit func(key, value []byte) error) (err error) {
	rows, err := s.tx.QueryContext(context.Background(), query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var key, value []byte
		if err := rows.Scan(&key, &value); err != nil {
			return err
		}
		if err := visit(key, value); err != nil {
			return fmt.Errorf("key %q: %w", key, err)
		}
	}
	return rows.Err()
}
