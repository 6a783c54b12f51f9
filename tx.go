// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
)

var (
	_ driver.Tx          = (*tx)(nil)
	_ driver.ConnBeginTx = (*conn)(nil)
)

// Begin is BeginTx without a context or options.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx opens a transaction. With a single writer every isolation level that database/sql
// knows is met, because transactions are serialisable: there is one writer, and a reader has
// one snapshot. A store where several write at a time refuses levels above its own. A read-only
// transaction pins its snapshot here.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (t driver.Tx, err error) {
	defer c.guard(&err, "begin")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	if level := sql.IsolationLevel(opts.Isolation); level < sql.LevelDefault || level > sql.LevelLinearizable {
		return nil, misusef("begin", "unknown isolation level %v", level)
	}
	if err := c.isolates(sql.IsolationLevel(opts.Isolation)); err != nil {
		return nil, err
	}
	if err := c.session.Begin(ctx, opts.ReadOnly); err != nil {
		return nil, err
	}
	return (*tx)(c), nil
}

// isolates refuses a level of isolation above that of the store.
func (c *conn) isolates(level sql.IsolationLevel) error {
	if level < sql.LevelSerializable {
		return nil
	}
	caps := c.handle.store.Caps()
	switch {
	case caps.WriteSkew:
		return misusef("begin", "the isolation level %v is above that of this store, whose transactions are "+
			"isolated by snapshots; open the store with other settings, or use a lower level", level)
	case level == sql.LevelLinearizable && !caps.SingleWriter:
		return misusef("begin", "the isolation level %v is above that of this store, whose transactions are "+
			"serialisable; open the store with a single writer, or use a lower level", level)
	}
	return nil
}

// tx is a connection in its role as a transaction.
type tx conn

// Commit makes what the transaction wrote permanent.
func (t *tx) Commit() (err error) {
	c := (*conn)(t)
	defer c.guard(&err, "commit")
	if c.closed {
		return &Error{Code: CodeMisuse, Op: "commit", Detail: "the connection is closed, and rolled the transaction back"}
	}
	return c.session.Commit(context.Background())
}

// Rollback undoes what the transaction wrote.
func (t *tx) Rollback() (err error) {
	c := (*conn)(t)
	defer c.guard(&err, "rollback")
	if c.closed {
		return nil // Close has rolled back
	}
	return c.session.Rollback()
}
