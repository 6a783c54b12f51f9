// SPDX-License-Identifier: Apache-2.0

package memtree

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// expectSame compares two trees record by record: keys, kinds and values.
func expectSame(t *testing.T, got, want *Tree) {
	t.Helper()
	g, w := got.Freeze(), want.Freeze()
	if err := g.Check(); err != nil {
		t.Fatal(err)
	}
	var a, b Iter
	a.Init(g)
	b.Init(w)
	okA, okB := a.First(), b.First()
	for ; okA && okB; okA, okB = a.Next(), b.Next() {
		if !bytes.Equal(a.Key(), b.Key()) || a.Kind() != b.Kind() || !bytes.Equal(a.Value(), b.Value()) {
			t.Fatalf("%.40q, kind %#x, %d bytes; want %.40q, kind %#x, %d bytes", a.Key(), a.Kind(), len(a.Value()), b.Key(), b.Kind(), len(b.Value()))
		}
	}
	if okA != okB || g.Len() != w.Len() {
		t.Fatalf("%d records, want %d", g.Len(), w.Len())
	}
}

// TestBatchIsWhatItsRecordsAre, applied one by one: for keys of all kinds, in any order and
// number, with overwrites, deletes, ranges and values that could not be read.
func TestBatchIsWhatItsRecordsAre(t *testing.T) {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	defer func() {
		if t.Failed() {
			t.Logf("reproduce: go test -run '^%s$' -seed=%d", t.Name(), seed)
		}
	}()
	keysets := map[string]keyset{
		"ids":    func(i int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(i))) },
		"spread": func(i int) string { return string(binary.BigEndian.AppendUint64(nil, uint64(i)*0x9E3779B97F4A7C15)) },
		"few":    func(i int) string { return fmt.Sprint("few", i%5) },
	}
	for name, ks := range keysetsWith(keysets) {
		t.Run(name, func(t *testing.T) {
			for round := range uint64(60) {
				batchRound(t, ks, rand.New(rand.NewPCG(seed, round)))
			}
		})
	}
}

func keysetsWith(more map[string]keyset) map[string]keyset {
	for name, ks := range keysets {
		more[name] = ks
	}
	return more
}

func batchRound(t *testing.T, ks keyset, rng *rand.Rand) {
	numKeys := 1 + rng.IntN(1<<rng.IntN(13))
	deletes, ranges := rng.IntN(6), rng.IntN(4)
	if rng.IntN(2) == 0 {
		ranges = 0
	}
	next := func(int) int { return rng.IntN(numKeys) }
	if rng.IntN(3) == 0 { // mostly in order
		off := 1 + rng.IntN(1000)
		next = func(i int) int {
			if rng.IntN(off) == 0 {
				return rng.IntN(numKeys)
			}
			return i % numKeys
		}
	}
	errUnread := errors.New("cannot be read")
	got, want := New(), New()
	batch := NewBatch(got)
	for i := range rng.IntN(1 << rng.IntN(14)) {
		key, value := []byte(ks(next(i))), valueOf(uint32(i))
		switch k := rng.IntN(100); {
		case k < deletes*deletes:
			batch.Delete(key)
			want.Delete(key)
		case k >= 100-ranges && rng.IntN(20) == 0:
			before := []byte(ks(next(i)))
			batch.DeleteRange(key, before)
			want.DeleteRange(key, before)
		case k == 50:
			if err := batch.PutFunc(key, len(value), func([]byte) error { return errUnread }); err != errUnread {
				t.Fatal(err)
			}
		case k == 51:
			if err := batch.PutFunc(key, len(value), func(b []byte) error { copy(b, value); return nil }); err != nil {
				t.Fatal(err)
			}
			want.Put(key, value)
		case k == 52 && rng.IntN(20) == 0:
			value = bytes.Repeat(value, 1+soloBytes/(len(value)+1))
			batch.Put(key, value)
			want.Put(key, value)
		case k == 53:
			batch.Apply()
		case k == 54 && rng.IntN(20) == 0:
			batch.Apply()
			expectSame(t, got, want)
			got, want = got.Fold(), want.Fold()
			batch.Use(got)
		default:
			batch.Put(key, value)
			want.Put(key, value)
		}
		// The buffers are the caller's again.
		clear(key)
		clear(value)
	}
	batch.Apply()
	batch.Apply() // of nothing
	expectSame(t, got, want)
}

