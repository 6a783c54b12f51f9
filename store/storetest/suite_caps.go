// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/store"
)

// longestTried is the length of the longest key and value that the suite writes.
const longestTried = 1 << 20

// limits writes what is just allowed, and tries what is not.
func (s *suite) limits() {
	caps := s.store.Caps()
	if caps.MaxKey < 512 {
		s.Errorf("keys of %d bytes at most; the dialect needs more", caps.MaxKey)
	}
	if caps.MaxTx > 0 && caps.MaxTx <= int64(caps.MaxKey)+int64(caps.MaxValue) {
		s.Errorf("a row of the longest key, %d bytes, and the longest value, %d, does not fit into a transaction of %d bytes",
			caps.MaxKey, caps.MaxValue, caps.MaxTx)
	}
	key := bytes.Repeat([]byte{0xff}, min(caps.MaxKey, longestTried))
	value := bytes.Repeat([]byte{0}, longestTried)
	if caps.MaxValue > 0 {
		value = value[:min(caps.MaxValue, longestTried)]
	}
	tx := s.begin()
	s.ok(tx.Put(s.ctx, key, value))
	s.ok(tx.Put(s.ctx, key[:len(key)-1], nil))
	if caps.MaxKey < longestTried {
		s.is(tx.Put(s.ctx, append(slices.Clone(key), 0), nil), engine.ErrTooBig, "a longer key")
	}
	if caps.MaxValue > 0 && caps.MaxValue < longestTried {
		s.is(tx.Put(s.ctx, key, append(slices.Clone(value), 0)), engine.ErrTooBig, "a longer value")
	}
	s.ok(tx.Commit(s.ctx))
	got, found, err := s.store.Get(s.ctx, nil, key)
	s.ok(err)
	if !found || !bytes.Equal(got, value) {
		s.Errorf("the longest key has %d bytes, should have %d", len(got), len(value))
	}
	c := s.cursor(s.store)
	if !c.Seek(s.ctx, &store.Range{Reverse: true}) || !bytes.Equal(c.Key(), key) || c.ValueLen() != len(value) {
		s.Errorf("the last key has %d bytes and a value of %d", len(c.Key()), c.ValueLen())
	}
	s.ok(c.Close())
	if 0 < caps.MaxTx && caps.MaxTx <= 4*longestTried {
		tx := s.begin()
		for i := 0; err == nil; i++ {
			err = tx.Put(s.ctx, strconv.AppendInt(nil, int64(i), 10), make([]byte, min(len(value), 1<<10)))
		}
		s.is(err, engine.ErrTooBig, "a transaction beyond MaxTx")
		s.ok(tx.Rollback(s.ctx))
	}
}

// several skips a test of transactions that are open at the same time.
func (s *suite) several() store.Caps {
	s.Helper()
	caps := s.store.Caps()
	if caps.SingleWriter {
		s.Skip("one transaction writes at a time")
	}
	return caps
}

// conflict commits two transactions that have written the same key, and two that have not.
func (s *suite) conflict() {
	caps := s.several()
	if !caps.CommitConflicts {
		s.Error("several write at a time, without conflicts")
	}
	s.commit("a", "b")
	for _, test := range []struct {
		first, second func(tx store.Tx)
		conflict      bool
	}{
		{func(tx store.Tx) { s.put(tx, "a") }, func(tx store.Tx) { s.put(tx, "b") }, false},
		{func(tx store.Tx) { s.put(tx, "a") }, func(tx store.Tx) { s.put(tx, "a", "x") }, true},
		{func(tx store.Tx) { s.put(tx, "new") }, func(tx store.Tx) { s.put(tx, "new", "x") }, true},
		{func(tx store.Tx) { s.ok(tx.Delete(s.ctx, []byte("a"))) }, func(tx store.Tx) { s.put(tx, "a", "x") }, true},
	} {
		one, two := s.begin(), s.begin()
		for _, tx := range []store.Tx{one, two} { // a snapshot may come with the first read
			_, _, err := tx.Get(s.ctx, nil, []byte("nothing"))
			s.ok(err)
		}
		test.first(one)
		test.second(two)
		s.ok(one.Commit(s.ctx))
		err := two.Commit(s.ctx)
		if !test.conflict {
			s.ok(err)
			continue
		}
		s.is(err, engine.ErrConflict, "the second of two that write the same key")
		s.is(err, engine.ErrBusy, "the second of two that write the same key")
		if _, found, err := s.store.Get(s.ctx, nil, []byte("x")); found || err != nil {
			s.Fatalf("a part of a transaction that failed is there (%v)", err)
		}
	}
}

