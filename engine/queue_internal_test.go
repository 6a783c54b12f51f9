// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"context"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// queue is a database used as one: put at the tail, read at the head, deleted there.
type queue struct {
	t          *testing.T
	db         *DB
	head, tail int
	most       int // records that a read of the head has passed
}

const (
	queueDepth = 50
	// headBound is how many hidden records a read of the head may pass.
	headBound = 64
)

func queueKey(i int) []byte { return fmt.Appendf(nil, "q/%010d", i) }

func (q *queue) fill(tx *Tx) error {
	for ; q.tail < q.head+queueDepth; q.tail++ {
		if err := tx.Put(queueKey(q.tail), []byte("job")); err != nil {
			return err
		}
	}
	return nil
}

// read moves a cursor to the head and counts what it passes.
func (q *queue) read(c *Cursor, err error, how func(c *Cursor) bool) {
	q.t.Helper()
	if err != nil {
		q.t.Fatal(err)
	}
	if !how(c) || string(c.Key()) != string(queueKey(q.head)) {
		q.t.Fatalf("the head is %q, want %q; %v", c.Key(), queueKey(q.head), c.Err())
	}
	q.most = max(q.most, c.c.Steps())
	if err := c.Close(); err != nil {
		q.t.Fatal(err)
	}
}

func first(c *Cursor) bool  { return c.First() }
func seekGE(c *Cursor) bool { return c.Seek([]byte("q/"), SeekGE) }

// inside pops within one transaction: fill, read, delete.
func (q *queue) inside(how func(c *Cursor) bool) {
	q.t.Helper()
	q.must(q.db.Update(context.Background(), func(tx *Tx) error {
		if err := q.fill(tx); err != nil {
			return err
		}
		c, err := tx.Cursor()
		q.read(c, err, how)
		return tx.Delete(queueKey(q.head))
	}))
	q.head++
}

// outside reads the head in a snapshot and deletes it in a transaction.
func (q *queue) outside(how func(c *Cursor) bool) {
	q.t.Helper()
	q.must(q.db.Update(context.Background(), q.fill))
	q.must(q.db.View(context.Background(), func(s *Snapshot) error {
		c, err := s.Cursor()
		q.read(c, err, how)
		return nil
	}))
	q.must(q.db.Update(context.Background(), func(tx *Tx) error { return tx.Delete(queueKey(q.head)) }))
	q.head++
}

// undone pops some in a transaction with savepoints, and takes a part or all of it back.
func (q *queue) undone(all bool) {
	q.t.Helper()
	ctx := context.Background()
	tx, err := q.db.Begin(ctx)
	q.must(err)
	q.must(q.fill(tx))
	pop := func() {
		c, err := tx.Cursor()
		q.read(c, err, first)
		q.must(tx.Delete(queueKey(q.head)))
		q.head++
	}
	before := q.head
	pop()
	level, err := tx.Begin()
	q.must(err)
	kept := q.head
	for range queueDepth / 2 {
		pop()
	}
	q.must(tx.RollbackTo(level))
	q.head = kept
	pop()
	if all {
		q.head, q.tail = before, before
		q.must(tx.Rollback())
		// What was put went with it, or was there before: see what is there.
		q.must(q.db.View(ctx, func(s *Snapshot) error {
			for {
				if _, found, err := s.Get(nil, queueKey(q.tail)); err != nil || !found {
					return err
				}
				q.tail++
			}
		}))
		return
	}
	q.must(tx.Commit(ctx))
}

func (q *queue) must(err error) {
	q.t.Helper()
	if err != nil {
		q.t.Fatal(err)
	}
}

// TestQueueHeadStaysCheap pops a queue that is never empty many thousand times. Reading the
// head passes a bounded number of deleted records, however the head is found and deleted,
// and wherever the deleted keys lie by then.
func TestQueueHeadStaysCheap(t *testing.T) {
	pops := 20_000
	if testing.Short() || RaceDetector {
		pops = 4000
	}
	for name, tt := range map[string]struct {
		o    Options
		pop  func(q *queue, i int)
		tree int // records that the live tree may have in the end, 0 for any number
	}{
		"one transaction, seek, in memory":  {Options{}, func(q *queue, i int) { q.inside(seekGE) }, 1000},
		"one transaction, first, in memory": {Options{}, func(q *queue, i int) { q.inside(first) }, 1000},
		"snapshots, in memory":              {Options{}, func(q *queue, i int) { q.outside(first) }, 1000},
		"small trees, levels":               {Options{AutoFlush: 32 << 10, PageSize: 1024, BlockSize: 64 << 10}, func(q *queue, i int) { q.inside(seekGE) }, 0},
		"small trees, levels, snapshots": {Options{AutoFlush: 32 << 10, PageSize: 1024, BlockSize: 64 << 10, AutoMerge: 8},
			func(q *queue, i int) { q.outside(seekGE) }, 0},
		"full safety, in the background": {Options{AutoFlush: 64 << 10, Safety: SafetyFull, Background: BackgroundMerger},
			func(q *queue, i int) { q.inside(first) }, 0},
		"savepoints and rollbacks": {Options{AutoFlush: 64 << 10}, func(q *queue, i int) {
			if q.inside(first); i%5 == 0 {
				q.undone(i%10 == 0)
			}
		}, 0},
		"flushed and merged by hand": {Options{NoAutoWork: true}, func(q *queue, i int) {
			q.outside(first)
			if i%1500 == 0 {
				q.must(q.db.Flush(context.Background()))
			}
			if i%7000 == 0 {
				q.must(q.db.Optimize(context.Background()))
			}
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			tt.o.FS = memfs.New()
			db, err := Open(context.Background(), "/queue.lsm", tt.o)
			if err != nil {
				t.Fatal(err)
			}
			q := &queue{t: t, db: db}
			for i := range pops {
				tt.pop(q, i)
			}
			if q.most > headBound {
				t.Errorf("a read of the head passed %d hidden records, want at most %d", q.most, headBound)
			}
			if n := db.ledger.Newest().Tree.Freeze().Len(); tt.tree > 0 && n > tt.tree {
				t.Errorf("the tree holds %d records of a queue of %d", n, queueDepth)
			}
			for p := range db.Check(context.Background()) {
				t.Error(p)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestManyQueues: what is remembered of some queues is folded before it has to give way to
// what is found out about others.
func TestManyQueues(t *testing.T) {
	ctx := context.Background()
	db, err := Open(ctx, "/queues.lsm", Options{FS: memfs.New()})
	if err != nil {
		t.Fatal(err)
	}
	const queues, pops = 300, 150
	key := func(q, i int) []byte { return fmt.Appendf(nil, "%04d/%06d", q, i) }
	most := 0
	for i := range pops {
		for q := range queues {
			err := db.Update(ctx, func(tx *Tx) error {
				if err := tx.Put(key(q, i), nil); err != nil {
					return err
				}
				c, err := tx.Cursor()
				if err != nil {
					return err
				}
				defer c.Close()
				if !c.Seek(key(q, 0)[:5], SeekGE) || string(c.Key()) != string(key(q, i)) {
					return fmt.Errorf("the head is %q, want %q; %w", c.Key(), key(q, i), c.Err())
				}
				most = max(most, c.c.Steps())
				return tx.Delete(c.Key())
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if most > 2*headBound {
		t.Errorf("a read of a head passed %d hidden records", most)
	}
	if n := db.ledger.Newest().Tree.Freeze().Len(); n > 100*queues {
		t.Errorf("the tree holds %d records", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
