package lsmlite

import (
	"context"
	"database/sql/driver"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/parser"
)

var (
	_ driver.Conn               = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.NamedValueChecker  = (*conn)(nil)
)

// conn is a connection: no file of its own, at most one transaction, and the buffers
// that its statements reuse. One goroutine uses it at a time.
type conn struct {
	connector *Connector
	handle    *handle
	// store is handle.store, which does not change while the connection is open.
	store store
	// cfg begins as the connector's; PRAGMA changes the connection's own settings here.
	cfg Config
	// number tells connections of one database apart in messages.
	number int64

	txn txn
	// explicit is true while the writer's place is held by a transaction that the user
	// began, false while a lone statement holds it. Others read it, for a message.
	explicit atomic.Bool

	closed bool
	// broken is set when a panic was caught: what the connection holds is unknown, and
	// the pool must not use it again.
	broken bool

	// Buffers of the running statement.
	args    []parser.Value
	scratch []byte
	value   []byte
	bounds  parser.Bounds
	last    []byte // the last key that is there to delete
	end     []byte // the end of a range to delete
	// What the running statement tries and computes rows with: inEnv is for VALUES, env
	// for WHERE and SET, outEnv for RETURNING. They are three because what one computed
	// must last while the next computes.
	inEnv  parser.Env
	env    parser.Env
	outEnv parser.Env
	filter *parser.Filter
	// returned collects the rows of RETURNING if collect is set.
	collect  bool
	returned [][]driver.Value
	// spare is a closed rows, to be used again.
	spare *rows
}

// maxKeptBytes is the size of the largest buffer that a connection keeps for its next
// statement.
const maxKeptBytes = 1 << 20

func newConn(c *Connector, h *handle) *conn {
	c.numConns.Add(1)
	return &conn{connector: c, handle: h, store: h.store, cfg: c.cfg, number: h.numConn.Add(1)}
}

// guard is deferred by every method that database/sql calls.
func (c *conn) guard(err *error, op string) {
	if p := recover(); p != nil {
		c.broken = true
		*err = internalError(op, p)
	}
}

// plans returns the plans of the statements in text.
func (c *conn) plans(text string) ([]*parser.Plan, error) {
	plans, err := c.connector.plans.Get(text)
	if err != nil {
		return nil, syntaxError(err)
	}
	return plans, nil
}

// Prepare is PrepareContext without a context.
func (c *conn) Prepare(text string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), text)
}

// PrepareContext parses text, which may hold several statements.
func (c *conn) PrepareContext(ctx context.Context, text string) (s driver.Stmt, err error) {
	defer c.guard(&err, "prepare")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.plans(text)
	if err != nil {
		return nil, err
	}
	return &stmt{conn: c, plans: plans}, nil
}

// ExecContext runs every statement in text. The result is the last one's.
func (c *conn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (res driver.Result, err error) {
	defer c.guard(&err, "exec")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.plans(text)
	if err != nil {
		return nil, err
	}
	return c.exec(ctx, plans, args)
}

// QueryContext runs the first statement in text; the rest run as the caller moves on to
// their result sets, at the latest when the rows are closed.
func (c *conn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Rows, err error) {
	defer c.guard(&err, "query")
	if err := c.usable(ctx); err != nil {
		return nil, err
	}
	plans, err := c.plans(text)
	if err != nil {
		return nil, err
	}
	return c.query(ctx, plans, args)
}

// usable reports why a call cannot be served at all.
func (c *conn) usable(ctx context.Context) error {
	switch {
	case c.closed:
		// database/sql takes another connection then, because nothing has been done.
		return &Error{Code: CodeMisuse, Detail: "the connection is closed", Err: driver.ErrBadConn}
	case c.broken:
		return driver.ErrBadConn
	}
	return ctx.Err()
}

// CheckNamedValue accepts the arguments that a statement can use.
func (c *conn) CheckNamedValue(nv *driver.NamedValue) error {
	return checkArgument(nv, c.cfg.KeyType.unsigned())
}

// Ping reports whether the connection can be used.
func (c *conn) Ping(ctx context.Context) error {
	if c.closed {
		return driver.ErrBadConn
	}
	return c.usable(ctx)
}

// ResetSession is called before the connection serves another caller of the pool.
func (c *conn) ResetSession(ctx context.Context) error {
	c.abandonTxn()
	if c.closed {
		return driver.ErrBadConn
	}
	return c.usable(ctx)
}

// IsValid is called when the connection goes back to the pool. A transaction that is
// still open then is nobody's, and would keep the writer's place until the connection is
// used again, so it is rolled back here.
func (c *conn) IsValid() bool {
	c.abandonTxn()
	return !c.broken && !c.closed
}

// Close rolls back what is open and gives up the connection's use of the database, which
// closes with the last one.
func (c *conn) Close() error {
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.abandonTxn()
	c.connector.numConns.Add(-1)
	return joinErrors(err, c.release())
}

func (c *conn) release() (err error) {
	defer c.guard(&err, "close")
	return c.handle.release()
}

// readOnly reports whether the connection may not write at all.
func (c *conn) readOnly() bool { return c.cfg.Mode == ModeReadOnly }

// maintain runs f on the store, if it is one that can be maintained.
func (c *conn) maintain(f func(maintainer) error) error {
	m, ok := c.handle.store.(maintainer)
	if !ok {
		return misusef("pragma", "this store does not offer it")
	}
	return f(m)
}

// set changes settings of the store.
func (c *conn) set(change func(*engine.Options)) error {
	return c.maintain(func(m maintainer) error { return m.Set(change) })
}

// keep returns a buffer to be kept for the next statement, or nil if it is too large.
func keep(b []byte) []byte {
	if cap(b) > maxKeptBytes {
		return nil
	}
	return b[:0]
}

// done reports the context's error every so many steps of a loop, counted by *steps, and
// otherwise costs one comparison.
func done(ctx context.Context, steps *uint) error {
	*steps++
	if *steps%stepsPerCheck != 0 {
		return nil
	}
	return ctx.Err()
}

// stepsPerCheck is how many rows a loop handles between two looks at its context.
const stepsPerCheck = 256
