// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// stable opens cursors on a store, a snapshot and a transaction, and changes all that they
// show while they walk.
func (s *suite) stable() {
	s.commit("a", "b", "c")
	snap := s.snapshot(false)
	ofStore, ofSnapshot := s.cursor(s.store), s.cursor(snap)
	tx := s.begin()
	s.put(tx, "d")
	ofTx := s.cursor(tx)
	s.ok(tx.DeleteRange(s.ctx, nil, []byte("c")))
	half := s.cursor(tx)
	if !half.Seek(s.ctx, &store.Range{}) || string(half.Key()) != "c" {
		s.Fatalf("the transaction begins with %q", half.Key())
	}
	s.ok(tx.Delete(s.ctx, []byte("c")))
	s.ok(tx.Delete(s.ctx, []byte("d")))
	s.put(tx, "x")
	if !half.Next(s.ctx) || string(half.Key()) != "d" || half.Next(s.ctx) {
		s.Fatal("a cursor does not go on as it was")
	}
	s.visits(ofTx, "a b c d")
	s.visits(half, "c d")
	s.ok(tx.Commit(s.ctx))
	s.ok(snap.Close())
	s.settle()
	s.visits(ofStore, "a b c")
	s.visits(ofSnapshot, "a b c")
	for c, want := range map[store.Cursor]string{ofTx: "a b c d", half: "c d"} {
		if !s.store.Caps().ReadsEndWithTx {
			s.visits(c, want)
		} else if c.Seek(s.ctx, &store.Range{}) || !errors.Is(c.Err(), engine.ErrSnapshotGone) {
			s.Fatalf("a cursor after its transaction: at %q, error %v", c.Key(), c.Err())
		}
	}
	for _, c := range []store.Cursor{ofStore, ofSnapshot, ofTx, half} {
		s.ok(c.Close())
	}
	c := s.cursor(s.store)
	s.visits(c, "x")
	s.ok(c.Close())
}

// visits walks over all that a cursor shows, twice.
func (s *suite) visits(c store.Cursor, want string) {
	s.Helper()
	for range 2 {
		if got := strings.Join(s.walk(c, store.Range{}), " "); got != want {
			s.Fatalf("shows %s, should be %s", got, want)
		}
	}
}

func (s *suite) valueLen() {
	s.commit("", "a", "bcd")
	snap := s.snapshot(false)
	tx := s.begin()
	s.ok(tx.Put(s.ctx, []byte("own"), make([]byte, 100_000)))
	for _, test := range []struct {
		key   string
		n     int
		found bool
		r     []store.Reader
	}{
		{"", 0, true, []store.Reader{s.store, snap, tx}},
		{"a", 2, true, []store.Reader{s.store, snap, tx}},
		{"bcd", 6, true, []store.Reader{s.store, snap, tx}},
		{"bc", 0, false, []store.Reader{s.store, snap, tx}},
		{"own", 100_000, true, []store.Reader{tx}},
		{"own", 0, false, []store.Reader{s.store, snap}},
	} {
		for _, r := range test.r {
			n, found, err := r.ValueLen(s.ctx, []byte(test.key))
			s.ok(err)
			if n != test.n || found != test.found {
				s.Errorf("%T, %q: %d, %v, should be %d, %v", r, test.key, n, found, test.n, test.found)
			}
		}
	}
	s.short([]store.Reader{s.store, snap, tx})
	s.ok(tx.Rollback(s.ctx))
	s.ok(snap.Close())
}

// short looks up values that are short enough to be loaded, and others.
func (s *suite) short(readers []store.Reader) {
	s.Helper()
	for i, r := range readers {
		for _, key := range []string{"", "a", "bc", "bcd", "own"} {
			value, found, err := r.Get(s.ctx, nil, []byte(key))
			s.ok(err)
			for _, most := range []int{-1, 0, 1, 2, 5, 6, 99_999, 100_000} {
				want := "-"
				if len(value) <= most {
					want += string(value)
				}
				got, n, has, err := store.GetShort(s.ctx, r, []byte("-"), []byte(key), most)
				s.ok(err)
				if string(got) != want || n != len(value) || has != found {
					s.Errorf("reader %d, %q, at most %d: %d bytes, length %d, %v", i, key, most, len(got)-1, n, has)
				}
			}
		}
	}
}