// skew lets each of two transactions read what the other one writes.
func (s *suite) skew() {
	caps := s.several()
	s.commit("a", "b")
	one, two := s.begin(), s.begin()
	for tx, keys := range map[store.Tx][2]string{one: {"a", "b"}, two: {"b", "a"}} {
		_, _, err := tx.Get(s.ctx, nil, []byte(keys[0]))
		s.ok(err)
		s.put(tx, keys[1])
	}
	first, second := one.Commit(s.ctx), two.Commit(s.ctx)
	if caps.WriteSkew {
		s.ok(errors.Join(first, second))
		return
	}
	if (first == nil) == (second == nil) {
		s.Fatalf("one of the two has to fail: %v, %v", first, second)
	}
	s.is(errors.Join(first, second), engine.ErrConflict, "one of the two")
}

const (
	numUpdaters = 4
	numUpdates  = 15
)

// updates adds to the same number from several goroutines. What fails because of another starts again.
func (s *suite) updates() {
	key := []byte("number")
	once := func() error {
		tx, err := s.store.Begin(s.ctx, nil)
		if err != nil {
			return err
		}
		value, _, err := tx.Get(s.ctx, nil, key)
		runtime.Gosched() // so that others get in between, also in a store that never waits
		if err == nil {
			n, _ := strconv.Atoi(string(value))
			err = tx.Put(s.ctx, key, strconv.AppendInt(nil, int64(n+1), 10))
		}
		if err != nil {
			return errors.Join(err, tx.Rollback(s.ctx))
		}
		return tx.Commit(s.ctx)
	}
	failed := make(chan error, numUpdaters)
	var wait sync.WaitGroup
	for range numUpdaters {
		wait.Go(func() {
			for range numUpdates {
				err := once()
				for errors.Is(err, engine.ErrBusy) {
					err = once()
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wait.Wait()
	select {
	case err := <-failed:
		s.Fatal(err)
	default:
	}
	value, _, err := s.store.Get(s.ctx, nil, key)
	s.ok(err)
	if string(value) != strconv.Itoa(numUpdaters*numUpdates) {
		s.Fatalf("%d updates come to %s", numUpdaters*numUpdates, value)
	}
}

// try begins where another one writes, and where none does.
func (s *suite) try() {
	t, ok := s.store.(store.TryBeginner)
	if !ok {
		s.Skip("the store cannot begin without a wait")
	}
	tx := s.begin()
	s.put(tx, "a")
	if s.store.Caps().SingleWriter {
		ctx, cancel := context.WithTimeout(s.ctx, time.Minute)
		_, err := t.TryBegin(ctx, nil)
		cancel()
		s.is(err, engine.ErrBusy, "try to begin while another one writes")
	}
	s.ok(tx.Commit(s.ctx))
	tx, err := t.TryBegin(s.ctx, nil)
	s.ok(err)
	s.put(tx, "b")
	s.ok(tx.Commit(s.ctx))
	c := s.cursor(s.store)
	s.visits(c, "a b")
	s.ok(c.Close())
}

// counts compares counts with visits, in a transaction with writes of its own, too.
func (s *suite) counts() {
	s.commit(rangeKeys...)
	tx := s.begin()
	s.put(tx, "aa", "c")
	s.ok(tx.Delete(s.ctx, []byte("b")))
	for name, r := range map[string]store.Reader{"store": s.store, "transaction": tx} {
		c := s.cursor(r)
		counter, ok := c.(store.Counter)
		if !ok {
			s.ok(c.Close())
			continue
		}
		for _, rng := range s.allRanges() {
			want := len(s.walk(c, rng))
			n, err := counter.Count(s.ctx, &rng)
			s.ok(err)
			if n != int64(want) {
				s.Fatalf("%s: %s\nhas %d, and the count is %d", name, describe(rng), want, n)
			}
			if c.Key() != nil || c.Next(s.ctx) {
				s.Fatal("after a count the cursor stands on a key")
			}
		}
		s.ok(c.Close())
	}
	s.ok(tx.Rollback(s.ctx))
}

func (s *suite) ping() {
	p, ok := s.store.(store.Pinger)
	if !ok {
		s.Skip("the store is never out of reach")
	}
	s.ok(p.Ping(s.ctx))
	ended, cancel := context.WithCancel(s.ctx)
	cancel()
	s.is(p.Ping(ended), context.Canceled, "ping")
}
