// SPDX-License-Identifier: Apache-2.0

// Package goleveldb opens goleveldb with the shared sizes of cache and write buffer, Bloom filters
// of 10 bits as its documentation shows, and no compression.
//
// Class N is Sync=false: each commit writes its record to the log file, so a kill loses nothing.
// Class F is Sync=true.
package goleveldb

import (
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/filter"
	"github.com/syndtr/goleveldb/leveldb/iterator"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Driver describes the store.
func Driver() kv.Driver {
	const common = "Bloom filters of 10 bits, no compression, the shared cache and write buffer; "
	return kv.Driver{
		Name:   "goleveldb",
		Module: "github.com/syndtr/goleveldb",
		Settings: map[kv.Class]string{
			kv.Normal: common + "commits without Sync",
			kv.Full:   common + "commits with Sync",
		},
		KillLoses: "nothing",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	db, err := leveldb.OpenFile(c.Dir, &opt.Options{
		BlockCacheCapacity:     int(c.CacheBytes),
		WriteBuffer:            int(c.BufferBytes),
		Filter:                 filter.NewBloomFilter(10),
		Compression:            opt.NoCompression,
		OpenFilesCacheCapacity: 1000,
	})
	if err != nil {
		return nil, err
	}
	return &store{db, &opt.WriteOptions{Sync: c.Class == kv.Full}}, nil
}

type store struct {
	db     *leveldb.DB
	commit *opt.WriteOptions
}

func (s *store) Write(ops []kv.Op) error {
	var b leveldb.Batch
	for i := range ops {
		if ops[i].Delete {
			b.Delete(ops[i].Key)
		} else {
			b.Put(ops[i].Key, ops[i].Value)
		}
	}
	return s.db.Write(&b, s.commit)
}

// DeleteRange deletes each key, in one batch: goleveldb has no call for ranges.
func (s *store) DeleteRange(from, to []byte) error {
	it := s.db.NewIterator(&util.Range{Start: from, Limit: to}, nil)
	defer it.Release()
	var b leveldb.Batch
	for it.Next() {
		b.Delete(it.Key())
	}
	if err := it.Error(); err != nil {
		return err
	}
	return s.db.Write(&b, s.commit)
}

func (s *store) Reader() (kv.Reader, error) { return reader{s.db}, nil }

// Flush does nothing: goleveldb writes its buffer out only when it is full, or for CompactRange.
func (s *store) Flush() error { return nil }
func (s *store) Close() error { return s.db.Close() }

type reader struct{ db *leveldb.DB }

// Get appends to dst what goleveldb returns, which is a copy already.
func (r reader) Get(dst, key []byte) ([]byte, bool, error) {
	value, err := r.db.Get(key, nil)
	if err == leveldb.ErrNotFound {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, err
	}
	if len(dst) == 0 {
		return value, true, nil
	}
	return append(dst, value...), true, nil
}

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	it := r.db.NewIterator(nil, nil)
	defer it.Release()
	ok := first(it, want)
	for n := 0; ok; {
		if err := visit(it.Key(), it.Value()); err != nil {
			return err
		}
		if n++; n == want.Limit {
			break
		}
		if want.Reverse {
			ok = it.Prev()
		} else {
			ok = it.Next()
		}
	}
	return it.Error()
}

// first moves to the first record of a range. Seek finds the first key that is not less.
func first(it iterator.Iterator, want kv.Range) bool {
	switch {
	case want.From == nil && want.Reverse:
		return it.Last()
	case want.From == nil:
		return it.First()
	}
	ok := it.Seek(want.From)
	if !want.Reverse {
		return ok
	}
	if !ok {
		return it.Last()
	}
	if string(it.Key()) > string(want.From) {
		return it.Prev()
	}
	return true
}

func (r reader) Close() error { return nil }
