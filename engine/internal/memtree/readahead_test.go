// SPDX-License-Identifier: Apache-2.0

package memtree_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/lsmlite/lsmlite-go/engine/internal/memtree"
)

// TestReadAhead: a pass that reads ahead shows the same records, whatever their lengths: none, around those
// of cache lines, and so long that a record has a chunk of its own, or ends one.
func TestReadAhead(t *testing.T) {
	lengths := []int{0, 1, 39, 40, 47, 48, 49, 103, 104, 111, 112, 230, 240, 250, 300, 5000, 262_000, 263_000}
	key := func(i int) []byte { return fmt.Appendf(nil, "%06d", i*7919%1_000_003) }
	value := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, lengths[i%len(lengths)]) }
	tree := memtree.New()
	tree.Put(nil, nil)
	for i := range 400 {
		if tree.Put(key(i), value(i)); i%9 == 0 {
			tree.Delete(key(i / 2))
		}
	}
	view := tree.Freeze()
	var plain, ahead memtree.Iter
	plain.Init(view)
	ahead.Init(view)
	ahead.ReadAhead()
	for _, way := range []struct {
		name        string
		first, next func(it *memtree.Iter) bool
	}{
		{"forward", (*memtree.Iter).First, (*memtree.Iter).Next},
		{"backward", (*memtree.Iter).Last, (*memtree.Iter).Prev},
	} {
		n := 0
		for ok := way.first(&plain); ; ok = way.next(&plain) {
			more := n == 0 && way.first(&ahead) || n > 0 && way.next(&ahead)
			if more != ok {
				t.Fatalf("%s: record %d: %v, reading ahead %v", way.name, n, ok, more)
			}
			if !ok {
				break
			}
			if plain.Kind() != ahead.Kind() || !bytes.Equal(plain.Key(), ahead.Key()) || !bytes.Equal(plain.Value(), ahead.Value()) {
				t.Fatalf("%s: record %d is %q, reading ahead %q", way.name, n, plain.Key(), ahead.Key())
			}
			n++
		}
		if n != view.Len() || n < 300 {
			t.Errorf("%s: %d records of %d", way.name, n, view.Len())
		}
	}
}
