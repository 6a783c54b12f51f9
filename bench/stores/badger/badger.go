// SPDX-License-Identifier: Apache-2.0

// Package badger opens Badger with its default options, except that nothing is compressed, and
// conflicts are not looked for because each transaction only writes. There is no block cache:
// its documentation advises against one if blocks are not compressed, because they are then read through a
// mapping.
//
// Class N is SyncWrites=false: commits are written to a mapping of the log, so a kill loses nothing.
// Class F is SyncWrites=true.
package badger

import (
	"errors"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Driver describes the store.
func Driver() kv.Driver {
	const common = "default options except for memtables of the shared size, no compression, no block cache, as advised for that; no search for conflicts; "
	return kv.Driver{
		Name:   "badger",
		Module: "github.com/dgraph-io/badger/v4",
		Settings: map[kv.Class]string{
			kv.Normal: common + "SyncWrites off",
			kv.Full:   common + "SyncWrites on",
		},
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	o := badger.DefaultOptions(c.Dir).
		WithLogger(nil).
		WithCompression(options.None).
		WithBlockCacheSize(0).
		WithMemTableSize(c.BufferBytes).
		WithMetricsEnabled(false).
		WithDetectConflicts(false).
		WithSyncWrites(c.Class == kv.Full)
	db, err := badger.Open(o)
	if err != nil {
		return nil, err
	}
	return store{db}, nil
}

type store struct{ db *badger.DB }

// Write hands over the slices of ops: Badger uses them until the commit has returned.
func (s store) Write(ops []kv.Op) error {
	return s.db.Update(func(tx *badger.Txn) error {
		for i := range ops {
			var err error
			if ops[i].Delete {
				err = tx.Delete(ops[i].Key)
			} else {
				err = tx.Set(ops[i].Key, ops[i].Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// deletesPerTx bounds the transactions of DeleteRange, which in Badger must be small.
const deletesPerTx = 10000

// DeleteRange deletes each key: Badger has no call for ranges. Its transactions are bounded, so
// there are several; the interface's promise of one is not kept.
func (s store) DeleteRange(from, to []byte) error {
	for {
		keys, err := s.keys(from, to)
		if err != nil || len(keys) == 0 {
			return err
		}
		ops := make([]kv.Op, len(keys))
		for i, key := range keys {
			ops[i] = kv.Op{Key: key, Delete: true}
		}
		if err := s.Write(ops); err != nil {
			return err
		}
	}
}

func (s store) keys(from, to []byte) (keys [][]byte, err error) {
	err = s.db.View(func(tx *badger.Txn) error {
		o := badger.DefaultIteratorOptions
		o.PrefetchValues = false
		it := tx.NewIterator(o)
		defer it.Close()
		for it.Seek(from); it.Valid() && len(keys) < deletesPerTx; it.Next() {
			key := it.Item().KeyCopy(nil)
			if string(key) >= string(to) {
				break
			}
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

func (s store) Reader() (kv.Reader, error) { return reader(s), nil }

// Flush does nothing: Badger has no such call.
func (s store) Flush() error { return nil }
func (s store) Close() error { return s.db.Close() }

type reader struct{ db *badger.DB }

func (r reader) Get(dst, key []byte) (out []byte, found bool, err error) {
	tx := r.db.NewTransaction(false)
	defer tx.Discard()
	item, err := tx.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, err
	}
	err = item.Value(func(value []byte) error {
		dst = append(dst, value...)
		return nil
	})
	return dst, err == nil, err
}

// prefetchFrom is the length of a scan from which Badger may prefetch values.
const prefetchFrom = 1000

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	tx := r.db.NewTransaction(false)
	defer tx.Discard()
	o := badger.DefaultIteratorOptions
	o.Reverse = want.Reverse
	o.PrefetchValues = want.Limit == 0 || want.Limit >= prefetchFrom
	it := tx.NewIterator(o)
	defer it.Close()
	if want.From == nil {
		it.Rewind()
	} else {
		it.Seek(want.From)
	}
	for n := 0; it.Valid(); it.Next() {
		item := it.Item()
		err := item.Value(func(value []byte) error { return visit(item.Key(), value) })
		if err != nil {
			return err
		}
		if n++; n == want.Limit {
			break
		}
	}
	return nil
}

func (r reader) Close() error { return nil }
