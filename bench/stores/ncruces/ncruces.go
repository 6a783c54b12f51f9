// SPDX-License-Identifier: Apache-2.0

// Package ncruces opens SQLite as github.com/ncruces/go-sqlite3 translates it to Go, through that
// module's own interface: its driver for database/sql has the name of another driver in this program. So
// its figures have no share of database/sql, which those of the other drivers have. Package sqlkv has
// the settings of both classes.
package ncruces

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/ncruces/go-sqlite3"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/bench/stores/sqlkv"
)

// Driver describes the store.
func Driver() kv.Driver {
	return kv.Driver{
		Name:      "ncruces",
		Module:    "github.com/ncruces/go-sqlite3",
		Settings:  sqlkv.SQLiteSettings("its own interface, without database/sql"),
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	s := &store{dsn: fmt.Sprintf(
		"file:%s?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(%s)&_pragma=cache_size(-%d)",
		filepath.Join(c.Dir, "bench.db"), sqlkv.Synchronous(c.Class), c.CacheBytes>>10)}
	var err error
	if s.conn, err = sqlite3.Open(s.dsn); err != nil {
		return nil, err
	}
	if err := s.conn.Exec(sqlkv.CreateTable); err != nil {
		s.conn.Close()
		return nil, err
	}
	err = prepare(s.conn, map[**sqlite3.Stmt]string{
		&s.begin:       sqlkv.Begin,
		&s.commit:      sqlkv.Commit,
		&s.rollback:    sqlkv.Rollback,
		&s.put:         sqlkv.Put,
		&s.remove:      sqlkv.Remove,
		&s.deleteRange: sqlkv.DeleteRange,
	})
	if err != nil {
		closeConn(s.conn)
		return nil, err
	}
	return s, nil
}

func prepare(conn *sqlite3.Conn, texts map[**sqlite3.Stmt]string) error {
	for stmt, text := range texts {
		var err error
		if *stmt, _, err = conn.Prepare(text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// store has the one connection that writes.
type store struct {
	dsn string

	mu                       sync.Mutex // held while the connection is used
	conn                     *sqlite3.Conn
	begin, commit, rollback  *sqlite3.Stmt
	put, remove, deleteRange *sqlite3.Stmt
}

func (s *store) Write(ops []kv.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(ops) == 1 {
		return s.change(ops[0])
	}
	if err := s.begin.Exec(); err != nil {
		return err
	}
	for i := range ops {
		if err := s.change(ops[i]); err != nil {
			s.rollback.Exec()
			return err
		}
	}
	return s.commit.Exec()
}

func (s *store) change(op kv.Op) error {
	if op.Delete {
		return run(s.remove, op.Key)
	}
	return run(s.put, op.Key, op.Value)
}

// run binds blobs and runs a statement that returns no rows.
func run(stmt *sqlite3.Stmt, blobs ...[]byte) error {
	for i, b := range blobs {
		if err := stmt.BindBlob(i+1, b); err != nil {
			return err
		}
	}
	return stmt.Exec()
}

func (s *store) DeleteRange(from, to []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return run(s.deleteRange, from, to)
}

func (s *store) Flush() error { return s.exec(sqlkv.Truncate) }

func (s *store) exec(text string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn.Exec(text)
}

func (s *store) Close() error { return closeConn(s.conn) }

// closeConn closes the statements first; otherwise SQLite refuses to close the connection.
func closeConn(conn *sqlite3.Conn) error {
	for _, stmt := range slices.Collect(conn.Stmts()) {
		if err := stmt.Close(); err != nil {
			return err
		}
	}
	return conn.Close()
}
