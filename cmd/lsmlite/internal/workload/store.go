// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/internal/measure/ops"
)

// store is a database as the operations of workloads see it. It counts the bytes of keys and values.
type store struct {
	ctx     context.Context
	db      *engine.DB
	written atomic.Uint64 // by commits that returned no error

	mu      sync.Mutex
	readers []*reader
}

// Write makes all changes in one transaction.
func (s *store) Write(batch []ops.Op) error {
	tx, err := s.db.Begin(s.ctx)
	if err != nil {
		return err
	}
	n := uint64(0)
	for i := range batch {
		if err := tx.Put(batch[i].Key, batch[i].Value); err != nil {
			tx.Rollback()
			return err
		}
		n += uint64(len(batch[i].Key) + len(batch[i].Value))
	}
	if err := tx.Commit(s.ctx); err != nil {
		return err
	}
	s.written.Add(n)
	return nil
}

// Reader returns what one goroutine reads with.
func (s *store) Reader() (ops.Reader, error) {
	r := &reader{ctx: s.ctx, db: s.db}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readers = append(s.readers, r)
	return r, nil
}

// read returns how many bytes all readers have read. None of them is at work.
func (s *store) read() (n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.readers {
		n += r.read
	}
	return n
}

// reader reads the newest committed state at each call.
type reader struct {
	ctx  context.Context
	db   *engine.DB
	read uint64
}

// Get appends the value of key to dst.
func (r *reader) Get(dst, key []byte) ([]byte, bool, error) {
	begun := len(dst)
	value, found, err := r.db.Get(dst, key)
	if found {
		r.read += uint64(len(key) + len(value) - begun)
	}
	return value, found, err
}

// checkEvery is after how many records a scan looks whether it is to end.
const checkEvery = 1024

// Scan visits the records of a range.
func (r *reader) Scan(want ops.Range, visit func(key, value []byte) error) error {
	c, err := r.db.Cursor(r.ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	ok := first(c, want)
	for n := 1; ok; n++ {
		value, err := c.Value()
		if err != nil {
			return err
		}
		key := c.Key()
		r.read += uint64(len(key) + len(value))
		if err := visit(key, value); err != nil {
			return err
		}
		if n == want.Limit {
			break
		}
		if n%checkEvery == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		ok = c.Next()
	}
	return c.Err()
}

// first goes to where a range begins. No workload here goes backward.
func first(c *engine.Cursor, want ops.Range) bool {
	if want.From == nil {
		return c.First()
	}
	return c.Seek(want.From, engine.SeekGE)
}

// Close ends the use of the reader.
func (r *reader) Close() error { return nil }
