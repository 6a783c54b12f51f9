// SPDX-License-Identifier: Apache-2.0

// Package bbolt opens bbolt with one bucket and with its freelist as a map, which its documentation
// advises for large files. Commits do not write the freelist, which makes random writes two to three times
// as fast, but needs all of the file to be read when it is opened; so databases that are only read have
// one. Several writers in class F commit through DB.Batch, which its README advises for them. bbolt
// reads through a mapping of its file and has no cache of its own.
//
// Class N is NoSync: pages and then the meta page are written by each commit but not synced, so a
// kill loses nothing; a power loss may damage the file, which the class allows for LMDB alone besides.
// Class F is the default.
package bbolt

import (
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

var bucket = []byte("kv")

// Driver describes the store.
func Driver() kv.Driver {
	const common = "freelist as a map, not written by commits, except in databases that are only read; one bucket; "
	return kv.Driver{
		Name:   "bbolt",
		Module: "go.etcd.io/bbolt",
		Settings: map[kv.Class]string{
			kv.Normal: common + "NoSync (after a power loss the file may be damaged)",
			kv.Full:   common + "DB.Batch for several writers",
		},
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	db, err := bbolt.Open(filepath.Join(c.Dir, "bench.bolt"), 0o600, &bbolt.Options{
		NoFreelistSync: !c.ReadMostly,
		FreelistType:   bbolt.FreelistMapType,
		NoSync:         c.Class == kv.Normal,
	})
	if err != nil {
		return nil, err
	}
	if err := makeBucket(db); err != nil {
		db.Close()
		return nil, err
	}
	s := &store{db: db, update: db.Update}
	if c.Class == kv.Full && c.Writers > 1 {
		s.update = db.Batch
		db.MaxBatchSize = max(c.Writers, 2)
	}
	return s, nil
}

// makeBucket makes the bucket, with a commit only if there is none: to open a database is not to write.
func makeBucket(db *bbolt.DB) error {
	missing := false
	err := db.View(func(tx *bbolt.Tx) error {
		missing = tx.Bucket(bucket) == nil
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(bucket)
		return err
	})
}

type store struct {
	db     *bbolt.DB
	update func(func(*bbolt.Tx) error) error
}

func (s *store) Write(ops []kv.Op) error {
	return s.update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		for i := range ops {
			var err error
			if ops[i].Delete {
				err = b.Delete(ops[i].Key)
			} else {
				err = b.Put(ops[i].Key, ops[i].Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// DeleteRange deletes each key, in one transaction: bbolt has no call for ranges. A cursor is not to
// be moved on after a deletion, so it seeks: to the key that it has deleted, because a search from the
// start of the range would pass all pages that are empty by then.
func (s *store) DeleteRange(from, to []byte) error {
	return s.db.Update(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		var at []byte
		for key, _ := c.Seek(from); key != nil && string(key) < string(to); key, _ = c.Seek(at) {
			at = append(at[:0], key...)
			if err := c.Delete(); err != nil {
				return err
			}
		}
		return nil
	})
}

func (s *store) Reader() (kv.Reader, error) { return reader{s.db}, nil }
func (s *store) Flush() error               { return nil }
func (s *store) Close() error               { return s.db.Close() }

type reader struct{ db *bbolt.DB }

// Get copies the value, because bbolt's slice is valid only inside the transaction.
func (r reader) Get(dst, key []byte) (out []byte, found bool, err error) {
	tx, err := r.db.Begin(false)
	if err != nil {
		return dst, false, err
	}
	value := tx.Bucket(bucket).Get(key)
	dst = append(dst, value...)
	return dst, value != nil, tx.Rollback()
}

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	return r.db.View(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		key, value := first(c, want)
		for n := 0; key != nil; {
			if err := visit(key, value); err != nil {
				return err
			}
			if n++; n == want.Limit {
				break
			}
			if want.Reverse {
				key, value = c.Prev()
			} else {
				key, value = c.Next()
			}
		}
		return nil
	})
}

func first(c *bbolt.Cursor, want kv.Range) (key, value []byte) {
	switch {
	case want.From == nil && want.Reverse:
		return c.Last()
	case want.From == nil:
		return c.First()
	}
	key, value = c.Seek(want.From)
	if !want.Reverse {
		return key, value
	}
	if key == nil {
		return c.Last()
	}
	if string(key) > string(want.From) {
		return c.Prev()
	}
	return key, value
}

func (r reader) Close() error { return nil }
