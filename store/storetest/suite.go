// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

// Test tests a store: one subtest for each thing that it promises. fresh returns a function
// that opens an empty store, and the same store again after Close.
func Test(t *testing.T, fresh func(t *testing.T) (open func() (store.Store, error))) {
	t.Run("transactions", func(t *testing.T) {
		enginetest.TestStore(t, func(t *testing.T) func() (enginetest.Store, error) {
			open := fresh(t)
			return func() (enginetest.Store, error) {
				s, err := open()
				if err != nil {
					return nil, err
				}
				return BothWays(s), nil
			}
		})
	})
	for _, test := range []struct {
		name string
		f    func(*suite)
	}{
		{"ranges visit the keys within their ends", (*suite).ranges},
		{"a range that has ended has neither key nor value", (*suite).ended},
		{"a range of keys only has no values", (*suite).keysOnly},
		{"cursors stay as they are", (*suite).stable},
		{"the length of a value", (*suite).valueLen},
		{"a context that has ended", (*suite).contexts},
		{"a snapshot for reading cannot write", (*suite).readingOnly},
		{"who writes", (*suite).writerInfo},
		{"the longest key and value", (*suite).limits},
		{"two transactions that write the same", (*suite).conflict},
		{"two transactions that read what the other writes", (*suite).skew},
		{"no update is lost", (*suite).updates},
		{"begin without a wait", (*suite).try},
		{"a cursor that counts", (*suite).counts},
		{"a store that is in reach", (*suite).ping},
		{"close refuses while a cursor is open", (*suite).closing},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			s, err := fresh(t)()
			if err != nil {
				t.Fatal(err)
			}
			u := &suite{T: t, ctx: context.Background(), store: s}
			t.Cleanup(func() {
				if t.Skipped() {
					u.ok(s.Close())
				}
			})
			test.f(u)
			u.ok(s.Close())
		})
	}
}

// suite is one test of a store.
type suite struct {
	*testing.T
	ctx   context.Context
	store store.Store
}

func (s *suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *suite) is(err, want error, what string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: error %v, should be %v", what, err, want)
	}
}

func (s *suite) begin() store.Tx {
	s.Helper()
	tx, err := s.store.Begin(s.ctx, nil)
	s.ok(err)
	return tx
}

func (s *suite) snapshot(mayWrite bool) store.Snapshot {
	s.Helper()
	snap, err := s.store.Snapshot(s.ctx, mayWrite)
	s.ok(err)
	return snap
}

func (s *suite) cursor(r store.Reader) store.Cursor {
	s.Helper()
	c, err := r.Cursor(s.ctx)
	s.ok(err)
	return c
}

// put puts keys, each with itself twice as its value.
func (s *suite) put(tx store.Tx, keys ...string) {
	s.Helper()
	for _, k := range keys {
		s.ok(tx.Put(s.ctx, []byte(k), []byte(k+k)))
	}
}

// commit puts keys in a transaction of its own.
func (s *suite) commit(keys ...string) {
	s.Helper()
	tx := s.begin()
	s.put(tx, keys...)
	s.ok(tx.Commit(s.ctx))
}

// walk returns the keys that c visits in a range, each in quotes, and checks their values.
func (s *suite) walk(c store.Cursor, r store.Range) []string {
	s.Helper()
	var keys []string
	for ok := c.Seek(s.ctx, &r); ok; ok = c.Next(s.ctx) {
		key := string(c.Key())
		keys = append(keys, key)
		if n := c.ValueLen(); n != 2*len(key) {
			s.Fatalf("the value of %q has the length %d, should be %d", key, n, 2*len(key))
		}
		if !r.KeysOnly {
			value, err := c.Value(s.ctx)
			s.ok(err)
			if string(value) != key+key {
				s.Fatalf("%q has the value %q", key, value)
			}
			s.parts(c, value)
		}
	}
	s.ok(c.Err())
	return keys
}

// walkRows is walk by rows, if c shows them. Every third step is a move like any other.
func (s *suite) walkRows(c store.Cursor, r store.Range) (keys []string, ok bool) {
	s.Helper()
	rows, ok := c.(store.RowCursor)
	if !ok || r.KeysOnly {
		return nil, false
	}
	var row store.Row
	var err error
	for n, more := 0, c.Seek(s.ctx, &r); more; n++ {
		if n%3 == 0 {
			row.Key = c.Key()
			row.Value, err = c.Value(s.ctx)
			s.ok(err)
		}
		if key := string(row.Key); string(row.Value) != key+key || string(c.Key()) != key || c.ValueLen() != 2*len(key) {
			s.Fatalf("row %q, %q; the key is %q, its value has %d bytes", row.Key, row.Value, c.Key(), c.ValueLen())
		}
		keys = append(keys, string(row.Key))
		if n%3 == 2 {
			more = c.Next(s.ctx)
		} else {
			more = rows.NextRow(s.ctx, &row)
		}
	}
	s.ok(c.Err())
	if c.Key() != nil || rows.NextRow(s.ctx, &row) {
		s.Fatalf("after the last row: key %q, row %q", c.Key(), row.Key)
	}
	return keys, true
}

// parts compares parts of the current value with it, if c loads parts.
func (s *suite) parts(c store.Cursor, value []byte) {
	s.Helper()
	parts, ok := c.(store.PartCursor)
	if !ok {
		return
	}
	for from := range len(value) + 2 {
		for n := range len(value) + 2 {
			part, err := parts.ValuePart(s.ctx, []byte("-"), from, n)
			s.ok(err)
			first := min(from, len(value))
			if want := "-" + string(value[first:min(first+n, len(value))]); string(part) != want {
				s.Fatalf("bytes %d+%d of %q are %q", from, n, value, part)
			}
		}
	}
}

// isMisuse is is for a call that the state of things does not allow.
func (s *suite) isMisuse(err error, what string) {
	s.Helper()
	s.is(err, engine.ErrMisuse, what)
}
