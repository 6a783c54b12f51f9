// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/lsmlite/lsmlite-go/engine/enginetest"
	"github.com/lsmlite/lsmlite-go/store"
)

// settle moves everything into the database file, if there is one.
func (s *suite) settle() {
	s.Helper()
	if m, ok := BothWays(s.store).(enginetest.Maintained); ok {
		s.ok(m.Flush(s.ctx))
	}
}

// rangeKeys are the keys of the tests of ranges, in order. Some are the beginning of others,
// and one is empty.
var rangeKeys = []string{"", "\x00", "a", "a\x00", "ab", "b", "d", "\xff", "\xff\xff"}

// within returns the keys of a range, by a look at each.
func within(keys []string, r store.Range) []string {
	var in []string
	for _, k := range keys {
		if r.HasLo && (k < string(r.Lo) || r.LoOpen && k == string(r.Lo)) {
			continue
		}
		if r.HasHi && (k > string(r.Hi) || r.HiOpen && k == string(r.Hi)) {
			continue
		}
		in = append(in, k)
	}
	if r.Reverse {
		slices.Reverse(in)
	}
	if r.Limit > 0 && len(in) > r.Limit {
		in = in[:r.Limit]
	}
	return in
}

// ranges tries ranges of all kinds between keys that are there and keys that are not, on
// readers of all kinds. A third of the keys is in the file, if there is one, and deleted keys lie
// between the others.
func (s *suite) ranges() {
	s.commit(rangeKeys[:6]...)
	s.commit("c", "cc", "e")
	s.settle()
	tx := s.begin()
	s.put(tx, rangeKeys[3:]...)
	for _, k := range []string{"c", "cc", "e"} {
		s.ok(tx.Delete(s.ctx, []byte(k)))
	}
	s.ok(tx.Commit(s.ctx))
	snap := s.snapshot(false)
	tx = s.begin()
	for name, r := range map[string]store.Reader{"store": s.store, "snapshot": snap, "transaction": tx} {
		c := s.cursor(r)
		for _, rng := range s.allRanges() {
			want, got := within(rangeKeys, rng), s.walk(c, rng)
			if !slices.Equal(got, want) {
				s.Fatalf("%s: %s\nvisits %q\nshould %q", name, describe(rng), got, want)
			}
			if got, ok := s.walkRows(c, rng); ok && !slices.Equal(got, want) {
				s.Fatalf("%s, by rows: %s\nvisits %q\nshould %q", name, describe(rng), got, want)
			}
		}
		s.ok(c.Close())
	}
	s.ok(tx.Rollback(s.ctx))
	s.ok(snap.Close())
}

// allRanges returns ranges of all kinds. Their ends are keys that are there, keys that were,
// and keys that never were.
func (s *suite) allRanges() []store.Range {
	ends := [][]byte{nil} // no end
	for _, key := range []string{"", "\x00", "a", "a\x00", "aa", "c", "d", "\xff\xff\xff"} {
		ends = append(ends, []byte(key))
	}
	var all []store.Range
	for lo := range ends {
		for hi := range ends {
			for kind := range 1 << 4 {
				r := store.Range{
					Lo: ends[lo], HasLo: lo > 0, LoOpen: kind&1 != 0,
					Hi: ends[hi], HasHi: hi > 0, HiOpen: kind&2 != 0,
					Reverse: kind&4 != 0, KeysOnly: kind&8 != 0,
					Limit: (lo + hi + kind) % 4,
				}
				all = append(all, r)
			}
		}
	}
	return all
}

func describe(r store.Range) string {
	return fmt.Sprintf("%q (set %v, open %v) to %q (set %v, open %v), reverse %v, keys only %v, limit %d",
		r.Lo, r.HasLo, r.LoOpen, r.Hi, r.HasHi, r.HiOpen, r.Reverse, r.KeysOnly, r.Limit)
}

// ended looks at a cursor where it stands on no key: before it was moved, after a range
// without keys, after the end of one, after its limit, and where it goes on from there.
func (s *suite) ended() {
	s.commit("a", "b", "c")
	c := s.cursor(s.store)
	nothing := func(when string) {
		s.Helper()
		if c.Key() != nil || c.ValueLen() != 0 {
			s.Fatalf("%s: key %q, length %d", when, c.Key(), c.ValueLen())
		}
		_, err := c.Value(s.ctx)
		s.isMisuse(err, when+": value")
		if c.Next(s.ctx) {
			s.Fatalf("%s: next finds %q", when, c.Key())
		}
		s.ok(c.Err())
	}
	nothing("new")
	for when, r := range map[string]store.Range{
		"without keys":  {Lo: []byte("bb"), HasLo: true, Hi: []byte("bc"), HasHi: true},
		"upside down":   {Lo: []byte("c"), HasLo: true, Hi: []byte("a"), HasHi: true},
		"a point":       {Lo: []byte("b"), HasLo: true, Hi: []byte("b"), HasHi: true},
		"no such point": {Lo: []byte("x"), HasLo: true, Hi: []byte("x"), HasHi: true},
		"a limit":       {Limit: 2},
		"closed end":    {Hi: []byte("b"), HasHi: true},
		"open end":      {Hi: []byte("b"), HasHi: true, HiOpen: true},
		"all":           {},
	} {
		for range 2 {
			s.walk(c, r)
			nothing(when)
			r.Reverse = true
		}
	}
	if got := s.walk(c, store.Range{Reverse: true}); strings.Join(got, "") != "cba" {
		s.Fatalf("after all that: %q", got)
	}
	s.ok(c.Close())
}

func (s *suite) keysOnly() {
	s.commit("a", "b")
	c := s.cursor(s.store)
	if !c.Seek(s.ctx, &store.Range{KeysOnly: true}) {
		s.Fatal("nothing there")
	}
	_, err := c.Value(s.ctx)
	s.isMisuse(err, "value")
	if parts, ok := c.(store.PartCursor); ok {
		_, err := parts.ValuePart(s.ctx, nil, 0, 1)
		s.isMisuse(err, "a part of a value")
	}
	if rows, ok := c.(store.RowCursor); ok {
		if rows.NextRow(s.ctx, new(store.Row)) {
			s.Fatal("a row")
		}
		s.isMisuse(c.Err(), "a row")
		if !c.Seek(s.ctx, &store.Range{}) || c.Err() != nil {
			s.Fatal("no key after that", c.Err())
		}
	}
	s.ok(c.Close())
}
