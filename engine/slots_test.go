// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/vfs/memfs"
)

// versions is a database in which each transaction writes the same version to some keys, which
// are read and written all the time. What a reader gets shows whether it read memory or a block
// that was used again meanwhile: a value names its key and its version, and fills up with them.
type versions struct {
	t    *testing.T
	db   *engine.DB
	keys int
	last atomic.Uint64 // the newest version that is committed for sure
	stop atomic.Bool
}

func (v *versions) key(i int) []byte { return fmt.Appendf(nil, "key-%05d", i) }

func (v *versions) value(i int, version uint64) []byte {
	unit := binary.BigEndian.AppendUint64(v.key(i), version)
	return bytes.Repeat(unit, 4+i%5)
}

// check returns the version that a value has, which is not below least.
func (v *versions) check(i int, value []byte, least uint64) uint64 {
	n := len(v.key(i))
	if len(value) < n+8 {
		v.t.Errorf("key %d has the value %x", i, value)
		return 0
	}
	version := binary.BigEndian.Uint64(value[n:])
	if !bytes.Equal(value, v.value(i, version)) || version < least {
		v.t.Errorf("key %d has the value %x, of version %d, at least %d was expected", i, value, version, least)
	}
	return version
}

// write commits versions from the given one on, until it is to stop or has committed the last one.
func (v *versions) write(from, last uint64) {
	for version := from; version <= last && !v.stop.Load(); version++ {
		err := v.db.Update(context.Background(), func(tx *engine.Tx) error {
			for i := int(version % 3); i < v.keys; i += 3 {
				if err := tx.Put(v.key(i), v.value(i, version)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			v.t.Error(err)
			return
		}
		v.last.Store(version)
	}
}

// least is the least version that key i may have once version last, from 3 on, is committed.
func least(i int, last uint64) uint64 {
	for int(last%3) != i%3 {
		last--
	}
	return last
}

// read reads in one of several ways.
func (v *versions) read(n int) {
	var buf []byte
	for i := n; !v.stop.Load(); i++ {
		at := i * 7 % v.keys
		want := least(at, v.last.Load())
		switch n % 4 {
		case 0, 1:
			value, found, err := v.db.Get(buf[:0], v.key(at))
			if err != nil || !found {
				v.t.Errorf("get: found %t, %v", found, err)
				return
			}
			v.check(at, value, want)
			buf = value
			if size, found, err := v.db.ValueLen(v.key(at)); err != nil || !found || size != len(value) {
				v.t.Errorf("%d bytes, want %d; found %t, %v", size, len(value), found, err)
			}
		case 2:
			v.snapshot(at, want)
		case 3:
			c, err := v.db.Cursor(context.Background())
			if err != nil {
				v.t.Error(err)
				return
			}
			v.walk(c, at, want)
		}
	}
}

// snapshot reads one key twice, while others write it, and by a cursor that outlives the snapshot.
func (v *versions) snapshot(at int, want uint64) {
	s, err := v.db.Snapshot(context.Background())
	if err != nil {
		v.t.Error(err)
		return
	}
	one, found, err := s.Get(nil, v.key(at))
	runtime.Gosched()
	two, again, err2 := s.Get(nil, v.key(at))
	if err != nil || err2 != nil || !found || !again || !bytes.Equal(one, two) {
		v.t.Errorf("one snapshot has %x and %x, %v, %v", one, two, err, err2)
	}
	c, err := s.Cursor()
	_ = s.Close()
	if err != nil {
		v.t.Error(err)
		return
	}
	v.walk(c, at, v.check(at, one, want))
}

// walk reads some keys, and closes the cursor.
func (v *versions) walk(c *engine.Cursor, at int, want uint64) {
	defer c.Close()
	ok := c.Seek(v.key(at), engine.SeekGE)
	for i := at; ok && i < min(at+5, v.keys); i, ok = i+1, c.Next() {
		value, err := c.Value()
		if err != nil || !bytes.Equal(c.Key(), v.key(i)) {
			v.t.Errorf("%q, want %q; %v", c.Key(), v.key(i), err)
			return
		}
		v.check(i, value, 0)
		if i == at {
			v.check(i, value, want)
		}
		runtime.Gosched()
	}
	if err := c.Err(); err != nil {
		v.t.Error(err)
	}
}

// TestReadersOfWhatIsUsedAgain has readers of all kinds next to a writer, with trees, blocks and a
// log that are used again as often as possible. The build tag invariants overwrites what is
// reclaimed, and leaves the readers two slots.
func TestReadersOfWhatIsUsedAgain(t *testing.T) {
	ctx := context.Background()
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{
		FS: memfs.New(), PageSize: 512, BlockSize: 64 << 10, AutoFlush: 64 << 10, AutoCheckpoint: 128 << 10, CacheSize: 32 << 10,
		Background: engine.BackgroundMerger,
	})
	if err != nil {
		t.Fatal(err)
	}
	v := &versions{t: t, db: db, keys: 120}
	var wg sync.WaitGroup
	v.write(1, 3) // so that all keys are there
	wg.Go(func() { v.write(4, math.MaxUint64) })
	for n := range 8 {
		wg.Go(func() { v.read(n) })
	}
	for db.Stats().Checkpoints < 8 && !t.Failed() {
		runtime.Gosched()
	}
	v.stop.Store(true)
	wg.Wait()
	for p := range db.Check(ctx) {
		t.Error(p)
	}
	if r, err := db.Pins(); err != nil || len(r.Pins) != 0 {
		t.Errorf("pinned are %+v, %v", r.Pins, err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestMoreSnapshotsThanSlots: snapshots and cursors beyond the slots work as the others do, keep
// their states, are reported, and keep the database open.
func TestMoreSnapshotsThanSlots(t *testing.T) {
	ctx := context.Background()
	const n = 1500
	db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: memfs.New(), NoAutoWork: true, PageSize: 512, BlockSize: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	v := &versions{t: t, db: db, keys: 1}
	var snaps []*engine.Snapshot
	var cursors []*engine.Cursor
	for i := range uint64(n) {
		err := db.Update(ctx, func(tx *engine.Tx) error { return tx.Put(v.key(0), v.value(0, i)) })
		if err == nil && i%500 == 499 {
			err = db.Flush(ctx)
		}
		s, err2 := db.Snapshot(ctx)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		c, err := s.Cursor()
		if err != nil {
			t.Fatal(err)
		}
		snaps, cursors = append(snaps, s), append(cursors, c)
	}
	var count int64
	r, err := db.Pins()
	for _, p := range r.Pins {
		count += p.Count
	}
	if err != nil || len(r.Pins) != n || count != 2*n {
		t.Errorf("%d pinned states, %d pins; %v", len(r.Pins), count, err)
	}
	if err := db.Close(); !errors.Is(err, engine.ErrBusy) || !strings.Contains(err.Error(), fmt.Sprint(2*n)) {
		t.Errorf("close with %d snapshots and cursors: %v", 2*n, err)
	}
	for i, s := range snaps {
		value, _, err := s.Get(nil, v.key(0))
		if err != nil || v.check(0, value, 0) != uint64(i) {
			t.Fatalf("snapshot %d: %x, %v", i, value, err)
		}
		_ = s.Close()
		if !cursors[i].First() || v.check(0, mustValue(t, cursors[i]), 0) != uint64(i) {
			t.Fatalf("cursor %d: %v", i, cursors[i].Err())
		}
		if i+1 == n {
			if err := db.Close(); !errors.Is(err, engine.ErrBusy) {
				t.Errorf("close with one cursor: %v", err)
			}
		}
		_ = cursors[i].Close()
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

func mustValue(t *testing.T, c *engine.Cursor) []byte {
	t.Helper()
	value, err := c.Value()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// TestCloseWhileOthersRead: a Close that is refused is noticed by no reader, and one that is not
// refused is the end for all of them, of a handle that shares a database, too.
func TestCloseWhileOthersRead(t *testing.T) {
	ctx := context.Background()
	fs := memfs.New()
	owner, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fs})
	if err == nil {
		err = owner.Update(ctx, func(tx *engine.Tx) error { return tx.Put([]byte("k"), []byte("value")) })
	}
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for round := 0; round < 60 || refused == 0 && round < 2000; round++ {
		db, err := engine.Open(ctx, "/x.lsm", engine.Options{FS: fs, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		refused += closeWhileRead(t, db, round)
	}
	if refused += closeWhileRead(t, owner, 0); refused == 0 {
		t.Log("no Close met a reader")
	}
}

// closeWhileRead closes a handle while others read, and returns how often that was refused.
func closeWhileRead(t *testing.T, db *engine.DB, round int) (refused int) {
	t.Helper()
	var closed, failed atomic.Bool
	var started, wg sync.WaitGroup
	for n := range 2 {
		started.Add(1)
		wg.Go(func() {
			for i := 0; ; i++ {
				was := closed.Load()
				err := readOnce(db, round+n)
				if i == 0 {
					started.Done()
				}
				if err != nil || was {
					failed.Store(true)
					if !errors.Is(err, engine.ErrMisuse) {
						t.Errorf("reader %d: closed %t, %v", n, was, err)
					}
					return
				}
				runtime.Gosched() // rather here than within a read
			}
		})
	}
	started.Wait()
	for {
		err := db.Close()
		if err == nil {
			break
		}
		if !errors.Is(err, engine.ErrBusy) {
			t.Fatal(err)
		}
		if failed.Load() {
			t.Fatal("a reader failed though Close was refused")
		}
		refused++
		runtime.Gosched()
	}
	closed.Store(true)
	wg.Wait()
	return refused
}

func readOnce(db *engine.DB, n int) error {
	switch n % 3 {
	case 0:
		value, _, err := db.Get(nil, []byte("k"))
		if err == nil && string(value) != "value" {
			err = fmt.Errorf("read %q", value)
		}
		return err
	case 1:
		return db.View(context.Background(), func(s *engine.Snapshot) error {
			_, _, err := s.Get(nil, []byte("k"))
			return err
		})
	}
	c, err := db.Cursor(context.Background())
	if err != nil {
		return err
	}
	defer c.Close()
	if !c.First() {
		return fmt.Errorf("no key: %w", c.Err())
	}
	return nil
}
