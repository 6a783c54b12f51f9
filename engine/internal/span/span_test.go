// SPDX-License-Identifier: Apache-2.0

package span_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
	"github.com/lsmlite/lsmlite-go/engine/internal/span"
)

func between(low, high string, epoch memtree.Epoch) span.Span {
	return span.Span{Low: []byte(low), High: []byte(high), Epoch: epoch, Hidden: 100}
}

// expect looks a key up and compares the bounds of what is found, "" for nothing.
func expect(t *testing.T, l *span.List, key string, epoch memtree.Epoch, want string) {
	t.Helper()
	got := ""
	if s, ok := l.Find([]byte(key), epoch); ok {
		got = string(s.Low) + "-" + string(s.High)
	}
	if got != want {
		t.Errorf("%q at epoch %d: %q, want %q", key, epoch, got, want)
	}
}

func TestFind(t *testing.T) {
	var l span.List
	if !l.Empty() || l.Len() != 0 {
		t.Error("a new list is not empty")
	}
	expect(t, &l, "b", 9, "")
	l.Add(between("b", "d", 5))
	for key, want := range map[string]string{"a": "", "b": "b-d", "c": "b-d", "d": "", "": ""} {
		expect(t, &l, key, 5, want)
		expect(t, &l, key, 7, want)
		expect(t, &l, key, 4, "") // an older state may show more
	}
	if l.Empty() || l.Len() != 1 {
		t.Error("the list is empty")
	}
	l.Add(between("x", "x", 5))
	l.Add(between("z", "y", 5))
	if l.Len() != 1 {
		t.Error("a span without keys is kept")
	}
}

func TestAddJoinsSpansOfOneState(t *testing.T) {
	var l span.List
	l.Add(between("b", "d", 5))
	l.Add(between("d", "f", 5))
	l.Add(between("a", "b", 5))
	expect(t, &l, "c", 5, "a-f")
	if l.Len() != 1 {
		t.Errorf("%d spans", l.Len())
	}
	// Another state's may reach less far: both are kept, unless one lies in the other.
	l.Add(between("e", "h", 6))
	expect(t, &l, "e", 5, "a-f")
	expect(t, &l, "e", 6, "e-h")
	expect(t, &l, "c", 6, "a-f")
	l.Add(between("", "z", 7))
	expect(t, &l, "c", 7, "-z")
	if expect(t, &l, "c", 6, ""); l.Len() != 1 {
		t.Errorf("%d spans", l.Len())
	}
	l.Add(between("c", "d", 5))
	expect(t, &l, "c", 6, "c-d")
}

// TestAddCopies: the keys are the caller's again afterwards.
func TestAddCopies(t *testing.T) {
	var l span.List
	low, high := []byte("b"), []byte("d")
	l.Add(span.Span{Low: low, High: high})
	low[0], high[0] = 'x', 'y'
	expect(t, &l, "c", 0, "b-d")
}

// TestBounds: neither many spans nor long keys make a list grow beyond its limits.
func TestBounds(t *testing.T) {
	var l span.List
	for i := range 10 * span.MaxSpans {
		l.Add(between(fmt.Sprintf("%06d", i), fmt.Sprintf("%06da", i), memtree.Epoch(i)))
	}
	if l.Len() != span.MaxSpans {
		t.Errorf("%d spans, want %d", l.Len(), span.MaxSpans)
	}
	expect(t, &l, fmt.Sprintf("%06d", 10*span.MaxSpans-1), 1<<40, fmt.Sprintf("%06d-%06da", 10*span.MaxSpans-1, 10*span.MaxSpans-1))
	expect(t, &l, "000000", 1<<40, "")
	long := bytes.Repeat([]byte{'l'}, span.MaxBytes/10)
	for i := range 20 {
		low := append([]byte{byte(i)}, long...)
		l.Add(span.Span{Low: low, High: append(bytes.Clone(low), 0), Epoch: 1 << 30})
	}
	if l.Len() > span.MaxBytes/(2*len(long)) {
		t.Errorf("%d spans with long keys", l.Len())
	}
	var m span.List
	m.Add(span.Span{Low: []byte("a"), High: bytes.Repeat([]byte{'b'}, span.MaxBytes/4)})
	if !m.Empty() {
		t.Error("a span with too long a key is kept")
	}
}

// TestFold: the tree gets a deleted range in the place of a long span, around what was
// inserted since, and once only.
func TestFold(t *testing.T) {
	tree := memtree.New()
	key := func(i int) []byte { return fmt.Appendf(nil, "%04d", i) }
	for i := range 1000 {
		tree.Delete(key(i))
	}
	var l span.List
	l.Add(span.Span{Low: key(0), High: key(1000), Epoch: tree.Freeze().Epoch(), Hidden: span.FoldRecords})
	tree.Put(key(900), []byte("v"))
	before := tree.Freeze()
	l.Fold(tree, span.FoldRecords)
	after := tree.Freeze()
	if n := after.Len(); n != 101 || after.Check() != nil {
		t.Errorf("%d records of %d are left, %v", n, before.Len(), after.Check())
	}
	for i := range 1000 {
		_, was := before.Get(key(i))
		if v, r := after.Get(key(i)); r != was || r == memtree.Found && string(v) != "v" {
			t.Errorf("%s: %v, was %v", key(i), r, was)
		}
	}
	if l.Fold(tree, span.FoldRecords); tree.Freeze().Epoch() != after.Epoch() {
		t.Error("it is folded again")
	}
	var short span.List
	short.Add(span.Span{Low: key(0), High: key(1000), Hidden: span.FoldRecords - 1})
	if short.Fold(tree, span.FoldRecords); tree.Freeze().Epoch() != after.Epoch() {
		t.Error("a short span is folded")
	}
}

// TestNext: what is still right when the tree is full is known of the next tree.
func TestNext(t *testing.T) {
	tree := memtree.New()
	tree.Delete([]byte("b"))
	epoch := tree.Freeze().Epoch()
	var l span.List
	l.Add(between("a", "d", epoch))
	l.Add(between("m", "p", epoch))
	l.Add(between("x", "z", epoch))
	tree.Put([]byte("n"), nil)
	tree.Put([]byte("x"), nil)
	next := l.Next(tree.Freeze())
	expect(t, next, "c", 0, "a-d")
	expect(t, next, "m", 3, "m-n")
	expect(t, next, "n", 3, "")
	expect(t, next, "y", 3, "")
	if n := new(span.List).Next(tree.Freeze()); !n.Empty() {
		t.Error("nothing becomes something")
	}
}

func TestConcurrently(t *testing.T) {
	var l span.List
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := range 2000 {
				k := fmt.Sprintf("%d%03d", g, i%300)
				l.Add(between(k, k+"z", memtree.Epoch(i)))
				if s, ok := l.Find([]byte(k), memtree.Epoch(i)); ok && (string(s.Low) > k || string(s.High) <= k) {
					t.Errorf("%q is not in %q-%q", k, s.Low, s.High)
				}
			}
		})
	}
	wg.Wait()
}
