// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"database/sql/driver"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

var _ Conn = (*conn)(nil)

// Conn is what [database/sql.Conn.Raw] passes for a connection of this driver. It gives access to
// what SQL cannot express, such as loading many rows by [engine.Tx.Put].
//
//	err := sqlConn.Raw(func(dc any) error {
//		tx, err := dc.(lsmlite.Conn).Engine().Begin(ctx)
//		if err != nil {
//			return err
//		}
//		defer tx.Rollback()
//		for key, value := range rows {
//			if err := tx.Put(key, value); err != nil {
//				return err
//			}
//		}
//		return tx.Commit(ctx)
//	})
type Conn interface {
	driver.Conn
	// Engine returns the open database that the connection shares with all others of the
	// same file, so any number of goroutines may use it. It stays open at least until the
	// function given to Raw returns, and the driver closes it. The caller must close what it
	// opens itself, and nothing else.
	//
	// The engine knows nothing about the connection. A transaction begun there waits for the
	// connection's own if that has the writer's turn, so forever if the context has no end; and
	// it sees keys and values as the bytes that are stored, whatever key_type is.
	Engine() *engine.DB
	// Transaction returns the write transaction that the connection is in, nil if it is in none,
	// or in one that has not taken the writer's turn. Statements of the connection and calls of
	// the transaction see what the others wrote; keys and values are the bytes that are stored,
	// whatever key_type is. It may be used until the connection ends it, between two statements.
	// Its levels and its end are up to the connection, so the caller must not call Begin,
	// CommitTo, RollbackTo, Commit or Rollback.
	Transaction() store.Tx
	// InTransaction reports whether a transaction of the connection is open, whatever has begun it: one that only
	// reads, too, or one that has not taken the writer's turn.
	InTransaction() bool
}

// Engine returns the database that the connection is on; see Conn. It is nil if the
// connection is closed.
func (c *conn) Engine() *engine.DB {
	if c.closed {
		return nil
	}
	switch s := c.handle.store.(type) {
	case store.Engine:
		return s.DB
	case borrowed:
		return s.DB
	}
	return nil
}

// Transaction returns the write transaction that the connection is in; see Conn.
func (c *conn) Transaction() store.Tx {
	if c.closed {
		return nil
	}
	return c.session.Tx()
}

// InTransaction reports whether a transaction of the connection is open; see Conn.
func (c *conn) InTransaction() bool { return !c.closed && c.session.InTransaction() }
