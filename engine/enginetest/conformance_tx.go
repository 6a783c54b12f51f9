// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
)

func (s *suite) isolation() {
	s.commit(func(tx Tx) { s.put(tx, "a") })
	tx := s.begin()
	s.put(tx, "b")
	s.ok(tx.Delete([]byte("a")))
	s.shows(tx, "b")
	s.showsCommitted("a")
	s.value(s.store, "b", "", false)
	s.ok(tx.Rollback())
	s.showsCommitted("a")
	tx = s.begin()
	s.shows(tx, "a")
	s.put(tx, "c")
	s.ok(tx.Commit(s.ctx))
	s.showsCommitted("a c")
	s.commit(func(Tx) {})
	s.showsCommitted("a c")
}

func (s *suite) held() {
	s.commit(func(tx Tx) { s.put(tx, "a", "b") })
	snap := s.snapshot()
	cur := s.cursor(snap)
	if !cur.First() {
		s.Fatal("nothing there")
	}
	tx := s.begin()
	s.put(tx, "c")
	moment := s.cursor(tx)
	s.ok(tx.Delete([]byte("a")))
	s.put(tx, "d")
	s.showsMoment(moment)
	s.ok(tx.Commit(s.ctx))
	goesOn := !s.bounds().ReadsEndWithTx
	if !goesOn {
		if moment.First() {
			s.Fatal("a cursor goes on after its transaction")
		}
		s.is(moment.Err(), engine.ErrSnapshotGone, "a cursor after its transaction")
	}
	for range 3 {
		s.settle()
		s.commit(func(tx Tx) { s.ok(tx.DeleteRange(nil, []byte("z"))); s.put(tx, "x") })
		s.shows(snap, "a b")
		s.value(snap, "a", "A", true)
		s.value(snap, "x", "", false)
		if goesOn {
			s.showsMoment(moment)
		}
		s.showsCommitted("x")
	}
	s.ok(snap.Close())
	if !cur.Valid() || string(cur.Key()) != "a" || !cur.Next() || string(cur.Key()) != "b" || cur.Next() {
		s.Fatal("a cursor outlives its snapshot, but does not go on")
	}
	s.ok(cur.Close())
	s.ok(moment.Close())
}

func (s *suite) levels() {
	tx := s.begin()
	level := func(want int) {
		s.Helper()
		if got := tx.Level(); got != want {
			s.Fatalf("level %d, should be %d", got, want)
		}
	}
	open := func(want int) {
		s.Helper()
		if got, err := tx.Begin(); err != nil || got != want {
			s.Fatalf("begin: level %d, error %v, should be %d", got, err, want)
		}
		level(want)
	}
	level(1)
	s.put(tx, "a")
	open(2)
	s.put(tx, "b")
	open(3)
	s.put(tx, "c")
	open(4)
	s.ok(tx.DeleteRange(nil, []byte("z")))
	s.shows(tx, "")
	s.ok(tx.RollbackTo(3)) // and level 3 stays open
	level(3)
	s.shows(tx, "a b")
	s.put(tx, "d")
	s.ok(tx.RollbackTo(3))
	s.shows(tx, "a b")
	s.put(tx, "e")
	s.ok(tx.CommitTo(2)) // e is level 2's now
	level(2)
	s.shows(tx, "a b e")
	for _, bad := range []int{-1, 0, 3} {
		s.is(tx.CommitTo(bad), engine.ErrMisuse, fmt.Sprint("commit to level ", bad))
		s.is(tx.RollbackTo(bad), engine.ErrMisuse, fmt.Sprint("roll back to level ", bad))
	}
	open(3)
	s.put(tx, "f")
	s.ok(tx.CommitTo(3))
	s.ok(tx.RollbackTo(2))
	s.shows(tx, "a")
	s.put(tx, "g")
	open(3)
	s.put(tx, "h")
	s.ok(tx.Commit(s.ctx))
	s.showsCommitted("a g h")

	tx = s.begin()
	s.put(tx, "i")
	open(2)
	s.put(tx, "j")
	s.ok(tx.RollbackTo(1))
	level(1)
	s.shows(tx, "a g h")
	s.ok(tx.Commit(s.ctx))
	s.showsCommitted("a g h")

	tx = s.begin()
	open(2)
	s.put(tx, "k")
	s.ok(tx.CommitTo(1))
	s.ok(tx.Rollback())
	s.showsCommitted("a g h")
}

