// SPDX-License-Identifier: Apache-2.0

// Package sqlkv is a store over database/sql, for all drivers whose table is
// kv(key BLOB PRIMARY KEY, value BLOB). Every goroutine that reads has a connection of its own with
// prepared statements; what it scans are sql.RawBytes, which are not copied.
package sqlkv

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Dialect is what differs between drivers.
type Dialect struct {
	Driver, DSN string
	Create      string // statement, run once after opening; empty is none
	Flush       string // statement of Flush
	// Writers is how many connections write. SQLite has one writer at a time, and waiting in the
	// program costs less than being refused; a driver that shares syncs has one for each goroutine.
	Writers int
}

var background = context.Background()

// Open opens a store.
func Open(d Dialect) (kv.Store, error) {
	db, err := sql.Open(d.Driver, d.DSN)
	if err != nil {
		return nil, err
	}
	s := &store{db: db, dialect: d, writers: make(chan *writer, max(d.Writers, 1))}
	if d.Create != "" {
		if _, err := db.Exec(d.Create); err != nil {
			db.Close()
			return nil, fmt.Errorf("%s: %w", d.Create, err)
		}
	}
	for range cap(s.writers) {
		w, err := newWriter(db)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.writers <- w
	}
	return s, nil
}

type store struct {
	db      *sql.DB
	dialect Dialect
	writers chan *writer
}

func (s *store) Write(ops []kv.Op) error {
	w := <-s.writers
	defer func() { s.writers <- w }()
	return w.write(ops)
}

func (s *store) DeleteRange(from, to []byte) error {
	w := <-s.writers
	defer func() { s.writers <- w }()
	_, err := w.deleteRange.Exec(from, to)
	return err
}

func (s *store) Flush() error { return s.run(s.dialect.Flush) }

// run runs a statement that may return rows, on a writer's connection.
func (s *store) run(statement string) error {
	w := <-s.writers
	defer func() { s.writers <- w }()
	rows, err := w.conn.QueryContext(background, statement)
	if err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

func (s *store) Close() error {
	for len(s.writers) > 0 {
		if err := (<-s.writers).conn.Close(); err != nil {
			return err
		}
	}
	return s.db.Close()
}