// TestOrderedBatchKeepsThePrefix: a few records in order leave what all keys share out of the heads.
func TestOrderedBatchKeepsThePrefix(t *testing.T) {
	for _, shared := range []string{"", "a", "abcde", "abcdefg", "abcdefghijk"} {
		got, want := New(), New()
		batch := NewBatch(got)
		for round := range 40 {
			for i := range 20 {
				key := fmt.Appendf(nil, "%s%c%c", shared, 'A'+round, 'a'+i)
				if len(shared) != 1 && i < 10 && round%3 == 1 { // a batch out of order does not look at a single byte
					key = fmt.Appendf(nil, "%s%c%c", shared, 'A', 'z'-i) // not at the end
				}
				batch.Put(key, key)
				want.Put(key, key)
			}
			batch.Apply()
			if got.prefix.len != want.prefix.len || round > 0 && int(got.prefix.len) != len(shared) {
				t.Fatalf("round %d: of %d bytes that all keys share, %d are left out", round, len(shared), got.prefix.len)
			}
		}
		expectSame(t, got, want)
	}
}

// TestBatchOfManyRecords applies itself before it has more than it may hold, and what it sorts
// is in order then.
func TestBatchOfManyRecords(t *testing.T) {
	got, want := New(), New()
	batch := NewBatch(got)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range maxBatch + maxBatch/4 {
		key := binary.BigEndian.AppendUint64(nil, rng.Uint64N(maxBatch)*0x9E3779B97F4A7C15)
		batch.Put(key, key)
		want.Put(key, key)
		if len(batch.entries) >= maxBatch || cap(batch.entries) > maxBatch || cap(batch.sorting) > maxBatch {
			t.Fatalf("it holds %d records, with memory for %d and %d", len(batch.entries), cap(batch.entries), cap(batch.sorting))
		}
		if g, w := got.numNodes, want.numNodes; i+1 == maxBatch && (g == 0 || g > w*3/4) {
			t.Errorf("%d nodes, %d if each record is applied when it comes", g, w)
		}
	}
	batch.Apply()
	expectSame(t, got, want)
}

// TestBatchInOrderCollectsNothing: keys that arrive in order are applied at once, until one does
// not, and deletions count as well.
func TestBatchInOrderCollectsNothing(t *testing.T) {
	tree := New()
	batch := NewBatch(tree)
	for i := range 1000 {
		key := binary.BigEndian.AppendUint64(nil, uint64(i))
		if i%3 == 0 {
			batch.Delete(key)
		} else {
			batch.Put(key, nil)
		}
		if i >= inOrder && (len(batch.entries) != 0 || tree.numRecords != i+1) {
			t.Fatalf("after %d keys %d are collected, %d are in the tree", i+1, len(batch.entries), tree.numRecords)
		}
	}
	batch.Put([]byte("0"), nil)
	batch.Put([]byte{0}, nil)
	if len(batch.entries) != 1 || batch.Size() == 0 {
		t.Errorf("%d records are collected", len(batch.entries))
	}
	batch.Apply()
	if err := tree.Freeze().Check(); err != nil || tree.numRecords != 1002 || batch.Size() != 0 {
		t.Errorf("%d records, %v", tree.numRecords, err)
	}
	if _, r := tree.Get([]byte{0}); r != Found {
		t.Error("a key that came out of order is missing")
	}
}

// TestDeletesOfOneKeyAreBounded: a batch of deletions that Tree.Delete would add nothing for adds
// maxDeleted bytes at most, and leads to the same tree.
func TestDeletesOfOneKeyAreBounded(t *testing.T) {
	long := bytes.Repeat([]byte("k"), 1<<10)
	got, want := New(), New()
	b := NewBatch(got)
	for i := range 3 * maxDeleted / len(long) {
		key := long[:len(long)-i%3]
		b.Delete(key)
		want.Delete(key)
		if i%1000 == 0 {
			b.Put(key[:5], key)
			want.Put(key[:5], key)
		}
	}
	b.Apply()
	expectSame(t, got, want)
	if more := got.Size() - want.Size(); more < maxDeleted/2 || more > maxDeleted+maxDeleted/8 {
		t.Errorf("the batch takes %d bytes more than its records one by one", more)
	}
	b.Use(New())
	if b.deleted != 0 {
		t.Errorf("%d bytes of deletions are counted for another tree", b.deleted)
	}
}
