// SPDX-License-Identifier: Apache-2.0

package inspect

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go"
	"github.com/lsmlite/lsmlite-go/engine"
)

// database is the database of a request.
type database struct {
	*engine.DB
	// keys and values are the types that statements give them.
	keys, values lsmlite.DataType
}

// source is where requests get the database.
type source interface {
	// use calls f with the database, which stays open until f returns.
	use(ctx context.Context, f func(database) error) error
}

// opened is a database that was opened with package engine.
type opened struct{ db *engine.DB }

func (s opened) use(_ context.Context, f func(database) error) error {
	return f(database{DB: s.db, keys: lsmlite.TypeBlob, values: lsmlite.TypeBlob})
}

// pool is a database of the driver. Its connections tell what type keys have.
type pool struct {
	db   *sql.DB
	wait time.Duration // for a connection

	mu           sync.Mutex
	known        bool
	keys, values lsmlite.DataType
}

func (s *pool) use(ctx context.Context, f func(database) error) error {
	wait, cancel := context.WithTimeout(ctx, s.wait)
	defer cancel()
	conn, err := s.db.Conn(wait)
	switch {
	case err == nil:
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return refusef(http.StatusServiceUnavailable,
			"limit ConnectionTime: no connection of the program's pool was free within %v; SetMaxOpenConns limits them", s.wait)
	default:
		return err
	}
	defer conn.Close()
	var db *engine.DB
	if err := conn.Raw(func(dc any) (err error) { db, err = engineOf(dc); return err }); err != nil {
		return err
	}
	if err := s.learn(wait, conn); err != nil {
		return err
	}
	// Within Raw the connection is not given to others, and not closed.
	return conn.Raw(func(any) error { return f(database{DB: db, keys: s.keys, values: s.values}) })
}

// engineOf returns the engine of a connection, also if the connection is one that watches another.
func engineOf(dc any) (*engine.DB, error) {
	conn := dc
	for range maxWrappers {
		if c, ok := conn.(lsmlite.Conn); ok {
			if db := c.Engine(); db != nil {
				return db, nil
			}
			return nil, refusef(http.StatusInternalServerError, "the database has no engine: it is closed, or a store of another kind")
		}
		w, ok := conn.(interface{ Raw() driver.Conn })
		if !ok {
			break
		}
		conn = w.Raw()
	}
	return nil, refusef(http.StatusInternalServerError, "the database is not one of driver %s: its connections are %T", lsmlite.DriverName, dc)
}

// maxWrappers is how many connections around that of the driver are looked through.
const maxWrappers = 10

// learn reads the types of keys and values, once.
func (s *pool) learn(ctx context.Context, conn *sql.Conn) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known {
		return nil
	}
	read := func(name string) (lsmlite.DataType, error) {
		var text string
		if err := conn.QueryRowContext(ctx, "PRAGMA "+name).Scan(&text); err != nil {
			return 0, err
		}
		cfg, err := lsmlite.ParseDSN(":memory:?" + name + "=" + text)
		if name == "key_type" {
			return cfg.KeyType, err
		}
		return cfg.ValueType, err
	}
	var err error
	if s.keys, err = read("key_type"); err == nil {
		s.values, err = read("value_type")
	}
	s.known = err == nil
	return err
}