// contexts calls everything with a context that has ended. Only a rollback works then.
func (s *suite) contexts() {
	s.commit("a")
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	k := []byte("a")
	snap := s.snapshot(true)
	tx := s.begin()
	for _, r := range []store.Reader{s.store, snap, tx} {
		_, _, err := r.Get(ended, nil, k)
		s.is(err, context.Canceled, "get")
		_, _, err = r.ValueLen(ended, k)
		s.is(err, context.Canceled, "length")
		_, _, _, err = store.GetShort(ended, r, nil, k, 1)
		s.is(err, context.Canceled, "short")
		_, err = r.Cursor(ended)
		s.is(err, context.Canceled, "cursor")
		c := s.cursor(r)
		if c.Seek(ended, &store.Range{}) || c.Key() != nil || c.Next(s.ctx) {
			s.Fatal("a seek finds something")
		}
		s.is(c.Err(), context.Canceled, "seek")
		if !c.Seek(s.ctx, &store.Range{}) || c.Err() != nil {
			s.Fatalf("a seek after one that failed: %v", c.Err())
		}
		s.ok(c.Close())
	}
	_, err := s.store.Snapshot(ended, false)
	s.is(err, context.Canceled, "snapshot")
	_, err = s.store.Begin(ended, nil)
	s.is(err, context.Canceled, "begin")
	_, err = s.store.Begin(ended, snap)
	s.is(err, context.Canceled, "begin from a snapshot")
	s.is(tx.Put(ended, k, nil), context.Canceled, "put")
	s.is(tx.Delete(ended, k), context.Canceled, "delete")
	s.is(tx.DeleteRange(ended, nil, []byte("z")), context.Canceled, "delete range")
	s.put(tx, "b")
	s.ok(tx.Rollback(ended))
	tx = s.begin()
	s.put(tx, "c")
	s.is(tx.Commit(ended), context.Canceled, "commit")
	c := s.cursor(s.store)
	if got := s.walk(c, store.Range{}); strings.Join(got, " ") != "a" {
		s.Fatalf("shows %q, should be a", got)
	}
	s.ok(c.Close())
	s.ok(snap.Close())
}

func (s *suite) readingOnly() {
	snap := s.snapshot(false)
	_, err := s.store.Begin(s.ctx, snap)
	s.isMisuse(err, "begin from a snapshot for reading")
	s.ok(snap.Close())
	snap = s.snapshot(true)
	late := s.snapshot(true)
	tx, err := s.store.Begin(s.ctx, snap)
	s.ok(err)
	s.put(tx, "a")
	s.ok(tx.Commit(s.ctx))
	tx, err = s.store.Begin(s.ctx, late)
	if s.store.Caps().SingleWriter {
		s.is(err, engine.ErrBusySnapshot, "begin from a snapshot that is not the newest")
	} else if err == nil { // the commit finds out
		s.put(tx, "a")
		err = tx.Commit(s.ctx)
	}
	s.is(err, engine.ErrBusy, "a transaction from a snapshot that is not the newest")
	s.ok(snap.Close())
	s.ok(late.Close())
}

func (s *suite) writerInfo() {
	w, ok := s.store.(store.WriterInfo)
	if !ok {
		s.Skip("the store does not know who writes")
	}
	if since, busy := w.Writer(); busy {
		s.Fatalf("a transaction writes since %v, before one has begun", since)
	}
	tx := s.begin()
	if since, busy := w.Writer(); !busy || since.IsZero() {
		s.Fatalf("a transaction is open, and the answer is %v, %v", since, busy)
	}
	s.ok(tx.Rollback(s.ctx))
	if since, busy := w.Writer(); busy {
		s.Fatalf("a transaction writes since %v, after the end", since)
	}
}

func (s *suite) closing() {
	c := s.cursor(s.store)
	s.is(s.store.Close(), engine.ErrBusy, "close with a cursor")
	s.ok(c.Close())
	s.ok(s.store.Close())
	_, err := s.store.Cursor(s.ctx)
	s.isMisuse(err, "cursor after close")
	_, _, err = s.store.ValueLen(s.ctx, nil)
	s.isMisuse(err, "length after close")
}
