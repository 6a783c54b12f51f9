// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine"
)

// TestStore tests a store: one subtest for each thing that it promises. fresh returns a
// function that opens an empty store, and the same store again after Close. What a store
// cannot do (see Upgrader, Maintained, Bounded) is not asked of it.
func TestStore(t *testing.T, fresh func(t *testing.T) (open func() (Store, error))) {
	for _, test := range []struct {
		name string
		f    func(*suite)
	}{
		{"an empty store has nothing", (*suite).empty},
		{"put, replace, delete and get", (*suite).pointWrites},
		{"keys and values are copied", (*suite).copies},
		{"keys are ordered by bytes, then by length", (*suite).order},
		{"seek finds the neighbours", (*suite).seek},
		{"a cursor changes direction anywhere", (*suite).turns},
		{"a range delete spares its ends", (*suite).rangeDelete},
		{"a range delete hides what is older only", (*suite).rangeDeleteLayers},
		{"large keys and values", (*suite).large},
		{"a transaction is seen after its commit", (*suite).isolation},
		{"snapshots and cursors stay as they are", (*suite).held},
		{"levels", (*suite).levels},
		{"calls after the end are misuse", (*suite).afterTheEnd},
		{"writers wait for each other", (*suite).turn},
		{"a context that has ended", (*suite).context},
		{"a snapshot becomes a transaction", (*suite).upgrade},
		{"close refuses while handles are open", (*suite).closing},
		{"what was committed is there when opened again", (*suite).reopening},
		{"too large is refused without a trace", (*suite).tooBig},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			s := &suite{T: t, ctx: context.Background(), open: fresh(t)}
			s.reopen()
			t.Cleanup(func() {
				if t.Skipped() {
					s.ok(s.store.Close())
				}
			})
			test.f(s)
			if s.store != nil {
				s.ok(s.store.Close())
			}
		})
	}
}

func (s *suite) empty() {
	snap := s.snapshot()
	s.shows(snap, "")
	s.value(s.store, "", "", false)
	s.value(snap, "a", "", false)
	c := s.cursor(snap)
	for mode := engine.SeekLE; mode <= engine.SeekGE; mode++ {
		if c.Seek(nil, mode) || c.Valid() || c.Key() != nil {
			s.Errorf("seek %d finds something", mode)
		}
	}
	if _, err := c.Value(); !errors.Is(err, engine.ErrMisuse) {
		s.Errorf("value of nothing: %v", err)
	}
	s.ok(c.Close())
	s.ok(snap.Close())
}

func (s *suite) pointWrites() {
	s.commit(func(tx Tx) {
		s.ok(tx.Delete([]byte("never was there")))
		s.put(tx, "a", "b", "")
		s.ok(tx.Put([]byte("empty"), nil))
		s.value(tx, "a", "A", true)
		s.value(tx, "empty", "", true)
		s.value(tx, "", "", true)
	})
	s.settle()
	s.showsCommitted(" a b empty")
	s.commit(func(tx Tx) {
		s.ok(tx.Put([]byte("a"), []byte("other")))
		s.ok(tx.Delete([]byte("b")))
		s.ok(tx.Delete([]byte("")))
		s.value(tx, "b", "", false)
	})
	s.value(s.store, "a", "other", true)
	s.value(s.store, "b", "", false)
	s.value(s.store, "empty", "", true)
	s.settle()
	s.showsCommitted("a empty")
	s.commit(func(tx Tx) { s.put(tx, "b") })
	s.showsCommitted("a b empty")
}

func (s *suite) copies() {
	s.commit(func(tx Tx) {
		key, value := []byte("key"), []byte("value")
		s.ok(tx.Put(key, value))
		copy(key, "xxx")
		copy(value, "xxxxx")
		s.value(tx, "key", "value", true)
	})
	got, found, err := s.store.Get(nil, []byte("key"))
	s.ok(err)
	if !found || string(got) != "value" {
		s.Fatalf("get: %v %q", found, got)
	}
	copy(got, "xxxxx") // the caller's own
	s.value(s.store, "key", "value", true)
}

func (s *suite) order() {
	s.commit(func(tx Tx) { s.put(tx, "b", "\xff\xff", "a\x00", "aa", "\xff", "\x00", "a", "ab", "B") })
	const want = "\x00 B a a\x00 aa ab b \xff \xff\xff"
	s.showsCommitted(want)
	s.settle()
	s.showsCommitted(want)
}

