// SPDX-License-Identifier: Apache-2.0

package histories_test

import (
	"context"
	"errors"

	"github.com/lsmlite/lsmlite-go/engine"
	. "github.com/lsmlite/lsmlite-go/trust/histories"
)

// reader is what a snapshot and a transaction have in common.
type reader interface {
	get(key []byte) (value []byte, err error) // nil if there is none
	scan(visit func(key, value []byte) error) error
}

// writer is a write transaction. Level 1 is the transaction itself.
type writer interface {
	reader
	put(key, value []byte) error
	remove(key []byte) error
	removeBetween(after, before []byte) error
	open() error
	rollbackTo(level int) error
	commitTo(level int) error
	commit() error
	rollback() error
}

// snapshot is a state that stays as it is. upgrade makes a transaction on it, which ends it.
type snapshot interface {
	reader
	upgrade() (writer, error)
	close() error
}

// access is a way to a database.
type access interface {
	begin() (writer, error)
	snapshot() (snapshot, error)
	get(key []byte) ([]byte, error)
}

// scanned reads all of a state of values.
func scanned(r reader) (s State, err error) {
	err = r.scan(func(key, value []byte) error {
		k, err := ParseKey(key)
		if err != nil {
			return err
		}
		s[k], err = ParseValue(value)
		return err
	})
	return s, err
}

// valueOf reads one value of such a state.
func valueOf(get func([]byte) ([]byte, error), k int) (uint32, error) {
	stored, err := get(Key(k))
	if err != nil || stored == nil {
		return 0, err
	}
	return ParseValue(stored)
}

// byEngine is the engine's own way.
type byEngine struct{ db *engine.DB }

func (a byEngine) begin() (writer, error) {
	tx, err := a.db.Begin(context.Background())
	if err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}

func (a byEngine) snapshot() (snapshot, error) {
	s, err := a.db.Snapshot(context.Background())
	if err != nil {
		return nil, err
	}
	return engineSnapshot{s, a.db}, nil
}

func (a byEngine) get(key []byte) ([]byte, error) { return got(a.db.Get(nil, key)) }

func got(value []byte, found bool, err error) ([]byte, error) {
	if err != nil || !found {
		return nil, err
	}
	return value, nil
}

func walk(c *engine.Cursor, err error, visit func(key, value []byte) error) error {
	if err != nil {
		return err
	}
	defer c.Close()
	for ok := c.First(); ok; ok = c.Next() {
		value, err := c.Value()
		if err == nil {
			err = visit(c.Key(), value)
		}
		if err != nil {
			return err
		}
	}
	return c.Err()
}

type engineTx struct{ tx *engine.Tx }

func (e engineTx) get(key []byte) ([]byte, error)           { return got(e.tx.Get(nil, key)) }
func (e engineTx) put(key, value []byte) error              { return e.tx.Put(key, value) }
func (e engineTx) remove(key []byte) error                  { return e.tx.Delete(key) }
func (e engineTx) removeBetween(after, before []byte) error { return e.tx.DeleteRange(after, before) }
func (e engineTx) rollbackTo(level int) error               { return e.tx.RollbackTo(level) }
func (e engineTx) commitTo(level int) error                 { return e.tx.CommitTo(level) }
func (e engineTx) commit() error                            { return e.tx.Commit(context.Background()) }
func (e engineTx) rollback() error                          { return e.tx.Rollback() }

func (e engineTx) open() error {
	_, err := e.tx.Begin()
	return err
}

func (e engineTx) scan(visit func(key, value []byte) error) error {
	c, err := e.tx.Cursor()
	return walk(c, err, visit)
}

type engineSnapshot struct {
	s  *engine.Snapshot
	db *engine.DB
}

func (e engineSnapshot) get(key []byte) ([]byte, error) { return got(e.s.Get(nil, key)) }
func (e engineSnapshot) close() error                   { return e.s.Close() }

func (e engineSnapshot) scan(visit func(key, value []byte) error) error {
	c, err := e.s.Cursor()
	return walk(c, err, visit)
}

func (e engineSnapshot) upgrade() (writer, error) {
	tx, err := e.db.BeginFrom(context.Background(), e.s)
	if err = errors.Join(err, e.s.Close()); err != nil {
		return nil, err
	}
	return engineTx{tx}, nil
}
