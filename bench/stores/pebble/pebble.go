// SPDX-License-Identifier: Apache-2.0

// Package pebble opens Pebble with the sizes and thresholds of its own benchmark program (cmd/pebble:
// memtables of 64 MB unless the shared size is another one, compaction of level 0 from 2 files on, up to
// 3 compactions at a time, Bloom filters of 10 bits in all levels but the last one, where Get does not
// use them), with blocks of the default size, which is better for small records. Blocks are not
// compressed. That program also keeps values of 512 bytes and more apart from their keys, which is left
// out: it is not the default.
//
// Class N is pebble.NoSync: the log is written by a goroutine some time after the commit, so a kill
// loses the newest commits. Class F is pebble.Sync.
package pebble

import (
	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"github.com/lsmlite/lsmlite-go/bench/kv"
)

// Driver describes the store.
func Driver() kv.Driver {
	const common = "memtables of the shared size, Bloom filters of 10 bits but in the last level, no compression, up to 3 compactions at a time; "
	return kv.Driver{
		Name:   "pebble",
		Module: "github.com/cockroachdb/pebble/v2",
		Settings: map[kv.Class]string{
			kv.Normal: common + "commits with NoSync",
			kv.Full:   common + "commits with Sync",
		},
		KillLoses: "the newest commits, whose log records are still in memory",
		Open:      open,
	}
}

func open(c kv.Config) (kv.Store, error) {
	o := &pebble.Options{
		CacheSize:                   c.CacheBytes,
		FormatMajorVersion:          pebble.FormatNewest,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       1000,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                16384,
		MemTableSize:                uint64(c.BufferBytes),
		MemTableStopWritesThreshold: 4,
		CompactionConcurrencyRange:  func() (least, most int) { return 1, 3 },
		Logger:                      silent{},
	}
	for i := range o.Levels[:len(o.Levels)-1] {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
		o.Levels[i].FilterType = pebble.TableFilter
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionNone })
	db, err := pebble.Open(c.Dir, o)
	if err != nil {
		return nil, err
	}
	s := &store{db: db, commit: pebble.NoSync}
	if c.Class == kv.Full {
		s.commit = pebble.Sync
	}
	return s, nil
}

type store struct {
	db     *pebble.DB
	commit *pebble.WriteOptions
}

func (s *store) Write(ops []kv.Op) error {
	b := s.db.NewBatch()
	defer b.Close()
	for i := range ops {
		var err error
		if ops[i].Delete {
			err = b.Delete(ops[i].Key, nil)
		} else {
			err = b.Set(ops[i].Key, ops[i].Value, nil)
		}
		if err != nil {
			return err
		}
	}
	return b.Commit(s.commit)
}

func (s *store) DeleteRange(from, to []byte) error { return s.db.DeleteRange(from, to, s.commit) }
func (s *store) Reader() (kv.Reader, error)        { return reader{s.db}, nil }
func (s *store) Flush() error                      { return s.db.Flush() }
func (s *store) Close() error                      { return s.db.Close() }

type reader struct{ db *pebble.DB }

func (r reader) Get(dst, key []byte) ([]byte, bool, error) {
	value, closer, err := r.db.Get(key)
	if err == pebble.ErrNotFound {
		return dst, false, nil
	}
	if err != nil {
		return dst, false, err
	}
	dst = append(dst, value...)
	return dst, true, closer.Close()
}

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	it, err := r.db.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	ok := first(it, want)
	for n := 0; ok; {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := visit(it.Key(), value); err != nil {
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

// first moves to the first record of a range. SeekLT excludes its key, so a descending scan begins
// at the key's successor.
func first(it *pebble.Iterator, want kv.Range) bool {
	switch {
	case want.From == nil && want.Reverse:
		return it.Last()
	case want.From == nil:
		return it.First()
	case want.Reverse:
		return it.SeekLT(append(append(make([]byte, 0, len(want.From)+1), want.From...), 0))
	default:
		return it.SeekGE(want.From)
	}
}

func (r reader) Close() error { return nil }