func (s *suite) turn() {
	if s.bounds().ManyWriters {
		s.Skip("writers do not wait for each other")
	}
	tx := s.begin()
	s.put(tx, "a")
	began := make(chan error)
	go func() {
		second, err := s.store.Begin(s.ctx)
		if err == nil {
			err = errors.Join(second.Put([]byte("b"), nil), second.Commit(s.ctx))
		}
		began <- err
	}()
	select {
	case err := <-began:
		s.Fatalf("two transactions at once (error %v)", err)
	case <-time.After(5 * time.Millisecond):
	}
	s.showsCommitted("")
	s.ok(tx.Commit(s.ctx))
	s.ok(<-began)
	s.showsCommitted("a b")
}

func (s *suite) context() {
	ended, cancel := context.WithCancel(s.ctx)
	tx := s.begin()
	s.put(tx, "a")
	short, cancelShort := context.WithTimeout(s.ctx, time.Millisecond)
	defer cancelShort()
	if !s.bounds().ManyWriters {
		_, err := s.store.Begin(short)
		s.is(err, context.DeadlineExceeded, "begin while another writes")
	}
	cancel()
	_, err := s.store.Snapshot(ended)
	s.is(err, context.Canceled, "snapshot")
	s.is(tx.Commit(ended), context.Canceled, "commit")
	s.is(tx.Rollback(), engine.ErrMisuse, "rollback after a commit that failed")
	s.showsCommitted("")
}

func (s *suite) upgrade() {
	up, ok := s.store.(Upgrader)
	if !ok {
		s.Skip("the store is no Upgrader")
	}
	s.commit(func(tx Tx) { s.put(tx, "a") })
	snap := s.snapshot()
	tx, err := up.BeginFrom(s.ctx, snap)
	s.ok(err)
	s.put(tx, "b")
	s.ok(tx.Rollback())
	s.settle() // housekeeping is no commit
	if s.bounds().ReadsEndWithTx {
		_, _, err := snap.Get(nil, []byte("a"))
		s.is(err, engine.ErrSnapshotGone, "a snapshot after its transaction")
		s.ok(snap.Close())
		snap = s.snapshot()
	}
	late := s.snapshot()
	tx, err = up.BeginFrom(s.ctx, snap)
	s.ok(err)
	s.put(tx, "b")
	s.ok(tx.Commit(s.ctx))
	s.shows(late, "a")
	s.tooLate(up, late)
	s.ok(snap.Close())
	s.ok(late.Close())
	s.commit(func(tx Tx) { s.put(tx, "c") }) // the turn is free
	s.showsCommitted("a b c")
}

// tooLate begins to write b from a state before another transaction has done that.
func (s *suite) tooLate(up Upgrader, late Snapshot) {
	s.Helper()
	tx, err := up.BeginFrom(s.ctx, late)
	if !s.bounds().ManyWriters {
		s.is(err, engine.ErrBusySnapshot, "upgrade of a snapshot that is not the newest")
		s.is(err, engine.ErrBusy, "upgrade of a snapshot that is not the newest")
		return
	}
	if err == nil { // the commit finds out
		s.ok(tx.Put([]byte("b"), []byte("late")))
		err = tx.Commit(s.ctx)
	}
	s.is(err, engine.ErrBusy, "upgrade of a snapshot that is not the newest")
}

// showsMoment looks at a cursor of a transaction that has put c since a and b were there.
func (s *suite) showsMoment(moment Cursor) {
	s.Helper()
	got := ""
	for ok := moment.First(); ok; ok = moment.Next() {
		got += string(moment.Key())
	}
	if got != "abc" {
		s.Fatalf("the cursor of the transaction shows %s, should be abc", got)
	}
}
