// SPDX-License-Identifier: Apache-2.0

//go:build cgo && lmdb

// Package lmdb opens LMDB, in C, through github.com/PowerDNS/lmdb-go, in programs built with the tag
// lmdb. Each reader keeps one transaction and one cursor, which it renews for each call, as the
// documentation advises, and reads without the binding's copy. LMDB reads through a mapping of its
// file and has no cache of its own.
//
// Class N is MDB_NOSYNC without MDB_WRITEMAP: each commit writes its pages and then the meta page, so
// a kill loses nothing; a power loss may damage the file. Class F is the default.
package lmdb

import (
	"github.com/PowerDNS/lmdb-go/lmdb"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// mapBytes is the most that a file may have. The documentation advises a large number; only what is
// used takes space.
const mapBytes = 256 << 30

// Driver describes the store.
func Driver() kv.Driver {
	const common = "one unnamed database; readers renew a transaction and a cursor; "
	return kv.Driver{
		Name:   "lmdb",
		Module: "github.com/PowerDNS/lmdb-go",
		Settings: map[kv.Class]string{
			kv.Normal: common + "MDB_NOSYNC (after a power loss the file may be damaged)",
			kv.Full:   common + "default flags",
		},
		Cgo:       true,
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	env, err := lmdb.NewEnv()
	if err != nil {
		return nil, err
	}
	s := &store{env: env}
	flags := uint(0)
	if c.Class == kv.Normal {
		flags = lmdb.NoSync
	}
	if err = env.SetMapSize(mapBytes); err == nil {
		err = env.Open(c.Dir, flags, 0o600)
	}
	if err == nil {
		err = env.Update(func(tx *lmdb.Txn) (err error) {
			s.db, err = tx.OpenRoot(0)
			return err
		})
	}
	if err != nil {
		env.Close()
		return nil, err
	}
	return s, nil
}

type store struct {
	env *lmdb.Env
	db  lmdb.DBI
}

func (s *store) Write(ops []kv.Op) error {
	return s.env.Update(func(tx *lmdb.Txn) error {
		for i := range ops {
			var err error
			if ops[i].Delete {
				if err = tx.Del(s.db, ops[i].Key, nil); lmdb.IsNotFound(err) {
					err = nil
				}
			} else {
				err = tx.Put(s.db, ops[i].Key, ops[i].Value, 0)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteRange deletes each key, in one transaction: LMDB has no call for ranges.
func (s *store) DeleteRange(from, to []byte) error {
	return s.env.Update(func(tx *lmdb.Txn) error {
		tx.RawRead = true
		c, err := tx.OpenCursor(s.db)
		if err != nil {
			return err
		}
		defer c.Close()
		// The first Next after a deletion stays on the record that has taken its place.
		key, _, err := c.Get(from, nil, lmdb.SetRange)
		for ; err == nil && string(key) < string(to); key, _, err = c.Get(nil, nil, lmdb.Next) {
			if err := c.Del(0); err != nil {
				return err
			}
		}
		if lmdb.IsNotFound(err) {
			err = nil
		}
		return err
	})
}

func (s *store) Flush() error { return nil }
func (s *store) Close() error { return s.env.Close() }

// Reader returns a reader, whose transaction may move between threads, because the binding opens the
// environment with MDB_NOTLS.
func (s *store) Reader() (kv.Reader, error) {
	tx, err := s.env.BeginTxn(nil, lmdb.Readonly)
	if err != nil {
		return nil, err
	}
	tx.RawRead = true
	c, err := tx.OpenCursor(s.db)
	if err != nil {
		tx.Abort()
		return nil, err
	}
	tx.Reset()
	return &reader{tx, c, s.db}, nil
}

type reader struct {
	tx     *lmdb.Txn
	cursor *lmdb.Cursor
	db     lmdb.DBI
}

// Get copies the value, because the memory is LMDB's.
func (r *reader) Get(dst, key []byte) ([]byte, bool, error) {
	if err := r.tx.Renew(); err != nil {
		return dst, false, err
	}
	defer r.tx.Reset()
	value, err := r.tx.Get(r.db, key)
	if lmdb.IsNotFound(err) {
		return dst, false, nil
	}
	return append(dst, value...), err == nil, err
}

func (r *reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	if err := r.tx.Renew(); err != nil {
		return err
	}
	defer r.tx.Reset()
	if err := r.cursor.Renew(r.tx); err != nil {
		return err
	}
	step := uint(lmdb.Next)
	if want.Reverse {
		step = lmdb.Prev
	}
	key, value, err := r.first(want)
	for n := 0; err == nil; key, value, err = r.cursor.Get(nil, nil, step) {
		if err := visit(key, value); err != nil {
			return err
		}
		if n++; n == want.Limit {
			break
		}
	}
	if lmdb.IsNotFound(err) {
		err = nil
	}
	return err
}

// first moves to the first record of a range. SetRange finds the first key that is not less.
func (r *reader) first(want kv.Range) (key, value []byte, err error) {
	switch {
	case want.From == nil && want.Reverse:
		return r.cursor.Get(nil, nil, lmdb.Last)
	case want.From == nil:
		return r.cursor.Get(nil, nil, lmdb.First)
	}
	key, value, err = r.cursor.Get(want.From, nil, lmdb.SetRange)
	if !want.Reverse {
		return key, value, err
	}
	if lmdb.IsNotFound(err) {
		return r.cursor.Get(nil, nil, lmdb.Last)
	}
	if err == nil && string(key) > string(want.From) {
		return r.cursor.Get(nil, nil, lmdb.Prev)
	}
	return key, value, err
}

func (r *reader) Close() error {
	r.cursor.Close()
	r.tx.Abort()
	return nil
}