func (s *suite) seek() {
	s.commit(func(tx Tx) { s.put(tx, "b", "d", "f") })
	s.settle()
	s.commit(func(tx Tx) { s.put(tx, "c"); s.ok(tx.Delete([]byte("d"))) })
	snap := s.snapshot() // b c f
	c := s.cursor(snap)
	for _, test := range []struct {
		key    string
		le, ge string
	}{
		{"", "", "b"}, {"a", "", "b"}, {"b", "b", "b"}, {"bb", "b", "c"}, {"c", "c", "c"}, {"d", "c", "f"},
		{"e", "c", "f"}, {"f", "f", "f"}, {"f\x00", "f", ""}, {"g", "f", ""},
	} {
		for mode, want := range map[engine.SeekMode]string{engine.SeekLE: test.le, engine.SeekGE: test.ge, engine.SeekEQ: ""} {
			if mode == engine.SeekEQ && test.le == test.key {
				want = test.key
			}
			found, what := c.Seek([]byte(test.key), mode), fmt.Sprintf("seek %d %q", mode, test.key)
			if err := checkCursor(c, found, what, row{want, strings.ToUpper(want), want != ""}); err != nil {
				s.Error(err)
			}
		}
	}
	s.ok(c.Close())
	s.ok(snap.Close())
}

func (s *suite) turns() {
	s.commit(func(tx Tx) { s.put(tx, "a", "c", "e") })
	s.settle()
	s.commit(func(tx Tx) { s.put(tx, "b", "d"); s.ok(tx.Delete([]byte("e"))) })
	tx := s.begin()
	s.put(tx, "e")
	c := s.cursor(tx)
	for _, moves := range []struct{ path, want string }{
		{"f>>>>", "abcde"}, {"l<<<<", "edcba"}, {"f><><>", "abababa"[:6]}, {"l<><>", "ededed"[:5]},
		{"f>><<>", "abcbab"}, {"f<", "a-"}, {"l>", "e-"}, {"f<>", "a--"}, {"l><f", "e--a"},
	} {
		got := ""
		for _, move := range moves.path {
			var ok bool
			switch move {
			case 'f':
				ok = c.First()
			case 'l':
				ok = c.Last()
			case '>':
				ok = c.Next()
			default:
				ok = c.Prev()
			}
			if ok {
				got += string(c.Key())
			} else {
				got += "-"
			}
		}
		if got != moves.want {
			s.Errorf("moves %s show %s, should be %s", moves.path, got, moves.want)
		}
	}
	s.ok(c.Err())
	s.ok(c.Close())
	s.ok(tx.Rollback())
}

func (s *suite) rangeDelete() {
	for _, test := range []struct{ after, before, want string }{
		{"b", "e", "a b e f"}, {"b", "c", "a b c d e f"}, {"b", "b", "a b c d e f"}, {"e", "b", "a b c d e f"},
		{"", "z", ""}, {"", "f", "f"}, {"a", "z", "a"}, {"bb", "dd", "a b e f"}, {"f", "z", "a b c d e f"},
	} {
		s.commit(func(tx Tx) { s.put(tx, "a", "b", "c", "d", "e", "f") })
		tx := s.begin()
		s.ok(tx.DeleteRange([]byte(test.after), []byte(test.before)))
		s.shows(tx, test.want)
		s.ok(tx.Rollback())
		s.showsCommitted("a b c d e f")
		s.settle()
		s.commit(func(tx Tx) { s.ok(tx.DeleteRange([]byte(test.after), []byte(test.before))) })
		s.showsCommitted(test.want)
		s.settle()
		s.showsCommitted(test.want)
	}
}

func (s *suite) rangeDeleteLayers() {
	s.commit(func(tx Tx) { s.put(tx, "a", "b", "c", "d", "e") })
	s.settle()
	s.commit(func(tx Tx) {
		s.ok(tx.DeleteRange([]byte("a"), []byte("e")))
		s.put(tx, "c")
	})
	s.showsCommitted("a c e")
	s.settle()
	s.commit(func(tx Tx) { s.put(tx, "b") })
	s.showsCommitted("a b c e")
	s.settle()
	s.commit(func(tx Tx) {
		s.ok(tx.DeleteRange([]byte("b"), []byte("d")))
		s.ok(tx.DeleteRange([]byte("c"), []byte("z")))
	})
	s.showsCommitted("a b")
	s.value(s.store, "c", "", false)
	s.value(s.store, "e", "", false)
	s.settle()
	s.showsCommitted("a b")
	if m, ok := s.store.(Maintained); ok {
		s.ok(m.Optimize(s.ctx))
		s.showsCommitted("a b")
	}
}

func (s *suite) large() {
	prefix := strings.Repeat("p", min(3000, s.bounds().MaxKey-2))
	big := strings.Repeat("0123456789", 30000)
	s.commit(func(tx Tx) {
		for i := range 20 {
			s.ok(tx.Put(fmt.Appendf(nil, "%s%02d", prefix, i), []byte(big[:i*1000])))
		}
		s.ok(tx.Put([]byte("big"), []byte(big)))
	})
	for range 2 {
		for i := range 20 {
			s.value(s.store, fmt.Sprintf("%s%02d", prefix, i), big[:i*1000], true)
		}
		s.value(s.store, "big", big, true)
		s.value(s.store, prefix, "", false)
		s.settle()
	}
}
