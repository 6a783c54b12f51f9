// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// suite is one test of a store.
type suite struct {
	*testing.T
	ctx   context.Context
	open  func() (Store, error)
	store Store
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) is(err error, want error, what string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: error %v, should be %v", what, err, want)
	}
}

// bounds returns what the store does not promise.
func (s *suite) bounds() Bounds {
	b := Bounds{}
	if bounded, ok := s.store.(Bounded); ok {
		b = bounded.Bounds()
	}
	if b.MaxKey == 0 {
		b.MaxKey = engine.MaxKeySize
	}
	return b
}

func (s *suite) reopen() {
	s.Helper()
	store, err := s.open()
	s.ok(err)
	s.store = store
}

func (s *suite) begin() Tx {
	s.Helper()
	tx, err := s.store.Begin(s.ctx)
	s.ok(err)
	return tx
}

func (s *suite) snapshot() Snapshot {
	s.Helper()
	snap, err := s.store.Snapshot(s.ctx)
	s.ok(err)
	return snap
}

func (s *suite) cursor(r Reader) Cursor {
	s.Helper()
	c, err := r.Cursor()
	s.ok(err)
	return c
}

// commit does f in a transaction.
func (s *suite) commit(f func(tx Tx)) {
	s.Helper()
	tx := s.begin()
	f(tx)
	s.ok(tx.Commit(s.ctx))
}

// put puts keys, each with itself in capitals as its value.
func (s *suite) put(tx Tx, keys ...string) {
	s.Helper()
	for _, k := range keys {
		s.ok(tx.Put([]byte(k), []byte(strings.ToUpper(k))))
	}
}

// settle moves everything into the database file, if there is one.
func (s *suite) settle() {
	s.Helper()
	if m, ok := s.store.(Maintained); ok {
		s.ok(m.Flush(s.ctx))
	}
}

// keys returns the keys a reader shows, in order, separated by blanks; read backward they
// must be the same.
func (s *suite) keys(r Reader) string {
	s.Helper()
	c := s.cursor(r)
	var forward, backward []string
	for ok := c.First(); ok; ok = c.Next() {
		forward = append(forward, string(c.Key()))
	}
	s.ok(c.Err())
	for ok := c.Last(); ok; ok = c.Prev() {
		backward = append([]string{string(c.Key())}, backward...)
	}
	s.ok(c.Err())
	s.ok(c.Close())
	if f, b := strings.Join(forward, " "), strings.Join(backward, " "); f != b {
		s.Fatalf("forward %q, backward %q", f, b)
	}
	return strings.Join(forward, " ")
}

func (s *suite) shows(r Reader, want string) {
	s.Helper()
	if got := s.keys(r); got != want {
		s.Fatalf("shows %q, should be %q", got, want)
	}
}

// showsCommitted is shows for what is committed.
func (s *suite) showsCommitted(want string) {
	s.Helper()
	snap := s.snapshot()
	s.shows(snap, want)
	s.ok(snap.Close())
}

func (s *suite) value(r interface {
	Get(dst, key []byte) ([]byte, bool, error)
}, key, want string, found bool) {
	s.Helper()
	m := Map{}
	if found {
		m = m.Put(key, want)
	}
	s.ok(checkGet(r, key, m))
}
