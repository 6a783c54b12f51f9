// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine"
)

func (s *suite) afterTheEnd() {
	for _, end := range []func(tx Tx) error{
		func(tx Tx) error { return tx.Commit(s.ctx) },
		func(tx Tx) error { return tx.Rollback() },
	} {
		tx := s.begin()
		s.ok(end(tx))
		k := []byte("k")
		_, _, getErr := tx.Get(nil, k)
		_, cursorErr := tx.Cursor()
		_, beginErr := tx.Begin()
		for what, err := range map[string]error{
			"put": tx.Put(k, k), "delete": tx.Delete(k), "delete range": tx.DeleteRange(k, k), "get": getErr,
			"cursor": cursorErr, "begin": beginErr, "commit to": tx.CommitTo(1), "roll back to": tx.RollbackTo(1),
			"commit": tx.Commit(s.ctx), "rollback": tx.Rollback(),
		} {
			s.is(err, engine.ErrMisuse, what)
		}
	}
	s.commit(func(tx Tx) { s.put(tx, "a") })
	snap := s.snapshot()
	c := s.cursor(snap)
	s.ok(snap.Close())
	s.ok(snap.Close())
	_, _, err := snap.Get(nil, nil)
	s.is(err, engine.ErrMisuse, "get of a closed snapshot")
	_, err = snap.Cursor()
	s.is(err, engine.ErrMisuse, "cursor of a closed snapshot")
	s.ok(c.Close())
	s.ok(c.Close())
	if c.First() || c.Last() || c.Seek(nil, engine.SeekGE) || c.Next() || c.Prev() || c.Valid() {
		s.Error("a closed cursor moves")
	}
}

func (s *suite) closing() {
	s.commit(func(tx Tx) { s.put(tx, "a") })
	tx := s.begin()
	s.is(s.store.Close(), engine.ErrBusy, "close with a transaction")
	s.put(tx, "b")
	s.ok(tx.Commit(s.ctx))
	snap := s.snapshot()
	s.is(s.store.Close(), engine.ErrBusy, "close with a snapshot")
	c := s.cursor(snap)
	s.ok(snap.Close())
	s.is(s.store.Close(), engine.ErrBusy, "close with a cursor")
	s.ok(c.Close())
	s.showsCommitted("a b")
	s.ok(s.store.Close())
	_, err := s.store.Begin(s.ctx)
	s.is(err, engine.ErrMisuse, "begin after close")
	_, err = s.store.Snapshot(s.ctx)
	s.is(err, engine.ErrMisuse, "snapshot after close")
	_, _, err = s.store.Get(nil, nil)
	s.is(err, engine.ErrMisuse, "get after close")
	s.ok(s.store.Close())
}

func (s *suite) reopening() {
	want := Map{}
	for i := range 30 {
		s.commit(func(tx Tx) {
			for j := range 10 {
				k, v := fmt.Sprintf("%03d", i*7%50+j), strings.Repeat("v", i*j)
				s.ok(tx.Put([]byte(k), []byte(v)))
				want = want.Put(k, v)
			}
			if i%5 == 4 {
				s.ok(tx.DeleteRange([]byte("010"), []byte("030")))
				want = want.DeleteRange("010", "030")
			}
		})
		if i%10 != 9 {
			continue
		}
		tx := s.begin()
		s.put(tx, "rolled back")
		s.ok(tx.Rollback())
		s.ok(s.store.Close())
		s.reopen()
		snap := s.snapshot()
		_, err := Find(snap, []Map{want})
		s.ok(errors.Join(err, snap.Close(), Sound(s.ctx, s.store)))
	}
}

func (s *suite) tooBig() {
	tx := s.begin()
	s.put(tx, "a")
	huge := make([]byte, s.bounds().MaxKey+1)
	s.is(tx.Put(huge, nil), engine.ErrTooBig, "put")
	s.is(tx.Delete(huge), engine.ErrTooBig, "delete")
	s.is(tx.DeleteRange(huge, []byte("a")), engine.ErrTooBig, "delete range")
	s.is(tx.DeleteRange([]byte("a"), huge), engine.ErrTooBig, "delete range")
	s.shows(tx, "a")
	s.ok(tx.Commit(s.ctx))
	got, found, err := s.store.Get([]byte("x"), []byte("a"))
	s.ok(err)
	if !found || !bytes.Equal(got, []byte("xA")) {
		s.Fatalf("get: %v %q", found, got)
	}
}
