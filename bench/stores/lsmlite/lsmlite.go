// SPDX-License-Identifier: Apache-2.0

// Package lsmlite opens lsmlite through its engine, without SQL, with its presets as they are,
// except for the size of the page cache, which is that of all stores.
//
// Class N is safety=normal: only checkpoints are synced, and the log is written by each commit, so
// a kill loses nothing. Class F is safety=full: the log is synced by each commit, or once for all
// commits that wait.
package lsmlite

import (
	"context"
	"path/filepath"

	"github.com/lsmlite/lsmlite-go/bench/kv"
	"github.com/lsmlite/lsmlite-go/engine"
)

// Default is the engine with the preset default.
func Default() kv.Driver { return driver("lsmlite", "default", engine.PresetDefault) }

// Index is the engine with the preset default, and an index_size for a database that is mostly read: 2.4
// bytes a row, as docs/tuning.md advises for rows of 100 bytes.
func Index() kv.Driver {
	d := driver("lsmlite-index", "default", engine.PresetDefault)
	for class := range d.Settings {
		d.Settings[class] += ", index_size of 2.4 bytes a row"
	}
	d.Open = func(c kv.Config) (kv.Store, error) {
		o := engine.PresetDefault()
		o.IndexSize = max(o.IndexSize, int(c.Rows*12/5))
		return open(c, o)
	}
	return d
}

// HighPerformance is the engine with the preset high-performance.
func HighPerformance() kv.Driver {
	return driver("lsmlite-hp", "high-performance", engine.PresetHighPerformance)
}

// LowMemory is the engine with the preset low-memory.
func LowMemory() kv.Driver { return driver("lsmlite-low", "low-memory", engine.PresetLowMemory) }

// LSMLiteRS is the engine with the preset lsmlite-rs.
func LSMLiteRS() kv.Driver { return driver("lsmlite-rs", "lsmlite-rs", engine.PresetLSMLiteRS) }

func driver(name, preset string, options func() engine.Options) kv.Driver {
	return kv.Driver{
		Name:   name,
		Module: "github.com/lsmlite/lsmlite-go",
		Settings: map[kv.Class]string{
			kv.Normal: "engine, preset " + preset + ", the shared cache size, safety=normal",
			kv.Full:   "engine, preset " + preset + ", the shared cache size, safety=full",
		},
		KillLoses: "nothing",
		Open:      func(c kv.Config) (kv.Store, error) { return open(c, options()) },
	}
}

func open(c kv.Config, o engine.Options) (kv.Store, error) {
	o.CacheSize = c.CacheBytes
	o.Safety = engine.SafetyNormal
	if c.Class == kv.Full {
		o.Safety = engine.SafetyFull
	}
	db, err := engine.Open(context.Background(), filepath.Join(c.Dir, "bench.lsm"), o)
	if err != nil {
		return nil, err
	}
	return store{db}, nil
}

type store struct{ db *engine.DB }

func (s store) Write(ops []kv.Op) error {
	ctx := context.Background()
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return err
	}
	for i := range ops {
		if ops[i].Delete {
			err = tx.Delete(ops[i].Key)
		} else {
			err = tx.Put(ops[i].Key, ops[i].Value)
		}
		if err != nil {
			tx.Rollback()
			return err
		}
	}
	return tx.Commit(ctx)
}

// DeleteRange deletes the first key by itself, because the range of the engine excludes both ends.
func (s store) DeleteRange(from, to []byte) error {
	return s.db.Update(context.Background(), func(tx *engine.Tx) error {
		if err := tx.Delete(from); err != nil {
			return err
		}
		return tx.DeleteRange(from, to)
	})
}

func (s store) Reader() (kv.Reader, error) { return reader(s), nil }

// Levels returns how many levels the database has, without the trees in memory.
func (s store) Levels() int { return s.db.Stats().Levels }

func (s store) Flush() error { return s.db.Flush(context.Background()) }
func (s store) Close() error { return s.db.Close() }

type reader struct{ db *engine.DB }

func (r reader) Get(dst, key []byte) ([]byte, bool, error) { return r.db.Get(dst, key) }

func (r reader) Scan(want kv.Range, visit func(key, value []byte) error) error {
	c, err := r.db.Cursor(context.Background())
	if err != nil {
		return err
	}
	defer c.Close()
	ok := first(c, want)
	for n := 0; ok; {
		value, err := c.Value()
		if err != nil {
			return err
		}
		if err := visit(c.Key(), value); err != nil {
			return err
		}
		if n++; n == want.Limit {
			break
		}
		if want.Reverse {
			ok = c.Prev()
		} else {
			ok = c.Next()
		}
	}
	return c.Err()
}

func first(c *engine.Cursor, want kv.Range) bool {
	switch {
	case want.From == nil && want.Reverse:
		return c.Last()
	case want.From == nil:
		return c.First()
	case want.Reverse:
		return c.Seek(want.From, engine.SeekLE)
	default:
		return c.Seek(want.From, engine.SeekGE)
	}
}

func (r reader) Close() error { return nil }
