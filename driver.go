// SPDX-License-Identifier: Apache-2.0

// Package lsmlite is a database/sql driver for an ordered key-value store in one file,
// in the format of SQLite's lsm1, written in Go without cgo.
//
// Importing the package registers the driver "lsmlite":
//
//	db, err := sql.Open("lsmlite", "data.lsm?safety=full")
//
// There is one table, kv, with the columns key and value, both bytes, and the
// statements of SQL that make sense on it; a statement means what it means in SQLite.
// Rows come in the order of their keys. One transaction writes at a time, and waits for
// its turn in order of arrival; readers see the state at their start, and never wait
// for a writer, nor a writer for them. [ParseDSN] says what a data source name may
// hold, and [Config] is the same as a struct.
//
// The package turns texts into plans (package parser), runs them on a store (package store, which
// is the engine), and keeps database/sql's contract. Connectors of one file share one engine, so
// a file may be opened any number of times in a process. A *sql.DB may be used by any number of
// goroutines; connections, statements, rows and transactions follow the rules of database/sql.
package lsmlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/internal/session"
	"github.com/lsmlite/lsmlite-go/parser"
)

var (
	_ driver.Driver        = (*Driver)(nil)
	_ driver.DriverContext = (*Driver)(nil)
	_ driver.Connector     = (*Connector)(nil)
	_ io.Closer            = (*Connector)(nil)
)

// DriverName is the name under which the package registers its driver.
const DriverName = "lsmlite"

func init() { sql.Register(DriverName, &Driver{}) }

// Driver is the driver that database/sql knows as "lsmlite". It has no state.
type Driver struct{}

// Open returns a connection of its own to the database that dsn names. database/sql
// calls OpenConnector instead.
func (d *Driver) Open(dsn string) (driver.Conn, error) {
	c, err := d.newConnector(dsn)
	if err != nil {
		return nil, err
	}
	cn, err := c.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	// The connection alone keeps the database open.
	if err := c.letGo(); err != nil {
		return nil, joinErrors(err, cn.Close())
	}
	return cn, nil
}

// OpenConnector reads dsn. It opens nothing. The empty dsn is an error only when a
// connection is made: tools that wrap a driver open it under no name just to get the driver.
func (d *Driver) OpenConnector(dsn string) (driver.Connector, error) {
	if dsn == "" {
		return namelessConnector{d}, nil
	}
	return d.newConnector(dsn)
}

// namelessConnector knows its driver and no database.
type namelessConnector struct{ driver *Driver }

func (c namelessConnector) Driver() driver.Driver { return c.driver }

func (c namelessConnector) Connect(context.Context) (driver.Conn, error) {
	_, err := ParseDSN("")
	return nil, err
}

func (d *Driver) newConnector(dsn string) (*Connector, error) {
	cfg, err := ParseDSN(dsn)
	if err != nil {
		return nil, err
	}
	return newConnector(d, cfg), nil
}

// Connector makes connections to one database, for sql.OpenDB. The database is opened with the
// first connection. It stays open until Close, and as long as a connection is open. A Connector
// may be used by any number of goroutines.
type Connector struct {
	driver *Driver
	cfg    Config
	open   openStore
	// private says that what open returns is not shared with other connectors of the file.
	private bool
	// plans keeps the plans of the texts that the connections run.
	plans parser.Cache
	// numConns counts the connections that are not closed.
	numConns atomic.Int64

	// life ends when Close begins: who opens the database does not keep it waiting.
	life context.Context
	end  context.CancelFunc
	// turn guards handle and closed.
	turn   chan struct{}
	handle *handle
	closed bool
}

// NewConnector checks cfg and returns a Connector for it. It opens nothing.
func NewConnector(cfg Config) (*Connector, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return newConnector(&Driver{}, cfg), nil
}

func newConnector(d *Driver, cfg Config) *Connector {
	c := &Connector{driver: d, cfg: cfg, open: opener(cfg), turn: make(chan struct{}, 1)}
	c.life, c.end = context.WithCancel(context.Background())
	c.plans.Keys = session.Type(cfg.KeyType).Keys()
	return c
}

// Driver returns the driver of the connector.
func (c *Connector) Driver() driver.Driver { return c.driver }

// String says what the connector connects to, without a password.
func (c *Connector) String() string { return "lsmlite.Connector(" + c.cfg.String() + ")" }

// GoString is what %#v shows.
func (c *Connector) GoString() string { return c.String() }

// Connect returns a new connection. The first one opens the database.
func (c *Connector) Connect(ctx context.Context) (dc driver.Conn, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer recoverInto(&err, "open")
	if c.closed {
		return nil, misusef("open", "the connector is closed")
	}
	if c.handle == nil {
		key, err := c.key()
		if err != nil {
			return nil, err
		}
		opening, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(c.life, cancel)()
		if c.handle, err = acquire(opening, key, c.cfg, c.open); err != nil {
			c.handle = nil
			if c.life.Err() != nil && ctx.Err() == nil && errors.Is(err, context.Canceled) {
				err = misusef("open", "the connector is closed")
			}
			return nil, err
		}
	}
	c.handle.retain()
	return newConn(c.handle, c.cfg, &c.plans, &c.numConns), nil
}

// key says which handle the connector's connections have.
func (c *Connector) key() (handleKey, error) {
	if c.private {
		return handleKey{path: c.cfg.Path, private: c}, nil
	}
	return keyOf(c, &c.cfg)
}

// Close ends the connector: no more connections are made. The database is closed with
// it, or, if connections are still in use, with the last of them; then the error is an
// ErrBusy that says so. sql.DB.Close calls it.
func (c *Connector) Close() (err error) {
	defer recoverInto(&err, "close")
	busy := c.numConns.Load()
	if err := c.letGo(); err != nil {
		return err
	}
	if busy > 0 {
		return &Error{Code: CodeBusy, Op: "close", Path: shownPath(c.cfg.Path), Detail: fmt.Sprintf(
			"connections still in use: %d; the database closes when the last of them does", busy)}
	}
	return nil
}

// letGo gives up the connector's own use of the database.
func (c *Connector) letGo() error {
	c.end()
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	h := c.handle
	c.closed, c.handle = true, nil
	if h == nil {
		return nil
	}
	return h.release()
}
