// SPDX-License-Identifier: Apache-2.0

package lsmlite

import (
	"context"
	"database/sql/driver"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/parser"
	"github.com/lsmlite/lsmlite-go/store"
)

var (
	_ driver.Conn              = (*conn)(nil)
	_ driver.ExecerContext     = (*conn)(nil)
	_ driver.QueryerContext    = (*conn)(nil)
	_ driver.Pinger            = (*conn)(nil)
	_ driver.SessionResetter   = (*conn)(nil)
	_ driver.Validator         = (*conn)(nil)
	_ driver.NamedValueChecker = (*conn)(nil)
)

// conn is a connection: a session on a store that it shares with all others of the same
// file. One goroutine uses it at a time.
type conn struct {
	session session.Session
	handle  *handle
	// cfg begins as the connector's; PRAGMA changes the connection's own settings here.
	cfg Config
	// texts keeps the plans of texts, and numConns counts the connections that are not
	// closed. Both are the connector's.
	texts    *parser.Cache
	numConns *atomic.Int64
	closed   bool
}

func newConn(h *handle, cfg Config, texts *parser.Cache, numConns *atomic.Int64) *conn {
	numConns.Add(1)
	if h.memory {
		cfg.Mode = ModeMemory // whatever the path has said
	}
	if h.remote != nil {
		cfg.Path = h.shared.Path // without its password
	}
	c := &conn{handle: h, cfg: cfg, texts: texts, numConns: numConns}
	c.session.Open(h.store, &h.shared, cfg.session(), c)
	return c
}

// session returns the part of c that each session has for itself.
func (c *Config) session() session.Settings {
	return session.Settings{
		ReadOnly:    c.Mode == ModeReadOnly,
		Deferred:    c.TxLock == TxDeferred,
		BusyTimeout: c.BusyTimeout,
		Uncounted:   c.CountDeletes == Off,
		KeyType:     session.Type(c.KeyType),
		ValueType:   session.Type(c.ValueType),
	}
}

// guard is deferred by every method that database/sql calls.
func (c *conn) guard(err *error, op string) {
	c.caught(err, op, recover())
}

// caught makes a panic the error of the call, if there was one.
func (c *conn) caught(err *error, op string, p any) {
	if p != nil {
		c.session.Break()
		*err = internalError(op, p)
	}
}

// usable reports why a call cannot be served at all.
func (c *conn) usable(ctx context.Context) error {
	switch {
	case c.closed:
		// database/sql takes another connection then, because nothing has been done.
		return &Error{Code: CodeMisuse, Detail: "the connection is closed", Err: driver.ErrBadConn}
	case c.session.Broken():
		return driver.ErrBadConn
	}
	return ctx.Err()
}

// parse returns the plans of the statements in text.
func (c *conn) parse(text string) ([]*parser.Plan, error) {
	plans, err := c.texts.Get(text)
	if err != nil {
		return nil, syntaxError(err)
	}
	return plans, nil
}

// ExecContext runs every statement in text. The result is the last one's.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (res driver.Result, err error) {
	defer c.guard(&err, "exec")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.parse(text)
	if err != nil {
		return nil, err
	}
	return c.exec(ctx, plans, args)
}

func (c *conn) exec(ctx context.Context, plans []*parser.Plan, args []driver.NamedValue) (driver.Result, error) {
	n, err := c.session.Exec(ctx, plans, args)
	if err != nil {
		return nil, err
	}
	return result(n), nil
}

// CheckNamedValue accepts the arguments that a statement can use.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	return session.CheckArgument(nv, session.Type(c.cfg.KeyType))
}

// Ping reports whether the connection can be used.
func (c *conn) Ping(ctx context.Context) (err error) {
	defer c.guard(&err, "ping")
	if c.closed {
		return driver.ErrBadConn
	}
	if err := c.usable(ctx); err != nil {
		return err
	}
	if p, ok := c.handle.store.(store.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// ResetSession is called before the connection serves another caller of the pool.
func (c *conn) ResetSession(ctx context.Context) error {
	c.abandon()
	if c.closed {
		return driver.ErrBadConn
	}
	return c.usable(ctx)
}

// IsValid is called when the connection goes back to the pool. A transaction that is
// still open then is nobody's, and would keep the writer's turn until the connection is
// used again, so it is rolled back here.
func (c *conn) IsValid() bool {
	c.abandon()
	return !c.session.Broken() && !c.closed
}

// abandon rolls back a transaction that nobody ended, if there is one.
func (c *conn) abandon() (err error) {
	defer c.guard(&err, "rollback")
	return c.session.Abandon()
}

// Close rolls back what is open and gives up the connection's use of the database, which
// closes with the last one.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.abandon()
	c.numConns.Add(-1)
	return joinErrors(err, c.release())
}

func (c *conn) release() (err error) {
	defer c.guard(&err, "close")
	return c.handle.release()
}

// readOnly reports whether the connection may not write at all.
func (c *conn) readOnly() bool { return c.cfg.Mode == ModeReadOnly }
